//! `load` commands as batches.

use gw_base::{Labels, Tenant, Timestamp};
use gw_batch::{Batch, BucketSpan, Histogram, MetricsBuilder};
use gw_testkit::promqltest::{CounterResetHint, HistogramSpec, Load, Point};

pub(crate) fn batches(load: &Load) -> Vec<Batch> {
    let mut builder = MetricsBuilder::default();
    for series in load.all_series() {
        let key = builder.series(&Labels::from_pairs(series.labels));
        for (i, point) in series.points.iter().enumerate() {
            let time = Timestamp::from_millis(load.step_millis * i as i64);
            let offset = series.start_offsets_millis.get(i).copied().flatten();
            let start = offset.map(|offset| time.offset(offset * 1_000_000));
            match point {
                Point::Missing => {}
                Point::Float(value) => builder.sample_with(key, time, *value, start, None),
                Point::Histogram(spec) => builder.histogram(key, time, &histogram(spec), start),
            }
        }
    }
    vec![builder.finish(Tenant::default())]
}

/// A histogram of the script as one of ours.
fn histogram(spec: &HistogramSpec) -> Histogram {
    let spans = |offset: i32, buckets: &[f64]| match buckets.len() {
        0 => Vec::new(),
        length => vec![BucketSpan { offset, length: length as u32 }],
    };
    Histogram {
        schema: spec.schema,
        reset_hint: match spec.counter_reset_hint {
            Some(CounterResetHint::Reset) => 1,
            Some(CounterResetHint::NotReset) => 2,
            Some(CounterResetHint::Gauge) => 3,
            Some(CounterResetHint::Unknown) | None => 0,
        },
        zero_threshold: spec.zero_threshold,
        zero_count: spec.zero_count,
        count: spec.count,
        sum: spec.sum,
        positive_spans: spans(spec.offset, &spec.buckets),
        positive: spec.buckets.clone(),
        negative_spans: spans(spec.negative_offset, &spec.negative_buckets),
        negative: spec.negative_buckets.clone(),
        custom_bounds: spec.custom_values.clone(),
    }
}
