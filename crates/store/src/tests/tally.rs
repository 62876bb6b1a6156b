//! Counted lines are the lines that a scan finds, wherever they lie and however often they were sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use gw_base::{FakeWorld, Labels, Signal, Tenant, TimeRange, Timestamp, World as _};
use gw_batch::{Batch, Direction, LogRow, LogsBuilder, LogsView, Sink as _};
use proptest::prelude::*;

use super::model::{all, scan, stream_labels, world};
use crate::{Selection, Store};

const SECOND: i64 = 1_000_000_000;

/// Lines that follow each other, now and then a late one, now and then of an odd severity.
fn lines(world: &FakeWorld, begin: i64, metadata: Option<&Labels>) -> Batch {
    let mut builder = LogsBuilder::default();
    for n in 0..1 + (world.random() % 3000) as i64 {
        let late = if world.random().is_multiple_of(500) { 100 * SECOND } else { 0 };
        let stream = builder.stream(&stream_labels(world.random() % 2));
        let severity = [None, Some(9), Some(17)][(world.random() % 3) as usize];
        let line = format!("{}", n % 3);
        // Several lines share each time.
        let time = Timestamp::from_nanos(begin + n / 5 * 10_000_000 - late);
        builder.push(stream, &LogRow { time, line: &line, severity, metadata, ..LogRow::default() });
    }
    builder.finish(Tenant::default())
}

async fn filled(world: &Arc<FakeWorld>) -> Arc<Store> {
    let store = Store::in_memory(Arc::<FakeWorld>::clone(world)).await.unwrap();
    let mut sent: Vec<Batch> = Vec::new();
    for n in 0..20 {
        let fresh = lines(world, n * 5 * SECOND, None);
        // A sender that did not hear the answer sends again.
        let again = sent.get((world.random() % 40) as usize).cloned();
        store.append(again.into_iter().chain([fresh.clone()]).collect()).await.unwrap();
        sent.push(fresh);
        match world.random() % 4 {
            0 => store.flush().await.unwrap(),
            1 => store.tend().await,
            _ => {}
        }
    }
    store
}

type Counts = BTreeMap<(Labels, Option<u8>, usize), u64>;

fn cell(cuts: &[i64], time: i64) -> usize {
    cuts.partition_point(|cut| *cut < time)
}

async fn scanned(store: &Store, selection: Selection, cuts: &[i64]) -> Counts {
    let mut counts = Counts::new();
    for batch in scan(store, selection, Direction::Forward).await {
        let view = LogsView::of(&batch).unwrap();
        for row in 0..view.times.len() {
            use arrow_array::Array as _;
            let labels = Labels::from_bytes(view.streams.value(view.keys[row] as usize)).unwrap();
            let severity = view.severities.is_valid(row).then(|| view.severities.value(row));
            *counts.entry((labels, severity, cell(cuts, view.times[row]))).or_default() += 1;
        }
    }
    counts
}

async fn check(seed: u64, from: i64, length: i64, step: i64) {
    let world = world(seed);
    let store = filled(&world).await;
    let (from, length, step) = (from * SECOND / 7, length * SECOND / 7, step * SECOND / 7);
    let cuts: Vec<i64> = (0..).map(|n| from + n * step).take_while(|cut| *cut <= from + length).collect();
    let range = TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(from + length));
    let selection = Selection { range, ..all(Signal::Logs) };
    let found = store.count_lines(&selection, &cuts, None).await.unwrap().unwrap();
    let mut counts = Counts::new();
    for count in found {
        assert!(range.contains(count.time));
        *counts.entry((count.labels, count.severity, cell(&cuts, count.time.nanos()))).or_default() += count.rows;
    }
    assert_eq!(counts, scanned(&store, selection, &cuts).await, "seed {seed}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn counts_are_those_of_a_scan(seed in any::<u64>(), from in -900i64..900, length in 1i64..1500, step in 1i64..400) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(check(seed, from, length, step));
    }
}

#[tokio::test]
async fn lines_with_metadata_that_is_asked_for_are_not_counted() {
    let world = world(3);
    let store = Store::in_memory(Arc::<FakeWorld>::clone(&world)).await.unwrap();
    let pod = Labels::from_pairs([("pod", "p-1")]);
    store.append(vec![lines(&world, 0, Some(&pod))]).await.unwrap();
    for _ in 0..2 {
        let count = async |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            store.count_lines(&all(Signal::Logs), &[0], Some(&names)).await.unwrap().is_some()
        };
        assert!(count(&["app", "detected_level"]).await && !count(&["pod"]).await);
        assert!(store.count_lines(&all(Signal::Logs), &[0], None).await.unwrap().is_none());
        store.flush().await.unwrap();
    }
}
