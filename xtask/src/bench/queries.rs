//! What an open UI asks for, over and over, each answer timed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use gw_testkit::http::{self, encode};

use super::product::Product;
use crate::environment::{clock, pause};
use crate::terminal::say;

/// Answer times by page element, and how many answers were no success.
#[derive(Default)]
pub(super) struct Times {
    times: BTreeMap<&'static str, Vec<Duration>>,
    failures: BTreeMap<&'static str, (u64, String)>,
}

/// Asks one round of everything each second until told to stop.
pub(super) fn run(cookie: &str, stop: &AtomicBool) -> Times {
    let mut times = Times::default();
    while !stop.load(Ordering::Relaxed) {
        let round = clock();
        for (name, path) in round_of_queries() {
            times.take(name, || http::request(Product::port(1003), "GET", &path, &[("cookie", cookie)], b""));
        }
        pause(Duration::from_secs(1).saturating_sub(round.elapsed()));
    }
    times
}

fn round_of_queries() -> Vec<(&'static str, String)> {
    let end = super::load::now_seconds();
    let range = |query: &str| {
        let start = end - 3600;
        format!("/rooms/prometheus/api/v1/query_range?query={}&start={start}&end={end}&step=15", encode(query))
    };
    let logs = |query: &str, limit: u64| {
        let (query, start) = (encode(query), end - 900);
        format!(
            "/rooms/loki/loki/api/v1/query_range?query={query}&start={start}000000000&end={end}000000000&limit={limit}&step=15"
        )
    };
    vec![
        ("overview", "/api/gw/overview".to_owned()),
        ("gateway page", "/api/gw/gateway".to_owned()),
        ("hosts", "/api/gw/hosts".to_owned()),
        ("sources", "/api/gw/sources".to_owned()),
        ("metrics: one host, 1 h", range("avg(rate(node_cpu_seconds_total{mode!=\"idle\"}[1m]))")),
        ("metrics: sum by over 10 k series, 1 h", range("sum by (code) (rate(bench_requests_total[1m]))")),
        ("metrics: one route, 1 h", range("sum(rate(bench_requests_total{route=\"/api/v1/thing/7\"}[1m]))")),
        ("logs: newest 100", logs("{job=\"bench\"}", 100)),
        ("logs: word, newest 100", logs("{job=\"bench\"} |= \"shop-7 \"", 100)),
        ("logs: histogram, 15 min", logs("sum(count_over_time({job=\"bench\"}[15s]))", 100)),
        ("traces: search", "/rooms/jaeger/api/traces?service=bench&limit=20&lookback=15m".to_owned()),
        ("traces: by id", format!("/rooms/jaeger/api/traces/{:032x}", 7)),
    ]
}

impl Times {
    /// Times an answer.
    pub(super) fn take(&mut self, name: &'static str, ask: impl FnOnce() -> Result<http::Answer>) {
        let begun = clock();
        let answer = ask();
        self.times.entry(name).or_default().push(begun.elapsed());
        if let Err(error) = answer.and_then(http::Answer::success) {
            let failure = self.failures.entry(name).or_default();
            *failure = (failure.0 + 1, format!("{error:#}"));
        }
    }

    /// Prints a line for each element, and one over all of them.
    pub(super) fn print(&self) {
        let mut all: Vec<Duration> = self.times.values().flatten().copied().collect();
        for (name, times) in &self.times {
            let mut times = times.clone();
            say(&format!("  {name:<40} {}", summary(&mut times)));
        }
        say(&format!("  {:<40} {}", "all queries", summary(&mut all)));
        for (name, (count, last)) in &self.failures {
            say(&format!("  {name}: {count} answers failed, the last with {last}"));
        }
    }
}

fn summary(times: &mut [Duration]) -> String {
    times.sort();
    let at = |share: usize| {
        times.get(times.len().saturating_sub(1) * share / 100).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    format!("{:>6} answers, p50 {:>7.1} ms, p95 {:>7.1} ms, p99 {:>7.1} ms", times.len(), at(50), at(95), at(99))
}
