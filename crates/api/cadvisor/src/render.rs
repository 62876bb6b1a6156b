//! Containers and readings as cAdvisor's JSON of version 1; version 2 is made of the same parts.

use gw_base::Timestamp;
use gw_collect::container::TCP_COUNTERS;
use gw_collect::container::model::{
    Container, CpuStats, DeviceCounts, DiskIo, Faults, FsStats, HugeTlbStats, InterfaceStats, MemoryStats,
    NetworkStats, SocketStats, Spec, Stats, TCP_STATES, UdpStats,
};
use serde_json::{Map, Value, json};

use crate::params::Window;

/// Readings of a container in a window, oldest first.
pub(crate) fn readings(container: &Container, window: Window) -> Vec<&Stats> {
    let inside = |stats: &&Stats| {
        window.start.is_none_or(|start| stats.time >= start) && window.end.is_none_or(|end| stats.time <= end)
    };
    let inside: Vec<&Stats> = container.stats.iter().map(AsRef::as_ref).filter(inside).collect();
    let skip = window.count.map_or(0, |count| inside.len().saturating_sub(count));
    inside.into_iter().skip(skip).collect()
}

/// A container as version 1 tells it; `all` is where its children are.
pub(crate) fn container(container: &Container, all: &[Container], window: Window) -> Value {
    let mut object = reference(container);
    let children: Vec<Value> = all
        .iter()
        .filter(|child| is_child(&child.path, &container.path))
        .map(|child| json!({"name": child.path}))
        .collect();
    if !children.is_empty() {
        object.insert("subcontainers".to_owned(), children.into());
    }
    object.insert("spec".to_owned(), spec(&container.spec).into());
    let stats: Vec<Value> = readings(container, window).into_iter().map(stats).collect();
    if !stats.is_empty() {
        object.insert("stats".to_owned(), stats.into());
    }
    object.into()
}

/// Names of a container.
fn reference(container: &Container) -> Map<String, Value> {
    let mut object = Map::new();
    if !container.id.is_empty() {
        object.insert("id".to_owned(), container.id.clone().into());
    }
    object.insert("name".to_owned(), container.path.clone().into());
    if !container.aliases.is_empty() {
        object.insert("aliases".to_owned(), container.aliases.clone().into());
    }
    if !container.namespace.is_empty() {
        object.insert("namespace".to_owned(), container.namespace.clone().into());
    }
    object
}

fn is_child(path: &str, parent: &str) -> bool {
    let rest = path.strip_prefix(parent.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
}

/// Wire: what has no time is told as the first moment of Go's calendar.
fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |at| at.to_string())
}

/// Limits and description.
pub(crate) fn spec(spec: &Spec) -> Map<String, Value> {
    let cpu = spec.cpu.as_ref();
    let memory = spec.memory.unwrap_or_default();
    let value = json!({
        "creation_time": time(spec.created),
        "labels": spec.labels,
        "envs": spec.envs,
        "has_cpu": cpu.is_some(),
        "cpu": {
            "limit": cpu.map_or(0, |cpu| cpu.shares),
            "max_limit": 0,
            "mask": cpu.map_or("", |cpu| cpu.mask.as_str()),
            "quota": cpu.map_or(0, |cpu| cpu.quota),
            "period": cpu.map_or(0, |cpu| cpu.period),
        },
        "has_memory": spec.memory.is_some(),
        "memory": {"limit": memory.limit, "reservation": memory.reservation, "swap_limit": memory.swap_limit},
        "has_hugetlb": spec.has_hugetlb,
        "has_network": spec.has_network,
        "has_processes": spec.threads_max.is_some(),
        "processes": {"limit": spec.threads_max.unwrap_or(0)},
        "has_filesystem": spec.has_filesystem,
        "has_diskio": spec.has_disk_io,
        "has_custom_metrics": false,
        "image": spec.image,
    });
    without_empty(value, &["labels", "envs", "image", "mask", "quota", "period", "limit", "reservation", "swap_limit"])
}

/// Wire: these keys are left out where they are empty (Go's `omitempty`); `cpu.limit` is not among them.
fn without_empty(value: Value, keys: &[&str]) -> Map<String, Value> {
    let Value::Object(object) = value else { return Map::new() };
    let is_empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        _ => false,
    };
    let clean = |name: &str, value: Value| match value {
        Value::Object(inner) if name == "cpu" => Value::Object(prune(inner, &["mask", "quota", "period"])),
        Value::Object(inner) if matches!(name, "memory" | "processes") => Value::Object(prune(inner, keys)),
        other => other,
    };
    fn prune(object: Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
        let is_zero = |value: &Value| value.as_u64() == Some(0) || value.as_str() == Some("");
        object.into_iter().filter(|(name, value)| !(keys.contains(&name.as_str()) && is_zero(value))).collect()
    }
    let kept = object.into_iter().filter(|(name, value)| !(keys.contains(&name.as_str()) && is_empty(value)));
    kept.map(|(name, value)| (name.clone(), clean(&name, value))).collect()
}

/// One reading.
pub(crate) fn stats(stats: &Stats) -> Value {
    json!({
        "timestamp": stats.time.to_string(),
        "cpu": cpu(&stats.cpu),
        "diskio": disk_io(&stats.disk_io),
        "memory": memory(&stats.memory),
        "hugetlb": huge_pages(stats),
        "network": network(&stats.network),
        "filesystem": stats.filesystems.iter().map(filesystem).collect::<Vec<_>>(),
        "task_stats": tasks(stats),
        "processes": processes(stats),
        "resctrl": {},
        "cpuset": {"memory_migrate": stats.memory_migrate},
        "oom_events": stats.oom_events,
    })
}

pub(crate) fn cpu(cpu: &CpuStats) -> Value {
    let mut usage = Map::new();
    usage.insert("total".to_owned(), cpu.total.into());
    if !cpu.per_cpu.is_empty() {
        usage.insert("per_cpu_usage".to_owned(), cpu.per_cpu.clone().into());
    }
    usage.insert("user".to_owned(), cpu.user.into());
    usage.insert("system".to_owned(), cpu.system.into());
    json!({
        "usage": usage,
        "cfs": {
            "periods": cpu.periods,
            "throttled_periods": cpu.throttled_periods,
            "throttled_time": cpu.throttled_ns,
            "bursts_periods": cpu.burst_periods,
            "burst_time": cpu.burst_ns,
        },
        "schedstat": {
            "run_time": cpu.run_ns,
            "runqueue_time": cpu.runqueue_ns,
            "run_periods": cpu.run_periods,
        },
        "load_average": cpu.load_average,
        "psi": pressure(cpu.pressure),
    })
}

fn pressure(pressure: gw_collect::container::model::Pressure) -> Value {
    json!({"full": {"total": pressure.full_us}, "some": {"total": pressure.some_us}})
}

pub(crate) fn disk_io(io: &DiskIo) -> Value {
    let lists = [
        ("io_service_bytes", &io.service_bytes),
        ("io_serviced", &io.serviced),
        ("io_queued", &io.queued),
        ("sectors", &io.sectors),
        ("io_service_time", &io.service_time),
        ("io_wait_time", &io.wait_time),
        ("io_merged", &io.merged),
        ("io_time", &io.time),
    ];
    let device = |counts: &DeviceCounts| {
        let stats: Map<String, Value> =
            counts.iter().map(|(operation, count)| (operation.as_str().to_owned(), count.into())).collect();
        json!({"device": &*counts.device, "major": counts.major, "minor": counts.minor, "stats": stats})
    };
    let filled = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let mut object: Map<String, Value> =
        filled.map(|(name, list)| (name.to_owned(), list.iter().map(device).collect())).collect();
    object.insert("psi".to_owned(), pressure(io.pressure));
    object.into()
}

pub(crate) fn memory(memory: &MemoryStats) -> Value {
    json!({
        "usage": memory.usage,
        "max_usage": memory.max_usage,
        "cache": memory.cache,
        "rss": memory.rss,
        "swap": memory.swap,
        "mapped_file": memory.mapped_file,
        "working_set": memory.working_set,
        "total_active_file": memory.active_file,
        "total_inactive_file": memory.inactive_file,
        "failcnt": memory.fail_count,
        "container_data": faults(&memory.own),
        "hierarchical_data": faults(&memory.hierarchy),
        "kernel_usage": memory.kernel,
        "psi": pressure(memory.pressure),
    })
}

fn faults(faults: &Faults) -> Value {
    let nodes = |value: fn(&gw_collect::container::model::NumaPages) -> u64| -> Map<String, Value> {
        faults.numa.iter().map(|pages| (pages.node.to_string(), value(pages).into())).collect()
    };
    let lists = [
        ("file", nodes(|pages| pages.file)),
        ("anon", nodes(|pages| pages.anon)),
        ("unevictable", nodes(|pages| pages.unevictable)),
    ];
    let numa: Map<String, Value> = lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| (name.to_owned(), list.into()))
        .collect();
    json!({"pgfault": faults.pgfault, "pgmajfault": faults.pgmajfault, "numa_stats": numa})
}

pub(crate) fn huge_pages(stats: &Stats) -> Map<String, Value> {
    let size =
        |size: &HugeTlbStats| json!({"usage": size.usage, "max_usage": size.max_usage, "failcnt": size.fail_count});
    stats.hugetlb.iter().map(|(name, stats)| (name.clone(), size(stats))).collect()
}

fn interface(device: &InterfaceStats) -> Map<String, Value> {
    let pairs = [
        ("rx_bytes", device.received.bytes),
        ("rx_packets", device.received.packets),
        ("rx_errors", device.received.errors),
        ("rx_dropped", device.received.dropped),
        ("tx_bytes", device.sent.bytes),
        ("tx_packets", device.sent.packets),
        ("tx_errors", device.sent.errors),
        ("tx_dropped", device.sent.dropped),
    ];
    let numbers = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    [("name".to_owned(), device.name.clone().into())].into_iter().chain(numbers).collect()
}

/// Wire: version 1 tells the first device a second time, beside the list.
pub(crate) fn network(network: &NetworkStats) -> Map<String, Value> {
    let mut object = interface(&network.interfaces.first().cloned().unwrap_or_default());
    object.extend(network_v2(network));
    object
}

/// Devices and sockets without that.
pub(crate) fn network_v2(network: &NetworkStats) -> Map<String, Value> {
    let sockets = network.sockets.as_deref().cloned().unwrap_or_default();
    let mut object = Map::new();
    if !network.interfaces.is_empty() {
        object.insert("interfaces".to_owned(), network.interfaces.iter().map(interface).collect());
    }
    object.insert("tcp".to_owned(), states(&sockets.tcp).into());
    object.insert("tcp6".to_owned(), states(&sockets.tcp6).into());
    object.insert("udp".to_owned(), udp(sockets.udp));
    object.insert("udp6".to_owned(), udp(sockets.udp6));
    object.insert("tcp_advanced".to_owned(), advanced(&sockets).into());
    object
}

fn states(counts: &[u64; TCP_STATES.len()]) -> Map<String, Value> {
    TCP_STATES.iter().zip(counts).map(|((_, name, _), count)| ((*name).to_owned(), (*count).into())).collect()
}

fn udp(udp: UdpStats) -> Value {
    json!({"Listen": udp.listen, "Dropped": udp.dropped, "RxQueued": udp.rx_queued, "TxQueued": udp.tx_queued})
}

fn advanced(sockets: &SocketStats) -> Map<String, Value> {
    let values = sockets.advanced.iter().copied().chain(std::iter::repeat(0));
    TCP_COUNTERS.iter().zip(values).map(|((name, _), value)| ((*name).to_owned(), value.into())).collect()
}

pub(crate) fn filesystem(fs: &FsStats) -> Value {
    let (inodes, free) = fs.inodes.unwrap_or_default();
    json!({
        "device": fs.device,
        "type": fs.kind,
        "capacity": fs.limit,
        "usage": fs.usage,
        "base_usage": fs.base_usage,
        "available": fs.available,
        "has_inodes": fs.inodes.is_some(),
        "inodes": inodes,
        "inodes_free": free,
        "reads_completed": fs.disk.reads,
        "reads_merged": fs.disk.reads_merged,
        "sectors_read": fs.disk.sectors_read,
        "read_time": fs.disk.read_ms,
        "writes_completed": fs.disk.writes,
        "writes_merged": fs.disk.writes_merged,
        "sectors_written": fs.disk.sectors_written,
        "write_time": fs.disk.write_ms,
        "io_in_progress": fs.disk.in_progress,
        "io_time": fs.disk.io_ms,
        "weighted_io_time": fs.disk.weighted_io_ms,
    })
}

pub(crate) fn tasks(stats: &Stats) -> Value {
    json!({
        "nr_sleeping": stats.tasks.sleeping,
        "nr_running": stats.tasks.running,
        "nr_stopped": stats.tasks.stopped,
        "nr_uninterruptible": stats.tasks.uninterruptible,
        "nr_io_wait": stats.tasks.io_waiting,
    })
}

pub(crate) fn processes(stats: &Stats) -> Value {
    let processes = &stats.processes;
    let limit = |(name, soft, hard): &(&str, i64, i64)| json!({"name": name, "soft_limit": soft, "hard_limit": hard});
    json!({
        "process_count": processes.processes,
        "fd_count": processes.descriptors,
        "socket_count": processes.sockets,
        "threads_current": processes.threads,
        "threads_max": processes.threads_max,
        "ulimits": processes.ulimits.iter().map(limit).collect::<Vec<_>>(),
    })
}
