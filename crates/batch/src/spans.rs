//! Spans: one flat row a span; attributes, events and links keep their types and order.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::types::UInt32Type;
use arrow_array::{
    Array, BinaryArray, DictionaryArray, FixedSizeBinaryArray, Int64Array, StringArray, TimestampNanosecondArray,
    UInt8Array,
};
use arrow_schema::{DataType, Schema, SchemaRef};
use gw_base::{Signal, SpanId, Tenant, Timestamp, TraceId};

use crate::attributes::{Attributes, AttributesBuilder, Value};
use crate::logs::append_id;
use crate::{Batch, Dictionary, assemble, dictionary_of_binary, dictionary_of_text, field, optional, time_type, typed};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("service", dictionary_of_text()),
        field("time", time_type()),
        field("duration", DataType::Int64),
        field("trace_id", DataType::FixedSizeBinary(16)),
        field("span_id", DataType::FixedSizeBinary(8)),
        optional("parent_id", DataType::FixedSizeBinary(8)),
        field("name", dictionary_of_text()),
        field("kind", DataType::UInt8),
        field("status", DataType::UInt8),
        optional("status_message", DataType::Utf8),
        optional("trace_state", DataType::Utf8),
        field("source", DataType::UInt8),
        field("resource", dictionary_of_binary()),
        field("scope", dictionary_of_binary()),
        field("attributes", DataType::Binary),
        optional("events", DataType::Binary),
        optional("links", DataType::Binary),
    ]))
});

/// Columns of a spans batch: `service`, `time` (start), `duration` (nanoseconds), `trace_id`, `span_id`, `parent_id`,
/// `name`, `kind` ([`SpanKind`]), `status` ([`SpanStatus`]), `status_message`, `trace_state`, `source` ([`SpanSource`]),
/// `resource`, `scope` and `attributes` ([`crate::Attributes`]; a scope is its attributes plus `otel.scope.name` and
/// `otel.scope.version`), `events` ([`encode_events`]), `links` ([`encode_links`]).
#[must_use]
pub fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// A span's role, numbered as in OpenTelemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum SpanKind {
    /// Not said.
    #[default]
    Unspecified = 0,
    /// Work inside a process.
    Internal = 1,
    /// Handles a request.
    Server = 2,
    /// Sends a request.
    Client = 3,
    /// Sends a message.
    Producer = 4,
    /// Receives a message.
    Consumer = 5,
}

impl SpanKind {
    /// The kind of an OpenTelemetry number; unknown ones are unspecified.
    #[must_use]
    pub const fn from_u8(value: u8) -> Self {
        match value {
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Unspecified,
        }
    }

    /// Lower-case word, as in Jaeger's `span.kind` tag; empty when unspecified.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// How a span ended, numbered as in OpenTelemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum SpanStatus {
    /// Not said.
    #[default]
    Unset = 0,
    /// Explicitly good.
    Ok = 1,
    /// Failed.
    Error = 2,
}

impl SpanStatus {
    /// The status of an OpenTelemetry number; unknown ones are unset.
    #[must_use]
    pub const fn from_u8(value: u8) -> Self {
        match value {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }
}

/// Which protocol a span came by; rooms use it to answer in the sender's own shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum SpanSource {
    /// OpenTelemetry protocol.
    #[default]
    Otlp = 0,
    /// Jaeger.
    Jaeger = 1,
    /// Zipkin.
    Zipkin = 2,
}

/// Something that happened inside a span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent<'a> {
    /// When.
    pub time: Timestamp,
    /// What.
    pub name: &'a str,
    /// Encoded typed attributes.
    pub attributes: &'a [u8],
}

/// A reference to another span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanLink<'a> {
    /// The other trace.
    pub trace: TraceId,
    /// The other span.
    pub span: SpanId,
    /// W3C trace state.
    pub trace_state: &'a str,
    /// Encoded typed attributes.
    pub attributes: &'a [u8],
}

/// One span. `resource`, `scope` and `attributes` are encoded by [`AttributesBuilder`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpanRow<'a> {
    /// Name of the service that made it; `unknown_service` when the source does not say.
    pub service: &'a str,
    /// When it began.
    pub start: Timestamp,
    /// How long it took, nanoseconds, not negative.
    pub duration: i64,
    /// Its trace.
    pub trace: TraceId,
    /// Its own id.
    pub span: SpanId,
    /// Its parent, unless it is a root.
    pub parent: Option<SpanId>,
    /// Operation name.
    pub name: &'a str,
    /// Role.
    pub kind: SpanKind,
    /// How it ended.
    pub status: SpanStatus,
    /// Why it failed.
    pub status_message: Option<&'a str>,
    /// W3C trace state.
    pub trace_state: Option<&'a str>,
    /// Protocol it came by.
    pub source: SpanSource,
    /// Resource attributes.
    pub resource: &'a [u8],
    /// Instrumentation scope.
    pub scope: &'a [u8],
    /// Span attributes.
    pub attributes: &'a [u8],
    /// Events, from [`encode_events`].
    pub events: Option<&'a [u8]>,
    /// Links, from [`encode_links`].
    pub links: Option<&'a [u8]>,
}

/// Encodes events as one cell; `None` when there is none.
#[must_use]
pub fn encode_events(events: &[SpanEvent<'_>]) -> Option<Vec<u8>> {
    let mut builder = AttributesBuilder::default();
    for event in events {
        let body = Value::List(vec![Value::Int(event.time.nanos()), Value::Bytes(event.attributes.into())]);
        builder.push(event.name, &body);
    }
    (!events.is_empty()).then(|| builder.as_bytes().to_vec())
}

/// Decodes [`encode_events`]'s cell: (time, name, encoded attributes); stops at the first malformed event.
pub fn decode_events(cell: &[u8]) -> impl Iterator<Item = (Timestamp, &str, Vec<u8>)> {
    Attributes::new(cell).iter().map_while(|(name, value)| match value {
        Value::List(items) => match <[Value<'_>; 2]>::try_from(items) {
            Ok([Value::Int(nanos), Value::Bytes(attributes)]) => {
                Some((Timestamp::from_nanos(nanos), name, attributes.into_owned()))
            }
            _ => None,
        },
        _ => None,
    })
}

/// Encodes links as one cell; `None` when there is none.
#[must_use]
pub fn encode_links(links: &[SpanLink<'_>]) -> Option<Vec<u8>> {
    let mut builder = AttributesBuilder::default();
    for link in links {
        let ids: Vec<u8> = link.trace.0.iter().chain(&link.span.0).copied().collect();
        let body = Value::List(vec![Value::Bytes(ids.into()), Value::Bytes(link.attributes.into())]);
        builder.push(link.trace_state, &body);
    }
    (!links.is_empty()).then(|| builder.as_bytes().to_vec())
}

/// Decodes [`encode_links`]'s cell: (trace, span, trace state, encoded attributes); stops at the first malformed link.
pub fn decode_links(cell: &[u8]) -> impl Iterator<Item = (TraceId, SpanId, &str, Vec<u8>)> {
    Attributes::new(cell).iter().map_while(|(state, value)| match value {
        Value::List(items) => match <[Value<'_>; 2]>::try_from(items) {
            Ok([Value::Bytes(ids), Value::Bytes(attributes)]) => {
                let (trace, span) = ids.split_first_chunk::<16>()?;
                Some((TraceId(*trace), SpanId(span.try_into().ok()?), state, attributes.into_owned()))
            }
            _ => None,
        },
        _ => None,
    })
}

/// Builds a spans batch row by row.
#[derive(Debug)]
pub struct SpansBuilder {
    services: Dictionary,
    service_keys: Vec<u32>,
    times: Vec<i64>,
    durations: Vec<i64>,
    traces: FixedSizeBinaryBuilder,
    spans: FixedSizeBinaryBuilder,
    parents: FixedSizeBinaryBuilder,
    names: Dictionary,
    name_keys: Vec<u32>,
    kinds: Vec<u8>,
    statuses: Vec<u8>,
    status_messages: StringBuilder,
    trace_states: StringBuilder,
    sources: Vec<u8>,
    resources: Dictionary,
    resource_keys: Vec<u32>,
    scopes: Dictionary,
    scope_keys: Vec<u32>,
    attributes: BinaryBuilder,
    events: BinaryBuilder,
    links: BinaryBuilder,
}

impl Default for SpansBuilder {
    fn default() -> Self {
        Self {
            services: Dictionary::default(),
            service_keys: Vec::new(),
            times: Vec::new(),
            durations: Vec::new(),
            traces: FixedSizeBinaryBuilder::new(16),
            spans: FixedSizeBinaryBuilder::new(8),
            parents: FixedSizeBinaryBuilder::new(8),
            names: Dictionary::default(),
            name_keys: Vec::new(),
            kinds: Vec::new(),
            statuses: Vec::new(),
            status_messages: StringBuilder::new(),
            trace_states: StringBuilder::new(),
            sources: Vec::new(),
            resources: Dictionary::default(),
            resource_keys: Vec::new(),
            scopes: Dictionary::default(),
            scope_keys: Vec::new(),
            attributes: BinaryBuilder::new(),
            events: BinaryBuilder::new(),
            links: BinaryBuilder::new(),
        }
    }
}

impl SpansBuilder {
    /// Appends a span.
    pub fn push(&mut self, row: &SpanRow<'_>) {
        self.service_keys.push(self.services.key(row.service.as_bytes()));
        self.times.push(row.start.nanos());
        self.durations.push(row.duration.max(0));
        append_id(&mut self.traces, Some(&row.trace.0));
        append_id(&mut self.spans, Some(&row.span.0));
        append_id(&mut self.parents, row.parent.as_ref().map(|id| &id.0[..]));
        self.name_keys.push(self.names.key(row.name.as_bytes()));
        self.kinds.push(row.kind as u8);
        self.statuses.push(row.status as u8);
        self.status_messages.append_option(row.status_message);
        self.trace_states.append_option(row.trace_state);
        self.sources.push(row.source as u8);
        self.resource_keys.push(self.resources.key(row.resource));
        self.scope_keys.push(self.scopes.key(row.scope));
        self.attributes.append_value(row.attributes);
        self.events.append_option(row.events);
        self.links.append_option(row.links);
    }

    /// Rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no row yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The batch; the builder is used up.
    #[must_use]
    pub fn finish(mut self, tenant: Tenant) -> Batch {
        assemble(
            tenant,
            Signal::Spans,
            vec![
                self.services.into_text(self.service_keys),
                Arc::new(TimestampNanosecondArray::from(self.times).with_timezone("UTC")),
                Arc::new(Int64Array::from(self.durations)),
                Arc::new(self.traces.finish()),
                Arc::new(self.spans.finish()),
                Arc::new(self.parents.finish()),
                self.names.into_text(self.name_keys),
                Arc::new(UInt8Array::from(self.kinds)),
                Arc::new(UInt8Array::from(self.statuses)),
                Arc::new(self.status_messages.finish()),
                Arc::new(self.trace_states.finish()),
                Arc::new(UInt8Array::from(self.sources)),
                self.resources.into_binary(self.resource_keys),
                self.scopes.into_binary(self.scope_keys),
                Arc::new(self.attributes.finish()),
                Arc::new(self.events.finish()),
                Arc::new(self.links.finish()),
            ],
        )
    }
}

/// Typed columns of a spans batch.
#[derive(Debug, Clone, Copy)]
pub struct SpansView<'a> {
    services: &'a DictionaryArray<UInt32Type>,
    /// Start times, nanoseconds.
    pub times: &'a [i64],
    /// Durations, nanoseconds.
    pub durations: &'a [i64],
    traces: &'a FixedSizeBinaryArray,
    spans: &'a FixedSizeBinaryArray,
    parents: &'a FixedSizeBinaryArray,
    names: &'a DictionaryArray<UInt32Type>,
    kinds: &'a UInt8Array,
    statuses: &'a UInt8Array,
    status_messages: &'a StringArray,
    trace_states: &'a StringArray,
    sources: &'a UInt8Array,
    resources: &'a DictionaryArray<UInt32Type>,
    scopes: &'a DictionaryArray<UInt32Type>,
    attributes: &'a BinaryArray,
    events: &'a BinaryArray,
    links: &'a BinaryArray,
}

impl<'a> SpansView<'a> {
    /// The columns of a batch, or `None` when it is of another signal.
    #[must_use]
    pub fn of(batch: &'a Batch) -> Option<Self> {
        if batch.signal() != Signal::Spans {
            return None;
        }
        let records = batch.records();
        Some(Self {
            services: typed(records, 0),
            times: typed::<TimestampNanosecondArray>(records, 1).values(),
            durations: typed::<Int64Array>(records, 2).values(),
            traces: typed(records, 3),
            spans: typed(records, 4),
            parents: typed(records, 5),
            names: typed(records, 6),
            kinds: typed(records, 7),
            statuses: typed(records, 8),
            status_messages: typed(records, 9),
            trace_states: typed(records, 10),
            sources: typed(records, 11),
            resources: typed(records, 12),
            scopes: typed(records, 13),
            attributes: typed(records, 14),
            events: typed(records, 15),
            links: typed(records, 16),
        })
    }

    /// Number of spans.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no span.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The span of a row, borrowing from the batch.
    #[must_use]
    pub fn row(&self, row: usize) -> SpanRow<'a> {
        let id8 = |array: &'a FixedSizeBinaryArray| SpanId(array.value(row).try_into().expect("the column is 8 wide"));
        SpanRow {
            service: dictionary_text(self.services, row),
            start: Timestamp::from_nanos(self.times[row]),
            duration: self.durations[row],
            trace: TraceId(self.traces.value(row).try_into().expect("the column is 16 wide")),
            span: id8(self.spans),
            parent: self.parents.is_valid(row).then(|| id8(self.parents)),
            name: dictionary_text(self.names, row),
            kind: SpanKind::from_u8(self.kinds.value(row)),
            status: SpanStatus::from_u8(self.statuses.value(row)),
            status_message: self.status_messages.is_valid(row).then(|| self.status_messages.value(row)),
            trace_state: self.trace_states.is_valid(row).then(|| self.trace_states.value(row)),
            source: match self.sources.value(row) {
                1 => SpanSource::Jaeger,
                2 => SpanSource::Zipkin,
                _ => SpanSource::Otlp,
            },
            resource: dictionary_bytes(self.resources, row),
            scope: dictionary_bytes(self.scopes, row),
            attributes: self.attributes.value(row),
            events: self.events.is_valid(row).then(|| self.events.value(row)),
            links: self.links.is_valid(row).then(|| self.links.value(row)),
        }
    }
}

fn dictionary_text(array: &DictionaryArray<UInt32Type>, row: usize) -> &str {
    let values: &StringArray = array.values().as_any().downcast_ref().expect("the schema says text values");
    values.value(array.keys().value(row) as usize)
}

fn dictionary_bytes(array: &DictionaryArray<UInt32Type>, row: usize) -> &[u8] {
    let values: &BinaryArray = array.values().as_any().downcast_ref().expect("the schema says binary values");
    values.value(array.keys().value(row) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_comes_back_whole() {
        let mut attributes = AttributesBuilder::default();
        attributes.push("http.status_code", &Value::Int(500));
        let events = encode_events(&[SpanEvent {
            time: Timestamp::from_secs(2),
            name: "retry",
            attributes: attributes.as_bytes(),
        }]);
        let link = SpanLink { trace: TraceId([1; 16]), span: SpanId([2; 8]), trace_state: "", attributes: &[] };
        let links = encode_links(std::slice::from_ref(&link));
        let row = SpanRow {
            service: "shop",
            start: Timestamp::from_secs(1),
            duration: 5,
            trace: TraceId([9; 16]),
            span: SpanId([8; 8]),
            parent: Some(SpanId([7; 8])),
            name: "GET /",
            kind: SpanKind::Server,
            status: SpanStatus::Error,
            attributes: attributes.as_bytes(),
            events: events.as_deref(),
            links: links.as_deref(),
            ..SpanRow::default()
        };
        let mut builder = SpansBuilder::default();
        builder.push(&row);
        let batch = builder.finish(Tenant::default());
        assert_eq!(SpansView::of(&batch).unwrap().row(0), row);
        let decoded: Vec<_> = decode_events(row.events.unwrap()).collect();
        assert_eq!(decoded, [(Timestamp::from_secs(2), "retry", attributes.as_bytes().to_vec())]);
        assert_eq!(decode_links(row.links.unwrap()).count(), 1);
    }
}
