//! `sum_over_time` and `avg_over_time`: from running totals where no sum can round, else summed with compensation window by
//! window, as the order of additions is part of the result.

use super::{Row, Window};
use crate::numeric::{Compensated, Mean};

/// Whole numbers up to here are exact in a float, and so are their sums.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn slide(mean: bool, values: &[f64], windows: &[Window], totals: &mut Vec<f64>, row: &mut Row<'_>) {
    if running_totals(values, totals) {
        for window in windows {
            let sum = totals[window.to] - totals[window.from];
            let count = window.samples() as f64;
            row.set(window.step, if mean { sum / count } else { sum });
        }
        return;
    }
    for window in windows {
        let inside = &values[window.from..window.to];
        let result = if mean {
            let mut mean = Mean::default();
            inside.iter().for_each(|value| mean.add(*value));
            mean.mean()
        } else {
            let mut sum = Compensated::default();
            inside.iter().for_each(|value| sum.add(*value));
            sum.total()
        };
        row.set(window.step, result);
    }
}

/// Fills the totals before each sample; `false` where a sum of some samples might have to be rounded.
fn running_totals(values: &[f64], totals: &mut Vec<f64>) -> bool {
    totals.clear();
    totals.reserve(values.len() + 1);
    totals.push(0.0);
    let (mut total, mut magnitude) = (0.0, 0.0);
    for value in values {
        magnitude += value.abs();
        // Also false for NaN.
        if !(magnitude < EXACT && value.trunc() == *value) {
            return false;
        }
        total += value;
        totals.push(total);
    }
    true
}
