//! Answers to Loki JSON.

use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampNanosecondType, UInt32Type};
use arrow_array::{Array, RecordBatch};
use axum::response::{IntoResponse, Response};
use gw_base::labels::Iter;
use gw_base::{Labels, Map, Timestamp};
use gw_batch::{Answer, SeriesRow, Shape, Steps};
use gw_serve::text::{push_labels, push_quoted, push_text, push_time};
use http::{HeaderMap, header};
use serde_json::json;

/// Whether parsed labels and structured metadata stay apart from the stream's labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// All labels merged into the stream, as before Loki 3.
    Merged,
    /// Wire: `X-Loki-Response-Encoding-Flags: categorize-labels`; each entry carries its own two maps.
    Categorized,
}

impl Encoding {
    /// What the request asks for.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let flags = headers.get("x-loki-response-encoding-flags").and_then(|value| value.to_str().ok()).unwrap_or("");
        if flags.split(',').any(|flag| flag.trim() == "categorize-labels") { Self::Categorized } else { Self::Merged }
    }
}

/// Log lines in the streams they belong to, in order of first sight.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    order: Vec<(Labels, String)>,
    index: Map<Labels, usize>,
    entries: usize,
}

impl Streams {
    /// Sorts the rows of a [`Shape::Lines`] batch into streams.
    pub(crate) fn add(&mut self, batch: &RecordBatch, encoding: Encoding) {
        let streams = batch.column_by_name("stream").and_then(|column| column.as_dictionary_opt::<UInt32Type>());
        let times =
            batch.column_by_name("time").and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
        let lines = batch.column_by_name("line").and_then(|column| column.as_string_opt::<i32>());
        let binary = |name: &str| batch.column_by_name(name).and_then(|column| column.as_binary_opt::<i32>());
        let (Some(streams), Some(times), Some(lines)) = (streams, times, lines) else { return };
        let Some(sets) = streams.values().as_binary_opt::<i32>() else { return };
        let (metadata, parsed) = (binary("metadata"), binary("parsed"));
        for row in 0..batch.num_rows() {
            let cell = |column: Option<&arrow_array::BinaryArray>| {
                column
                    .filter(|column| column.is_valid(row))
                    .map(|column| column.value(row).to_vec())
                    .unwrap_or_default()
            };
            let own = sets.value(streams.keys().value(row) as usize);
            let (metadata, parsed) = (cell(metadata), cell(parsed));
            let labels = match encoding {
                Encoding::Categorized => Labels::from_pairs(Iter::over(own)),
                Encoding::Merged => {
                    Labels::from_pairs(Iter::over(own).chain(Iter::over(&metadata)).chain(Iter::over(&parsed)))
                }
            };
            let out = self.stream(labels);
            push_entry(out, times.value(row), lines.value(row));
            if encoding == Encoding::Categorized {
                out.push_str(",{");
                push_category(out, "structuredMetadata", &metadata, true);
                push_category(out, "parsed", &parsed, metadata.is_empty());
                out.push('}');
            }
            out.push(']');
            self.entries += 1;
        }
    }

    fn stream(&mut self, labels: Labels) -> &mut String {
        let next = self.order.len();
        let at = *self.index.entry(labels.clone()).or_insert(next);
        if at == next {
            self.order.push((labels, String::new()));
        }
        &mut self.order[at].1
    }

    /// Whether there is no entry.
    pub(crate) const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Appends the streams as a JSON list.
    pub(crate) fn push(&self, out: &mut String) {
        out.push('[');
        for (i, (labels, entries)) in self.order.iter().enumerate() {
            out.push_str(if i > 0 { ",{\"stream\":" } else { "{\"stream\":" });
            push_labels(out, labels.as_bytes());
            out.push_str(",\"values\":[");
            out.push_str(entries);
            out.push_str("]}");
        }
        out.push(']');
    }
}

fn push_entry(out: &mut String, nanos: i64, line: &str) {
    out.push_str(if out.is_empty() { "[\"" } else { ",[\"" });
    out.push_str(&nanos.to_string());
    out.push_str("\",");
    push_text(out, line);
}

fn push_category(out: &mut String, name: &str, canonical: &[u8], first: bool) {
    if canonical.is_empty() {
        return;
    }
    if !first {
        out.push(',');
    }
    push_text(out, name);
    out.push(':');
    push_labels(out, canonical);
}

/// The answer of `query` and `query_range`.
pub(crate) fn answer(
    answer: &Answer,
    batches: &[RecordBatch],
    encoding: Encoding,
    is_range: bool,
    took: Duration,
) -> Response {
    let steps = answer.steps.unwrap_or(Steps::instant(Timestamp::EPOCH));
    let mut out = String::from("{\"status\":\"success\",\"data\":{\"resultType\":");
    let mut entries = 0;
    match answer.shape {
        Shape::Lines => {
            let mut streams = Streams::default();
            batches.iter().for_each(|batch| streams.add(batch, encoding));
            entries = streams.entries;
            out.push_str("\"streams\",\"result\":");
            streams.push(&mut out);
            if encoding == Encoding::Categorized {
                out.push_str(",\"encodingFlags\":[\"categorize-labels\"]");
            }
        }
        Shape::Scalar if !is_range => {
            let value = batches.first().and_then(|batch| SeriesRow::iter(batch).next()?.value(0)).unwrap_or(f64::NAN);
            out.push_str("\"scalar\",\"result\":[");
            push_time(&mut out, steps.start);
            out.push(',');
            push_quoted(&mut out, value);
            out.push(']');
        }
        _ => {
            out.push_str(if is_range { "\"matrix\",\"result\":[" } else { "\"vector\",\"result\":[" });
            let rows = batches.iter().flat_map(SeriesRow::iter);
            rows.enumerate().for_each(|(i, row)| push_series(&mut out, &row, steps, is_range, i == 0));
            out.push(']');
        }
    }
    out.push_str(",\"stats\":");
    out.push_str(&stats(answer, entries, took).to_string());
    out.push_str("}}");
    json_text(out)
}

fn push_series(out: &mut String, row: &SeriesRow<'_>, steps: Steps, is_range: bool, first: bool) {
    out.push_str(if first { "{\"metric\":" } else { ",{\"metric\":" });
    push_labels(out, row.labels);
    out.push_str(if is_range { ",\"values\":[" } else { ",\"value\":" });
    let points = (0..row.len()).filter_map(|i| row.value(i).map(|value| (i, value)));
    for (n, (i, value)) in points.enumerate() {
        out.push_str(if n > 0 { ",[" } else { "[" });
        push_time(out, steps.at(i));
        out.push(',');
        push_quoted(out, value);
        out.push(']');
    }
    out.push_str(if is_range { "]}" } else { "}" });
}

fn stats(answer: &Answer, entries: usize, took: Duration) -> serde_json::Value {
    let (lines, bytes) = (answer.cost.rows.load(Ordering::Relaxed), answer.cost.bytes.load(Ordering::Relaxed));
    let seconds = took.as_secs_f64().max(1e-9);
    json!({"summary": {
        "bytesProcessedPerSecond": (bytes as f64 / seconds) as u64,
        "linesProcessedPerSecond": (lines as f64 / seconds) as u64,
        "totalBytesProcessed": bytes,
        "totalLinesProcessed": lines,
        "execTime": took.as_secs_f64(),
        "queueTime": 0,
        "subqueries": 0,
        "splits": 0,
        "shards": 0,
        "totalEntriesReturned": entries,
    }})
}

/// Label names, values or sets. Wire: without data the key `data` is left out.
pub(crate) fn names(batches: &[RecordBatch]) -> Response {
    let mut out = String::from("{\"status\":\"success\"");
    let mut first = true;
    for batch in batches {
        let column = batch.column(0);
        for row in 0..batch.num_rows() {
            out.push_str(if first { ",\"data\":[" } else { "," });
            first = false;
            match (column.as_string_opt::<i32>(), column.as_binary_opt::<i32>()) {
                (Some(texts), _) => push_text(&mut out, texts.value(row)),
                (None, Some(sets)) => push_labels(&mut out, sets.value(row)),
                (None, None) => out.push_str("null"),
            }
        }
    }
    out.push_str(if first { "}" } else { "]}" });
    json_text(out)
}

/// A finished JSON document.
fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], text).into_response()
}
