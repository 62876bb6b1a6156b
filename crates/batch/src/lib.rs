//! Arrow schemas of the signals, builders, typed readers, and the two seams `Sink` and `Queries`.
//!
//! A [`Batch`] is the only thing that travels between parts: rows of ONE signal for ONE tenant. Formats and collectors
//! build batches, the store keeps them, queries answer with Arrow columns. This crate knows no storage, no query engine
//! and no imitated product.

pub mod attributes;
mod dictionary;
pub mod events;
pub mod histogram;
pub mod logs;
pub mod matrix;
pub mod metrics;
mod notes;
pub mod plan;
mod query;
mod refusal;
pub mod rollup;
mod series_column;
pub mod sink;
pub mod spans;

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};
use gw_base::{HasKind, Kind, Signal, Tenant};

pub use attributes::{Attributes, AttributesBuilder, Value};
pub use dictionary::Dictionary;
pub use events::{EventRow, EventsBuilder, EventsView};
pub use histogram::{Bucket, BucketSpan, Histogram};
pub use logs::{LogRow, LogsBuilder, LogsView};
pub use matrix::{MatrixBuilder, SamplesBuilder, SeriesRow};
pub use metrics::{Exemplar, MetricCounts, MetricType, MetricsBuilder, MetricsView, STALE_NAN_BITS, is_stale};
pub use notes::{Detail, Note, Remark, Spread};
pub use plan::PlanNode;
pub use query::{
    Answer, Cost, Direction, EventQuery, Language, Names, Queries, Query, QueryError, Reading, Request, Selector,
    Shape, Stage, Steps, TraceQuery,
};
pub use refusal::{Refusal, Refusals};
pub use sink::{Ack, Sink, SinkError};
pub use spans::{SpanEvent, SpanKind, SpanLink, SpanRow, SpanSource, SpanStatus, SpansBuilder, SpansView};

/// The schema of a signal's batches. Fixed: every column is always there, those that a source lacks are null.
#[must_use]
pub fn schema(signal: Signal) -> SchemaRef {
    match signal {
        Signal::Metrics => metrics::schema(),
        Signal::Logs => logs::schema(),
        Signal::Spans => spans::schema(),
        Signal::Events => events::schema(),
    }
}

/// Rows of one signal for one tenant, in that signal's [`schema`].
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    tenant: Tenant,
    signal: Signal,
    records: RecordBatch,
}

/// What is wrong with Arrow data that claims to be a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Columns or types differ from the signal's schema.
    #[error("columns are not those of signal {0}")]
    Schema(Signal),
    /// An encoded cell (labels, attributes, histogram) does not decode.
    #[error("column {column}: row {row} holds malformed bytes")]
    Cell {
        /// Column name.
        column: &'static str,
        /// Row number.
        row: usize,
    },
}

impl HasKind for BatchError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl Batch {
    /// Takes records that are in the signal's schema.
    ///
    /// # Errors
    /// [`BatchError::Schema`] when names or types differ.
    pub fn new(tenant: Tenant, signal: Signal, records: RecordBatch) -> Result<Self, BatchError> {
        if records.schema().fields() != schema(signal).fields() {
            return Err(BatchError::Schema(signal));
        }
        Ok(Self { tenant, signal, records })
    }

    /// Whose rows these are.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// What kind of rows these are.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// The columns.
    #[must_use]
    pub const fn records(&self) -> &RecordBatch {
        &self.records
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.records.num_rows()
    }

    /// Bytes held in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // An all-null column is shared between batches, or as good as free.
        let held = |column: &&arrow_array::ArrayRef| column.null_count() < column.len();
        self.records.columns().iter().filter(held).map(|column| column.get_array_memory_size()).sum()
    }

    /// The same rows for another tenant.
    #[must_use]
    pub fn with_tenant(self, tenant: Tenant) -> Self {
        Self { tenant, ..self }
    }
}

/// The Arrow type of every time column: nanoseconds, UTC.
#[must_use]
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some(Arc::from("UTC")))
}

/// The Arrow type of repeated byte strings (label sets, resources).
#[must_use]
pub fn dictionary_of_binary() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Binary))
}

/// The Arrow type of repeated texts (services, operation names).
#[must_use]
pub fn dictionary_of_text() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// Downcasts a column that the schema check has already proven to be of this type.
fn typed<A: Array + 'static>(records: &RecordBatch, column: usize) -> &A {
    records.column(column).as_any().downcast_ref().expect("Batch::new checked the schema")
}

fn assemble(tenant: Tenant, signal: Signal, columns: Vec<arrow_array::ArrayRef>) -> Batch {
    let records =
        RecordBatch::try_new(schema(signal), columns).expect("builders fill every column of the schema to one length");
    Batch { tenant, signal, records }
}
