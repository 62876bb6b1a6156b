//! The messages of OTLP as tables: what their fields are called in JSON, their numbers and types.
//!
//! Only what the decoders read is listed; any other JSON key is skipped, as the specification demands of receivers.

/// How a JSON value becomes a protobuf field.
#[derive(Debug)]
pub(super) enum Type {
    /// Text.
    Text,
    /// Bytes as hexadecimal digits (trace and span ids).
    Hex,
    /// Bytes as base64.
    Base64,
    /// `bool`.
    Bool,
    /// `uint32`, `uint64`, `int64` as varint.
    Varint,
    /// `sint32`.
    Zigzag,
    /// `fixed64`, `sfixed64`.
    Fixed64,
    /// `fixed32`.
    Fixed32,
    /// `double`.
    Double,
    /// An enum: names with their numbers, of which the JSON may hold either.
    Enum(&'static [(&'static str, u64)]),
    /// A message.
    Message(&'static Message),
}

/// A field: JSON name, number, type. Repeated fields need no mark: a JSON array repeats any of them.
#[derive(Debug)]
pub(super) struct FieldType(pub(super) &'static str, pub(super) u32, pub(super) Type);

/// A message: its fields.
#[derive(Debug)]
pub(super) struct Message(pub(super) &'static [FieldType]);

impl Message {
    /// The field of a JSON key: `lowerCamelCase`, or the `snake_case` of the `.proto` file that proto3 readers must take too.
    pub(super) fn field(&self, key: &str) -> Option<&'static FieldType> {
        self.0.iter().find(|field| field.0 == key).or_else(|| self.0.iter().find(|field| is_snake(field.0, key)))
    }
}

fn is_snake(camel: &str, key: &str) -> bool {
    let mut key = key.bytes();
    camel.bytes().all(|byte| {
        let expected = if byte.is_ascii_uppercase() { key.next() == Some(b'_') } else { true };
        expected && key.next() == Some(byte.to_ascii_lowercase())
    }) && key.next().is_none()
}

use FieldType as F;

pub(super) static TRACES: Message = Message(&[F("resourceSpans", 1, Type::Message(&RESOURCE_SPANS))]);
pub(super) static LOGS: Message = Message(&[F("resourceLogs", 1, Type::Message(&RESOURCE_LOGS))]);
pub(super) static METRICS: Message = Message(&[F("resourceMetrics", 1, Type::Message(&RESOURCE_METRICS))]);

static ANY_VALUE: Message = Message(&[
    F("stringValue", 1, Type::Text),
    F("boolValue", 2, Type::Bool),
    F("intValue", 3, Type::Varint),
    F("doubleValue", 4, Type::Double),
    F("arrayValue", 5, Type::Message(&ARRAY_VALUE)),
    F("kvlistValue", 6, Type::Message(&KEY_VALUE_LIST)),
    F("bytesValue", 7, Type::Base64),
]);
static ARRAY_VALUE: Message = Message(&[F("values", 1, Type::Message(&ANY_VALUE))]);
static KEY_VALUE_LIST: Message = Message(&[F("values", 1, Type::Message(&KEY_VALUE))]);
static KEY_VALUE: Message = Message(&[F("key", 1, Type::Text), F("value", 2, Type::Message(&ANY_VALUE))]);
static RESOURCE: Message = Message(&[F("attributes", 1, Type::Message(&KEY_VALUE))]);
static SCOPE: Message =
    Message(&[F("name", 1, Type::Text), F("version", 2, Type::Text), F("attributes", 3, Type::Message(&KEY_VALUE))]);

static RESOURCE_SPANS: Message =
    Message(&[F("resource", 1, Type::Message(&RESOURCE)), F("scopeSpans", 2, Type::Message(&SCOPE_SPANS))]);
static SCOPE_SPANS: Message = Message(&[F("scope", 1, Type::Message(&SCOPE)), F("spans", 2, Type::Message(&SPAN))]);
static SPAN: Message = Message(&[
    F("traceId", 1, Type::Hex),
    F("spanId", 2, Type::Hex),
    F("traceState", 3, Type::Text),
    F("parentSpanId", 4, Type::Hex),
    F("name", 5, Type::Text),
    F("kind", 6, Type::Enum(&SPAN_KINDS)),
    F("startTimeUnixNano", 7, Type::Fixed64),
    F("endTimeUnixNano", 8, Type::Fixed64),
    F("attributes", 9, Type::Message(&KEY_VALUE)),
    F("events", 11, Type::Message(&EVENT)),
    F("links", 13, Type::Message(&LINK)),
    F("status", 15, Type::Message(&STATUS)),
]);
static SPAN_KINDS: [(&str, u64); 6] = [
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
];
static EVENT: Message = Message(&[
    F("timeUnixNano", 1, Type::Fixed64),
    F("name", 2, Type::Text),
    F("attributes", 3, Type::Message(&KEY_VALUE)),
]);
static LINK: Message = Message(&[
    F("traceId", 1, Type::Hex),
    F("spanId", 2, Type::Hex),
    F("traceState", 3, Type::Text),
    F("attributes", 4, Type::Message(&KEY_VALUE)),
]);
static STATUS: Message = Message(&[F("message", 2, Type::Text), F("code", 3, Type::Enum(&STATUS_CODES))]);
static STATUS_CODES: [(&str, u64); 3] = [("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2)];

static RESOURCE_LOGS: Message =
    Message(&[F("resource", 1, Type::Message(&RESOURCE)), F("scopeLogs", 2, Type::Message(&SCOPE_LOGS))]);
static SCOPE_LOGS: Message =
    Message(&[F("scope", 1, Type::Message(&SCOPE)), F("logRecords", 2, Type::Message(&LOG_RECORD))]);
static LOG_RECORD: Message = Message(&[
    F("timeUnixNano", 1, Type::Fixed64),
    F("severityNumber", 2, Type::Enum(&SEVERITIES)),
    F("severityText", 3, Type::Text),
    F("body", 5, Type::Message(&ANY_VALUE)),
    F("attributes", 6, Type::Message(&KEY_VALUE)),
    F("droppedAttributesCount", 7, Type::Varint),
    F("flags", 8, Type::Fixed32),
    F("traceId", 9, Type::Hex),
    F("spanId", 10, Type::Hex),
    F("observedTimeUnixNano", 11, Type::Fixed64),
    F("eventName", 12, Type::Text),
]);
static SEVERITIES: [(&str, u64); 25] = [
    ("SEVERITY_NUMBER_UNSPECIFIED", 0),
    ("SEVERITY_NUMBER_TRACE", 1),
    ("SEVERITY_NUMBER_TRACE2", 2),
    ("SEVERITY_NUMBER_TRACE3", 3),
    ("SEVERITY_NUMBER_TRACE4", 4),
    ("SEVERITY_NUMBER_DEBUG", 5),
    ("SEVERITY_NUMBER_DEBUG2", 6),
    ("SEVERITY_NUMBER_DEBUG3", 7),
    ("SEVERITY_NUMBER_DEBUG4", 8),
    ("SEVERITY_NUMBER_INFO", 9),
    ("SEVERITY_NUMBER_INFO2", 10),
    ("SEVERITY_NUMBER_INFO3", 11),
    ("SEVERITY_NUMBER_INFO4", 12),
    ("SEVERITY_NUMBER_WARN", 13),
    ("SEVERITY_NUMBER_WARN2", 14),
    ("SEVERITY_NUMBER_WARN3", 15),
    ("SEVERITY_NUMBER_WARN4", 16),
    ("SEVERITY_NUMBER_ERROR", 17),
    ("SEVERITY_NUMBER_ERROR2", 18),
    ("SEVERITY_NUMBER_ERROR3", 19),
    ("SEVERITY_NUMBER_ERROR4", 20),
    ("SEVERITY_NUMBER_FATAL", 21),
    ("SEVERITY_NUMBER_FATAL2", 22),
    ("SEVERITY_NUMBER_FATAL3", 23),
    ("SEVERITY_NUMBER_FATAL4", 24),
];

static RESOURCE_METRICS: Message =
    Message(&[F("resource", 1, Type::Message(&RESOURCE)), F("scopeMetrics", 2, Type::Message(&SCOPE_METRICS))]);
static SCOPE_METRICS: Message =
    Message(&[F("scope", 1, Type::Message(&SCOPE)), F("metrics", 2, Type::Message(&METRIC))]);
static METRIC: Message = Message(&[
    F("name", 1, Type::Text),
    F("description", 2, Type::Text),
    F("unit", 3, Type::Text),
    F("gauge", 5, Type::Message(&GAUGE)),
    F("sum", 7, Type::Message(&SUM)),
    F("histogram", 9, Type::Message(&HISTOGRAM)),
    F("exponentialHistogram", 10, Type::Message(&EXPONENTIAL)),
    F("summary", 11, Type::Message(&SUMMARY)),
]);
static TEMPORALITIES: [(&str, u64); 3] = [
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
];
static GAUGE: Message = Message(&[F("dataPoints", 1, Type::Message(&NUMBER_POINT))]);
static SUM: Message = Message(&[
    F("dataPoints", 1, Type::Message(&NUMBER_POINT)),
    F("aggregationTemporality", 2, Type::Enum(&TEMPORALITIES)),
    F("isMonotonic", 3, Type::Bool),
]);
static HISTOGRAM: Message = Message(&[
    F("dataPoints", 1, Type::Message(&HISTOGRAM_POINT)),
    F("aggregationTemporality", 2, Type::Enum(&TEMPORALITIES)),
]);
static EXPONENTIAL: Message = Message(&[
    F("dataPoints", 1, Type::Message(&EXPONENTIAL_POINT)),
    F("aggregationTemporality", 2, Type::Enum(&TEMPORALITIES)),
]);
static SUMMARY: Message = Message(&[F("dataPoints", 1, Type::Message(&SUMMARY_POINT))]);
static NUMBER_POINT: Message = Message(&[
    F("startTimeUnixNano", 2, Type::Fixed64),
    F("timeUnixNano", 3, Type::Fixed64),
    F("asDouble", 4, Type::Double),
    F("exemplars", 5, Type::Message(&EXEMPLAR)),
    F("asInt", 6, Type::Fixed64),
    F("attributes", 7, Type::Message(&KEY_VALUE)),
    F("flags", 8, Type::Varint),
]);
static HISTOGRAM_POINT: Message = Message(&[
    F("startTimeUnixNano", 2, Type::Fixed64),
    F("timeUnixNano", 3, Type::Fixed64),
    F("count", 4, Type::Fixed64),
    F("sum", 5, Type::Double),
    F("bucketCounts", 6, Type::Fixed64),
    F("explicitBounds", 7, Type::Double),
    F("exemplars", 8, Type::Message(&EXEMPLAR)),
    F("attributes", 9, Type::Message(&KEY_VALUE)),
    F("flags", 10, Type::Varint),
]);
static EXPONENTIAL_POINT: Message = Message(&[
    F("attributes", 1, Type::Message(&KEY_VALUE)),
    F("startTimeUnixNano", 2, Type::Fixed64),
    F("timeUnixNano", 3, Type::Fixed64),
    F("count", 4, Type::Fixed64),
    F("sum", 5, Type::Double),
    F("scale", 6, Type::Zigzag),
    F("zeroCount", 7, Type::Fixed64),
    F("positive", 8, Type::Message(&BUCKETS)),
    F("negative", 9, Type::Message(&BUCKETS)),
    F("flags", 10, Type::Varint),
    F("exemplars", 11, Type::Message(&EXEMPLAR)),
    F("zeroThreshold", 14, Type::Double),
]);
static BUCKETS: Message = Message(&[F("offset", 1, Type::Zigzag), F("bucketCounts", 2, Type::Varint)]);
static SUMMARY_POINT: Message = Message(&[
    F("startTimeUnixNano", 2, Type::Fixed64),
    F("timeUnixNano", 3, Type::Fixed64),
    F("count", 4, Type::Fixed64),
    F("sum", 5, Type::Double),
    F("quantileValues", 6, Type::Message(&QUANTILE)),
    F("attributes", 7, Type::Message(&KEY_VALUE)),
    F("flags", 8, Type::Varint),
]);
static QUANTILE: Message = Message(&[F("quantile", 1, Type::Double), F("value", 2, Type::Double)]);
static EXEMPLAR: Message = Message(&[
    F("timeUnixNano", 2, Type::Fixed64),
    F("asDouble", 3, Type::Double),
    F("spanId", 4, Type::Hex),
    F("traceId", 5, Type::Hex),
    F("asInt", 6, Type::Fixed64),
    F("filteredAttributes", 7, Type::Message(&KEY_VALUE)),
]);
