//! `/api/gw/explain`: what a PromQL query costs, operator by operator, and which condition leaves it without series.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow_array::RecordBatch;
use axum::Json;
use axum::extract::State;
use gw_base::{Kind, TimeRange, duration};
use gw_batch::{Cost, Direction, Language, PlanNode, Query, Request};
use gw_serve::{Fault, Params, Services, collect};
use serde_json::{Map, Value, json};

use crate::{cells, times};

/// Operators under operators that are shown; the parser allows no more nesting than this.
const DEPTH: usize = 512;

/// Runs a query for its costs. `query`; `time`, or `start`, `end` and `step`; `lookback`; `conditions=0` leaves out the
/// counting of series.
pub(crate) async fn explain(State(services): State<Services>, given: Params) -> Result<Json<Value>, Fault> {
    let text = given.get("query").ok_or_else(|| Fault::new(Kind::Invalid, "query: no query given"))?.to_owned();
    let step = span(&given, "step")?;
    let lookback = span(&given, "lookback")?;
    let now = services.world.now();
    let range = if step.is_some() {
        times::range(&given, now)?
    } else {
        let at = times::time(&given, "time")?.unwrap_or(now);
        TimeRange::new(at, at)
    };
    let request = Request::Expression {
        language: Language::PromQl,
        text: text.clone(),
        step,
        lookback,
        direction: Direction::Forward,
        limit: None,
        reading: gw_batch::Reading::default(),
    };
    let started = services.world.elapsed();
    let mut answer = services.queries.query(asked(&services, request, range)).await?;
    let batches = collect(&mut answer).await?;
    let spent = services.world.elapsed().saturating_sub(started);
    let series: usize = batches.iter().map(RecordBatch::num_rows).sum();
    drop(batches);
    let plan = answer.cost.plan().map_or(Value::Null, |root| node(root, DEPTH));
    let selectors = if plan.is_null() || given.get("conditions") == Some("0") {
        Value::Array(Vec::new())
    } else {
        let request = Request::Conditions { text, step, lookback };
        let mut answer = services.queries.query(asked(&services, request, range)).await?;
        selectors(&collect(&mut answer).await?)
    };
    let notes = answer.cost.notes();
    let noted = |warning: bool| -> Vec<&str> {
        notes.iter().filter(|note| note.warning == warning).map(|note| note.text.as_str()).collect()
    };
    Ok(Json(json!({
        "series": series,
        "plan": plan,
        "cost": cost(&answer.cost, spent),
        "selectors": selectors,
        "warnings": noted(true),
        "infos": noted(false),
    })))
}

fn asked(services: &Services, request: Request, range: TimeRange) -> Query {
    Query { tenant: services.default_tenant(), request, range, limits: services.limits.clone() }
}

fn span(given: &Params, name: &str) -> Result<Option<Duration>, Fault> {
    let Some(text) = given.get(name) else { return Ok(None) };
    let refused = |error| Fault::new(Kind::Invalid, format!("{name}: {error}"));
    duration::seconds_or_prometheus(text).map(Some).map_err(refused)
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn cost(cost: &Cost, spent: Duration) -> Value {
    json!({
        "series": count(&cost.series),
        "samples": count(&cost.rows),
        "bytes": count(&cost.bytes),
        "parts": count(&cost.parts),
        "ms": millis(spent),
    })
}

fn node(of: &Arc<PlanNode>, depth: usize) -> Value {
    let children: Vec<Value> = match depth.checked_sub(1) {
        Some(depth) => of.children.iter().map(|child| node(child, depth)).collect(),
        None => Vec::new(),
    };
    json!({
        "name": of.name,
        "detail": of.detail,
        "line": of.position.map(|(line, _)| line),
        "column": of.position.map(|(_, column)| column),
        "series": count(&of.series),
        "samples": count(&of.samples),
        "ms": millis(of.time()),
        "self_ms": millis(of.own_time()),
        "children": children,
    })
}

/// One object a selector, with a list of its conditions.
fn selectors(batches: &[RecordBatch]) -> Value {
    let mut found: Vec<Map<String, Value>> = Vec::new();
    let mut last = Value::Null;
    for batch in batches {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let mut cells: Map<String, Value> = schema
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| (field.name().clone(), cells::cell(column, row)))
                .collect();
            let number = cells.remove("selector").unwrap_or_default();
            let condition: Map<String, Value> =
                ["matcher", "alone", "left"].iter().filter_map(|name| cells.remove_entry(*name)).collect();
            if number != last || found.is_empty() {
                cells.insert("conditions".to_owned(), Value::Array(Vec::new()));
                found.push(cells);
                last = number;
            }
            if let Some(Value::Array(list)) = found.last_mut().and_then(|selector| selector.get_mut("conditions")) {
                list.push(Value::Object(condition));
            }
        }
    }
    Value::Array(found.into_iter().map(Value::Object).collect())
}
