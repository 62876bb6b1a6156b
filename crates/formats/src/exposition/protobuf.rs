//! Writes the protobuf exposition: `io.prometheus.client.MetricFamily` messages, each behind its length. It is the one
//! form in which native histograms travel on a metrics page.

use gw_batch::{BucketSpan, Histogram};

use crate::protobuf::{MessageWriter, put_varint};

/// The `Content-Type` without its escaping scheme.
pub const PROTOBUF_CONTENT_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Wire: numbers of `MetricType`.
const UNTYPED: u64 = 3;
const HISTOGRAM: u64 = 4;
const GAUGE_HISTOGRAM: u64 = 5;
/// The hint of histograms that go up and down.
const GAUGE_HINT: u8 = 3;

/// What a metric's value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FamilyValue<'a> {
    /// A number of unknown type.
    Untyped(f64),
    /// A native histogram.
    Histogram(&'a Histogram),
}

impl FamilyValue<'_> {
    const fn kind(self) -> u64 {
        match self {
            Self::Untyped(_) => UNTYPED,
            Self::Histogram(histogram) if histogram.reset_hint == GAUGE_HINT => GAUGE_HISTOGRAM,
            Self::Histogram(_) => HISTOGRAM,
        }
    }
}

/// Writes families; neighbours of one name and type are one family.
#[derive(Debug, Default)]
pub struct FamilyWriter {
    out: Vec<u8>,
    family: Option<(String, u64, MessageWriter)>,
}

impl FamilyWriter {
    /// Adds a metric with its time in milliseconds.
    pub fn metric<'a>(
        &mut self,
        name: &str,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        value: FamilyValue<'_>,
        millis: i64,
    ) {
        if self.family.as_ref().is_none_or(|(own, kind, _)| own != name || *kind != value.kind()) {
            self.flush();
            let mut message = MessageWriter::default();
            message.text(1, name).varint(3, value.kind());
            self.family = Some((name.to_owned(), value.kind(), message));
        }
        let Some((_, _, message)) = &mut self.family else { return };
        message.message(4, |metric| {
            for (name, value) in labels {
                metric.message(1, |label| {
                    label.text(1, name).text(2, value);
                });
            }
            match value {
                FamilyValue::Untyped(value) => metric.message(5, |untyped| {
                    untyped.double(1, value);
                }),
                FamilyValue::Histogram(histogram) => metric.message(7, |message| put_histogram(message, histogram)),
            };
            metric.varint(6, millis.cast_unsigned());
        });
    }

    /// The finished page.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.out
    }

    fn flush(&mut self) {
        if let Some((_, _, message)) = self.family.take() {
            put_varint(&mut self.out, message.as_bytes().len() as u64);
            self.out.extend_from_slice(message.as_bytes());
        }
    }
}

fn put_histogram(message: &mut MessageWriter, histogram: &Histogram) {
    message.double(2, histogram.sum).double(4, histogram.count).sint64(5, i64::from(histogram.schema));
    message.double(6, histogram.zero_threshold).double(8, histogram.zero_count);
    put_side(message, [9, 11], &histogram.negative_spans, &histogram.negative);
    put_side(message, [12, 14], &histogram.positive_spans, &histogram.positive);
}

fn put_side(message: &mut MessageWriter, [spans_field, counts_field]: [u32; 2], spans: &[BucketSpan], counts: &[f64]) {
    for span in spans {
        message.message(spans_field, |message| {
            message.sint64(1, i64::from(span.offset)).varint(2, u64::from(span.length));
        });
    }
    for count in counts {
        message.double(counts_field, *count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Fields;

    #[test]
    fn families_are_delimited() {
        let mut writer = FamilyWriter::default();
        writer.metric("a", [("job", "x")], FamilyValue::Untyped(1.5), 1000);
        writer.metric("a", [("job", "y")], FamilyValue::Untyped(2.5), 1000);
        let histogram = Histogram { count: 3.0, positive: vec![3.0], ..Histogram::default() };
        writer.metric("a", [], FamilyValue::Histogram(&histogram), 1000);
        let page = writer.finish();
        let length = usize::from(page[0] & 0x7F) | usize::from(page[1]) << 7;
        let head = if page[0] < 0x80 { 1 } else { 2 };
        let length = if head == 1 { usize::from(page[0]) } else { length };
        let mut fields = Fields::new(&page[head..head + length]);
        assert_eq!(fields.next_field().unwrap().unwrap().text(), Ok("a"));
        assert_eq!(fields.next_field().unwrap().unwrap().varint(), Ok(UNTYPED));
        let mut metrics = 0;
        while let Some(field) = fields.next_field().unwrap() {
            metrics += usize::from(field.number == 4);
        }
        assert_eq!(metrics, 2);
        assert!(page.len() > head + length, "the histogram is a family of its own");
    }
}
