//! Inhibition: alerts that say why others need not be sent.

use std::collections::BTreeMap;

use gw_base::{Alert, Fingerprint, Labels, Timestamp};

use crate::AlertError;
use crate::config::{InhibitConfig, all_matchers};
use crate::matchers::Matchers;

/// Inhibition rules ready to run.
#[derive(Debug, Clone, Default)]
pub struct Inhibitor {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    source: Matchers,
    target: Matchers,
    equal: Vec<String>,
}

impl Rule {
    fn values(&self, labels: &Labels) -> Vec<String> {
        self.equal.iter().map(|name| labels.get(name).unwrap_or("").to_owned()).collect()
    }
}

impl Inhibitor {
    /// Compiles rules.
    ///
    /// # Errors
    /// [`AlertError::Matcher`] when a matcher cannot be read.
    pub fn new(configs: &[InhibitConfig]) -> Result<Self, AlertError> {
        let compile = |config: &InhibitConfig| {
            Ok(Rule {
                source: all_matchers(&config.source_matchers, &config.source_match, &config.source_match_re)?,
                target: all_matchers(&config.target_matchers, &config.target_match, &config.target_match_re)?,
                equal: config.equal.clone(),
            })
        };
        Ok(Self { rules: configs.iter().map(compile).collect::<Result<_, AlertError>>()? })
    }

    /// Indexes the alerts that may mute others now, so that each question afterwards is a look-up a rule.
    #[must_use]
    pub fn index<'a>(&'a self, alerts: impl Iterator<Item = &'a Alert> + Clone, now: Timestamp) -> Muting<'a> {
        let sources = self.rules.iter().map(|rule| {
            let mut index = Sources::new();
            for alert in alerts.clone().filter(|alert| !alert.is_resolved(now) && rule.source.matches(&alert.labels)) {
                index.entry(rule.values(&alert.labels)).or_default().push(alert);
            }
            (rule, index)
        });
        Muting { sources: sources.collect() }
    }
}

/// The muting alerts of one rule, by their values of its `equal` labels.
type Sources<'a> = BTreeMap<Vec<String>, Vec<&'a Alert>>;

/// The alerts that mute others at one time.
#[derive(Debug)]
pub struct Muting<'a> {
    sources: Vec<(&'a Rule, Sources<'a>)>,
}

impl Muting<'_> {
    /// The alerts that mute one with these labels.
    #[must_use]
    pub fn by(&self, labels: &Labels) -> Vec<Fingerprint> {
        let mut found = Vec::new();
        for (rule, index) in &self.sources {
            if !rule.target.matches(labels) {
                continue;
            }
            // Wire: an alert that is on both sides of a rule cannot be muted by another such alert, itself above all.
            let two_sided = rule.source.matches(labels);
            let sources = index.get(&rule.values(labels)).into_iter().flatten();
            let muting = sources.filter(|source| !(two_sided && rule.target.matches(&source.labels)));
            found.extend(muting.map(|source| source.fingerprint()));
        }
        found.sort();
        found.dedup();
        found
    }
}
