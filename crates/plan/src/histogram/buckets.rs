//! Buckets as sorted (index, count) lists, which is the form that arithmetic works on, and as ranges of values.

use gw_batch::{BucketSpan, Histogram};

use super::is_custom;

/// A bucket's index in its schema, and its count.
pub(super) type Indexed = (i32, f64);

/// A bucket as a range of values. Positive and custom buckets contain their upper end, negative ones their lower end,
/// the zero bucket both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Observations.
    pub count: f64,
}

pub(super) fn positive(histogram: &Histogram) -> Vec<Indexed> {
    indexed(&histogram.positive_spans, &histogram.positive)
}

pub(super) fn negative(histogram: &Histogram) -> Vec<Indexed> {
    indexed(&histogram.negative_spans, &histogram.negative)
}

fn indexed(spans: &[BucketSpan], counts: &[f64]) -> Vec<Indexed> {
    let mut buckets = Vec::with_capacity(counts.len());
    let (mut index, mut counts) = (0i32, counts.iter());
    for span in spans {
        index = index.saturating_add(span.offset);
        for count in counts.by_ref().take(span.length as usize) {
            buckets.push((index, *count));
            index = index.saturating_add(1);
        }
    }
    buckets
}

/// The same histogram with other buckets, empty ones left out.
pub(super) fn rebuilt(histogram: &Histogram, positive: Vec<Indexed>, negative: Vec<Indexed>) -> Histogram {
    let (positive_spans, positive) = spans(positive);
    let (negative_spans, negative) = spans(negative);
    Histogram {
        schema: histogram.schema,
        reset_hint: histogram.reset_hint,
        zero_threshold: histogram.zero_threshold,
        zero_count: histogram.zero_count,
        count: histogram.count,
        sum: histogram.sum,
        positive_spans,
        positive,
        negative_spans,
        negative,
        custom_bounds: histogram.custom_bounds.clone(),
    }
}

fn spans(buckets: Vec<Indexed>) -> (Vec<BucketSpan>, Vec<f64>) {
    let (mut spans, mut counts): (Vec<BucketSpan>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut next = 0i32;
    for (index, count) in buckets.into_iter().filter(|bucket| bucket.1 != 0.0) {
        match spans.last_mut() {
            Some(span) if index == next => span.length += 1,
            _ => spans.push(BucketSpan { offset: index.saturating_sub(next), length: 1 }),
        }
        next = index.saturating_add(1);
        counts.push(count);
    }
    (spans, counts)
}

/// Buckets of a schema that is lower by `shift`.
pub(super) fn coarser(buckets: Vec<Indexed>, shift: i32) -> Vec<Indexed> {
    let mut merged: Vec<Indexed> = Vec::with_capacity(buckets.len());
    for (index, count) in buckets {
        let index = ((index - 1) >> shift.clamp(0, 31)) + 1;
        match merged.last_mut() {
            Some(last) if last.0 == index => last.1 += count,
            _ => merged.push((index, count)),
        }
    }
    merged
}

/// Two sorted lists as one; `combine` takes the counts of both sides, zero where one has none.
pub(super) fn merged(a: &[Indexed], b: &[Indexed], combine: impl Fn(f64, f64) -> f64) -> Vec<Indexed> {
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let left = a.get(i).map_or(i64::MAX, |bucket| i64::from(bucket.0));
        let right = b.get(j).map_or(i64::MAX, |bucket| i64::from(bucket.0));
        let index = left.min(right);
        let (mut x, mut y) = (0.0, 0.0);
        if left == index {
            x = a[i].1;
            i += 1;
        }
        if right == index {
            y = b[j].1;
            j += 1;
        }
        out.push((index as i32, combine(x, y)));
    }
    out
}

/// The upper end of an exponential bucket. The last bucket of finite values ends at the greatest of them; the one after it
/// holds the infinite ones.
fn bound(schema: i32, index: i32) -> f64 {
    let exponent = f64::from(index) * (-f64::from(schema)).exp2();
    if exponent == f64::from(f64::MAX_EXP) { f64::MAX } else { exponent.exp2() }
}

/// The positive buckets in rising order, or the custom ones.
pub(super) fn positive_ranges(histogram: &Histogram) -> Vec<Range> {
    if is_custom(histogram) {
        let upper = |index: i32| match usize::try_from(index) {
            Ok(index) => histogram.custom_bounds.get(index).copied().unwrap_or(f64::INFINITY),
            Err(_) => f64::NEG_INFINITY,
        };
        let range = |(index, count): Indexed| Range { lower: upper(index - 1), upper: upper(index), count };
        return positive(histogram).into_iter().map(range).collect();
    }
    let schema = histogram.schema;
    let range = |(index, count)| Range { lower: bound(schema, index - 1), upper: bound(schema, index), count };
    positive(histogram).into_iter().map(range).collect()
}

/// The negative buckets in falling order of values.
pub(super) fn negative_ranges(histogram: &Histogram) -> Vec<Range> {
    let schema = histogram.schema;
    let range = |(index, count)| Range { lower: -bound(schema, index), upper: -bound(schema, index - 1), count };
    negative(histogram).into_iter().map(range).collect()
}

/// All buckets in rising order of values; the zero bucket only where it holds something.
#[must_use]
pub fn ranges(histogram: &Histogram) -> Vec<Range> {
    if is_custom(histogram) {
        return positive_ranges(histogram);
    }
    let mut out = negative_ranges(histogram);
    out.reverse();
    if histogram.zero_count != 0.0 {
        let threshold = histogram.zero_threshold;
        out.push(Range { lower: -threshold, upper: threshold, count: histogram.zero_count });
    }
    out.extend(positive_ranges(histogram));
    out
}

/// The same histogram with a wider zero bucket. A threshold inside a populated bucket moves to that bucket's far end.
pub(super) fn with_zero_threshold(histogram: &Histogram, threshold: f64) -> Histogram {
    if threshold <= histogram.zero_threshold {
        return histogram.clone();
    }
    let schema = histogram.schema;
    let (mut positive, mut negative) = (positive(histogram), negative(histogram));
    let mut threshold = threshold;
    // Widening on one side may reach into a bucket of the other side, which widens again.
    loop {
        let reach = |buckets: &[Indexed]| {
            let inside = |(index, count): &Indexed| *count != 0.0 && bound(schema, index - 1) < threshold;
            buckets
                .iter()
                .filter(|bucket| inside(bucket))
                .map(|bucket| bound(schema, bucket.0))
                .fold(threshold, f64::max)
        };
        let widened = reach(&positive).max(reach(&negative));
        if widened == threshold {
            break;
        }
        threshold = widened;
    }
    let mut zero_count = histogram.zero_count;
    for side in [&mut positive, &mut negative] {
        side.retain(|(index, count)| {
            let swallowed = bound(schema, index - 1) < threshold;
            if swallowed {
                zero_count += count;
            }
            !swallowed
        });
    }
    Histogram { zero_threshold: threshold, zero_count, ..rebuilt(histogram, positive, negative) }
}

type Bounded = (Vec<f64>, Vec<Indexed>);

/// The buckets of two custom histograms on the bounds that both have.
pub(super) fn on_common_bounds(a: &Histogram, b: &Histogram) -> (Bounded, Bounded) {
    let common: Vec<f64> = a.custom_bounds.iter().filter(|bound| b.custom_bounds.contains(bound)).copied().collect();
    let moved = |histogram: &Histogram| {
        let mut out: Vec<Indexed> = Vec::new();
        for (index, count) in positive(histogram) {
            let upper = usize::try_from(index).ok().and_then(|index| histogram.custom_bounds.get(index));
            let at = upper.map_or(common.len(), |upper| common.partition_point(|bound| bound < upper)) as i32;
            match out.last_mut() {
                Some(last) if last.0 == at => last.1 += count,
                _ => out.push((at, count)),
            }
        }
        (common.clone(), out)
    };
    (moved(a), moved(b))
}
