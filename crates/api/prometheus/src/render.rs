//! Answers to Prometheus JSON, written straight to text: one pass, no value tree.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gw_base::{METRIC_NAME, Timestamp};
use gw_batch::{Answer, Cost, Histogram, Note, PlanNode, SeriesRow, Shape, Steps};
use gw_serve::text::{push_labels, push_quoted, push_text, push_time};
use http::header;

/// A finished JSON document.
pub(crate) fn json(text: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text.into()).into_response()
}

/// `{"status":"success","data":DATA}` around JSON that is ready.
pub(crate) fn success(data: &str) -> Response {
    json(format!("{{\"status\":\"success\",\"data\":{data}}}"))
}

/// Success without data.
///
/// Wire: 204 without a body (web/api/v1/api.go, `wrap`); its published description says 200.
pub(crate) fn nothing() -> Response {
    http::StatusCode::NO_CONTENT.into_response()
}

/// The answer of `query` and `query_range`: rendered batch by batch while it is sent.
pub(crate) fn evaluation(
    answer: Answer,
    batches: Vec<RecordBatch>,
    is_range: bool,
    limit: Option<usize>,
    stats: Option<Timings>,
) -> Response {
    let steps = answer.steps.unwrap_or(Steps::instant(Timestamp::EPOCH));
    let mut notes = answer.cost.notes();
    let series_shape = matches!(answer.shape, Shape::Matrix | Shape::Samples);
    let kept = match limit.filter(|limit| series_shape && gw_serve::rows(&batches) > *limit) {
        Some(limit) => {
            notes.push(Note { warning: true, text: "results truncated due to limit".to_owned() });
            cut(&batches, limit)
        }
        None => batches,
    };
    let result_type = match answer.shape {
        Shape::Scalar if !is_range => "scalar",
        Shape::Text => "string",
        Shape::Samples => "matrix",
        _ if is_range => "matrix",
        _ => "vector",
    };
    let mut head = format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{result_type}\",\"result\":");
    let mut tail = String::new();
    if let Some(timings) = stats {
        push_stats(&mut tail, &answer.cost, timings);
    }
    tail.push('}');
    push_notes(&mut tail, &notes);
    tail.push('}');
    match result_type {
        "scalar" | "string" => {
            push_single(&mut head, &kept, steps, answer.shape);
            json(head + &tail)
        }
        _ => {
            head.push('[');
            tail.insert(0, ']');
            let body = kept.into_iter().flat_map(pieces).scan(true, move |first, piece| {
                let text = series_text(&piece, steps, is_range, first);
                Some(text)
            });
            let chunks = std::iter::once(head).chain(body).chain(std::iter::once(tail));
            let chunks = chunks.map(|text| Ok::<_, std::convert::Infallible>(Bytes::from(text)));
            json(Body::from_stream(futures_util::stream::iter(chunks)))
        }
    }
}

/// Rows of a batch that are written together: as many as make a text of some hundred kilobytes, so that the text of a large
/// answer is never in memory as a whole.
fn pieces(batch: RecordBatch) -> impl Iterator<Item = RecordBatch> {
    const ITEMS: usize = 1 << 14;
    let items = batch
        .column(batch.num_columns().saturating_sub(2))
        .as_list_opt::<i32>()
        .map_or(0, |lists| lists.values().len());
    let a_row = items / batch.num_rows().max(1) + 4;
    let rows = (ITEMS / a_row).max(1);
    (0..batch.num_rows()).step_by(rows).map(move |from| batch.slice(from, rows.min(batch.num_rows() - from)))
}

fn cut(batches: &[RecordBatch], limit: usize) -> Vec<RecordBatch> {
    let mut left = limit;
    let mut kept = Vec::new();
    for batch in batches {
        let take = batch.num_rows().min(left);
        left -= take;
        if take > 0 {
            kept.push(batch.slice(0, take));
        }
    }
    kept
}

fn push_single(out: &mut String, batches: &[RecordBatch], steps: Steps, shape: Shape) {
    out.push('[');
    push_time(out, steps.start);
    out.push(',');
    let first = batches.first();
    if shape == Shape::Text {
        let text = first
            .and_then(|batch| batch.column(0).as_string_opt::<i32>())
            .filter(|a| !a.is_empty())
            .map_or("", |a| a.value(0));
        push_text(out, text);
    } else {
        let value = first.and_then(|batch| SeriesRow::iter(batch).next()?.value(0)).unwrap_or(f64::NAN);
        push_quoted(out, value);
    }
    out.push(']');
}

fn series_text(batch: &RecordBatch, steps: Steps, is_range: bool, first: &mut bool) -> String {
    let mut out = String::with_capacity(batch.num_rows() * 128);
    for row in SeriesRow::iter(batch) {
        if !*first {
            out.push(',');
        }
        *first = false;
        out.push_str("{\"metric\":");
        push_labels(&mut out, row.labels);
        if is_range || row.times.is_some() {
            push_points(&mut out, &row, steps);
        } else {
            push_point(&mut out, &row, steps.start);
        }
        out.push('}');
    }
    out
}

fn push_point(out: &mut String, row: &SeriesRow<'_>, at: Timestamp) {
    if let Some(value) = row.value(0) {
        out.push_str(",\"value\":[");
        push_time(out, at);
        out.push(',');
        push_quoted(out, value);
        out.push(']');
    } else if let Some(histogram) = row.histogram(0) {
        out.push_str(",\"histogram\":[");
        push_time(out, at);
        out.push(',');
        push_histogram(out, &histogram);
        out.push(']');
    }
}

fn push_points(out: &mut String, row: &SeriesRow<'_>, steps: Steps) {
    let time_of = |i: usize| row.times.map_or_else(|| steps.at(i), |times| Timestamp::from_nanos(times[i]));
    let kinds = [(",\"values\":[", false), (",\"histograms\":[", true)];
    for (key, histograms) in kinds.into_iter().take(1 + usize::from(row.has_histograms())) {
        let mut any = false;
        for i in 0..row.len() {
            let histogram = if histograms { row.histogram(i) } else { None };
            let value = if histograms { None } else { row.value(i) };
            if value.is_none() && histogram.is_none() {
                continue;
            }
            out.push_str(if any { ",[" } else { key });
            if !any {
                out.push('[');
            }
            any = true;
            push_time(out, time_of(i));
            out.push(',');
            match (value, histogram) {
                (Some(value), _) => push_quoted(out, value),
                (None, Some(histogram)) => push_histogram(out, &histogram),
                (None, None) => {}
            }
            out.push(']');
        }
        if any {
            out.push(']');
        }
    }
}

/// Wire: `{"count":"..","sum":"..","buckets":[[rule,"lower","upper","count"],..]}`, empty buckets left out.
fn push_histogram(out: &mut String, histogram: &Histogram) {
    out.push_str("{\"count\":");
    push_quoted(out, histogram.count);
    out.push_str(",\"sum\":");
    push_quoted(out, histogram.sum);
    let buckets = histogram.buckets();
    let mut first = true;
    for bucket in buckets.iter().filter(|bucket| bucket.count != 0.0) {
        out.push_str(if first { ",\"buckets\":[[" } else { ",[" });
        first = false;
        let rule = match (bucket.lower_inclusive, bucket.upper_inclusive) {
            (false, true) => "0,",
            (true, false) => "1,",
            (false, false) => "2,",
            (true, true) => "3,",
        };
        out.push_str(rule);
        for (i, value) in [bucket.lower, bucket.upper, bucket.count].into_iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            push_quoted(out, value);
        }
        out.push(']');
    }
    out.push_str(if first { "}" } else { "]}" });
}

/// Remarks of a kind that an answer names; of the others it tells how many there are.
const NOTES_MAX: usize = 10;

fn push_notes(out: &mut String, notes: &[Note]) {
    for (key, kind, warning) in [("warnings", "warning", true), ("infos", "info", false)] {
        let all = || notes.iter().filter(|note| note.warning == warning);
        let mut texts: Vec<String> = all().take(NOTES_MAX).map(|note| note.text.clone()).collect();
        let more = all().count() - texts.len();
        if more > 0 {
            texts.push(format!("{more} more {kind} annotations omitted"));
        }
        if !texts.is_empty() {
            out.push_str(",\"");
            out.push_str(key);
            out.push_str("\":");
            out.push_str(&serde_json::json!(texts).to_string());
        }
    }
}

/// Where the time of a query went, in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timings {
    /// Waiting for its turn.
    pub(crate) queue: f64,
    /// From then until the first row could be asked for.
    pub(crate) preparation: f64,
    /// From then until the last row was there.
    pub(crate) evaluation: f64,
    /// What of that was sorting.
    pub(crate) sort: f64,
}

impl Timings {
    /// Of a query that has been prepared and evaluated for so long, as its cost tells.
    pub(crate) fn new(prepared: Duration, evaluated: Duration, cost: &Cost) -> Self {
        let queued = Duration::from_nanos(cost.queued_nanos.load(Ordering::Relaxed));
        Self {
            queue: queued.as_secs_f64(),
            preparation: prepared.saturating_sub(queued).as_secs_f64(),
            evaluation: evaluated.as_secs_f64(),
            sort: cost.plan().map_or(Duration::ZERO, |plan| sorting(plan)).as_secs_f64(),
        }
    }
}

fn sorting(node: &PlanNode) -> Duration {
    let own = if node.name == "Sort" { node.own_time() } else { Duration::ZERO };
    node.children.iter().fold(own, |time, child| time + sorting(child))
}

fn push_stats(out: &mut String, cost: &Arc<Cost>, timings: Timings) {
    let samples = cost.rows.load(Ordering::Relaxed);
    let Timings { queue, preparation, evaluation, sort } = timings;
    let stats = serde_json::json!({
        "timings": {
            "evalTotalTime": preparation + evaluation,
            "resultSortTime": sort,
            "queryPreparationTime": preparation,
            "innerEvalTime": evaluation - sort,
            "execQueueTime": queue,
            "execTotalTime": queue + preparation + evaluation,
        },
        "samples": {"totalQueryableSamples": samples, "peakSamples": samples, "samplesRead": samples},
    });
    out.push_str(",\"stats\":");
    out.push_str(&stats.to_string());
}

/// Label sets.
pub(crate) fn label_sets(sets: &[gw_base::Labels], limit: Option<usize>, cost: &Cost) -> Response {
    let mut notes = cost.notes();
    if limit.is_some_and(|limit| sets.len() > limit) {
        notes.push(Note { warning: true, text: "results truncated due to limit".to_owned() });
    }
    let mut out = String::from("{\"status\":\"success\",\"data\":[");
    for (at, set) in sets.iter().take(limit.unwrap_or(usize::MAX)).enumerate() {
        if at > 0 {
            out.push(',');
        }
        push_labels(&mut out, set.as_bytes());
    }
    out.push(']');
    push_notes(&mut out, &notes);
    out.push('}');
    json(out)
}

/// Label names, label values or label sets.
pub(crate) fn names(batches: &[RecordBatch], limit: Option<usize>, cost: &Cost) -> Response {
    let mut notes = cost.notes();
    if limit.is_some_and(|limit| gw_serve::rows(batches) > limit) {
        notes.push(Note { warning: true, text: "results truncated due to limit".to_owned() });
    }
    let mut out = String::from("{\"status\":\"success\",\"data\":[");
    let mut left = limit.unwrap_or(usize::MAX);
    let mut first = true;
    for batch in batches {
        let column = batch.column(0);
        for row in 0..batch.num_rows().min(left) {
            if !first {
                out.push(',');
            }
            first = false;
            match (column.as_string_opt::<i32>(), column.as_binary_opt::<i32>()) {
                (Some(texts), _) => push_text(&mut out, texts.value(row)),
                (None, Some(sets)) => push_labels(&mut out, sets.value(row)),
                (None, None) => {}
            }
        }
        left = left.saturating_sub(batch.num_rows());
    }
    out.push(']');
    push_notes(&mut out, &notes);
    out.push('}');
    json(out)
}

/// Metadata by metric family.
pub(crate) fn metadata(batches: &[RecordBatch], per_metric: usize) -> Response {
    let mut families: serde_json::Map<String, serde_json::Value> = serde_json::Map::new();
    for batch in batches {
        let text = |name: &str, row: usize| {
            let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            column.filter(|column| column.is_valid(row)).map_or("", |column| column.value(row))
        };
        for row in 0..batch.num_rows() {
            let entry =
                serde_json::json!({"type": text("type", row), "unit": text("unit", row), "help": text("help", row)});
            let family = families.entry(text("metric", row)).or_insert_with(|| serde_json::json!([]));
            if let Some(entries) = family.as_array_mut().filter(|entries| entries.len() < per_metric) {
                entries.push(entry);
            }
        }
    }
    success(&serde_json::Value::Object(families).to_string())
}

/// Exemplars by series.
pub(crate) fn exemplars(batches: &[RecordBatch]) -> Response {
    let mut out = String::from("[");
    let mut current: Option<Vec<u8>> = None;
    for batch in batches {
        let binary = |name: &str| batch.column_by_name(name).and_then(|column| column.as_binary_opt::<i32>());
        let values = batch.column_by_name("value").and_then(|column| column.as_primitive_opt::<Float64Type>());
        let times =
            batch.column_by_name("time").and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
        let (Some(series), Some(own), Some(values), Some(times)) =
            (binary("labels"), binary("exemplar_labels"), values, times)
        else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let labels = series.value(row);
            let same = current.as_deref() == Some(labels);
            if !same {
                out.push_str(if current.is_some() { "]},{\"seriesLabels\":" } else { "{\"seriesLabels\":" });
                push_labels(&mut out, labels);
                out.push_str(",\"exemplars\":[");
                current = Some(labels.to_vec());
            }
            out.push_str(if same { ",{\"labels\":" } else { "{\"labels\":" });
            push_labels(&mut out, own.value(row));
            out.push_str(",\"value\":");
            push_quoted(&mut out, values.value(row));
            out.push_str(",\"timestamp\":");
            push_time(&mut out, Timestamp::from_nanos(times.value(row)));
            out.push('}');
        }
    }
    out.push_str(if current.is_some() { "]}]" } else { "]" });
    success(&out)
}

/// A label set as a JSON value, for the status pages.
pub(crate) fn label_map(labels: &gw_base::Labels, keep_name: bool) -> serde_json::Value {
    let pairs = labels.iter().filter(|(name, _)| keep_name || *name != METRIC_NAME);
    pairs
        .map(|(name, value)| (name.to_owned(), serde_json::Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
