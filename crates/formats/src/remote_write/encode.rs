//! Batches as remote write 1.0, for sending what was read elsewhere into a running receiver.

use arrow_array::Array as _;
use gw_base::Timestamp;
use gw_base::labels::Iter;
use gw_batch::{Batch, BucketSpan, Histogram, MetricsView};

use crate::protobuf::MessageWriter;

/// A `prometheus.WriteRequest` of the rows of a metrics batch: one time series for each run of rows of one series. Start times
/// have no place in this version and are left out.
#[must_use]
pub fn encode(batch: &Batch) -> Vec<u8> {
    let mut out = MessageWriter::default();
    let Some(view) = MetricsView::of(batch) else { return out.finish() };
    let mut row = 0;
    while row < batch.rows() {
        if view.is_metadata(row) {
            metadata(&mut out, &view, row);
            row += 1;
            continue;
        }
        let key = view.keys[row];
        let same = |next: &usize| view.keys[*next] == key && !view.is_metadata(*next);
        let end = (row..batch.rows()).find(|next| !same(next)).unwrap_or(batch.rows());
        out.message(1, |series| time_series(series, &view, row..end));
        row = end;
    }
    out.finish()
}

fn time_series(out: &mut MessageWriter, view: &MetricsView<'_>, rows: std::ops::Range<usize>) {
    for label in view.labels(rows.start) {
        out.message(1, |out| pair(out, label));
    }
    // Wire: fields of one kind stand together, samples before exemplars before histograms.
    for row in rows.clone().filter(|row| view.values.is_valid(*row)) {
        out.message(2, |out| {
            out.double(1, view.values.value(row)).varint(2, millis(view.times[row]));
        });
    }
    for row in rows.clone().filter(|row| view.exemplar_values.is_valid(*row)) {
        let time = if view.exemplar_times.is_valid(row) { view.exemplar_times.value(row) } else { view.times[row] };
        out.message(3, |out| {
            Iter::over(view.exemplar_labels.value(row)).for_each(|label| {
                out.message(1, |out| pair(out, label));
            });
            out.double(2, view.exemplar_values.value(row)).varint(3, millis(time));
        });
    }
    for row in rows.filter(|row| view.histograms.is_valid(*row)) {
        if let Some(value) = Histogram::decode(view.histograms.value(row)) {
            out.message(4, |out| histogram(out, &value, millis(view.times[row])));
        }
    }
}

fn pair(out: &mut MessageWriter, (name, value): (&str, &str)) {
    out.text(1, name).text(2, value);
}

const fn millis(nanos: i64) -> u64 {
    Timestamp::from_nanos(nanos).millis().cast_unsigned()
}

/// The form with float counts, which is what a batch holds.
fn histogram(out: &mut MessageWriter, value: &Histogram, millis: u64) {
    out.double(2, value.count).double(3, value.sum);
    out.varint(4, zigzag(value.schema)).double(5, value.zero_threshold).double(7, value.zero_count);
    spans(out, 8, &value.negative_spans);
    floats(out, 10, &value.negative);
    spans(out, 11, &value.positive_spans);
    floats(out, 13, &value.positive);
    out.varint(14, u64::from(value.reset_hint)).varint(15, millis);
    floats(out, 16, &value.custom_bounds);
}

fn spans(out: &mut MessageWriter, number: u32, spans: &[BucketSpan]) {
    for span in spans {
        out.message(number, |out| {
            out.varint(1, zigzag(span.offset)).varint(2, u64::from(span.length));
        });
    }
}

fn floats(out: &mut MessageWriter, number: u32, values: &[f64]) {
    if !values.is_empty() {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
        out.bytes(number, &bytes);
    }
}

const fn zigzag(value: i32) -> u64 {
    let value = value as i64;
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn metadata(out: &mut MessageWriter, view: &MetricsView<'_>, row: usize) {
    let metric = view.labels(row).find(|(name, _)| *name == gw_base::METRIC_NAME).map_or("", |(_, value)| value);
    out.message(3, |out| {
        out.varint(1, u64::from(view.types.value(row))).text(2, metric);
        out.text(4, view.helps.value(row)).text(5, view.units.value(row));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DecodeContext;
    use gw_base::{Labels, Limits, Tenant};
    use gw_batch::{Exemplar, MetricType, MetricsBuilder, STALE_NAN_BITS};

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut builder = MetricsBuilder::default();
        let up = builder.series(&Labels::from_pairs([("__name__", "up"), ("job", "a")]));
        let down = builder.series(&Labels::from_pairs([("__name__", "down")]));
        let second = Timestamp::from_secs;
        builder.sample(up, second(-1), 0.5);
        builder.sample(up, second(2), f64::from_bits(STALE_NAN_BITS));
        let value = Histogram {
            schema: -1,
            count: 3.5,
            positive_spans: vec![BucketSpan { offset: -2, length: 1 }],
            positive: vec![3.5],
            reset_hint: 2,
            ..Histogram::default()
        };
        builder.histogram(down, second(3), &value, None);
        let exemplar = Exemplar { labels: Labels::from_pairs([("trace_id", "7")]), value: 1.5, time: Some(second(2)) };
        builder.exemplar(up, second(2), &exemplar);
        builder.metadata("up", MetricType::Gauge, "", "whether it is up", second(9));
        let batch = builder.finish(Tenant::default());
        let limits = Limits::default();
        let decoded = super::super::decode_request(&encode(&batch), &DecodeContext::new(&limits, second(9))).unwrap();
        assert!(decoded.refused.is_empty());
        assert_eq!(decoded.batches[0].records().columns(), batch.records().columns());
    }
}
