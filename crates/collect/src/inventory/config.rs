//! The `collect.inventory` section.

use gw_config::PromDuration;
use serde::{Deserialize, Serialize};

/// Whether and how often hardware and packages are looked at; where they are is said in `collect.host`.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct InventoryConfig {
    /// Whether they are.
    pub enabled: bool,
    /// How often.
    pub interval: PromDuration,
}

impl Default for InventoryConfig {
    fn default() -> Self {
        Self { enabled: true, interval: PromDuration::from_secs(300) }
    }
}
