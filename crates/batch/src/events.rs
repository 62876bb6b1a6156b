//! Events: things that happened, typed by `kind` (`uptime.beat`, `alert.transition`, `deploy`, `security.finding`).

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, Float64Builder, StringBuilder, UInt8Builder};
use arrow_array::types::UInt32Type;
use arrow_array::{
    Array, BinaryArray, DictionaryArray, Float64Array, StringArray, TimestampNanosecondArray, UInt8Array,
};
use arrow_schema::{DataType, Schema, SchemaRef};
use gw_base::{Labels, Signal, Tenant, Timestamp};

use crate::{Batch, Dictionary, assemble, dictionary_of_binary, dictionary_of_text, field, optional, time_type, typed};

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("subject", dictionary_of_binary()),
        field("time", time_type()),
        field("kind", dictionary_of_text()),
        optional("severity", DataType::UInt8),
        field("title", DataType::Utf8),
        optional("body", DataType::Utf8),
        optional("value", DataType::Float64),
        optional("attributes", DataType::Binary),
    ]))
});

/// Columns of an events batch: `subject` (canonical label bytes of what it happened to), `time`, `kind`, `severity`
/// (OpenTelemetry number), `title`, `body`, `value`, `attributes` ([`crate::Attributes`]).
#[must_use]
pub fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// One event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventRow<'a> {
    /// When it happened.
    pub time: Timestamp,
    /// Its type, dotted.
    pub kind: &'a str,
    /// OpenTelemetry severity number, 1..=24.
    pub severity: Option<u8>,
    /// One line for people.
    pub title: &'a str,
    /// More text.
    pub body: Option<&'a str>,
    /// A measured value, such as a response time in seconds.
    pub value: Option<f64>,
    /// Encoded typed attributes.
    pub attributes: Option<&'a [u8]>,
}

/// Builds an events batch row by row.
#[derive(Debug, Default)]
pub struct EventsBuilder {
    subjects: Dictionary,
    keys: Vec<u32>,
    times: Vec<i64>,
    kinds: Dictionary,
    kind_keys: Vec<u32>,
    severities: UInt8Builder,
    titles: StringBuilder,
    bodies: StringBuilder,
    values: Float64Builder,
    attributes: BinaryBuilder,
}

impl EventsBuilder {
    /// Appends an event that happened to `subject`.
    pub fn push(&mut self, subject: &Labels, row: &EventRow<'_>) {
        self.keys.push(self.subjects.key(subject.as_bytes()));
        self.times.push(row.time.nanos());
        self.kind_keys.push(self.kinds.key(row.kind.as_bytes()));
        self.severities.append_option(row.severity);
        self.titles.append_value(row.title);
        self.bodies.append_option(row.body);
        self.values.append_option(row.value);
        self.attributes.append_option(row.attributes);
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
            Signal::Events,
            vec![
                self.subjects.into_binary(self.keys),
                Arc::new(TimestampNanosecondArray::from(self.times).with_timezone("UTC")),
                self.kinds.into_text(self.kind_keys),
                Arc::new(self.severities.finish()),
                Arc::new(self.titles.finish()),
                Arc::new(self.bodies.finish()),
                Arc::new(self.values.finish()),
                Arc::new(self.attributes.finish()),
            ],
        )
    }
}

/// Typed columns of an events batch.
#[derive(Debug, Clone, Copy)]
pub struct EventsView<'a> {
    /// Row to subject: index into `subjects`.
    pub keys: &'a [u32],
    /// Canonical label bytes of each distinct subject.
    pub subjects: &'a BinaryArray,
    /// Times, nanoseconds.
    pub times: &'a [i64],
    /// Row to kind: index into `kinds`.
    pub kind_keys: &'a [u32],
    /// Distinct kinds.
    pub kinds: &'a StringArray,
    /// OpenTelemetry severity numbers.
    pub severities: &'a UInt8Array,
    /// Titles.
    pub titles: &'a StringArray,
    /// Bodies.
    pub bodies: &'a StringArray,
    /// Measured values.
    pub values: &'a Float64Array,
    /// Encoded typed attributes.
    pub attributes: &'a BinaryArray,
}

impl<'a> EventsView<'a> {
    /// The columns of a batch, or `None` when it is of another signal.
    #[must_use]
    pub fn of(batch: &'a Batch) -> Option<Self> {
        if batch.signal() != Signal::Events {
            return None;
        }
        let records = batch.records();
        let subjects: &DictionaryArray<UInt32Type> = typed(records, 0);
        let kinds: &DictionaryArray<UInt32Type> = typed(records, 2);
        Some(Self {
            keys: subjects.keys().values(),
            subjects: subjects.values().as_any().downcast_ref().expect("the schema says binary values"),
            times: typed::<TimestampNanosecondArray>(records, 1).values(),
            kind_keys: kinds.keys().values(),
            kinds: kinds.values().as_any().downcast_ref().expect("the schema says text values"),
            severities: typed(records, 3),
            titles: typed(records, 4),
            bodies: typed(records, 5),
            values: typed(records, 6),
            attributes: typed(records, 7),
        })
    }
}
