//! Measures queries over a store in memory that holds many series: CPU and wall time of each, and how many rows it answers.
//!
//! `cargo run --release -p gw-engine --example queries -- [WIDE SERIES] [DEEP SERIES] [flush]`. Wide series have 60 samples a
//! minute apart, deep ones 1,440 at 15 s; with `flush` the samples are in parts rather than in the head.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and stops at the first failure")]
#![expect(clippy::disallowed_methods, reason = "a program of its own reads its arguments and the process' times")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use gw_base::{FakeWorld, Labels, Limits, Tenant, TimeRange, Timestamp};
use gw_batch::{Direction, Language, MetricsBuilder, Queries as _, Query, Request, Sink as _};
use gw_engine::{Engine, EngineOptions};
use gw_store::Store;

const END: i64 = 1_800_000_000;
const REPEATS: i64 = 5;
const BUCKETS: [&str; 6] = ["0.005", "0.05", "0.25", "1", "5", "+Inf"];

/// Text, hours, step in seconds; zero hours is an instant query.
const QUERIES: [(&str, i64, u64); 17] = [
    (r#"w_up{pod="svc000-00000000-00000"}"#, 0, 0),
    ("w_up", 0, 0),
    (r#"sum(rate(w_cpu_seconds_total{mode="user"}[1h]))"#, 0, 0),
    ("sum by (namespace) (rate(w_http_requests_total[5m]))", 1, 60),
    ("sum by (job, code) (rate(d_http_requests_total[5m]))", 6, 60),
    ("topk(10, rate(w_http_requests_total[10m]))", 0, 0),
    ("histogram_quantile(0.99, sum by (le, job) (rate(d_request_duration_seconds_bucket[5m])))", 6, 60),
    (r#"count(w_http_requests_total{pod=~"svc0[0-4].*-.*[02468]"})"#, 0, 0),
    (r#"sum(w_queue_depth{pod=~"svc(001|017|123|299)-.+"})"#, 0, 0),
    (r#"count by (__name__) ({__name__=~".+"})"#, 0, 0),
    ("max by (dc) (max_over_time(d_load1[10m]))", 6, 60),
    ("max by (dc) (max_over_time(d_load1[1h]))", 6, 60),
    ("sum by (dc) (sum_over_time(d_load1[1h]))", 6, 60),
    ("max by (dc) (quantile_over_time(0.9, d_load1[1h]))", 6, 60),
    ("quantile by (job) (0.9, rate(d_http_requests_total[5m]))", 6, 60),
    ("rate(d_http_requests_total[5m]) / rate(d_http_requests_total[5m])", 6, 60),
    ("sum by (namespace) (w_queue_depth)", 0, 0),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |or: usize| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (wide, deep) = (number(200_000), number(2_000));
    let flush = std::env::args().any(|argument| argument == "flush");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async {
        let world = Arc::new(FakeWorld::new(Timestamp::from_secs(END), 1));
        let store = Store::in_memory(world.clone()).await.unwrap();
        let from = Instant::now();
        fill(&store, false, deep, 1440, 15).await;
        fill(&store, true, wide, 60, 60).await;
        if flush {
            store.flush().await.unwrap();
        }
        println!("filled in {:?}", from.elapsed());
        let engine = Engine::new(store, EngineOptions::new(world));
        for (text, hours, step) in QUERIES {
            measure(&engine, text, hours, step).await;
        }
    });
}

async fn measure(engine: &Engine, text: &str, hours: i64, step: u64) {
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    let (mut rows, mut samples) = (0, 0);
    for shift in 0..=REPEATS {
        let end = Timestamp::from_secs(END - if hours == 0 { shift } else { 0 });
        let range = TimeRange::new(end.offset(-hours * 3_600_000_000_000), end);
        let request = Request::Expression {
            language: Language::PromQl,
            text: text.to_owned(),
            step: (hours > 0).then_some(Duration::from_secs(step)),
            lookback: None,
            direction: Direction::Forward,
            limit: None,
            reading: gw_batch::Reading::default(),
        };
        let limits = Limits { query_rows: usize::MAX, ..Limits::default() };
        let query = Query { tenant: Tenant::default(), request, range, limits };
        let (wall, cpu) = (Instant::now(), cpu_time());
        let mut answer = engine.query(query).await.unwrap();
        rows = 0;
        while let Some(batch) = answer.batches.next().await {
            rows += batch.unwrap().num_rows();
        }
        samples = answer.cost.rows.load(Ordering::Relaxed);
        if shift > 0 {
            walls.push(wall.elapsed());
            cpus.push(cpu_time().saturating_sub(cpu));
        }
    }
    walls.sort();
    let cpu = cpus.iter().sum::<Duration>() / cpus.len() as u32;
    println!(
        "{:9.2} ms CPU {:9.2} ms wall {rows:7} rows {samples:9} samples  {text}",
        cpu.as_secs_f64() * 1e3,
        walls[walls.len() / 2].as_secs_f64() * 1e3
    );
}

async fn fill(store: &Store, wide: bool, series: usize, samples: i64, every: i64) {
    let sets: Vec<Labels> = (0..series).map(|i| labels(wide, i)).collect();
    for chunk in sets.chunks(20_000) {
        for first in (0..samples).step_by(20) {
            let mut builder = MetricsBuilder::default();
            for (i, set) in chunk.iter().enumerate() {
                let key = builder.series(set);
                for at in first..(first + 20).min(samples) {
                    let time = Timestamp::from_secs(END - (samples - 1 - at) * every);
                    builder.sample(key, time, value(i, at));
                }
            }
            store.append(vec![builder.finish(Tenant::default())]).await.unwrap();
        }
    }
}

/// A counter for most series, a wandering gauge with decimals for the others.
fn value(series: usize, at: i64) -> f64 {
    let noise = (series as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(at as u64 * 0xD6E8_FEB8) >> 40;
    if series % 20 == 17 {
        (noise % 1600) as f64 / 100.0
    } else {
        (at as u64 * (series as u64 % 97 + 3) + noise % 3) as f64
    }
}

fn labels(wide: bool, i: usize) -> Labels {
    let (group, kind) = (i / 20, i % 20);
    let hash = (group as u64).wrapping_mul(2_654_435_761) & 0xFFFF_FFFF;
    let mut pairs: Vec<(&str, String)> = if wide {
        vec![
            ("job", "kubelet".to_owned()),
            ("cluster", format!("c{}", group % 4)),
            ("namespace", format!("ns-{:02}", group % 50)),
            ("node", format!("node-{:03}", group % 200)),
            ("pod", format!("svc{:03}-{hash:08x}-{:05}", group % 300, hash * 48_271 % 60_466_176)),
        ]
    } else {
        vec![
            ("job", format!("api{}", group % 5)),
            ("instance", format!("10.0.{}.{}:9100", group / 250, group % 250)),
            ("dc", format!("dc{}", group % 3)),
        ]
    };
    let name = match kind {
        0..8 => {
            pairs.push(("method", ["GET", "POST"][kind & 1].to_owned()));
            pairs.push(("code", ["200", "404", "500", "503"][kind >> 1].to_owned()));
            "http_requests_total"
        }
        8..14 => {
            pairs.push(("le", BUCKETS[kind - 8].to_owned()));
            "request_duration_seconds_bucket"
        }
        14 | 15 => {
            pairs.push(("mode", ["user", "system"][kind - 14].to_owned()));
            "cpu_seconds_total"
        }
        16 => "memory_working_set_bytes",
        17 => "load1",
        18 => "queue_depth",
        _ => "up",
    };
    pairs.push(("__name__", format!("{}{name}", if wide { "w_" } else { "d_" })));
    Labels::from_pairs(pairs)
}

/// User and system time of the process.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
