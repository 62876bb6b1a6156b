//! Joins the detector, which raises alerts, with the dispatcher, which tells people.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use gw_alert::{AlertConfig, Dispatcher, Silences};
use gw_base::{Alert, Tenant};
use gw_detect::{DetectConfig, Detector, Group, RuleBook};
use gw_serve::Services;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::GatewatchConfig;

/// Sendings of the detector that may wait for the dispatcher.
pub(crate) const QUEUE: usize = 256;

/// Detector and dispatcher. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Rules {
    detector: Detector,
    dispatcher: Dispatcher,
    /// The detector's end of the queue, to see how full it is; it keeps nothing open.
    queue: mpsc::WeakSender<Vec<Alert>>,
    /// Taken by the dispatcher's task when it starts.
    alerts: Arc<Mutex<Option<mpsc::Receiver<Vec<Alert>>>>>,
}

impl Rules {
    /// Opens both and loads the rules.
    ///
    /// # Errors
    /// When a rule file or the alert section is wrong.
    pub(crate) async fn open(config: &GatewatchConfig, services: &Services) -> Result<Self> {
        let Services { about, state, queries, intake, world, .. } = services;
        let ui = about.ports.iter().find(|port| port.role == "grafana").or(about.ports.first());
        let url = config.listen.external_url.clone().or_else(|| ui.map(|port| port.url.clone())).unwrap_or_default();
        let silences = Silences::open(state.clone(), Arc::clone(world)).await?;
        let dispatcher =
            Dispatcher::open(config.alert.clone(), state.clone(), silences, url.clone(), Arc::clone(world)).await?;
        let (sender, alerts) = mpsc::channel(QUEUE);
        let options = config.detect.options(Tenant::default(), config.limits(), &url);
        let queue = sender.downgrade();
        let detector = Detector::new(options, Arc::clone(queries), intake.clone(), sender, Arc::clone(world));
        detector.load(groups(&config.detect)?);
        Ok(Self { detector, dispatcher, queue, alerts: Arc::new(Mutex::new(Some(alerts))) })
    }

    /// Starts both.
    pub(crate) fn spawn(&self, tasks: &TaskTracker, cancel: &CancellationToken) {
        let (detector, stop) = (self.detector.clone(), cancel.clone());
        tasks.spawn(async move { detector.run(stop).await });
        if let Some(alerts) = self.alerts.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tasks.spawn(self.dispatcher.clone().run(alerts, cancel.clone()));
        }
    }

    /// Takes another configuration that has been checked.
    ///
    /// # Errors
    /// When the alert section is wrong.
    pub(crate) fn reload(&self, alert: AlertConfig, groups: Vec<Group>) -> Result<()> {
        self.dispatcher.reload(alert)?;
        self.detector.load(groups);
        Ok(())
    }

    /// What the rules do right now.
    pub(crate) fn book(&self) -> Arc<RuleBook> {
        self.detector.book()
    }

    /// Sendings that wait for the dispatcher.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Groups and silences.
    pub(crate) fn dispatcher(&self) -> Dispatcher {
        self.dispatcher.clone()
    }
}

/// The rules of a configuration: the user's files, then those that come with the product.
///
/// # Errors
/// Everything that is wrong with the files, a line each.
pub(crate) fn groups(config: &DetectConfig) -> Result<Vec<Group>> {
    let read = gw_detect::read_rule_files(Path::new("."), &config.rule_files);
    let own = if config.default_rules { gw_detect::default_groups() } else { Ok(Vec::new()) };
    match (read, own) {
        (Ok(mut groups), Ok(own)) => {
            groups.extend(own);
            Ok(groups)
        }
        (read, own) => {
            let errors: Vec<String> =
                [read.err(), own.err()].into_iter().flatten().flatten().map(|error| error.to_string()).collect();
            bail!("{}", errors.join("\n"))
        }
    }
}
