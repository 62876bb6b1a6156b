//! Routes: monitors are read, written and tested here; the runtime that runs them is told of every change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRef, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use gw_base::{BoxFuture, Kind, TimeRange, Timestamp};
use gw_collect::board::{MonitorState, MonitorStatus};
use gw_collect::probe::write_metrics;
use gw_collect::{MonitorSettings, MonitorSpec, Runtime};
use gw_formats::exposition::{CONTENT_TYPE, Writer};
use gw_serve::{Fault, Params, Permission, Principal, Services, access};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::history::{self, Beats};
use crate::render::{self, Known};

/// Span of beats that a monitor's list entry is made of.
const DAY: Duration = Duration::from_hours(24);
/// Most monitors that may be set up.
const MOST_MONITORS: usize = 5_000;

/// Tells whoever runs the monitors that the stored ones have changed.
pub type Changed = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Fault>> + Send + Sync>;

/// The runtime that runs the monitors, and the bell that says that they have changed.
#[derive(Clone)]
pub struct Desk {
    /// Runs monitors, and tests one on demand.
    pub runtime: Runtime,
    /// Reads the stored monitors again and hands them to the runtime.
    pub changed: Changed,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Room {
    services: Services,
    desk: Desk,
}

impl FromRef<Room> for Services {
    fn from_ref(room: &Room) -> Self {
        room.services.clone()
    }
}

type Who = Option<Extension<Principal>>;

/// The room's routes.
pub fn room(services: Services, desk: Desk) -> Router {
    Router::new()
        .route("/api/monitors", get(list).post(add))
        .route("/api/monitors/{id}", get(show).put(change).delete(remove))
        .route("/api/monitors/{id}/test", post(test))
        .route("/metrics", get(metrics))
        .with_state(Room { services, desk })
}

async fn list(State(room): State<Room>) -> Result<Json<Value>, Fault> {
    let now = room.services.world.now();
    let (specs, day, month) = (stored(&room.services).await?, day(&room, None, now).await?, month(&room, now).await);
    let entries = specs.iter().map(|spec| entry(&room, spec, &day, &month));
    Ok(Json(json!({"monitors": entries.collect::<Vec<_>>()})))
}

async fn show(State(room): State<Room>, Path(id): Path<i64>, params: Params) -> Result<Json<Value>, Fault> {
    let now = room.services.world.now();
    let spec = one(&room.services, id).await?;
    let range = range(&params, now)?;
    let (day, month) = (day(&room, Some(id), now).await?, month(&room, now).await);
    // Read after the day, whose last beat is the state: what is down has its incident.
    let beats = beats(&room, Some(id), range).await?.remove(&id).unwrap_or_default();
    let mut body = entry(&room, &spec, &day, &month);
    body["incidents"] = Value::Array(render::incidents(&beats));
    body["response"] = Value::Array(render::response(&beats));
    Ok(Json(body))
}

async fn add(State(room): State<Room>, who: Who, body: Bytes) -> Result<Response, Fault> {
    access::require(who.as_deref(), Permission::Write)?;
    let settings = settings(&body)?;
    if stored(&room.services).await?.len() >= MOST_MONITORS {
        return Err(Fault::new(
            Kind::TooMuch,
            format!("there are {MOST_MONITORS} monitors already, delete some first"),
        ));
    }
    let id = room.services.state.add_monitor(&settings).await?;
    (room.desk.changed)().await?;
    let body = render::monitor(&MonitorSpec { id, settings }, &Known::default());
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn change(State(room): State<Room>, Path(id): Path<i64>, who: Who, body: Bytes) -> Result<Json<Value>, Fault> {
    access::require(who.as_deref(), Permission::Write)?;
    let settings = settings(&body)?;
    room.services.state.change_monitor(id, &settings).await?;
    (room.desk.changed)().await?;
    let now = room.services.world.now();
    let (day, month) = (day(&room, Some(id), now).await?, month(&room, now).await);
    Ok(Json(entry(&room, &MonitorSpec { id, settings }, &day, &month)))
}

async fn remove(State(room): State<Room>, Path(id): Path<i64>, who: Who) -> Result<StatusCode, Fault> {
    access::require(who.as_deref(), Permission::Write)?;
    room.services.state.delete_monitor(id).await?;
    (room.desk.changed)().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn test(State(room): State<Room>, Path(id): Path<i64>, who: Who) -> Result<Json<Value>, Fault> {
    access::require(who.as_deref(), Permission::Write)?;
    let spec = one(&room.services, id).await?;
    Ok(Json(render::beat(&room.desk.runtime.test_monitor(&spec).await)))
}

async fn metrics(State(room): State<Room>) -> Result<Response, Fault> {
    let board = room.desk.runtime.board();
    let specs = stored(&room.services).await?;
    let known: Vec<_> =
        specs.into_iter().filter_map(|spec| board.monitor(spec.id).map(|status| (spec, status))).collect();
    let mut writer = Writer::default();
    write_metrics(&known, &mut writer);
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], writer.finish()).into_response())
}

fn entry(room: &Room, spec: &MonitorSpec, day: &Beats, month: &BTreeMap<i64, f64>) -> Value {
    let status = room.desk.runtime.board().monitor(spec.id);
    let day = day.get(&spec.id).map(Vec::as_slice).unwrap_or_default();
    let known = Known { status: status.as_ref(), day, month: month.get(&spec.id).copied() };
    render::monitor(spec, &known)
}

fn settings(body: &[u8]) -> Result<MonitorSettings, Fault> {
    let settings: MonitorSettings =
        serde_json::from_slice(body).map_err(|error| Fault::new(Kind::Invalid, format!("monitor: {error}")))?;
    settings.check().map_err(|message| Fault::new(Kind::Invalid, message))?;
    Ok(settings)
}

async fn stored(services: &Services) -> Result<Vec<MonitorSpec>, Fault> {
    let monitors = services.state.monitors::<MonitorSettings>().await?;
    Ok(monitors.into_iter().map(|(id, settings)| MonitorSpec { id, settings }).collect())
}

async fn one(services: &Services, id: i64) -> Result<MonitorSpec, Fault> {
    let found = stored(services).await?.into_iter().find(|spec| spec.id == id);
    found.ok_or_else(|| Fault::new(Kind::NotFound, format!("there is no monitor {id}")))
}

async fn day(room: &Room, id: Option<i64>, now: Timestamp) -> Result<Beats, Fault> {
    beats(room, id, TimeRange::new(now - DAY, now)).await
}

/// Beats of the store and the newest of the board, which knows a beat before the store does.
async fn beats(room: &Room, id: Option<i64>, range: TimeRange) -> Result<Beats, Fault> {
    let board = room.desk.runtime.board();
    let newest = id.map_or_else(|| board.monitors(), |id| board.monitor(id).into_iter().collect());
    let mut found = history::beats(&room.services, id, range).await?;
    for MonitorStatus { id, beat, .. } in newest {
        let beats = found.entry(id).or_default();
        let stored = beats.last().is_some_and(|last| last.at >= beat.at);
        if !stored && beat.state != MonitorState::Paused && range.contains(beat.at) {
            beats.push(beat);
        }
    }
    Ok(found)
}

/// The month's ratios are an extra: a page without them is better than none.
async fn month(room: &Room, now: Timestamp) -> BTreeMap<i64, f64> {
    history::month(&room.services, now).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "no ratios of the month");
        BTreeMap::new()
    })
}

fn range(params: &Params, now: Timestamp) -> Result<TimeRange, Fault> {
    let time = |name: &str, default: Timestamp| match params.get(name) {
        None => Ok(default),
        Some(text) => match text.parse::<f64>() {
            Ok(secs) if secs.is_finite() => Ok(Timestamp::from_secs_f64(secs)),
            _ => text.parse().map_err(|error| Fault::new(Kind::Invalid, format!("{name}: {error}"))),
        },
    };
    let end = time("end", now)?;
    let start = time("start", end - DAY)?;
    if end < start {
        return Err(Fault::new(Kind::Invalid, "end is before start"));
    }
    Ok(TimeRange::new(start, end))
}
