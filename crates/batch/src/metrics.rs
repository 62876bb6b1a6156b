//! Metrics: one row a sample. Floats, native histograms, exemplars, start times and metadata travel in one batch.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, Float64Builder, StringBuilder, TimestampNanosecondBuilder, UInt8Builder};
use arrow_array::types::UInt32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Float64Array, StringArray, TimestampNanosecondArray, UInt8Array,
    new_null_array,
};
use arrow_schema::{DataType, Schema, SchemaRef};
use gw_base::{Labels, METRIC_NAME, Signal, Tenant, Timestamp};

use crate::series_column::SeriesColumn;
use crate::{Batch, Histogram, assemble, dictionary_of_binary, field, optional, time_type, typed};

/// The NaN that says "this series ended here"; other NaNs are ordinary values.
pub const STALE_NAN_BITS: u64 = 0x7FF0_0000_0000_0002;

/// Whether a value is the stale marker.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("series", dictionary_of_binary()),
        field("time", time_type()),
        optional("value", DataType::Float64),
        optional("histogram", DataType::Binary),
        optional("start_time", time_type()),
        optional("exemplar_labels", DataType::Binary),
        optional("exemplar_value", DataType::Float64),
        optional("exemplar_time", time_type()),
        optional("type", DataType::UInt8),
        optional("unit", DataType::Utf8),
        optional("help", DataType::Utf8),
    ]))
});

/// Columns of a metrics batch: `series` (canonical label bytes), `time`, `value`, `histogram` ([`Histogram::encode`]),
/// `start_time`, `exemplar_labels`, `exemplar_value`, `exemplar_time`, `type` ([`MetricType`]), `unit`, `help`.
///
/// A row is a float sample (`value`), a histogram sample (`histogram`), an exemplar alone, or metadata (`type`, `unit`,
/// `help`, with `series` holding the metric name alone); a sample row may carry one exemplar.
#[must_use]
pub fn schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// What kind of metric a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum MetricType {
    /// Not known, or `untyped`.
    #[default]
    Unknown = 0,
    /// Only rises, or resets.
    Counter = 1,
    /// Goes up and down.
    Gauge = 2,
    /// Classic or native histogram.
    Histogram = 3,
    /// Histogram of current values.
    GaugeHistogram = 4,
    /// Client-side quantiles.
    Summary = 5,
    /// Labels as information.
    Info = 6,
    /// One of several states.
    StateSet = 7,
}

impl MetricType {
    const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Counter,
        Self::Gauge,
        Self::Histogram,
        Self::GaugeHistogram,
        Self::Summary,
        Self::Info,
        Self::StateSet,
    ];

    /// The word that Prometheus uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }

    /// The type of a number written by `as u8`.
    #[must_use]
    pub fn from_u8(value: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == value)
    }

    /// The type of a word; `untyped` is unknown.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        if word == "untyped" {
            return Some(Self::Unknown);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A traced example of an observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Its own labels, such as `trace_id`.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
    /// When it was observed, if the source says.
    pub time: Option<Timestamp>,
}

/// Builds a metrics batch row by row. A batch of plain float samples costs no more than its three columns: those that no
/// row uses are never built.
#[derive(Debug, Default)]
pub struct MetricsBuilder {
    series: SeriesColumn,
    keys: Vec<u32>,
    times: Vec<i64>,
    values: Float64Builder,
    /// What few batches have; as long as the others once there.
    extras: Option<Box<Extras>>,
}

/// The columns that most batches leave empty.
#[derive(Debug, Default)]
struct Extras {
    rows: usize,
    histograms: BinaryBuilder,
    starts: TimestampNanosecondBuilder,
    exemplar_labels: BinaryBuilder,
    exemplar_values: Float64Builder,
    exemplar_times: TimestampNanosecondBuilder,
    types: UInt8Builder,
    units: StringBuilder,
    helps: StringBuilder,
}

/// A row's cells in the optional columns.
#[derive(Debug, Default, Clone, Copy)]
struct Cells<'a> {
    histogram: Option<&'a Histogram>,
    start: Option<Timestamp>,
    exemplar: Option<&'a Exemplar>,
    family: Option<(MetricType, &'a str, &'a str)>,
}

impl Cells<'_> {
    const fn is_empty(&self) -> bool {
        self.histogram.is_none() && self.start.is_none() && self.exemplar.is_none() && self.family.is_none()
    }
}

impl Extras {
    /// Appends nulls up to so many rows.
    fn pad(&mut self, rows: usize) {
        for _ in self.rows..rows {
            self.push(Cells::default());
        }
    }

    fn push(&mut self, cells: Cells<'_>) {
        self.rows += 1;
        self.histograms.append_option(cells.histogram.map(Histogram::encode));
        self.starts.append_option(cells.start.map(Timestamp::nanos));
        match cells.exemplar {
            Some(exemplar) => {
                self.exemplar_labels.append_value(exemplar.labels.as_bytes());
                self.exemplar_values.append_value(exemplar.value);
                self.exemplar_times.append_option(exemplar.time.map(Timestamp::nanos));
            }
            None => {
                self.exemplar_labels.append_null();
                self.exemplar_values.append_null();
                self.exemplar_times.append_null();
            }
        }
        self.types.append_option(cells.family.map(|(kind, ..)| kind as u8));
        self.units.append_option(cells.family.map(|(_, unit, _)| unit));
        self.helps.append_option(cells.family.map(|(.., help)| help));
    }
}

impl MetricsBuilder {
    /// The key of a series; use it for all its samples.
    pub fn series(&mut self, labels: &Labels) -> u32 {
        self.series.find_or_push(labels.as_bytes())
    }

    /// The key of a series whose canonical label bytes the caller has made itself.
    pub fn series_bytes(&mut self, canonical: &[u8]) -> u32 {
        self.series.find_or_push(canonical)
    }

    /// The key of a series that the batch has hardly had before: spares the look-up. One that comes again stands twice,
    /// which is allowed.
    pub fn fresh_series(&mut self, canonical: &[u8]) -> u32 {
        self.series.push(canonical)
    }

    /// Appends a float sample.
    #[inline]
    pub fn sample(&mut self, series: u32, time: Timestamp, value: f64) {
        self.keys.push(series);
        self.times.push(time.nanos());
        self.values.append_value(value);
    }

    /// Appends a float sample with its start time and exemplar.
    #[expect(
        clippy::too_many_arguments,
        reason = "a row has this many independent columns; a struct would only name them again"
    )]
    pub fn sample_with(
        &mut self,
        series: u32,
        time: Timestamp,
        value: f64,
        start: Option<Timestamp>,
        exemplar: Option<&Exemplar>,
    ) {
        self.row(series, time, Some(value), Cells { start, exemplar, ..Cells::default() });
    }

    /// Appends a native-histogram sample.
    pub fn histogram(&mut self, series: u32, time: Timestamp, histogram: &Histogram, start: Option<Timestamp>) {
        self.row(series, time, None, Cells { histogram: Some(histogram), start, ..Cells::default() });
    }

    /// Appends an exemplar that belongs to no sample of this batch.
    pub fn exemplar(&mut self, series: u32, time: Timestamp, exemplar: &Exemplar) {
        self.row(series, time, None, Cells { exemplar: Some(exemplar), ..Cells::default() });
    }

    /// Appends the metadata of a metric family.
    #[expect(
        clippy::too_many_arguments,
        reason = "a row has this many independent columns; a struct would only name them again"
    )]
    pub fn metadata(&mut self, metric: &str, kind: MetricType, unit: &str, help: &str, time: Timestamp) {
        let series = self.series(&Labels::from_pairs([(METRIC_NAME, metric)]));
        self.row(series, time, None, Cells { family: Some((kind, unit, help)), ..Cells::default() });
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
        let rows = self.keys.len();
        let utc = |array: TimestampNanosecondArray| Arc::new(array.with_timezone("UTC"));
        let mut columns: Vec<ArrayRef> = vec![
            self.series.into_array(self.keys),
            utc(TimestampNanosecondArray::from(self.times)),
            Arc::new(self.values.finish()),
        ];
        match self.extras {
            Some(mut extras) => {
                extras.pad(rows);
                columns.extend([
                    Arc::new(extras.histograms.finish()) as ArrayRef,
                    utc(extras.starts.finish()),
                    Arc::new(extras.exemplar_labels.finish()),
                    Arc::new(extras.exemplar_values.finish()),
                    utc(extras.exemplar_times.finish()),
                    Arc::new(extras.types.finish()),
                    Arc::new(extras.units.finish()),
                    Arc::new(extras.helps.finish()),
                ]);
            }
            None => columns.extend(no_extras(rows)),
        }
        assemble(tenant, Signal::Metrics, columns)
    }

    fn row(&mut self, series: u32, time: Timestamp, value: Option<f64>, cells: Cells<'_>) {
        let before = self.keys.len();
        self.keys.push(series);
        self.times.push(time.nanos());
        self.values.append_option(value);
        if self.extras.is_none() && cells.is_empty() {
            return;
        }
        let extras = self.extras.get_or_insert_default();
        extras.pad(before);
        extras.push(cells);
    }
}

/// Rows of the null columns that batches without extras share.
const SHARED_ROWS: usize = 8 << 10;

fn null_extras(rows: usize) -> Vec<ArrayRef> {
    SCHEMA.fields().iter().skip(3).map(|field| new_null_array(field.data_type(), rows)).collect()
}

fn no_extras(rows: usize) -> Vec<ArrayRef> {
    static SHARED: LazyLock<Vec<ArrayRef>> = LazyLock::new(|| null_extras(SHARED_ROWS));
    if rows > SHARED_ROWS {
        return null_extras(rows);
    }
    SHARED.iter().map(|column| column.slice(0, rows)).collect()
}

/// How many rows of each kind metrics batches hold; a row with an exemplar beside its sample counts for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MetricCounts {
    /// Float samples.
    pub samples: u64,
    /// Native histograms.
    pub histograms: u64,
    /// Exemplars.
    pub exemplars: u64,
}

impl MetricCounts {
    /// Adds the rows of a batch; batches of other signals have none.
    pub fn add(&mut self, batch: &Batch) {
        let Some(view) = MetricsView::of(batch) else { return };
        let valid = |array: &dyn Array| (array.len() - array.null_count()) as u64;
        self.samples += valid(view.values);
        self.histograms += valid(view.histograms);
        self.exemplars += valid(view.exemplar_labels);
    }
}

/// Typed columns of a metrics batch.
#[derive(Debug, Clone, Copy)]
pub struct MetricsView<'a> {
    /// Row to series: index into `series`.
    pub keys: &'a [u32],
    /// Canonical label bytes of each distinct series.
    pub series: &'a BinaryArray,
    /// Sample times, nanoseconds.
    pub times: &'a [i64],
    /// Float samples.
    pub values: &'a Float64Array,
    /// Encoded native histograms.
    pub histograms: &'a BinaryArray,
    /// Start times.
    pub starts: &'a TimestampNanosecondArray,
    /// Canonical label bytes of exemplars.
    pub exemplar_labels: &'a BinaryArray,
    /// Values of exemplars.
    pub exemplar_values: &'a Float64Array,
    /// Times of exemplars.
    pub exemplar_times: &'a TimestampNanosecondArray,
    /// [`MetricType`] numbers; not null marks a metadata row.
    pub types: &'a UInt8Array,
    /// Units of metadata rows.
    pub units: &'a StringArray,
    /// Help texts of metadata rows.
    pub helps: &'a StringArray,
}

impl<'a> MetricsView<'a> {
    /// The columns of a batch, or `None` when it is of another signal.
    #[must_use]
    pub fn of(batch: &'a Batch) -> Option<Self> {
        if batch.signal() != Signal::Metrics {
            return None;
        }
        let records = batch.records();
        let series: &DictionaryArray<UInt32Type> = typed(records, 0);
        Some(Self {
            keys: series.keys().values(),
            series: series.values().as_any().downcast_ref().expect("the schema says binary values"),
            times: typed::<TimestampNanosecondArray>(records, 1).values(),
            values: typed(records, 2),
            histograms: typed(records, 3),
            starts: typed(records, 4),
            exemplar_labels: typed(records, 5),
            exemplar_values: typed(records, 6),
            exemplar_times: typed(records, 7),
            types: typed(records, 8),
            units: typed(records, 9),
            helps: typed(records, 10),
        })
    }

    /// The labels of a row.
    #[must_use]
    pub fn labels(&self, row: usize) -> gw_base::labels::Iter<'a> {
        gw_base::labels::Iter::over(self.series.value(self.keys[row] as usize))
    }

    /// Whether a row describes a metric family and is no sample.
    #[must_use]
    pub fn is_metadata(&self, row: usize) -> bool {
        self.types.is_valid(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_bit_for_bit() {
        let mut builder = MetricsBuilder::default();
        let up = builder.series(&Labels::from_pairs([(METRIC_NAME, "up"), ("job", "a")]));
        builder.sample(up, Timestamp::from_secs(1), f64::from_bits(STALE_NAN_BITS));
        builder.sample(up, Timestamp::from_secs(2), -0.0);
        builder.histogram(up, Timestamp::from_secs(3), &Histogram::default(), None);
        builder.metadata("up", MetricType::Gauge, "", "whether it is up", Timestamp::EPOCH);
        let batch = builder.finish(Tenant::default());
        let view = MetricsView::of(&batch).unwrap();
        assert!(is_stale(view.values.value(0)));
        assert_eq!(view.values.value(1).to_bits(), (-0.0f64).to_bits());
        assert!(view.histograms.is_valid(2) && view.is_metadata(3) && !view.is_metadata(0));
        assert_eq!(view.labels(1).collect::<Vec<_>>(), [(METRIC_NAME, "up"), ("job", "a")]);
        assert_eq!(view.series.len(), 2);
    }
}
