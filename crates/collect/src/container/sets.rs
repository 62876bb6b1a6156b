//! The metric sets by which cAdvisor's users switch parts on and off, under its names and with its defaults.

/// A part of what is read of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MetricSet {
    /// Connection states in detail.
    AdvancedTcp,
    /// Metrics that an application tells.
    App,
    /// CPU time.
    Cpu,
    /// Task states and load.
    CpuLoad,
    /// Caches and nodes of the machine.
    CpuTopology,
    /// Settings of cpusets.
    CpuSet,
    /// Filesystem usage.
    Disk,
    /// Block devices.
    DiskIo,
    /// Huge pages.
    HugeTlb,
    /// Memory.
    Memory,
    /// Memory by node.
    MemoryNuma,
    /// Network devices.
    Network,
    /// Kills for lack of memory.
    OomEvent,
    /// CPU time of each CPU.
    PerCpu,
    /// Performance counters.
    PerfEvent,
    /// Stalls for lack of CPU, memory or I/O.
    Pressure,
    /// Processes, descriptors, sockets, threads.
    Process,
    /// Pages that were touched lately.
    ReferencedMemory,
    /// Cache occupancy and memory bandwidth.
    Resctrl,
    /// Waiting for a CPU.
    Sched,
    /// Connections of TCP by state.
    Tcp,
    /// Sockets of UDP.
    Udp,
}

/// Every set: name, whether it is on by default.
const SETS: [(MetricSet, &str, bool); 22] = [
    (MetricSet::AdvancedTcp, "advtcp", false),
    (MetricSet::App, "app", true),
    (MetricSet::Cpu, "cpu", true),
    (MetricSet::CpuLoad, "cpuLoad", true),
    (MetricSet::CpuTopology, "cpu_topology", false),
    (MetricSet::CpuSet, "cpuset", false),
    (MetricSet::Disk, "disk", true),
    (MetricSet::DiskIo, "diskIO", true),
    (MetricSet::HugeTlb, "hugetlb", false),
    (MetricSet::Memory, "memory", true),
    (MetricSet::MemoryNuma, "memory_numa", false),
    (MetricSet::Network, "network", true),
    (MetricSet::OomEvent, "oom_event", true),
    (MetricSet::PerCpu, "percpu", true),
    (MetricSet::PerfEvent, "perf_event", true),
    (MetricSet::Pressure, "pressure", true),
    (MetricSet::Process, "process", false),
    (MetricSet::ReferencedMemory, "referenced_memory", false),
    (MetricSet::Resctrl, "resctrl", false),
    (MetricSet::Sched, "sched", false),
    (MetricSet::Tcp, "tcp", false),
    (MetricSet::Udp, "udp", false),
];

/// Which sets are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricSets(u32);

impl Default for MetricSets {
    fn default() -> Self {
        Self(SETS.iter().filter(|(.., on)| *on).fold(0, |bits, (set, ..)| bits | bit(*set)))
    }
}

const fn bit(set: MetricSet) -> u32 {
    1 << set as u8
}

impl MetricSets {
    /// Every set.
    #[must_use]
    pub fn all() -> Self {
        Self(SETS.iter().fold(0, |bits, (set, ..)| bits | bit(*set)))
    }

    /// Whether a set is on.
    #[must_use]
    pub const fn has(self, set: MetricSet) -> bool {
        self.0 & bit(set) != 0
    }

    /// What the two flags of cAdvisor say: sets named as enabled are the only ones; otherwise all but the disabled ones,
    /// which are cAdvisor's default where nothing is said.
    ///
    /// # Errors
    /// In cAdvisor's words, when a name is not known.
    pub fn of(enabled: &[String], disabled: Option<&[String]>) -> Result<Self, String> {
        let enabled = Self::named(enabled)?;
        if enabled.0 != 0 {
            return Ok(enabled);
        }
        match disabled {
            Some(disabled) => Ok(Self(Self::all().0 & !Self::named(disabled)?.0)),
            None => Ok(Self::default()),
        }
    }

    fn named(names: &[String]) -> Result<Self, String> {
        let mut bits = 0;
        for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            let set = SETS.iter().find(|(_, known, _)| *known == name);
            let (set, ..) = set.ok_or_else(|| format!("unsupported metric \"{name}\" specified"))?;
            bits |= bit(*set);
        }
        Ok(Self(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_choose_as_in_the_original() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let by_default = MetricSets::of(&[], None).unwrap();
        assert!(by_default.has(MetricSet::PerCpu) && !by_default.has(MetricSet::Tcp));
        let only = MetricSets::of(&names("cpu,tcp"), Some(&names("cpu"))).unwrap();
        assert!(only.has(MetricSet::Tcp) && only.has(MetricSet::Cpu) && !only.has(MetricSet::Memory));
        let but = MetricSets::of(&[], Some(&names("percpu"))).unwrap();
        assert!(but.has(MetricSet::Tcp) && !but.has(MetricSet::PerCpu));
        assert_eq!(MetricSets::of(&names("cpuu"), None).unwrap_err(), "unsupported metric \"cpuu\" specified");
    }
}
