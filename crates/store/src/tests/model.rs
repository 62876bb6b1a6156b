//! What a store must hold, said in the simplest way; and random batches to put into both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use gw_base::{FakeWorld, Labels, METRIC_NAME, Signal, SpanId, Tenant, TimeRange, Timestamp, TraceId, World};
use gw_batch::{
    Batch, Direction, EventRow, EventsBuilder, EventsView, LogRow, LogsBuilder, LogsView, MetricsBuilder, SpanRow,
    SpansBuilder, SpansView,
};

use crate::{Selection, Store};

/// All rows, each as something that can be compared.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) samples: BTreeMap<(Labels, i64), u64>,
    pub(super) lines: BTreeSet<(i64, Labels, String)>,
    pub(super) spans: BTreeSet<(i64, String, [u8; 16], [u8; 8])>,
    pub(super) events: BTreeSet<(i64, Labels, String)>,
}

pub(super) fn world(seed: u64) -> Arc<FakeWorld> {
    Arc::new(FakeWorld::new(Timestamp::from_secs(1_000_000), seed))
}

pub(super) fn series_labels(n: u64) -> Labels {
    Labels::from_pairs([(METRIC_NAME, format!("m{}", n % 3)), ("i", n.to_string())])
}

pub(super) fn stream_labels(n: u64) -> Labels {
    Labels::from_pairs([("app", format!("app{n}"))])
}

/// A random batch, also noted in `model`. `serial` makes rows that must differ different.
pub(super) fn batch(world: &FakeWorld, model: &mut Model, serial: &mut u64) -> Batch {
    let signal = Signal::ALL[(world.random() % 4) as usize];
    let rows = 1 + world.random() % 40;
    let tenant = Tenant::default();
    let time = || Timestamp::from_nanos((world.random() % 50_000) as i64 * 1_000_000);
    match signal {
        Signal::Metrics => {
            let mut builder = MetricsBuilder::default();
            for _ in 0..rows {
                let (at, which, value) = (time(), world.random() % 9, world.random() % 1000);
                let labels = series_labels(which);
                let key = builder.series(&labels);
                builder.sample(key, at, value as f64);
                model.samples.insert((labels, at.nanos()), (value as f64).to_bits());
            }
            builder.finish(tenant)
        }
        Signal::Logs => {
            let mut builder = LogsBuilder::default();
            for _ in 0..rows {
                *serial += 1;
                let (at, labels, line) = (time(), stream_labels(world.random() % 5), format!("줄 {serial}"));
                let stream = builder.stream(&labels);
                builder.push(stream, &LogRow { time: at, line: &line, ..LogRow::default() });
                model.lines.insert((at.nanos(), labels, line));
            }
            builder.finish(tenant)
        }
        Signal::Spans => {
            let mut builder = SpansBuilder::default();
            for _ in 0..rows {
                *serial += 1;
                let (start, service) = (time(), format!("svc{}", world.random() % 3));
                let (trace, span) = (TraceId(u128::from(*serial / 7).to_be_bytes()), SpanId(serial.to_be_bytes()));
                let name = if serial.is_multiple_of(2) { "get" } else { "put" };
                builder.push(&SpanRow { service: &service, start, trace, span, name, ..SpanRow::default() });
                model.spans.insert((start.nanos(), service, trace.0, span.0));
            }
            builder.finish(tenant)
        }
        Signal::Events => {
            let mut builder = EventsBuilder::default();
            for _ in 0..rows {
                *serial += 1;
                let (at, labels, title) = (time(), stream_labels(world.random() % 2), format!("event {serial}"));
                builder.push(&labels, &EventRow { time: at, kind: "k", title: &title, ..EventRow::default() });
                model.events.insert((at.nanos(), labels, title));
            }
            builder.finish(tenant)
        }
    }
}

pub(super) fn all(signal: Signal) -> Selection {
    Selection::new(Tenant::default(), signal, TimeRange::ALL)
}

/// The batches of a scan.
pub(super) async fn scan(store: &Store, selection: Selection, direction: Direction) -> Vec<Batch> {
    let (tenant, signal) = (selection.tenant.clone(), selection.signal);
    let rows = store.scan(selection, direction).await.unwrap();
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    batches.into_iter().map(|records| Batch::new(tenant.clone(), signal, records).unwrap()).collect()
}

pub(super) fn lines_of(batches: &[Batch]) -> Vec<(i64, Labels, String)> {
    let mut out = Vec::new();
    for view in batches.iter().filter_map(LogsView::of) {
        for (row, key) in view.keys.iter().enumerate() {
            let labels = Labels::from_bytes(view.streams.value(*key as usize)).unwrap();
            out.push((view.times[row], labels, view.lines.value(row).to_owned()));
        }
    }
    out
}

pub(super) fn spans_of(batches: &[Batch]) -> Vec<(i64, String, [u8; 16], [u8; 8])> {
    let views = batches.iter().filter_map(SpansView::of);
    views
        .flat_map(|view| (0..view.len()).map(move |row| view.row(row)).collect::<Vec<_>>())
        .map(|span| (span.start.nanos(), span.service.to_owned(), span.trace.0, span.span.0))
        .collect()
}

pub(super) fn events_of(batches: &[Batch]) -> Vec<(i64, Labels, String)> {
    let mut out = Vec::new();
    for view in batches.iter().filter_map(EventsView::of) {
        for (row, key) in view.keys.iter().enumerate() {
            let labels = Labels::from_bytes(view.subjects.value(*key as usize)).unwrap();
            out.push((view.times[row], labels, view.titles.value(row).to_owned()));
        }
    }
    out
}

/// Everything in a store. Fails when a row comes twice or out of order.
pub(super) async fn read_all(store: &Store) -> Model {
    let mut model = Model::default();
    for series in store.series(&all(Signal::Metrics)).await.unwrap() {
        assert!(series.times.is_sorted_by(|a, b| a < b), "times rise");
        for (time, value) in series.times.iter().zip(&series.values) {
            model.samples.insert((series.labels.clone(), *time), value.to_bits());
        }
    }
    let lines = lines_of(&scan(store, all(Signal::Logs), Direction::Forward).await);
    assert!(lines.is_sorted_by_key(|(time, ..)| *time), "lines are in order");
    let spans = spans_of(&scan(store, all(Signal::Spans), Direction::Backward).await);
    assert!(spans.iter().rev().is_sorted_by_key(|(time, ..)| *time), "spans are in order");
    let events = events_of(&scan(store, all(Signal::Events), Direction::Forward).await);
    let counts = (lines.len(), spans.len(), events.len());
    (model.lines, model.spans, model.events) =
        (lines.into_iter().collect(), spans.into_iter().collect(), events.into_iter().collect());
    assert_eq!(counts, (model.lines.len(), model.spans.len(), model.events.len()), "a row came twice");
    model
}
