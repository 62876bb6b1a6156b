//! Rows to Zipkin's JSON.

use std::collections::BTreeSet;

use axum::response::{IntoResponse, Response};
use gw_base::{Map, TraceId};
use gw_batch::{Batch, SpanRow, SpansView};
use gw_formats::zipkin::write_span;
use gw_serve::text::push_text;
use http::{HeaderValue, header};
use serde_json::{Value, json};

/// Name that stands for a span without a service; it is no name to be listed.
const UNKNOWN_SERVICE: &str = "unknown_service";
/// From this many names on, clients may keep a list for a while (`ZipkinQueryApiV2.maybeCacheNames`).
const CACHED_NAMES: usize = 3;

/// Spans by trace, traces in the order of the answer, spans of a trace by start.
pub(crate) fn group(batches: &[Batch]) -> Vec<Vec<SpanRow<'_>>> {
    let mut places: Map<TraceId, usize> = Map::default();
    let mut traces: Vec<Vec<SpanRow<'_>>> = Vec::new();
    for view in batches.iter().filter_map(SpansView::of) {
        for row in (0..view.len()).map(|row| view.row(row)) {
            let place = *places.entry(row.trace).or_insert(traces.len());
            if place == traces.len() {
                traces.push(Vec::new());
            }
            traces[place].push(row);
        }
    }
    traces.iter_mut().for_each(|spans| spans.sort_by_key(|span| span.start));
    traces
}

/// One trace: a list of spans.
pub(crate) fn trace(spans: &[SpanRow<'_>]) -> Response {
    let mut out = String::new();
    push_trace(&mut out, spans);
    answer(out)
}

/// A list of traces.
pub(crate) fn traces(traces: &[Vec<SpanRow<'_>>]) -> Response {
    let mut out = String::from("[");
    for (i, spans) in traces.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_trace(&mut out, spans);
    }
    out.push(']');
    answer(out)
}

fn push_trace(out: &mut String, spans: &[SpanRow<'_>]) {
    out.push('[');
    for (i, span) in spans.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_span(out, span);
    }
    out.push(']');
}

/// Names, sorted and once each. Wire: a short list may still grow, so only a longer one may be cached.
pub(crate) fn names(names: impl IntoIterator<Item = String>) -> Response {
    let names: BTreeSet<String> =
        names.into_iter().filter(|name| !name.is_empty() && name != UNKNOWN_SERVICE).collect();
    let mut out = String::from("[");
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_text(&mut out, name);
    }
    out.push(']');
    let mut response = answer(out);
    if names.len() > CACHED_NAMES {
        let cached = HeaderValue::from_static("max-age=300, must-revalidate");
        response.headers_mut().insert(header::CACHE_CONTROL, cached);
    }
    response
}

/// Rows of parent, child, number of calls.
pub(crate) fn dependencies(rows: &[Vec<String>]) -> Response {
    let links: Vec<Value> = rows
        .iter()
        .filter_map(|row| {
            let [parent, child, calls] = row.as_slice() else { return None };
            Some(json!({"parent": parent, "child": child, "callCount": calls.parse::<f64>().ok()? as u64}))
        })
        .collect();
    answer(Value::Array(links).to_string())
}

fn answer(json: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{SpanId, Tenant, Timestamp};
    use gw_batch::SpansBuilder;

    #[test]
    fn spans_are_grouped_by_trace() {
        let mut builder = SpansBuilder::default();
        for (trace, span, start) in [(2u8, 1u8, 5), (1, 2, 9), (2, 3, 4)] {
            builder.push(&SpanRow {
                trace: TraceId([trace; 16]),
                span: SpanId([span; 8]),
                start: Timestamp::from_secs(start),
                ..SpanRow::default()
            });
        }
        let batch = [builder.finish(Tenant::default())];
        let groups: Vec<Vec<u8>> =
            group(&batch).iter().map(|spans| spans.iter().map(|span| span.span.0[0]).collect()).collect();
        assert_eq!(groups, [vec![3, 1], vec![2]]);
    }
}
