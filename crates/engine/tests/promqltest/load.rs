//! `load` commands as batches.

use std::collections::BTreeMap;

use gw_base::{Labels, METRIC_NAME, Tenant, Timestamp};
use gw_batch::{Batch, BucketSpan, Histogram, MetricsBuilder};
use gw_plan::histogram::CUSTOM_SCHEMA;
use gw_testkit::promqltest::{CounterResetHint, HistogramSpec, LabelPairs, Load, Point};

pub(crate) fn batches(load: &Load) -> Vec<Batch> {
    let mut builder = MetricsBuilder::default();
    for series in &load.series {
        let key = builder.series(&Labels::from_pairs(series.labels.clone()));
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
    if load.with_nhcb {
        add_custom(load, &mut builder);
    }
    vec![builder.finish(Tenant::default())]
}

/// A histogram of the script as one of ours.
pub(crate) fn histogram(spec: &HistogramSpec) -> Histogram {
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

/// What one classic histogram holds at one point.
#[derive(Default)]
struct Classic {
    buckets: BTreeMap<u64, (f64, f64)>,
    count: Option<f64>,
    sum: Option<f64>,
}

/// Adds each classic histogram as a native one with custom buckets.
fn add_custom(load: &Load, builder: &mut MetricsBuilder) {
    let mut found: BTreeMap<(LabelPairs, usize), Classic> = BTreeMap::new();
    for series in &load.series {
        let Some((base, suffix, upper)) = classic(&series.labels) else { continue };
        for (i, point) in series.points.iter().enumerate() {
            let Point::Float(value) = point else { continue };
            let entry = found.entry((base.clone(), i)).or_default();
            match suffix {
                "_count" => entry.count = Some(*value),
                "_sum" => entry.sum = Some(*value),
                // Keys in the order of the floats they stand for.
                _ => drop(entry.buckets.insert(ordered_bits(upper), (upper, *value))),
            }
        }
    }
    for ((base, i), classic) in found.iter().filter(|(_, classic)| !classic.buckets.is_empty()) {
        let key = builder.series(&Labels::from_pairs(base.clone()));
        let time = Timestamp::from_millis(load.step_millis * *i as i64);
        builder.histogram(key, time, &custom(classic), None);
    }
}

fn ordered_bits(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The labels of the whole histogram, which part of it a series is, and the upper end of a bucket.
fn classic(labels: &LabelPairs) -> Option<(LabelPairs, &'static str, f64)> {
    let name = &labels.iter().find(|(name, _)| name == METRIC_NAME)?.1;
    let suffix = ["_bucket", "_count", "_sum"].into_iter().find(|suffix| name.ends_with(suffix))?;
    let base_name = name.strip_suffix(suffix)?.to_owned();
    let upper = labels.iter().find(|(name, _)| name == "le").and_then(|(_, value)| value.parse().ok());
    if suffix == "_bucket" && upper.is_none() {
        return None;
    }
    let mut base: LabelPairs = labels.iter().filter(|(name, _)| name != "le" && name != METRIC_NAME).cloned().collect();
    base.push((METRIC_NAME.to_owned(), base_name));
    base.sort();
    Some((base, suffix, upper.unwrap_or(0.0)))
}

fn custom(classic: &Classic) -> Histogram {
    let mut below = 0.0;
    let (mut bounds, mut counts) = (Vec::new(), Vec::new());
    for (upper, cumulative) in classic.buckets.values() {
        counts.push(cumulative - below);
        below = *cumulative;
        if upper.is_finite() {
            bounds.push(*upper);
        }
    }
    if counts.len() == bounds.len()
        && let Some(count) = classic.count
    {
        counts.push(count - below);
        below = count;
    }
    Histogram {
        schema: CUSTOM_SCHEMA,
        count: classic.count.unwrap_or(below),
        sum: classic.sum.unwrap_or(0.0),
        positive_spans: vec![BucketSpan { offset: 0, length: counts.len() as u32 }],
        positive: counts,
        custom_bounds: bounds,
        ..Histogram::default()
    }
}
