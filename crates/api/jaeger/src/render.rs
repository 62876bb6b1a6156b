//! Rows to Jaeger's JSON envelope.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use gw_base::{Map, TraceId};
use gw_batch::{Attributes, Batch, SpanRow, SpansView};
use gw_serve::text::push_text;
use http::header;
use serde_json::Value;

use crate::shared;
use crate::span::{push_span, push_tags, push_trace_id};

const CANNOT_FAIL: &str = "writing to a String cannot fail";

/// Spans by trace, traces in the order of the answer, spans of a trace by start; shared ids of Zipkin are separated.
pub(crate) fn group(batches: &[Batch]) -> Vec<Vec<SpanRow<'_>>> {
    let mut traces = group_raw(batches);
    traces.iter_mut().for_each(|spans| shared::separate(spans));
    traces
}

/// As [`group`], with ids as they came.
pub(crate) fn group_raw(batches: &[Batch]) -> Vec<Vec<SpanRow<'_>>> {
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

/// Names, sorted and once each.
pub(crate) fn names(names: impl Iterator<Item = String>) -> Response {
    let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    Envelope::list(names.into_iter().map(Value::String).collect()).answer()
}

/// The envelope that every answer of the API comes in.
#[derive(Debug)]
pub(crate) struct Envelope {
    data: String,
    total: usize,
    errors: String,
}

impl Envelope {
    /// A list. Wire: an empty one is `null`, as Go writes a slice that was never made.
    pub(crate) fn list(items: Vec<Value>) -> Self {
        let total = items.len();
        let data = if items.is_empty() { "null".to_owned() } else { Value::Array(items).to_string() };
        Self { data, total, errors: "null".to_owned() }
    }

    /// The same with another `total`.
    pub(crate) fn total(self, total: usize) -> Self {
        Self { total, ..self }
    }

    /// The answer.
    pub(crate) fn answer(self) -> Response {
        let Self { data, total, errors } = self;
        let body = format!("{{\"data\":{data},\"total\":{total},\"limit\":0,\"offset\":0,\"errors\":{errors}}}\n");
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

/// Traces, and those that were asked for by id and are not there. Wire: these are errors inside an answer with status 200.
pub(crate) fn traces(traces: &[Vec<SpanRow<'_>>], missing: &[TraceId]) -> Response {
    let mut data = String::from("[");
    for (i, spans) in traces.iter().enumerate() {
        if i > 0 {
            data.push(',');
        }
        push_trace(&mut data, spans);
    }
    data.push(']');
    let mut errors = String::from(if missing.is_empty() { "null" } else { "[" });
    for (i, id) in missing.iter().enumerate() {
        errors.push_str(if i > 0 { "," } else { "" });
        errors.push_str("{\"msg\":\"trace not found\",\"traceID\":\"");
        push_trace_id(&mut errors, *id);
        errors.push_str("\"}");
    }
    if !missing.is_empty() {
        errors.push(']');
    }
    Envelope { data, total: traces.len(), errors }.answer()
}

/// Appends a trace: its spans, and the processes that made them, numbered in order of first sight.
pub(crate) fn push_trace(out: &mut String, spans: &[SpanRow<'_>]) {
    out.push_str("{\"traceID\":\"");
    push_trace_id(out, spans.first().map(|span| span.trace).unwrap_or_default());
    out.push_str("\",\"spans\":[");
    let mut processes: Vec<(&str, &[u8])> = Vec::new();
    for (i, span) in spans.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let process = (span.service, span.resource);
        let place = processes.iter().position(|known| *known == process).unwrap_or_else(|| {
            processes.push(process);
            processes.len() - 1
        });
        push_span(out, span, &format!("p{}", place + 1));
    }
    out.push_str("],\"processes\":{");
    for (i, (service, resource)) in processes.into_iter().enumerate() {
        write!(out, "{}\"p{}\":{{\"serviceName\":", if i > 0 { "," } else { "" }, i + 1).expect(CANNOT_FAIL);
        push_text(out, service);
        out.push_str(",\"tags\":");
        push_tags(out, &mut Attributes::new(resource).iter().filter(|(key, _)| *key != "service.name"));
        out.push('}');
    }
    out.push_str("},\"warnings\":null}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{SpanId, Tenant, Timestamp};
    use gw_batch::{AttributesBuilder, SpanKind, SpanStatus, SpansBuilder};

    #[test]
    fn a_span_is_written_as_the_ui_reads_it() {
        let mut attributes = AttributesBuilder::default();
        attributes
            .push("n", &gw_batch::Value::Int(i64::MAX))
            .push("b", &gw_batch::Value::Bytes((&[0u8, 1][..]).into()));
        let mut scope = AttributesBuilder::default();
        scope.push_text("otel.scope.name", "lib");
        let mut builder = SpansBuilder::default();
        builder.push(&SpanRow {
            service: "shop",
            name: "GET \"/\"",
            trace: TraceId([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
            span: SpanId([1; 8]),
            parent: Some(SpanId([2; 8])),
            start: Timestamp::from_nanos(1_500),
            duration: 2_999,
            kind: SpanKind::Server,
            status: SpanStatus::Error,
            scope: scope.as_bytes(),
            attributes: attributes.as_bytes(),
            ..SpanRow::default()
        });
        let batch = [builder.finish(Tenant::default())];
        let mut out = String::new();
        push_trace(&mut out, &group(&batch)[0]);
        let expected = concat!(
            r#"{"traceID":"0102030405060708","spans":[{"traceID":"0102030405060708","spanID":"0101010101010101","#,
            r#""operationName":"GET \"/\"","references":[{"refType":"CHILD_OF","traceID":"0102030405060708","#,
            r#""spanID":"0202020202020202"}],"startTime":1,"duration":2,"tags":["#,
            r#"{"key":"otel.scope.name","type":"string","value":"lib"},"#,
            r#"{"key":"n","type":"int64","value":9223372036854775807},"#,
            r#"{"key":"b","type":"binary","value":"AAE="},"#,
            r#"{"key":"span.kind","type":"string","value":"server"},"#,
            r#"{"key":"otel.status_code","type":"string","value":"ERROR"},"#,
            r#"{"key":"error","type":"bool","value":true}],"logs":[],"processID":"p1","warnings":null}],"#,
            r#""processes":{"p1":{"serviceName":"shop","tags":[]}},"warnings":null}"#
        );
        assert_eq!(out, expected);
    }
}
