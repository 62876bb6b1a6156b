//! A Zipkin span as either encoding reads it, and how it becomes a row.

use std::borrow::Cow;

use gw_base::{SpanId, Timestamp, TraceId};
use gw_batch::{AttributesBuilder, SpanEvent, SpanKind, SpanRow, SpanSource, SpanStatus, SpansBuilder, Value};

use super::{DEBUG, LOCAL_ENDPOINT, NO_TIMESTAMP, PEER_SERVICE, REMOTE_ENDPOINT, SHARED};
use crate::format::{DecodeContext, Decoded, Refusals};

/// Name of a service that a span does not say.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// One side of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endpoint<'a> {
    pub(super) service: Cow<'a, str>,
    pub(super) ipv4: Cow<'a, str>,
    pub(super) ipv6: Cow<'a, str>,
    pub(super) port: u16,
}

impl Endpoint<'_> {
    /// The addresses, and the service name where `with_service`, as a map; `None` when all are empty.
    fn value(&self, with_service: bool) -> Option<Value<'_>> {
        let mut pairs = Vec::new();
        let service = if with_service { &*self.service } else { "" };
        for (key, text) in [("serviceName", service), ("ipv4", &*self.ipv4), ("ipv6", &*self.ipv6)] {
            if !text.is_empty() {
                pairs.push((Cow::Borrowed(key), Value::text(text)));
            }
        }
        if self.port != 0 {
            pairs.push((Cow::Borrowed("port"), Value::Int(i64::from(self.port))));
        }
        (!pairs.is_empty()).then_some(Value::Map(pairs))
    }
}

/// A span as sent; ids unparsed, times in microseconds with 0 for absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Span<'a> {
    pub(super) trace: Cow<'a, str>,
    pub(super) parent: Cow<'a, str>,
    pub(super) id: Cow<'a, str>,
    pub(super) kind: SpanKind,
    pub(super) name: Cow<'a, str>,
    pub(super) timestamp: u64,
    pub(super) duration: u64,
    pub(super) local: Endpoint<'a>,
    pub(super) remote: Endpoint<'a>,
    pub(super) annotations: Vec<(u64, Cow<'a, str>)>,
    pub(super) tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) debug: bool,
    pub(super) shared: bool,
}

/// Collects rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    now: Timestamp,
    builder: SpansBuilder,
    refused: Refusals,
    resource: AttributesBuilder,
    attributes: AttributesBuilder,
}

impl Rows {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { now, ..Self::default() }
    }

    pub(super) fn finish(self, context: &DecodeContext<'_>) -> Decoded {
        Decoded::of(self.builder.finish(context.tenant.clone()), self.refused)
    }

    pub(super) fn push(&mut self, span: &Span<'_>) {
        let ids = (TraceId::parse(&span.trace), SpanId::parse(&span.id));
        let (Ok(trace), Ok(id)) = ids else { return self.refuse(span) };
        if trace.is_zero() || id.is_zero() {
            return self.refuse(span);
        }
        // Wire: Zipkin lower-cases service and span names when it reads them.
        let service = lower(&span.local.service);
        let name = lower(&span.name);
        self.fill_resource(span, &service);
        self.fill_attributes(span);
        let first_annotation = span.annotations.iter().map(|(micros, _)| *micros).find(|micros| *micros != 0);
        let start = Some(span.timestamp).filter(|micros| *micros != 0).or(first_annotation);
        let error = span.tags.iter().find(|(key, _)| key == "error").map(|(_, value)| &**value);
        let events = events(span);
        self.builder.push(&SpanRow {
            service: if service.is_empty() { UNKNOWN_SERVICE } else { &service },
            start: start.map_or(self.now, micros),
            duration: i64::try_from(span.duration.saturating_mul(1000)).unwrap_or(i64::MAX),
            trace,
            span: id,
            parent: SpanId::parse(&span.parent).ok().filter(|parent| !parent.is_zero() && *parent != id),
            name: &name,
            kind: span.kind,
            status: if error.is_some() { SpanStatus::Error } else { SpanStatus::Unset },
            status_message: error.filter(|message| !message.is_empty() && *message != "true"),
            source: SpanSource::Zipkin,
            resource: self.resource.as_bytes(),
            attributes: self.attributes.as_bytes(),
            events: events.as_deref(),
            ..SpanRow::default()
        });
    }

    fn refuse(&mut self, span: &Span<'_>) {
        self.refused.add("invalid_id", 1, || {
            let (trace, id): (String, String) = (span.trace.chars().take(40).collect(), span.id.chars().take(40).collect());
            format!("span with traceId {trace:?} and id {id:?}: ids are 1 to 32 and 1 to 16 hexadecimal digits, not all zero")
        });
    }

    fn fill_resource(&mut self, span: &Span<'_>, service: &str) {
        self.resource.clear();
        if !service.is_empty() {
            self.resource.push_text("service.name", service);
        }
        if let Some(addresses) = span.local.value(false) {
            self.resource.push(LOCAL_ENDPOINT, &addresses);
        }
    }

    fn fill_attributes(&mut self, span: &Span<'_>) {
        self.attributes.clear();
        let remote_service = lower(&span.remote.service);
        let remote = Endpoint { service: Cow::Borrowed(&remote_service), ..span.remote.clone() };
        if let Some(endpoint) = remote.value(true) {
            self.attributes.push(REMOTE_ENDPOINT, &endpoint);
            let stated = span.tags.iter().any(|(key, _)| key == PEER_SERVICE);
            if !remote_service.is_empty() && !stated {
                self.attributes.push_text(PEER_SERVICE, &remote_service);
            }
        }
        for (key, value) in &span.tags {
            self.attributes.push_text(key, value);
        }
        for (key, set) in [(SHARED, span.shared), (DEBUG, span.debug), (NO_TIMESTAMP, span.timestamp == 0)] {
            if set {
                self.attributes.push(key, &Value::Bool(true));
            }
        }
    }
}

fn lower<'t>(text: &'t str) -> Cow<'t, str> {
    if text.chars().any(char::is_uppercase) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

fn micros(micros: u64) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(micros.saturating_mul(1000)).unwrap_or(i64::MAX))
}

fn events(span: &Span<'_>) -> Option<Vec<u8>> {
    let events: Vec<SpanEvent<'_>> = span
        .annotations
        .iter()
        .map(|(at, value)| SpanEvent { time: micros(*at), name: value, attributes: &[] })
        .collect();
    gw_batch::spans::encode_events(&events)
}
