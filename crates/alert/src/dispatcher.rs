//! The async edge of dispatching: takes alerts from a queue, wakes when groups are due, sends, remembers what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gw_base::{Alert, Labels, Timestamp, World};
use gw_state::State;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::AlertError;
use crate::config::{AlertConfig, ReceiverConfig};
use crate::groups::{Flush, Groups, Inhibition, Told, to_tell};
use crate::matchers;
use crate::notifiers::{Message, NOTIFIERS, Notification};
use crate::route::Route;
use crate::sender::Sender;
use crate::silences::Silences;

/// Where the notification log is kept.
const LOG: &str = "alert.told";
/// Longest pause between looks at what is due.
const LOOK: Duration = Duration::from_secs(1);
/// How often old silences are forgotten.
const TIDY: Duration = Duration::from_hours(1);

/// A group as the UI shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupView {
    /// Who is told.
    pub receiver: String,
    /// Labels that make the group.
    pub labels: Labels,
    /// Its alerts, each with the ids of the silences that cover it.
    pub alerts: Vec<(Alert, Vec<String>)>,
}

/// Groups alerts and tells receivers. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    silences: Silences,
    world: Arc<dyn World>,
    sender: Sender,
    external_url: String,
    core: Mutex<Core>,
}

#[derive(Debug)]
struct Core {
    config: Arc<AlertConfig>,
    groups: Groups,
    told: BTreeMap<String, Told>,
    sending: BTreeSet<String>,
}

/// One message on its way.
struct Delivery {
    log_key: String,
    group_key: String,
    receiver: String,
    message: Message,
    told: Told,
}

impl Dispatcher {
    /// A dispatcher that goes on where the last one stopped.
    ///
    /// # Errors
    /// When the configuration is wrong or the log cannot be read.
    pub async fn open(
        config: AlertConfig,
        state: State,
        silences: Silences,
        external_url: String,
        world: Arc<dyn World>,
    ) -> Result<Self, AlertError> {
        config.check()?;
        let kept = state.list(LOG).await?;
        let told =
            kept.into_iter().filter_map(|(key, value)| Some((key, serde_json::from_slice(&value).ok()?))).collect();
        let groups = Groups::new(Route::of(&config)?, inhibitions(&config)?);
        let core = Core { config: Arc::new(config), groups, told, sending: BTreeSet::new() };
        let sender = Sender::new(Arc::clone(&world))?;
        Ok(Self { inner: Arc::new(Inner { state, silences, world, sender, external_url, core: Mutex::new(core) }) })
    }

    /// Takes another configuration.
    ///
    /// # Errors
    /// When it is wrong; the old one stays then.
    pub fn reload(&self, config: AlertConfig) -> Result<(), AlertError> {
        config.check()?;
        let (route, inhibitions) = (Route::of(&config)?, inhibitions(&config)?);
        let now = self.inner.world.now();
        let mut core = self.core();
        core.groups.reroute(route, inhibitions, now);
        core.config = Arc::new(config);
        Ok(())
    }

    /// All groups, by receiver and labels.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        let now = self.inner.world.now();
        let core = self.core();
        let views = core.groups.iter().map(|group| GroupView {
            receiver: group.options.receiver.clone(),
            labels: group.labels.clone(),
            alerts: group
                .alerts
                .values()
                .map(|alert| (alert.clone(), self.inner.silences.covering(&alert.labels, now)))
                .collect(),
        });
        views.collect()
    }

    /// The silences that this dispatcher honours.
    #[must_use]
    pub fn silences(&self) -> &Silences {
        &self.inner.silences
    }

    /// Dispatches until cancelled or until nobody can send alerts any more.
    pub async fn run(self, mut alerts: mpsc::Receiver<Vec<Alert>>, cancel: CancellationToken) {
        let mut deliveries: JoinSet<(Delivery, Result<(), String>)> = JoinSet::new();
        let mut tidied = self.inner.world.elapsed();
        loop {
            tokio::select! {
                () = cancel.cancelled() => break,
                batch = alerts.recv() => match batch {
                    None => break,
                    Some(batch) => self.take(batch),
                },
                Some(done) = deliveries.join_next(), if !deliveries.is_empty() => match done {
                    Ok((delivery, result)) => self.conclude(delivery, result).await,
                    Err(error) => tracing::error!(%error, "a delivery broke down"),
                },
                () = self.inner.world.sleep(self.pause()) => {}
            }
            for delivery in self.due() {
                let sender = self.inner.sender.clone();
                deliveries.spawn(async move {
                    let result = sender.send(&delivery.message).await;
                    (delivery, result)
                });
            }
            if self.inner.world.elapsed().saturating_sub(tidied) >= TIDY {
                tidied = self.inner.world.elapsed();
                if let Err(error) = self.inner.silences.forget_old().await {
                    tracing::warn!(%error, "old silences were not forgotten");
                }
            }
        }
        deliveries.shutdown().await;
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.inner.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, alerts: Vec<Alert>) {
        let now = self.inner.world.now();
        let mut core = self.core();
        alerts.into_iter().for_each(|alert| core.groups.add(alert, now));
    }

    fn pause(&self) -> Duration {
        let now = self.inner.world.now();
        let wait = self
            .core()
            .groups
            .next_due()
            .map_or(LOOK, |due| Duration::from_nanos(u64::try_from(due.since(now)).unwrap_or(0)));
        wait.clamp(Duration::from_millis(10), LOOK)
    }

    /// Messages that are due and not on their way already.
    fn due(&self) -> Vec<Delivery> {
        let now = self.inner.world.now();
        let silences = &self.inner.silences;
        let mut core = self.core();
        let flushes = core.groups.flush(now, |labels| !silences.covering(labels, now).is_empty());
        let config = Arc::clone(&core.config);
        let mut due = Vec::new();
        for flush in flushes {
            let receiver = config.receivers.iter().find(|receiver| receiver.name == flush.options.receiver);
            let told = match receiver {
                Some(receiver) => self.deliveries(&mut core, &config, receiver, &flush, now),
                None => Vec::new(),
            };
            if told.is_empty() {
                // Nobody has to be told any more: resolved alerts have done their work.
                let resolved = flush.alerts.iter().filter(|alert| alert.is_resolved(now));
                let resolved = resolved.map(|alert| alert.fingerprint().0).collect();
                core.groups.settle(&flush.key, &resolved, now);
            }
            due.extend(told);
        }
        due
    }

    fn deliveries(
        &self,
        core: &mut Core,
        config: &AlertConfig,
        receiver: &ReceiverConfig,
        flush: &Flush,
        now: Timestamp,
    ) -> Vec<Delivery> {
        let mut alerts = flush.alerts.clone();
        alerts.sort_by_key(|alert| (alert.is_resolved(now), alert.starts_at, alert.fingerprint()));
        let mut due = Vec::new();
        for notifier in NOTIFIERS {
            for (endpoint, send_resolved) in notifier.endpoints(receiver).into_iter().enumerate() {
                let log_key = format!("{}/{}/{endpoint}/{}", receiver.name, notifier.about().name, flush.key);
                if core.sending.contains(&log_key) {
                    continue;
                }
                let Some(told) = to_tell(core.told.get(&log_key), flush, send_resolved, now) else { continue };
                let shown: Vec<Alert> =
                    alerts.iter().filter(|alert| send_resolved || !alert.is_resolved(now)).cloned().collect();
                if shown.is_empty() {
                    core.told.insert(log_key, told);
                    continue;
                }
                let notification = Notification {
                    receiver: &receiver.name,
                    group_key: &flush.key,
                    group_labels: &flush.labels,
                    alerts: &shown,
                    now,
                    external_url: &self.inner.external_url,
                };
                let Some(message) = notifier.render(&notification, config, receiver, endpoint) else { continue };
                core.sending.insert(log_key.clone());
                due.push(Delivery {
                    log_key,
                    group_key: flush.key.clone(),
                    receiver: receiver.name.clone(),
                    message,
                    told,
                });
            }
        }
        due
    }

    /// Remembers what was told; a failure is told to the log and tried again with the group's next flush.
    async fn conclude(&self, delivery: Delivery, result: Result<(), String>) {
        let now = self.inner.world.now();
        self.core().sending.remove(&delivery.log_key);
        if let Err(why) = result {
            tracing::error!(receiver = delivery.receiver, why, "a notification was not delivered");
            return;
        }
        let bytes = serde_json::to_vec(&delivery.told).expect("sets of numbers always serialize");
        if let Err(error) = self.inner.state.put(LOG, &[(delivery.log_key.clone(), Some(bytes))]).await {
            tracing::error!(%error, "the notification log was not written; a restart may tell this again");
        }
        let mut core = self.core();
        core.groups.settle(&delivery.group_key, &delivery.told.resolved, now);
        core.told.insert(delivery.log_key, delivery.told);
    }
}

fn inhibitions(config: &AlertConfig) -> Result<Vec<Inhibition>, AlertError> {
    let compiled = |texts: &[String]| -> Result<_, AlertError> {
        let parsed = texts.iter().map(|text| matchers::parse(text)).collect::<Result<Vec<_>, _>>()?;
        matchers::compile(&parsed.concat())
    };
    let rules = config.inhibit_rules.iter().map(|rule| {
        Ok(Inhibition {
            source: compiled(&rule.source_matchers)?,
            target: compiled(&rule.target_matchers)?,
            equal: rule.equal.clone(),
        })
    });
    rules.collect()
}
