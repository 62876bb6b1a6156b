//! Typed reading and building of answers shaped as a step matrix ([`crate::Shape::Matrix`]) or raw samples.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, Float64Builder, ListBuilder, TimestampNanosecondBuilder};
use arrow_array::{Array, BinaryArray, Float64Array, ListArray, RecordBatch, TimestampNanosecondArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::{Histogram, field, optional, time_type};

fn list_of(data_type: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", data_type, true)))
}

static MATRIX: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("labels", DataType::Binary),
        field("values", list_of(DataType::Float64)),
        optional("histograms", list_of(DataType::Binary)),
    ]))
});

static SAMPLES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("labels", DataType::Binary),
        field("times", list_of(time_type())),
        field("values", list_of(DataType::Float64)),
        optional("histograms", list_of(DataType::Binary)),
    ]))
});

/// The schema of [`crate::Shape::Matrix`] and [`crate::Shape::Scalar`].
#[must_use]
pub fn matrix_schema() -> SchemaRef {
    Arc::clone(&MATRIX)
}

/// The schema of [`crate::Shape::Samples`].
#[must_use]
pub fn samples_schema() -> SchemaRef {
    Arc::clone(&SAMPLES)
}

/// One series of a matrix or of raw samples, borrowed from its batch.
#[derive(Debug, Clone, Copy)]
pub struct SeriesRow<'a> {
    /// Canonical label bytes.
    pub labels: &'a [u8],
    /// Sample times, nanoseconds; none in a matrix, whose times are the answer's steps.
    pub times: Option<&'a [i64]>,
    values: Cells<'a, Float64Array>,
    histograms: Option<Cells<'a, BinaryArray>>,
}

/// The items of one list of a column.
#[derive(Debug)]
struct Cells<'a, A> {
    all: &'a A,
    from: usize,
    length: usize,
}

impl<A> Clone for Cells<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Cells<'_, A> {}

impl<'a, A: Array> Cells<'a, A> {
    fn of(lists: &ListArray, all: &'a A, row: usize) -> Self {
        let offsets = lists.value_offsets();
        let from = offsets[row] as usize;
        Self { all, from, length: offsets[row + 1] as usize - from }
    }

    /// Where an item stands in the column, if there is one.
    fn place(&self, item: usize) -> Option<usize> {
        (item < self.length && self.all.is_valid(self.from + item)).then_some(self.from + item)
    }
}

impl<'a> SeriesRow<'a> {
    /// The rows of a batch in [`matrix_schema`] or [`samples_schema`].
    pub fn iter(records: &'a RecordBatch) -> impl Iterator<Item = Self> + 'a {
        let labels = records.column_by_name("labels").and_then(|array| array.as_any().downcast_ref::<BinaryArray>());
        let times = lists::<TimestampNanosecondArray>(records, "times");
        let values = lists::<Float64Array>(records, "values");
        let histograms = lists::<BinaryArray>(records, "histograms");
        let rows = if labels.is_some() && values.is_some() { records.num_rows() } else { 0 };
        (0..rows).filter_map(move |row| {
            let (of_values, values) = values?;
            Some(Self {
                labels: labels?.value(row),
                times: times.map(|(of_times, times)| {
                    let cells = Cells::of(of_times, times, row);
                    &times.values()[cells.from..cells.from + cells.length]
                }),
                values: Cells::of(of_values, values, row),
                histograms: histograms
                    .filter(|(of_histograms, _)| of_histograms.is_valid(row))
                    .map(|(of_histograms, histograms)| Cells::of(of_histograms, histograms, row)),
            })
        })
    }

    /// The float at an item, if there is one.
    #[must_use]
    pub fn value(&self, item: usize) -> Option<f64> {
        self.values.place(item).map(|at| self.values.all.value(at))
    }

    /// The histogram at an item, if there is one.
    #[must_use]
    pub fn histogram(&self, item: usize) -> Option<Histogram> {
        let cells = self.histograms?;
        cells.place(item).and_then(|at| Histogram::decode(cells.all.value(at)))
    }

    /// Whether some item is a histogram.
    #[must_use]
    pub const fn has_histograms(&self) -> bool {
        self.histograms.is_some()
    }

    /// Number of items.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.length
    }

    /// Whether there is no item.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.length == 0
    }
}

/// A column of lists, and what its lists are cut from.
fn lists<'a, A: Array + 'static>(records: &'a RecordBatch, name: &str) -> Option<(&'a ListArray, &'a A)> {
    let lists = records.column_by_name(name)?.as_any().downcast_ref::<ListArray>()?;
    Some((lists, lists.values().as_any().downcast_ref()?))
}

/// Builds a batch in [`matrix_schema`].
#[derive(Debug, Default)]
pub struct MatrixBuilder {
    labels: BinaryBuilder,
    values: ListBuilder<Float64Builder>,
    histograms: ListBuilder<BinaryBuilder>,
}

impl MatrixBuilder {
    /// Appends a series; `histograms` is empty when there is none at all.
    pub fn push(
        &mut self,
        labels: &[u8],
        values: impl IntoIterator<Item = Option<f64>>,
        histograms: &[Option<Vec<u8>>],
    ) {
        self.labels.append_value(labels);
        values.into_iter().for_each(|value| self.values.values().append_option(value));
        self.values.append(true);
        histograms.iter().for_each(|histogram| self.histograms.values().append_option(histogram.as_deref()));
        self.histograms.append(!histograms.is_empty());
    }

    /// The batch.
    #[must_use]
    pub fn finish(mut self) -> RecordBatch {
        let columns: Vec<arrow_array::ArrayRef> =
            vec![Arc::new(self.labels.finish()), Arc::new(self.values.finish()), Arc::new(self.histograms.finish())];
        RecordBatch::try_new(matrix_schema(), columns).expect("every push fills every column")
    }
}

/// Builds a batch in [`samples_schema`].
#[derive(Debug)]
pub struct SamplesBuilder {
    labels: BinaryBuilder,
    times: ListBuilder<TimestampNanosecondBuilder>,
    values: ListBuilder<Float64Builder>,
    histograms: ListBuilder<BinaryBuilder>,
}

impl Default for SamplesBuilder {
    fn default() -> Self {
        let times = TimestampNanosecondBuilder::new().with_data_type(time_type());
        Self {
            labels: BinaryBuilder::new(),
            times: ListBuilder::new(times),
            values: ListBuilder::default(),
            histograms: ListBuilder::default(),
        }
    }
}

impl SamplesBuilder {
    /// Appends a series of samples: time, float or null, encoded histogram or null.
    pub fn push<'a>(&mut self, labels: &[u8], samples: impl IntoIterator<Item = (i64, Option<f64>, Option<&'a [u8]>)>) {
        self.labels.append_value(labels);
        let mut any_histogram = false;
        for (time, value, histogram) in samples {
            self.times.values().append_value(time);
            self.values.values().append_option(value);
            self.histograms.values().append_option(histogram);
            any_histogram |= histogram.is_some();
        }
        self.times.append(true);
        self.values.append(true);
        self.histograms.append(any_histogram);
    }

    /// The batch.
    #[must_use]
    pub fn finish(mut self) -> RecordBatch {
        let columns: Vec<arrow_array::ArrayRef> = vec![
            Arc::new(self.labels.finish()),
            Arc::new(self.times.finish()),
            Arc::new(self.values.finish()),
            Arc::new(self.histograms.finish()),
        ];
        RecordBatch::try_new(samples_schema(), columns).expect("every push fills every column")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let mut matrix = MatrixBuilder::default();
        matrix.push(b"", [Some(1.0), None], &[]);
        matrix.push(b"", [None, None], &[None, Some(Histogram::default().encode())]);
        let batch = matrix.finish();
        let rows: Vec<_> = SeriesRow::iter(&batch).collect();
        assert_eq!((rows[0].value(0), rows[0].value(1)), (Some(1.0), None));
        assert_eq!((rows[1].histogram(0), rows[1].histogram(1)), (None, Some(Histogram::default())));
        let mut samples = SamplesBuilder::default();
        samples.push(b"", [(5, Some(2.0), None), (6, None, Some(&[1u8][..]))]);
        let batch = samples.finish();
        let row = SeriesRow::iter(&batch).next().unwrap();
        assert_eq!((row.times.unwrap()[1], row.value(0), row.len()), (6, Some(2.0), 2));
    }
}
