//! Rules and their groups, checked and ready to run.

use std::sync::Arc;
use std::time::Duration;

use gw_base::{AlertOrigin, Labels};

use crate::template::Template;

/// Rules that are evaluated together, in order, at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The file it was read from.
    pub file: String,
    /// Its name, unique in its file.
    pub name: String,
    /// How often it is evaluated; `None` is the detector's default.
    pub interval: Option<Duration>,
    /// How far in the past it is evaluated; `None` is the detector's default.
    pub query_offset: Option<Duration>,
    /// Most series or alerts that one rule may make; 0 is no limit.
    pub limit: usize,
    /// Its rules.
    pub rules: Vec<Arc<Rule>>,
}

impl Group {
    /// What tells groups apart.
    #[must_use]
    pub fn key(&self) -> GroupKey {
        GroupKey { file: self.file.clone(), name: self.name.clone() }
    }
}

/// What tells groups apart. Sorts as groups are listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupKey {
    /// File.
    pub file: String,
    /// Name in it.
    pub name: String,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Name of the series or of the alert.
    pub name: String,
    /// The expression in canonical form.
    pub query: String,
    /// Labels as written, templates not expanded.
    pub labels: Labels,
    /// What is done with the result.
    pub kind: RuleKind,
}

/// What is done with the result of a rule's expression.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    /// It is stored under the rule's name.
    Recording,
    /// Its elements are alerts.
    Alerting(Alerting),
}

/// What an alerting rule has besides its expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerting {
    /// How long an element must be there before its alert fires.
    pub hold_for: Duration,
    /// How long an alert fires on after its element is gone.
    pub keep_firing_for: Duration,
    /// Annotations as written.
    pub annotations: Labels,
    /// Templates of the labels, by name.
    pub(crate) label_templates: Vec<(String, Template)>,
    /// Templates of the annotations, by name.
    pub(crate) annotation_templates: Vec<(String, Template)>,
    /// Shown with each alert.
    pub(crate) origin: Arc<AlertOrigin>,
}

impl Alerting {
    /// What is shown with each alert of the rule.
    #[must_use]
    pub fn origin(&self) -> &AlertOrigin {
        &self.origin
    }
}

impl Rule {
    /// The alerting half, if it is an alerting rule.
    #[must_use]
    pub const fn alerting(&self) -> Option<&Alerting> {
        match &self.kind {
            RuleKind::Alerting(alerting) => Some(alerting),
            RuleKind::Recording => None,
        }
    }
}
