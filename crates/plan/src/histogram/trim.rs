//! Trimming: the observations of a histogram on one side of a value (`</`, `>/`).

use gw_batch::Histogram;

use super::buckets::{self, Range};
use super::is_custom;
use super::statistics::{one_sided, share_below};

/// The observations on one side of `limit`: at most it, or above it. A bucket that contains the limit is split in the way
/// that quantiles interpolate it; one without finite width goes whole, because nothing is known of its inside. The sum is
/// estimated from what is left, unless nothing was taken away.
#[must_use]
pub fn trim(histogram: &Histogram, limit: f64, keep_below: bool) -> Histogram {
    let cut = Cut { limit, keep_below, custom: is_custom(histogram) };
    let (mut positive, mut negative) = (buckets::positive(histogram), buckets::negative(histogram));
    let mut left = Left::default();
    let (has_positive, has_negative) = (has_any(&positive), has_any(&negative));
    for (bucket, range) in positive.iter_mut().zip(buckets::positive_ranges(histogram)) {
        bucket.1 = left.keep(range, cut.side(range, true));
    }
    for (bucket, range) in negative.iter_mut().zip(buckets::negative_ranges(histogram)) {
        bucket.1 = left.keep(range, cut.side(range, false));
    }
    let mut zero_count = histogram.zero_count;
    if zero_count > 0.0 {
        let threshold = histogram.zero_threshold;
        let zero = Range { lower: -threshold, upper: threshold, count: zero_count };
        zero_count = left.keep(zero, cut.zero(one_sided(zero, has_negative, has_positive)));
    }
    if !left.changed {
        return histogram.clone();
    }
    Histogram { zero_count, count: left.count, sum: left.sum, ..buckets::rebuilt(histogram, positive, negative) }
}

fn has_any(buckets: &[buckets::Indexed]) -> bool {
    buckets.iter().any(|bucket| bucket.1 != 0.0)
}

/// Where to cut, and which side stays.
#[derive(Debug, Clone, Copy)]
struct Cut {
    limit: f64,
    keep_below: bool,
    custom: bool,
}

/// What stays of a bucket: how many observations, and the value that stands for them.
#[derive(Debug, Clone, Copy)]
struct Kept {
    count: f64,
    middle: f64,
}

/// The sums of what stays.
#[derive(Debug, Default)]
struct Left {
    count: f64,
    sum: f64,
    changed: bool,
}

impl Left {
    fn keep(&mut self, range: Range, kept: Kept) -> f64 {
        self.changed |= kept.count != range.count;
        if range.count != 0.0 {
            self.count += kept.count;
            self.sum += kept.middle * kept.count;
        }
        kept.count
    }
}

impl Cut {
    /// What stays of a positive, negative or custom bucket.
    fn side(self, range: Range, positive: bool) -> Kept {
        let Self { limit, keep_below, custom } = self;
        let (whole, some) = if keep_below {
            (range.upper <= limit, range.lower < limit)
        } else {
            (range.lower >= limit, range.upper > limit)
        };
        if whole {
            return Kept { count: range.count, middle: self.middle(range.lower, range.upper, positive) };
        }
        if !some {
            return Kept { count: 0.0, middle: 0.0 };
        }
        if range.lower == f64::NEG_INFINITY || range.upper == f64::INFINITY {
            return self.endless(range);
        }
        let below = range.count * share_below(&range, limit, custom);
        if keep_below {
            Kept { count: below, middle: self.middle(range.lower, limit, positive) }
        } else {
            Kept { count: range.count - below, middle: self.middle(limit, range.upper, positive) }
        }
    }

    /// What stays of a bucket without finite width that contains the limit.
    fn endless(self, range: Range) -> Kept {
        let Self { limit, keep_below, .. } = self;
        let nothing = Kept { count: 0.0, middle: 0.0 };
        if range.lower != f64::NEG_INFINITY {
            return if keep_below { nothing } else { Kept { count: range.count, middle: limit } };
        }
        // A lowest bucket that ends above zero is taken to begin there.
        let from_zero = range.upper > 0.0 && range.upper != f64::INFINITY;
        match keep_below {
            true if from_zero && limit > 0.0 => Kept { count: range.count * limit / range.upper, middle: limit / 2.0 },
            true if range.upper <= 0.0 => Kept { count: range.count, middle: limit },
            false if from_zero && limit >= 0.0 => {
                Kept { count: range.count * (1.0 - limit / range.upper), middle: f64::midpoint(limit, range.upper) }
            }
            _ => nothing,
        }
    }

    /// What stays of the zero bucket.
    fn zero(self, range: Range) -> Kept {
        let Range { lower, upper, count } = range;
        let Self { limit, keep_below, .. } = self;
        let whole = Kept { count, middle: f64::midpoint(lower, upper) };
        let nothing = Kept { count: 0.0, middle: 0.0 };
        if limit <= lower {
            return if keep_below { nothing } else { whole };
        }
        if limit >= upper {
            return if keep_below { whole } else { nothing };
        }
        let (from, to) = if keep_below { (lower, limit) } else { (limit, upper) };
        Kept { count: count * ((to - from) / (upper - lower)), middle: f64::midpoint(from, to) }
    }

    /// The value that stands for what lies between two ends: geometric mean of exponential buckets, arithmetic mean of custom
    /// ones, the finite end of one without finite width.
    fn middle(self, lower: f64, upper: f64, positive: bool) -> f64 {
        match (lower.is_infinite(), upper.is_infinite()) {
            (true, true) => return 0.0,
            (true, false) => return if upper > 0.0 { upper / 2.0 } else { upper },
            (false, true) => return lower,
            (false, false) => {}
        }
        if self.custom {
            return f64::midpoint(lower, upper);
        }
        let size = (lower * upper).abs().sqrt();
        if positive { size } else { -size }
    }
}
