//! Quantiles, fractions and moments of native histograms (prometheus promql/quantile.go).

use gw_batch::Histogram;

use super::buckets::{Range, ranges};
use super::is_custom;

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
    let mut squares = 0.0;
    for range in ranges(histogram).into_iter().filter(|range| range.count != 0.0) {
        let zero = !custom && range.lower <= 0.0 && range.upper >= 0.0;
        let middle = if zero { 0.0 } else { middle(&one_sided(range, histogram, custom), custom) };
        let delta = middle - mean;
        squares += range.count * delta * delta;
    }
    squares / histogram.count
}

/// The representative value of a bucket: geometric mean of exponential buckets, arithmetic of custom and zero buckets, the
/// finite end of one without finite width.
pub(super) fn middle(range: &Range, custom: bool) -> f64 {
    match (range.lower == f64::NEG_INFINITY, range.upper == f64::INFINITY) {
        (true, true) => return 0.0,
        (true, false) => return range.upper,
        (false, true) => return range.lower,
        (false, false) => {}
    }
    if custom || (range.lower <= 0.0 && range.upper >= 0.0) {
        return f64::midpoint(range.lower, range.upper);
    }
    let size = (range.lower * range.upper).sqrt();
    if range.upper < 0.0 { -size } else { size }
}

/// The bucket with the ends that its observations can really have: the zero bucket of a one-sided histogram has those of
/// that side only, and the lowest custom bucket begins at zero where it ends above.
pub(super) fn one_sided(mut range: Range, histogram: &Histogram, custom: bool) -> Range {
    if custom {
        if range.lower == f64::NEG_INFINITY && range.upper > 0.0 && range.upper != f64::INFINITY {
            range.lower = 0.0;
        }
    } else if range.lower < 0.0 && range.upper > 0.0 {
        match (histogram.negative.is_empty(), histogram.positive.is_empty()) {
            (true, false) => range.lower = 0.0,
            (false, true) => range.upper = 0.0,
            _ => {}
        }
    }
    range
}

/// The part of a bucket on one side of a value.
pub(super) fn side(range: Range, value: f64, below: bool, custom: bool) -> Range {
    if value <= range.lower || value >= range.upper {
        let kept = (value >= range.upper) == below;
        return if kept { range } else { Range { count: 0.0, ..range } };
    }
    let cut = if below { Range { upper: value, ..range } } else { Range { lower: value, ..range } };
    match (range.lower == f64::NEG_INFINITY, range.upper == f64::INFINITY) {
        (false, false) => {
            let share = share_below(&range, value, custom);
            Range { count: range.count * if below { share } else { 1.0 - share }, ..cut }
        }
        (true, false) if below => cut,
        (false, true) if !below => cut,
        _ => Range { count: 0.0, ..cut },
    }
}

/// The `q` quantile; NaN also where observations of NaN hide it.
#[must_use]
pub fn quantile(histogram: &Histogram, q: f64) -> f64 {
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if histogram.count == 0.0 || q.is_nan() {
        return f64::NAN;
    }
    let custom = is_custom(histogram);
    // Observations of NaN are in no bucket and count as the greatest, so ranks are only right from below then.
    let forward = histogram.sum.is_nan() || q < 0.5;
    let rank = if forward { q } else { 1.0 - q } * histogram.count;
    let mut all = ranges(histogram);
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
    let Some(range) = found else { return f64::NAN };
    if count < rank && histogram.sum.is_nan() {
        return f64::NAN;
    }
    let range = match limited(range, histogram, custom) {
        Ok(range) => range,
        Err(value) => return value,
    };
    let count = count.min(histogram.count);
    let within = if forward { rank - (count - range.count) } else { count - rank };
    interpolated(&range, (within / range.count).clamp(0.0, 1.0), custom)
}

/// The bucket with the ends that interpolation works on, or the value where it does not interpolate.
fn limited(range: Range, histogram: &Histogram, custom: bool) -> Result<Range, f64> {
    if custom {
        if range.upper == f64::INFINITY {
            return Err(if range.lower == f64::NEG_INFINITY { f64::NAN } else { range.lower });
        }
        if range.lower == f64::NEG_INFINITY && range.upper <= 0.0 {
            return Err(range.upper);
        }
    }
    Ok(one_sided(range, histogram, custom))
}

/// The value at a share of a bucket: linear in custom and zero buckets, exponential elsewhere.
fn interpolated(range: &Range, share: f64, custom: bool) -> f64 {
    if custom || (range.lower <= 0.0 && range.upper >= 0.0) {
        return range.lower + (range.upper - range.lower) * share;
    }
    let (lower, upper) = (range.lower.abs().log2(), range.upper.abs().log2());
    if range.lower > 0.0 {
        (lower + (upper - lower) * share).exp2()
    } else {
        -(upper + (lower - upper) * (1.0 - share)).exp2()
    }
}

/// The share of a bucket's observations that are at most `value`; the inverse of [`interpolated`].
pub(super) fn share_below(range: &Range, value: f64, custom: bool) -> f64 {
    if value >= range.upper {
        return 1.0;
    }
    if value <= range.lower {
        return 0.0;
    }
    if range.lower.is_infinite() || range.upper.is_infinite() {
        return if range.lower.is_infinite() { 1.0 } else { 0.0 };
    }
    if custom || (range.lower <= 0.0 && range.upper >= 0.0) {
        return (value - range.lower) / (range.upper - range.lower);
    }
    let (lower, upper, at) = (range.lower.abs().log2(), range.upper.abs().log2(), value.abs().log2());
    if range.lower > 0.0 { (at - lower) / (upper - lower) } else { 1.0 - (at - upper) / (lower - upper) }
}

/// The share of observations between two values.
#[must_use]
pub fn fraction(histogram: &Histogram, lower: f64, upper: f64) -> f64 {
    if histogram.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let custom = is_custom(histogram);
    let rank = |value: f64| -> f64 {
        if value == f64::INFINITY && !histogram.sum.is_nan() {
            return histogram.count;
        }
        let mut below = 0.0;
        for range in ranges(histogram) {
            below += range.count * share_below(&one_sided(range, histogram, custom), value, custom);
        }
        below
    };
    (rank(upper).min(histogram.count) - rank(lower).min(histogram.count)) / histogram.count
}
