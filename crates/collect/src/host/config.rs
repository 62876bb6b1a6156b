//! The `collect.host` section, and `node_exporter`'s defaults for it.

use std::collections::BTreeMap;

use gw_config::PromDuration;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::options;
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
    /// Which version's names and collectors are meant.
    pub compat: Compat,
    /// Collectors that differ from their default, by name.
    pub collectors: BTreeMap<String, bool>,
    /// Whether only the collectors named on in `collectors` run.
    pub disable_defaults: bool,
    /// Options of collectors, under the names of `node_exporter`'s flags without `--collector.`.
    pub options: BTreeMap<String, Vec<String>>,
    /// Groups of processes that are told apart; none by default, because every process is looked at for them.
    pub process_groups: ProcessGroups,
    /// Share of one CPU that a collector may take over time; one that takes more is run less often. 0 is no bound.
    pub collector_budget: f64,
}

/// Groups of processes, each told as one.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessGroups {
    /// The groups; a process belongs to the first that fits.
    pub groups: Vec<ProcessGroup>,
    /// Most names that groups may have; processes of further names are told together.
    pub limit: usize,
}

impl Default for ProcessGroups {
    fn default() -> Self {
        Self { groups: Vec::new(), limit: 200 }
    }
}

/// Which processes make a group: all patterns that are given must match.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessGroup {
    /// Its name; without one each unit, program or control group that fits is a group of its own name.
    pub name: Option<String>,
    /// Pattern of the program's name, as the kernel has it (at most 15 bytes).
    pub command: Option<String>,
    /// Pattern of the control group's path.
    pub cgroup: Option<String>,
    /// Pattern of the systemd unit.
    pub unit: Option<String>,
}

/// A version of `node_exporter` whose names differ from others'.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Compat {
    /// Up to 1.7.
    #[default]
    #[serde(rename = "1.6")]
    V1_6,
    /// 1.8 to 1.11.
    #[serde(rename = "1.8")]
    V1_8,
    /// From 1.12.
    #[serde(rename = "1.12")]
    V1_12,
}

impl std::str::FromStr for Compat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "1.6" => Ok(Self::V1_6),
            "1.8" => Ok(Self::V1_8),
            "1.12" => Ok(Self::V1_12),
            _ => Err(format!("version \"{text}\" is not known, use 1.6, 1.8 or 1.12")),
        }
    }
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
            compat: Compat::default(),
            collectors: BTreeMap::new(),
            disable_defaults: false,
            options: BTreeMap::new(),
            process_groups: ProcessGroups::default(),
            collector_budget: 0.05,
        }
    }
}

/// Names that are wanted: all but those excluded, or only those included.
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

/// Compiles a pattern of the configuration.
fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("pattern \"{text}\" does not compile: {error}"))
}

impl HostConfig {
    /// Whether a collector is on.
    #[must_use]
    pub fn is_on(&self, name: &str, by_default: bool) -> bool {
        // Naming a group is asking for its collector.
        let is_asked = name == "process_groups" && !self.process_groups.groups.is_empty();
        self.collectors.get(name).copied().unwrap_or(is_asked || (by_default && !self.disable_defaults))
    }

    /// An option's text as given, or else its default.
    pub(crate) fn option(&self, name: &str) -> &str {
        let given = self.options.get(name).and_then(|values| values.last()).map(String::as_str);
        given.or_else(|| options::find(name).map(|option| option.default)).unwrap_or_default()
    }

    /// All texts of an option.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.options.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a switch is on.
    pub(crate) fn switch(&self, name: &str) -> bool {
        self.option(name) == "true"
    }

    /// An option as a pattern.
    pub(crate) fn pattern(&self, name: &str) -> Result<Regex, String> {
        pattern(self.option(name))
    }

    /// The names that a pair of options, `PREFIX-exclude` and `PREFIX-include`, lets through.
    pub(crate) fn devices(&self, prefix: &str) -> Result<Devices, String> {
        let (exclude_name, include_name) = (format!("{prefix}-exclude"), format!("{prefix}-include"));
        let include = self.option(&include_name);
        let given = self.options.contains_key(&exclude_name);
        let mut exclude = self.option(&exclude_name);
        if !include.is_empty() && !given {
            // Wire: an include without an exclude of one's own drops the default exclude.
            exclude = "";
        }
        if !exclude.is_empty() && !include.is_empty() {
            let word = prefix.rsplit('.').next().unwrap_or(prefix);
            return Err(format!("{word}-exclude & {word}-include are mutually exclusive"));
        }
        let compile = |text: &str| if text.is_empty() { Ok(None) } else { pattern(text).map(Some) };
        Ok(Devices { exclude: compile(exclude)?, include: compile(include)? })
    }

    /// As [`devices`](Self::devices), where both options may be given.
    pub(crate) fn both(&self, prefix: &str) -> Result<Devices, String> {
        let compile = |name: String| match self.option(&name) {
            "" => Ok(None),
            text => pattern(text).map(Some),
        };
        Ok(Devices { exclude: compile(format!("{prefix}-exclude"))?, include: compile(format!("{prefix}-include"))? })
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(name) = self.collectors.keys().find(|name| SOURCES.iter().all(|source| source.name != **name)) {
            let known: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            return Err(format!("collector \"{name}\" is not known, use one of {}", known.join(", ")));
        }
        if let Some(name) = self.options.keys().find(|name| options::OPTIONS.iter().all(|option| option.name != **name))
        {
            return Err(match options::find(name) {
                Some(option) => format!("option \"{name}\" has become \"{}\"", option.name),
                None => format!("option \"{name}\" is not known, see node_exporter's flags --collector.*"),
            });
        }
        if !(0.0..=1.0).contains(&self.collector_budget) {
            return Err(format!("collector_budget {} is not a share of one CPU, use 0 to 1", self.collector_budget));
        }
        if self.interval.is_zero() {
            return Err("interval must be above 0".to_owned());
        }
        for source in SOURCES.iter().filter(|source| self.is_on(source.name, source.by_default(self.compat))) {
            source.make(self)?;
        }
        Ok(())
    }
}
