//! Routes of Gatewatch's own API.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use gw_base::BoxFuture;
use gw_collect::board::Board;
use gw_serve::{Gate, Principal, Services};

use crate::alerts::{self, Alerting};
use crate::{
    auth, containers, explain, gateway, hosts, live, overview, processes, search, services as service_page, silences,
    sources, sql, tokens, users,
};

/// Remembers whether a discovered endpoint is to be collected, and starts or stops collecting it.
pub type Accept = Arc<dyn Fn(String, bool) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What this room shows and does besides queries.
#[derive(Clone)]
pub struct Desk {
    /// Targets, collectors, tails, monitors.
    pub board: Arc<Board>,
    /// Accepts discovered endpoints.
    pub accept: Accept,
    /// This machine.
    pub machine: Arc<gw_collect::HostPages>,
    /// Its name, as `instance` of its metrics.
    pub host_name: Arc<str>,
    /// Containers of this machine.
    pub containers: gw_collect::Containers,
    /// Alerts and silences.
    pub alerting: Alerting,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

/// The room's routes; all but signing in need somebody who has signed in.
pub fn room(services: Services, desk: Desk, gate: &Gate) -> Router {
    let pages = Router::new()
        .route("/overview", get(overview_route(desk.clone())))
        .route("/gateway", get(gateway::page))
        .route("/services", get(service_page::page))
        .route("/status", get(sources::status))
        .route("/search", get(search::search))
        .route("/sql", post(sql::run))
        .route("/explain", get(explain::explain))
        .merge(auth::routes())
        .merge(users::routes())
        .merge(tokens::routes())
        .merge(silences::routes(desk.alerting.dispatcher.silences().clone()))
        .merge(alerts::routes(desk.alerting.clone()))
        .merge(machine_routes(&services, &desk))
        .merge(source_routes(desk));
    let guarded = gate.signed_in(pages.with_state(services.clone()));
    // Signing in is open, but not to foreign web pages.
    let open = gate.without_credentials(auth::open_routes().with_state(services));
    Router::new().nest("/api/gw", guarded.merge(open))
}

fn overview_route(
    desk: Desk,
) -> impl Fn(State<Services>) -> BoxFuture<'static, Result<Json<serde_json::Value>, gw_serve::Fault>>
+ Clone
+ Send
+ Sync
+ 'static {
    move |State(services)| Box::pin(overview::page(services, Arc::clone(&desk.board), Arc::clone(&desk.alerting.rules)))
}

/// Hosts, and what runs on this one.
fn machine_routes(services: &Services, desk: &Desk) -> Router<Services> {
    let world = || Arc::clone(&services.world);
    let (containers, pages) = (desk.containers.clone(), Arc::clone(&desk.machine));
    let streams = Arc::new(tokio::sync::Semaphore::new(live::STREAMS));
    let machine = live::Machine { pages: Arc::clone(&pages), world: world(), streams };
    let usage = Arc::default();
    let processes = processes::Watch { containers: containers.clone(), machine: pages, world: world(), usage };
    let watch = containers::Watch { containers, world: world() };
    let name = Arc::clone(&desk.host_name);
    let page = move |State(services): State<Services>| hosts::page(services, Arc::clone(&name));
    Router::new()
        .route("/hosts", get(page))
        .merge(Router::new().route("/hosts/live", get(live::stream)).with_state(machine))
        .merge(Router::new().route("/processes", get(processes::page)).with_state(processes))
        .route("/containers", get(containers::page).with_state(watch.clone()))
        .route("/container", get(containers::detail).with_state(watch))
}

fn source_routes(desk: Desk) -> Router<Services> {
    let Desk { board, accept, .. } = desk;
    let shown = Arc::clone(&board);
    let decide =
        move |path: Path<String>, principal: Option<Extension<Principal>>, body: Option<Json<sources::Decision>>| {
            sources::decide(Arc::clone(&board), Arc::clone(&accept), path, principal, body)
        };
    Router::new()
        .route("/sources", get(move || async move { sources::page(&shown) }))
        .route("/sources/discovered/{id}", post(decide))
}
