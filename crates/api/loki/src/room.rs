//! Routes: which paths exist.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use gw_serve::Services;
use serde_json::{Value, json};

use crate::{push, query, tail};

/// The Loki version whose behaviour is imitated.
const EMULATED: &str = "3.5.0";

/// The room's routes.
pub fn room(services: Services) -> Router {
    let api = Router::new()
        .route("/push", post(push::push))
        .route("/query", get(query::instant).post(query::instant))
        .route("/query_range", get(query::range).post(query::range))
        .route("/label", get(query::labels).post(query::labels))
        .route("/labels", get(query::labels).post(query::labels))
        .route("/label/{name}/values", get(query::values).post(query::values))
        .route("/series", get(query::series).post(query::series))
        .route("/tail", get(tail::tail))
        .route("/status/buildinfo", get(build_info));
    Router::new()
        .nest("/loki/api/v1", api)
        .route("/api/prom/push", post(push::push))
        .route("/ready", get(|| async { "ready\n" }))
        .route("/metrics", get(metrics))
        .with_state(services)
}

async fn build_info(State(services): State<Services>) -> Json<Value> {
    let revision = format!("gatewatch-{}", services.about.version);
    Json(
        json!({"version": EMULATED, "revision": revision, "branch": "main", "buildUser": "", "buildDate": "", "goVersion": ""}),
    )
}

async fn metrics(State(services): State<Services>) -> Response {
    services.telemetry.page()
}
