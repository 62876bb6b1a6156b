//! `bench million`: a million active series, each with a sample every 15 seconds, while queries are asked.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use gw_testkit::http::encode;

use super::product::{Product, mebibytes};
use super::queries::Times;
use super::series::{connect, deliver, now_millis, requests};
use crate::environment::{clock, pause};
use crate::terminal::say;

const SERIES: usize = 1_000_000;
const INTERVAL: Duration = Duration::from_secs(15);
const CONFIG: &str = "collect: {scrape: {interval: 1h}}\n";

/// What is asked, once a round.
static QUERIES: &[(&str, &str)] = &[
    ("one series, instant", "bench_a_total{pod=\"shop-64-0000\"}"),
    ("one route, rate", "sum(rate(bench_a_total{route=\"/api/v1/thing/7\", chunk=\"3\"}[5m]))"),
    ("10,000 series, sum by", "sum by (job) (rate({__name__=~\"bench_.*\", chunk=\"17\"}[5m]))"),
    ("250,000 series, count", "count(bench_b_total)"),
    ("250,000 series, topk", "topk(10, bench_c_total)"),
    ("1,000,000 series, count by", "count by (__name__) ({__name__=~\"bench_.*\"})"),
];

/// Runs for so many minutes; a sample that is refused or comes late is an error.
pub(super) fn run(binary: &Path, minutes: u64) -> Result<()> {
    let product = Product::start(binary, CONFIG)?;
    let (stop, late, most) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let begun = clock();
    let (rounds, times) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let sent = send(Duration::from_secs(minutes * 60), &late);
            stop.store(true, Ordering::Relaxed);
            sent
        });
        let asker = scope.spawn(|| ask(&product, &stop));
        while !stop.load(Ordering::Relaxed) {
            most.fetch_max(product.resident_bytes().unwrap_or(0), Ordering::Relaxed);
            pause(Duration::from_millis(500));
        }
        (sender.join(), asker.join().unwrap_or_default())
    });
    let elapsed = begun.elapsed();
    let samples = match rounds {
        Ok(sent) => sent?,
        Err(_) => bail!("the sender panicked"),
    };
    times.print();
    let late = late.load(Ordering::Relaxed);
    let cores = product.processor_time()?.as_secs_f64() / elapsed.as_secs_f64();
    let stored = product.stored_bytes()?;
    say(&format!("{samples} samples in {:.0} s, all acknowledged; {late} requests late", elapsed.as_secs_f64()));
    say(&format!("resident memory: {} at most", mebibytes(most.load(Ordering::Relaxed))));
    say(&format!(
        "processor: {cores:.2} cores; stored: {}, {:.2} bytes a sample",
        mebibytes(stored),
        stored as f64 / samples as f64
    ));
    Ok(())
}

/// Sends every series once an interval, the requests spread over it, and gives the samples sent.
fn send(time: Duration, late: &AtomicU64) -> Result<u64> {
    let mut requests = requests(SERIES);
    let mut connection = connect()?;
    let distance = INTERVAL / u32::try_from(requests.len())?;
    let (begun, mut samples, mut number) = (clock(), 0, 0_u32);
    while begun.elapsed() < time {
        let round = u64::from(number) / requests.len() as u64;
        for request in &mut requests {
            match (distance * number).checked_sub(begun.elapsed()) {
                Some(rest) => pause(rest),
                None => drop(late.fetch_add(1, Ordering::Relaxed)),
            }
            request.set(now_millis(), |series| (round * (1 + series as u64 % 90)) as f64);
            deliver(request, &mut connection)?;
            samples += request.len() as u64;
            number += 1;
        }
    }
    Ok(samples)
}

fn ask(product: &Product, stop: &AtomicBool) -> Times {
    let mut times = Times::default();
    while !stop.load(Ordering::Relaxed) {
        let round = clock();
        for (name, query) in QUERIES {
            times.take(name, || product.get(1002, &format!("/api/v1/query?query={}", encode(query))));
        }
        pause(Duration::from_secs(5).saturating_sub(round.elapsed()));
    }
    times
}
