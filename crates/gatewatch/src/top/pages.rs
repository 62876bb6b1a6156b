//! Host and containers out of the pages that scrapers get: those of a running server, or of collectors of our own.

use std::collections::BTreeMap;

use gw_base::Map;
use gw_formats::FormatError;
use gw_formats::exposition::{self, Dialect, Sample, Visitor};

use super::table::{Cell, Table};

/// Sums and single values of two pages, one after the other.
#[derive(Debug, Default)]
pub(super) struct Host {
    idle: f64,
    all: f64,
    cpus: f64,
    values: Map<&'static str, f64>,
    received: f64,
    sent: f64,
    fullest_disk: Option<f64>,
    free: Map<String, f64>,
    name: String,
}

/// Families of one sample that the table shows.
const SINGLE: [&str; 4] =
    ["node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes", "node_load1", "node_time_seconds"];

impl Visitor for Host {
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        if let Some(name) = SINGLE.iter().find(|name| **name == sample.name) {
            self.values.insert(name, sample.value);
        }
        let label = |name: &str| sample.label(name).unwrap_or_default();
        match sample.name {
            "node_cpu_seconds_total" => {
                self.all += sample.value;
                if label("mode") == "idle" {
                    self.idle += sample.value;
                    self.cpus += 1.0;
                }
            }
            "node_network_receive_bytes_total" if label("device") != "lo" => self.received += sample.value,
            "node_network_transmit_bytes_total" if label("device") != "lo" => self.sent += sample.value,
            "node_filesystem_avail_bytes" => drop(self.free.insert(label("mountpoint").to_owned(), sample.value)),
            "node_filesystem_size_bytes" if !matches!(label("fstype"), "tmpfs" | "ramfs") => {
                // Families come by name, so that what is available is known by now.
                let free = self.free.get(label("mountpoint")).copied().unwrap_or(0.0);
                let used = if sample.value > 0.0 { 1.0 - free / sample.value } else { 0.0 };
                self.fullest_disk = Some(self.fullest_disk.unwrap_or(0.0).max(used));
            }
            "node_uname_info" => label("nodename").clone_into(&mut self.name),
            _ => {}
        }
        Ok(())
    }
}

/// Reads what a page tells of a host or of containers.
pub(super) fn read<Told: Visitor + Default>(page: &str) -> Result<Told, FormatError> {
    let mut told = Told::default();
    exposition::parse(page.as_bytes(), Dialect::Text, &mut told)?;
    Ok(told)
}

/// The table of a host at two times.
pub(super) fn hosts_table(before: &Host, now: &Host) -> Table {
    let value = |name: &str| now.values.get(name).copied();
    let seconds = value("node_time_seconds").zip(before.values.get("node_time_seconds").copied());
    let seconds = seconds.map(|(now, before)| now - before).filter(|seconds| *seconds > 0.0);
    let rate = |now: f64, before: f64| seconds.map(|seconds| (now - before).max(0.0) / seconds);
    let all = now.all - before.all;
    let busy = (all > 0.0).then(|| 1.0 - (now.idle - before.idle) / all);
    let memory = value("node_memory_MemAvailable_bytes").zip(value("node_memory_MemTotal_bytes"));
    let row = vec![
        Cell::text(&now.name),
        Cell::number(Some(now.cpus), 0),
        Cell::percent(busy),
        Cell::percent(memory.map(|(available, total)| 1.0 - available / total.max(1.0))),
        Cell::bytes(memory.map(|(_, total)| total)),
        Cell::percent(now.fullest_disk),
        Cell::number(value("node_load1"), 2),
        Cell::bytes(rate(now.received, before.received)),
        Cell::bytes(rate(now.sent, before.sent)),
    ];
    let titles = &["HOST", "CPUS", "CPU", "MEMORY", "OF", "DISK", "LOAD", "IN/S", "OUT/S"];
    Table { titles, rows: if now.cpus > 0.0 { vec![row] } else { Vec::new() } }
}

/// What is shown of a container.
#[derive(Debug, Default, Clone)]
struct Container {
    name: String,
    image: String,
    cpu_seconds: f64,
    working_set: f64,
    limit: f64,
    received: f64,
    sent: f64,
    kills: f64,
    /// Milliseconds since 1970 of its samples.
    millis: i64,
}

/// Containers by their group's path; groups of the system, which have no name, are left out.
#[derive(Debug, Default)]
pub(super) struct Containers(BTreeMap<String, Container>);

impl Visitor for Containers {
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        let label = |name: &str| sample.label(name).unwrap_or_default();
        let (id, name) = (label("id"), label("name"));
        if name.is_empty() || !sample.name.starts_with("container_") {
            return Ok(());
        }
        let container = self.0.entry(id.to_owned()).or_default();
        name.clone_into(&mut container.name);
        label("image").clone_into(&mut container.image);
        match sample.name {
            "container_cpu_usage_seconds_total" => {
                container.cpu_seconds += sample.value;
                container.millis = sample.time.map_or(0, |time| time.nanos() / 1_000_000);
            }
            "container_memory_working_set_bytes" => container.working_set = sample.value,
            "container_spec_memory_limit_bytes" => container.limit = sample.value,
            "container_network_receive_bytes_total" => container.received += sample.value,
            "container_network_transmit_bytes_total" => container.sent += sample.value,
            "container_oom_events_total" => container.kills = sample.value,
            _ => {}
        }
        Ok(())
    }
}

/// The table of containers at two times.
pub(super) fn containers_table(before: &Containers, now: &Containers) -> Table {
    let row = |(id, container): (&String, &Container)| {
        let earlier = before.0.get(id);
        let seconds = earlier.map(|earlier| (container.millis - earlier.millis) as f64 / 1e3);
        let rate = |value: fn(&Container) -> f64| {
            let (earlier, seconds) = earlier.zip(seconds.filter(|seconds| *seconds > 0.0))?;
            Some((value(container) - value(earlier)).max(0.0) / seconds)
        };
        let limit = Some(container.limit).filter(|limit| *limit > 0.0);
        vec![
            Cell::text(&container.name),
            Cell::percent(rate(|container| container.cpu_seconds)),
            Cell::bytes(Some(container.working_set)),
            Cell::percent(limit.map(|limit| container.working_set / limit)),
            Cell::bytes(rate(|container| container.received)),
            Cell::bytes(rate(|container| container.sent)),
            Cell::number(Some(container.kills), 0),
            Cell::text(&container.image),
        ]
    };
    let titles = &["CONTAINER", "CPU", "MEMORY", "OF LIMIT", "IN/S", "OUT/S", "OOM", "IMAGE"];
    Table { titles, rows: now.0.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_between_two_pages() {
        let page = |idle: f64, user: f64, time: f64, received: f64| {
            format!(
                "node_cpu_seconds_total{{cpu=\"0\",mode=\"idle\"}} {idle}\nnode_cpu_seconds_total{{cpu=\"0\",mode=\"user\"}} {user}\n\
                 node_filesystem_avail_bytes{{fstype=\"ext4\",mountpoint=\"/\"}} 25\n\
                 node_filesystem_size_bytes{{fstype=\"ext4\",mountpoint=\"/\"}} 100\n\
                 node_filesystem_size_bytes{{fstype=\"tmpfs\",mountpoint=\"/run\"}} 100\nnode_load1 0.5\n\
                 node_memory_MemAvailable_bytes 1024\nnode_memory_MemTotal_bytes 4096\n\
                 node_network_receive_bytes_total{{device=\"eth0\"}} {received}\n\
                 node_network_receive_bytes_total{{device=\"lo\"}} 5000\n\
                 node_time_seconds {time}\nnode_uname_info{{nodename=\"감시\"}} 1\n"
            )
        };
        let (before, now) = (read(&page(100.0, 10.0, 1000.0, 0.0)), read(&page(101.0, 13.0, 1004.0, 8192.0)));
        let lines = hosts_table(&before.unwrap(), &now.unwrap()).lines(120, 0, 10);
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>(),
            ["감시", "1", "75.0%", "75.0%", "4.0K", "75.0%", "0.50", "2.0K", "0B"]
        );
    }

    #[test]
    fn containers_are_told_and_groups_of_the_system_are_not() {
        let page = |cpu: f64, millis: i64| {
            format!(
                "container_cpu_usage_seconds_total{{cpu=\"total\",id=\"/x\",image=\"shop:1\",name=\"web\"}} {cpu} {millis}\n\
                 container_cpu_usage_seconds_total{{cpu=\"total\",id=\"/\",image=\"\",name=\"\"}} 5 {millis}\n\
                 container_memory_working_set_bytes{{id=\"/x\",image=\"shop:1\",name=\"web\"}} 1024 {millis}\n\
                 container_spec_memory_limit_bytes{{id=\"/x\",image=\"shop:1\",name=\"web\"}} 4096\n"
            )
        };
        let (before, now) = (read(&page(1.0, 1000)), read(&page(2.0, 3000)));
        let lines = containers_table(&before.unwrap(), &now.unwrap()).lines(120, 0, 10);
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>(),
            ["web", "50.0%", "1.0K", "25.0%", "0B", "0B", "0", "shop:1"]
        );
    }
}
