//! Classic histograms as native ones with custom buckets: what `load_with_nhcb` adds to what it loads.

use std::collections::BTreeMap;

use super::histogram::CUSTOM_BUCKETS;
use super::{HistogramSpec, LabelPairs, LoadedSeries, Point};

const METRIC_NAME: &str = "__name__";

/// What one classic histogram holds at one point.
#[derive(Default)]
struct Classic {
    /// Upper end and cumulative count, under a key in the order of the upper ends.
    buckets: BTreeMap<u64, (f64, f64)>,
    count: Option<f64>,
    sum: Option<f64>,
}

/// A native histogram with custom buckets for each classic one (`_bucket`, `_count`, `_sum`) among the series.
pub(super) fn converted(series: &[LoadedSeries]) -> Vec<LoadedSeries> {
    let mut found: BTreeMap<LabelPairs, BTreeMap<usize, Classic>> = BTreeMap::new();
    for one in series {
        let Some((base, suffix, upper)) = classic(&one.labels) else { continue };
        let moments = found.entry(base).or_default();
        for (i, point) in one.points.iter().enumerate() {
            let Point::Float(value) = point else { continue };
            let moment = moments.entry(i).or_default();
            match suffix {
                "_count" => moment.count = Some(*value),
                "_sum" => moment.sum = Some(*value),
                _ => drop(moment.buckets.insert(ordered_bits(upper), (upper, *value))),
            }
        }
    }
    found.into_iter().filter_map(|(labels, moments)| in_a_row(labels, &moments)).collect()
}

fn in_a_row(labels: LabelPairs, moments: &BTreeMap<usize, Classic>) -> Option<LoadedSeries> {
    let whole = |moment: &&Classic| !moment.buckets.is_empty();
    let last = *moments.iter().rfind(|(_, moment)| whole(moment))?.0;
    let point = |i: usize| {
        let moment = moments.get(&i).filter(whole);
        moment.map_or(Point::Missing, |moment| Point::Histogram(Box::new(moment.to_custom())))
    };
    Some(LoadedSeries { labels, points: (0..=last).map(point).collect(), start_offsets_millis: Vec::new() })
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

impl Classic {
    fn to_custom(&self) -> HistogramSpec {
        let mut below = 0.0;
        let (mut bounds, mut counts) = (Vec::new(), Vec::new());
        for (upper, cumulative) in self.buckets.values() {
            counts.push(cumulative - below);
            below = *cumulative;
            if upper.is_finite() {
                bounds.push(*upper);
            }
        }
        if counts.len() == bounds.len()
            && let Some(count) = self.count
        {
            counts.push(count - below);
            below = count;
        }
        HistogramSpec {
            schema: CUSTOM_BUCKETS,
            count: self.count.unwrap_or(below),
            sum: self.sum.unwrap_or(0.0),
            buckets: counts,
            custom_values: bounds,
            ..HistogramSpec::default()
        }
    }
}
