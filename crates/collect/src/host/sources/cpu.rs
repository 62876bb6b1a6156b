//! `cpu`: time by CPU and mode, throttling, isolation.

use std::collections::BTreeMap;

use gw_base::Timestamp;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::page::Page;
use crate::host::roots::{Roots, number};

/// Ticks a second of the times that `/proc/stat` shows; the kernel's interface fixes it.
const USER_HZ: f64 = 100.0;
/// A counter that falls by more than this was reset, by hotplug for one; less is the kernel's own noise.
const RESET_SECONDS: f64 = 3.0;
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
const IDLE: usize = 3;
const FOLDER: &str = "devices/system/cpu";

/// Eight modes, then guest and guest nice.
type Times = [f64; 10];

#[derive(Default)]
struct Cpu {
    /// The highest times seen.
    times: BTreeMap<u32, Times>,
}

pub(super) fn make(_: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(Cpu::default()))
}

impl HostSource for Cpu {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        let mut seen = Vec::new();
        for line in roots.proc("stat")?.lines() {
            let Some(rest) = line.strip_prefix("cpu") else { continue };
            let mut fields = rest.split_ascii_whitespace();
            let Some(Ok(cpu)) = fields.next().filter(|_| !rest.starts_with(' ')).map(str::parse::<u32>) else {
                continue;
            };
            let mut times = Times::default();
            for (time, field) in times.iter_mut().zip(fields) {
                *time = number(field)? / USER_HZ;
            }
            merge(self.times.entry(cpu).or_insert(times), &times);
            seen.push(cpu);
        }
        self.times.retain(|cpu, _| seen.contains(cpu));
        self.write(page);
        throttles(roots, page);
        isolated(roots, page);
        Ok(())
    }
}

/// Wire: counters never fall. When idle time falls by seconds the CPU was away, and all its times start anew.
fn merge(known: &mut Times, read: &Times) {
    if known[IDLE] - read[IDLE] >= RESET_SECONDS {
        *known = *read;
        return;
    }
    for (known, read) in known.iter_mut().zip(read) {
        *known = known.max(*read);
    }
}

impl Cpu {
    fn write(&self, page: &mut Page) {
        let mut seconds = page.counter("node_cpu_seconds_total", "Seconds the CPUs spent in each mode.");
        for (cpu, times) in &self.times {
            let cpu = cpu.to_string();
            for (mode, time) in MODES.iter().zip(times) {
                seconds.add(&[("cpu", &cpu), ("mode", mode)], *time);
            }
        }
        let help = "Seconds the CPUs spent in guests (VMs) for each mode.";
        let mut guests = page.counter("node_cpu_guest_seconds_total", help);
        for (cpu, times) in &self.times {
            let cpu = cpu.to_string();
            guests.add(&[("cpu", &cpu), ("mode", "user")], times[8]);
            guests.add(&[("cpu", &cpu), ("mode", "nice")], times[9]);
        }
    }
}

/// Each core and package once, whichever of their threads comes first.
fn throttles(roots: &Roots, page: &mut Page) {
    let mut cores: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut packages: BTreeMap<String, f64> = BTreeMap::new();
    for name in roots.sys_names(FOLDER) {
        let is_cpu = name.strip_prefix("cpu").is_some_and(|rest| rest.parse::<u32>().is_ok());
        let file = |file: &str| roots.sys(&format!("{FOLDER}/{name}/{file}")).ok();
        let Some(package) = file("topology/physical_package_id").filter(|_| is_cpu) else { continue };
        let Some(core) = file("topology/core_id") else { continue };
        let count = |text: Option<String>| text.and_then(|text| text.parse::<f64>().ok());
        if !cores.contains_key(&(package.clone(), core.clone()))
            && let Some(count) = count(file("thermal_throttle/core_throttle_count"))
        {
            cores.insert((package.clone(), core), count);
        }
        if !packages.contains_key(&package)
            && let Some(count) = count(file("thermal_throttle/package_throttle_count"))
        {
            packages.insert(package, count);
        }
    }
    let help = "Number of times this CPU core has been throttled.";
    for ((package, core), count) in &cores {
        page.counter("node_cpu_core_throttles_total", help).add(&[("core", core), ("package", package)], *count);
    }
    let help = "Number of times this CPU package has been throttled.";
    for (package, count) in &packages {
        page.counter("node_cpu_package_throttles_total", help).add(&[("package", package)], *count);
    }
}

fn isolated(roots: &Roots, page: &mut Page) {
    let Ok(list) = roots.sys(&format!("{FOLDER}/isolated")) else { return };
    let help = "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.";
    for range in list.split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { return };
        for cpu in first..=last {
            page.gauge("node_cpu_isolated", help).add(&[("cpu", &cpu.to_string())], 1.0);
        }
    }
}
