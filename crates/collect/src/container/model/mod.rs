//! What is known of a container and of the machine: the values behind metrics page, REST API and UI alike.
//!
//! Units are the kernel's (bytes, nanoseconds, counts); a value that nobody measured is 0, as in cAdvisor's own model.

mod devices;
mod machine;

use std::collections::BTreeMap;
use std::sync::Arc;

use gw_base::Timestamp;

pub use devices::{
    DeviceCounts, DiskCounts, DiskIo, FsStats, InterfaceStats, IoCost, NetworkStats, Operation, SocketStats,
    TCP_STATES, Traffic, UdpStats,
};
pub use machine::{Cache, Core, Disk, Machine, NetworkDevice, Node};

/// A control group, and the container that it may be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Container {
    /// Absolute path of its cgroup; `/` is the machine.
    pub path: String,
    /// The runtime's own id; empty for a group that is no container.
    pub id: String,
    /// Names by which its runtime knows it, the usual one first.
    pub aliases: Vec<String>,
    /// Whose names these are: `docker`, `containerd`, `crio`, `podman`; empty for a group that is no container.
    pub namespace: String,
    /// Its limits and description.
    pub spec: Spec,
    /// Its last readings, oldest first; shared with whoever reads them.
    pub stats: Vec<Arc<Stats>>,
}

/// Limits and description.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spec {
    /// When the group was made.
    pub created: Option<Timestamp>,
    /// When its container was started.
    pub started: Option<Timestamp>,
    /// Labels of the runtime.
    pub labels: BTreeMap<String, String>,
    /// Variables of its environment that are wanted.
    pub envs: BTreeMap<String, String>,
    /// Image that it runs.
    pub image: String,
    /// CPU limits, where the group has a CPU controller.
    pub cpu: Option<CpuSpec>,
    /// Memory limits, where the group has a memory controller.
    pub memory: Option<MemorySpec>,
    /// Most threads, 0 for no limit; where the group counts them.
    pub threads_max: Option<u64>,
    /// Whether huge pages are counted.
    pub has_hugetlb: bool,
    /// Whether it has network devices of its own.
    pub has_network: bool,
    /// Whether its filesystem usage is known.
    pub has_filesystem: bool,
    /// Whether block devices are counted.
    pub has_disk_io: bool,
    /// What its health check says last; `None` without one.
    pub health: Option<Health>,
}

/// Answer of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not decided yet.
    Starting,
    /// Well.
    Healthy,
    /// Not well.
    Unhealthy,
}

/// CPU limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CpuSpec {
    /// Shares, 1024 by default.
    pub shares: u64,
    /// CPUs that may be used, as the kernel lists them.
    pub mask: String,
    /// Microseconds of CPU in a period; 0 for no limit.
    pub quota: u64,
    /// Period in microseconds.
    pub period: u64,
}

/// Memory limits in bytes; [`u64::MAX`] is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemorySpec {
    /// Most memory.
    pub limit: u64,
    /// Memory that is reserved.
    pub reservation: u64,
    /// Most swap.
    pub swap_limit: u64,
}

/// One reading.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// When it was taken.
    pub time: Timestamp,
    /// CPU.
    pub cpu: CpuStats,
    /// Memory.
    pub memory: MemoryStats,
    /// Huge pages by page size.
    pub hugetlb: Vec<(String, HugeTlbStats)>,
    /// Block devices.
    pub disk_io: DiskIo,
    /// Network.
    pub network: NetworkStats,
    /// Filesystems.
    pub filesystems: Vec<FsStats>,
    /// Processes.
    pub processes: ProcessStats,
    /// Task states.
    pub tasks: TaskStats,
    /// Kills for lack of memory.
    pub oom_events: u64,
    /// `cpuset.memory_migrate`.
    pub memory_migrate: u64,
    /// Pages touched lately, bytes.
    pub referenced_bytes: u64,
    /// What few containers have.
    pub rare: Option<Box<RareStats>>,
}

/// Readings that are off by default or need special hardware.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RareStats {
    /// Metrics that an application tells, by name.
    pub custom: BTreeMap<String, Vec<CustomValue>>,
    /// Performance counters by CPU.
    pub perf: Vec<PerfValue>,
    /// Performance counters of sockets.
    pub perf_uncore: Vec<PerfUncoreValue>,
    /// Resource control by node.
    pub resctrl: Vec<ResctrlStats>,
}

/// A value that an application tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomValue {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// A performance counter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PerfValue {
    /// Event.
    pub event: String,
    /// CPU that it was counted on.
    pub cpu: u32,
    /// Count, corrected for the time that it was not counted.
    pub value: u64,
    /// Part of the time that it was counted.
    pub scaling_ratio: f64,
}

/// A performance counter outside of the cores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PerfUncoreValue {
    /// Event.
    pub event: String,
    /// Unit that counts.
    pub pmu: String,
    /// Socket.
    pub socket: u32,
    /// Count, corrected.
    pub value: u64,
    /// Part of the time that it was counted.
    pub scaling_ratio: f64,
}

/// Cache occupancy and memory bandwidth of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResctrlStats {
    /// Bytes over the memory bus.
    pub total_bytes: u64,
    /// Bytes from the node's own memory.
    pub local_bytes: u64,
    /// Bytes of the last-level cache in use.
    pub cache_bytes: u64,
}

/// CPU time in nanoseconds, and what keeps from it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CpuStats {
    /// All.
    pub total: u64,
    /// By CPU; empty where the kernel does not tell.
    pub per_cpu: Vec<u64>,
    /// In programs.
    pub user: u64,
    /// In the kernel.
    pub system: u64,
    /// Enforcement periods.
    pub periods: u64,
    /// Periods in which it was held back.
    pub throttled_periods: u64,
    /// Time that it was held back.
    pub throttled_ns: u64,
    /// Periods that were overrun from what was saved.
    pub burst_periods: u64,
    /// Time overrun.
    pub burst_ns: u64,
    /// Time run, as the scheduler counts.
    pub run_ns: u64,
    /// Time waited for a CPU.
    pub runqueue_ns: u64,
    /// Time slices.
    pub run_periods: u64,
    /// Load over ten seconds.
    pub load_average: i32,
    /// Uninterruptible load over ten seconds.
    pub load_d_average: i32,
    /// Stalls.
    pub pressure: Pressure,
}

/// Microseconds stalled for lack of something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Some tasks.
    pub some_us: u64,
    /// All tasks.
    pub full_us: u64,
}

/// Memory in bytes, and events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryStats {
    /// All.
    pub usage: u64,
    /// Most ever.
    pub max_usage: u64,
    /// Page cache.
    pub cache: u64,
    /// Anonymous memory.
    pub rss: u64,
    /// Swap.
    pub swap: u64,
    /// Mapped files.
    pub mapped_file: u64,
    /// Usage without inactive files.
    pub working_set: u64,
    /// Active files.
    pub active_file: u64,
    /// Inactive files.
    pub inactive_file: u64,
    /// The kernel's share.
    pub kernel: u64,
    /// Changed and not written yet.
    pub file_dirty: u64,
    /// Being written.
    pub file_writeback: u64,
    /// Times the limit was met.
    pub fail_count: u64,
    /// Pages looked at for reclaim.
    pub pgscan: u64,
    /// Pages reclaimed.
    pub pgsteal: u64,
    /// File pages that were needed again.
    pub refault_file: u64,
    /// Anonymous pages that were needed again.
    pub refault_anon: u64,
    /// Times held back above `memory.high`.
    pub events_high: u64,
    /// Times that `memory.max` was met.
    pub events_max: u64,
    /// Page faults of the group alone.
    pub own: Faults,
    /// Page faults of the group and those below.
    pub hierarchy: Faults,
    /// Stalls.
    pub pressure: Pressure,
}

/// Page faults, and pages by node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// All.
    pub pgfault: u64,
    /// Those that read from disk.
    pub pgmajfault: u64,
    /// Pages by node.
    pub numa: Vec<NumaPages>,
}

/// Pages on one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumaPages {
    /// Node.
    pub node: u8,
    /// Of files.
    pub file: u64,
    /// Anonymous.
    pub anon: u64,
    /// Locked.
    pub unevictable: u64,
}

/// Huge pages of one size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HugeTlbStats {
    /// Bytes.
    pub usage: u64,
    /// Most bytes ever.
    pub max_usage: u64,
    /// Times the limit was met.
    pub fail_count: u64,
}

/// Processes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessStats {
    /// Processes.
    pub processes: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Of which sockets.
    pub sockets: u64,
    /// Threads.
    pub threads: u64,
    /// Most threads; 0 for no limit.
    pub threads_max: u64,
    /// Limits of the first process: name, soft, hard; -1 for none.
    pub ulimits: Vec<(&'static str, i64, i64)>,
}

/// Tasks by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskStats {
    /// Sleeping.
    pub sleeping: u64,
    /// Running.
    pub running: u64,
    /// Stopped.
    pub stopped: u64,
    /// In a wait that nothing interrupts.
    pub uninterruptible: u64,
    /// Waiting for I/O.
    pub io_waiting: u64,
}
