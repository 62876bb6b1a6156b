//! Routes: which paths exist.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use gw_serve::Services;
use serde_json::{Value, json};

use crate::{query, spans};

/// The Zipkin version whose behaviour is imitated.
const EMULATED: &str = "3.5.1";

/// The room's routes: the API under `/api/v2`, and all of it again under `/zipkin`, where the original's UI asks.
pub fn room(services: Services) -> Router {
    let api = Router::new()
        .route("/spans", post(spans::collect).get(query::span_names))
        .route("/services", get(query::services))
        .route("/remoteServices", get(query::remote_services))
        .route("/traces", get(query::traces))
        .route("/trace/{id}", get(query::trace))
        .route("/traceMany", get(query::trace_many))
        .route("/dependencies", get(query::dependencies))
        .route("/autocompleteKeys", get(query::autocomplete_keys))
        .route("/autocompleteValues", get(query::autocomplete_values));
    let server = Router::new()
        .nest("/api/v2", api)
        .route("/health", get(health))
        .route("/info", get(info))
        .route("/config.json", get(config))
        .route("/metrics", get(metrics));
    Router::new().merge(server.clone()).nest("/zipkin", server).with_state(services)
}

async fn health() -> Json<Value> {
    let up = json!({"status": "UP", "details": {"GatewatchStorage{}": {"status": "UP"}}});
    Json(json!({"status": "UP", "zipkin": up}))
}

async fn info() -> Json<Value> {
    Json(json!({"zipkin": {"version": EMULATED, "commit": "gatewatch"}}))
}

/// What the original's UI reads at its start; the values are zipkin-server's defaults.
async fn config() -> Json<Value> {
    Json(json!({
        "environment": "",
        "queryLimit": 10,
        "defaultLookback": 900_000,
        "searchEnabled": true,
        "logsUrl": null,
        "supportUrl": null,
        "archivePostUrl": null,
        "archiveUrl": null,
        "dependency": {"enabled": true, "lowErrorRate": 0.5, "highErrorRate": 0.75},
    }))
}

async fn metrics(State(services): State<Services>) -> Response {
    services.telemetry.page()
}
