//! Arithmetic, comparison and statistics of native histograms, as Prometheus defines them (model/histogram).

mod arithmetic;
mod buckets;
mod statistics;
mod text;
mod trim;

use gw_batch::Histogram;
pub use gw_batch::histogram::{HINT_GAUGE, HINT_NO_RESET, HINT_RESET, HINT_UNKNOWN};

pub use arithmetic::{Combined, Incompatible, Remarks, Sum, add, divide, multiply, subtract};
pub use buckets::{Range, ranges};
pub use statistics::{Inside, Quantile, fraction, mean, quantile, variance};
pub use text::text;
pub use trim::trim;

/// The schema number of custom buckets.
pub const CUSTOM_SCHEMA: i32 = -53;

/// Whether the buckets have custom bounds.
#[must_use]
pub const fn is_custom(histogram: &Histogram) -> bool {
    histogram.schema == CUSTOM_SCHEMA
}

/// The layout of a histogram without any observation.
#[must_use]
pub fn emptied(histogram: &Histogram) -> Histogram {
    Histogram {
        schema: histogram.schema,
        reset_hint: histogram.reset_hint,
        zero_threshold: histogram.zero_threshold,
        custom_bounds: histogram.custom_bounds.clone(),
        ..Histogram::default()
    }
}

/// The same histogram without empty buckets.
#[must_use]
pub fn compacted(histogram: &Histogram) -> Histogram {
    buckets::rebuilt(histogram, buckets::positive(histogram), buckets::negative(histogram))
}

/// The same histogram at a lower resolution; unchanged if `schema` is not lower.
#[must_use]
pub fn with_schema(histogram: &Histogram, schema: i32) -> Histogram {
    if is_custom(histogram) || schema >= histogram.schema {
        return histogram.clone();
    }
    let shift = histogram.schema - schema;
    let positive = buckets::coarser(buckets::positive(histogram), shift);
    let negative = buckets::coarser(buckets::negative(histogram), shift);
    Histogram { schema, ..buckets::rebuilt(histogram, positive, negative) }
}

/// Whether two histograms say the same; empty buckets and hints do not count.
#[must_use]
pub fn equal(a: &Histogram, b: &Histogram) -> bool {
    let same = |x: f64, y: f64| x.to_bits() == y.to_bits();
    let same_buckets = |x: Vec<buckets::Indexed>, y: Vec<buckets::Indexed>| {
        let full = |list: Vec<buckets::Indexed>| list.into_iter().filter(|bucket| bucket.1 != 0.0).collect::<Vec<_>>();
        full(x) == full(y)
    };
    a.schema == b.schema
        && same(a.count, b.count)
        && same(a.sum, b.sum)
        && same(a.zero_count, b.zero_count)
        && (is_custom(a) || same(a.zero_threshold, b.zero_threshold))
        && a.custom_bounds == b.custom_bounds
        && same_buckets(buckets::positive(a), buckets::positive(b))
        && same_buckets(buckets::negative(a), buckets::negative(b))
}

/// Whether a counter histogram was reset between `before` and `now`.
#[must_use]
pub fn is_reset(now: &Histogram, before: &Histogram) -> bool {
    match now.reset_hint {
        HINT_RESET => return true,
        HINT_NO_RESET => return false,
        _ => {}
    }
    if now.count < before.count || is_custom(now) != is_custom(before) {
        return true;
    }
    if is_custom(now) {
        let (now_buckets, before_buckets) = buckets::on_common_bounds(now, before);
        return fell(&now_buckets.1, &before_buckets.1);
    }
    if now.schema > before.schema || now.zero_threshold < before.zero_threshold {
        return true;
    }
    let widened = buckets::with_zero_threshold(before, now.zero_threshold);
    if widened.zero_threshold != now.zero_threshold || now.zero_count < widened.zero_count {
        return true;
    }
    let before = with_schema(&widened, now.schema);
    fell(&buckets::positive(now), &buckets::positive(&before))
        || fell(&buckets::negative(now), &buckets::negative(&before))
}

/// Whether some bucket of `before` holds less in `now`.
fn fell(now: &[buckets::Indexed], before: &[buckets::Indexed]) -> bool {
    before.iter().any(|(index, count)| {
        let found = now.binary_search_by_key(index, |bucket| bucket.0);
        found.map_or(0.0, |at| now[at].1) < *count
    })
}
