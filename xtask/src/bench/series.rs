//! Many series for the benches: laid out in requests, sent as fast as they are taken or at a steady pace.

use std::time::Duration;

use anyhow::{Result, ensure};
use gw_testkit::http::Connection;
use gw_testkit::remote_write::Request;

use super::product::Product;

/// Series of a request.
pub(super) const CHUNK: usize = 10_000;
/// Series of a metric name.
const NAMES: [&str; 4] = ["bench_a_total", "bench_b_total", "bench_c_total", "bench_d_total"];

/// The requests that hold so many series, each chunk under its own label `chunk`.
pub(super) fn requests(series: usize) -> Vec<Request> {
    let chunk = |chunk: usize| {
        let end = series.min((chunk + 1) * CHUNK);
        Request::of((chunk * CHUNK..end).map(move |number| labels(chunk, number)))
    };
    (0..series.div_ceil(CHUNK)).map(chunk).collect()
}

/// As much as a series of a real fleet carries.
fn labels(chunk: usize, number: usize) -> Vec<(&'static str, String)> {
    vec![
        ("__name__", NAMES[number % NAMES.len()].to_owned()),
        ("chunk", chunk.to_string()),
        ("instance", format!("10.{}.{}.{}:9100", number >> 16 & 255, number >> 8 & 255, number & 255)),
        ("job", format!("job-{}", number / 1000 % 50)),
        ("pod", format!("shop-{:x}-{:04}", number / 100, number % 100)),
        ("route", format!("/api/v1/thing/{}", number % 97)),
    ]
}

/// A connection for remote writes.
pub(super) fn connect() -> Result<Connection> {
    Connection::open(Product::port(1002), Duration::from_secs(60))
}

/// Sends a request, which must be taken.
pub(super) fn deliver(request: &Request, to: &mut Connection) -> Result<()> {
    let answer = request.send(to)?;
    ensure!(answer.status == 204, "a remote write is answered {}: {}", answer.status, answer.text());
    Ok(())
}

/// Milliseconds since 1970, now.
pub(super) fn now_millis() -> u64 {
    u64::try_from(super::load::now_nanos() / 1_000_000).unwrap_or(0)
}
