//! Routes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use gw_base::World;
use gw_collect::Containers;
use gw_formats::exposition::CONTENT_TYPE;
use gw_serve::{Params, Services};
use http::{StatusCode, header};

use crate::errors::ApiError;
use crate::events;
use crate::pages::{self, Shown};
use crate::params::{EventFilter, Options, Question};
use crate::versions::{Office, check};

/// Where things are unless flags say otherwise.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The metrics page (`--prometheus_endpoint`).
    pub metrics: String,
    /// In front of everything (`--url_base_prefix`); empty or beginning with a slash.
    pub base: String,
}

impl Default for Paths {
    fn default() -> Self {
        Self { metrics: "/metrics".to_owned(), base: String::new() }
    }
}

#[derive(Clone)]
struct Desk {
    containers: Containers,
    world: Arc<dyn World>,
    base: Arc<str>,
}

/// The room's routes beside our web UI, whose pages answer for the original's.
pub fn room(services: Services, containers: Containers) -> Router {
    let desk = Desk { containers, world: services.world, base: "".into() };
    api(&Paths::default()).with_state(desk)
}

/// The room's routes with pages of their own, for cAdvisor's own way of running.
pub fn room_at(paths: &Paths, world: Arc<dyn World>, containers: Containers) -> Router {
    let desk = Desk { containers, world, base: paths.base.as_str().into() };
    let home = format!("{}/containers/", paths.base);
    let routes = api(paths)
        .route("/", get(move || std::future::ready(Redirect::temporary(&home))))
        .route("/containers", get(tree))
        .route("/containers/", get(tree))
        .route("/containers/{*path}", get(tree_below))
        .route("/docker", get(runtimes))
        .route("/docker/", get(runtimes))
        .with_state(desk);
    if paths.base.is_empty() { routes } else { Router::new().nest(&paths.base, routes) }
}

fn api(paths: &Paths) -> Router<Desk> {
    Router::new()
        .route(&paths.metrics, get(metrics))
        .route("/healthz", get(|| std::future::ready("ok")))
        .route("/validate", get(validate))
        .route("/validate/", get(validate))
        .route("/api", any(versions))
        .route("/api/", any(versions))
        .route("/api/{*question}", any(answer))
}

/// Runs what reads files on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::failed(format!("reading containers failed: {error}")))
}

async fn metrics(State(desk): State<Desk>) -> Result<Response, ApiError> {
    let text = blocking(move || desk.containers.page(&desk.world)).await?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

async fn versions() -> ApiError {
    match check(&Question::parse("")) {
        Err(error) => error,
        Ok(()) => ApiError::failed("malformed request"),
    }
}

async fn answer(
    State(desk): State<Desk>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, ApiError> {
    let question = Question::parse(&path);
    check(&question)?;
    let params = Params::parse(query.as_deref().unwrap_or_default());
    if question.kind == "events" {
        let filter = EventFilter::of(question.path(), &params);
        if filter.stream {
            return Ok(events::follow(desk.containers, desk.world, filter).await);
        }
        let past = blocking(move || events::past(&desk.containers, &desk.world, &filter)).await?;
        return Ok(json(&past));
    }
    let answered = blocking(move || {
        let office = Office { containers: &desk.containers, world: &desk.world };
        if question.version.starts_with("v1.") {
            office.v1(&question, &body)
        } else {
            office.v2(&question, &Options::of(&params)?, (params.get("label"), params.get("uuid")))
        }
    });
    Ok(json(&answered.await??))
}

fn json(value: &serde_json::Value) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn show(desk: Desk, shown: Shown, path: String) -> Result<Html<String>, ApiError> {
    let snapshot = move || {
        let snapshot = desk.containers.snapshot(&desk.world, std::time::Duration::from_secs(1));
        pages::containers(&snapshot, shown, &path, &desk.base)
    };
    blocking(snapshot).await.map(Html)
}

async fn tree(State(desk): State<Desk>) -> Result<Html<String>, ApiError> {
    show(desk, Shown::Tree, "/".to_owned()).await
}

async fn tree_below(State(desk): State<Desk>, Path(path): Path<String>) -> Result<Html<String>, ApiError> {
    show(desk, Shown::Tree, format!("/{}", path.trim_matches('/'))).await
}

async fn runtimes(State(desk): State<Desk>) -> Result<Html<String>, ApiError> {
    show(desk, Shown::Containers, String::new()).await
}

async fn validate(State(desk): State<Desk>) -> Result<Html<String>, ApiError> {
    let snapshot = move || desk.containers.snapshot(&desk.world, std::time::Duration::from_secs(1));
    blocking(move || pages::validation(&snapshot())).await.map(Html)
}
