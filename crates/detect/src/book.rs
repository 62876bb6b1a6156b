//! What the rules do right now, for whoever shows it: cheap to read while the detector writes.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gw_base::{Labels, Timestamp};

use crate::machine::AlertState;
use crate::rules::{GroupKey, Rule};

/// Groups with their rules and alerts, as of their last evaluation.
#[derive(Debug, Default)]
pub struct RuleBook {
    groups: RwLock<BTreeMap<GroupKey, Arc<GroupView>>>,
}

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupView {
    /// File and name.
    pub key: GroupKey,
    /// How often it is evaluated.
    pub interval: Duration,
    /// How far in the past it is evaluated.
    pub query_offset: Duration,
    /// Most series or alerts of a rule; 0 is no limit.
    pub limit: usize,
    /// The slot evaluated last.
    pub last_evaluation: Option<Timestamp>,
    /// How long that took.
    pub evaluation_time: Duration,
    /// Slots that came and went.
    pub iterations: u64,
    /// Slots that were skipped because an evaluation took too long.
    pub missed: u64,
    /// Rules in order.
    pub rules: Vec<RuleView>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleView {
    /// The rule as it was read.
    pub rule: Arc<Rule>,
    /// Whether it could be evaluated.
    pub health: Health,
    /// Why it could not.
    pub last_error: Option<String>,
    /// The slot evaluated last.
    pub last_evaluation: Option<Timestamp>,
    /// How long that took.
    pub evaluation_time: Duration,
    /// Evaluations so far.
    pub evaluations: u64,
    /// Evaluations that failed.
    pub failures: u64,
    /// The state of its farthest alert.
    pub state: AlertState,
    /// Its alerts that are pending or firing.
    pub alerts: Vec<AlertView>,
}

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertView {
    /// Labels.
    pub labels: Labels,
    /// Annotations, templates expanded.
    pub annotations: Labels,
    /// Pending or firing.
    pub state: AlertState,
    /// Since when the expression holds.
    pub active_at: Timestamp,
    /// Since when it fires on although the expression does not hold.
    pub keep_firing_since: Option<Timestamp>,
    /// The value when evaluated last.
    pub value: f64,
}

/// Whether a rule could be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Health {
    /// Not yet tried.
    #[default]
    Unknown,
    /// Yes.
    Good,
    /// No.
    Bad,
}

impl Health {
    /// The name that Prometheus shows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "ok",
            Self::Bad => "err",
        }
    }
}

impl RuleBook {
    /// All groups, by file and name.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<GroupView>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Number of rules.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).values().map(|group| group.rules.len()).sum()
    }

    pub(crate) fn write(&self, view: GroupView) {
        self.groups.write().unwrap_or_else(PoisonError::into_inner).insert(view.key.clone(), Arc::new(view));
    }

    pub(crate) fn keep(&self, keys: &[GroupKey]) {
        self.groups.write().unwrap_or_else(PoisonError::into_inner).retain(|key, _| keys.contains(key));
    }
}
