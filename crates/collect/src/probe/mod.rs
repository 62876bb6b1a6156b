//! Uptime monitors: each check becomes an `uptime.beat` event and the metrics that Uptime Kuma exports.

pub mod config;
mod http;
mod metrics;
mod ping;
mod tcp;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gw_base::labels::hash_bytes;
use gw_base::{BoxFuture, Labels, Map, Set, Timestamp};
use gw_batch::{Batch, EventRow, EventsBuilder};

use crate::board::{Beat, CertificateStatus, MonitorState, MonitorStatus};
use crate::collector::{About, Collector, CollectorKind, Output, Run, Source, Spec};
use crate::runtime::{Context, Inputs};

pub use config::{Expect, MonitorSettings, MonitorSpec};
pub use metrics::write_metrics;

/// The kind of a beat's event.
pub const BEAT: &str = "uptime.beat";
/// Time that a check may take beyond its timeout before it is given up as stuck.
const GRACE: Duration = Duration::from_secs(5);

/// Uptime monitors.
pub(crate) const KIND: CollectorKind = CollectorKind {
    about: About {
        name: "probe",
        product: "Uptime Kuma",
        summary: "Checks HTTP, TCP and ping targets and records every beat.",
        config_key: "collect.limits.monitors",
    },
    source: || Box::new(ProbeSource::default()),
};

/// Every kind of monitor.
pub static MONITORS: &[&dyn Monitor] = &[&http::Http, &tcp::Tcp, &ping::Ping];

/// A kind of monitor: checks a target once. Timeout, retries and states belong to the runner of checks.
pub trait Monitor: Send + Sync + std::fmt::Debug {
    /// Its name in settings.
    fn kind(&self) -> &'static str;

    /// Whether a target is of the form that this kind takes; else what would be.
    ///
    /// # Errors
    /// What is wrong with the target.
    fn check_target(&self, target: &str) -> Result<(), String>;

    /// Checks once.
    fn check<'a>(
        &'a self,
        settings: &'a MonitorSettings,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Answer, Failure>>;
}

/// A check that found everything as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Time until the answer.
    pub seconds: f64,
    /// What it was, in a few words.
    pub message: String,
    /// The certificate that the server showed.
    pub certificate: Option<CertificateStatus>,
}

/// A check that did not.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What was not as expected.
    pub message: String,
    /// The certificate that the server showed.
    pub certificate: Option<CertificateStatus>,
}

impl Failure {
    /// A failure that has nothing to do with certificates.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), certificate: None }
    }
}

/// What is remembered of monitors while their settings change.
#[derive(Debug, Default)]
pub(crate) struct Monitors(Mutex<Map<i64, History>>);

#[derive(Debug, Clone, Copy, Default)]
struct History {
    state: MonitorState,
    failures: u32,
    since: Timestamp,
    certificate: Option<CertificateStatus>,
}

/// The labels of a monitor's events.
#[must_use]
pub fn subject(spec: &MonitorSpec) -> Labels {
    Labels::from_pairs([
        ("monitor", spec.id.to_string().as_str()),
        ("name", &spec.settings.name),
        ("kind", &spec.settings.kind),
    ])
}

#[derive(Debug, Default)]
struct ProbeSource {
    monitors: Option<Arc<[MonitorSpec]>>,
    listed: Set<i64>,
}

impl Source for ProbeSource {
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>> {
        let known = self.monitors.as_ref().is_some_and(|monitors| Arc::ptr_eq(monitors, &inputs.monitors));
        if known {
            return None;
        }
        self.monitors = Some(Arc::clone(&inputs.monitors));
        let board = &inputs.context.board;
        let now_listed: Set<i64> = inputs.monitors.iter().map(|monitor| monitor.id).collect();
        for gone in self.listed.difference(&now_listed) {
            board.set_monitor(*gone, None);
            inputs.context.monitors.0.lock().unwrap_or_else(PoisonError::into_inner).remove(gone);
        }
        self.listed = now_listed;
        let now = inputs.context.world.now();
        for monitor in inputs.monitors.iter() {
            if !monitor.settings.paused {
                board.expect_monitor(monitor.id);
                continue;
            }
            let beat = Beat { at: now, state: MonitorState::Paused, ..Beat::default() };
            board.set_monitor(monitor.id, Some(MonitorStatus { id: monitor.id, beat, since: now, certificate: None }));
        }
        let most = inputs.config.limits.monitors;
        let running = inputs.monitors.iter().filter(|monitor| !monitor.settings.paused).take(most);
        Some(running.map(|monitor| spec(monitor, &inputs.context)).collect())
    }
}

fn spec(monitor: &MonitorSpec, context: &Arc<Context>) -> Spec {
    let (monitor, context) = (Arc::new(monitor.clone()), Arc::clone(context));
    let settings = &monitor.settings;
    Spec {
        id: monitor.id.to_string(),
        // No secret is in here, so the printed form tells two settings apart.
        fingerprint: hash_bytes(format!("{settings:?}").as_bytes()),
        interval: settings.interval(),
        deadline: settings.timeout() + GRACE,
        seed: hash_bytes(format!("{}/{}", monitor.id, settings.target).as_bytes()),
        keep: false,
        listed: false,
        build: Arc::new(move || {
            Box::new(ProbeCollector { monitor: Arc::clone(&monitor), context: Arc::clone(&context) })
        }),
    }
}

struct ProbeCollector {
    monitor: Arc<MonitorSpec>,
    context: Arc<Context>,
}

impl Collector for ProbeCollector {
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let outcome = check(&self.monitor.settings, &self.context).await;
            let (status, error) = judge(&self.monitor, &self.context, run.at, outcome);
            self.context.board.tell_monitor(self.monitor.id, status.clone());
            let tenant = &self.context.options.tenant;
            let events = beat_event(&self.monitor, &status.beat).finish(tenant.clone());
            let metrics: Batch = metrics::rows(&self.monitor, &status).finish(tenant.clone());
            Output { batches: vec![events, metrics], more: false, error }
        })
    }
}

/// Checks once, within the monitor's timeout.
async fn check(settings: &MonitorSettings, context: &Context) -> Result<Answer, Failure> {
    let Some(monitor) = MONITORS.iter().find(|monitor| monitor.kind() == settings.kind) else {
        return Err(Failure::new(format!("kind \"{}\" is not known", settings.kind)));
    };
    tokio::select! {
        outcome = monitor.check(settings, context) => outcome,
        () = context.world.sleep(settings.timeout()) => {
            Err(Failure::new(format!("no answer within {} s", settings.timeout)))
        }
    }
}

/// Checks a monitor once without remembering anything, for "test now".
pub(crate) async fn check_once(spec: &MonitorSpec, context: &Context) -> Beat {
    let at = context.world.now();
    match check(&spec.settings, context).await {
        Ok(answer) => Beat { at, state: MonitorState::Up, seconds: Some(answer.seconds), message: answer.message },
        Err(failure) => Beat { at, state: MonitorState::Down, seconds: None, message: failure.message },
    }
}

/// From the outcome of a check to the monitor's state: failures are pending while retries last.
fn judge(
    spec: &MonitorSpec,
    context: &Context,
    at: Timestamp,
    outcome: Result<Answer, Failure>,
) -> (MonitorStatus, Option<String>) {
    let mut all = context.monitors.0.lock().unwrap_or_else(PoisonError::into_inner);
    let history = all.entry(spec.id).or_insert(History { since: at, ..History::default() });
    let before = history.state;
    let (seconds, message, error) = match outcome {
        Ok(answer) => {
            history.failures = 0;
            history.state = MonitorState::Up;
            history.certificate = answer.certificate;
            (Some(answer.seconds), answer.message, None)
        }
        Err(failure) => {
            history.failures = history.failures.saturating_add(1);
            let is_down = before == MonitorState::Down || history.failures > spec.settings.retries;
            history.state = if is_down { MonitorState::Down } else { MonitorState::Pending };
            history.certificate = failure.certificate.or(history.certificate);
            (None, failure.message.clone(), Some(failure.message))
        }
    };
    if history.state != before {
        history.since = at;
    }
    let beat = Beat { at, state: history.state, seconds, message };
    (MonitorStatus { id: spec.id, beat, since: history.since, certificate: history.certificate }, error)
}

fn beat_event(spec: &MonitorSpec, beat: &Beat) -> EventsBuilder {
    let mut events = EventsBuilder::default();
    let severity = match beat.state {
        MonitorState::Up | MonitorState::Paused => 9,
        MonitorState::Pending => 13,
        MonitorState::Down => 17,
    };
    events.push(
        &subject(spec),
        &EventRow {
            time: beat.at,
            kind: BEAT,
            severity: Some(severity),
            title: beat.state.as_str(),
            body: Some(&beat.message),
            value: beat.seconds,
            attributes: None,
        },
    );
    events
}
