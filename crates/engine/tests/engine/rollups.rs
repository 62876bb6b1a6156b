//! Rollups in place of samples: the same answers, from fewer samples; and replicas as one series.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gw_base::{FakeWorld, Labels, Limits, Tenant, TimeRange, Timestamp, World as _};
use gw_batch::{
    Direction, Language, MetricsBuilder, Queries as _, Query, Reading, Request, STALE_NAN_BITS, SeriesRow, Sink as _,
};
use gw_engine::{Engine, EngineOptions};
use gw_store::{Retention, RollupAge, Store, StoreOptions};

use crate::bench::{labels, rows};

const MINUTE: i64 = 60_000_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Two days and a half of a sample every half minute or so: counters with resets, whole and not, and a gauge; with gaps and
/// stale markers. The days are rolled up.
async fn store(world: &Arc<FakeWorld>) -> Arc<Store> {
    let of = |minutes| RollupAge { length: Duration::from_mins(minutes), age: Duration::from_hours(24 * 60) };
    let retention =
        Retention { rollups: vec![of(5), of(60)], age: Duration::from_hours(24 * 10), ..Retention::default() };
    let store =
        Store::in_memory_with(StoreOptions { retention, ..StoreOptions::new("") }, Arc::<FakeWorld>::clone(world));
    let store = store.await.expect("a store in memory opens");
    let mut reached = [0.0; 3];
    for day in 0..3 {
        let mut builder = MetricsBuilder::default();
        let keys = ["whole_total", "odd_total", "gauge"]
            .map(|name| builder.series(&labels(&[("__name__", name), ("job", "a")])));
        let mut time = day * DAY + 1;
        while time <= (day + 1) * DAY - if day == 2 { DAY / 2 } else { 0 } {
            let dice = world.random() % 1000;
            reached[0] = if dice < 2 { 0.0 } else { reached[0] + (dice % 9) as f64 };
            reached[1] = if dice == 5 { 0.25 } else { reached[1] + (dice % 7) as f64 / 3.0 };
            reached[2] = dice as f64 - 500.0;
            let is_stale = world.random().is_multiple_of(200);
            for (key, value) in keys.iter().zip(reached) {
                let value = if is_stale { f64::from_bits(STALE_NAN_BITS) } else { value };
                builder.sample(*key, Timestamp::from_nanos(time), value);
            }
            let gap = if world.random().is_multiple_of(300) { 3 * HOUR } else { 0 };
            time += 30_000_000_000 + (world.random() % 50) as i64 * 1_000_000 + gap;
        }
        store.append(vec![builder.finish(Tenant::default())]).await.expect("the store takes it");
        store.flush().await.expect("it becomes a part");
    }
    for _ in 0..4 {
        store.tend().await;
        world.advance(Duration::from_mins(11));
    }
    store
}

/// The cells of a range query, as bits, and how many samples it read.
async fn ask(engine: &Engine, text: &str, (start, end, step): (i64, i64, i64), reading: Reading) -> (Vec<String>, u64) {
    let step = (step > 0).then(|| Duration::from_nanos(step as u64));
    let (text, direction, language) = (text.to_owned(), Direction::Forward, Language::PromQl);
    let request = Request::Expression { language, text, step, lookback: None, direction, limit: None, reading };
    let range = TimeRange::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
    let query = Query { tenant: Tenant::default(), request, range, limits: Limits::default() };
    let answer = engine.query(query).await.expect("the query has an answer");
    let cost = Arc::clone(&answer.cost);
    let batches = rows(answer).await;
    let row = |row: SeriesRow<'_>| {
        let cells: Vec<String> = (0..row.len()).map(|i| format!("{:?}", row.value(i).map(f64::to_bits))).collect();
        format!("{} {}", Labels::from_bytes(row.labels).expect("labels are canonical"), cells.join(" "))
    };
    let found = batches.iter().flat_map(|batch| SeriesRow::iter(batch).map(row).collect::<Vec<_>>()).collect();
    (found, cost.rows.load(Ordering::Relaxed))
}

const REFUSED: fn() -> Reading = || Reading { rollups: false, ..Reading::default() };

#[tokio::test]
async fn answers_over_whole_intervals_are_those_of_the_samples() {
    let world = Arc::new(FakeWorld::new(Timestamp::from_nanos(5 * DAY), 9));
    let engine = Engine::new(store(&world).await, EngineOptions::new(Arc::<FakeWorld>::clone(&world)));
    let functions = ["count", "sum", "avg", "min", "max", "last", "first", "present"].map(|f| format!("{f}_over_time"));
    let functions = functions.into_iter().chain(["rate", "increase", "delta"].map(str::to_owned));
    let (mut fewer, mut asked) = (0, 0);
    let metrics = ["whole_total", "odd_total", "gauge"];
    for (function, metric) in functions.flat_map(|function| metrics.map(|metric| (function.clone(), metric))) {
        for (window, grid) in [
            ("[1h]", (HOUR, 2 * DAY + 8 * HOUR, HOUR)),
            ("[6h]", (DAY, 2 * DAY + 12 * HOUR, 2 * HOUR)),
            ("[1d] offset 1h", (DAY + HOUR, 3 * DAY, 3 * HOUR)),
            ("[2d]", (2 * DAY + HOUR, 2 * DAY + HOUR, 0)),
            ("[90m]", (DAY, 2 * DAY, HOUR)),
            ("[2h]", (DAY + 1, 2 * DAY, HOUR)),
        ] {
            let text = format!("{function}({metric}{window})");
            let (raw, samples) = ask(&engine, &text, grid, REFUSED()).await;
            let (found, read) = ask(&engine, &text, grid, Reading::default()).await;
            assert_eq!(found, raw, "{text} on {grid:?}");
            assert!(!raw.is_empty() && read <= samples, "{text} read {read} for {samples}");
            let (folded, _) = ask(&engine, &format!("max by (job) ({text})"), grid, Reading::default()).await;
            assert_eq!(folded, ask(&engine, &format!("max by (job) ({text})"), grid, REFUSED()).await.0, "{text}");
            (asked, fewer) = (asked + 1, fewer + usize::from(read * 3 < samples));
        }
    }
    assert!(fewer > asked / 3, "rollups answered {fewer} of {asked} queries");
}

#[tokio::test]
async fn rollups_answer_where_samples_have_gone() {
    let world = Arc::new(FakeWorld::new(Timestamp::from_nanos(5 * DAY), 10));
    let store = store(&world).await;
    let engine = Engine::new(Arc::clone(&store), EngineOptions::new(Arc::<FakeWorld>::clone(&world)));
    let grid = (HOUR, 2 * DAY, 5 * MINUTE);
    let texts = ["increase(whole_total[5m])", "sum_over_time(whole_total[1h])", "max_over_time(gauge[10m])"];
    let mut before = Vec::new();
    for text in texts {
        before.push(ask(&engine, text, grid, REFUSED()).await.0);
    }
    world.advance(Duration::from_hours(24 * 12));
    store.tend().await;
    for (text, expected) in texts.iter().zip(before) {
        assert!(ask(&engine, text, grid, REFUSED()).await.0.is_empty(), "samples are gone");
        assert_eq!(ask(&engine, text, grid, Reading::default()).await.0, expected, "{text}");
    }
    let (lasts, _) = ask(&engine, "count_over_time(gauge[1d:5m])", (DAY, DAY, 0), Reading::default()).await;
    assert_eq!(lasts.len(), 1, "a selector finds the last sample of each interval");
}

#[tokio::test]
async fn replicas_are_one_series_when_the_query_says_so() {
    let world = Arc::new(FakeWorld::new(Timestamp::from_secs(1000), 11));
    let store = Store::in_memory(world.clone()).await.expect("a store in memory opens");
    let mut builder = MetricsBuilder::default();
    for (replica, seconds, lag) in [("r0", 0..30, 0.0), ("r1", 2..60, 40.0)] {
        for job in ["a", "b"] {
            let key = builder.series(&labels(&[("__name__", "up_total"), ("job", job), ("replica", replica)]));
            for i in seconds.clone() {
                builder.sample(key, Timestamp::from_secs(i * 10), (i * 10) as f64 + 100.0 - lag);
            }
        }
    }
    store.append(vec![builder.finish(Tenant::default())]).await.expect("the store takes it");
    let engine = Engine::new(store, EngineOptions::new(world));
    let end = 590_000_000_000;
    let one = || Reading { replica_labels: vec!["replica".to_owned()], ..Reading::default() };
    let count = |text: &'static str, reading| {
        let engine = &engine;
        async move { ask(engine, text, (end, end, 0), reading).await.0 }
    };
    let cell = |value: f64| format!("{:?}", Some(value.to_bits()));
    assert_eq!(
        count("count(present_over_time(up_total[10m]))", Reading::default()).await,
        [format!("{{}} {}", cell(4.0))]
    );
    let both = ["a", "b"].map(|job| format!("{{job=\"{job}\"}} {}", cell(1.0)));
    assert_eq!(count("present_over_time(up_total[10m])", one()).await, both);
    let names = count("last_over_time(up_total{replica=\"r1\"}[10m])", one()).await;
    assert!(names.iter().all(|row| row.starts_with("up_total{job=")), "{names:?}");
    // The second replica lags behind: as a counter it goes on from where the first one was, as a gauge it falls.
    assert_eq!(count("resets(up_total{job=\"a\"}[10m])", one()).await, [format!("{{job=\"a\"}} {}", cell(0.0))]);
    let falls = count("changes(up_total{job=\"a\"}[10m])", one()).await;
    assert!(!falls.is_empty());
}
