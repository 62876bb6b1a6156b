//! Processes of a group: how many, in which states, their descriptors and limits, and their waits for a CPU.

use std::collections::BTreeMap;

use super::Round;
use crate::container::files::{Files, KernelFile};
use crate::container::layout::Layout;
use crate::container::model::{ProcessStats, Stats, TaskStats};
use crate::container::parse::{lines, number, words};
use crate::container::sets::MetricSet;
use crate::container::tree::Group;

/// Most processes of one group that are looked at one by one.
const MAX_PROCESSES: usize = 20_000;

/// CPU waits: of processes that have ended, and the last of each that runs.
#[derive(Debug, Default)]
pub(in crate::container) struct Schedule {
    ended: [u64; 3],
    running: BTreeMap<u32, [u64; 3]>,
}

pub(super) fn read(group: &mut Group, layout: &Layout, files: &mut Files, round: &Round<'_>, stats: &mut Stats) {
    let (wants_processes, wants_schedule) = (round.sets.has(MetricSet::Process), round.sets.has(MetricSet::Sched));
    let wants_tasks = round.with_tasks && round.sets.has(MetricSet::CpuLoad);
    if wants_processes {
        let number = |group: &mut Group, files: &mut Files, file: KernelFile| {
            let bytes = files.read(layout, (&group.container.path, &group.places), &mut group.files, file);
            bytes.and_then(crate::container::parse::single)
        };
        let threads = number(group, files, KernelFile::PidsCurrentOld);
        let threads = threads.or_else(|| number(group, files, KernelFile::PidsCurrent)).unwrap_or(0);
        let threads_max = group.container.spec.threads_max.unwrap_or(0);
        stats.processes = ProcessStats { threads, threads_max, ..ProcessStats::default() };
    }
    if !(wants_processes || wants_schedule || wants_tasks) {
        return;
    }
    let pids = pids(group, layout, files);
    if wants_processes {
        stats.processes.processes = pids.len() as u64;
        for pid in &pids {
            descriptors(round.procfs, *pid, &mut stats.processes);
        }
        if let Some(first) = pids.first() {
            limits(files, round.procfs, *first, &mut stats.processes);
        }
    }
    if wants_schedule {
        [stats.cpu.run_ns, stats.cpu.runqueue_ns, stats.cpu.run_periods] =
            group.schedule.sum(&pids, |pid| schedule(files, round.procfs, pid));
    }
    if wants_tasks {
        stats.tasks = TaskStats::default();
        pids.iter().for_each(|pid| task(files, round.procfs, *pid, &mut stats.tasks));
    }
}

/// Numbers of the processes of a group.
pub(in crate::container) fn pids(group: &Group, layout: &Layout, files: &mut Files) -> Vec<u32> {
    let Some(hierarchy) = layout.by_weight().into_iter().find(|at| group.places.is_in(*at)) else { return Vec::new() };
    let bytes = files.read_named(layout, hierarchy, (&group.container.path, &group.places), "cgroup.procs");
    let numbers = bytes.into_iter().flat_map(lines).filter_map(number).filter(|pid| *pid > 0);
    numbers.filter_map(|pid| u32::try_from(pid).ok()).take(MAX_PROCESSES).collect()
}

fn descriptors(procfs: &str, pid: u32, processes: &mut ProcessStats) {
    let Ok(entries) = std::fs::read_dir(format!("{procfs}/{pid}/fd")) else { return };
    for entry in entries.filter_map(Result::ok) {
        processes.descriptors += 1;
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        processes.sockets += u64::from(target.as_os_str().as_encoded_bytes().starts_with(b"socket:"));
    }
}

/// Wire: of all limits the original tells the number of open files alone.
fn limits(files: &mut Files, procfs: &str, pid: u32, processes: &mut ProcessStats) {
    let Some(text) = files.read_path(&format!("{procfs}/{pid}/limits")) else { return };
    let Some(line) = lines(text).find_map(|line| line.strip_prefix(b"Max open files")) else { return };
    let value = |word: &[u8]| if word == b"unlimited" { Some(-1) } else { i64::try_from(number(word)?).ok() };
    let mut columns = words(line).map_while(value);
    if let (Some(soft), Some(hard)) = (columns.next(), columns.next()) {
        processes.ulimits.push(("max_open_files", soft, hard));
    }
}

/// Time run, time waited, slices.
fn schedule(files: &mut Files, procfs: &str, pid: u32) -> Option<[u64; 3]> {
    let mut values = words(files.read_path(&format!("{procfs}/{pid}/schedstat"))?).map_while(number);
    Some([values.next()?, values.next()?, values.next()?])
}

impl Schedule {
    /// The sums, which never fall when a process ends.
    fn sum(&mut self, pids: &[u32], mut read: impl FnMut(u32) -> Option<[u64; 3]>) -> [u64; 3] {
        let mut running: BTreeMap<u32, [u64; 3]> = BTreeMap::new();
        for pid in pids {
            if let Some(values) = read(*pid) {
                running.insert(*pid, values);
            }
        }
        for (pid, last) in std::mem::take(&mut self.running) {
            let has_ended = running.get(&pid).is_none_or(|now| now[0] < last[0]);
            if has_ended {
                add(&mut self.ended, last);
            }
        }
        let mut sum = self.ended;
        running.values().for_each(|values| add(&mut sum, *values));
        self.running = running;
        sum
    }
}

fn add(sum: &mut [u64; 3], values: [u64; 3]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum = sum.saturating_add(value));
}

/// The state stands behind the name, which may hold anything, parentheses too.
fn task(files: &mut Files, procfs: &str, pid: u32, tasks: &mut TaskStats) {
    let Some(text) = files.read_path(&format!("{procfs}/{pid}/stat")) else { return };
    let Some(end) = text.iter().rposition(|byte| *byte == b')') else { return };
    match text.get(end + 2) {
        Some(b'R') => tasks.running += 1,
        Some(b'S' | b'I') => tasks.sleeping += 1,
        Some(b'D') => tasks.uninterruptible += 1,
        Some(b'T' | b't') => tasks.stopped += 1,
        _ => {}
    }
}
