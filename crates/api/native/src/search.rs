//! `/api/gw/search`: things by name for the command palette.

use axum::Json;
use axum::extract::State;
use gw_base::{Signal, TimeRange};
use gw_batch::{Names, Request};
use gw_serve::{Fault, Params, Services};
use serde_json::{Value, json};

use crate::{ask, cells, hosts};

/// Results of one kind.
const PER_KIND: usize = 8;
/// Metric names looked at.
const METRICS: usize = 50_000;

/// Services, hosts, metrics and monitors whose name holds the text.
pub(crate) async fn search(State(services): State<Services>, given: Params) -> Result<Json<Value>, Fault> {
    let wanted = given.get("q").unwrap_or("").trim().to_lowercase();
    if wanted.is_empty() {
        return Ok(Json(json!({"results": []})));
    }
    let mut results = Vec::new();
    let now = services.world.now();
    let recent = TimeRange::new(now - std::time::Duration::from_hours(24), now);
    let named = |rows: Vec<arrow_array::RecordBatch>| -> Vec<String> {
        let cells = rows.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| cells::cell(batch.column(0), row)));
        cells.filter_map(|cell| cell.as_str().map(str::to_owned)).collect()
    };
    let mut add = |kind: &str, names: Vec<String>, href: fn(&str) -> String| {
        let mut hits: Vec<String> = names.into_iter().filter(|name| name.to_lowercase().contains(&wanted)).collect();
        hits.sort_by_key(|name| (!name.to_lowercase().starts_with(&wanted), name.len(), name.clone()));
        hits.truncate(PER_KIND);
        results.extend(hits.into_iter().map(|name| json!({"kind": kind, "href": href(&name), "title": name})));
    };
    add("service", named(ask::rows(&services, Request::Services, recent).await?), |name| {
        format!("/explore/traces?service={}", encode(name))
    });
    let hosts = hosts::hosts(&services).await?.into_iter().map(|host| host.instance).collect();
    add("host", hosts, |name| format!("/hosts?host={}", encode(name)));
    let metrics = Request::Names {
        signal: Signal::Metrics,
        names: Names::Values(gw_base::METRIC_NAME.to_owned()),
        selectors: Vec::new(),
        limit: Some(METRICS),
    };
    add("metric", named(ask::rows(&services, metrics, recent).await?), |name| {
        format!("/explore/metrics?expr={}", encode(name))
    });
    let monitors: Vec<(i64, Value)> = services.state.monitors().await?;
    for (id, monitor) in monitors {
        let name = monitor.get("name").and_then(Value::as_str).unwrap_or("");
        if name.to_lowercase().contains(&wanted) {
            results.push(json!({"kind": "monitor", "title": name, "href": format!("/uptime?monitor={id}")}));
        }
    }
    Ok(Json(json!({"results": results})))
}

fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
        out
    })
}
