//! `/api/gw/sources`: everything that brings data in, and what stands in its way.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use gw_base::{Kind, Timestamp};
use gw_collect::board::Board;
use gw_serve::{Fault, Permission, Principal, Services, access};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::room::Accept;

/// The page.
pub(crate) fn page(board: &Board) -> Json<Value> {
    let at = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let targets: Vec<Value> = board
        .targets()
        .into_iter()
        .map(|target| {
            let labels: serde_json::Map<_, _> =
                target.labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
            json!({
                "job": target.job,
                "instance": target.labels.get("instance").unwrap_or(""),
                "url": target.url,
                "state": target.health.as_str(),
                "last_scrape": at(target.last_scrape),
                "duration": target.duration.as_secs_f64(),
                "samples": target.samples,
                "error": target.error,
                "labels": labels,
            })
        })
        .collect();
    let collectors: Vec<Value> = board
        .collectors()
        .into_iter()
        .map(|collector| {
            json!({
                "name": collector.name,
                "kind": collector.kind,
                "state": collector.state,
                "runs": collector.runs,
                "failures": collector.failures,
                "last_run": at(collector.last_run),
                "duration": collector.duration.as_secs_f64(),
                "error": collector.error,
            })
        })
        .collect();
    let discovered: Vec<Value> = board
        .discovered()
        .into_iter()
        .map(|found| json!({"id": found.id, "kind": found.kind, "url": found.url, "accepted": found.accepted}))
        .collect();
    let tails: Vec<Value> = board
        .tails()
        .into_iter()
        .map(|tail| {
            json!({
                "path": tail.path,
                "state": tail.state,
                "offset": tail.offset,
                "size": tail.size,
                "lines": tail.lines,
                "error": tail.error,
            })
        })
        .collect();
    Json(json!({"targets": targets, "collectors": collectors, "discovered": discovered, "tails": tails}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    accepted: bool,
}

/// Says yes or no to collecting a discovered endpoint.
pub(crate) async fn decide(
    board: Arc<Board>,
    accept: Accept,
    Path(id): Path<String>,
    principal: Option<Extension<Principal>>,
    body: Option<Json<Decision>>,
) -> Result<StatusCode, Fault> {
    access::require(principal.as_deref(), Permission::Write)?;
    let Json(decision) = body.ok_or_else(|| Fault::new(Kind::Invalid, "the body is not {\"accepted\": BOOL}"))?;
    if !board.discovered().iter().any(|found| found.id == id) {
        return Err(Fault::new(Kind::NotFound, format!("no endpoint {id:?} has been discovered")));
    }
    accept(id, decision.accepted).await.map_err(|message| Fault::new(Kind::Internal, message))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `/api/gw/status`: version, ports and how much is stored.
pub(crate) async fn status(State(services): State<Services>) -> Result<Json<Value>, Fault> {
    let about = &services.about;
    let ports: Vec<Value> =
        about.ports.iter().map(|port| json!({"port": port.port, "role": port.role, "url": port.url})).collect();
    let batches = crate::ask::rows(&services, gw_batch::Request::Usage, gw_base::TimeRange::ALL).await?;
    let signals: Vec<Value> = batches
        .iter()
        .flat_map(|batch| {
            let schema = batch.schema();
            (0..batch.num_rows()).map(move |row| {
                let cells = schema.fields().iter().zip(batch.columns());
                cells
                    .map(|(field, column)| (field.name().clone(), crate::cells::cell(column, row)))
                    .collect::<serde_json::Map<_, _>>()
            })
        })
        .map(Value::Object)
        .collect();
    Ok(Json(json!({
        "version": about.version,
        "started_at": about.started_at.to_string(),
        "data_dir": about.data_dir,
        "listen": ports,
        "signals": signals,
        "demo": about.demo,
    })))
}
