//! The `collect.containers` section, with cAdvisor's defaults.

use gw_config::PromDuration;
use serde::{Deserialize, Serialize};

use super::sets::MetricSets;

/// Which containers are read, and what of them.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct ContainerConfig {
    /// Whether containers are watched at all.
    pub enabled: bool,
    /// How often they are read for the store.
    pub interval: PromDuration,
    /// The release of cAdvisor whose families are told: `0.47` or `0.60`.
    pub compat: String,
    /// Metric sets that are on; empty leaves it to `disable_metrics`.
    pub enable_metrics: Vec<String>,
    /// Metric sets that are off; without it those that are off in cAdvisor by default.
    pub disable_metrics: Option<Vec<String>>,
    /// Whether labels and variables of containers become labels of metrics.
    pub store_container_labels: bool,
    /// Labels that become labels of metrics where `store_container_labels` is off.
    pub whitelisted_container_labels: Vec<String>,
    /// Beginnings of names of variables that are wanted.
    pub env_metadata_whitelist: Vec<String>,
    /// Leave out groups that are no containers, but for the machine.
    pub docker_only: bool,
    /// Beginnings of paths of groups that are read even where `docker_only` is on.
    pub raw_cgroup_prefix_whitelist: Vec<String>,
    /// Leave out the machine itself.
    pub disable_root_cgroup_stats: bool,
    /// Sort tasks by their states, which reads every process.
    pub enable_load_reader: bool,
    /// Most groups that are read.
    pub max_groups: usize,
    /// Files that stay open between readings; the others are opened each time.
    pub open_files: usize,
    /// Where the kernel's files and the runtimes' sockets are.
    pub paths: ContainerPaths,
}

/// Where the kernel's files and the runtimes' sockets are.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct ContainerPaths {
    /// Folder of the cgroup mounts.
    pub cgroup: String,
    /// Mount point of procfs.
    pub procfs: String,
    /// Mount point of sysfs.
    pub sysfs: String,
    /// Root of the machine, for use in a container.
    pub rootfs: String,
    /// The kernel's log.
    pub kmsg: String,
    /// Docker's socket; empty for none.
    pub docker: String,
    /// Podman's socket; empty for none.
    pub podman: String,
    /// Docker's data.
    pub docker_root: String,
    /// Podman's and CRI-O's data.
    pub containers_storage: String,
    /// What runs in containerd, as folders.
    pub containerd_state: String,
    /// What runs in CRI-O and Podman, as folders.
    pub containers_run: String,
}

impl Default for ContainerConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: PromDuration::from_secs(15),
            compat: "0.60".to_owned(),
            enable_metrics: Vec::new(),
            disable_metrics: None,
            store_container_labels: true,
            whitelisted_container_labels: Vec::new(),
            env_metadata_whitelist: Vec::new(),
            docker_only: false,
            raw_cgroup_prefix_whitelist: Vec::new(),
            disable_root_cgroup_stats: false,
            enable_load_reader: false,
            max_groups: 10_000,
            open_files: 2_000,
            paths: ContainerPaths::default(),
        }
    }
}

impl Default for ContainerPaths {
    fn default() -> Self {
        let path = str::to_owned;
        Self {
            cgroup: path("/sys/fs/cgroup"),
            procfs: path("/proc"),
            sysfs: path("/sys"),
            rootfs: path("/"),
            kmsg: path("/dev/kmsg"),
            docker: path("/var/run/docker.sock"),
            podman: path("/var/run/podman/podman.sock"),
            docker_root: path("/var/lib/docker"),
            containers_storage: path("/var/lib/containers/storage"),
            containerd_state: path("/run/containerd/io.containerd.runtime.v2.task"),
            containers_run: path("/run/containers/storage"),
        }
    }
}

/// A release of cAdvisor by which families are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Compat {
    /// 0.47.
    #[default]
    V0_47,
    /// 0.60.
    V0_60,
}

impl Compat {
    /// The release of a text.
    ///
    /// # Errors
    /// When it is none that is known.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim_start_matches('v') {
            "0.47" => Ok(Self::V0_47),
            "0.60" => Ok(Self::V0_60),
            _ => Err(format!("\"{text}\" is no release whose families are known, use 0.47 or 0.60")),
        }
    }
}

impl ContainerConfig {
    /// The metric sets that are on.
    ///
    /// # Errors
    /// When a set is not known.
    pub fn sets(&self) -> Result<MetricSets, String> {
        MetricSets::of(&self.enable_metrics, self.disable_metrics.as_deref())
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if self.interval.is_zero() {
            return Err("interval must be above 0".to_owned());
        }
        if self.max_groups == 0 {
            return Err("max_groups must be at least 1".to_owned());
        }
        Compat::parse(&self.compat)?;
        self.sets().map(drop)
    }
}
