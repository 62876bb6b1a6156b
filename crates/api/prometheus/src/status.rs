//! `/api/v1/status/...`, `/-/healthy`, `/-/ready`, `/-/reload`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gw_serve::{Permission, Principal, Services, access};
use http::StatusCode;
use serde_json::json;

use crate::errors::ApiError;
use crate::render;
use crate::room::Operations;

/// The Prometheus version whose behaviour is imitated; clients choose features by it.
const EMULATED: &str = "3.14.0";

fn build(services: &Services) -> serde_json::Value {
    json!({
        "version": EMULATED,
        "revision": format!("gatewatch-{}", services.about.version),
        "branch": "main",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    })
}

/// Build information; Grafana chooses features by `version`.
pub(crate) async fn build_info(State(services): State<Services>) -> Response {
    render::success(&build(&services).to_string())
}

/// `/version`: the same without an envelope.
pub(crate) async fn version(State(services): State<Services>) -> Response {
    render::json(build(&services).to_string())
}

/// Facts about the running process. Wire: what concerns Go's runtime is there and says nothing.
pub(crate) async fn runtime_info(operations: Operations, services: Services) -> Response {
    let outcome = operations.reloads.outcome();
    let flag = |name: &str| services.about.flags.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    let retention: Vec<&str> = ["storage.tsdb.retention.time", "storage.tsdb.retention.size"]
        .map(flag)
        .into_iter()
        .filter(|text| !matches!(*text, "" | "0"))
        .collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let data = json!({
        "startTime": services.about.started_at.to_string(),
        "CWD": services.about.data_dir,
        "hostname": std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim(),
        "serverTime": services.world.now().to_string(),
        "reloadConfigSuccess": outcome.successful,
        "lastConfigTime": outcome.succeeded_at.to_string(),
        "corruptionCount": 0,
        "goroutineCount": 0,
        "GOMAXPROCS": cores,
        "GOMEMLIMIT": i64::MAX,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": retention.join(" or "),
    });
    render::success(&data.to_string())
}

/// Progress of the replay of the write-ahead log. The server listens when it is over.
pub(crate) async fn wal_replay() -> Response {
    render::success("{\"min\":0,\"max\":0,\"current\":0}")
}

/// Blocks of the storage. Parts are no blocks of Prometheus' format, so that there is none to list.
pub(crate) async fn blocks() -> Response {
    render::success("{\"blocks\":[]}")
}

/// Alertmanagers that alerts are sent to: none, as routing and notifying are part of this process.
pub(crate) async fn alertmanagers() -> Response {
    render::success("{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}")
}

/// The flags in force.
pub(crate) async fn flags(State(services): State<Services>) -> Response {
    let flags: serde_json::Map<_, _> = services
        .about
        .flags
        .iter()
        .map(|(name, value)| (name.clone(), serde_json::Value::from(value.as_str())))
        .collect();
    render::success(&serde_json::Value::Object(flags).to_string())
}

/// The configuration in force, secrets hidden.
pub(crate) async fn config(State(services): State<Services>) -> Response {
    render::success(&json!({"yaml": services.about.config}).to_string())
}

/// The process lives.
pub(crate) async fn healthy() -> Response {
    "Prometheus Server is Healthy.\n".into_response()
}

/// The process answers queries.
pub(crate) async fn ready() -> Response {
    "Prometheus Server is Ready.\n".into_response()
}

/// Reads the configuration again; a bad file leaves the old one running.
pub(crate) async fn reload(operations: Operations, principal: Option<&Principal>) -> Response {
    // Wire: on a network listener only an administrator may reload; on loopback whoever reaches the port may, as upstream
    // does with its lifecycle API enabled.
    if let Err(fault) = access::require(principal, Permission::Administer) {
        return fault.into_response();
    }
    match (operations.reload)().await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(message) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("failed to reload config: {message}\n")).into_response()
        }
    }
}

/// Statistics of the head: series by metric name, label name and pair.
pub(crate) async fn tsdb(State(services): State<Services>, given: gw_serve::Params) -> Result<Response, ApiError> {
    crate::targets::tsdb_status(&services, &given).await
}
