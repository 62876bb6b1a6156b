//! Readings by device: block devices, network devices and sockets, filesystems.

use std::sync::Arc;

use super::Pressure;

/// What is done to a block device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Operation {
    /// Asynchronous.
    Async,
    /// Discard.
    Discard,
    /// Read.
    Read,
    /// Synchronous.
    Sync,
    /// All.
    Total,
    /// Write.
    Write,
}

impl Operation {
    /// Every operation, by name.
    pub const ALL: [Self; 6] = [Self::Async, Self::Discard, Self::Read, Self::Sync, Self::Total, Self::Write];

    /// The kernel's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Async => "Async",
            Self::Discard => "Discard",
            Self::Read => "Read",
            Self::Sync => "Sync",
            Self::Total => "Total",
            Self::Write => "Write",
        }
    }
}

/// Counts of one device by operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceCounts {
    /// Path, such as `/dev/sda`; empty when it is not known.
    pub device: Arc<str>,
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
    counts: [u64; 6],
    present: u8,
}

impl DeviceCounts {
    /// A device without counts.
    #[must_use]
    pub fn new(device: Arc<str>, major: u32, minor: u32) -> Self {
        Self { device, major, minor, ..Self::default() }
    }

    /// Sets a count.
    pub const fn set(&mut self, operation: Operation, count: u64) {
        self.counts[operation as usize] = count;
        self.present |= 1 << operation as u8;
    }

    /// A count, where there is one.
    #[must_use]
    pub fn get(&self, operation: Operation) -> Option<u64> {
        (self.present & 1 << operation as u8 != 0).then(|| self.counts[operation as usize])
    }

    /// Counts by operation.
    pub fn iter(&self) -> impl Iterator<Item = (Operation, u64)> + '_ {
        Operation::ALL.into_iter().filter_map(|operation| Some((operation, self.get(operation)?)))
    }
}

/// Block devices.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiskIo {
    /// Bytes.
    pub service_bytes: Vec<DeviceCounts>,
    /// Requests.
    pub serviced: Vec<DeviceCounts>,
    /// Requests that wait.
    pub queued: Vec<DeviceCounts>,
    /// Sectors.
    pub sectors: Vec<DeviceCounts>,
    /// Nanoseconds of service.
    pub service_time: Vec<DeviceCounts>,
    /// Nanoseconds of waiting.
    pub wait_time: Vec<DeviceCounts>,
    /// Requests that were merged.
    pub merged: Vec<DeviceCounts>,
    /// Milliseconds of service.
    pub time: Vec<DeviceCounts>,
    /// What the I/O cost controller tells.
    pub cost: Vec<IoCost>,
    /// Stalls.
    pub pressure: Pressure,
}

/// The I/O cost controller on one device, microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IoCost {
    /// Path.
    pub device: Arc<str>,
    /// Used.
    pub usage_us: u64,
    /// Waited.
    pub wait_us: u64,
    /// In debt.
    pub indebt_us: u64,
    /// Held back.
    pub indelay_us: u64,
}

/// Network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetworkStats {
    /// Devices.
    pub interfaces: Vec<InterfaceStats>,
    /// Connections and sockets; `None` when they are not wanted.
    pub sockets: Option<Box<SocketStats>>,
}

/// One network device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterfaceStats {
    /// Name.
    pub name: String,
    /// Received.
    pub received: Traffic,
    /// Sent.
    pub sent: Traffic,
}

/// One direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Errors.
    pub errors: u64,
    /// Dropped.
    pub dropped: u64,
}

/// Connections by state, sockets, and the protocol's counters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SocketStats {
    /// TCP over IPv4, by [`TCP_STATES`].
    pub tcp: [u64; TCP_STATES.len()],
    /// TCP over IPv6.
    pub tcp6: [u64; TCP_STATES.len()],
    /// UDP over IPv4.
    pub udp: UdpStats,
    /// UDP over IPv6.
    pub udp6: UdpStats,
    /// Counters by [`TCP_COUNTERS`](crate::container::TCP_COUNTERS); empty when they are not wanted.
    pub advanced: Vec<i64>,
}

/// Names of connection states: on pages, in JSON, and the kernel's number.
pub const TCP_STATES: [(&str, &str, u8); 11] = [
    ("established", "Established", 1),
    ("synsent", "SynSent", 2),
    ("synrecv", "SynRecv", 3),
    ("finwait1", "FinWait1", 4),
    ("finwait2", "FinWait2", 5),
    ("timewait", "TimeWait", 6),
    ("close", "Close", 7),
    ("closewait", "CloseWait", 8),
    ("lastack", "LastAck", 9),
    ("listen", "Listen", 10),
    ("closing", "Closing", 11),
];

/// UDP sockets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UdpStats {
    /// Sockets.
    pub listen: u64,
    /// Datagrams dropped.
    pub dropped: u64,
    /// Bytes waiting to be read.
    pub rx_queued: u64,
    /// Bytes waiting to be sent.
    pub tx_queued: u64,
}

/// One filesystem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsStats {
    /// Device.
    pub device: String,
    /// Where it is mounted.
    pub mount_point: String,
    /// Type.
    pub kind: String,
    /// Size in bytes.
    pub limit: u64,
    /// Bytes that the container uses, or anybody where it is the machine.
    pub usage: u64,
    /// Bytes of the container's own layer.
    pub base_usage: u64,
    /// Bytes that users may still take.
    pub available: u64,
    /// Inodes; `None` where the filesystem has none.
    pub inodes: Option<(u64, u64)>,
    /// Files of the container's own layer.
    pub inode_usage: u64,
    /// Counts of the device, for the machine.
    pub disk: DiskCounts,
}

/// The kernel's eleven counts of a disk, times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskCounts {
    /// Reads.
    pub reads: u64,
    /// Reads merged.
    pub reads_merged: u64,
    /// Sectors read.
    pub sectors_read: u64,
    /// Time reading.
    pub read_ms: u64,
    /// Writes.
    pub writes: u64,
    /// Writes merged.
    pub writes_merged: u64,
    /// Sectors written.
    pub sectors_written: u64,
    /// Time writing.
    pub write_ms: u64,
    /// Requests under way.
    pub in_progress: u64,
    /// Time busy.
    pub io_ms: u64,
    /// Time busy, times requests under way.
    pub weighted_io_ms: u64,
}
