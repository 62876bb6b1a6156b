//! What a reader asks for and what it gets.

use std::sync::Arc;

use gw_base::{Labels, Matcher, Signal, Tenant, TimeRange, Timestamp, TraceId};
use gw_batch::rollup::{Exact, Rollup};
use gw_batch::{Exemplar, Histogram, MetricType, SpanKind};

/// Which rows a reader wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Whose rows.
    pub tenant: Tenant,
    /// Of which signal.
    pub signal: Signal,
    /// From when to when, both ends inside. Spans count by their start.
    pub range: TimeRange,
    /// Conditions that must all hold on the labels of the series (metrics), stream (logs) or subject (events). Spans have
    /// the labels `service`, `name` and `kind` (`server`, `client`, ...; absent when unspecified).
    pub matchers: Vec<Matcher>,
    /// Spans only: just these traces.
    pub traces: Option<Vec<TraceId>>,
    /// Logs only: texts that every line must contain.
    pub contains: Vec<String>,
    /// Metrics only: nothing but the newest sample of each series is wanted; older ones may be left out.
    pub newest: bool,
    /// Reading more rows than this fails with [`crate::StoreError::TooManyRows`].
    pub max_rows: usize,
    /// Metrics only: how rollups may stand for samples.
    pub rollups: Rollups,
}

/// How rollups may stand for samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rollups {
    /// Not at all.
    Refused,
    /// Where samples have gone, the last one of each interval.
    #[default]
    Lasts,
    /// Whole intervals: where samples have gone, and where they are still there as long as the answer is exactly theirs.
    Whole {
        /// Length of the intervals, nanoseconds. The range begins behind the end of one.
        length: i64,
        /// What makes the answer exact.
        exact: Exact,
    },
}

impl Selection {
    /// Everything of a signal in a time range, without a budget.
    #[must_use]
    pub const fn new(tenant: Tenant, signal: Signal, range: TimeRange) -> Self {
        Self {
            tenant,
            signal,
            range,
            matchers: Vec::new(),
            traces: None,
            contains: Vec::new(),
            newest: false,
            max_rows: usize::MAX,
            rollups: Rollups::Lasts,
        }
    }

    /// The same with these matchers.
    #[must_use]
    pub fn matching(self, matchers: Vec<Matcher>) -> Self {
        Self { matchers, ..self }
    }

    /// The same with these rollups.
    #[must_use]
    pub fn with_rollups(self, rollups: Rollups) -> Self {
        Self { rollups, ..self }
    }

    /// The same with a budget.
    #[must_use]
    pub fn at_most(self, max_rows: usize) -> Self {
        Self { max_rows, ..self }
    }
}

/// Texts of label sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Texts {
    /// The names of labels.
    Names,
    /// The values of one label.
    Values(String),
}

/// One time series with its samples in a time range: times rise, one sample a time. Of samples that claim the same time
/// the one appended last holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Its labels, the metric name among them.
    pub labels: Labels,
    /// Times of the float samples, nanoseconds.
    pub times: Vec<i64>,
    /// The float samples, stale markers included, every bit as it was sent.
    pub values: Vec<f64>,
    /// Times of the histogram samples, nanoseconds.
    pub histogram_times: Vec<i64>,
    /// The histogram samples.
    pub histograms: Vec<Arc<Histogram>>,
    /// (sample time, start time) pairs, rising, one wherever the start time changes, zero where it becomes unknown;
    /// empty when the source sends none.
    pub starts: Vec<(i64, i64)>,
    /// Rollups that stand for float samples, by rising end; none unless they were asked for.
    pub rollups: Vec<Rollup>,
}

impl Series {
    /// Empties it for another series, keeping the room of its lists.
    pub fn clear(&mut self) {
        self.labels = Labels::empty();
        self.times.clear();
        self.values.clear();
        self.histogram_times.clear();
        self.histograms.clear();
        self.starts.clear();
        self.rollups.clear();
    }
}

/// Type, unit and help of a metric family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The family's name.
    pub metric: String,
    /// Its type.
    pub kind: MetricType,
    /// Its unit, maybe empty.
    pub unit: String,
    /// Its help text, maybe empty.
    pub help: String,
}

/// The exemplars of one series, oldest first. Each has its time.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesExemplars {
    /// The series.
    pub labels: Labels,
    /// Its exemplars.
    pub exemplars: Vec<Exemplar>,
}

/// The name and role under which a service made spans.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Span name.
    pub name: String,
    /// Span role.
    pub kind: SpanKind,
}

/// Log lines of one stream and severity within one cell of the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Labels of the stream.
    pub labels: Labels,
    /// OpenTelemetry's number, if the lines have one.
    pub severity: Option<u8>,
    /// A time within the cell.
    pub time: Timestamp,
    /// How many lines.
    pub rows: u64,
}

/// How much of a signal is stored, over all tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalUsage {
    /// The signal.
    pub signal: Signal,
    /// Rows in parts and head.
    pub rows: u64,
    /// Bytes of parts and their indices.
    pub bytes: u64,
    /// Number of parts.
    pub parts: u64,
    /// Rows in the head alone.
    pub head_rows: u64,
    /// Bytes of the head in memory.
    pub head_bytes: u64,
    /// Bytes of the write-ahead log.
    pub wal_bytes: u64,
    /// Series, streams or subjects in the head.
    pub head_series: u64,
    /// Blocks of samples (metrics) or batches of rows in the head.
    pub head_chunks: u64,
}
