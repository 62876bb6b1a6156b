//! `/api/gw/containers`: every control group that our own collector reads, and one of them with events.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use gw_base::{Kind, World};
use gw_collect::Containers;
use gw_collect::container::model::{Container, Health, InterfaceStats, Stats};
use gw_collect::container::{Event, EventKind};
use gw_serve::{Fault, Params};
use serde::Serialize;

/// Readings that are younger are shown again.
const FRESH: Duration = Duration::from_secs(1);
/// Limits above are the kernel's way of saying that there is none.
const HIGHEST_LIMIT: u64 = 1 << 62;
/// Events that one container shows.
const EVENTS: usize = 50;

/// What the routes stand on.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) containers: Containers,
    pub(crate) world: Arc<dyn World>,
}

/// A control group as the table shows it; rates are those between its last two readings.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Row {
    path: String,
    /// Name of the container; of another group, the last part of its path.
    name: String,
    /// Whose container it is; empty for a group of the system.
    runtime: String,
    image: String,
    health: Option<&'static str>,
    started: Option<String>,
    /// CPUs in use.
    cpu: Option<f64>,
    /// CPUs that it may use.
    cpu_limit: Option<f64>,
    /// Share of the last periods in which it was held back.
    throttled: Option<f64>,
    /// Working set in bytes.
    memory: u64,
    memory_limit: Option<u64>,
    /// Threads, where they are counted.
    threads_max: Option<u64>,
    oom: u64,
    net_rx: Option<f64>,
    net_tx: Option<f64>,
    disk_read: Option<f64>,
    disk_write: Option<f64>,
    /// Bytes of its own layer.
    layer: Option<u64>,
}

/// A rate of a count between readings; `None` where it fell or there is one reading alone.
fn rate(pair: Option<(&Stats, &Stats)>, count: impl Fn(&Stats) -> u64) -> Option<f64> {
    let (before, now) = pair?;
    let seconds = now.time.since(before.time) as f64 / 1e9;
    let grown = count(now).checked_sub(count(before))?;
    (seconds > 0.0).then(|| grown as f64 / seconds)
}

fn traffic(stats: &Stats, bytes: fn(&InterfaceStats) -> u64) -> u64 {
    stats.network.interfaces.iter().map(bytes).sum()
}

fn row(container: &Container) -> Row {
    let spec = &container.spec;
    let last = container.stats.last().map(AsRef::as_ref);
    let before = container.stats.len().checked_sub(2).and_then(|at| container.stats.get(at)).map(AsRef::as_ref);
    let pair = before.zip(last);
    let cpu = spec.cpu.as_ref();
    let held = rate(pair, |stats| stats.cpu.throttled_periods).zip(rate(pair, |stats| stats.cpu.periods));
    let of_disks = |stats: &Stats, operation| {
        stats.disk_io.service_bytes.iter().filter_map(|device| device.get(operation)).sum::<u64>()
    };
    let leaf = container.path.rsplit('/').next().filter(|leaf| !leaf.is_empty()).unwrap_or("/");
    let name = if container.id.is_empty() { leaf } else { container.aliases.first().map_or(leaf, String::as_str) };
    let network = |bytes: fn(&InterfaceStats) -> u64| {
        spec.has_network.then(|| rate(pair, |stats| traffic(stats, bytes))).flatten()
    };
    Row {
        path: container.path.clone(),
        name: name.to_owned(),
        runtime: container.namespace.clone(),
        image: spec.image.clone(),
        health: spec.health.map(|health| match health {
            Health::Starting => "starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        }),
        started: spec.started.or(spec.created).map(|at| at.to_string()),
        cpu: rate(pair, |stats| stats.cpu.total).map(|nanoseconds| nanoseconds / 1e9),
        cpu_limit: cpu.filter(|cpu| cpu.quota > 0 && cpu.period > 0).map(|cpu| cpu.quota as f64 / cpu.period as f64),
        throttled: held.filter(|(_, periods)| *periods > 0.0).map(|(held, periods)| held / periods),
        memory: last.map_or(0, |stats| stats.memory.working_set),
        memory_limit: spec.memory.map(|memory| memory.limit).filter(|limit| (1..HIGHEST_LIMIT).contains(limit)),
        threads_max: spec.threads_max.filter(|limit| *limit > 0),
        oom: last.map_or(0, |stats| stats.oom_events),
        net_rx: network(|device| device.received.bytes),
        net_tx: network(|device| device.sent.bytes),
        disk_read: rate(pair, |stats| of_disks(stats, gw_collect::container::model::Operation::Read)),
        disk_write: rate(pair, |stats| of_disks(stats, gw_collect::container::model::Operation::Write)),
        layer: (!container.id.is_empty()).then(|| last?.filesystems.first().map(|fs| fs.base_usage)).flatten(),
    }
}

/// The table.
#[derive(Debug, Serialize)]
pub(crate) struct ContainersPage {
    /// Whether containers are watched at all.
    on: bool,
    containers: Vec<Row>,
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Fault::new(Kind::Internal, format!("reading containers: {error}")))
}

/// Every group.
pub(crate) async fn page(State(watch): State<Watch>) -> Result<Json<ContainersPage>, Fault> {
    let read = move || {
        let snapshot = watch.containers.snapshot(&watch.world, FRESH);
        ContainersPage { on: watch.containers.is_on(), containers: snapshot.containers.iter().map(row).collect() }
    };
    Ok(Json(blocking(read).await?))
}

#[derive(Debug, Serialize)]
struct EventRow {
    time: String,
    kind: &'static str,
    process: Option<String>,
    pid: Option<u32>,
}

/// One group.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    container: Row,
    id: String,
    aliases: Vec<String>,
    labels: std::collections::BTreeMap<String, String>,
    events: Vec<EventRow>,
}

/// The group at `path`.
pub(crate) async fn detail(State(watch): State<Watch>, params: Params) -> Result<Json<Detail>, Fault> {
    let path = params.get("path").unwrap_or("/").to_owned();
    let missing = Fault::new(Kind::NotFound, format!("there is no control group {path}"));
    let read = move || {
        let snapshot = watch.containers.snapshot(&watch.world, FRESH);
        let found = snapshot.containers.iter().find(|container| container.path == path)?;
        let (events, _) = watch.containers.events(&watch.world, 0);
        let own = events.iter().rev().filter(|event| event.path == path).take(EVENTS);
        Some(Detail {
            container: row(found),
            id: found.id.clone(),
            aliases: found.aliases.clone(),
            labels: found.spec.labels.clone(),
            events: own.map(event).collect(),
        })
    };
    blocking(read).await?.map(Json).ok_or(missing)
}

fn event(event: &Event) -> EventRow {
    let (kind, killed) = match &event.kind {
        EventKind::Created => ("created", None),
        EventKind::Deleted => ("deleted", None),
        EventKind::OutOfMemory => ("oom", None),
        EventKind::Killed { pid, process } => ("oom_kill", Some((process.clone(), *pid))),
    };
    let (process, pid) = killed.unzip();
    EventRow { time: event.time.to_string(), kind, process, pid }
}

#[cfg(test)]
mod tests {
    use gw_base::Timestamp;
    use gw_collect::container::model::{CpuSpec, CpuStats, MemorySpec};

    use super::*;

    #[test]
    fn rates_are_those_of_the_last_two_readings() {
        let reading = |seconds: i64, total: u64, periods: u64, held: u64| {
            let cpu = CpuStats { total, periods, throttled_periods: held, ..CpuStats::default() };
            Arc::new(Stats { time: Timestamp::from_secs(seconds), cpu, ..Stats::default() })
        };
        let mut container = Container { path: "/a/web.service".to_owned(), ..Container::default() };
        container.spec.cpu = Some(CpuSpec { quota: 150_000, period: 100_000, ..CpuSpec::default() });
        container.spec.memory = Some(MemorySpec { limit: u64::MAX, ..MemorySpec::default() });
        container.stats = vec![reading(10, 0, 0, 0)];
        let first = row(&container);
        assert_eq!((first.cpu, first.name.as_str(), first.cpu_limit), (None, "web.service", Some(1.5)));
        assert_eq!(first.memory_limit, None);
        container.stats.push(reading(12, 3_000_000_000, 20, 5));
        let second = row(&container);
        assert_eq!((second.cpu, second.throttled), (Some(1.5), Some(0.25)));
    }
}
