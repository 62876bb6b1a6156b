//! The `ReadResponse`: all samples in one message.

use gw_base::Timestamp;
use gw_batch::{BucketSpan, Histogram, SeriesRow};

use super::put_labels;
use crate::FormatError;
use crate::protobuf::MessageWriter;

/// Writes results, one a query, series by series.
#[derive(Debug, Default)]
pub struct SamplesWriter {
    message: MessageWriter,
    open: Option<usize>,
}

impl SamplesWriter {
    /// Begins the result of the next query.
    pub fn result(&mut self) {
        self.close();
        self.open = Some(self.message.open(1));
    }

    /// Adds a series of [`gw_batch::Shape::Samples`] under these labels.
    pub fn series<'a>(&mut self, labels: impl IntoIterator<Item = (&'a str, &'a str)>, row: &SeriesRow<'_>) {
        let Some(times) = row.times else { return };
        let open = self.message.open(1);
        put_labels(&mut self.message, labels);
        for (item, time) in times.iter().enumerate() {
            let millis = Timestamp::from_nanos(*time).millis();
            if let Some(value) = row.value(item) {
                self.message.message(2, |sample| {
                    sample.double(1, value).varint(2, millis.cast_unsigned());
                });
            } else if let Some(histogram) = row.histogram(item) {
                self.message.message(4, |message| put_histogram(message, &histogram, millis));
            }
        }
        self.message.close(open);
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.message.as_bytes().len()
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.message.as_bytes().is_empty()
    }

    /// The finished body, a snappy block.
    ///
    /// # Errors
    /// [`FormatError::Compression`] for a message over 4 GiB.
    pub fn finish(mut self) -> Result<Vec<u8>, FormatError> {
        self.close();
        Ok(crate::remote_write::compress(self.message.as_bytes())?.into_owned())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.message.close(open);
        }
    }
}

/// A `prometheus.Histogram` in its float form.
fn put_histogram(message: &mut MessageWriter, histogram: &Histogram, millis: i64) {
    message.double(2, histogram.count).double(3, histogram.sum).sint64(4, i64::from(histogram.schema));
    message.double(5, histogram.zero_threshold).double(7, histogram.zero_count);
    put_spans(message, 8, &histogram.negative_spans);
    put_doubles(message, 10, &histogram.negative);
    put_spans(message, 11, &histogram.positive_spans);
    put_doubles(message, 13, &histogram.positive);
    message.varint(14, u64::from(histogram.reset_hint)).varint(15, millis.cast_unsigned());
    put_doubles(message, 16, &histogram.custom_bounds);
}

fn put_spans(message: &mut MessageWriter, number: u32, spans: &[BucketSpan]) {
    for span in spans {
        message.message(number, |message| {
            message.sint64(1, i64::from(span.offset)).varint(2, u64::from(span.length));
        });
    }
}

fn put_doubles(message: &mut MessageWriter, number: u32, values: &[f64]) {
    if !values.is_empty() {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        message.bytes(number, &bytes);
    }
}
