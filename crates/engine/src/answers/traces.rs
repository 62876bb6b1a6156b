//! Traces by id, and search for traces by what one of their spans is like.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use futures_util::StreamExt as _;
use gw_base::{Kind, Map, Matcher, Set, Signal, TimeRange, Timestamp, TraceId};
use gw_batch::attributes::Attributes;
use gw_batch::spans::decode_events;
use gw_batch::{Answer, Cost, Direction, QueryError, Shape, SpanKind, SpanRow, SpanStatus, SpansView, TraceQuery};
use gw_store::Selection;

use super::stream::ready;
use super::tables::spans;
use crate::run::{Run, read_failed};

/// How far from a matching span the other spans of its trace may start.
const TRACE_REACH_NANOS: i64 = 24 * 3600 * 1_000_000_000;

/// All spans of these traces.
pub(crate) async fn traces(ids: Vec<TraceId>, range: TimeRange, run: Arc<Run>) -> Result<Answer, QueryError> {
    let records = read(ids, range, &run).await?;
    grouped(&records, &run).map(|records| ready(Shape::Spans, records, &run))
}

async fn read(ids: Vec<TraceId>, range: TimeRange, run: &Run) -> Result<RecordBatch, QueryError> {
    let mut selection = Selection::new(run.tenant.clone(), Signal::Spans, range).at_most(run.limits.query_samples);
    selection.traces = Some(ids);
    let mut stream = run.store.scan(selection, Direction::Forward).await.map_err(read_failed)?;
    let mut found = Vec::new();
    while let Some(records) = stream.next().await {
        run.check()?;
        let records = records.map_err(read_failed)?;
        run.hold(records.get_array_memory_size())?;
        Cost::add(&run.cost.rows, records.num_rows());
        found.push(records);
    }
    concat_batches(&gw_batch::spans::schema(), &found).map_err(|error| internal(&error.to_string()))
}

fn internal(text: &str) -> QueryError {
    QueryError::execute(Kind::Internal, text)
}

/// The same rows, those of one trace next to each other by start, traces newest first.
fn grouped(records: &RecordBatch, run: &Run) -> Result<RecordBatch, QueryError> {
    let batch = spans(records.clone(), run)?;
    let Some(view) = SpansView::of(&batch) else { return Err(internal("spans are not spans")) };
    let mut started: Map<TraceId, i64> = Map::default();
    let rows: Vec<(TraceId, i64)> = (0..view.len()).map(|row| (view.row(row).trace, view.times[row])).collect();
    for (trace, time) in &rows {
        started.entry(*trace).and_modify(|first| *first = (*first).min(*time)).or_insert(*time);
    }
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|row| {
        let (trace, time) = rows[*row as usize];
        (std::cmp::Reverse(started.get(&trace).copied()), trace, time)
    });
    take_record_batch(batch.records(), &UInt32Array::from(order)).map_err(|error| internal(&error.to_string()))
}

/// Traces of which one span matches, newest first.
pub(crate) async fn find_traces(search: TraceQuery, range: TimeRange, run: Arc<Run>) -> Result<Answer, QueryError> {
    let mut matchers = Vec::new();
    if let Some(service) = &search.service {
        matchers.push(Matcher::equal("service", service));
    }
    if let Some(operation) = &search.operation {
        matchers.push(Matcher::equal("name", operation));
    }
    let selection =
        Selection::new(run.tenant.clone(), Signal::Spans, range).matching(matchers).at_most(run.limits.query_samples);
    let mut stream = run.store.scan(selection, Direction::Backward).await.map_err(read_failed)?;
    let mut newest: Vec<(i64, TraceId)> = Vec::new();
    let mut found: Set<TraceId> = Set::default();
    // The newest spans come first, so the first traces found are the newest ones.
    while found.len() < search.limit
        && let Some(records) = stream.next().await
    {
        run.check()?;
        let batch = spans(records.map_err(read_failed)?, &run)?;
        let Some(view) = SpansView::of(&batch) else { continue };
        Cost::add(&run.cost.rows, view.len());
        for span in (0..view.len()).map(|row| view.row(row)) {
            if found.len() < search.limit && matches(&span, &search) && found.insert(span.trace) {
                newest.push((span.start.nanos(), span.trace));
            }
        }
    }
    drop(stream);
    let Some(oldest) = newest.iter().map(|(start, _)| *start).min() else {
        return Ok(ready(Shape::Spans, RecordBatch::new_empty(gw_batch::spans::schema()), &run));
    };
    let last = newest.iter().map(|(start, _)| *start).max().unwrap_or(oldest);
    let reach = TimeRange::new(
        Timestamp::from_nanos(oldest.saturating_sub(TRACE_REACH_NANOS)),
        Timestamp::from_nanos(last.saturating_add(TRACE_REACH_NANOS)),
    );
    traces(found.into_iter().collect(), reach, run).await
}

fn matches(span: &SpanRow<'_>, search: &TraceQuery) -> bool {
    let nanos = |duration: std::time::Duration| gw_base::time::nanos_of(duration);
    search.service.as_ref().is_none_or(|service| span.service == service)
        && search.operation.as_ref().is_none_or(|operation| span.name == operation)
        && search.min_duration.is_none_or(|least| span.duration >= nanos(least))
        && search.max_duration.is_none_or(|most| span.duration <= nanos(most))
        && search.tags.iter().all(|(key, value)| has_tag(span, key, Some(value)))
        && search.tag_names.iter().all(|key| has_tag(span, key, None))
}

/// Whether the span, its resource, its scope or one of its events carries a tag; Jaeger's words for what is a column here
/// (`error`, `span.kind`) count as tags.
fn has_tag(span: &SpanRow<'_>, key: &str, value: Option<&str>) -> bool {
    let fits = |found: Cow<'_, str>| value.is_none_or(|value| found == value);
    let attributes = |bytes: &[u8]| Attributes::new(bytes).iter().any(|(k, v)| k == key && fits(v.to_text()));
    let derived = match key {
        "error" if span.status == SpanStatus::Error => Some("true"),
        "span.kind" if span.kind != SpanKind::Unspecified => Some(span.kind.as_str()),
        "otel.status_code" => match span.status {
            SpanStatus::Error => Some("ERROR"),
            SpanStatus::Ok => Some("OK"),
            SpanStatus::Unset => None,
        },
        "otel.status_description" => span.status_message,
        _ => None,
    };
    derived.is_some_and(|text| fits(Cow::Borrowed(text)))
        || [span.attributes, span.resource, span.scope].into_iter().any(attributes)
        || span.events.is_some_and(|events| {
            decode_events(events)
                .any(|(_, name, bytes)| (key == "event" && fits(Cow::Borrowed(name))) || attributes(&bytes))
        })
}
