//! Memory, huge pages, kills.

use super::{Round, Source};
use crate::container::files::KernelFile;
use crate::container::layout::Controller;
use crate::container::model::{Faults, HugeTlbStats, MemoryStats, NumaPages, Stats};
use crate::container::parse::{fields, lines, number, pairs, single, words};

pub(super) fn read(source: &mut Source<'_>, stats: &mut Stats, round: &Round<'_>) {
    let numa = (std::mem::take(&mut stats.memory.own.numa), std::mem::take(&mut stats.memory.hierarchy.numa));
    stats.memory = MemoryStats::default();
    (stats.memory.own.numa, stats.memory.hierarchy.numa) = numa;
    let memory = &mut stats.memory;
    if let Some(text) = source.bytes(KernelFile::MemoryStatOld) {
        old(text, memory);
        memory.usage = source.number(KernelFile::MemoryUsage).unwrap_or(0);
        memory.max_usage = source.number(KernelFile::MemoryMaxUsage).unwrap_or(0);
        memory.fail_count = source.number(KernelFile::MemoryFailCount).unwrap_or(0);
        memory.kernel = source.number(KernelFile::MemoryKernel).unwrap_or(0);
    } else if let Some(text) = source.bytes(KernelFile::MemoryStat) {
        unified(text, memory);
        let used = source.number(KernelFile::MemoryCurrent);
        let is_machine = source.is_machine();
        memory.usage = used.unwrap_or(0);
        memory.max_usage = source.number(KernelFile::MemoryPeak).unwrap_or(0);
        memory.swap = source.number(KernelFile::MemorySwap).unwrap_or(0);
        for (name, count) in source.bytes(KernelFile::MemoryEvents).into_iter().flat_map(pairs) {
            match name {
                b"high" => memory.events_high = count,
                b"max" => {
                    memory.events_max = count;
                    memory.fail_count = count;
                }
                _ => {}
            }
        }
        if is_machine && used.is_none() {
            machine(source, memory, round.procfs);
        }
    } else if source.is_machine() {
        machine(source, memory, round.procfs);
    }
    memory.working_set = memory.usage.saturating_sub(memory.inactive_file);
}

/// Version 1: sums over the hierarchy have names that begin with `total_`.
fn old(text: &[u8], memory: &mut MemoryStats) {
    for (name, value) in pairs(text) {
        match name {
            b"total_cache" => memory.cache = value,
            b"total_rss" => memory.rss = value,
            b"total_swap" => memory.swap = value,
            b"total_mapped_file" => memory.mapped_file = value,
            b"total_inactive_file" => memory.inactive_file = value,
            b"total_active_file" => memory.active_file = value,
            b"total_dirty" => memory.file_dirty = value,
            b"total_writeback" => memory.file_writeback = value,
            b"total_workingset_refault_file" => memory.refault_file = value,
            b"total_workingset_refault_anon" => memory.refault_anon = value,
            b"pgfault" => memory.own.pgfault = value,
            b"pgmajfault" => memory.own.pgmajfault = value,
            b"total_pgfault" => memory.hierarchy.pgfault = value,
            b"total_pgmajfault" => memory.hierarchy.pgmajfault = value,
            _ => {}
        }
    }
}

fn unified(text: &[u8], memory: &mut MemoryStats) {
    for (name, value) in pairs(text) {
        match name {
            b"file" => memory.cache = value,
            b"anon" => memory.rss = value,
            b"file_mapped" => memory.mapped_file = value,
            b"inactive_file" => memory.inactive_file = value,
            b"active_file" => memory.active_file = value,
            b"kernel" => memory.kernel = value,
            b"file_dirty" => memory.file_dirty = value,
            b"file_writeback" => memory.file_writeback = value,
            b"pgscan" => memory.pgscan = value,
            b"pgsteal" => memory.pgsteal = value,
            b"workingset_refault_file" => memory.refault_file = value,
            b"workingset_refault_anon" => memory.refault_anon = value,
            b"pgfault" => memory.own.pgfault = value,
            b"pgmajfault" => memory.own.pgmajfault = value,
            _ => {}
        }
    }
    // Wire: the unified interface counts the hierarchy alone, and cAdvisor tells it in both scopes.
    memory.hierarchy.pgfault = memory.own.pgfault;
    memory.hierarchy.pgmajfault = memory.own.pgmajfault;
}

/// The unified root has no `memory.current`; the machine's own table has to do.
fn machine(source: &mut Source<'_>, memory: &mut MemoryStats, procfs: &str) {
    let Some(text) = source.files.read_path(&format!("{procfs}/meminfo")) else { return };
    let (mut total, mut free, mut swap_total, mut swap_free) = (0, 0, 0, 0);
    for line in lines(text) {
        let mut columns = words(line);
        let (Some(name), Some(kilobytes)) = (columns.next(), columns.next().and_then(number)) else { continue };
        let bytes = kilobytes.saturating_mul(1024);
        match name {
            b"MemTotal:" => total = bytes,
            b"MemFree:" => free = bytes,
            b"SwapTotal:" => swap_total = bytes,
            b"SwapFree:" => swap_free = bytes,
            b"Cached:" => memory.cache = bytes,
            b"AnonPages:" => memory.rss = bytes,
            b"Mapped:" => memory.mapped_file = bytes,
            b"Active(file):" => memory.active_file = bytes,
            b"Inactive(file):" => memory.inactive_file = bytes,
            _ => {}
        }
    }
    memory.usage = total.saturating_sub(free);
    memory.swap = swap_total.saturating_sub(swap_free);
}

/// Kills that the kernel counts; `None` where it does not.
pub(super) fn kills(source: &mut Source<'_>) -> Option<u64> {
    let file = [KernelFile::MemoryEvents, KernelFile::MemoryOom];
    file.into_iter().find_map(|file| {
        let mut counts = source.bytes(file).into_iter().flat_map(pairs);
        counts.find(|(name, _)| *name == b"oom_kill").map(|(_, count)| count)
    })
}

/// Pages by node: `file=16649 N0=16649` in version 1, `file N0=68194304` in bytes in the unified one.
pub(super) fn numa(source: &mut Source<'_>, memory: &mut MemoryStats) {
    memory.own.numa.clear();
    memory.hierarchy.numa.clear();
    if let Some(text) = source.bytes(KernelFile::MemoryNumaOld) {
        by_node(text, 1, memory);
    } else if let Some(text) = source.bytes(KernelFile::MemoryNuma) {
        by_node(text, 4096, memory);
        memory.hierarchy.numa.clone_from(&memory.own.numa);
    }
}

/// Adds the pages of each node, told in units of which so many make one.
fn by_node(text: &[u8], to_a_page: u64, memory: &mut MemoryStats) {
    for line in lines(text) {
        let mut columns = words(line);
        let Some(name) = columns.next() else { continue };
        let [name, _] = fields(name, b'=');
        let name = name.unwrap_or_default();
        let (name, faults) = match name.strip_prefix(b"hierarchical_") {
            Some(name) => (name, &mut memory.hierarchy),
            None => (name, &mut memory.own),
        };
        for column in columns {
            let [node, count] = fields(column, b'=');
            let node = node.and_then(|node| node.strip_prefix(b"N")).and_then(number);
            let (Some(node), Some(count)) = (node.and_then(|node| u8::try_from(node).ok()), count.and_then(number))
            else {
                continue;
            };
            set(faults, node, name, count / to_a_page);
        }
    }
}

fn set(faults: &mut Faults, node: u8, name: &[u8], count: u64) {
    if !matches!(name, b"file" | b"anon" | b"unevictable") {
        return;
    }
    let at = faults.numa.iter().position(|pages| pages.node == node).unwrap_or_else(|| {
        faults.numa.push(NumaPages { node, ..NumaPages::default() });
        faults.numa.len() - 1
    });
    match name {
        b"file" => faults.numa[at].file = count,
        b"anon" => faults.numa[at].anon = count,
        _ => faults.numa[at].unevictable = count,
    }
}

/// Sizes of huge pages, as the files' names have them.
const PAGE_SIZES: [&str; 8] = ["64KB", "1MB", "2MB", "4MB", "16MB", "32MB", "512MB", "1GB"];

pub(super) fn huge_pages(source: &mut Source<'_>, sizes: &mut Vec<(String, HugeTlbStats)>) {
    sizes.clear();
    let Some((hierarchy, is_unified)) = source.layout.place(Controller::HugeTlb) else { return };
    let (usage, most, fails) =
        if is_unified { ("current", "max", "events") } else { ("usage_in_bytes", "max_usage_in_bytes", "failcnt") };
    for size in PAGE_SIZES {
        let mut file = |suffix: &str| {
            let name = format!("hugetlb.{size}.{suffix}");
            source.files.read_named(source.layout, hierarchy, (source.name, source.places), &name).map(<[u8]>::to_vec)
        };
        let Some(used) = file(usage).as_deref().and_then(single) else { continue };
        let fail_text = file(fails).unwrap_or_default();
        let fail_count = match is_unified {
            true => pairs(&fail_text).find(|(name, _)| *name == b"max").map_or(0, |(_, count)| count),
            false => single(&fail_text).unwrap_or(0),
        };
        // Wire: the unified interface keeps no maximum, and its `max` is the limit.
        let max_usage = if is_unified { 0 } else { file(most).as_deref().and_then(single).unwrap_or(0) };
        sizes.push((size.to_owned(), HugeTlbStats { usage: used, max_usage, fail_count }));
    }
}
