//! The `collect` section of `gatewatch.yaml`.

use gw_config::PromDuration;
use serde::{Deserialize, Serialize};

pub use crate::container::config::{ContainerConfig, ContainerPaths};
pub use crate::discover::config::DiscoverConfig;
pub use crate::host::config::{Compat, HostConfig, ProcessGroup, ProcessGroups};
pub use crate::host::options::{HostOption, OPTIONS as HOST_OPTIONS, OptionKind, find as find_host_option};
pub use crate::inventory::config::InventoryConfig;
pub use crate::scrape::config::{
    Authorization, BasicAuth, EscapingScheme, FileSdConfig, HeaderValues, ScrapeConfig, ScrapeProtocol, StaticConfig,
    TlsConfig, TlsVersion, Unsupported, ValidationScheme,
};
pub use crate::scrape::relabel::{RelabelAction, RelabelConfig, RelabelStep};
pub use crate::tail::config::{Parser, TailConfig};
pub use crate::tail::stages::{JsonStage, RegexStage, StageConfig, TimestampStage};

use crate::CollectError;

/// What is collected, and how often.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct CollectConfig {
    /// Metrics endpoints that are scraped.
    pub scrape: ScrapeSection,
    /// This machine.
    pub host: HostConfig,
    /// Containers and control groups of this machine.
    pub containers: ContainerConfig,
    /// Hardware and packages of this machine.
    pub inventory: InventoryConfig,
    /// Log files that are followed.
    pub tail: Vec<TailConfig>,
    /// Known endpoints on this machine that are looked for and offered.
    pub discover: DiscoverConfig,
    /// Bounds of collecting.
    pub limits: CollectLimits,
}

/// Scrape defaults and jobs.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ScrapeSection {
    /// How often, where a job does not say.
    pub interval: PromDuration,
    /// How long a scrape may take, where a job does not say; at most the interval.
    pub timeout: PromDuration,
    /// The jobs, in Prometheus' own terms.
    pub configs: Vec<ScrapeConfig>,
    /// Whether series get the type and the unit of their metric as the labels `__type__` and `__unit__`.
    pub type_and_unit_labels: bool,
}

impl Default for ScrapeSection {
    fn default() -> Self {
        Self {
            interval: PromDuration::from_secs(15),
            timeout: PromDuration::from_secs(10),
            configs: Vec::new(),
            type_and_unit_labels: false,
        }
    }
}

/// Bounds of collecting.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct CollectLimits {
    /// Collectors that run at the same time.
    pub concurrent_runs: usize,
    /// Most scrape targets of all jobs.
    pub targets: usize,
    /// Most files that are followed.
    pub tail_files: usize,
    /// Most monitors.
    pub monitors: usize,
}

impl Default for CollectLimits {
    fn default() -> Self {
        Self { concurrent_runs: 64, targets: 20_000, tail_files: 1_000, monitors: 5_000 }
    }
}

impl CollectConfig {
    /// Checks what types alone cannot: job names, intervals, relabel rules, patterns.
    ///
    /// # Errors
    /// [`CollectError::Config`] with the key path of the first thing that is wrong.
    pub fn check(&self) -> Result<(), CollectError> {
        let mut jobs = gw_base::Set::default();
        for (index, job) in self.scrape.configs.iter().enumerate() {
            let place = format!("collect.scrape.configs[{index}]");
            job.check(&self.scrape).map_err(|message| CollectError::config(&place, message))?;
            if !jobs.insert(job.job_name.as_str()) {
                let message = format!("job name \"{}\" is taken already, give each job its own", job.job_name);
                return Err(CollectError::config(&place, message));
            }
        }
        for (index, tail) in self.tail.iter().enumerate() {
            let place = format!("collect.tail[{index}]");
            tail.check().map_err(|message| CollectError::config(&place, message))?;
        }
        self.host.check().map_err(|message| CollectError::config("collect.host", message))?;
        self.containers.check().map_err(|message| CollectError::config("collect.containers", message))?;
        if self.inventory.interval.is_zero() {
            return Err(CollectError::config("collect.inventory.interval", "must be above 0".to_owned()));
        }
        if self.limits.concurrent_runs == 0 {
            return Err(CollectError::config("collect.limits.concurrent_runs", "must be at least 1".to_owned()));
        }
        Ok(())
    }
}
