//! CPU time, throttling, stalls.

use super::Source;
use crate::container::files::KernelFile;
use crate::container::model::{CpuStats, Pressure};
use crate::container::parse::{assignments, lines, number, pairs, words};

/// Nanoseconds of a clock tick: `USER_HZ` is 100 in every kernel's interface.
const TICK_NS: u64 = 10_000_000;
/// Most CPUs of one machine.
const MAX_CPUS: usize = 8_192;

pub(super) fn read(source: &mut Source<'_>, cpu: &mut CpuStats, by_cpu: bool) {
    cpu.per_cpu.clear();
    if let Some(text) = source.bytes(KernelFile::CpuStat) {
        unified(text, cpu);
        return;
    }
    if by_cpu && let Some(text) = source.bytes(KernelFile::CpuAcctUsagePerCpu) {
        cpu.per_cpu.extend(words(text).map_while(number).take(MAX_CPUS));
    }
    // The kernel's total is the sum over CPUs, and asking for it would be one more file.
    cpu.total = match cpu.per_cpu.as_slice() {
        [] => source.number(KernelFile::CpuAcctUsage).unwrap_or(0),
        by_cpu => by_cpu.iter().fold(0, |sum, time| sum.saturating_add(*time)),
    };
    for (name, ticks) in source.bytes(KernelFile::CpuAcctStat).into_iter().flat_map(pairs) {
        match name {
            b"user" => cpu.user = ticks.saturating_mul(TICK_NS),
            b"system" => cpu.system = ticks.saturating_mul(TICK_NS),
            _ => {}
        }
    }
    for (name, value) in source.bytes(KernelFile::CpuStatOld).into_iter().flat_map(pairs) {
        match name {
            b"nr_periods" => cpu.periods = value,
            b"nr_throttled" => cpu.throttled_periods = value,
            b"throttled_time" => cpu.throttled_ns = value,
            b"nr_bursts" => cpu.burst_periods = value,
            b"burst_time" => cpu.burst_ns = value,
            _ => {}
        }
    }
}

fn unified(text: &[u8], cpu: &mut CpuStats) {
    for (name, value) in pairs(text) {
        let nanoseconds = value.saturating_mul(1000);
        match name {
            b"usage_usec" => cpu.total = nanoseconds,
            b"user_usec" => cpu.user = nanoseconds,
            b"system_usec" => cpu.system = nanoseconds,
            b"nr_periods" => cpu.periods = value,
            b"nr_throttled" => cpu.throttled_periods = value,
            b"throttled_usec" => cpu.throttled_ns = nanoseconds,
            b"nr_bursts" => cpu.burst_periods = value,
            b"burst_usec" => cpu.burst_ns = nanoseconds,
            _ => {}
        }
    }
}

/// `some avg10=... total=N` and `full ... total=N`.
pub(super) fn pressure(source: &mut Source<'_>, file: KernelFile, pressure: &mut Pressure) {
    let Some(text) = source.bytes(file) else { return };
    for line in lines(text) {
        let total = assignments(line).find(|(name, _)| *name == b"total").map_or(0, |(_, total)| total);
        if line.starts_with(b"some ") {
            pressure.some_us = total;
        } else if line.starts_with(b"full ") {
            pressure.full_us = total;
        }
    }
}
