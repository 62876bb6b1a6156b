//! `cpu`: time by CPU and mode, throttling, isolation.

use super::HostSource;
use super::cpu_info::CpuInfo;
use crate::host::config::HostConfig;
use crate::host::parse::{Decimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Ticks a second of the times that `/proc/stat` shows; the kernel's interface fixes it.
const USER_HZ: f64 = 100.0;
/// A counter that falls by more than this was reset, by hotplug for one; less is the kernel's own noise.
const RESET_SECONDS: f64 = 3.0;
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
const IDLE: usize = 3;
const FOLDER: &str = "devices/system/cpu";

/// Eight modes, then guest and guest nice.
type Times = [f64; 10];

struct Cpu {
    guests: bool,
    info: Option<CpuInfo>,
    /// The highest times seen of each CPU, and whether it is there.
    known: Vec<(u32, Times, bool)>,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    let (guests, info) = (config.switch("cpu.guest"), CpuInfo::of(config)?);
    Ok(Box::new(Cpu { guests, info, known: Vec::new() }))
}

impl HostSource for Cpu {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        if let Some(info) = &self.info {
            info.read(system, out)?;
        }
        self.times(&system.proc.read(format_args!("stat"))?)?;
        self.tell(out);
        throttles(system, out);
        isolated(system, out);
        Ok(())
    }
}

impl Cpu {
    fn times(&mut self, text: &str) -> Result<(), Failure> {
        for (.., is_there) in &mut self.known {
            *is_there = false;
        }
        for line in text.lines() {
            // The lines of CPUs come first.
            let Some(rest) = line.strip_prefix("cpu") else { break };
            let mut fields = rest.split_ascii_whitespace();
            let Some(Ok(cpu)) = fields.next().filter(|_| !rest.starts_with(' ')).map(str::parse::<u32>) else {
                continue;
            };
            let mut times = Times::default();
            for (time, field) in times.iter_mut().zip(fields) {
                *time = number(field)? / USER_HZ;
            }
            match self.known.binary_search_by_key(&cpu, |(known, ..)| *known) {
                Ok(at) => {
                    let (_, known, is_there) = &mut self.known[at];
                    merge(known, &times);
                    *is_there = true;
                }
                Err(at) => self.known.insert(at, (cpu, times, true)),
            }
        }
        self.known.retain(|(.., is_there)| *is_there);
        Ok(())
    }

    fn tell(&self, out: &mut Section) {
        for (cpu, times, _) in &self.known {
            let cpu = Decimal::of(u64::from(*cpu));
            for (mode, time) in MODES.iter().zip(times) {
                out.put("node_cpu_seconds_total", &[("cpu", cpu.as_str()), ("mode", mode)], *time);
            }
            if self.guests {
                for (mode, time) in ["user", "nice"].iter().zip(&times[MODES.len()..]) {
                    out.put("node_cpu_guest_seconds_total", &[("cpu", cpu.as_str()), ("mode", mode)], *time);
                }
            }
        }
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

/// Each core and package once, whichever of their threads comes first: a series counts once in a scrape.
fn throttles(system: &System, out: &mut Section) {
    for name in system.sys.names_if_any(format_args!("{FOLDER}")).iter() {
        if !name.strip_prefix("cpu").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())) {
            continue;
        }
        let value = |file: &str| system.sys.value(format_args!("{FOLDER}/{name}/{file}")).ok();
        let Some(package) = value("topology/physical_package_id") else { continue };
        let Some(core) = value("topology/core_id") else { continue };
        let count = |file: &str| system.sys.some(format_args!("{FOLDER}/{name}/thermal_throttle/{file}"));
        if let Some(count) = count("core_throttle_count") {
            out.put("node_cpu_core_throttles_total", &[("core", &core), ("package", &package)], count);
        }
        if let Some(count) = count("package_throttle_count") {
            out.put("node_cpu_package_throttles_total", &[("package", &package)], count);
        }
    }
}

fn isolated(system: &System, out: &mut Section) {
    let Ok(list) = system.sys.value(format_args!("{FOLDER}/isolated")) else { return };
    for range in list.split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { return };
        for cpu in first..=last {
            out.put("node_cpu_isolated", &[("cpu", Decimal::of(u64::from(cpu)).as_str())], 1.0);
        }
    }
}
