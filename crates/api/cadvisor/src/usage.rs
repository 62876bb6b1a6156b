//! Version 2: the same readings with what they lack left out, rates, summaries, the machine and its filesystems.

use std::time::Duration;

use gw_base::Timestamp;
use gw_collect::container::Process;
use gw_collect::container::model::{Cache, Container, FsStats, Machine, Stats};
use serde_json::{Map, Value, json};

use crate::params::Window;
use crate::render;

/// Nanoseconds of a CPU a second, between two readings.
fn rates(before: Option<&Stats>, stats: &Stats) -> Option<Value> {
    let before = before?;
    let span = u128::try_from(stats.time.since(before.time)).ok().filter(|span| *span > 0)?;
    let rate = |now: u64, then: u64| {
        let rate = u128::from(now.checked_sub(then)?) * 1_000_000_000 / span;
        u64::try_from(rate).ok()
    };
    let (now, then) = (&stats.cpu, &before.cpu);
    let per_cpu: Option<Vec<u64>> =
        now.per_cpu.iter().zip(&then.per_cpu).map(|(now, then)| rate(*now, *then)).collect();
    Some(json!({"usage": {
        "total": rate(now.total, then.total)?,
        "per_cpu_usage": per_cpu?,
        "user": rate(now.user, then.user)?,
        "system": rate(now.system, then.system)?,
    }}))
}

/// Readings of a container, each with the one before it.
fn pairs(container: &Container, window: Window) -> Vec<(Option<&Stats>, &Stats)> {
    let readings = render::readings(container, window);
    let before = |at: usize| at.checked_sub(1).and_then(|before| readings.get(before)).copied();
    readings.iter().enumerate().map(|(at, stats)| (before(at), *stats)).collect()
}

/// Readings of 2.0: a flag beside each part.
pub(crate) fn stats_v2_0(container: &Container, window: Window) -> Value {
    let spec = &container.spec;
    let one = |(before, stats): (Option<&Stats>, &Stats)| {
        let mut object = parts(container, before, stats, &[]);
        let flags = [
            ("has_cpu", spec.cpu.is_some()),
            ("has_memory", spec.memory.is_some()),
            ("has_hugetlb", spec.has_hugetlb),
            ("has_network", spec.has_network),
            ("has_processes", spec.threads_max.is_some()),
            ("has_filesystem", spec.has_filesystem),
            ("has_diskio", spec.has_disk_io),
            ("has_load", false),
            ("has_custom_metrics", false),
        ];
        object.extend(flags.map(|(name, on)| (name.to_owned(), Value::Bool(on))));
        let filesystems: Vec<Value> = stats.filesystems.iter().map(render::filesystem).collect();
        object.insert("filesystem".to_owned(), filesystems.into());
        Value::Object(object)
    };
    pairs(container, window).into_iter().map(one).collect()
}

/// A container of 2.1.
pub(crate) fn container_v2_1(container: &Container, window: Window) -> Value {
    let one = |(before, stats): (Option<&Stats>, &Stats)| {
        let mut object = parts(container, before, stats, &[]);
        if container.spec.has_filesystem {
            object.insert("filesystem".to_owned(), layer(&stats.filesystems));
        }
        Value::Object(object)
    };
    let stats: Vec<Value> = pairs(container, window).into_iter().map(one).collect();
    json!({"spec": spec(container), "stats": stats})
}

/// Limits and description, with names.
pub(crate) fn spec(container: &Container) -> Value {
    let mut object = render::spec(&container.spec);
    if !container.aliases.is_empty() {
        object.insert("aliases".to_owned(), container.aliases.clone().into());
    }
    if !container.namespace.is_empty() {
        object.insert("namespace".to_owned(), container.namespace.clone().into());
    }
    object.into()
}

/// Wire: `containter` is how the original writes it.
fn layer(filesystems: &[FsStats]) -> Value {
    match filesystems {
        [one] => json!({
            "totalUsageBytes": one.usage,
            "baseUsageBytes": one.base_usage,
            "containter_inode_usage": one.inode_usage,
        }),
        _ => json!({}),
    }
}

/// What a reading has, by the parts of the spec.
fn parts(container: &Container, before: Option<&Stats>, stats: &Stats, without: &[&str]) -> Map<String, Value> {
    let spec = &container.spec;
    let parts = [
        ("timestamp", Some(stats.time.to_string().into())),
        ("cpu", spec.cpu.as_ref().map(|_| render::cpu(&stats.cpu))),
        ("cpu_inst", spec.cpu.as_ref().and_then(|_| rates(before, stats))),
        ("diskio", spec.has_disk_io.then(|| render::disk_io(&stats.disk_io))),
        ("memory", spec.memory.map(|_| render::memory(&stats.memory))),
        ("hugetlb", spec.has_hugetlb.then(|| render::huge_pages(stats).into())),
        ("network", spec.has_network.then(|| render::network_v2(&stats.network).into())),
        ("processes", spec.threads_max.map(|_| render::processes(stats))),
        ("load_stats", Some(render::tasks(stats))),
    ];
    let wanted = parts.into_iter().filter(|(name, _)| !without.contains(name));
    wanted.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Readings of the machine of 2.1.
pub(crate) fn machine_stats(root: &Container, window: Window) -> Value {
    let filesystem = |fs: &FsStats| {
        let disk = fs.disk;
        json!({
            "device": fs.device,
            "capacity": fs.limit,
            "usage": fs.usage,
            "available": fs.available,
            "inline": {
                "reads_completed": disk.reads,
                "reads_merged": disk.reads_merged,
                "sectors_read": disk.sectors_read,
                "read_time": disk.read_ms,
                "writes_completed": disk.writes,
                "writes_merged": disk.writes_merged,
                "sectors_written": disk.sectors_written,
                "write_time": disk.write_ms,
                "io_in_progress": disk.in_progress,
                "io_time": disk.io_ms,
                "weighted_io_time": disk.weighted_io_ms,
            },
        })
    };
    let one = |(before, stats): (Option<&Stats>, &Stats)| {
        let mut object = parts(root, before, stats, &["processes", "hugetlb"]);
        object.insert("filesystem".to_owned(), stats.filesystems.iter().map(filesystem).collect());
        Value::Object(object)
    };
    pairs(root, window).into_iter().map(one).collect()
}

/// Filesystems of the machine, of one device or all.
pub(crate) fn storage(stats: &Stats, root_device: Option<&str>, label: Option<&str>) -> Value {
    let wanted = |fs: &&FsStats| label.is_none() || root_device == Some(fs.device.as_str());
    let describe = |fs: &FsStats| {
        let labels: &[&str] = if root_device == Some(fs.device.as_str()) { &["root"] } else { &[] };
        let mut object = json!({
            "timestamp": stats.time.to_string(),
            "device": fs.device,
            "mountpoint": fs.mount_point,
            "capacity": fs.limit,
            "available": fs.available,
            "usage": fs.usage,
            "labels": labels,
        });
        if let Some((inodes, free)) = fs.inodes {
            object["inodes"] = inodes.into();
            object["inodes_free"] = free.into();
        }
        object
    };
    stats.filesystems.iter().filter(wanted).map(describe).collect()
}

/// Usage over a minute, an hour and a day, as far as the readings that are kept tell.
pub(crate) fn summary(container: &Container, now: Timestamp) -> Value {
    let all = Window { count: None, start: None, end: None };
    let pairs = pairs(container, all);
    let milli_cpus = |before: Option<&Stats>, stats: &Stats| -> Option<u64> {
        let before = before?;
        let span = u64::try_from(stats.time.since(before.time)).ok().filter(|span| *span > 0)?;
        Some(stats.cpu.total.checked_sub(before.cpu.total)?.saturating_mul(1000) / span)
    };
    let span = |seconds: u64| {
        let start = now - Duration::from_secs(seconds);
        let inside: Vec<_> = pairs.iter().filter(|(_, stats)| stats.time >= start).collect();
        let cpu: Vec<u64> = inside.iter().filter_map(|(before, stats)| milli_cpus(*before, stats)).collect();
        let memory: Vec<u64> = inside.iter().map(|(_, stats)| stats.memory.working_set).collect();
        let first = inside.first().map_or(now, |(_, stats)| stats.time);
        let known = u64::try_from(now.since(first)).unwrap_or(0) / 10_000_000 / seconds;
        json!({"percent_complete": known.min(100), "cpu": percentiles(cpu), "memory": percentiles(memory)})
    };
    let latest = pairs.last();
    json!({
        "timestamp": now.to_string(),
        "latest_usage": {
            "cpu": latest.and_then(|(before, stats)| milli_cpus(*before, stats)).unwrap_or(0),
            "memory": latest.map_or(0, |(_, stats)| stats.memory.working_set),
        },
        "minute_usage": span(60),
        "hour_usage": span(3_600),
        "day_usage": span(86_400),
    })
}

fn percentiles(mut values: Vec<u64>) -> Value {
    values.sort_unstable();
    let at = |percent: usize| values.get((values.len() * percent / 100).min(values.len().saturating_sub(1))).copied();
    let sum: u128 = values.iter().copied().map(u128::from).sum();
    let mean = u64::try_from(sum / values.len().max(1) as u128).unwrap_or(u64::MAX);
    json!({
        "present": !values.is_empty(),
        "mean": mean,
        "max": values.last().copied().unwrap_or(0),
        "fifty": at(50).unwrap_or(0),
        "ninety": at(90).unwrap_or(0),
        "ninetyfive": at(95).unwrap_or(0),
    })
}

/// The machine.
pub(crate) fn machine(machine: &Machine) -> Value {
    let filesystems: Vec<Value> = machine.filesystems.iter().map(|(device, size, kind, inodes)| {
        json!({"device": device, "capacity": size, "type": kind, "inodes": inodes, "has_inodes": *inodes > 0})
    }).collect();
    let memory: Map<String, Value> = machine
        .memory_by_type
        .iter()
        .map(|(kind, (bytes, modules))| (kind.clone(), json!({"Capacity": bytes, "DimmCount": modules})))
        .collect();
    let modules: u32 = machine.memory_by_type.values().map(|(_, modules)| modules).sum();
    let (memory_mode, app_direct, watts) = machine.nvm;
    json!({
        "timestamp": machine.time.to_string(),
        "vendor_id": "",
        "num_cores": machine.cores,
        "num_physical_cores": machine.physical_cores,
        "num_sockets": machine.sockets,
        "cpu_frequency_khz": machine.frequency_khz,
        "memory_capacity": machine.memory_bytes,
        "swap_capacity": machine.swap_bytes,
        "memory_by_type": memory,
        "memory_dimm_count": modules,
        "nvm": {
            "memory_mode_capacity": memory_mode,
            "app direct_mode_capacity": app_direct,
            "avg_power_budget": watts,
        },
        "hugepages": huge_pages(&machine.huge_pages),
        "machine_id": machine.machine_id,
        "system_uuid": machine.system_uuid,
        "boot_id": machine.boot_id,
        "filesystems": filesystems,
        "disk_map": disks(machine),
        "network_devices": networks(machine),
        "topology": topology(machine),
        "cloud_provider": "Unknown",
        "instance_type": "Unknown",
        "instance_id": "None",
    })
}

/// What 2.0 calls attributes: machine and versions in one.
pub(crate) fn attributes(machine_info: &Machine, version: &str) -> Value {
    let Value::Object(machine) = machine(machine_info) else { return Value::Null };
    let kept = [
        "num_cores",
        "cpu_frequency_khz",
        "memory_capacity",
        "machine_id",
        "system_uuid",
        "hugepages",
        "filesystems",
        "disk_map",
        "network_devices",
        "topology",
        "cloud_provider",
        "instance_type",
    ];
    let mut object: Map<String, Value> =
        machine.into_iter().filter(|(name, _)| kept.contains(&name.as_str())).collect();
    let versions = [
        ("kernel_version", machine_info.kernel.as_str()),
        ("container_os_version", &machine_info.os),
        ("docker_version", &machine_info.docker),
        ("docker_api_version", &machine_info.docker_api),
        ("cadvisor_version", version),
    ];
    object.extend(versions.map(|(name, value)| (name.to_owned(), value.into())));
    object.into()
}

fn huge_pages(sizes: &[(u64, u64)]) -> Vec<Value> {
    sizes.iter().map(|(size, count)| json!({"page_size": size, "num_pages": count})).collect()
}

fn disks(machine: &Machine) -> Map<String, Value> {
    let disk = |disk: &gw_collect::container::model::Disk| {
        json!({
            "name": disk.name,
            "major": disk.major,
            "minor": disk.minor,
            "size": disk.size,
            "scheduler": disk.scheduler,
        })
    };
    machine.disks.iter().map(|(numbers, known)| (numbers.clone(), disk(known))).collect()
}

fn networks(machine: &Machine) -> Vec<Value> {
    let device = |device: &gw_collect::container::model::NetworkDevice| json!({"name": device.name, "mac_address": device.mac, "speed": device.speed, "mtu": device.mtu});
    machine.networks.iter().map(device).collect()
}

fn topology(machine: &Machine) -> Vec<Value> {
    let cache = |cache: &Cache| json!({"id": cache.id, "size": cache.size, "type": cache.kind, "level": cache.level});
    let node = |node: &gw_collect::container::model::Node| {
        let cores = node.cores.iter().map(|core| {
            json!({
                "core_id": core.id,
                "thread_ids": core.threads,
                "caches": core.caches.iter().map(cache).collect::<Vec<_>>(),
                "uncore_caches": null,
                "socket_id": core.socket,
            })
        });
        json!({
            "node_id": node.id,
            "memory": node.memory,
            "hugepages": huge_pages(&node.huge_pages),
            "cores": cores.collect::<Vec<_>>(),
            "caches": node.caches.iter().map(cache).collect::<Vec<_>>(),
            "distances": node.distances,
        })
    };
    machine.topology.iter().map(node).collect()
}

/// Processes as 2.0 lists them.
pub(crate) fn processes(processes: &[Process]) -> Value {
    let one = |process: &Process| {
        let (minutes, seconds) = (process.cpu_secs / 60, process.cpu_secs % 60);
        json!({
            "user": process.user,
            "pid": process.pid,
            "parent_pid": process.parent,
            "start_time": clock(process.started_secs),
            "percent_cpu": (process.cpu_percent * 10.0).round() / 10.0,
            "percent_mem": (process.memory_percent * 10.0).round() / 10.0,
            "rss": process.rss,
            "virtual_size": process.virtual_size,
            "status": process.status.to_string(),
            "running_time": format!("{:02}:{:02}:{seconds:02}", minutes / 60, minutes % 60),
            "cgroup_path": process.group,
            "cmd": process.command,
            "fd_count": process.descriptors,
            "psr": process.cpu,
        })
    };
    processes.iter().map(one).collect()
}

/// Hours and minutes of a moment, in UTC.
fn clock(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}", of_day / 3_600, of_day / 60 % 60)
}
