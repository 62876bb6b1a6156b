//! What every collector is doing right now, for target lists, the sources page and self-metrics. Nothing here is stored.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use gw_base::{Labels, Timestamp};
use serde::Serialize;

/// Whether a target answered its last scrape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It answered, and the answer was understood.
    Up,
    /// It did not.
    Down,
    /// It has not been scraped yet.
    #[default]
    Unknown,
}

impl Health {
    /// The word that Prometheus uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

/// A scrape target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TargetStatus {
    /// Name of the scrape job (Prometheus: scrape pool).
    pub job: String,
    /// Labels before relabelling.
    pub discovered: Labels,
    /// Labels of its series.
    pub labels: Labels,
    /// What is scraped.
    pub url: String,
    /// Distance of scrapes.
    pub interval: Duration,
    /// Longest scrape.
    pub timeout: Duration,
    /// Whether the last scrape worked.
    pub health: Health,
    /// Why it did not.
    pub error: Option<String>,
    /// Start of the last scrape.
    pub last_scrape: Option<Timestamp>,
    /// Length of the last scrape.
    pub duration: Duration,
    /// Samples in the last answer.
    pub samples: u64,
}

/// A target that relabelling dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct DroppedTarget {
    /// Name of the scrape job.
    pub job: String,
    /// Labels before relabelling.
    pub discovered: Labels,
}

/// How a collector fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CollectorState {
    /// The last run worked, or none was due yet.
    #[default]
    Ok,
    /// The last run failed.
    Failing,
    /// Not run, because the intake takes nothing now.
    Paused,
}

/// A collector.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CollectorStatus {
    /// Its id.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// How it fares.
    pub state: CollectorState,
    /// Runs so far.
    pub runs: u64,
    /// Runs that failed.
    pub failures: u64,
    /// Start of the last run.
    pub last_run: Option<Timestamp>,
    /// Length of the last run.
    pub duration: Duration,
    /// Why the last run failed.
    pub error: Option<String>,
}

/// A file that is followed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TailStatus {
    /// Its path.
    pub path: String,
    /// `active`, `gone` or `failing`.
    pub state: &'static str,
    /// Bytes read and stored.
    pub offset: u64,
    /// Bytes in the file.
    pub size: u64,
    /// Lines read since the start.
    pub lines: u64,
    /// Why reading fails.
    pub error: Option<String>,
}

/// An endpoint of a known product that was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredEndpoint {
    /// Stable id.
    pub id: String,
    /// The product.
    pub kind: &'static str,
    /// Where it is.
    pub url: String,
    /// Whether somebody has said yes to collecting it.
    pub accepted: bool,
}

/// State of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MonitorState {
    /// The last check worked.
    Up,
    /// Checks failed more often than `retries` allows.
    Down,
    /// A check failed, and retries are left.
    #[default]
    Pending,
    /// Not checked now.
    Paused,
}

impl MonitorState {
    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Pending => "pending",
            Self::Paused => "paused",
        }
    }

    /// Wire: Uptime Kuma's numbers of `monitor_status` (0 down, 1 up, 2 pending, 3 maintenance).
    #[must_use]
    pub const fn number(self) -> f64 {
        match self {
            Self::Down => 0.0,
            Self::Up => 1.0,
            Self::Pending => 2.0,
            Self::Paused => 3.0,
        }
    }
}

/// One check of a monitor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beat {
    /// When it began.
    pub at: Timestamp,
    /// What came of it.
    pub state: MonitorState,
    /// Response time, of checks that got an answer.
    pub seconds: Option<f64>,
    /// What the check says, such as `200 - OK`.
    pub message: String,
}

/// A monitor and its last beat.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MonitorStatus {
    /// Number in the state database.
    pub id: i64,
    /// The last beat.
    pub beat: Beat,
    /// Since when the state has been this one, as far as this process knows.
    pub since: Timestamp,
    /// Days until the certificate ends, and whether it is valid, of monitors that saw one.
    pub certificate: Option<CertificateStatus>,
}

impl MonitorStatus {
    fn is_paused(&self) -> bool {
        self.beat.state == MonitorState::Paused
    }
}

/// The certificate that a monitored server showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CertificateStatus {
    /// Whole days until it ends; negative when it has ended.
    pub days_left: i64,
    /// Whether the chain of trust, the name and the dates are right.
    pub valid: bool,
}

/// The state of all collectors. Reads copy; writers hold the lock for one assignment.
#[derive(Debug, Default)]
pub struct Board {
    targets: Lists<TargetStatus>,
    dropped: Lists<DroppedTarget>,
    collectors: Lists<CollectorStatus>,
    tails: Lists<TailStatus>,
    discovered: Lists<DiscoveredEndpoint>,
    monitors: Lists<MonitorStatus>,
}

/// Rows by key, sorted. A key without a row belongs to somebody who has not told anything yet.
#[derive(Debug)]
struct Lists<T>(RwLock<Rows<T>>);

type Rows<T> = BTreeMap<String, Option<T>>;

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: Clone> Lists<T> {
    fn rows(&self) -> RwLockReadGuard<'_, Rows<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows_mut(&self) -> RwLockWriteGuard<'_, Rows<T>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<T> {
        self.rows().values().flatten().cloned().collect()
    }

    fn get(&self, key: &str) -> Option<T> {
        self.rows().get(key).cloned().flatten()
    }

    /// Takes what is told of `key` from now on; a row that is there stays if it is to be kept.
    fn expect(&self, key: &str, is_kept: impl FnOnce(&T) -> bool) {
        let mut rows = self.rows_mut();
        let row = rows.entry(key.to_owned()).or_default();
        *row = row.take().filter(is_kept);
    }

    /// Changes the row of a key that is expected, unless the row is closed. What a run tells that was under way when its
    /// key was removed is too late: it would stay for ever.
    fn tell(&self, key: &str, value: T, is_open: impl FnOnce(&T) -> bool) {
        if let Some(row) = self.rows_mut().get_mut(key)
            && row.as_ref().is_none_or(is_open)
        {
            *row = Some(value);
        }
    }

    fn set(&self, key: &str, value: Option<T>) {
        let mut rows = self.rows_mut();
        match value {
            Some(value) => drop(rows.insert(key.to_owned(), Some(value))),
            None => drop(rows.remove(key)),
        }
    }

    fn replace(&self, rows: BTreeMap<String, T>) {
        *self.rows_mut() = rows.into_iter().map(|(key, row)| (key, Some(row))).collect();
    }
}

impl Board {
    /// Scrape targets, by job and address.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetStatus> {
        self.targets.all()
    }

    /// Targets that relabelling dropped.
    #[must_use]
    pub fn dropped_targets(&self) -> Vec<DroppedTarget> {
        self.dropped.all()
    }

    /// Collectors other than scrapes and monitors, which have lists of their own.
    #[must_use]
    pub fn collectors(&self) -> Vec<CollectorStatus> {
        self.collectors.all()
    }

    /// Followed files.
    #[must_use]
    pub fn tails(&self) -> Vec<TailStatus> {
        self.tails.all()
    }

    /// Endpoints found on this machine.
    #[must_use]
    pub fn discovered(&self) -> Vec<DiscoveredEndpoint> {
        self.discovered.all()
    }

    /// Monitors that have been checked.
    #[must_use]
    pub fn monitors(&self) -> Vec<MonitorStatus> {
        self.monitors.all()
    }

    /// One monitor.
    #[must_use]
    pub fn monitor(&self, id: i64) -> Option<MonitorStatus> {
        self.monitors.get(&monitor_key(id))
    }

    pub(crate) fn has_target(&self, id: &str) -> bool {
        self.targets.get(id).is_some()
    }

    pub(crate) fn set_target(&self, id: &str, status: Option<TargetStatus>) {
        self.targets.set(id, status);
    }

    pub(crate) fn tell_target(&self, id: &str, status: TargetStatus) {
        self.targets.tell(id, status, |_| true);
    }

    pub(crate) fn replace_dropped(&self, dropped: Vec<DroppedTarget>) {
        let rows = dropped.into_iter().enumerate().map(|(i, row)| (format!("{}/{i:08}", row.job), row));
        self.dropped.replace(rows.collect());
    }

    pub(crate) fn set_collector(&self, id: &str, status: Option<CollectorStatus>) {
        self.collectors.set(id, status);
    }

    pub(crate) fn set_tail(&self, path: &str, status: Option<TailStatus>) {
        self.tails.set(path, status);
    }

    pub(crate) fn set_discovered(&self, id: &str, endpoint: Option<DiscoveredEndpoint>) {
        self.discovered.set(id, endpoint);
    }

    /// Takes what checks of a monitor tell from now on.
    pub(crate) fn expect_monitor(&self, id: i64) {
        self.monitors.expect(&monitor_key(id), |row| !row.is_paused());
    }

    /// What a check found; of a monitor that was paused meanwhile it is too late.
    pub(crate) fn tell_monitor(&self, id: i64, status: MonitorStatus) {
        self.monitors.tell(&monitor_key(id), status, |row| !row.is_paused());
    }

    pub(crate) fn set_monitor(&self, id: i64, status: Option<MonitorStatus>) {
        self.monitors.set(&monitor_key(id), status);
    }
}

fn monitor_key(id: i64) -> String {
    format!("{id:020}")
}
