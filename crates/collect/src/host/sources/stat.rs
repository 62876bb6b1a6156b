//! `stat`: kernel-wide counters of `/proc/stat`.

use gw_base::Timestamp;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::page::Page;
use crate::host::roots::{Roots, number};

/// Softirq vectors in the kernel's order.
const VECTORS: [&str; 10] =
    ["hi", "timer", "net_tx", "net_rx", "block", "block_iopoll", "tasklet", "sched", "hrtimer", "rcu"];

struct Stat {
    softirq: bool,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Stat { softirq: config.stat_softirq }))
}

impl HostSource for Stat {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        for line in roots.proc("stat")?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let (Some(key), Some(value)) = (fields.next(), fields.next()) else { continue };
            let mut counter = |name: &str, help: &str| -> Result<(), String> {
                page.counter(name, help).add(&[], number(value)?);
                Ok(())
            };
            match key {
                "intr" => counter("node_intr_total", "Total number of interrupts serviced.")?,
                "ctxt" => counter("node_context_switches_total", "Total number of context switches.")?,
                "processes" => counter("node_forks_total", "Total number of forks.")?,
                "btime" => {
                    let help = "Node boot time, in unixtime.";
                    page.gauge("node_boot_time_seconds", help).add(&[], number(value)?);
                }
                "procs_running" => {
                    let help = "Number of processes in runnable state.";
                    page.gauge("node_procs_running", help).add(&[], number(value)?);
                }
                "procs_blocked" => {
                    let help = "Number of processes blocked waiting for I/O to complete.";
                    page.gauge("node_procs_blocked", help).add(&[], number(value)?);
                }
                "softirq" if self.softirq => {
                    for (vector, count) in VECTORS.iter().zip(fields) {
                        let mut family = page.counter("node_softirqs_total", "Number of softirq calls.");
                        family.add(&[("vector", vector)], number(count)?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
