//! What is known of the machine: CPUs, memory, nodes, disks, names.

use std::collections::BTreeMap;

use gw_base::Timestamp;

/// The machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Machine {
    /// When it was looked at.
    pub time: Timestamp,
    /// Logical CPUs.
    pub cores: u32,
    /// Cores.
    pub physical_cores: u32,
    /// Sockets.
    pub sockets: u32,
    /// Books of sockets, on mainframes.
    pub books: u32,
    /// Drawers of books, on mainframes.
    pub drawers: u32,
    /// Highest clock in kHz.
    pub frequency_khz: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Swap in bytes.
    pub swap_bytes: u64,
    /// Memory modules by type: bytes, count.
    pub memory_by_type: BTreeMap<String, (u64, u32)>,
    /// Non-volatile memory: memory mode, app direct mode, power budget in watts.
    pub nvm: (u64, u64, u32),
    /// Huge pages: size in kB, number.
    pub huge_pages: Vec<(u64, u64)>,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// The firmware's id.
    pub system_uuid: String,
    /// Id of this boot.
    pub boot_id: String,
    /// Filesystems: device, size, type, inodes.
    pub filesystems: Vec<(String, u64, String, u64)>,
    /// Disks by `major:minor`.
    pub disks: BTreeMap<String, Disk>,
    /// Network devices.
    pub networks: Vec<NetworkDevice>,
    /// Memory nodes.
    pub topology: Vec<Node>,
    /// Kernel release.
    pub kernel: String,
    /// Name of the operating system.
    pub os: String,
    /// Version of Docker, where it runs.
    pub docker: String,
    /// Version of Docker's API.
    pub docker_api: String,
    /// What is told as cAdvisor's revision and version.
    pub cadvisor: Option<(String, String)>,
}

/// A disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// Name.
    pub name: String,
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
    /// Bytes.
    pub size: u64,
    /// Scheduler in use.
    pub scheduler: String,
}

/// A network device of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkDevice {
    /// Name.
    pub name: String,
    /// Hardware address.
    pub mac: String,
    /// Mbit/s.
    pub speed: i64,
    /// Largest packet.
    pub mtu: i64,
}

/// A memory node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Number.
    pub id: u32,
    /// Bytes.
    pub memory: u64,
    /// Huge pages: size in kB, number.
    pub huge_pages: Vec<(u64, u64)>,
    /// Cores.
    pub cores: Vec<Core>,
    /// Caches that cores share.
    pub caches: Vec<Cache>,
    /// Distance to each node.
    pub distances: Vec<u64>,
}

/// A core.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Core {
    /// Number within its socket.
    pub id: u32,
    /// Its logical CPUs.
    pub threads: Vec<u32>,
    /// Caches of its own.
    pub caches: Vec<Cache>,
    /// Socket.
    pub socket: u32,
}

/// A cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cache {
    /// Number.
    pub id: u32,
    /// Bytes.
    pub size: u64,
    /// `Data`, `Instruction` or `Unified`.
    pub kind: String,
    /// Level.
    pub level: u32,
}
