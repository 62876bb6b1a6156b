//! What can be read of this machine: one file a collector, under `node_exporter`'s names.

mod cpu;
mod diskstats;
mod filesystem;
mod loadavg;
mod meminfo;
mod netdev;
mod stat;
mod time;
mod uname;
mod vmstat;

use gw_base::Timestamp;

use super::config::HostConfig;
use super::page::Page;
use super::roots::Roots;

/// A collector as the list names it.
#[derive(Debug)]
pub(crate) struct SourceKind {
    /// `node_exporter`'s name.
    pub(crate) name: &'static str,
    /// Whether it runs unless it is switched off.
    pub(crate) by_default: bool,
    make: fn(&HostConfig) -> Result<Box<dyn HostSource>, String>,
}

impl SourceKind {
    pub(crate) fn make(&self, config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
        (self.make)(config)
    }
}

/// Every collector.
pub(crate) static SOURCES: &[SourceKind] = &[
    SourceKind { name: "cpu", by_default: true, make: cpu::make },
    SourceKind { name: "diskstats", by_default: true, make: diskstats::make },
    SourceKind { name: "filesystem", by_default: true, make: filesystem::make },
    SourceKind { name: "loadavg", by_default: true, make: loadavg::make },
    SourceKind { name: "meminfo", by_default: true, make: meminfo::make },
    SourceKind { name: "netdev", by_default: true, make: netdev::make },
    SourceKind { name: "stat", by_default: true, make: stat::make },
    SourceKind { name: "time", by_default: true, make: time::make },
    SourceKind { name: "uname", by_default: true, make: uname::make },
    SourceKind { name: "vmstat", by_default: true, make: vmstat::make },
];

/// Reads one aspect of the machine into a page.
pub(crate) trait HostSource: Send {
    /// Adds families. What was added before a failure stays.
    fn read(&mut self, roots: &Roots, now: Timestamp, page: &mut Page) -> Result<(), String>;
}
