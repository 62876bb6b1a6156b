//! The kernel's files of groups: opened from the hierarchy's directory, read into one buffer, and kept open as far as the
//! budget goes. A kept file costs the kernel a page and spares us opening it by path on every reading.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, pread, read};

use super::layout::{Controller, Layout};

/// Largest file that is read; files of groups are far smaller.
const MAX_BYTES: usize = 4 << 20;
/// First size of the buffer.
const FIRST_BYTES: usize = 16 << 10;

/// A file of a group: its controller, the version of the interface that has it, its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum KernelFile {
    CpuAcctUsagePerCpu,
    CpuAcctUsage,
    CpuAcctStat,
    CpuStatOld,
    CpuShares,
    CpuQuota,
    CpuPeriod,
    MemoryStatOld,
    MemoryUsage,
    MemoryMaxUsage,
    MemoryFailCount,
    MemoryLimit,
    MemorySoftLimit,
    MemorySwapLimit,
    MemoryOom,
    MemoryNumaOld,
    MemoryKernel,
    ThrottleBytes,
    ThrottleRequests,
    BlkioBytes,
    BlkioRequests,
    BfqBytes,
    BfqRequests,
    BlkioQueued,
    BlkioSectors,
    BlkioServiceTime,
    BlkioWaitTime,
    BlkioMerged,
    BlkioTime,
    PidsCurrentOld,
    PidsMaxOld,
    CpuSetCpusOld,
    CpuSetMigrate,
    CpuStat,
    CpuMax,
    CpuWeight,
    CpuPressure,
    MemoryCurrent,
    MemoryStat,
    MemoryPeak,
    MemorySwap,
    MemoryEvents,
    MemoryMax,
    MemoryHigh,
    MemorySwapMax,
    MemoryNuma,
    MemoryPressure,
    IoStat,
    IoPressure,
    PidsCurrent,
    PidsMax,
    CpuSetCpus,
}

/// Names by the order of [`KernelFile`]; the flag says whether the unified interface has it.
const FILES: [(Controller, bool, &str); 52] = [
    (Controller::CpuAcct, false, "cpuacct.usage_percpu"),
    (Controller::CpuAcct, false, "cpuacct.usage"),
    (Controller::CpuAcct, false, "cpuacct.stat"),
    (Controller::Cpu, false, "cpu.stat"),
    (Controller::Cpu, false, "cpu.shares"),
    (Controller::Cpu, false, "cpu.cfs_quota_us"),
    (Controller::Cpu, false, "cpu.cfs_period_us"),
    (Controller::Memory, false, "memory.stat"),
    (Controller::Memory, false, "memory.usage_in_bytes"),
    (Controller::Memory, false, "memory.max_usage_in_bytes"),
    (Controller::Memory, false, "memory.failcnt"),
    (Controller::Memory, false, "memory.limit_in_bytes"),
    (Controller::Memory, false, "memory.soft_limit_in_bytes"),
    (Controller::Memory, false, "memory.memsw.limit_in_bytes"),
    (Controller::Memory, false, "memory.oom_control"),
    (Controller::Memory, false, "memory.numa_stat"),
    (Controller::Memory, false, "memory.kmem.usage_in_bytes"),
    (Controller::Io, false, "blkio.throttle.io_service_bytes_recursive"),
    (Controller::Io, false, "blkio.throttle.io_serviced_recursive"),
    (Controller::Io, false, "blkio.io_service_bytes_recursive"),
    (Controller::Io, false, "blkio.io_serviced_recursive"),
    (Controller::Io, false, "blkio.bfq.io_service_bytes_recursive"),
    (Controller::Io, false, "blkio.bfq.io_serviced_recursive"),
    (Controller::Io, false, "blkio.io_queued_recursive"),
    (Controller::Io, false, "blkio.sectors_recursive"),
    (Controller::Io, false, "blkio.io_service_time_recursive"),
    (Controller::Io, false, "blkio.io_wait_time_recursive"),
    (Controller::Io, false, "blkio.io_merged_recursive"),
    (Controller::Io, false, "blkio.time_recursive"),
    (Controller::Pids, false, "pids.current"),
    (Controller::Pids, false, "pids.max"),
    (Controller::CpuSet, false, "cpuset.cpus"),
    (Controller::CpuSet, false, "cpuset.memory_migrate"),
    (Controller::CpuAcct, true, "cpu.stat"),
    (Controller::Cpu, true, "cpu.max"),
    (Controller::Cpu, true, "cpu.weight"),
    (Controller::CpuAcct, true, "cpu.pressure"),
    (Controller::Memory, true, "memory.current"),
    (Controller::Memory, true, "memory.stat"),
    (Controller::Memory, true, "memory.peak"),
    (Controller::Memory, true, "memory.swap.current"),
    (Controller::Memory, true, "memory.events"),
    (Controller::Memory, true, "memory.max"),
    (Controller::Memory, true, "memory.high"),
    (Controller::Memory, true, "memory.swap.max"),
    (Controller::Memory, true, "memory.numa_stat"),
    (Controller::Memory, true, "memory.pressure"),
    (Controller::Io, true, "io.stat"),
    (Controller::Io, true, "io.pressure"),
    (Controller::Pids, true, "pids.current"),
    (Controller::Pids, true, "pids.max"),
    (Controller::CpuSet, true, "cpuset.cpus.effective"),
];

/// Where a group is in each hierarchy.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Bit by hierarchy: whether the group is there.
    pub(super) present: u16,
    /// Paths in hierarchies where it has another than its name.
    pub(super) others: Vec<(u8, Box<str>)>,
}

impl Places {
    pub(super) fn is_in(&self, hierarchy: usize) -> bool {
        self.present & (1 << hierarchy) != 0
    }

    /// Its path in a hierarchy, if it is there.
    pub(super) fn path<'a>(&'a self, name: &'a str, hierarchy: usize) -> Option<&'a str> {
        self.is_in(hierarchy).then(|| {
            let other = self.others.iter().find(|(at, _)| usize::from(*at) == hierarchy);
            other.map_or(name, |(_, path)| path)
        })
    }
}

/// Files of one group that are open, and those that are not there.
#[derive(Debug, Default)]
pub(super) struct GroupFiles {
    open: Vec<(u8, OwnedFd)>,
    absent: u64,
}

impl GroupFiles {
    /// Looks again for files that were not there.
    pub(super) const fn forget_absent(&mut self) {
        self.absent = 0;
    }

    pub(super) fn open_count(&self) -> usize {
        self.open.len()
    }
}

/// Reads files.
#[derive(Debug)]
pub(super) struct Files {
    buffer: Vec<u8>,
    /// How many files may still be kept open.
    budget: usize,
}

impl Files {
    /// Keeps as many files open as half of what the process may open leaves, and no more than wanted.
    pub(super) fn new(wanted: usize) -> Self {
        let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let allowed = allowed.map_or(wanted, |limit| usize::try_from(limit / 2).unwrap_or(usize::MAX));
        Self { buffer: vec![0; FIRST_BYTES], budget: wanted.min(allowed) }
    }

    /// Closes a file of a group and leaves it alone until absent files are looked for again.
    pub(super) fn skip(&mut self, files: &mut GroupFiles, file: KernelFile) {
        files.absent |= 1u64 << file as u8;
        let before = files.open.len();
        files.open.retain(|(known, _)| *known != file as u8);
        self.budget += before - files.open.len();
    }

    /// Gives back the files of a group that is gone.
    pub(super) fn release(&mut self, files: &GroupFiles) {
        self.budget += files.open_count();
    }

    /// The bytes of a group's file; `None` where it is not there.
    pub(super) fn read(
        &mut self,
        layout: &Layout,
        (name, places): (&str, &Places),
        files: &mut GroupFiles,
        file: KernelFile,
    ) -> Option<&[u8]> {
        let bit = 1u64 << file as u8;
        if files.absent & bit != 0 {
            return None;
        }
        let at = file as u8;
        if let Some(kept) = files.open.iter().position(|(known, _)| *known == at) {
            match whole(&mut self.buffer, &files.open[kept].1) {
                Ok(length) => return self.buffer.get(..length),
                Err(_gone) => {
                    files.open.swap_remove(kept);
                    self.budget += 1;
                    return None;
                }
            }
        }
        let (controller, unified, suffix) = FILES[file as usize];
        let opened = match layout.place(controller) {
            Some((hierarchy, is_unified)) if is_unified == unified => {
                places.path(name, hierarchy).and_then(|path| open(layout, hierarchy, path, suffix).ok())
            }
            _ => None,
        };
        let Some(opened) = opened else {
            files.absent |= bit;
            return None;
        };
        let length = whole(&mut self.buffer, &opened).ok()?;
        if self.budget > 0 {
            self.budget -= 1;
            files.open.push((at, opened));
        }
        self.buffer.get(..length)
    }

    /// The bytes of a file of any name in one hierarchy.
    pub(super) fn read_named(
        &mut self,
        layout: &Layout,
        hierarchy: usize,
        (name, places): (&str, &Places),
        suffix: &str,
    ) -> Option<&[u8]> {
        let opened = open(layout, hierarchy, places.path(name, hierarchy)?, suffix).ok()?;
        let length = fill(&mut self.buffer, |buffer, offset| pread(&opened, buffer, offset)).ok()?;
        self.buffer.get(..length)
    }

    /// The bytes of a file by its path.
    pub(super) fn read_path(&mut self, path: &str) -> Option<&[u8]> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = rustix::fs::open(path, flags, Mode::empty()).ok()?;
        let length = fill(&mut self.buffer, |buffer, _| read(&opened, buffer)).ok()?;
        self.buffer.get(..length)
    }
}

fn open(layout: &Layout, hierarchy: usize, path: &str, suffix: &str) -> Result<OwnedFd, Errno> {
    let mut relative = [0u8; 4096];
    let path = path.trim_start_matches('/');
    let separator = usize::from(!path.is_empty());
    let length = path.len() + separator + suffix.len();
    let target = relative.get_mut(..length).ok_or(Errno::NAMETOOLONG)?;
    target[..path.len()].copy_from_slice(path.as_bytes());
    if separator == 1 {
        target[path.len()] = b'/';
    }
    target[path.len() + separator..].copy_from_slice(suffix.as_bytes());
    // A FIFO or device in the place of a file must not hold us up.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    openat(&layout.hierarchies[hierarchy].dir, &*target, flags, Mode::empty())
}

/// Reads a file that the kernel writes in one go: what does not fill the buffer is all of it, and the question whether there
/// is more is spared.
fn whole(buffer: &mut Vec<u8>, file: &OwnedFd) -> Result<usize, Errno> {
    let length = pread(file, &mut *buffer, 0)?;
    if length < buffer.len() { Ok(length) } else { fill(buffer, |buffer, offset| pread(file, buffer, offset)) }
}

/// Reads to the end, growing the buffer as needed. Files of the kernel may come in several parts.
fn fill(buffer: &mut Vec<u8>, mut read: impl FnMut(&mut [u8], u64) -> Result<usize, Errno>) -> Result<usize, Errno> {
    let mut length = 0;
    loop {
        if length == buffer.len() {
            if length >= MAX_BYTES {
                return Ok(length);
            }
            buffer.resize(length * 2, 0);
        }
        match read(&mut buffer[length..], length as u64)? {
            0 => return Ok(length),
            more => length += more,
        }
    }
}
