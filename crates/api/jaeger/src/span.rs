//! One span in Jaeger's UI JSON: tags, references, logs.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gw_base::TraceId;
use gw_batch::spans::{decode_events, decode_links};
use gw_batch::{Attributes, SpanRow, SpanSource, SpanStatus, Value};
use gw_formats::jaeger::{FLAGS, REF_TYPE};
use gw_serve::text::push_text;

const CANNOT_FAIL: &str = "writing to a String cannot fail";

/// Appends a trace id. Wire: 16 digits when the upper half is zero, else 32.
pub(crate) fn push_trace_id(out: &mut String, trace: TraceId) {
    let skipped = if trace.0.iter().take(8).all(|byte| *byte == 0) { 8 } else { 0 };
    trace.0.iter().skip(skipped).for_each(|byte| write!(out, "{byte:02x}").expect(CANNOT_FAIL));
}

/// Appends a span that belongs to process `process`.
pub(crate) fn push_span(out: &mut String, row: &SpanRow<'_>, process: &str) {
    out.push_str("{\"traceID\":\"");
    push_trace_id(out, row.trace);
    write!(out, "\",\"spanID\":\"{}\"", row.span).expect(CANNOT_FAIL);
    if let Some(Value::Int(flags)) = Attributes::new(row.attributes).get(FLAGS) {
        write!(out, ",\"flags\":{flags}").expect(CANNOT_FAIL);
    }
    out.push_str(",\"operationName\":");
    push_text(out, row.name);
    push_references(out, row);
    write!(out, ",\"startTime\":{},\"duration\":{}", row.start.nanos().div_euclid(1000), row.duration / 1000)
        .expect(CANNOT_FAIL);
    out.push_str(",\"tags\":");
    push_tags(out, &mut tags(row));
    push_logs(out, row);
    write!(out, ",\"processID\":\"{process}\",\"warnings\":null}}").expect(CANNOT_FAIL);
}

fn push_references(out: &mut String, row: &SpanRow<'_>) {
    out.push_str(",\"references\":[");
    let mut separator = "";
    let mut push = |out: &mut String, kind: &str, trace: TraceId, span: gw_base::SpanId| {
        write!(out, "{separator}{{\"refType\":\"{kind}\",\"traceID\":\"").expect(CANNOT_FAIL);
        push_trace_id(out, trace);
        write!(out, "\",\"spanID\":\"{span}\"}}").expect(CANNOT_FAIL);
        separator = ",";
    };
    if let Some(parent) = row.parent {
        push(out, "CHILD_OF", row.trace, parent);
    }
    for (trace, span, _, attributes) in row.links.into_iter().flat_map(decode_links) {
        let child_of = Attributes::new(&attributes).get(REF_TYPE).is_some_and(|kind| kind.to_text() == "child_of");
        push(out, if child_of { "CHILD_OF" } else { "FOLLOWS_FROM" }, trace, span);
    }
    out.push(']');
}

/// A span's tags. What came as Jaeger goes back as it came; of other protocols, the scope stands first, and kind, status and
/// trace state become tags as Jaeger's OTLP translator makes them.
fn tags<'a>(row: &SpanRow<'a>) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
    let own = Attributes::new(row.attributes).iter().filter(|(key, _)| *key != FLAGS);
    let foreign = row.source != SpanSource::Jaeger;
    let scope = Attributes::new(row.scope).iter();
    let attributes = Attributes::new(row.attributes);
    let text = |key: &'static str, text: Option<&'a str>| text.map(|text| (key, Value::text(text)));
    let (code, failed) = match row.status {
        SpanStatus::Unset => (None, false),
        SpanStatus::Ok => (Some("OK"), false),
        SpanStatus::Error => (Some("ERROR"), true),
    };
    let made = [
        text("span.kind", Some(row.kind.as_str()).filter(|kind| !kind.is_empty())),
        text("otel.status_code", code.filter(|_| row.source == SpanSource::Otlp)),
        failed.then_some(("error", Value::Bool(true))),
        text("otel.status_description", row.status_message.filter(|_| row.source == SpanSource::Otlp)),
        text("w3c.tracestate", row.trace_state),
    ];
    let made = made.into_iter().flatten().filter(move |(key, _)| foreign && attributes.get(key).is_none());
    scope.filter(move |_| foreign).chain(own).chain(made)
}

/// Appends tags as a list of `{key,type,value}`.
pub(crate) fn push_tags<'a>(out: &mut String, tags: &mut dyn Iterator<Item = (&'a str, Value<'a>)>) {
    let mut separator = "[";
    for (key, value) in tags {
        write!(out, "{separator}{{\"key\":").expect(CANNOT_FAIL);
        separator = ",";
        push_text(out, key);
        push_value(out, &value);
        out.push('}');
    }
    out.push_str(if separator == "[" { "[]" } else { "]" });
}

fn push_value(out: &mut String, value: &Value<'_>) {
    let kind = match value {
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::Bytes(_) => "binary",
        Value::Null | Value::Text(_) | Value::List(_) | Value::Map(_) => "string",
    };
    write!(out, ",\"type\":\"{kind}\",\"value\":").expect(CANNOT_FAIL);
    match value {
        // JSON has no NaN and no infinity: `write_json` makes texts of them.
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => value.write_json(out),
        Value::Bytes(bytes) => push_text(out, &STANDARD.encode(bytes)),
        other => push_text(out, &other.to_text()),
    }
}

fn push_logs(out: &mut String, row: &SpanRow<'_>) {
    out.push_str(",\"logs\":[");
    for (i, (time, name, attributes)) in row.events.into_iter().flat_map(decode_events).enumerate() {
        if i > 0 {
            out.push(',');
        }
        write!(out, "{{\"timestamp\":{},\"fields\":", time.nanos().div_euclid(1000)).expect(CANNOT_FAIL);
        let fields = Attributes::new(&attributes);
        let named = row.source != SpanSource::Jaeger && !name.is_empty() && fields.get("event").is_none();
        let name = named.then(|| ("event", Value::text(name)));
        push_tags(out, &mut name.into_iter().chain(fields.iter()));
        out.push('}');
    }
    out.push(']');
}
