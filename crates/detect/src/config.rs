//! The `detect:` section of the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use gw_base::{Labels, Limits, Tenant};
use gw_config::PromDuration;
use serde::{Deserialize, Serialize};

use crate::Options;

/// The `detect:` section. Every key may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DetectConfig {
    /// Whether the rules that come with the product are evaluated.
    pub default_rules: bool,
    /// Rule files; the last part of a path may have `*` and `?`.
    pub rule_files: Vec<String>,
    /// How often groups are evaluated that do not say.
    pub interval: PromDuration,
    /// How far in the past groups are evaluated that do not say.
    pub query_offset: PromDuration,
    /// Least time between two sendings of one alert.
    pub resend_delay: PromDuration,
    /// Longest outage after which alerts go on where they were.
    pub outage_tolerance: PromDuration,
    /// Least time between a restart and the firing of an alert that was pending.
    pub grace_period: PromDuration,
    /// Labels that templates see as `$externalLabels`.
    pub external_labels: BTreeMap<String, String>,
}

impl Default for DetectConfig {
    fn default() -> Self {
        let options = Options::default();
        Self {
            default_rules: true,
            rule_files: Vec::new(),
            interval: PromDuration(Duration::from_secs(15)),
            query_offset: PromDuration(options.query_offset),
            resend_delay: PromDuration(options.resend_delay),
            outage_tolerance: PromDuration(options.outage_tolerance),
            grace_period: PromDuration(options.grace),
            external_labels: BTreeMap::new(),
        }
    }
}

impl DetectConfig {
    /// The detector's options; `external_url` is where links of alerts lead.
    #[must_use]
    pub fn options(&self, tenant: Tenant, limits: Limits, external_url: &str) -> Options {
        Options {
            tenant,
            limits,
            interval: self.interval.get(),
            query_offset: self.query_offset.get(),
            resend_delay: self.resend_delay.get(),
            outage_tolerance: self.outage_tolerance.get(),
            grace: self.grace_period.get(),
            external_labels: Labels::from_pairs(self.external_labels.iter().map(|(n, v)| (n.as_str(), v.as_str()))),
            external_url: external_url.trim_end_matches('/').to_owned(),
        }
    }
}
