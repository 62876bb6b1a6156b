//! `stat`: kernel-wide counters of `/proc/stat`.

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Softirq vectors in the kernel's order.
const VECTORS: [&str; 10] =
    ["hi", "timer", "net_tx", "net_rx", "block", "block_iopoll", "tasklet", "sched", "hrtimer", "rcu"];

/// Key of a line and its family.
const LINES: [(&str, &str); 6] = [
    ("intr", "node_intr_total"),
    ("ctxt", "node_context_switches_total"),
    ("processes", "node_forks_total"),
    ("btime", "node_boot_time_seconds"),
    ("procs_running", "node_procs_running"),
    ("procs_blocked", "node_procs_blocked"),
];

struct Stat {
    softirq: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Stat { softirq: config.switch("stat.softirq") }))
}

impl HostSource for Stat {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for line in system.proc.read(format_args!("stat"))?.lines() {
            // The line of interrupts is long, and only its sum is wanted.
            let mut fields = line.split(' ');
            let (Some(key), Some(value)) = (fields.next(), fields.next()) else { continue };
            if let Some((_, family)) = LINES.iter().find(|(known, _)| *known == key) {
                out.put(family, &[], number(value)?);
            } else if key == "softirq" && self.softirq {
                for (vector, count) in VECTORS.iter().zip(fields) {
                    out.put("node_softirqs_total", &[("vector", vector)], number(count)?);
                }
            }
        }
        Ok(())
    }
}
