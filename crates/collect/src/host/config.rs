//! The `collect.host` section, and `node_exporter`'s defaults for it.

use std::collections::BTreeMap;

use gw_config::PromDuration;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::sources::SOURCES;

/// What is read of this machine.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// Whether the machine is watched at all.
    pub enabled: bool,
    /// How often.
    pub interval: PromDuration,
    /// Mount point of procfs.
    pub procfs: String,
    /// Mount point of sysfs.
    pub sysfs: String,
    /// Mount point of the root filesystem that is reported, for use in a container.
    pub rootfs: String,
    /// Folder of udev's data.
    pub udev_data: String,
    /// Collectors that differ from their default, by name.
    pub collectors: BTreeMap<String, bool>,
    /// Whether only the collectors named on in `collectors` run.
    pub disable_defaults: bool,
    /// Filesystems.
    pub filesystem: FilesystemConfig,
    /// Block devices.
    pub diskstats: DeviceFilter,
    /// Network devices.
    pub netdev: DeviceFilter,
    /// Whether `stat` counts softirqs by vector.
    pub stat_softirq: bool,
    /// Fields of `vmstat` that are reported.
    pub vmstat_fields: String,
}

/// Which filesystems are reported.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct FilesystemConfig {
    /// Mount points that are left out.
    pub mount_points_exclude: String,
    /// Filesystem types that are left out.
    pub fs_types_exclude: String,
    /// How long one filesystem may take to answer.
    pub mount_timeout: PromDuration,
}

/// Which devices are reported: all but `exclude`, or only `include`.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceFilter {
    /// Devices that are left out.
    pub exclude: Option<String>,
    /// Devices that are reported, all others not.
    pub include: Option<String>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: PromDuration::from_secs(15),
            procfs: "/proc".to_owned(),
            sysfs: "/sys".to_owned(),
            rootfs: "/".to_owned(),
            udev_data: "/run/udev/data".to_owned(),
            collectors: BTreeMap::new(),
            disable_defaults: false,
            filesystem: FilesystemConfig::default(),
            diskstats: DeviceFilter {
                exclude: Some(r"^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$".to_owned()),
                include: None,
            },
            netdev: DeviceFilter::default(),
            stat_softirq: false,
            vmstat_fields: "^(oom_kill|pgpg|pswp|pg.*fault).*".to_owned(),
        }
    }
}

impl Default for FilesystemConfig {
    fn default() -> Self {
        Self {
            mount_points_exclude:
                r"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)".to_owned(),
            fs_types_exclude: "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|\
                               iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|\
                               squashfs|sysfs|tracefs)$"
                .to_owned(),
            mount_timeout: PromDuration::from_secs(5),
        }
    }
}

/// A compiled [`DeviceFilter`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Devices {
    exclude: Option<Regex>,
    include: Option<Regex>,
}

impl Devices {
    pub(crate) fn wants(&self, device: &str) -> bool {
        let excluded = self.exclude.as_ref().is_some_and(|pattern| pattern.is_match(device));
        let included = self.include.as_ref().is_none_or(|pattern| pattern.is_match(device));
        included && !excluded
    }
}

impl DeviceFilter {
    pub(crate) fn compile(&self) -> Result<Devices, String> {
        let filled = |pattern: &Option<String>| pattern.clone().filter(|pattern| !pattern.is_empty());
        let (exclude, include) = (filled(&self.exclude), filled(&self.include));
        if exclude.is_some() && include.is_some() {
            return Err("device-exclude & device-include are mutually exclusive".to_owned());
        }
        Ok(Devices {
            exclude: exclude.as_deref().map(pattern).transpose()?,
            include: include.as_deref().map(pattern).transpose()?,
        })
    }
}

/// Compiles a pattern of the configuration.
pub(crate) fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("pattern \"{text}\" does not compile: {error}"))
}

impl HostConfig {
    /// Whether a collector is on.
    #[must_use]
    pub fn is_on(&self, name: &str, by_default: bool) -> bool {
        self.collectors.get(name).copied().unwrap_or(by_default && !self.disable_defaults)
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(name) = self.collectors.keys().find(|name| SOURCES.iter().all(|source| source.name != **name)) {
            let known: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            return Err(format!("collector \"{name}\" is not known, use one of {}", known.join(", ")));
        }
        if self.interval.is_zero() {
            return Err("interval must be above 0".to_owned());
        }
        self.diskstats.compile()?;
        self.netdev.compile()?;
        pattern(&self.vmstat_fields)?;
        pattern(&self.filesystem.mount_points_exclude)?;
        pattern(&self.filesystem.fs_types_exclude).map(drop)
    }
}
