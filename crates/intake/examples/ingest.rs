//! What a sample costs from the wire to the disk: remote write bodies through decoder, door and store.
//!
//! `cargo run --release -p gw-intake --example ingest -- DIR [WIDE] [DEEP] [STEPS]`
//!
//! Bodies are like those of many exporters: DEEP series every 15 s for six hours, WIDE series every minute in the last STEPS
//! minutes, a sample a series a request, labels of 100 and 200 bytes. The making of bodies is not counted.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and stops at the first failure")]
#![expect(clippy::disallowed_methods, reason = "a program of its own makes its World from tokio's timer")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use gw_base::{Limits, METRIC_NAME, Matcher, Signal, SystemWorld, Tenant, TimeRange, Timestamp, World};
use gw_formats::protobuf::MessageWriter;
use gw_formats::remote_write::{REMOTE_WRITE, compress};
use gw_formats::{DecodeContext, Format as _};
use gw_intake::Intake;
use gw_store::{Selection, Store, StoreOptions};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const END: i64 = 1_800_000_000_000;
const BATCH: usize = 2000;

/// Nanoseconds of CPU time spent in the decoder.
static DECODING: AtomicU64 = AtomicU64::new(0);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: usize| words.get(at).map_or(default, |word| word.parse().unwrap());
    let dir = words.first().cloned().unwrap_or_else(|| "/tmp/gw-ingest".to_owned());
    let (wide, deep, steps) = (number(1, 200_000), number(2, 2000), number(3, 60));
    drop(std::fs::remove_dir_all(&dir));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let world: Arc<dyn World> = Arc::new(SystemWorld::new(|wait| Box::pin(tokio::time::sleep(wait))));
    let (bodies, steps) = make(wide, deep, steps as i64);
    println!("idle: resident {} MB", resident());
    runtime.block_on(load(Path::new(&dir), &world, &bodies, steps));
    drop(bodies);
    runtime.block_on(reopen(Path::new(&dir), &world));
}

/// A step of the load: its phase, its bodies with their samples, and the CPU time spent making things so far.
struct Step {
    phase: &'static str,
    bodies: Vec<(Vec<u8>, usize)>,
    spent: Duration,
}

fn make(wide: usize, deep: usize, minutes: i64) -> (mpsc::Receiver<Step>, i64) {
    let (send, receive) = mpsc::sync_channel(1);
    let thread = move || {
        let (mut deep, mut wide) = (Fleet::new("d_", deep), Fleet::new("w_", wide));
        for tick in 1..=1440i64 {
            let time = END - 6 * 3_600_000 + tick * 15_000;
            let before = END - minutes * 60_000;
            let phase = if time <= before { "deep" } else { "wide" };
            let mut bodies = deep.step(time, 15.0);
            let is_first = time > before && (time - before) <= 60_000 && time % 60_000 == 0;
            if time > before && time % 60_000 == 0 {
                bodies.extend(wide.step(time, 60.0));
            }
            let phase = if is_first { "new series" } else { phase };
            if send.send(Step { phase, bodies, spent: thread_time() }).is_err() {
                return;
            }
        }
    };
    std::thread::spawn(thread);
    (receive, 1440)
}

async fn load(dir: &Path, world: &Arc<dyn World>, steps: &mpsc::Receiver<Step>, count: i64) {
    let store = Store::open(StoreOptions::new(dir), Arc::clone(world)).await.unwrap();
    let intake = Intake::new(Arc::clone(&store) as Arc<dyn gw_batch::Sink>, Limits::default(), Arc::clone(world));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let background = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.maintain(async { drop(stopped.await) }).await })
    };
    let mut phases: Vec<(&str, usize, Duration)> = Vec::new();
    let (mut cpu, mut made) = (cpu_time(), Duration::ZERO);
    for _ in 0..count {
        let Ok(step) = tokio::task::block_in_place(|| steps.recv()) else { break };
        let samples = step.bodies.iter().map(|(_, samples)| samples).sum();
        let half = step.bodies.len() / 2;
        let mut first = step.bodies;
        let second = first.split_off(half);
        let tasks = [first, second].map(|bodies| {
            let intake = intake.clone();
            tokio::spawn(async move {
                for (body, _) in bodies {
                    let decoded = tokio::task::block_in_place(|| {
                        let from = thread_time();
                        let limits = Limits::default();
                        let context = DecodeContext::new(&limits, Timestamp::from_millis(END));
                        let decoded = REMOTE_WRITE.decode(&body, &context).unwrap();
                        let spent = thread_time().saturating_sub(from);
                        DECODING.fetch_add(spent.as_nanos() as u64, Ordering::Relaxed);
                        decoded
                    });
                    assert!(intake.send(decoded.batches).await.unwrap().refused.is_empty());
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        let now = cpu_time();
        let spent = now.saturating_sub(cpu).saturating_sub(step.spent.saturating_sub(made));
        (cpu, made) = (now, step.spent);
        match phases.iter_mut().find(|(name, ..)| *name == step.phase) {
            Some((_, all, time)) => (*all, *time) = (*all + samples, *time + spent),
            None => phases.push((step.phase, samples, spent)),
        }
    }
    for (phase, samples, spent) in phases {
        println!(
            "{phase}: {samples} samples, {spent:?} CPU, {:.0} samples a CPU second",
            samples as f64 / spent.as_secs_f64()
        );
    }
    println!("of it the decoder: {:?} CPU", Duration::from_nanos(DECODING.load(Ordering::Relaxed)));
    println!("loaded: resident {} MB, {:?}", resident(), store.usage()[Signal::Metrics as usize]);
    println!("on disk: {} bytes", folder_bytes(dir));
    drop(stop);
    background.await.unwrap();
    store.shutdown().await.unwrap();
}

async fn reopen(dir: &Path, world: &Arc<dyn World>) {
    let (from, cpu) = (world.elapsed(), cpu_time());
    let store = Store::open(StoreOptions::new(dir), Arc::clone(world)).await.unwrap();
    let took = world.elapsed().saturating_sub(from);
    let usage = store.usage()[Signal::Metrics as usize];
    println!("reopened in {took:?} ({:?} CPU), {} rows in the head", cpu_time().saturating_sub(cpu), usage.head_rows);
    for what in ["before", "after"] {
        let from = world.elapsed();
        let matchers = vec![Matcher::equal(METRIC_NAME, "w_up")];
        let selection = Selection::new(Tenant::default(), Signal::Metrics, TimeRange::ALL).matching(matchers);
        let found = store.series(&selection).await.unwrap();
        let samples: usize = found.iter().map(|series| series.times.len()).sum();
        let took = world.elapsed().saturating_sub(from);
        println!("{what} the flush: {} series, {samples} samples in {took:?}", found.len());
        if what == "before" {
            let (from, cpu) = (world.elapsed(), cpu_time());
            store.flush().await.unwrap();
            println!(
                "flushed in {:?} ({:?} CPU)",
                world.elapsed().saturating_sub(from),
                cpu_time().saturating_sub(cpu)
            );
        }
    }
    let rows = store.usage()[Signal::Metrics as usize].rows;
    let shown = |what: &str| {
        let bytes = folder_bytes(dir);
        println!("{what}: {bytes} bytes, {:.2} a sample; resident {} MB", bytes as f64 / rows as f64, resident());
    };
    shown("in parts");
    let cpu = cpu_time();
    // The first round counts what was appended, the second finds that times are calm.
    store.tend().await;
    store.tend().await;
    println!("merged in {:?} CPU", cpu_time().saturating_sub(cpu));
    store.shutdown().await.unwrap();
    shown("merged");
}

/// Series that are written together.
struct Fleet {
    labels: Vec<Vec<u8>>,
    values: Vec<f64>,
    rates: Vec<f64>,
    random: u64,
}

impl Fleet {
    fn new(prefix: &'static str, count: usize) -> Self {
        let mut fleet = Self { labels: Vec::new(), values: Vec::new(), rates: Vec::new(), random: 1 + count as u64 };
        for i in 0..count {
            fleet.labels.push(labels(prefix, i));
            let uniform = fleet.uniform();
            fleet.values.push((uniform * 1e6).floor());
            let normal = fleet.normal();
            fleet.rates.push((2.0 + 1.5 * normal).exp());
        }
        fleet
    }

    fn uniform(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// The next value of a series by its kind: counters, seconds with two decimals, gauges, a constant.
    fn next(&mut self, i: usize, seconds: f64) -> f64 {
        let (value, mean) = (self.values[i], self.rates[i] * seconds);
        match i % 20 {
            0..14 => (value + (mean + mean.sqrt() * self.normal()).max(0.0)).floor(),
            14 | 15 => ((value + self.uniform() * seconds) * 100.0).round() / 100.0,
            16 if self.uniform() < 0.6 => value + (self.normal() * 262_144.0).floor(),
            16 => value,
            17 => ((value % 16.0 + self.normal() * 0.2).abs() * 100.0).round() / 100.0,
            18 => (value % 100.0 + (self.uniform() * 7.0).floor() - 3.0).max(0.0).floor(),
            _ => 1.0,
        }
    }

    fn step(&mut self, millis: i64, seconds: f64) -> Vec<(Vec<u8>, usize)> {
        for i in 0..self.values.len() {
            self.values[i] = self.next(i, seconds);
        }
        let rows: Vec<usize> = (0..self.values.len()).collect();
        let body = |rows: &[usize]| {
            let mut message = MessageWriter::default();
            for i in rows {
                let mut series = self.labels[*i].clone();
                let mut sample = MessageWriter::default();
                sample.double(1, self.values[*i]).varint(2, millis as u64);
                let mut tail = MessageWriter::default();
                tail.bytes(2, sample.as_bytes());
                series.extend_from_slice(tail.as_bytes());
                message.bytes(1, &series);
            }
            (compress(&message.finish()).unwrap().into_owned(), rows.len())
        };
        rows.chunks(BATCH).map(body).collect()
    }
}

/// Labels as they are on the wire: pods for the wide fleet, hosts for the deep one.
fn labels(prefix: &str, i: usize) -> Vec<u8> {
    let (group, kind) = (i / 20, i % 20);
    let hash = group.wrapping_mul(2_654_435_761) & 0xFFFF_FFFF;
    let mut pairs: Vec<(&str, String)> = if prefix == "w_" {
        vec![
            ("job", "kubelet".to_owned()),
            ("cluster", format!("c{}", group % 4)),
            ("namespace", format!("ns-{:02}", group % 50)),
            ("node", format!("node-{:03}", group % 200)),
            ("pod", format!("svc{:03}-{hash:08x}-{:05}", group % 300, hash.wrapping_mul(48_271) % 60_466_176)),
        ]
    } else {
        let instance = format!("10.0.{}.{}:9100", group / 250, group % 250);
        vec![("job", format!("api{}", group % 5)), ("instance", instance), ("dc", format!("dc{}", group % 3))]
    };
    let name = match kind {
        0..8 => {
            pairs.push(("method", ["GET", "POST"][kind & 1].to_owned()));
            pairs.push(("code", ["200", "404", "500", "503"][kind >> 1].to_owned()));
            "http_requests_total"
        }
        8..14 => {
            pairs.push(("le", ["0.005", "0.05", "0.25", "1", "5", "+Inf"][kind - 8].to_owned()));
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
    pairs.push((METRIC_NAME, format!("{prefix}{name}")));
    pairs.sort();
    let mut message = MessageWriter::default();
    for (name, value) in &pairs {
        let mut label = MessageWriter::default();
        label.text(1, name).text(2, value);
        message.bytes(1, label.as_bytes());
    }
    message.finish()
}

fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    Duration::from_millis(10 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()))
}

fn thread_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn folder_bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let bytes = |entry: std::fs::DirEntry| {
        let kind = entry.metadata().unwrap();
        if kind.is_dir() { folder_bytes(&entry.path()) } else { kind.len().next_multiple_of(4096) }
    };
    entries.map(bytes).sum()
}
