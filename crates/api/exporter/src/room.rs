//! Routes: the metrics page and the landing page.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use gw_base::World;
use gw_collect::{HostPages, PageFilter};
use gw_formats::exposition::{CONTENT_TYPE, Writer};
use gw_serve::{Params, Services};
use http::{StatusCode, header};

/// Where the page is unless a flag says otherwise.
const TELEMETRY_PATH: &str = "/metrics";

#[derive(Clone)]
struct Exporter {
    pages: Arc<HostPages>,
    world: Arc<dyn World>,
}

/// The room's routes, with the page at `/metrics`.
pub fn room(services: Services, pages: Arc<HostPages>) -> Router {
    room_at(TELEMETRY_PATH, services.world, pages)
}

/// The room's routes, with the page at a path of the user's own (`--web.telemetry-path`).
pub fn room_at(path: &str, world: Arc<dyn World>, pages: Arc<HostPages>) -> Router {
    let landing = landing(path);
    let router = Router::new().route(path, get(metrics)).with_state(Exporter { pages, world });
    match path {
        "/" => router,
        _ => router.route("/", get(move || std::future::ready(Html(landing.clone())))),
    }
}

/// Reads the machine now: values are those of the moment of the request, as in the original.
async fn metrics(State(exporter): State<Exporter>, params: Params) -> Response {
    let filter = PageFilter {
        collect: params.all("collect[]").map(str::to_owned).collect(),
        exclude: params.all("exclude[]").map(str::to_owned).collect(),
    };
    let read = move || {
        let mut writer = Writer::default();
        exporter.pages.write(&filter, exporter.world.as_ref(), &mut writer).map(|()| writer.finish())
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        // Wire: the words of `node_exporter`'s handler.
        Ok(Err(error)) => {
            (StatusCode::BAD_REQUEST, format!("Couldn't create filtered metrics handler: {error}")).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("reading the host failed: {error}")).into_response(),
    }
}

fn landing(path: &str) -> String {
    let path = path.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Node Exporter</title></head>\n\
         <body>\n<h1>Node Exporter</h1>\n<h2>Prometheus Node Exporter, by Gatewatch {}</h2>\n\
         <ul><li><a href=\"{path}\">Metrics</a></li></ul>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}
