//! The routing tree: which receivers an alert goes to, and which group it joins there.

use std::collections::BTreeSet;
use std::time::Duration;

use gw_base::Labels;

use crate::AlertError;
use crate::config::{RouteConfig, all_matchers};
use crate::matchers::Matchers;

/// What makes groups of a route's alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// Each alert is its own group.
    All,
    /// Alerts with the same values of these.
    Labels(BTreeSet<String>),
}

/// A node of the tree with everything that it inherits.
#[derive(Debug, Clone)]
pub struct Route {
    /// Path of matchers from the root: `{}/{team="a"}`.
    pub key: String,
    /// Name of the receiver.
    pub receiver: String,
    /// What makes groups.
    pub group_by: GroupBy,
    /// How long a new group waits.
    pub group_wait: Duration,
    /// How long a group waits between sendings of changes.
    pub group_interval: Duration,
    /// How long until an unchanged group is sent again.
    pub repeat_interval: Duration,
    matchers: Matchers,
    continues: bool,
    children: Vec<Self>,
}

impl Route {
    pub(crate) fn new(config: &RouteConfig, parent: Option<&Self>) -> Result<Self, AlertError> {
        let matchers = all_matchers(&config.matchers, &config.equals, &config.match_re)?;
        let key = match parent {
            Some(parent) => format!("{}/{}", parent.key, matchers.key()),
            None => matchers.key(),
        };
        let group_by = match (&config.group_by, parent) {
            (Some(labels), _) if labels.iter().any(|label| label == "...") => GroupBy::All,
            (Some(labels), _) => GroupBy::Labels(labels.iter().cloned().collect()),
            (None, Some(parent)) => parent.group_by.clone(),
            (None, None) => GroupBy::Labels(BTreeSet::new()),
        };
        let inherited = |given: Option<gw_config::PromDuration>, of: fn(&Self) -> Duration, default: Duration| {
            given.map_or_else(|| parent.map_or(default, of), gw_config::PromDuration::get)
        };
        let receiver = config.receiver.clone().filter(|name| !name.is_empty());
        let mut route = Self {
            key,
            receiver: receiver.or_else(|| parent.map(|parent| parent.receiver.clone())).unwrap_or_default(),
            group_by,
            group_wait: inherited(config.group_wait, |p| p.group_wait, Duration::from_secs(30)),
            group_interval: inherited(config.group_interval, |p| p.group_interval, Duration::from_mins(5)),
            repeat_interval: inherited(config.repeat_interval, |p| p.repeat_interval, Duration::from_hours(4)),
            matchers,
            continues: config.continues,
            children: Vec::new(),
        };
        route.children = config.routes.iter().map(|child| Self::new(child, Some(&route))).collect::<Result<_, _>>()?;
        Ok(route)
    }

    /// The routes that an alert takes: of each matching path the deepest, stopping at the first that does not continue.
    #[must_use]
    pub fn of(&self, labels: &Labels) -> Vec<&Self> {
        if !self.matchers.matches(labels) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for child in &self.children {
            let matched = child.of(labels);
            let ends = !matched.is_empty() && !child.continues;
            found.extend(matched);
            if ends {
                break;
            }
        }
        if found.is_empty() {
            found.push(self);
        }
        found
    }

    /// The labels of the group that an alert joins here.
    #[must_use]
    pub fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => labels.without(|name| !names.contains(name)),
        }
    }
}
