//! Exemplars: all that are new stay, in order, over flushes, merges and restarts.

use std::sync::Arc;

use gw_base::{FakeWorld, Labels, METRIC_NAME, Matcher, Signal, Tenant, TimeRange, Timestamp};
use gw_batch::{Batch, Exemplar, MetricsBuilder, Sink as _};

use super::model::{all, world};
use crate::objects::Objects;
use crate::wal::disk::Disk;
use crate::wal::simulated::SimulatedDisk;
use crate::{Store, StoreError, StoreOptions};

fn exemplar(second: i64) -> Exemplar {
    let labels = Labels::from_pairs([("trace_id", second.to_string())]);
    Exemplar { labels, value: second as f64 / 8.0, time: Some(Timestamp::from_secs(second)) }
}

/// A sample of each of these series at a second, with an exemplar of that second, and one more without a sample.
fn batch(series: &[&str], second: i64) -> Batch {
    let mut builder = MetricsBuilder::default();
    for name in series {
        let key = builder.series(&Labels::from_pairs([(METRIC_NAME, *name)]));
        builder.sample_with(key, Timestamp::from_secs(second), 1.0, None, Some(&exemplar(second)));
    }
    builder.finish(Tenant::default())
}

async fn seconds(store: &Store, name: &str) -> Vec<i64> {
    let selection = all(Signal::Metrics).matching(vec![Matcher::equal(METRIC_NAME, name)]);
    let found = store.exemplars(&selection).await.unwrap();
    found.iter().flat_map(|series| &series.exemplars).map(|e| e.time.unwrap().nanos() / 1_000_000_000).collect()
}

#[tokio::test]
async fn as_many_as_come_between_two_flushes_are_kept() {
    let store = Store::in_memory(world(31)).await.unwrap();
    for round in 0..3 {
        for second in round * 200..(round + 1) * 200 {
            store.append(vec![batch(&["a", "b"], second)]).await.unwrap();
        }
        assert_eq!(seconds(&store, "a").await, (0..(round + 1) * 200).collect::<Vec<_>>(), "in the head");
        store.flush().await.unwrap();
        store.tend().await;
        assert_eq!(seconds(&store, "b").await, (0..(round + 1) * 200).collect::<Vec<_>>(), "in parts");
    }
    let error = store.exemplars(&all(Signal::Metrics).at_most(1199)).await.unwrap_err();
    assert!(matches!(error, StoreError::TooManyRows { limit: 1199 }), "{error}");
}

#[tokio::test]
async fn repeated_ones_come_once_and_late_ones_stay_over_a_flush() {
    let store = Store::in_memory(world(32)).await.unwrap();
    store.append(vec![batch(&["a"], 10)]).await.unwrap();
    for flush in [false, true] {
        if flush {
            store.flush().await.unwrap();
        }
        store.append(vec![batch(&["a"], 10)]).await.unwrap();
        let ack = store.append(vec![batch(&["a"], 9), batch(&["b"], 9)]).await.unwrap();
        assert!(ack.refused.is_empty(), "late for one of two series");
        assert_eq!((seconds(&store, "a").await, seconds(&store, "b").await), (vec![9, 10], vec![9]));
    }
    let samples = store.series(&all(Signal::Metrics)).await.unwrap();
    assert_eq!(samples[0].times.len(), 2, "the samples beside them stay");
}

#[tokio::test]
async fn exemplars_alone_in_their_rows_are_answered_in_order() {
    let store = Store::in_memory(world(33)).await.unwrap();
    let mut builder = MetricsBuilder::default();
    let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "a")]));
    for second in [5, 3, 4, 5] {
        builder.exemplar(key, Timestamp::from_secs(9), &exemplar(second));
    }
    let ack = store.append(vec![builder.finish(Tenant::default())]).await.unwrap();
    assert_eq!(ack.rows, 3);
    assert_eq!(seconds(&store, "a").await, [3, 4, 5]);
}

#[tokio::test]
async fn a_restart_brings_back_exemplars_and_what_they_judge_by() {
    let objects = Objects::remote(Arc::new(object_store::memory::InMemory::new()));
    let disks: Vec<SimulatedDisk> = (0..4).map(SimulatedDisk::new).collect();
    let open = |seed: u64, exemplars: usize| {
        let disks = disks.iter().map(|disk| Arc::new(disk.clone()) as Arc<dyn Disk>).collect();
        let world: Arc<FakeWorld> = world(seed);
        Store::on(StoreOptions { exemplars, ..StoreOptions::new("") }, world, objects.clone(), disks, None)
    };
    let store = open(34, 100).await.unwrap();
    for second in 0..50 {
        store.append(vec![batch(&["a"], second)]).await.unwrap();
    }
    store.shutdown().await.unwrap();
    let store = open(35, 100).await.unwrap();
    assert_eq!(seconds(&store, "a").await, (0..50).collect::<Vec<_>>());
    let mut builder = MetricsBuilder::default();
    let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "a")]));
    builder.exemplar(key, Timestamp::from_secs(60), &exemplar(40));
    assert_eq!(store.append(vec![builder.finish(Tenant::default())]).await.unwrap().rows, 0, "known from the log");
    store.shutdown().await.unwrap();
    let store = open(36, 0).await.unwrap();
    store.append(vec![batch(&["a"], 60)]).await.unwrap();
    assert_eq!(seconds(&store, "a").await, (0..50).collect::<Vec<_>>(), "none is kept");
    let range = TimeRange::new(Timestamp::from_secs(10), Timestamp::from_secs(19));
    store.delete_series(&Tenant::default(), &[Matcher::equal(METRIC_NAME, "a")], range).await.unwrap();
    store.clean_tombstones().await.unwrap();
    assert_eq!(seconds(&store, "a").await, (0..10).chain(20..50).collect::<Vec<_>>());
}
