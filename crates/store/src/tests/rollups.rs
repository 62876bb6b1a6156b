//! Rollups: made of whole days, again where something came late, kept when samples go, seen by deletions and copies.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gw_base::{FakeWorld, Labels, METRIC_NAME, Matcher, Signal, Tenant, TimeRange, Timestamp};
use gw_batch::rollup::{Exact, Rollup, roll_up};
use gw_batch::{Batch, MetricsBuilder, STALE_NAN_BITS, Sink as _};

use super::model::all;
use crate::read::cursor::Step;
use crate::{Retention, RollupAge, Rollups, Selection, Series, Store, StoreOptions};

const MINUTE: i64 = 60_000_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The samples are of the first days since the epoch.
const DAYS: i64 = 3;

fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

fn options(age: Duration) -> StoreOptions {
    let of = |length, age| RollupAge { length, age };
    let rollups = vec![of(Duration::from_mins(5), hours(20 * 24)), of(hours(1), hours(40 * 24))];
    StoreOptions { retention: Retention { age, rollups, ..Retention::default() }, ..StoreOptions::new("") }
}

fn world(days: i64) -> Arc<FakeWorld> {
    Arc::new(FakeWorld::new(Timestamp::from_nanos(days * DAY), 77))
}

/// A sample a minute of a counter that is reset, a gauge of odd numbers and one of stale markers at times.
fn batch(minutes: std::ops::Range<i64>) -> Batch {
    let mut builder = MetricsBuilder::default();
    let names = ["counter", "gauge", "stale"];
    let keys = names.map(|name| builder.series(&Labels::from_pairs([(METRIC_NAME, name), ("job", "a")])));
    for minute in minutes {
        let time = Timestamp::from_nanos(minute * MINUTE - minute % 7 * 1_000_000);
        builder.sample(keys[0], time, (minute % 700 * 3) as f64);
        builder.sample(keys[1], time, (minute % 13) as f64 / 7.0);
        let value = if minute % 11 == 0 { f64::from_bits(STALE_NAN_BITS) } else { minute as f64 };
        builder.sample(keys[2], time, value);
    }
    builder.finish(Tenant::default())
}

/// Lets the store roll up what is due.
async fn roll(store: &Store, world: &FakeWorld) {
    store.tend().await;
    world.advance(Duration::from_mins(11));
    for _ in 0..=DAYS + 1 {
        store.tend().await;
    }
}

async fn filled(age: Duration) -> (Arc<Store>, Arc<FakeWorld>) {
    let world = world(DAYS + 2);
    let store = Store::in_memory_with(options(age), Arc::<FakeWorld>::clone(&world)).await.unwrap();
    for day in 0..DAYS {
        store.append(vec![batch(day * 1440 + 1..(day + 1) * 1440 + 1)]).await.unwrap();
        store.flush().await.unwrap();
    }
    roll(&store, &world).await;
    (store, world)
}

fn of(name: &str) -> Selection {
    all(Signal::Metrics).matching(vec![Matcher::equal(METRIC_NAME, name)])
}

/// What a cursor over whole intervals gives of each series: rollups up to a boundary, and the samples behind it.
async fn whole(store: &Store, selection: &Selection, length: i64, exact: Exact) -> Vec<(Series, i64)> {
    let selection = selection.clone().with_rollups(Rollups::Whole { length, exact });
    let mut cursor = store.cursor(&selection).await.unwrap();
    let mut found = Vec::new();
    loop {
        match cursor.advance().unwrap() {
            Step::Series => found.push((cursor.samples().clone(), cursor.boundary())),
            Step::Load => cursor.load().await.unwrap(),
            Step::End => return found,
        }
    }
}

async fn samples(store: &Store, name: &str) -> Series {
    store.series(&of(name).with_rollups(Rollups::Refused)).await.unwrap().pop().unwrap_or_default()
}

fn rolled_up(series: &Series, length: i64, until: i64) -> Vec<Rollup> {
    let (mut rollups, to) = (Vec::new(), series.times.partition_point(|time| *time <= until));
    roll_up((&series.times[..to], &series.values[..to]), length, &mut rollups);
    rollups
}

#[tokio::test]
async fn days_that_are_over_are_rolled_up_as_the_samples_are() {
    let (store, _) = filled(hours(24 * 15)).await;
    assert_eq!(store.stats().days_rolled_up.load(Ordering::Relaxed), DAYS as u64);
    for (name, exact) in [("counter", Exact::Sums), ("counter", Exact::Rises), ("gauge", Exact::Always)] {
        let raw = samples(&store, name).await;
        let (series, boundary) = whole(&store, &of(name), HOUR, exact).await.remove(0);
        assert_eq!((boundary, series.times.len()), (DAYS * DAY, 0));
        assert_eq!(series.rollups, rolled_up(&raw, HOUR, boundary), "{name} {exact:?}");
    }
    let (gauge, boundary) = whole(&store, &of("gauge"), HOUR, Exact::Sums).await.remove(0);
    assert_eq!((boundary, gauge.times), (i64::MIN, samples(&store, "gauge").await.times), "its sums are not exact");
    let (short, _) = whole(&store, &of("counter"), 5 * MINUTE, Exact::Always).await.remove(0);
    assert!(short.rollups.is_empty(), "five samples are no more than a rollup");
}

#[tokio::test]
async fn what_comes_late_is_rolled_up_again_and_until_then_samples_answer() {
    let (store, world) = filled(hours(24 * 15)).await;
    let late = |value: f64| {
        let mut builder = MetricsBuilder::default();
        let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "counter"), ("job", "a")]));
        builder.sample(key, Timestamp::from_nanos(DAY + HOUR / 2 + 5), value);
        builder.finish(Tenant::default())
    };
    store.append(vec![late(1.0)]).await.unwrap();
    for flush in [false, true] {
        if flush {
            store.flush().await.unwrap();
            store.tend().await;
        }
        let (series, boundary) = whole(&store, &of("counter"), HOUR, Exact::Always).await.remove(0);
        assert_eq!(boundary, DAY, "flushed: {flush}");
        assert_eq!(series.rollups, rolled_up(&samples(&store, "counter").await, HOUR, DAY));
    }
    roll(&store, &world).await;
    assert_eq!(store.stats().days_rolled_up.load(Ordering::Relaxed), DAYS as u64 + 1);
    let (series, boundary) = whole(&store, &of("counter"), HOUR, Exact::Always).await.remove(0);
    assert_eq!(boundary, DAYS * DAY);
    assert_eq!(series.rollups, rolled_up(&samples(&store, "counter").await, HOUR, boundary));
}

#[tokio::test]
async fn rollups_stay_when_samples_go_and_then_go_themselves() {
    let (store, world) = filled(hours(24 * 6)).await;
    let before = samples(&store, "counter").await;
    world.advance(hours(24 * 2));
    store.tend().await;
    let left = samples(&store, "counter").await;
    assert!(left.times[0] > DAY && left.times.len() < before.times.len());
    let (series, boundary) = whole(&store, &of("counter"), 5 * MINUTE, Exact::Always).await.remove(0);
    assert!((DAY..DAY + HOUR).contains(&boundary), "where samples may have gone, short intervals answer");
    assert_eq!(series.rollups, rolled_up(&before, 5 * MINUTE, boundary));
    world.advance(hours(24 * 10));
    store.tend().await;
    assert!(samples(&store, "counter").await.times.is_empty());
    let lasts = store.series(&of("counter")).await.unwrap().remove(0);
    let expected = rolled_up(&before, 5 * MINUTE, DAYS * DAY + HOUR);
    let expected: Vec<i64> =
        expected.iter().map(|rollup| rollup.last_time).filter(|time| *time <= DAYS * DAY).collect();
    assert_eq!(lasts.times, expected, "the last sample of each interval");
    assert_eq!(store.label_sets(&all(Signal::Metrics)).await.unwrap().len(), 3);
    let texts = store.label_texts(&all(Signal::Metrics), crate::Texts::Values(METRIC_NAME.to_owned())).await.unwrap();
    assert_eq!(texts, ["counter", "gauge", "stale"]);
    world.advance(hours(24 * 10));
    store.tend().await;
    let lasts = store.series(&of("counter")).await.unwrap().remove(0);
    assert_eq!(lasts.times.len() as i64, DAYS * 24, "only those over hours are left");
    world.advance(hours(24 * 20));
    store.tend().await;
    assert!(store.series(&of("counter")).await.unwrap().is_empty());
    assert_eq!(store.usage()[Signal::Metrics as usize].parts, 0);
}

#[tokio::test]
async fn deletions_hide_rollups_and_cleaning_makes_them_again() {
    let (store, world) = filled(hours(24 * 15)).await;
    let (from, to) = (DAY + 10 * HOUR + 7 * MINUTE, DAY + 12 * HOUR);
    let range = TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(to));
    store.delete_series(&Tenant::default(), &[Matcher::equal(METRIC_NAME, "counter")], range).await.unwrap();
    let (series, boundary) = whole(&store, &of("counter"), HOUR, Exact::Always).await.remove(0);
    assert_eq!(boundary, DAY + 10 * HOUR, "samples answer from the interval of which some are deleted");
    assert_eq!(series.rollups, rolled_up(&samples(&store, "counter").await, HOUR, boundary));
    store.clean_tombstones().await.unwrap();
    roll(&store, &world).await;
    let (series, boundary) = whole(&store, &of("counter"), HOUR, Exact::Always).await.remove(0);
    let raw = samples(&store, "counter").await;
    assert!(!raw.times.iter().any(|time| (from..=to).contains(time)));
    assert_eq!((boundary, series.rollups), (DAYS * DAY, rolled_up(&raw, HOUR, DAYS * DAY)));
    // Where samples have gone there is nothing else: intervals of which some is deleted are hidden as a whole.
    world.advance(hours(24 * 16));
    store.tend().await;
    let range = TimeRange::new(Timestamp::from_nanos(DAY + 5), Timestamp::from_nanos(DAY + 6));
    store.delete_series(&Tenant::default(), &[Matcher::equal(METRIC_NAME, "counter")], range).await.unwrap();
    for clean in [false, true] {
        if clean {
            store.clean_tombstones().await.unwrap();
            roll(&store, &world).await;
        }
        let (series, _) = whole(&store, &of("counter"), HOUR, Exact::Always).await.remove(0);
        let ends: Vec<i64> = series.rollups.iter().map(|rollup| rollup.end).collect();
        assert!(ends.contains(&DAY) && !ends.contains(&(DAY + HOUR)) && ends.contains(&(DAY + 2 * HOUR)), "{clean}");
    }
}

#[tokio::test]
async fn a_copy_of_the_store_has_the_rollups() {
    let dir = std::env::temp_dir().join(format!("gw-store-rollups-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    let (store, world) = filled(hours(24 * 15)).await;
    store.snapshot(&dir, true).await.unwrap();
    let copy = Store::open(StoreOptions { dir: dir.clone(), ..options(hours(24 * 15)) }, world).await.unwrap();
    let (series, boundary) = whole(&copy, &of("counter"), HOUR, Exact::Always).await.remove(0);
    assert_eq!((series.rollups.len() as i64, boundary), (DAYS * 24, DAYS * DAY));
    copy.shutdown().await.unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
}
