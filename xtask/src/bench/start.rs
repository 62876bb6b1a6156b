//! `bench start`: size of the binary, start to ready on an empty store, and memory of the idle product with a page open.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::product::{Product, mebibytes};
use crate::environment::{clock, pause};
use crate::terminal::say;

const STARTS: usize = 7;
const IDLE: Duration = Duration::from_secs(120);

/// Measures and prints.
pub(super) fn run(binary: &Path) -> Result<()> {
    let size = std::fs::metadata(binary).with_context(|| format!("cannot read {}", binary.display()))?.len();
    say(&format!("binary: {}", mebibytes(size)));
    let mut times = Vec::new();
    for _ in 0..STARTS {
        times.push(Product::start(binary, "")?.ready_after);
    }
    times.sort();
    let at = |index: usize| times.get(index).copied().unwrap_or_default().as_millis();
    say(&format!("start to ready, {STARTS} starts: median {} ms, slowest {} ms", at(STARTS / 2), at(STARTS - 1)));
    idle(binary)
}

/// What an open Overview asks for, every few seconds, while host collection and self-scrape go on.
fn idle(binary: &Path) -> Result<()> {
    let product = Product::start(binary, "")?;
    let cookie = product.session()?;
    let headers = [("cookie", cookie.as_str())];
    let (begun, before) = (clock(), product.processor_time()?);
    let mut most = 0;
    while begun.elapsed() < IDLE {
        for path in ["/api/gw/overview", "/api/gw/status", "/api/gw/alerts"] {
            gw_testkit::http::request(Product::port(1003), "GET", path, &headers, b"")?.success()?;
        }
        most = most.max(product.resident_bytes()?);
        pause(Duration::from_secs(5));
    }
    let used = product.processor_time()?.saturating_sub(before);
    say(&format!(
        "idle for {} s with Overview open: {} resident at most, {} now, {:.1} % of one core",
        IDLE.as_secs(),
        mebibytes(most),
        mebibytes(product.resident_bytes()?),
        used.as_secs_f64() / IDLE.as_secs_f64() * 100.0
    ));
    Ok(())
}
