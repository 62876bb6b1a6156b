//! Quantiles, fractions and moments of native histograms (prometheus promql/quantile.go).

use gw_batch::Histogram;

use super::buckets::{Range, ranges};
use super::is_custom;
use crate::numeric::Compensated;

/// The mean of the observations.
#[must_use]
pub fn mean(histogram: &Histogram) -> f64 {
    histogram.sum / histogram.count
}

/// The estimated variance: every observation is taken to lie in the middle of its bucket.
#[must_use]
pub fn variance(histogram: &Histogram) -> f64 {
    let mean = mean(histogram);
    let custom = is_custom(histogram);
    let mut squares = Compensated::default();
    for range in ranges(histogram).into_iter().filter(|range| range.count != 0.0) {
        let middle = if custom {
            f64::midpoint(range.lower, range.upper)
        } else if range.lower <= 0.0 && range.upper >= 0.0 {
            0.0
        } else {
            (range.lower * range.upper).sqrt().copysign(range.upper)
        };
        let delta = middle - mean;
        squares.add(range.count * delta * delta);
    }
    (squares.sum + squares.lost) / histogram.count
}

/// The zero bucket of a histogram whose other buckets lie on one side reaches to that side only.
pub(super) fn one_sided(mut range: Range, has_negative: bool, has_positive: bool) -> Range {
    match (has_negative, has_positive) {
        (false, true) => range.lower = 0.0,
        (true, false) => range.upper = 0.0,
        _ => {}
    }
    range
}

/// How values lie inside of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// Evenly on a logarithmic scale in exponential buckets, evenly elsewhere.
    Exponential,
    /// Evenly everywhere, as the 2.x line had it.
    Linear,
}

/// The `q` quantile; NaN also where observations of NaN hide it.
#[must_use]
pub fn quantile(histogram: &Histogram, q: f64, inside: Inside) -> Quantile {
    let plain = |value: f64| Quantile { value, hidden: false };
    if q < 0.0 {
        return plain(f64::NEG_INFINITY);
    }
    if q > 1.0 {
        return plain(f64::INFINITY);
    }
    if histogram.count == 0.0 || q.is_nan() {
        return plain(f64::NAN);
    }
    let custom = is_custom(histogram);
    // Observations of NaN are in no bucket and count as the greatest, so ranks are only right from below then.
    let unknown = histogram.sum.is_nan();
    let forward = unknown || q < 0.5 || inside == Inside::Linear;
    let rank = if forward { q } else { 1.0 - q } * histogram.count;
    let mut all = ranges(histogram);
    let total: f64 = all.iter().map(|range| range.count).sum();
    if !forward {
        all.reverse();
    }
    let (mut count, mut found) = (0.0, None);
    for range in all.into_iter().filter(|range| range.count != 0.0) {
        count += range.count;
        found = Some(range);
        if count >= rank {
            break;
        }
    }
    let range = match limited(found.unwrap_or(NOWHERE), histogram, custom) {
        Ok(range) => range,
        Err(value) => return plain(value),
    };
    let count = count.min(histogram.count);
    if count < rank {
        return if unknown { Quantile { value: f64::NAN, hidden: true } } else { plain(range.upper) };
    }
    let within = if forward { rank - (count - range.count) } else { count - rank };
    let value = interpolated(&range, within / range.count, custom || inside == Inside::Linear);
    Quantile { value, hidden: unknown && total < histogram.count }
}

/// What there is where no bucket is.
const NOWHERE: Range = Range { lower: 0.0, upper: 0.0, count: 0.0 };

/// A quantile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The value.
    pub value: f64,
    /// Whether observations of NaN hide the true one.
    pub hidden: bool,
}

/// The bucket with the ends that interpolation works on, or the value where it does not interpolate.
fn limited(mut range: Range, histogram: &Histogram, custom: bool) -> Result<Range, f64> {
    if !custom {
        let crosses = range.lower < 0.0 && range.upper > 0.0;
        let sides = (!histogram.negative.is_empty(), !histogram.positive.is_empty());
        return Ok(if crosses { one_sided(range, sides.0, sides.1) } else { range });
    }
    if range.lower == f64::NEG_INFINITY {
        if range.upper <= 0.0 {
            return Err(range.upper);
        }
        range.lower = 0.0;
    } else if range.upper == f64::INFINITY {
        return Err(range.lower);
    }
    Ok(range)
}

/// The value at a share of a bucket: linear in custom and zero buckets, exponential elsewhere.
fn interpolated(range: &Range, share: f64, linear: bool) -> f64 {
    if linear || (range.lower <= 0.0 && range.upper >= 0.0) {
        return range.lower + (range.upper - range.lower) * share;
    }
    let (lower, upper) = (range.lower.abs().log2(), range.upper.abs().log2());
    if range.lower > 0.0 {
        (lower + (upper - lower) * share).exp2()
    } else {
        -(upper + (lower - upper) * (1.0 - share)).exp2()
    }
}

/// The share of a bucket's observations that are at most `value`, which lies inside; the inverse of [`interpolated`].
pub(super) fn share_below(range: &Range, value: f64, linear: bool) -> f64 {
    if linear {
        return (value - range.lower) / (range.upper - range.lower);
    }
    let (lower, upper, at) = (range.lower.abs().log2(), range.upper.abs().log2(), value.abs().log2());
    if value > 0.0 { (at - lower) / (upper - lower) } else { 1.0 - (at - upper) / (lower - upper) }
}

/// The share of observations between two values, and whether observations of NaN were left out of it.
#[must_use]
pub fn fraction(histogram: &Histogram, lower: f64, upper: f64, inside: Inside) -> (f64, bool) {
    if histogram.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return (f64::NAN, false);
    }
    if lower >= upper {
        return (0.0, false);
    }
    let all = ranges(histogram);
    let total: f64 = all.iter().map(|range| range.count).sum();
    let unknown = histogram.sum.is_nan();
    let most = if unknown { total } else { histogram.count };
    let rank = |value: f64| observations_below(&all, histogram, value, inside).map_or(most, |rank| rank.min(most));
    ((rank(upper) - rank(lower)) / histogram.count, unknown && total < histogram.count)
}

/// How many observations are at most `value`; `None` where it lies above all buckets.
fn observations_below(ranges: &[Range], histogram: &Histogram, value: f64, inside: Inside) -> Option<f64> {
    let custom = is_custom(histogram) || inside == Inside::Linear;
    let mut below = 0.0;
    for range in ranges {
        let crosses = range.lower <= 0.0 && range.upper >= 0.0;
        let range = if crosses {
            one_sided(*range, !histogram.negative.is_empty(), !histogram.positive.is_empty())
        } else {
            *range
        };
        if range.lower >= value {
            return Some(below);
        }
        if range.upper > value {
            // A bucket without finite width is not split: all of the lowest counts, nothing of the highest.
            return Some(match (range.lower == f64::NEG_INFINITY, range.upper == f64::INFINITY) {
                (true, _) => range.count,
                (false, true) if custom || crosses => below,
                _ => below + range.count * share_below(&range, value, custom || crosses),
            });
        }
        below += range.count;
    }
    None
}
