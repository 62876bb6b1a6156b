//! The face of a collector: it produces batches when told to run, and owns neither schedule nor deadline nor retries.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gw_base::{BoxFuture, Timestamp};
use gw_batch::Batch;

use crate::runtime::Inputs;

/// What a kind of collector is, for people and for generated documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name in configuration and self-metrics.
    pub name: &'static str,
    /// Whose work it does.
    pub product: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The key of its section in `gatewatch.yaml`.
    pub config_key: &'static str,
}

/// A kind of collector as the explicit list names it.
#[derive(Debug)]
pub struct CollectorKind {
    /// What it is.
    pub about: About,
    /// Makes the source that plans its collectors.
    pub source: fn() -> Box<dyn Source>,
}

/// Every kind of collector that needs no kernel hooks.
pub static COLLECTORS: &[CollectorKind] = &[
    crate::scrape::KIND,
    crate::host::KIND,
    crate::container::KIND,
    crate::inventory::KIND,
    crate::tail::KIND,
    crate::probe::KIND,
    crate::discover::KIND,
];

/// Decides which collectors of one kind should run.
pub trait Source: Send {
    /// The collectors wanted now, or `None` when nothing has changed since the last call. Called every few seconds and
    /// whenever the configuration, the monitors or the accepted endpoints change; must be quick when nothing did.
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>>;
}

/// Makes a collector; called again after a panic, because the state of the old one cannot be trusted.
pub type Build = Arc<dyn Fn() -> Box<dyn Collector> + Send + Sync>;

/// One collector that should run.
#[derive(Clone)]
pub struct Spec {
    /// Unique within its kind; the same id is the same collector from plan to plan.
    pub id: String,
    /// Changes when the collector must be made anew.
    pub fingerprint: u64,
    /// Distance of runs.
    pub interval: Duration,
    /// Longest run; the collector is dropped and rebuilt when it takes longer.
    pub deadline: Duration,
    /// Spreads runs over the interval; equal seeds run at the same offset.
    pub seed: u64,
    /// Whether batches must never be dropped: delivery is retried for ever and nothing new is read meanwhile.
    pub keep: bool,
    /// Whether the board lists it among the collectors.
    pub listed: bool,
    /// Makes it.
    pub build: Build,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec").field("id", &self.id).field("interval", &self.interval).finish_non_exhaustive()
    }
}

/// One run that is due.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// The time that samples of this run carry.
    pub at: Timestamp,
    /// How long it may take.
    pub deadline: Duration,
}

/// What a run produced.
#[derive(Debug, Default)]
pub struct Output {
    /// Rows for the intake, even of a run that failed (`up` is 0 then).
    pub batches: Vec<Batch>,
    /// Whether there is more to read at once, without waiting for the next interval.
    pub more: bool,
    /// Why the run failed.
    pub error: Option<String>,
}

impl Output {
    /// A run that failed and has nothing to say.
    pub fn failed(error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }
}

/// Produces batches.
pub trait Collector: Send {
    /// Collects once.
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output>;

    /// The batches of the last run are durable.
    fn delivered(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// What to say at the end of a collector that is no longer wanted (stale markers); not called at shutdown.
    fn retire(&mut self, at: Timestamp) -> Vec<Batch> {
        let _ = at;
        Vec::new()
    }
}
