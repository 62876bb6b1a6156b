//! Routes: which paths exist.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use gw_base::BoxFuture;
use gw_collect::board::Board;
use gw_serve::{Params, Principal, Services};

use crate::{names, query, rules, status, targets, write};

/// Reads the configuration again; the error is told to the caller.
pub type Reload = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What this room shows and does besides queries.
#[derive(Clone)]
pub struct Operations {
    /// Scrape targets.
    pub board: Arc<Board>,
    /// Recording and alerting rules.
    pub rules: Arc<gw_detect::RuleBook>,
    /// Reads the configuration again.
    pub reload: Reload,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operations")
    }
}

/// The room's routes.
pub fn room(services: Services, operations: Operations) -> Router {
    let api = Router::new()
        .route("/query", get(query::instant).post(query::instant))
        .route("/query_range", get(query::range).post(query::range))
        .route("/query_exemplars", get(query::exemplars).post(query::exemplars))
        .route("/labels", get(names::labels).post(names::labels))
        .route("/label/{name}/values", get(names::values))
        .route("/series", get(names::series).post(names::series))
        .route("/metadata", get(names::metadata))
        .route("/write", post(write::write))
        .route("/status/buildinfo", get(status::build_info))
        .route("/status/runtimeinfo", get(status::runtime_info))
        .route("/status/flags", get(status::flags))
        .route("/status/config", get(status::config))
        .route("/status/tsdb", get(status::tsdb))
        .merge(boards(&operations));
    Router::new()
        .nest("/api/v1", api)
        .route("/-/healthy", get(status::healthy).head(status::healthy))
        .route("/-/ready", get(status::ready).head(status::ready))
        .route("/-/reload", post(reload_route(operations.clone())).put(reload_route(operations)))
        .with_state(services)
}

fn boards(operations: &Operations) -> Router<Services> {
    let (board, pools) = (Arc::clone(&operations.board), Arc::clone(&operations.board));
    let (book, alerts) = (Arc::clone(&operations.rules), Arc::clone(&operations.rules));
    Router::new()
        .route("/targets", get(move |given: Params| async move { targets::targets(&board, &given) }))
        .route("/scrape_pools", get(move || async move { targets::pools(&pools) }))
        .route("/rules", get(move |given: Params| async move { rules::rules(&book, &given) }))
        .route("/alerts", get(move || async move { rules::alerts(&alerts) }))
}

/// A handler that reloads; on a network listener it asks who it is.
fn reload_route(
    operations: Operations,
) -> impl Fn(State<Services>, Option<Extension<Principal>>) -> BoxFuture<'static, axum::response::Response>
+ Clone
+ Send
+ Sync
+ 'static {
    move |State(_services), principal| {
        let operations = operations.clone();
        Box::pin(async move { status::reload(operations, principal.as_deref()).await })
    }
}
