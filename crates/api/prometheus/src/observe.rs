//! What the room does, counted: requests by handler and code, queries by the time they take. Names, types and labels are
//! Prometheus', so that dashboards and alerts about a Prometheus server hold for this one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use gw_base::World;
use gw_batch::MetricType;
use gw_serve::Page;

use crate::render::Timings;

/// Upper bounds of request durations in seconds, as upstream's web package has them.
const BOUNDS: [f64; 9] = [0.1, 0.2, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 120.0];
/// Observations that quantiles are made of: the newest ones.
const WINDOW: usize = 1024;
/// Handlers and codes that are told apart at most; the routes are fixed, so that this is never reached.
const MOST_HANDLERS: usize = 256;
/// Where the UI reaches this room, beside the room's own port.
const UI_PREFIX: &str = "/rooms/prometheus";

/// Counters of a room. Shared by all listeners of it.
#[derive(Debug, Default)]
pub struct Observed {
    running: AtomicI64,
    samples: AtomicU64,
    reads: AtomicI64,
    queries: Mutex<[Window; 2]>,
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    durations: Mutex<BTreeMap<String, Durations>>,
}

#[derive(Debug, Default)]
struct Window {
    newest: Vec<f64>,
    sum: f64,
    count: u64,
}

impl Window {
    fn add(&mut self, seconds: f64) {
        let at = (self.count % WINDOW as u64) as usize;
        match self.newest.get_mut(at) {
            Some(place) => *place = seconds,
            None => self.newest.push(seconds),
        }
        self.sum += seconds;
        self.count += 1;
    }

    fn quantile(&self, q: f64) -> f64 {
        let mut sorted = self.newest.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (q * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }
}

#[derive(Debug, Default)]
struct Durations {
    buckets: [u64; BOUNDS.len()],
    sum: f64,
    count: u64,
}

/// A query or a read that runs; it has ended when this is dropped.
pub(crate) struct Running<'a>(&'a AtomicI64);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Observed {
    /// A query begins.
    pub(crate) fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(&self.running)
    }

    /// A remote read begins.
    pub(crate) fn begin_read(&self) -> Running<'_> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Running(&self.reads)
    }

    /// A query has been answered.
    pub(crate) fn query(&self, timings: Timings, samples: u64) {
        self.samples.fetch_add(samples, Ordering::Relaxed);
        let mut windows = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        let Timings { queue, preparation, evaluation, sort } = timings;
        for (window, seconds) in windows.iter_mut().zip([preparation, evaluation - sort, queue, sort]) {
            window.add(seconds);
        }
    }

    fn request(&self, handler: &str, code: u16, seconds: f64) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() < MOST_HANDLERS || requests.contains_key(&(handler.to_owned(), code)) {
            *requests.entry((handler.to_owned(), code)).or_default() += 1;
        }
        drop(requests);
        let mut all = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST_HANDLERS || all.contains_key(handler) {
            let durations = all.entry(handler.to_owned()).or_default();
            if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
                durations.buckets[bucket] += 1;
            }
            durations.sum += seconds;
            durations.count += 1;
        }
    }

    /// Writes the counters on a metrics page.
    pub fn page(&self, page: &mut Page) {
        self.engine(page);
        for ((handler, code), count) in self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let code = code.to_string();
            let labels = [("code", code.as_str()), ("handler", handler)];
            page.counter("prometheus_http_requests_total", "Counter of HTTP requests.", &labels, *count);
        }
        for (handler, durations) in self.durations.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            durations.page(page, handler);
        }
        let help = "The number of remote read queries currently being executed or waiting.";
        page.gauge("prometheus_api_remote_read_queries", help, &[], self.reads.load(Ordering::Relaxed) as f64);
    }

    fn engine(&self, page: &mut Page) {
        let help = "The current number of queries being executed or waiting.";
        page.gauge("prometheus_engine_queries", help, &[], self.running.load(Ordering::Relaxed) as f64);
        let help = "The total number of samples loaded by all queries.";
        page.counter("prometheus_engine_query_samples_total", help, &[], self.samples.load(Ordering::Relaxed));
        page.gauge("prometheus_engine_query_log_enabled", "State of the query log.", &[], 0.0);
        let (name, help) = ("prometheus_engine_query_duration_seconds", "Query timings");
        let windows = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        for (slice, window) in
            ["prepare_time", "inner_eval", "queue_time", "result_sort"].into_iter().zip(windows.iter())
        {
            for (word, q) in [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99)] {
                let labels = [("quantile", word), ("slice", slice)];
                page.sample(MetricType::Summary, name, help, &labels, window.quantile(q));
            }
            page.part(MetricType::Summary, name, help, "_sum", &[("slice", slice)], window.sum);
            page.part(MetricType::Summary, name, help, "_count", &[("slice", slice)], window.count as f64);
        }
    }
}

impl Durations {
    fn page(&self, page: &mut Page, handler: &str) {
        let (name, help) = ("prometheus_http_request_duration_seconds", "Histogram of latencies for HTTP requests.");
        let mut below = 0;
        let bounds = BOUNDS.iter().map(f64::to_string).zip(self.buckets);
        for (bound, count) in bounds.chain([("+Inf".to_owned(), self.count - self.buckets.iter().sum::<u64>())]) {
            below += count;
            let labels = [("handler", handler), ("le", bound.as_str())];
            page.part(MetricType::Histogram, name, help, "_bucket", &labels, below as f64);
        }
        page.part(MetricType::Histogram, name, help, "_sum", &[("handler", handler)], self.sum);
        page.part(MetricType::Histogram, name, help, "_count", &[("handler", handler)], self.count as f64);
    }
}

/// The route of a path. Only paths that have a route come here, and of those one alone has a parameter.
fn handler_of(path: &str) -> &str {
    let path = path.strip_prefix(UI_PREFIX).unwrap_or(path);
    if path.starts_with("/api/v1/label/") { "/api/v1/label/:name/values" } else { path }
}

/// Counts a request.
pub(crate) async fn count(
    (observed, world): (Arc<Observed>, Arc<dyn World>),
    request: Request,
    next: Next,
) -> Response {
    let handler = handler_of(request.uri().path()).to_owned();
    let began = world.elapsed();
    let response = next.run(request).await;
    observed.request(&handler, response.status().as_u16(), world.elapsed().saturating_sub(began).as_secs_f64());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_and_quantiles_add_up() {
        let observed = Observed::default();
        for seconds in [0.05, 0.3, 500.0] {
            observed.request("/api/v1/query", 200, seconds);
            observed.query(Timings { preparation: seconds, evaluation: 1.0, ..Timings::default() }, 5);
        }
        let mut page = Page::default();
        observed.page(&mut page);
        let families = page.finish();
        let value = |name: &str, suffix: &str, label: (&str, &str)| {
            let family = families.iter().find(|family| family.name == name).unwrap();
            let found = family.samples.iter().find(|s| s.suffix == suffix && s.labels.get(label.0) == Some(label.1));
            found.unwrap().value
        };
        let name = "prometheus_http_request_duration_seconds";
        assert_eq!(value(name, "_bucket", ("le", "0.1")), 1.0);
        assert_eq!(value(name, "_bucket", ("le", "120")), 2.0);
        assert_eq!(value(name, "_bucket", ("le", "+Inf")), 3.0);
        assert_eq!(value("prometheus_http_requests_total", "", ("code", "200")), 3.0);
        assert_eq!(value("prometheus_engine_query_duration_seconds", "", ("quantile", "0.5")), 0.3);
    }
}
