//! The `collect.discover` section.

use gw_config::PromDuration;
use serde::{Deserialize, Serialize};

/// Looking for known endpoints on this machine.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoverConfig {
    /// Whether it is done.
    pub enabled: bool,
    /// How often.
    pub interval: PromDuration,
}

impl Default for DiscoverConfig {
    fn default() -> Self {
        Self { enabled: true, interval: PromDuration::from_secs(60) }
    }
}
