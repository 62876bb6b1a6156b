//! Reads give what the model gives, wherever the rows lie: head, frozen head, parts, merged parts.

use std::collections::BTreeSet;
use std::sync::Arc;

use gw_base::{Labels, METRIC_NAME, MatchOp, Matcher, Signal, Tenant, TimeRange, Timestamp, TraceId, World as _};
use gw_batch::{Batch, Direction, Exemplar, Histogram, MetricType, MetricsBuilder, Sink as _};
use proptest::prelude::*;

use super::model::{Model, all, batch, lines_of, read_all, scan, spans_of, stream_labels, world};
use crate::{Selection, Store};

async fn filled(seed: u64, batches: usize) -> (Arc<Store>, Model) {
    let world = world(seed);
    let store = Store::in_memory(Arc::<gw_base::FakeWorld>::clone(&world)).await.unwrap();
    let (mut model, mut serial) = (Model::default(), 0);
    for _ in 0..batches {
        store.append(vec![batch(&world, &mut model, &mut serial)]).await.unwrap();
        match world.random() % 5 {
            0 => store.flush().await.unwrap(),
            1 => store.tend().await,
            _ => {}
        }
    }
    (store, model)
}

fn millis(from: i64, to: i64) -> TimeRange {
    TimeRange::new(Timestamp::from_millis(from), Timestamp::from_millis(to))
}

async fn check(seed: u64, from: i64, length: i64) {
    let (store, model) = filled(seed, 60).await;
    assert_eq!(read_all(&store).await, model, "seed {seed}");
    let range = millis(from, from + length);
    let inside = |time: i64| range.contains(Timestamp::from_nanos(time));

    let matchers = vec![Matcher::new("i", MatchOp::Regex, "[0-4]"), Matcher::new(METRIC_NAME, MatchOp::NotEqual, "m1")];
    let wanted = |labels: &Labels| labels.get("i").is_some_and(|i| i < "5") && labels.metric() != Some("m1");
    let selection = Selection { range, ..all(Signal::Metrics) }.matching(matchers);
    let found: Vec<_> = store.series(&selection).await.unwrap();
    let found: Vec<(Labels, i64, u64)> = found
        .iter()
        .flat_map(|s| s.times.iter().zip(&s.values).map(|(t, v)| (s.labels.clone(), *t, v.to_bits())))
        .collect();
    let expected: Vec<(Labels, i64, u64)> = model
        .samples
        .iter()
        .filter(|((labels, time), _)| wanted(labels) && inside(*time))
        .map(|((labels, time), bits)| (labels.clone(), *time, *bits))
        .collect();
    assert_eq!(found, expected);

    let newest = store.series(&Selection { newest: true, ..selection }).await.unwrap();
    let newest: Vec<_> =
        newest.iter().filter_map(|s| Some((s.labels.clone(), *s.times.last()?, s.values.last()?.to_bits()))).collect();
    // The samples are in order of series and time, so the last of a chunk of one series is its newest.
    let chunks = expected.chunk_by(|(one, ..), (other, ..)| one == other);
    assert_eq!(newest, chunks.filter_map(|chunk| chunk.last().cloned()).collect::<Vec<_>>());

    let selection = Selection { range, contains: vec!["1".to_owned()], ..all(Signal::Logs) }
        .matching(vec![Matcher::equal("app", "app2")]);
    let found = lines_of(&scan(&store, selection, Direction::Backward).await);
    assert!(found.iter().rev().is_sorted_by_key(|(time, ..)| *time));
    let expected: BTreeSet<_> = model
        .lines
        .iter()
        .filter(|(time, labels, line)| inside(*time) && *labels == stream_labels(2) && line.contains('1'))
        .cloned()
        .collect();
    assert_eq!(found.len(), expected.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);

    let sets = store.label_sets(&all(Signal::Logs)).await.unwrap();
    let expected: BTreeSet<Labels> = model.lines.iter().map(|(_, labels, _)| labels.clone()).collect();
    assert_eq!(sets, expected.into_iter().collect::<Vec<_>>());

    let traces: Vec<TraceId> = model.spans.iter().take(3).map(|(_, _, trace, _)| TraceId(*trace)).collect();
    let selection = Selection { traces: Some(traces.clone()), ..all(Signal::Spans) };
    let found: BTreeSet<_> = spans_of(&scan(&store, selection, Direction::Forward).await).into_iter().collect();
    let of_traces = |span: &&(i64, String, [u8; 16], [u8; 8])| traces.contains(&TraceId(span.2));
    assert_eq!(found, model.spans.iter().filter(of_traces).cloned().collect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn reads_equal_the_model(seed in any::<u64>(), from in 0i64..50_000, length in 0i64..50_000) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(check(seed, from, length));
    }
}

#[tokio::test]
async fn histograms_starts_exemplars_and_families_survive_the_way_to_disk() {
    let store = Store::in_memory(world(3)).await.unwrap();
    let labels = Labels::from_pairs([(METRIC_NAME, "latency"), ("job", "shop")]);
    let histogram = Histogram { count: 3.0, sum: 1.5, ..Histogram::default() };
    let exemplar = Exemplar {
        labels: Labels::from_pairs([("trace_id", "abc")]),
        value: 0.4,
        time: Some(Timestamp::from_secs(11)),
    };
    let mut builder = MetricsBuilder::default();
    let key = builder.series(&labels);
    let start = Some(Timestamp::from_secs(1));
    builder.sample_with(
        key,
        Timestamp::from_secs(10),
        f64::from_bits(gw_batch::STALE_NAN_BITS),
        start,
        Some(&exemplar),
    );
    builder.histogram(key, Timestamp::from_secs(20), &histogram, start);
    builder.metadata("latency", MetricType::Histogram, "seconds", "how long", Timestamp::EPOCH);
    store.append(vec![builder.finish(Tenant::default())]).await.unwrap();
    for _ in 0..2 {
        let series = store.series(&all(Signal::Metrics)).await.unwrap().remove(0);
        assert_eq!((series.times[0], series.values[0].to_bits()), (10_000_000_000, gw_batch::STALE_NAN_BITS));
        assert_eq!((&*series.histograms[0], series.histogram_times[0]), (&histogram, 20_000_000_000));
        assert_eq!(series.starts, [(10_000_000_000, 1_000_000_000)]);
        let exemplars = store.exemplars(&all(Signal::Metrics)).await.unwrap();
        assert_eq!(exemplars[0].exemplars, std::slice::from_ref(&exemplar));
        let family = store.metadata(&Tenant::default()).remove(0);
        assert_eq!((family.kind, family.help.as_str()), (MetricType::Histogram, "how long"));
        store.flush().await.unwrap();
    }
}

#[tokio::test]
async fn budgets_hold_for_series_and_rows() {
    let (store, model) = filled(5, 40).await;
    let error = store.series(&all(Signal::Metrics).at_most(model.samples.len() - 1)).await.unwrap_err();
    assert!(matches!(error, crate::StoreError::TooManyRows { .. }), "{error}");
    assert!(store.series(&all(Signal::Metrics).at_most(model.samples.len())).await.is_ok());
    use futures_util::TryStreamExt as _;
    let rows = store.scan(all(Signal::Logs).at_most(model.lines.len() - 1), Direction::Forward).await.unwrap();
    assert!(rows.try_collect::<Vec<_>>().await.is_err());
}

#[tokio::test]
async fn the_last_of_equal_times_wins_and_equal_rows_come_once() {
    let store = Store::in_memory(world(4)).await.unwrap();
    let one = |value: f64| {
        let mut builder = MetricsBuilder::default();
        let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "up")]));
        builder.sample(key, Timestamp::from_secs(5), value);
        builder.finish(Tenant::default())
    };
    let mut model = Model::default();
    let logs = loop {
        let found = batch(&world(7), &mut model, &mut 0);
        if found.signal() == Signal::Logs {
            break found;
        }
        let skip = world(8 + model.samples.len() as u64 + model.spans.len() as u64 + model.events.len() as u64);
        let found = batch(&skip, &mut model, &mut 0);
        if found.signal() == Signal::Logs {
            break found;
        }
    };
    for value in [1.0, 2.0, 3.0] {
        store.append(vec![one(value), logs.clone()]).await.unwrap();
        if value < 3.0 {
            store.flush().await.unwrap();
        }
        let series = store.series(&all(Signal::Metrics)).await.unwrap();
        assert_eq!(series[0].values, [value]);
        let lines = lines_of(&scan(&store, all(Signal::Logs), Direction::Forward).await);
        assert_eq!(lines.len(), logs.rows());
    }
}

#[tokio::test]
async fn single_lines_do_not_fill_the_head() {
    let store = Store::in_memory(world(9)).await.unwrap();
    for i in 0..500 {
        let mut logs = gw_batch::LogsBuilder::default();
        let stream = logs.stream(&stream_labels(1));
        let time = Timestamp::from_secs(i);
        logs.push(
            stream,
            &gw_batch::LogRow {
                time,
                line: "a line of sixty bytes or so, as services write them",
                ..Default::default()
            },
        );
        store.append(vec![logs.finish(Tenant::default())]).await.unwrap();
    }
    let head = store.usage()[Signal::Logs as usize];
    assert!(head.head_bytes < 500 * 2_500, "{} bytes for 500 lines", head.head_bytes);
}

fn two_series(values: &[(i64, f64)]) -> Batch {
    let mut builder = MetricsBuilder::default();
    for job in ["a", "b"] {
        let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "up"), ("job", job)]));
        values.iter().for_each(|(second, value)| builder.sample(key, Timestamp::from_secs(*second), *value));
    }
    builder.finish(Tenant::default())
}

async fn times_of(store: &Store, job: &str) -> Vec<i64> {
    let selection = all(Signal::Metrics).matching(vec![Matcher::equal("job", job)]);
    let found = store.series(&selection).await.unwrap();
    found.first().map_or(Vec::new(), |series| series.times.iter().map(|t| t / 1_000_000_000).collect())
}

#[tokio::test]
async fn deletions_hide_what_was_there_and_cleaning_removes_it() {
    let store = Store::in_memory(world(11)).await.unwrap();
    store.append(vec![two_series(&[(1, 1.0), (2, 2.0), (3, 3.0)])]).await.unwrap();
    let (tenant, only_a) = (Tenant::default(), [Matcher::equal("job", "a")]);
    let range = TimeRange::new(Timestamp::from_secs(2), Timestamp::from_secs(9));
    store.delete_series(&tenant, &only_a, range).await.unwrap();
    assert_eq!((times_of(&store, "a").await, times_of(&store, "b").await), (vec![1], vec![1, 2, 3]));
    // What comes after the deletion is not deleted, not even in its range.
    store.append(vec![two_series(&[(3, 9.0), (4, 4.0)])]).await.unwrap();
    assert_eq!(times_of(&store, "a").await, [1, 3, 4]);
    store.flush().await.unwrap();
    let before = store.usage()[Signal::Metrics as usize].rows;
    store.clean_tombstones().await.unwrap();
    assert_eq!(store.usage()[Signal::Metrics as usize].rows, before - 2);
    assert_eq!((times_of(&store, "a").await, times_of(&store, "b").await), (vec![1, 3, 4], vec![1, 2, 3, 4]));
    store.delete_series(&tenant, &[], TimeRange::ALL).await.unwrap();
    assert!(store.label_sets(&all(Signal::Metrics)).await.unwrap().is_empty());
    store.clean_tombstones().await.unwrap();
    assert_eq!(store.usage()[Signal::Metrics as usize].parts, 0);
}

#[tokio::test]
async fn a_snapshot_opens_as_a_store() {
    let dir = std::env::temp_dir().join(format!("gw-store-snapshot-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    let store = Store::open(crate::StoreOptions::new(dir.join("live")), world(12)).await.unwrap();
    store.append(vec![two_series(&[(1, 1.0), (2, 2.0)])]).await.unwrap();
    assert!(store.snapshot(&dir.join("copy"), true).await.unwrap() > 0);
    store.append(vec![two_series(&[(3, 3.0)])]).await.unwrap();
    assert!(store.snapshot(&dir.join("copy"), true).await.is_err());
    let copy = Store::open(crate::StoreOptions::new(dir.join("copy")), world(13)).await.unwrap();
    assert_eq!((times_of(&copy, "b").await, times_of(&store, "b").await), (vec![1, 2], vec![1, 2, 3]));
    drop(copy);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[tokio::test]
async fn rules_of_retention_let_single_series_go() {
    let dir = std::env::temp_dir().join(format!("gw-store-rules-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    let rule = |value: &str, hours| crate::RetentionRule {
        matchers: vec![Matcher::equal("job", value)],
        age: std::time::Duration::from_hours(hours),
    };
    // The first rule that matches holds: "a" goes after a day; "b" outlives the five days of all others.
    let rules = vec![rule("a", 24), rule("b", 24 * 14), rule("a", 24 * 100)];
    let age = std::time::Duration::from_hours(5 * 24);
    let retention = crate::Retention { rules, age, ..crate::Retention::default() };
    let options = crate::StoreOptions { retention, ..crate::StoreOptions::new(&dir) };
    // The clock stands eleven days behind the samples.
    let store = Store::open(options, world(14)).await.unwrap();
    store.append(vec![two_series(&[(1, 1.0), (2, 2.0)])]).await.unwrap();
    store.tend().await;
    assert_eq!(times_of(&store, "a").await, [1, 2], "the head is left alone");
    store.flush().await.unwrap();
    for _ in 0..2 {
        store.tend().await;
        assert_eq!((times_of(&store, "a").await, times_of(&store, "b").await), (vec![], vec![1, 2]));
    }
    assert_eq!(store.usage()[Signal::Metrics as usize].rows, 2);
    let mut builder = MetricsBuilder::default();
    let key = builder.series(&Labels::from_pairs([("job", "c")]));
    builder.sample(key, Timestamp::from_secs(3), 1.0);
    store.append(vec![builder.finish(Tenant::default())]).await.unwrap();
    store.flush().await.unwrap();
    store.tend().await;
    assert_eq!(store.usage()[Signal::Metrics as usize].rows, 2, "no rule keeps what is older than the age of all");
    drop(store);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[tokio::test]
async fn a_metric_of_too_many_series_is_shed_by_name_and_the_rest_is_kept() {
    let world = world(15);
    let limits = gw_base::Limits { series_per_metric: 3, ..gw_base::Limits::default() };
    let dir = std::env::temp_dir().join(format!("gw-store-budget-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    let store = Store::open(crate::StoreOptions { limits, ..crate::StoreOptions::new(&dir) }, world).await.unwrap();
    let mut builder = MetricsBuilder::default();
    for i in 0..5 {
        for metric in ["loud", "calm"] {
            let series = if metric == "loud" { i } else { 0 };
            let key = builder.series(&Labels::from_pairs([(METRIC_NAME, metric), ("i", &series.to_string())]));
            builder.sample(key, Timestamp::from_secs(i), 1.0);
        }
    }
    let ack = store.append(vec![builder.finish(Tenant::default())]).await.unwrap();
    assert_eq!((ack.rows, ack.refused.len(), ack.refused[0].rows), (8, 1, 2));
    assert!(ack.refused[0].message.contains("\"loud\""), "{}", ack.refused[0].message);
    assert_eq!(store.label_sets(&all(Signal::Metrics)).await.unwrap().len(), 4);
    drop(store);
    std::fs::remove_dir_all(&dir).unwrap();
}
