//! Writes spans of any source as Zipkin v2 JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use gw_base::TraceId;
use gw_batch::{Attributes, SpanKind, SpanRow, SpanSource, SpanStatus, Value};

use super::{DEBUG, LOCAL_ENDPOINT, NO_TIMESTAMP, PEER_SERVICE, REMOTE_ENDPOINT, SHARED};

const CANNOT_FAIL: &str = "writing to a String cannot fail";

/// Appends a span as a JSON object, with the fields in the order in which zipkin-server writes them.
pub fn write_span(out: &mut String, row: &SpanRow<'_>) {
    let extras = Extras::of(row);
    out.push_str("{\"traceId\":\"");
    write_trace_id(out, row.trace);
    out.push('"');
    if let Some(parent) = row.parent {
        write!(out, ",\"parentId\":\"{parent}\"").expect(CANNOT_FAIL);
    }
    write!(out, ",\"id\":\"{}\"", row.span).expect(CANNOT_FAIL);
    if let Some(kind) = kind_word(row.kind) {
        write!(out, ",\"kind\":\"{kind}\"").expect(CANNOT_FAIL);
    }
    if !row.name.is_empty() {
        out.push_str(",\"name\":");
        Value::text(row.name).write_json(out);
    }
    if !extras.no_timestamp {
        write!(out, ",\"timestamp\":{}", row.start.nanos() / 1000).expect(CANNOT_FAIL);
    }
    if let Some(micros) = micros_of(row.duration) {
        write!(out, ",\"duration\":{micros}").expect(CANNOT_FAIL);
    }
    write_endpoint(out, "localEndpoint", extras.local_service, extras.local.as_ref());
    write_endpoint(out, "remoteEndpoint", extras.remote_service.as_deref(), extras.remote.as_ref());
    write_annotations(out, row);
    write_tags(out, &extras.tags);
    for (key, set) in [("debug", extras.debug), ("shared", extras.shared)] {
        if set {
            write!(out, ",\"{key}\":true").expect(CANNOT_FAIL);
        }
    }
    out.push('}');
}

/// Wire: ids of 64 bits are 16 digits, others 32.
fn write_trace_id(out: &mut String, trace: TraceId) {
    let skipped = if trace.0.iter().take(8).all(|byte| *byte == 0) { 8 } else { 0 };
    trace.0.iter().skip(skipped).for_each(|byte| write!(out, "{byte:02x}").expect(CANNOT_FAIL));
}

const fn kind_word(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Server => Some("SERVER"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
        SpanKind::Unspecified | SpanKind::Internal => None,
    }
}

/// Wire: Zipkin rounds a duration below a microsecond up to one, and has no duration of zero.
const fn micros_of(nanos: i64) -> Option<i64> {
    match nanos {
        ..=0 => None,
        1..1000 => Some(1),
        nanos => Some(nanos / 1000),
    }
}

/// What stands in attributes but has its own place in a Zipkin span.
#[derive(Default)]
struct Extras<'a> {
    local_service: Option<&'a str>,
    local: Option<Value<'a>>,
    remote_service: Option<Cow<'a, str>>,
    remote: Option<Value<'a>>,
    tags: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    no_timestamp: bool,
    debug: bool,
    shared: bool,
}

impl<'a> Extras<'a> {
    fn of(row: &SpanRow<'a>) -> Self {
        let resource = Attributes::new(row.resource);
        let stated = row.source != SpanSource::Zipkin || resource.get("service.name").is_some();
        let mut extras = Self {
            local_service: stated.then_some(row.service),
            local: resource.get(LOCAL_ENDPOINT),
            ..Self::default()
        };
        if row.source == SpanSource::Zipkin {
            extras.take_own(row);
        } else {
            extras.take_foreign(row);
        }
        extras
    }

    /// A span that came by Zipkin: marks go back to where they came from, tags are as sent.
    fn take_own(&mut self, row: &SpanRow<'a>) {
        let mut after_remote = false;
        for (key, value) in Attributes::new(row.attributes).iter() {
            let follows_remote = std::mem::replace(&mut after_remote, false);
            match (key, value) {
                (SHARED, Value::Bool(set)) => self.shared = set,
                (DEBUG, Value::Bool(set)) => self.debug = set,
                (NO_TIMESTAMP, Value::Bool(set)) => self.no_timestamp = set,
                (REMOTE_ENDPOINT, value @ Value::Map(_)) => {
                    self.remote_service = service_of(&value);
                    self.remote = Some(value);
                    after_remote = true;
                }
                (PEER_SERVICE, value) if follows_remote && Some(value.to_text()) == self.remote_service => {}
                (key, value) => drop(self.tags.insert(Cow::Borrowed(key), Cow::Owned(value.to_text().into_owned()))),
            }
        }
    }

    /// A span of another protocol, as OpenTelemetry's Zipkin exporter maps it.
    fn take_foreign(&mut self, row: &SpanRow<'a>) {
        let own_place =
            |key: &str| key == crate::jaeger::FLAGS || (row.source == SpanSource::Jaeger && key == "span.kind");
        let attributes = Attributes::new(row.attributes).iter().filter(|(key, _)| !own_place(key));
        for (key, value) in Attributes::new(row.scope).iter().chain(attributes) {
            self.tags.insert(Cow::Borrowed(key), Cow::Owned(value.to_text().into_owned()));
        }
        let outgoing = matches!(row.kind, SpanKind::Client | SpanKind::Producer);
        let names = [PEER_SERVICE, "server.address", "net.peer.name", "messaging.system", "db.system"];
        self.remote_service = names.iter().filter(|_| outgoing).find_map(|name| self.tags.get(*name).cloned());
        if row.status == SpanStatus::Error && !self.tags.contains_key("error") {
            self.tags.insert(Cow::Borrowed("error"), Cow::Borrowed(row.status_message.unwrap_or("true")));
        }
    }
}

fn service_of<'a>(endpoint: &Value<'a>) -> Option<Cow<'a, str>> {
    let Value::Map(pairs) = endpoint else { return None };
    let (_, service) = pairs.iter().find(|(key, _)| key == "serviceName")?;
    Some(Cow::Owned(service.to_text().into_owned()))
}

fn write_endpoint(out: &mut String, field: &str, service: Option<&str>, endpoint: Option<&Value<'_>>) {
    let addresses: &[_] = if let Some(Value::Map(pairs)) = endpoint { pairs } else { &[] };
    if service.is_none() && addresses.is_empty() {
        return;
    }
    write!(out, ",\"{field}\":{{").expect(CANNOT_FAIL);
    let mut separator = "";
    if let Some(service) = service {
        out.push_str("\"serviceName\":");
        Value::text(service).write_json(out);
        separator = ",";
    }
    for (key, value) in addresses.iter().filter(|(key, _)| key != "serviceName") {
        write!(out, "{separator}\"{key}\":").expect(CANNOT_FAIL);
        value.write_json(out);
        separator = ",";
    }
    out.push('}');
}

fn write_annotations(out: &mut String, row: &SpanRow<'_>) {
    let Some(cell) = row.events else { return };
    let mut separator = ",\"annotations\":[";
    for (time, name, attributes) in gw_batch::spans::decode_events(cell) {
        write!(out, "{separator}{{\"timestamp\":{},\"value\":", time.nanos() / 1000).expect(CANNOT_FAIL);
        separator = ",";
        if attributes.is_empty() {
            Value::text(name).write_json(out);
        } else {
            let pairs = Attributes::new(&attributes).iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect();
            let mut text = format!("{name}: ");
            Value::Map(pairs).write_json(&mut text);
            Value::text(&text).write_json(out);
        }
        out.push('}');
    }
    if separator == "," {
        out.push(']');
    }
}

fn write_tags(out: &mut String, tags: &BTreeMap<Cow<'_, str>, Cow<'_, str>>) {
    let mut separator = ",\"tags\":{";
    for (key, value) in tags {
        out.push_str(separator);
        Value::text(key).write_json(out);
        out.push(':');
        Value::text(value).write_json(out);
        separator = ",";
    }
    if separator == "," {
        out.push('}');
    }
}
