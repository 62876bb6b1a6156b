//! `/api/gw/overview`: is it OK, since when, what needs me.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use axum::Json;
use gw_base::{Labels, TimeRange, Timestamp};
use gw_batch::{Batch, EventQuery, EventsView, Request};
use gw_collect::board::{Board, CollectorState, Health as TargetHealth, MonitorState};
use gw_detect::RuleBook;
use gw_serve::{Fault, Services};
use serde_json::{Value, json};

use crate::tiles::{self, Count, Health};
use crate::{ask, gateway, hosts, services as service_page};

/// How far back services and events are looked for.
const RECENT: std::time::Duration = std::time::Duration::from_hours(24);
/// Bytes of an event's text that are shown; a list of packages is longer.
const MAX_DETAIL: usize = 400;
/// Events of the lane.
const EVENTS: usize = 50;
/// Events read for it: most are beats of monitors, of which only the changes are shown.
const EVENTS_READ: usize = 20_000;
/// The kind of a monitor's beat.
const BEAT: &str = "uptime.beat";

/// The page.
pub(crate) async fn page(services: Services, board: Arc<Board>, rules: Arc<RuleBook>) -> Result<Json<Value>, Fault> {
    let now = services.world.now();
    let firing = crate::firing::alerts(&rules);
    let alerts: Vec<(Labels, Timestamp)> = firing.iter().map(|alert| (alert.labels.clone(), alert.since)).collect();
    let (hour, day) = (TimeRange::new(now - RECENT / 24, now), TimeRange::new(now - RECENT, now));
    let gateways = gateway::gateways(&services, now).await?;
    let hosts = hosts::hosts(&services).await?;
    let known_services = service_page::count(&services, hour).await?;
    let monitors = board.monitors();
    let counts = [
        Count { total: gateways.len(), crit: gateways.iter().filter(|gateway| !gateway.up).count(), warn: 0 },
        Count { total: known_services, ..Count::default() },
        Count { total: hosts.len(), crit: states(&hosts, "crit"), warn: states(&hosts, "warn") },
        Count {
            total: monitors.len(),
            crit: monitors.iter().filter(|monitor| monitor.beat.state == MonitorState::Down).count(),
            warn: monitors.iter().filter(|monitor| monitor.beat.state == MonitorState::Pending).count(),
        },
    ];
    let tiles = tiles::tiles(&services, counts, &alerts).await?;
    let mut needs = crate::firing::needs(&firing);
    needs.extend(from_board(&services, &board).await?);
    let events =
        ask::rows(&services, Request::Events(EventQuery { limit: Some(EVENTS_READ), ..EventQuery::default() }), day)
            .await?;
    Ok(Json(json!({
        "tiles": tiles,
        "needs": needs,
        "checklist": checklist(&services, &board, hosts.len(), monitors.len()).await?,
        "events": lane(&services, &events),
    })))
}

fn states(hosts: &[hosts::Host], state: &str) -> usize {
    hosts.iter().filter(|host| host.state == state).count()
}

/// A row of "what needs you".
#[derive(Debug, serde::Serialize)]
pub(crate) struct Need {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) severity: Health,
    pub(crate) title: Title,
    pub(crate) detail: String,
    pub(crate) since: Option<String>,
    pub(crate) labels: Value,
    pub(crate) value: Option<f64>,
    pub(crate) query: Option<String>,
    pub(crate) href: String,
}

/// A title in both languages.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Title {
    pub(crate) en: String,
    pub(crate) ko: String,
}

/// Targets that do not answer, monitors that are down, collectors that fail.
async fn from_board(services: &Services, board: &Board) -> Result<Vec<Need>, Fault> {
    let mut needs = Vec::new();
    for target in board.targets().into_iter().filter(|target| target.health == TargetHealth::Down) {
        let instance = target.labels.get("instance").unwrap_or(&target.url).to_owned();
        needs.push(Need {
            id: format!("target/{}/{instance}", target.job),
            kind: "target",
            severity: Health::Warn,
            title: Title {
                en: format!("Scrape target {instance} does not answer"),
                ko: format!("수집 대상 {instance}: 응답 없음"),
            },
            detail: target.error.unwrap_or_default(),
            since: target.last_scrape.map(|at| at.to_string()),
            labels: label_map(&target.labels),
            value: None,
            query: Some(format!("up{{job={:?},instance={instance:?}}}", target.job)),
            href: "/data/sources".to_owned(),
        });
    }
    let names: Vec<(i64, Value)> = services.state.monitors().await?;
    for monitor in board.monitors().into_iter().filter(|monitor| monitor.beat.state == MonitorState::Down) {
        let spec = names.iter().find(|(id, _)| *id == monitor.id);
        let name = spec.and_then(|(_, spec)| spec.get("name")?.as_str()).unwrap_or("").to_owned();
        needs.push(Need {
            id: format!("monitor/{}", monitor.id),
            kind: "monitor",
            severity: Health::Crit,
            title: Title { en: format!("Monitor {name} is down"), ko: format!("모니터 {name}: 중단") },
            detail: monitor.beat.message,
            since: Some(monitor.since.to_string()),
            labels: json!({"monitor": monitor.id.to_string(), "name": name}),
            value: monitor.beat.seconds,
            query: Some(format!("monitor_status{{monitor_id=\"{}\"}}", monitor.id)),
            href: format!("/uptime?monitor={}", monitor.id),
        });
    }
    for collector in board.collectors().into_iter().filter(|collector| collector.state == CollectorState::Failing) {
        let name = collector.name;
        needs.push(Need {
            id: format!("collector/{name}"),
            kind: "collector",
            severity: Health::Warn,
            title: Title { en: format!("Collector {name} fails"), ko: format!("수집기 {name}: 실패") },
            detail: collector.error.unwrap_or_default(),
            since: collector.last_run.map(|at| at.to_string()),
            labels: json!({"collector": name}),
            value: None,
            query: None,
            href: "/data/sources".to_owned(),
        });
    }
    Ok(needs)
}

/// Labels as a JSON object.
pub(crate) fn label_map(labels: &Labels) -> Value {
    Value::Object(labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}

/// What a new installation has seen so far, and the line that brings each next thing.
async fn checklist(services: &Services, board: &Board, hosts: usize, monitors: usize) -> Result<Value, Fault> {
    let usage = ask::rows(services, Request::Usage, TimeRange::ALL).await?;
    let rows = |signal: &str| -> bool {
        usage.iter().any(|batch| {
            let column =
                |name: &str, row: usize| batch.column_by_name(name).map(|column| crate::cells::cell(column, row));
            (0..batch.num_rows()).any(|row| {
                let named = column("signal", row).is_some_and(|cell| cell.as_str() == Some(signal));
                named
                    && ["rows", "head_rows"]
                        .iter()
                        .any(|name| column(name, row).and_then(|cell| cell.as_u64()).unwrap_or(0) > 0)
            })
        })
    };
    let port = |role: &str| {
        services.about.ports.iter().find(|port| port.role == role).map_or(String::new(), |port| port.url.clone())
    };
    let scraped = board.targets().iter().any(|target| target.health == TargetHealth::Up);
    Ok(json!([
        {"id": "host", "done": hosts > 0, "snippet": ""},
        {"id": "scrape", "done": scraped, "snippet": "collect:\n  scrape:\n    configs:\n      - job_name: traefik\n        static_configs:\n          - targets: [\"127.0.0.1:8080\"]"},
        {"id": "log", "done": rows("logs"), "snippet": "collect:\n  tail:\n    - paths: [\"/var/log/traefik/access.log\"]\n      parser: traefik"},
        {"id": "trace", "done": rows("spans"), "snippet": format!("OTEL_EXPORTER_OTLP_ENDPOINT={}", port("otlp_http"))},
        {"id": "monitor", "done": monitors > 0, "snippet": "/uptime?add=1"},
    ]))
}

/// The newest events, newest first; of beats only those at which a monitor's state changed.
fn lane(services: &Services, batches: &[RecordBatch]) -> Vec<Value> {
    let batches: Vec<Batch> = batches
        .iter()
        .filter_map(|records| Batch::new(services.default_tenant(), gw_base::Signal::Events, records.clone()).ok())
        .collect();
    let views: Vec<EventsView<'_>> = batches.iter().filter_map(EventsView::of).collect();
    let mut rows: Vec<(&EventsView<'_>, usize)> =
        views.iter().flat_map(|view| (0..view.times.len()).map(move |row| (view, row))).collect();
    rows.sort_by_key(|(view, row)| view.times[*row]);
    let mut states: BTreeMap<&[u8], &str> = BTreeMap::new();
    let mut events = Vec::new();
    for (view, row) in rows {
        let (kind, title) = (view.kinds.value(view.kind_keys[row] as usize), view.titles.value(row));
        let subject = view.subjects.value(view.keys[row] as usize);
        if kind == BEAT {
            let before = states.insert(subject, title);
            if before.is_none_or(|before| before == title) {
                continue;
            }
        }
        events.push(event(view, row, kind, &title_of(kind, title, subject)));
    }
    events.reverse();
    events.truncate(EVENTS);
    events
}

/// A beat says what its monitor is called.
fn title_of(kind: &str, title: &str, subject: &[u8]) -> String {
    let name = gw_base::labels::Iter::over(subject).find(|(name, _)| *name == "name").map(|(_, value)| value);
    match name {
        Some(name) if kind == BEAT => format!("{name}: {title}"),
        _ => title.to_owned(),
    }
}

fn event(view: &EventsView<'_>, row: usize, kind: &str, title: &str) -> Value {
    let detail = if view.bodies.is_valid(row) { view.bodies.value(row) } else { "" };
    let severity = if view.severities.is_valid(row) { view.severities.value(row) } else { 0 };
    json!({
        "at": Timestamp::from_nanos(view.times[row]).to_string(),
        "kind": kind,
        "title": title,
        "detail": detail.get(..detail.floor_char_boundary(MAX_DETAIL)).unwrap_or_default(),
        "severity": match severity {
            17.. => "crit",
            13..=16 => "warn",
            _ => "info",
        },
    })
}
