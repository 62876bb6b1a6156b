//! Routes: which paths exist.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use gw_serve::Services;
use serde_json::{Value, json};

use crate::{collector, query};

/// The query API's routes (port 1005).
pub fn room(services: Services) -> Router {
    Router::new()
        .route("/api/services", get(query::services))
        .route("/api/services/{service}/operations", get(query::operation_names))
        .route("/api/operations", get(query::operations))
        .route("/api/traces", get(query::search))
        .route("/api/traces/{id}", get(query::trace))
        .route("/api/dependencies", get(query::dependencies))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(services)
}

/// The collector's routes (port 1006).
pub fn collector_room(services: Services) -> Router {
    Router::new()
        .route("/api/traces", post(collector::collect))
        .route("/api/sampling", get(collector::sampling))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(services)
}

async fn health(State(services): State<Services>) -> Json<Value> {
    let since = services.about.started_at;
    let up = services.world.now().since(since) / 1_000_000_000;
    Json(json!({"status": "Server available", "upSince": since.to_string(), "uptime": format!("{up}s")}))
}

async fn metrics(State(services): State<Services>) -> Response {
    services.telemetry.page()
}
