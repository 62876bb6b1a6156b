//! Memory, huge pages, kills for lack of memory.

use super::{Emit, Family, Reading, counter, gauge};
use crate::container::model::{Faults, HugeTlbStats};
use crate::container::sets::MetricSet::{CpuSet, HugeTlb, Memory, MemoryNuma, OomEvent, ReferencedMemory, Resctrl};

/// Limits above are the kernel's way of saying that there is none.
const HIGHEST_LIMIT: u64 = 1 << 62;

pub(super) static FAMILIES: [Family; 35] = [
    counter(HugeTlb, ("container_hugetlb_failcnt", "Number of hugepage usage hits limits"), |reading, emit| {
        pages(reading, emit, |size| size.fail_count);
    }),
    gauge(
        HugeTlb,
        ("container_hugetlb_max_usage_bytes", "Maximum hugepage usage recorded in bytes"),
        |reading, emit| {
            pages(reading, emit, |size| size.max_usage);
        },
    ),
    gauge(HugeTlb, ("container_hugetlb_usage_bytes", "Current hugepage usage in bytes"), |reading, emit| {
        pages(reading, emit, |size| size.usage);
    }),
    gauge(
        Resctrl,
        (
            "container_llc_occupancy_bytes",
            "Last level cache usage statistics for container counted with RDT Memory Bandwidth Monitoring (MBM).",
        ),
        |reading, emit| resctrl(reading, emit, |node| node.cache_bytes),
    ),
    gauge(
        Resctrl,
        (
            "container_memory_bandwidth_bytes",
            "Total memory bandwidth usage statistics for container counted with RDT Memory Bandwidth Monitoring (MBM).",
        ),
        |reading, emit| resctrl(reading, emit, |node| node.total_bytes),
    ),
    gauge(
        Resctrl,
        (
            "container_memory_bandwidth_local_bytes",
            "Local memory bandwidth usage statistics for container counted with RDT Memory Bandwidth Monitoring (MBM).",
        ),
        |reading, emit| resctrl(reading, emit, |node| node.local_bytes),
    ),
    gauge(Memory, ("container_memory_cache", "Number of bytes of page cache memory."), |reading, emit| {
        emit(&[], reading.stats.memory.cache as f64);
    }),
    counter(
        Memory,
        ("container_memory_events_high_total", "Cumulative count of memory.high throttle events for the container"),
        |reading, emit| emit(&[], reading.stats.memory.events_high as f64),
    )
    .new_in_0_60(),
    counter(
        Memory,
        ("container_memory_events_max_total", "Cumulative count of memory.max limit hit events for the container"),
        |reading, emit| emit(&[], reading.stats.memory.events_max as f64),
    )
    .new_in_0_60(),
    counter(Memory, ("container_memory_failcnt", "Number of memory usage hits limits"), |reading, emit| {
        emit(&[], reading.stats.memory.fail_count as f64);
    }),
    counter(Memory, ("container_memory_failures_total", "Cumulative count of memory allocation failures."), failures),
    gauge(
        Memory,
        (
            "container_memory_file_dirty_bytes",
            "Number of bytes of file cache that has been modified but not yet written back to disk.",
        ),
        |reading, emit| emit(&[], reading.stats.memory.file_dirty as f64),
    )
    .new_in_0_60(),
    gauge(
        Memory,
        (
            "container_memory_file_writeback_bytes",
            "Number of bytes of file cache that is currently being written back to disk.",
        ),
        |reading, emit| emit(&[], reading.stats.memory.file_writeback as f64),
    )
    .new_in_0_60(),
    gauge(Memory, ("container_memory_kernel_usage", "Size of kernel memory allocated in bytes."), |reading, emit| {
        emit(&[], reading.stats.memory.kernel as f64);
    })
    .new_in_0_60(),
    gauge(Memory, ("container_memory_mapped_file", "Size of memory mapped files in bytes."), |reading, emit| {
        emit(&[], reading.stats.memory.mapped_file as f64);
    }),
    gauge(Memory, ("container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes"), |reading, emit| {
        emit(&[], reading.stats.memory.max_usage as f64);
    }),
    gauge(CpuSet, ("container_memory_migrate", "Memory migrate status."), |reading, emit| {
        emit(&[], reading.stats.memory_migrate as f64);
    }),
    gauge(MemoryNuma, ("container_memory_numa_pages", "Number of used pages per NUMA node"), |reading, emit| {
        numa(&reading.stats.memory.own, "container", emit);
        numa(&reading.stats.memory.hierarchy, "hierarchy", emit);
    }),
    counter(
        Memory,
        ("container_memory_pgscan_total", "Cumulative number of pages scanned by the page reclaim algorithm."),
        |reading, emit| emit(&[], reading.stats.memory.pgscan as f64),
    )
    .new_in_0_60(),
    counter(
        Memory,
        ("container_memory_pgsteal_total", "Cumulative number of pages reclaimed by the page reclaim algorithm."),
        |reading, emit| emit(&[], reading.stats.memory.pgsteal as f64),
    )
    .new_in_0_60(),
    gauge(Memory, ("container_memory_rss", "Size of RSS in bytes."), |reading, emit| {
        emit(&[], reading.stats.memory.rss as f64);
    }),
    gauge(Memory, ("container_memory_swap", "Container swap usage in bytes."), |reading, emit| {
        emit(&[], reading.stats.memory.swap as f64);
    }),
    gauge(
        Memory,
        ("container_memory_total_active_file_bytes", "Current total active file in bytes."),
        |reading, emit| emit(&[], reading.stats.memory.active_file as f64),
    )
    .new_in_0_60(),
    gauge(
        Memory,
        ("container_memory_total_inactive_file_bytes", "Current total inactive file in bytes."),
        |reading, emit| emit(&[], reading.stats.memory.inactive_file as f64),
    )
    .new_in_0_60(),
    gauge(
        Memory,
        (
            "container_memory_usage_bytes",
            "Current memory usage in bytes, including all memory regardless of when it was accessed",
        ),
        |reading, emit| emit(&[], reading.stats.memory.usage as f64),
    ),
    gauge(Memory, ("container_memory_working_set_bytes", "Current working set in bytes."), |reading, emit| {
        emit(&[], reading.stats.memory.working_set as f64);
    }),
    counter(
        Memory,
        (
            "container_memory_workingset_refault_anon_total",
            "Cumulative number of refaults of previously evicted anonymous pages.",
        ),
        |reading, emit| emit(&[], reading.stats.memory.refault_anon as f64),
    )
    .new_in_0_60(),
    counter(
        Memory,
        (
            "container_memory_workingset_refault_file_total",
            "Cumulative number of refaults of previously evicted file pages.",
        ),
        |reading, emit| emit(&[], reading.stats.memory.refault_file as f64),
    )
    .new_in_0_60(),
    counter(
        OomEvent,
        ("container_oom_events_total", "Count of out of memory events observed for the container"),
        |reading, emit| emit(&[], reading.stats.oom_events as f64),
    ),
    gauge(
        ReferencedMemory,
        ("container_referenced_bytes", "Container referenced bytes during last measurements cycle"),
        |reading, emit| emit(&[], reading.stats.referenced_bytes as f64),
    ),
    gauge(Memory, ("container_spec_memory_limit_bytes", "Memory limit for the container."), |reading, emit| {
        reading.container.spec.memory.iter().for_each(|memory| emit(&[], limit(memory.limit)));
    })
    .of_the_container(),
    gauge(
        Memory,
        ("container_spec_memory_reservation_limit_bytes", "Memory reservation limit for the container."),
        |reading, emit| {
            reading.container.spec.memory.iter().for_each(|memory| emit(&[], limit(memory.reservation)));
        },
    )
    .of_the_container(),
    gauge(
        Memory,
        ("container_spec_memory_swap_limit_bytes", "Memory swap limit for the container."),
        |reading, emit| {
            reading.container.spec.memory.iter().for_each(|memory| emit(&[], limit(memory.swap_limit)));
        },
    )
    .of_the_container(),
    gauge(
        Memory,
        ("container_creation_time_seconds", "Container creation time since unix epoch in seconds."),
        |reading, emit| {
            reading.container.spec.created.iter().for_each(|created| emit(&[], created.secs() as f64));
        },
    )
    .of_the_container()
    .new_in_0_60(),
    gauge(
        Memory,
        ("container_start_time_seconds", "Start time of the container since unix epoch in seconds."),
        |reading, emit| {
            let spec = &reading.container.spec;
            // Wire: up to 0.47 the time of creation goes by this name.
            let started = spec.started.filter(|_| reading.compat >= crate::container::config::Compat::V0_60);
            started.or(spec.created).iter().for_each(|at| emit(&[], at.secs() as f64));
        },
    )
    .of_the_container(),
];

fn limit(bytes: u64) -> f64 {
    if bytes > HIGHEST_LIMIT { 0.0 } else { bytes as f64 }
}

fn pages(reading: Reading<'_>, emit: &mut Emit<'_>, value: fn(&HugeTlbStats) -> u64) {
    for (size, stats) in &reading.stats.hugetlb {
        emit(&[("pagesize", size)], value(stats) as f64);
    }
}

fn resctrl(reading: Reading<'_>, emit: &mut Emit<'_>, value: fn(&crate::container::model::ResctrlStats) -> u64) {
    let nodes = reading.stats.rare.iter().flat_map(|rare| rare.resctrl.iter().enumerate());
    nodes.for_each(|(node, stats)| emit(&[("node_id", &node.to_string())], value(stats) as f64));
}

fn failures(reading: Reading<'_>, emit: &mut Emit<'_>) {
    let memory = &reading.stats.memory;
    for (scope, faults) in [("container", &memory.own), ("hierarchy", &memory.hierarchy)] {
        emit(&[("failure_type", "pgfault"), ("scope", scope)], faults.pgfault as f64);
        emit(&[("failure_type", "pgmajfault"), ("scope", scope)], faults.pgmajfault as f64);
    }
}

fn numa(faults: &Faults, scope: &str, emit: &mut Emit<'_>) {
    for pages in &faults.numa {
        let node = pages.node.to_string();
        for (kind, count) in [("file", pages.file), ("anon", pages.anon), ("unevictable", pages.unevictable)] {
            emit(&[("node", &node), ("scope", scope), ("type", kind)], count as f64);
        }
    }
}
