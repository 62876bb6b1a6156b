//! The dispatcher's edge: takes alerts from a queue, keeps the core's time, sends, and remembers in the state.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gw_base::{Alert, Fingerprint, Labels, World, time::nanos_of};
use gw_state::State;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::AlertError;
use crate::config::AlertConfig;
use crate::machine::{Core, GroupSnapshot, Sending};
use crate::record;
use crate::sender::{self, Http, Transport};
use crate::silences::Silences;

/// Sendings under way at the same time.
const SENDING_AT_ONCE: usize = 32;
/// How the sender names itself to receivers.
const AGENT: &str = concat!("Gatewatch/", env!("CARGO_PKG_VERSION"));
/// How long alerts that fired before a restart hold until the detector has spoken again.
const RESTART_GRACE: Duration = Duration::from_mins(5);
/// How often old records are dropped, and longest sleep.
const HOUSEKEEPING: Duration = Duration::from_mins(15);

/// Routes, groups, silences and sends alerts. Cloning shares it.
#[derive(Clone)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

struct Shared {
    core: Mutex<Core>,
    silences: Silences,
    state: State,
    transport: Arc<dyn Transport>,
    world: Arc<dyn World>,
    slots: Semaphore,
    replanned: Notify,
    counters: Mutex<Counters>,
}

/// What a dispatcher works with.
pub struct Outside {
    /// Where it remembers.
    pub state: State,
    /// What it leaves out.
    pub silences: Silences,
    /// Where links lead.
    pub external_url: String,
    /// Its clock.
    pub world: Arc<dyn World>,
    /// How it sends.
    pub transport: Arc<dyn Transport>,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside").field("external_url", &self.external_url).finish_non_exhaustive()
    }
}

/// What the dispatcher has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Alerts taken.
    pub received: u64,
    /// Messages sent.
    pub sent: u64,
    /// Messages given up or refused.
    pub failed: u64,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// A dispatcher that goes on where the state says that it was, and sends over HTTP. `external_url` is where links lead.
    ///
    /// # Errors
    /// When the configuration is refused or the state cannot be read.
    pub async fn open(
        config: AlertConfig,
        state: State,
        silences: Silences,
        external_url: String,
        world: Arc<dyn World>,
    ) -> Result<Self, AlertError> {
        let http = Http::new(AGENT).map_err(|error| AlertError::Config(format!("cannot send over HTTP: {error}")))?;
        Self::with(config, Outside { state, silences, external_url, world, transport: Arc::new(http) }).await
    }

    /// As [`Dispatcher::open`], with another way of sending.
    ///
    /// # Errors
    /// As [`Dispatcher::open`].
    pub async fn with(config: AlertConfig, outside: Outside) -> Result<Self, AlertError> {
        let Outside { state, silences, external_url, world, transport } = outside;
        let plan = Arc::new(config.plan()?);
        let now = world.now();
        let mut log = BTreeMap::new();
        for (key, value) in state.list(record::SENT).await? {
            match serde_json::from_slice(&value) {
                Ok(sent) => drop(log.insert(key, sent)),
                Err(error) => tracing::warn!(%key, %error, "an entry of the notification log is left out"),
            }
        }
        let mut core = Core::new(plan, external_url.trim_end_matches('/'), log);
        let stored = state.list(record::ALERTS).await?;
        let mut alerts: Vec<Alert> = stored.iter().filter_map(|(_, value)| record::read_alert(value)).collect();
        for alert in alerts.iter_mut().filter(|alert| !alert.is_resolved(alert.updated_at)) {
            alert.ends_at = alert.ends_at.max(now + RESTART_GRACE);
        }
        core.take(alerts, now);
        let shared = Shared {
            core: Mutex::new(core),
            silences,
            state,
            transport,
            world,
            slots: Semaphore::new(SENDING_AT_ONCE),
            replanned: Notify::new(),
            counters: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Takes a new configuration, or leaves the old one running.
    ///
    /// # Errors
    /// When the configuration is refused.
    pub fn reload(&self, config: AlertConfig) -> Result<(), AlertError> {
        let plan = Arc::new(config.plan()?);
        self.core().replan(plan, self.shared.world.now());
        self.shared.replanned.notify_one();
        Ok(())
    }

    /// The groups as they are shown now.
    #[must_use]
    pub fn snapshot(&self) -> Vec<GroupSnapshot> {
        let now = self.shared.world.now();
        self.core().snapshot(now, &|labels| self.shared.silences.covering(labels, now))
    }

    /// Receiver and group labels of each route that an alert with these labels takes.
    #[must_use]
    pub fn destinations(&self, labels: &Labels) -> Vec<(String, Labels)> {
        self.core().destinations(labels)
    }

    /// Ids of the silences that cover an alert with these labels now.
    #[must_use]
    pub fn silenced_by(&self, labels: &Labels) -> Vec<String> {
        self.shared.silences.covering(labels, self.shared.world.now())
    }

    /// The silences.
    #[must_use]
    pub fn silences(&self) -> &Silences {
        &self.shared.silences
    }

    /// What it has done since it started.
    #[must_use]
    pub fn counters(&self) -> Counters {
        *self.counts()
    }

    /// Takes alerts from the queue and sends what is due until cancelled.
    pub async fn run(self, mut alerts: mpsc::Receiver<Vec<Alert>>, cancel: CancellationToken) {
        let mut sendings: JoinSet<(Sending, bool)> = JoinSet::new();
        let world = Arc::clone(&self.shared.world);
        let mut tidy_at = world.now() + HOUSEKEEPING;
        loop {
            let due = self.core().next_flush().map_or(tidy_at, |at| at.min(tidy_at));
            let wait = due.since(world.now()).clamp(0, nanos_of(HOUSEKEEPING)).unsigned_abs();
            tokio::select! {
                () = cancel.cancelled() => break,
                Some(batch) = alerts.recv() => self.take(batch).await,
                Some(ended) = sendings.join_next() => self.note(ended).await,
                () = self.shared.replanned.notified() => {}
                () = world.sleep(Duration::from_nanos(wait)) => self.flush(&mut sendings).await,
            }
            if world.now() >= tidy_at {
                self.tidy().await;
                tidy_at = world.now() + HOUSEKEEPING;
            }
        }
        // What is cut off here was not logged, so the next start sends it.
        sendings.shutdown().await;
    }

    async fn flush(&self, sendings: &mut JoinSet<(Sending, bool)>) {
        let (now, silences) = (self.shared.world.now(), &self.shared.silences);
        let (due, gone) = self.core().flush(now, &|labels| silences.covering(labels, now));
        for sending in due {
            sendings.spawn(self.clone().carry(sending));
        }
        self.forget(gone).await;
    }

    async fn take(&self, batch: Vec<Alert>) {
        self.counts().received += batch.len() as u64;
        let changed = self.core().take(batch, self.shared.world.now());
        let records: Vec<_> = changed.iter().map(record::write_alert).collect();
        self.remember(record::ALERTS, &records).await;
    }

    async fn carry(self, sending: Sending) -> (Sending, bool) {
        let Some(message) = &sending.message else { return (sending, true) };
        let plan = Arc::clone(self.core().plan());
        let receiver = plan.receivers.get(&sending.way.receiver);
        let Some(notifier) = receiver.and_then(|receiver| receiver.notifiers.get(sending.way.notifier)) else {
            return (sending, false);
        };
        let _slot = self.shared.slots.acquire().await;
        let shared = &self.shared;
        let outcome = sender::send(&*shared.transport, &shared.world, &**notifier, message, sending.deadline).await;
        let succeeded = outcome.is_ok();
        let (receiver, kind) = (&sending.way.receiver, notifier.about().name);
        match outcome {
            Ok(()) => {
                self.counts().sent += 1;
                tracing::debug!(%receiver, kind, alerts = message.alerts.len(), "notification sent");
            }
            Err(error) => {
                self.counts().failed += 1;
                tracing::warn!(%receiver, kind, %error, "notification failed");
            }
        }
        (sending, succeeded)
    }

    async fn note(&self, ended: Result<(Sending, bool), JoinError>) {
        let (sending, succeeded) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a sending ended by a fault of ours");
                return;
            }
        };
        let gone = self.core().ended(&sending, succeeded);
        if succeeded {
            let entry = (sending.way.log_key(), serde_json::to_vec(&sending.sent).ok());
            self.remember(record::SENT, &[entry]).await;
        }
        self.forget(gone).await;
    }

    async fn forget(&self, gone: Vec<Fingerprint>) {
        let records: Vec<_> = gone.into_iter().map(record::forget_alert).collect();
        self.remember(record::ALERTS, &records).await;
    }

    async fn tidy(&self) {
        let gone = self.core().forget_sent(self.shared.world.now());
        let records: Vec<_> = gone.into_iter().map(|key| (key, None)).collect();
        self.remember(record::SENT, &records).await;
        if let Err(error) = self.shared.silences.prune().await {
            tracing::warn!(%error, "old silences stay");
        }
    }

    async fn remember(&self, namespace: &str, records: &[(String, Option<Vec<u8>>)]) {
        if records.is_empty() {
            return;
        }
        if let Err(error) = self.shared.state.put(namespace, records).await {
            tracing::warn!(%error, namespace, "alert state is not stored, a restart may repeat notifications");
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.shared.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> MutexGuard<'_, Counters> {
        self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
