//! `/api/gw/hosts`: every machine that a `node_exporter` or our own host collector watches.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use gw_base::Timestamp;
use gw_serve::{Fault, Services};
use serde::Serialize;

use crate::ask;

/// One machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Host {
    pub(crate) instance: String,
    pub(crate) state: &'static str,
    pub(crate) since: Option<String>,
    os: String,
    kernel: String,
    cpus: Option<f64>,
    pub(crate) cpu: Option<f64>,
    pub(crate) memory: Option<f64>,
    memory_total: Option<f64>,
    pub(crate) disk: Option<f64>,
    load1: Option<f64>,
    net_rx: Option<f64>,
    net_tx: Option<f64>,
    boot_time: Option<String>,
    queries: BTreeMap<&'static str, String>,
}

/// A number of the table: its key in `queries`, how to ask for it, where it goes.
struct Column {
    key: Option<&'static str>,
    /// PromQL; `%S` stands where a selector for one instance belongs, `%M` where a further matcher of a selector does.
    query: &'static str,
    set: fn(&mut Host, f64),
}

const COLUMNS: &[Column] = &[
    Column {
        key: None,
        query: "count by (instance) (node_cpu_seconds_total{mode=\"idle\"%M})",
        set: |host, value| host.cpus = Some(value),
    },
    Column {
        key: Some("cpu"),
        query: "1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"%M}[2m]))",
        set: |host, value| host.cpu = Some(value.clamp(0.0, 1.0)),
    },
    Column {
        key: Some("memory"),
        query: "1 - node_memory_MemAvailable_bytes%S / node_memory_MemTotal_bytes%S",
        set: |host, value| host.memory = Some(value),
    },
    Column { key: None, query: "node_memory_MemTotal_bytes%S", set: |host, value| host.memory_total = Some(value) },
    Column {
        key: Some("disk"),
        query: "max by (instance) (1 - node_filesystem_avail_bytes{fstype!~\"tmpfs|overlay|squashfs|ramfs\"%M} / node_filesystem_size_bytes{fstype!~\"tmpfs|overlay|squashfs|ramfs\"%M})",
        set: |host, value| host.disk = Some(value),
    },
    Column { key: Some("load"), query: "node_load1%S", set: |host, value| host.load1 = Some(value) },
    Column {
        key: Some("net_rx"),
        query: "sum by (instance) (rate(node_network_receive_bytes_total{device!=\"lo\"%M}[2m]))",
        set: |host, value| host.net_rx = Some(value),
    },
    Column {
        key: Some("net_tx"),
        query: "sum by (instance) (rate(node_network_transmit_bytes_total{device!=\"lo\"%M}[2m]))",
        set: |host, value| host.net_tx = Some(value),
    },
    Column {
        key: None,
        query: "node_boot_time_seconds%S",
        set: |host, value| host.boot_time = Some(Timestamp::from_secs_f64(value).to_string()),
    },
];

/// Shares from which a machine is worth a warning, and a call.
const WARN: f64 = 0.9;
const CRIT: f64 = 0.97;

/// All machines seen in the last quarter of an hour, by name.
pub(crate) async fn hosts(services: &Services) -> Result<Vec<Host>, Fault> {
    let at = services.world.now();
    let mut table: BTreeMap<String, Host> = BTreeMap::new();
    for point in ask::instant(services, "last_over_time(node_uname_info[15m])", at).await? {
        let text = |name: &str| point.labels.get(name).unwrap_or("").to_owned();
        let instance = text("instance");
        let kernel = text("release");
        let queries = COLUMNS.iter().filter_map(|column| Some((column.key?, own(column.query, &instance)))).collect();
        let host = Host {
            instance: instance.clone(),
            os: text("sysname"),
            kernel,
            queries,
            state: "unknown",
            ..Host::default()
        };
        table.insert(instance, host);
    }
    for column in COLUMNS {
        for point in ask::instant(services, &column.query.replace("%S", "").replace("%M", ""), at).await? {
            if let Some(host) = table.get_mut(point.labels.get("instance").unwrap_or("")) {
                (column.set)(host, point.value);
            }
        }
    }
    for host in table.values_mut() {
        host.state = state_of(host);
    }
    Ok(table.into_values().collect())
}

fn own(query: &str, instance: &str) -> String {
    query.replace("%S", &format!("{{instance={instance:?}}}")).replace("%M", &format!(",instance={instance:?}"))
}

fn state_of(host: &Host) -> &'static str {
    let worst = [host.memory, host.disk].into_iter().flatten().reduce(f64::max);
    match worst {
        None if host.cpu.is_none() => "unknown",
        Some(worst) if worst >= CRIT => "crit",
        Some(worst) if worst >= WARN => "warn",
        _ => "ok",
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct HostsPage {
    hosts: Vec<Host>,
    /// The one that this process runs on, which `/api/gw/hosts/live` and `/api/gw/processes` tell of.
    own: Arc<str>,
}

/// The page.
pub(crate) async fn page(services: Services, own: Arc<str>) -> Result<Json<HostsPage>, Fault> {
    Ok(Json(HostsPage { hosts: hosts(&services).await?, own }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_queries_are_valid_selectors() {
        assert_eq!(own("node_load1%S", "a:1"), "node_load1{instance=\"a:1\"}");
        assert_eq!(own("x{mode=\"idle\"%M}", "a:1"), "x{mode=\"idle\",instance=\"a:1\"}");
    }
}
