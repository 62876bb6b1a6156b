//! Kills a writing process with SIGKILL at random moments: after each restart every acknowledged line is there once.
//!
//! The test is its own victim: with the argument `write DIR FROM` it appends lines and prints each number once it is
//! acknowledged; without, it starts such a process, kills it, opens the store and compares.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a process of its own makes its World from tokio's timer")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gw_base::{Labels, Signal, SystemWorld, Tenant, TimeRange, Timestamp, World};
use gw_batch::{Batch, Direction, Exemplar, LogRow, LogsBuilder, LogsView, MetricsBuilder, Sink as _};
use gw_store::{Retention, Selection, Store, StoreOptions};

const ROUNDS: u64 = 100;
/// A restart may take this long.
const RESTART: Duration = Duration::from_secs(2);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let world: Arc<dyn World> = Arc::new(SystemWorld::new(|wait| Box::pin(tokio::time::sleep(wait))));
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [verb, dir, from] if verb == "write" => {
            runtime.block_on(write(Path::new(dir), from.parse().unwrap(), &world));
        }
        // The runner asks for a list, or for tests of another name.
        [flag, ..] if flag == "--list" => {}
        [filter, ..] if !filter.starts_with('-') && !"kill".contains(filter.as_str()) => {}
        _ => {
            runtime.block_on(kill(&world));
            println!("test kill ... ok");
        }
    }
}

fn options(dir: &Path) -> StoreOptions {
    // Small bounds, so that flushes and merges are hit by the kills too.
    let retention = Retention { age: Duration::from_hours(100 * 365 * 24), ..Retention::default() };
    StoreOptions { flush_bytes: 200_000, segment_bytes: 20_000, retention, ..StoreOptions::new(dir) }
}

async fn write(dir: &Path, from: u64, world: &Arc<dyn World>) {
    let store = Store::open(options(dir), Arc::clone(world)).await.unwrap();
    let append = async {
        let mut at = from;
        loop {
            store.append(vec![lines(at..at + 40), exemplars(at..at + 40)]).await.unwrap();
            at += 40;
            let mut out = std::io::stdout().lock();
            writeln!(out, "{at}").and_then(|()| out.flush()).unwrap();
        }
    };
    let tend = async {
        loop {
            store.tend().await;
            world.sleep(Duration::from_millis(7)).await;
        }
    };
    let ((), (), ()) = tokio::join!(append, tend, store.maintain(std::future::pending()));
}

fn lines(numbers: std::ops::Range<u64>) -> Batch {
    let mut logs = LogsBuilder::default();
    for number in numbers {
        let stream = logs.stream(&Labels::from_pairs([("app", format!("app{}", number % 3))]));
        let line = format!("{number} 주문 완료: 한라봉 선물세트 5kg, and enough text for the head to fill up soon");
        logs.push(stream, &LogRow { time: Timestamp::from_millis(number as i64), line: &line, ..LogRow::default() });
    }
    logs.finish(Tenant::default())
}

/// An exemplar a number, of few series.
fn exemplars(numbers: std::ops::Range<u64>) -> Batch {
    let mut metrics = MetricsBuilder::default();
    for number in numbers {
        let series = metrics.series(&Labels::from_pairs([("__name__", format!("latency{}", number % 3))]));
        let time = Timestamp::from_millis(number as i64);
        let labels = Labels::from_pairs([("trace_id", number.to_string())]);
        metrics.exemplar(series, time, &Exemplar { labels, value: 1.0, time: Some(time) });
    }
    metrics.finish(Tenant::default())
}

async fn kill(world: &Arc<dyn World>) {
    let dir = std::env::temp_dir().join(format!("gw-store-kill-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    let (mut acknowledged, mut next, mut slowest) = (0, 0, Duration::ZERO);
    let mut parts = 0;
    for round in 0..ROUNDS {
        let pause = Duration::from_micros(3_000 + world.random() % 60_000);
        acknowledged = victim(&dir, next, pause, world).await.unwrap_or(acknowledged);
        let from = world.elapsed();
        let store = Store::open(options(&dir), Arc::clone(world)).await.unwrap();
        slowest = slowest.max(world.elapsed().saturating_sub(from));
        let found = read(&store).await;
        let examples = read_exemplars(&store).await;
        parts = parts.max(store.usage()[Signal::Logs as usize].parts);
        store.shutdown().await.unwrap();
        let expected: BTreeSet<u64> = (0..acknowledged).collect();
        if let Some(lost) = expected.difference(&found).next() {
            panic!("round {round}: line {lost} was acknowledged and is lost");
        }
        if let Some(lost) = expected.difference(&examples).next() {
            panic!("round {round}: exemplar {lost} was acknowledged and is lost");
        }
        next = found.last().map_or(0, |last| last + 1);
        assert!(next - acknowledged <= 40, "round {round}: more than one append was in doubt");
        acknowledged = next;
    }
    println!("{ROUNDS} kills, {acknowledged} lines, at most {parts} parts, slowest restart {slowest:?}");
    assert!(slowest < RESTART, "restart took {slowest:?}");
    drop(std::fs::remove_dir_all(&dir));
}

/// Lets a process write for a while and kills it; the last number that it said was acknowledged.
async fn victim(dir: &Path, from: u64, pause: Duration, world: &Arc<dyn World>) -> Option<u64> {
    let own: PathBuf = std::env::current_exe().unwrap();
    let words = ["write".to_owned(), dir.display().to_string(), from.to_string()];
    let mut child = Command::new(own).args(words).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    // The pause counts from the first acknowledgement, so that every kill hits a process at work.
    said.read_line(&mut first).unwrap();
    world.sleep(pause).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = said.lines().map_while(Result::ok).last();
    rest.unwrap_or(first).trim().parse().ok()
}

/// The numbers of all lines; fails when one is there twice.
async fn read(store: &Store) -> BTreeSet<u64> {
    let all = Selection::new(Tenant::default(), Signal::Logs, TimeRange::ALL);
    let rows: Vec<_> = store.scan(all, Direction::Forward).await.unwrap().try_collect().await.unwrap();
    let mut found = BTreeSet::new();
    for records in rows {
        let batch = Batch::new(Tenant::default(), Signal::Logs, records).unwrap();
        let view = LogsView::of(&batch).unwrap();
        for line in view.lines.iter().flatten() {
            let number = line.split(' ').next().unwrap().parse().unwrap();
            assert!(found.insert(number), "line {number} is there twice");
        }
    }
    let stored = store.usage()[Signal::Logs as usize].rows;
    assert_eq!(stored, found.len() as u64, "a row is stored twice");
    found
}

/// The numbers of all exemplars; fails when one is there twice.
async fn read_exemplars(store: &Store) -> BTreeSet<u64> {
    let all = Selection::new(Tenant::default(), Signal::Metrics, TimeRange::ALL);
    let mut found = BTreeSet::new();
    for exemplar in store.exemplars(&all).await.unwrap().iter().flat_map(|series| &series.exemplars) {
        let number = exemplar.labels.get("trace_id").unwrap().parse().unwrap();
        assert!(found.insert(number), "exemplar {number} is there twice");
    }
    found
}
