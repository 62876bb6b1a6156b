//! Routes: the metrics page and the landing page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use gw_collect::{HostPages, PageFilter, Requests};
use gw_serve::{Params, Services};
use http::{StatusCode, header};

/// Wire: what `node_exporter` up to 1.8 answers; the escaping scheme that later ones add is the same text.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How the room is set up, in the original's flags.
#[derive(Debug, Clone)]
pub struct ExporterOptions {
    /// Where the page is (`--web.telemetry-path`).
    pub path: String,
    /// Most requests that are answered at a time, 0 for any number (`--web.max-requests`).
    pub max_requests: u64,
    /// Whether the exporter tells of itself (`--web.disable-exporter-metrics`).
    pub own_metrics: bool,
}

impl Default for ExporterOptions {
    fn default() -> Self {
        Self { path: "/metrics".to_owned(), max_requests: 40, own_metrics: true }
    }
}

struct Exporter {
    pages: Arc<HostPages>,
    options: ExporterOptions,
    in_flight: AtomicU64,
    answered: [AtomicU64; 3],
    /// Length of the last page, so that the next one grows once.
    length: AtomicUsize,
}

/// Places in [`Requests::answered`].
const OK: usize = 0;
const FAILED: usize = 1;
const TOO_MANY: usize = 2;

/// The room's routes, with the page at `/metrics`.
pub fn room(_: Services, pages: Arc<HostPages>) -> Router {
    room_with(ExporterOptions::default(), pages)
}

/// The room's routes as the original's flags wish them.
pub fn room_with(options: ExporterOptions, pages: Arc<HostPages>) -> Router {
    let (landing, path) = (landing(&options.path), options.path.clone());
    let exporter = Exporter {
        pages,
        options,
        in_flight: AtomicU64::new(0),
        answered: Default::default(),
        length: AtomicUsize::new(0),
    };
    let router = Router::new().route(&path, get(metrics)).with_state(Arc::new(exporter));
    match path.as_str() {
        "/" => router,
        _ => router.route("/", get(move || std::future::ready(Html(landing.clone())))),
    }
}

/// Reads the machine now: values are those of the moment of the request, as in the original.
async fn metrics(State(exporter): State<Arc<Exporter>>, params: Params) -> Response {
    let limit = exporter.options.max_requests;
    let _slot = Slot::take(&exporter);
    if limit > 0 && exporter.in_flight.load(Ordering::Relaxed) > limit {
        exporter.count(TOO_MANY);
        let words = format!("Limit of concurrent requests reached ({limit}), try again later.\n");
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    let filter = PageFilter {
        collect: params.all("collect[]").map(str::to_owned).collect(),
        exclude: params.all("exclude[]").map(str::to_owned).collect(),
    };
    // Wire: the words of `node_exporter`'s handler.
    if let Err(error) = exporter.pages.check(&filter) {
        let words = format!("Couldn't create filtered metrics handler: {error}");
        return (StatusCode::BAD_REQUEST, words).into_response();
    }
    let reader = Arc::clone(&exporter);
    match tokio::task::spawn_blocking(move || reader.page(&filter)).await {
        Ok(Ok(text)) => {
            exporter.count(OK);
            ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
        }
        Ok(Err(error)) => exporter.failed(&error),
        Err(error) => exporter.failed(&error),
    }
}

impl Exporter {
    fn page(&self, filter: &PageFilter) -> Result<Vec<u8>, gw_collect::CollectError> {
        let mut text = Vec::with_capacity(self.length.load(Ordering::Relaxed) + 1024);
        let requests = self.options.own_metrics.then(|| Requests {
            in_flight: self.in_flight.load(Ordering::Relaxed),
            answered: self.answered.each_ref().map(|count| count.load(Ordering::Relaxed)),
        });
        self.pages.write(filter, requests.as_ref(), &mut text)?;
        self.length.store(text.len(), Ordering::Relaxed);
        Ok(text)
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> Response {
        self.count(FAILED);
        (StatusCode::INTERNAL_SERVER_ERROR, format!("reading the host failed: {error}")).into_response()
    }

    fn count(&self, place: usize) {
        self.answered[place].fetch_add(1, Ordering::Relaxed);
    }
}

/// A request that is being answered.
struct Slot<'a>(&'a Exporter);

impl<'a> Slot<'a> {
    fn take(exporter: &'a Exporter) -> Self {
        exporter.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(exporter)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
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
