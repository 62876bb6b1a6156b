//! `bench death`: queries that ask for more than there is. Each must end in the product's own words, within the memory of one
//! query, while others are answered as before.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use gw_testkit::http::{Connection, encode};

use super::product::{Product, mebibytes};
use super::series::{connect, deliver, now_millis, requests};
use crate::environment::{clock, pause};
use crate::terminal::say;

const SERIES: usize = 20_000;
const DAYS: u64 = 30;
/// Hours between samples.
const DISTANCE: u64 = 2;
const HOUR_MILLIS: u64 = 3_600_000;
const CONFIG: &str = "store: {retention: 60d}\ncollect: {scrape: {interval: 1h}}\n";
/// Distance of the questions of others.
const PACE: Duration = Duration::from_millis(25);

/// Watches the others and the memory while each query of death is asked for so many seconds.
pub(super) fn run(binary: &Path, seconds: u64) -> Result<()> {
    let product = Product::start(binary, CONFIG)?;
    // Whole seconds, so that points of evaluation meet samples.
    let end = now_millis() / 1000 * 1000;
    fill(end)?;
    let watched = Duration::from_secs(seconds.max(1));
    let (alone, _, _) = beside(&product, || {
        pause(watched);
        Ok(String::new())
    })?;
    say(&format!("others alone: {}", shown(&alone)));
    for (name, path, form) in queries(end / 1000) {
        let before = product.resident_bytes()?;
        let (times, most, said) = beside(&product, || {
            let (begun, mut said) = (clock(), String::new());
            while begun.elapsed() < watched {
                said = ask(path, &form)?;
            }
            Ok(said)
        })?;
        let worse = at(&times, 99).as_secs_f64() / at(&alone, 99).as_secs_f64();
        say(&format!("{name}: {said}"));
        say(&format!(
            "  others: {}, p99 {worse:.1} times that of before; memory {} more at most",
            shown(&times),
            mebibytes(most.saturating_sub(before))
        ));
    }
    Ok(())
}

/// Thirty days of series whose values never repeat.
fn fill(end: u64) -> Result<()> {
    let (mut requests, mut connection) = (requests(SERIES), connect()?);
    let count = DAYS * 24 / DISTANCE;
    for step in 0..count {
        let millis = end - (count - 1 - step) * DISTANCE * HOUR_MILLIS;
        for (chunk, request) in (0_u64..).zip(&mut requests) {
            let noise = |series: usize| (step << 40 | chunk << 20 | series as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            request.set(millis, |series| noise(series) as f64 / 1e6);
            deliver(request, &mut connection)?;
        }
    }
    say(&format!("{SERIES} series over {DAYS} days, {} samples", count * SERIES as u64));
    Ok(())
}

/// Name, path and form of each query; `end` in seconds.
fn queries(end: u64) -> Vec<(&'static str, &'static str, String)> {
    let start = end - DAYS * 86_400;
    let range =
        |query: &str, start: u64, step: u64| format!("query={}&start={start}&end={end}&step={step}", encode(query));
    let alternatives: Vec<String> = (0..100_000).map(|number| format!("shop-{number:x}-0001")).collect();
    let regex = format!("sum(bench_a_total{{pod=~\"{}\"}})", alternatives.join("|"));
    let path = "/api/v1/query_range";
    vec![
        ("everything over 30 days", path, range("{__name__=~\".+\"}", start, DAYS * 86_400 / 10_900)),
        ("count_values of random floats", path, range("count_values(\"v\", {__name__=~\"bench_.*\"})", start, 7_200)),
        ("11,002 points", path, range("up", end - 11_001, 1)),
        ("100,000 alternatives", "/api/v1/query", format!("query={}&time={end}", encode(&regex))),
    ]
}

/// What the product said, in short.
fn ask(path: &str, form: &str) -> Result<String> {
    let begun = clock();
    let mut connection = Connection::open(Product::port(1002), Duration::from_secs(180))?;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = connection.send("POST", path, &headers, form.as_bytes())?;
    let json = answer.json()?;
    ensure!(json["status"].is_string(), "it answers {} without a status: {}", answer.status, answer.text());
    let text = json["error"].as_str().map_or_else(
        || format!("{} series", json["data"]["result"].as_array().map_or(0, Vec::len)),
        |error| error.chars().take(120).collect(),
    );
    Ok(format!("{} after {:.2} s: {text}", answer.status, begun.elapsed().as_secs_f64()))
}

/// Does something while others ask; gives their times, the most resident memory, and what came of it.
fn beside(product: &Product, work: impl FnOnce() -> Result<String>) -> Result<(Vec<Duration>, u64, String)> {
    let (stop, most) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let others = scope.spawn(|| others(&stop));
        let watcher = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                most.fetch_max(product.resident_bytes().unwrap_or(0), Ordering::Relaxed);
                pause(Duration::from_millis(10));
            }
        });
        let said = work();
        stop.store(true, Ordering::Relaxed);
        drop(watcher.join());
        let mut times = others.join().unwrap_or_else(|_| Ok(Vec::new()))?;
        times.sort();
        Ok((times, most.load(Ordering::Relaxed), said?))
    })
}

/// The small queries of everybody else, at a steady pace.
fn others(stop: &AtomicBool) -> Result<Vec<Duration>> {
    let small = encode("bench_a_total{pod=\"shop-0-0000\"}");
    let wider = encode("sum by (job) (bench_b_total{chunk=\"0\", route=~\"/api/v1/thing/1.*\"})");
    let mut connection = connect()?;
    let (begun, mut times) = (clock(), Vec::new());
    for number in 0_u32.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        pause((PACE * number).saturating_sub(begun.elapsed()));
        let query = if number % 2 == 0 { &small } else { &wider };
        let asked = clock();
        connection.send("GET", &format!("/api/v1/query?query={query}"), &[], b"")?.success()?;
        times.push(asked.elapsed());
    }
    Ok(times)
}

fn at(times: &[Duration], share: usize) -> Duration {
    times.get(times.len().saturating_sub(1) * share / 100).copied().unwrap_or_default()
}

fn shown(times: &[Duration]) -> String {
    let millis = |share| at(times, share).as_secs_f64() * 1e3;
    format!("{} answers, p50 {:.1} ms, p99 {:.1} ms", times.len(), millis(50), millis(99))
}
