//! Routes: which paths exist.

use std::sync::Arc;

use axum::extract::State;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router, middleware};
use gw_base::{BoxFuture, Labels};
use gw_collect::RelabelStep;
use gw_collect::board::Board;
use gw_serve::{Params, Principal, Services, Upload};
use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;

use crate::admin::Admin;
use crate::observe::Observed;
use crate::reloads::Reloads;
use crate::settings::Settings;
use crate::{
    admin, cors, features, federate, names, notifications, observe, openapi, query, read, rules, search, self_metrics,
    status, syntax, targets, write,
};

/// Reads the configuration again; the error is told to the caller.
pub type Reload = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;
/// Labels that other servers see on our series, as configured now.
pub type ExternalLabels = Arc<dyn Fn() -> Labels + Send + Sync>;
/// What each relabelling rule of a scrape job makes of a label set; `None` when there is no such job.
pub type Relabel = Arc<dyn Fn(&str, &Labels) -> Option<Vec<RelabelStep>> + Send + Sync>;

/// What this room shows and does besides queries.
#[derive(Clone)]
pub struct Operations {
    /// Scrape targets.
    pub board: Arc<Board>,
    /// Recording and alerting rules.
    pub rules: Arc<gw_detect::RuleBook>,
    /// Reads the configuration again.
    pub reload: Reload,
    /// How that went.
    pub reloads: Arc<Reloads>,
    /// How the room behaves.
    pub settings: Settings,
    /// Labels for federation and remote read.
    pub external_labels: ExternalLabels,
    /// Shows what relabelling does.
    pub relabel: Relabel,
    /// Deletes and snapshots, where storage can.
    pub admin: Option<Arc<dyn Admin>>,
    /// Counters of the room.
    pub observed: Arc<Observed>,
    /// Places of remote reads.
    pub reads: Arc<Semaphore>,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Places for so many remote reads at a time.
#[must_use]
pub fn read_slots(concurrent: usize) -> Arc<Semaphore> {
    read::slots(concurrent)
}

/// The room's routes.
pub fn room(services: Services, operations: Operations) -> Router {
    let origins = operations.settings.cors.clone();
    let counted = (Arc::clone(&operations.observed), Arc::clone(&services.world));
    let api = queries(&operations)
        .merge(series(&operations))
        .merge(exchange(&operations))
        .merge(boards(&operations))
        .merge(statuses(&operations))
        .merge(administration(&operations))
        .layer(middleware::from_fn(move |request, next| cors::allow(origins.clone(), request, next)));
    Router::new()
        .nest("/api/v1", api)
        .route("/federate", get(federation(&operations)))
        .route("/version", get(status::version))
        .route("/-/healthy", get(status::healthy).head(status::healthy))
        .route("/-/ready", get(status::ready).head(status::ready))
        .route("/-/reload", post(reload_route(operations.clone())).put(reload_route(operations)))
        .layer(middleware::from_fn(move |request, next| observe::count(counted.clone(), request, next)))
        .with_state(services)
}

/// GET and POST of the same handler. The question before the question of browsers is answered by the layer around all.
fn both<H, T>(handler: H) -> MethodRouter<Services>
where
    H: Handler<T, Services>,
    T: 'static,
{
    get(handler.clone()).post(handler)
}

fn change<H, T>(handler: H) -> MethodRouter<Services>
where
    H: Handler<T, Services>,
    T: 'static,
{
    post(handler.clone()).put(handler)
}

fn queries(operations: &Operations) -> Router<Services> {
    let (instant, range) = (operations.clone(), operations.clone());
    let instant =
        move |State(services): State<Services>, given: Params| query::instant(instant.clone(), services, given);
    let range = move |State(services): State<Services>, given: Params| query::range(range.clone(), services, given);
    Router::new()
        .route("/query", both(instant))
        .route("/query_range", both(range))
        .route("/query_exemplars", both(query::exemplars))
        .route("/format_query", both(syntax::format))
        .route("/parse_query", both(syntax::parse))
}

fn series(operations: &Operations) -> Router<Services> {
    let listing = operations.clone();
    let listing =
        move |State(services): State<Services>, given: Params| names::series(listing.clone(), services, given);
    Router::new()
        .route("/labels", both(names::labels))
        .route("/label/{name}/values", get(names::values))
        .route("/series", both(listing))
        .route("/metadata", get(names::metadata))
        .route("/search/metric_names", both(search::metric_names))
        .route("/search/label_names", both(search::label_names))
        .route("/search/label_values", both(search::label_values))
}

/// Samples of and for other servers.
fn exchange(operations: &Operations) -> Router<Services> {
    let reading = operations.clone();
    let reading = move |State(services): State<Services>, upload: Upload| read::read(reading.clone(), services, upload);
    let router = Router::new().route("/read", post(reading));
    if operations.settings.receive_writes {
        return router.route("/write", post(write::write));
    }
    router.route("/write", post(refuse_writes))
}

/// Wire: upstream's words (web/api/v1/api.go), which senders' operators search for.
async fn refuse_writes() -> Response {
    const WORDS: &str = "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n";
    (StatusCode::NOT_FOUND, WORDS).into_response()
}

fn boards(operations: &Operations) -> Router<Services> {
    let Operations { board, rules: book, .. } = operations;
    let (targets, pools, described) = (Arc::clone(board), Arc::clone(board), Arc::clone(board));
    let (book, alerts) = (Arc::clone(book), Arc::clone(book));
    let relabel = Arc::clone(&operations.relabel);
    Router::new()
        .route("/targets", get(move |given: Params| async move { targets::targets(&targets, &given) }))
        .route(
            "/targets/metadata",
            get(move |State(services): State<Services>, given: Params| async move {
                targets::metadata(&services, &described, &given).await
            }),
        )
        .route(
            "/targets/relabel_steps",
            get(move |given: Params| async move { targets::relabel_steps(&relabel, &given) }),
        )
        .route("/scrape_pools", get(move || async move { targets::pools(&pools) }))
        .route("/rules", get(move |given: Params| async move { rules::rules(&book, &given) }))
        .route("/alerts", get(move || async move { rules::alerts(&alerts) }))
        .route("/alertmanagers", get(status::alertmanagers))
}

fn statuses(operations: &Operations) -> Router<Services> {
    let running = operations.clone();
    let running = move |State(services): State<Services>| status::runtime_info(running.clone(), services);
    let (list, live) = (Arc::clone(&operations.reloads), Arc::clone(&operations.reloads));
    let settings = operations.settings.clone();
    Router::new()
        .route("/status/buildinfo", get(status::build_info))
        .route("/status/runtimeinfo", get(running))
        .route("/status/flags", get(status::flags))
        .route("/status/config", get(status::config))
        .route("/status/tsdb", get(status::tsdb))
        .route("/status/tsdb/blocks", get(status::blocks))
        .route("/status/walreplay", get(status::wal_replay))
        .route(
            "/status/self_metrics",
            get(|State(services): State<Services>, given: Params| async move {
                self_metrics::self_metrics(&services, &given)
            }),
        )
        .route("/features", get(move || async move { features::features(&settings) }))
        .route("/notifications", get(move || async move { notifications::list(&list) }))
        .route("/notifications/live", get(move || async move { notifications::live(&live) }))
        .route("/openapi.yaml", get(openapi::document))
}

type Who = Option<Extension<Principal>>;

fn administration(operations: &Operations) -> Router<Services> {
    let (delete, clean, snapshot) = (operations.clone(), operations.clone(), operations.clone());
    Router::new()
        .route(
            "/admin/tsdb/delete_series",
            change(move |who: Who, given: Params| admin::delete_series(delete.clone(), who, given)),
        )
        .route("/admin/tsdb/clean_tombstones", change(move |who: Who| admin::clean_tombstones(clean.clone(), who)))
        .route(
            "/admin/tsdb/snapshot",
            change(move |who: Who, given: Params| admin::snapshot(snapshot.clone(), who, given)),
        )
}

fn federation(
    operations: &Operations,
) -> impl Fn(State<Services>, HeaderMap, Params) -> BoxFuture<'static, Result<Response, Response>>
+ Clone
+ Send
+ Sync
+ 'static {
    let operations = operations.clone();
    move |services, headers, given| Box::pin(federate::federate(operations.clone(), services, headers, given))
}

/// A handler that reloads; on a network listener it asks who it is.
fn reload_route(
    operations: Operations,
) -> impl Fn(State<Services>, Option<Extension<Principal>>) -> BoxFuture<'static, Response> + Clone + Send + Sync + 'static
{
    move |State(_services), principal| {
        let operations = operations.clone();
        Box::pin(async move { status::reload(operations, principal.as_deref()).await })
    }
}
