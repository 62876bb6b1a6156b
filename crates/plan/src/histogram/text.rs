//! A native histogram as text, in the words of Prometheus (used as a label value by `count_values`).

use std::fmt::Write as _;

use gw_batch::Histogram;

use super::{is_custom, ranges};
use crate::annotations::short;

/// `{count:20, sum:10, [-2,-1):2, [-0.001,0.001]:2, (0.5,1]:1}`.
#[must_use]
pub fn text(histogram: &Histogram) -> String {
    let mut out = format!("{{count:{}, sum:{}", short(histogram.count), short(histogram.sum));
    let custom = is_custom(histogram);
    for range in ranges(histogram).into_iter().filter(|range| range.count != 0.0) {
        let zero = !custom && range.lower <= 0.0 && range.upper >= 0.0;
        let lower_closed = zero || range.upper < 0.0 && !custom || range.lower == f64::NEG_INFINITY;
        let upper_closed = zero || range.upper > 0.0 || custom;
        let (open, close) = (if lower_closed { '[' } else { '(' }, if upper_closed { ']' } else { ')' });
        let (lower, upper, count) = (short(range.lower), short(range.upper), short(range.count));
        write!(out, ", {open}{lower},{upper}{close}:{count}").expect("writing to a String cannot fail");
    }
    out.push('}');
    out
}
