//! Logs: one row a line, under a stream (a label set), with structured metadata and optional trace context.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{
    BinaryBuilder, FixedSizeBinaryBuilder, StringBuilder, TimestampNanosecondBuilder, UInt8Builder,
};
use arrow_array::types::UInt32Type;
use arrow_array::{
    Array, BinaryArray, DictionaryArray, FixedSizeBinaryArray, StringArray, TimestampNanosecondArray, UInt8Array,
};
use arrow_schema::{DataType, Schema, SchemaRef};
use gw_base::{Labels, Signal, SpanId, Tenant, Timestamp, TraceId};

use crate::{Batch, Dictionary, assemble, dictionary_of_binary, field, optional, time_type, typed};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("stream", dictionary_of_binary()),
        field("time", time_type()),
        optional("observed_time", time_type()),
        field("line", DataType::Utf8),
        optional("severity", DataType::UInt8),
        optional("trace_id", DataType::FixedSizeBinary(16)),
        optional("span_id", DataType::FixedSizeBinary(8)),
        optional("metadata", DataType::Binary),
    ]))
});

/// Columns of a logs batch: `stream` (canonical label bytes), `time`, `observed_time`, `line`, `severity` (OpenTelemetry
/// number 1..=24), `trace_id`, `span_id`, `metadata` (structured metadata as canonical label bytes).
#[must_use]
pub fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// The word that Loki calls a severity number's level (`detected_level`).
#[must_use]
pub const fn level_of(severity: u8) -> &'static str {
    match severity {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17 => "error",
        18..=20 => "critical",
        21..=24 => "fatal",
        _ => "unknown",
    }
}

/// One log line and what came with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogRow<'a> {
    /// When it happened.
    pub time: Timestamp,
    /// When a collector saw it.
    pub observed: Option<Timestamp>,
    /// The line.
    pub line: &'a str,
    /// OpenTelemetry severity number, 1..=24.
    pub severity: Option<u8>,
    /// The trace it belongs to.
    pub trace: Option<TraceId>,
    /// The span it belongs to.
    pub span: Option<SpanId>,
    /// Structured metadata.
    pub metadata: Option<&'a Labels>,
}

/// Builds a logs batch row by row.
#[derive(Debug)]
pub struct LogsBuilder {
    streams: Dictionary,
    keys: Vec<u32>,
    times: Vec<i64>,
    observed: TimestampNanosecondBuilder,
    lines: StringBuilder,
    severities: UInt8Builder,
    traces: FixedSizeBinaryBuilder,
    spans: FixedSizeBinaryBuilder,
    metadata: BinaryBuilder,
}

impl Default for LogsBuilder {
    fn default() -> Self {
        Self {
            streams: Dictionary::default(),
            keys: Vec::new(),
            times: Vec::new(),
            observed: TimestampNanosecondBuilder::new(),
            lines: StringBuilder::new(),
            severities: UInt8Builder::new(),
            traces: FixedSizeBinaryBuilder::new(16),
            spans: FixedSizeBinaryBuilder::new(8),
            metadata: BinaryBuilder::new(),
        }
    }
}

impl LogsBuilder {
    /// The key of a stream; use it for all its lines.
    pub fn stream(&mut self, labels: &Labels) -> u32 {
        self.streams.key(labels.as_bytes())
    }

    /// The key of a stream whose canonical label bytes the caller has made itself.
    pub fn stream_bytes(&mut self, canonical: &[u8]) -> u32 {
        self.streams.key(canonical)
    }

    /// Appends a line.
    pub fn push(&mut self, stream: u32, row: &LogRow<'_>) {
        self.push_canonical(stream, row, row.metadata.map_or(&[], Labels::as_bytes));
    }

    /// Appends a line whose structured metadata the caller has as canonical label bytes; those of `row` are not looked at.
    pub fn push_canonical(&mut self, stream: u32, row: &LogRow<'_>, metadata: &[u8]) {
        self.keys.push(stream);
        self.times.push(row.time.nanos());
        self.observed.append_option(row.observed.map(Timestamp::nanos));
        self.lines.append_value(row.line);
        self.severities.append_option(row.severity);
        append_id(&mut self.traces, row.trace.as_ref().map(|id| &id.0[..]));
        append_id(&mut self.spans, row.span.as_ref().map(|id| &id.0[..]));
        self.metadata.append_option((!metadata.is_empty()).then_some(metadata));
    }

    /// Rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no row yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The batch; the builder is used up.
    #[must_use]
    pub fn finish(mut self, tenant: Tenant) -> Batch {
        assemble(
            tenant,
            Signal::Logs,
            vec![
                self.streams.into_binary(self.keys),
                Arc::new(TimestampNanosecondArray::from(self.times).with_timezone("UTC")),
                Arc::new(self.observed.finish().with_timezone("UTC")),
                Arc::new(self.lines.finish()),
                Arc::new(self.severities.finish()),
                Arc::new(self.traces.finish()),
                Arc::new(self.spans.finish()),
                Arc::new(self.metadata.finish()),
            ],
        )
    }
}

/// Appends an id or null to a fixed-size column.
pub(crate) fn append_id(builder: &mut FixedSizeBinaryBuilder, id: Option<&[u8]>) {
    match id {
        Some(id) => builder.append_value(id).expect("the id type has the column's width"),
        None => builder.append_null(),
    }
}

/// Typed columns of a logs batch.
#[derive(Debug, Clone, Copy)]
pub struct LogsView<'a> {
    /// Row to stream: index into `streams`.
    pub keys: &'a [u32],
    /// Canonical label bytes of each distinct stream.
    pub streams: &'a BinaryArray,
    /// Times, nanoseconds.
    pub times: &'a [i64],
    /// Times of observation.
    pub observed: &'a TimestampNanosecondArray,
    /// Lines.
    pub lines: &'a StringArray,
    /// OpenTelemetry severity numbers.
    pub severities: &'a UInt8Array,
    /// Trace ids.
    pub traces: &'a FixedSizeBinaryArray,
    /// Span ids.
    pub spans: &'a FixedSizeBinaryArray,
    /// Structured metadata as canonical label bytes.
    pub metadata: &'a BinaryArray,
}

impl<'a> LogsView<'a> {
    /// The columns of a batch, or `None` when it is of another signal.
    #[must_use]
    pub fn of(batch: &'a Batch) -> Option<Self> {
        if batch.signal() != Signal::Logs {
            return None;
        }
        let records = batch.records();
        let streams: &DictionaryArray<UInt32Type> = typed(records, 0);
        Some(Self {
            keys: streams.keys().values(),
            streams: streams.values().as_any().downcast_ref().expect("the schema says binary values"),
            times: typed::<TimestampNanosecondArray>(records, 1).values(),
            observed: typed(records, 2),
            lines: typed(records, 3),
            severities: typed(records, 4),
            traces: typed(records, 5),
            spans: typed(records, 6),
            metadata: typed(records, 7),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_company() {
        let mut builder = LogsBuilder::default();
        let stream = builder.stream(&Labels::from_pairs([("app", "shop")]));
        let metadata = Labels::from_pairs([("pod", "a")]);
        let trace = TraceId([7; 16]);
        builder.push(
            stream,
            &LogRow { line: "hello", trace: Some(trace), metadata: Some(&metadata), ..LogRow::default() },
        );
        builder.push(stream, &LogRow { line: "", severity: Some(17), ..LogRow::default() });
        let batch = builder.finish(Tenant::default());
        let view = LogsView::of(&batch).unwrap();
        assert_eq!((view.lines.value(0), view.traces.value(0)), ("hello", &trace.0[..]));
        assert!(view.traces.is_null(1) && view.metadata.is_null(1));
        assert_eq!(view.severities.value(1), 17);
    }
}
