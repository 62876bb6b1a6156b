//! Measures the store on realistic batches: rows a CPU second, bytes a row on disk, time to open again.
//!
//! `cargo run --release -p gw-store --example measure -- DIR`

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and stops at the first failure")]
#![expect(clippy::disallowed_methods, reason = "a program of its own makes its World from tokio's timer")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gw_base::{Labels, METRIC_NAME, Signal, SpanId, SystemWorld, Tenant, TimeRange, Timestamp, TraceId, World};
use gw_batch::{
    AttributesBuilder, Batch, Direction, LogRow, LogsBuilder, MetricsBuilder, Sink as _, SpanKind, SpanRow,
    SpansBuilder, Value,
};
use gw_store::{Selection, Store, StoreOptions};

const START: i64 = 1_700_000_000_000;

fn main() {
    let dir = std::env::args().nth(1).unwrap_or_else(|| "/tmp/gw-store-measure".to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let world: Arc<dyn World> = Arc::new(SystemWorld::new(|wait| Box::pin(tokio::time::sleep(wait))));
    for (name, signal, batches) in [
        ("metrics: 10 000 series, 240 scrapes", Signal::Metrics, 240),
        ("logs: 100 streams, 400 x 2 500 lines", Signal::Logs, 400),
        ("spans: 400 x 2 000", Signal::Spans, 400),
    ] {
        let dir = Path::new(&dir).join(signal.as_str());
        drop(std::fs::remove_dir_all(&dir));
        println!("{name}");
        runtime.block_on(measure(&dir, &world, signal, batches));
    }
}

async fn measure(dir: &Path, world: &Arc<dyn World>, signal: Signal, batches: usize) {
    let store = Store::open(StoreOptions::new(dir), Arc::clone(world)).await.unwrap();
    let filled = {
        let (kept, stop) = tokio::sync::oneshot::channel::<()>();
        let fill = async {
            let filled = fill(&store, world, signal, batches).await;
            drop(kept);
            filled
        };
        let maintain = store.maintain(async { drop(stop.await) });
        tokio::join!(fill, maintain).0
    };
    let Filled { rows, raw, wall, cpu } = filled;
    let wal = store.stats().read();
    println!(
        "  append and flush: {:.2} M rows/s wall, {:.2} M rows a CPU second",
        per_second(rows, wall),
        per_second(rows, cpu)
    );
    println!(
        "  write-ahead log: {} bytes in {} syncs; raw {raw} bytes; resident {} MB",
        wal[4].1,
        wal[5].1,
        resident()
    );
    println!("  head: {:?}", store.usage().into_iter().find(|usage| usage.signal == signal).unwrap());
    store.shutdown().await.unwrap();
    drop(store);
    let from = world.elapsed();
    let store = Store::open(StoreOptions::new(dir), Arc::clone(world)).await.unwrap();
    println!(
        "  reopened with {} rows in the log in {:?}",
        store.stats().read()[15].1,
        world.elapsed().saturating_sub(from)
    );
    let (from, used) = (world.elapsed(), cpu_time());
    store.flush().await.unwrap();
    let (flush, flush_cpu) = (world.elapsed().saturating_sub(from), cpu_time().saturating_sub(used));
    let usage = store.usage().into_iter().find(|usage| usage.signal == signal).unwrap();
    println!(
        "  flushed in {flush:?} ({flush_cpu:?} CPU): {} bytes, {:.2} bytes a row, resident {} MB",
        usage.bytes,
        usage.bytes as f64 / rows as f64,
        resident()
    );
    read_back(&store, world, signal).await;
    store.shutdown().await.unwrap();
}

struct Filled {
    rows: u64,
    raw: u64,
    wall: Duration,
    cpu: Duration,
}

async fn fill(store: &Store, world: &Arc<dyn World>, signal: Signal, batches: usize) -> Filled {
    let mut filled = Filled { rows: 0, raw: 0, wall: Duration::ZERO, cpu: Duration::ZERO };
    for n in 0..batches {
        let batch = make(signal, n as u64);
        filled.rows += batch.rows() as u64;
        filled.raw += raw_bytes(&batch);
        let (from, used) = (world.elapsed(), cpu_time());
        store.append(vec![batch]).await.unwrap();
        filled.wall += world.elapsed().saturating_sub(from);
        filled.cpu += cpu_time().saturating_sub(used);
    }
    filled
}

async fn read_back(store: &Store, world: &Arc<dyn World>, signal: Signal) {
    use futures_util::StreamExt as _;
    let all = Selection::new(Tenant::default(), signal, TimeRange::ALL);
    let from = world.elapsed();
    if signal == Signal::Metrics {
        let one = all.clone().matching(vec![
            gw_base::Matcher::equal("instance", "host7"),
            gw_base::Matcher::equal(METRIC_NAME, "metric_7"),
        ]);
        let found = store.series(&one).await.unwrap();
        println!("  one series of {} samples in {:?}", found[0].times.len(), world.elapsed().saturating_sub(from));
        let from = world.elapsed();
        let found = store.series(&all).await.unwrap();
        println!("  all {} series in {:?}", found.len(), world.elapsed().saturating_sub(from));
        return;
    }
    let mut rows = store.scan(all.clone(), Direction::Backward).await.unwrap();
    let first = rows.next().await.unwrap().unwrap().num_rows();
    println!("  newest {first} rows in {:?}", world.elapsed().saturating_sub(from));
    if signal == Signal::Spans {
        let from = world.elapsed();
        let one = Selection { traces: Some(vec![trace(77, 5)]), ..all };
        let found: Vec<_> = store.scan(one, Direction::Forward).await.unwrap().collect().await;
        let rows: usize = found.iter().map(|batch| batch.as_ref().unwrap().num_rows()).sum();
        println!("  one trace of {rows} spans in {:?}", world.elapsed().saturating_sub(from));
        return;
    }
    let from = world.elapsed();
    let mut count = first;
    while let Some(batch) = rows.next().await {
        count += batch.unwrap().num_rows();
    }
    println!("  the other {} rows in {:?}", count - first, world.elapsed().saturating_sub(from));
}

fn make(signal: Signal, n: u64) -> Batch {
    match signal {
        Signal::Metrics => metrics(n),
        Signal::Logs => logs(n),
        Signal::Spans | Signal::Events => spans(n),
    }
}

/// A cheap mix of bits, so that values look random and repeat in every run.
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

fn metrics(n: u64) -> Batch {
    let mut builder = MetricsBuilder::default();
    for i in 0..10_000u64 {
        let labels = Labels::from_pairs([
            (METRIC_NAME, format!("metric_{}", i % 200)),
            ("instance", format!("host{}", i / 200)),
            ("job", "shop".to_owned()),
            ("method", ["GET", "POST"][(i % 2) as usize].to_owned()),
            ("service", "checkout@docker".to_owned()),
        ]);
        let key = builder.series(&labels);
        let at = Timestamp::from_millis(START + n as i64 * 15_000 + (mix(n) % 5) as i64);
        let value = match i % 4 {
            0 => (n * (i % 50) + mix(i ^ n) % 7) as f64,
            1 => 42.0,
            2 => (mix(i ^ n) % 1_000_000) as f64 / 1000.0,
            _ => (n * 15) as f64 * 0.25 + (mix(i ^ n) % 100) as f64 / 100.0,
        };
        builder.sample(key, at, value);
    }
    builder.finish(Tenant::default())
}

fn logs(n: u64) -> Batch {
    let mut builder = LogsBuilder::default();
    for i in 0..2_500u64 {
        let id = mix(n * 2_500 + i);
        let labels = Labels::from_pairs([("app", format!("app{}", id % 20)), ("pod", format!("pod-{}", id % 100))]);
        let line = format!(
            "{{\"ClientHost\":\"10.0.{}.{}\",\"DownstreamStatus\":{},\"Duration\":{},\"RequestMethod\":\"GET\",\
             \"RequestPath\":\"/api/products/{}\",\"RouterName\":\"catalog@docker\",\"TraceId\":\"{:032x}\"}}",
            id % 250,
            id / 250 % 250,
            [200, 200, 200, 404, 500][(id % 5) as usize],
            id % 90_000_000,
            id % 5000,
            u128::from(id) << 3
        );
        let time = Timestamp::from_millis(START + n as i64 * 1000).offset((i * 400_000) as i64);
        let stream = builder.stream(&labels);
        builder.push(stream, &LogRow { time, line: &line, ..LogRow::default() });
    }
    builder.finish(Tenant::default())
}

fn trace(n: u64, i: u64) -> TraceId {
    TraceId((u128::from(mix(n * 250 + i)) << 64 | u128::from(mix(n ^ i << 9))).to_be_bytes())
}

fn spans(n: u64) -> Batch {
    let mut builder = SpansBuilder::default();
    let (mut attributes, mut resource) = (AttributesBuilder::default(), AttributesBuilder::default());
    for i in 0..2_000u64 {
        let id = mix(n * 2_000 + i);
        attributes.clear();
        attributes.push_text("http.request.method", "GET").push("http.response.status_code", &Value::Int(200));
        attributes
            .push_text("url.path", &format!("/api/products/{}", id % 5000))
            .push_text("server.address", "catalog");
        let service = ["storefront", "catalog", "cart", "payment", "inventory", "user"][(i % 6) as usize];
        resource.clear();
        resource.push_text("service.name", service).push_text("host.name", "node-1");
        builder.push(&SpanRow {
            service,
            start: Timestamp::from_millis(START + n as i64 * 1000).offset((i * 500_000) as i64),
            duration: (id % 80_000_000) as i64,
            trace: trace(n, i / 8),
            span: SpanId(id.to_be_bytes()),
            parent: (i % 8 > 0).then_some(SpanId(mix(id).to_be_bytes())),
            name: ["GET /api/products/{id}", "SELECT shop.products", "POST /cart"][(i % 3) as usize],
            kind: SpanKind::Server,
            resource: resource.as_bytes(),
            attributes: attributes.as_bytes(),
            ..SpanRow::default()
        });
    }
    builder.finish(Tenant::default())
}

fn raw_bytes(batch: &Batch) -> u64 {
    gw_batch::LogsView::of(batch).map_or(batch.rows() as u64 * 16, |view| view.lines.value_data().len() as u64)
}

fn per_second(rows: u64, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64() / 1e6
}

/// User and system time of this process so far.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    (statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096) >> 20
}
