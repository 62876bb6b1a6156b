//! Routes: which paths exist.

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::routing::post;
use gw_formats::otlp::{LOGS, METRICS, Otlp, TRACES};
use gw_serve::Services;

use crate::{grpc, http_export};

/// The HTTP room (port 4318).
pub fn room(services: Services) -> Router {
    let route = |format: &'static Otlp| {
        post(move |State(services): State<Services>, principal, request| {
            http_export::export(services, format, principal, request)
        })
        .options(http_export::preflight)
    };
    Router::new()
        .route("/v1/traces", route(&TRACES))
        .route("/v1/logs", route(&LOGS))
        .route("/v1/metrics", route(&METRICS))
        .layer(middleware::from_fn(http_export::allow_origin))
        .with_state(services)
}

/// The gRPC room (port 4317).
pub fn grpc_room(services: Services) -> Router {
    let route = |format: &'static Otlp| {
        post(move |State(services): State<Services>, principal, request| {
            grpc::export(services, format, principal, request)
        })
    };
    let service = |name: &str| format!("/opentelemetry.proto.collector.{name}/Export");
    Router::new()
        .route(&service("trace.v1.TraceService"), route(&TRACES))
        .route(&service("logs.v1.LogsService"), route(&LOGS))
        .route(&service("metrics.v1.MetricsService"), route(&METRICS))
        .route("/grpc.health.v1.Health/Check", post(grpc::health))
        .fallback(grpc::unimplemented)
        .with_state(services)
}
