//! `bench smoke`: a 10 k-series target, 5 MB/s of logs and 2 k spans/s together, with the UI open. Nothing may be dropped.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use gw_testkit::http::encode;

use super::load::{Counter, LOGS, SPANS};
use super::product::{Product, mebibytes};
use super::{queries, target};
use crate::environment::{clock, pause};
use crate::terminal::say;

/// Loads the binary for so many minutes and prints what came of it; a dropped row is an error.
pub(super) fn run(binary: &Path, minutes: u64) -> Result<()> {
    let port = target::start()?;
    let config = format!(
        "collect:\n  scrape:\n    interval: 5s\n    timeout: 5s\n    configs:\n      - job_name: bench\n\
         \x20       static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    );
    let product = Product::start(binary, &config)?;
    let cookie = product.session()?;
    say(&format!(
        "load for {minutes} min: {} series every 5 s, 5 MB/s of logs, 2,000 spans/s, UI open",
        target::SERIES
    ));
    let (logs, spans, stop) = (Counter::default(), Counter::default(), AtomicBool::new(false));
    let (begun, most) = (clock(), std::sync::atomic::AtomicU64::new(0));
    let times = std::thread::scope(|scope| {
        let senders = [scope.spawn(|| LOGS.run(&logs, &stop)), scope.spawn(|| SPANS.run(&spans, &stop))];
        let asker = scope.spawn(|| queries::run(&cookie, &stop));
        while begun.elapsed() < Duration::from_secs(minutes * 60) && !senders.iter().any(|sender| sender.is_finished())
        {
            most.fetch_max(product.resident_bytes().unwrap_or(0), Ordering::Relaxed);
            pause(Duration::from_millis(500));
        }
        stop.store(true, Ordering::Relaxed);
        for sender in senders {
            if let Ok(Err(error)) = sender.join() {
                say(&format!("a sender ended early: {error:#}"));
            }
        }
        asker.join().unwrap_or_default()
    });
    let elapsed = begun.elapsed();
    times.print();
    say(&format!("resident memory at most: {}", mebibytes(most.load(Ordering::Relaxed))));
    let cores = product.processor_time()?.as_secs_f64() / elapsed.as_secs_f64();
    say(&format!("processor: {cores:.2} cores; stored: {}", mebibytes(product.stored_bytes()?)));
    let lost = [
        report("log lines", &logs, stored_lines(&product)?),
        report("spans", &spans, stored_spans(&product)?),
        scrapes(&product, elapsed)?,
    ];
    if lost.contains(&true) {
        bail!("something was dropped");
    }
    Ok(())
}

/// Prints sent against stored and returns whether anything is missing.
fn report(what: &str, counter: &Counter, stored: u64) -> bool {
    let (acknowledged, dropped) =
        (counter.acknowledged.load(Ordering::Relaxed), counter.dropped.load(Ordering::Relaxed));
    let late = counter.late.load(Ordering::Relaxed);
    say(&format!("{what}: {acknowledged} acknowledged, {dropped} refused, {stored} stored, {late} batches late"));
    dropped > 0 || stored < acknowledged
}

/// Whether every scrape of the target succeeded with all of its series.
fn scrapes(product: &Product, elapsed: Duration) -> Result<bool> {
    let range = elapsed.as_secs() + 60;
    let up = instant(product, &format!("sum(sum_over_time(up{{job=\"bench\"}}[{range}s]))"))?;
    let all = instant(product, &format!("sum(count_over_time(up{{job=\"bench\"}}[{range}s]))"))?;
    let least = instant(product, &format!("min(min_over_time(scrape_samples_scraped{{job=\"bench\"}}[{range}s]))"))?;
    let expected = elapsed.as_secs() / 5;
    say(&format!("scrapes: {up} good of {all} ({expected} expected), {least} samples in the smallest"));
    Ok(up < all || all + 2 < expected || least < target::SERIES as u64)
}

fn stored_lines(product: &Product) -> Result<u64> {
    // Steps of a minute keep each evaluation small; the sum over all of them is every line once.
    let end = super::load::now_seconds() / 60 * 60 + 60;
    let query = encode("sum(count_over_time({job=\"bench\"}[1m]))");
    let path =
        format!("/loki/api/v1/query_range?query={query}&start={}000000000&end={end}000000000&step=60", end - 7200);
    let answer = product.get(1004, &path)?.success()?.json()?;
    let values = answer["data"]["result"][0]["values"].as_array().context("the lines were counted")?;
    let counts = values.iter().filter_map(|point| point[1].as_str()?.parse::<f64>().ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of lines")]
    Ok(counts.sum::<f64>() as u64)
}

fn stored_spans(product: &Product) -> Result<u64> {
    let cookie = product.session()?;
    let status = gw_testkit::http::request(Product::port(1003), "GET", "/api/gw/status", &[("cookie", &cookie)], b"")?;
    let status = status.success()?.json()?;
    let signals = status["signals"].as_array().context("the status lists signals")?;
    let spans = signals.iter().find(|signal| signal["signal"] == "spans").context("spans are a signal")?;
    Ok(spans["rows"].as_u64().unwrap_or(0))
}

fn instant(product: &Product, query: &str) -> Result<u64> {
    let answer = product.get(1002, &format!("/api/v1/query?query={}", encode(query)))?.success()?.json()?;
    let text = answer["data"]["result"][0]["value"][1].as_str().with_context(|| format!("{query} has no result"))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    Ok(text.parse::<f64>()? as u64)
}
