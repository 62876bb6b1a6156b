//! What the store does by itself when nobody asks it to: parts out of heads, few parts out of many.

use std::sync::Arc;
use std::time::Duration;

use gw_base::{FakeWorld, Labels, METRIC_NAME, Signal, Tenant, Timestamp, World as _};
use gw_batch::{Batch, MetricsBuilder, Sink as _};

use super::model::world;
use crate::compact::{FAN_IN, plan};
use crate::objects::Objects;
use crate::part::PartMeta;
use crate::wal::disk::{Disk, Memory};
use crate::{Store, StoreOptions};

/// One sample of each of many series, its value random.
fn flood(world: &FakeWorld, series: usize, second: i64) -> Batch {
    flood_of(world, (0..series).map(|i| i.to_string()), second)
}

/// The same with these values of the label that tells the series apart.
fn flood_of(world: &FakeWorld, series: impl Iterator<Item = String>, second: i64) -> Batch {
    let mut builder = MetricsBuilder::default();
    for text in series {
        let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "m"), ("i", &text)]));
        builder.sample(key, Timestamp::from_secs(second), f64::from_bits(world.random() >> 2));
    }
    builder.finish(Tenant::default())
}

fn parts(store: &Store) -> (u64, u64) {
    let usage = store.usage()[Signal::Metrics as usize];
    (usage.parts, usage.head_rows)
}

/// Lets the store's tasks come to rest.
async fn settle() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_flood_that_has_ebbed_becomes_a_part() {
    let world = world(21);
    let store = Store::in_memory(Arc::<FakeWorld>::clone(&world)).await.unwrap();
    for second in 0..20 {
        store.append(vec![flood(&world, 10_000, second)]).await.unwrap();
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let script = async {
        settle().await;
        for second in (5..=100).step_by(5) {
            world.advance(Duration::from_secs(5));
            settle().await;
            assert!(second > 30 || parts(&store) == (0, 200_000), "{:?} after {second} s", parts(&store));
        }
        // The part is written by a thread of its own.
        let written = async {
            while parts(&store) != (1, 0) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), written).await.unwrap();
        stop.send(()).unwrap();
    };
    futures_util::future::join(store.maintain(async { drop(stopped.await) }), script).await;
}

#[tokio::test]
async fn in_calm_times_two_parts_become_one_and_a_large_one_is_left_alone() {
    let world = world(22);
    let store = Store::in_memory(Arc::<FakeWorld>::clone(&world)).await.unwrap();
    for (second, (series, expected)) in [(1000, 1), (600, 1), (100, 2), (100, 2), (900, 1)].into_iter().enumerate() {
        store.append(vec![flood(&world, series, second as i64)]).await.unwrap();
        store.flush().await.unwrap();
        store.tend().await;
        assert_eq!(parts(&store).0, expected, "after {series} series");
    }
}

#[tokio::test]
async fn a_head_of_very_many_series_waits_for_some_samples_of_each() {
    const SERIES: usize = 30_000;
    let world = world(22);
    let objects = Objects::remote(Arc::new(object_store::memory::InMemory::new()));
    let disks = Signal::ALL.iter().map(|_| Arc::new(Memory::default()) as Arc<dyn Disk>).collect();
    let small = StoreOptions { flush_bytes: 256 << 10, flush_wal_bytes: 256 << 10, ..StoreOptions::new("") };
    let store = Store::on(small, Arc::<FakeWorld>::clone(&world), objects, disks, None).await.unwrap();
    // To tell the series alone takes more than the limits, and in the log more than their samples may.
    let mut second = 0;
    while !store.is_due(Signal::Metrics) {
        let batch = flood_of(&world, (0..SERIES).map(|i| format!("{i:0100}")), second);
        store.append(vec![batch]).await.unwrap();
        second += 1;
        assert!(second < 20, "it is never to become a part");
    }
    assert!(second > 3, "a part of {second} samples of each series");
}

#[test]
fn parts_of_very_many_series_are_merged_two_at_a_time() {
    let planned = |series: u64, count: usize, is_calm: bool| {
        let parts: Vec<Arc<PartMeta>> =
            (0..count).map(|_| Arc::new(PartMeta { series, ..PartMeta::default() })).collect();
        plan(&parts, u64::MAX, is_calm).map(|parts| parts.len())
    };
    assert_eq!((planned(100_000, FAN_IN - 1, false), planned(100_000, FAN_IN + 1, false)), (None, Some(FAN_IN)));
    assert_eq!((planned(500_000, 2, false), planned(500_000, FAN_IN, false)), (None, Some(3)));
    assert_eq!((planned(9_000_000, 1, true), planned(9_000_000, FAN_IN, false)), (None, Some(2)));
    assert_eq!((planned(100_000, 4, true), planned(9_000_000, 4, true)), (Some(4), Some(2)));
}
