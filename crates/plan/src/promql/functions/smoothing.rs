//! Trends: linear regression and double exponential smoothing.

use super::over_time::floats_only;
use super::{Function, float, window};
use crate::annotations::Notes;
use crate::numeric::Compensated;
use crate::seconds;
use crate::window::{Value, WindowInput};

pub(super) static FAMILY: &[Function] = &[
    window("deriv", deriv),
    window("predict_linear", predict_linear),
    Function { refuses: Some(refused_factors), ..window("double_exponential_smoothing", smooth) },
    Function { refuses: Some(refused_factors), ..window("holt_winters", smooth) },
];

fn refused_factors(factors: &[f64]) -> Option<String> {
    let names = [("smoothing", "sf"), ("trend", "tf")];
    let wrong = names.into_iter().zip(factors).find(|(_, factor)| **factor <= 0.0 || **factor >= 1.0);
    wrong.map(|((name, short), factor)| format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}"))
}

fn deriv(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    floats_only_many(input, notes)?;
    // Measured from the first sample, so that large timestamps do not eat the precision of the slope.
    let (slope, _) = regression(input.floats.times, input.floats.values, *input.floats.times.first()?)?;
    float(slope)
}

fn predict_linear(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    let ahead = *input.params.first()?;
    floats_only_many(input, notes)?;
    let (slope, intercept) = regression(input.floats.times, input.floats.values, input.at)?;
    float(slope * ahead + intercept)
}

fn floats_only_many(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<()> {
    if input.floats.len() == 1 && !input.histograms.is_empty() {
        notes.histogram_ignored_in_mixed_range();
    }
    if input.floats.len() < 2 {
        return None;
    }
    floats_only(input, notes)
}

/// Slope per second and value at `origin` of the least-squares line.
fn regression(times: &[i64], values: &[f64], origin: i64) -> Option<(f64, f64)> {
    let first = *values.first()?;
    if values.iter().all(|value| *value == first) {
        return Some(if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) });
    }
    let (mut x_sum, mut y_sum) = (Compensated::default(), Compensated::default());
    let (mut xy_sum, mut xx_sum) = (Compensated::default(), Compensated::default());
    for (time, value) in times.iter().zip(values) {
        let x = seconds(time - origin);
        x_sum.add(x);
        y_sum.add(*value);
        xy_sum.add(x * value);
        xx_sum.add(x * x);
    }
    let count = values.len() as f64;
    let of = |sum: Compensated| sum.sum + sum.lost;
    let covariance = of(xy_sum) - of(x_sum) * of(y_sum) / count;
    let variance = of(xx_sum) - of(x_sum) * of(x_sum) / count;
    let slope = covariance / variance;
    Some((slope, of(y_sum) / count - slope * of(x_sum) / count))
}

fn smooth(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    let &[smoothing, trend_factor] = input.params else { return None };
    let values = input.floats.values;
    if values.len() < 2 {
        if values.len() == 1 && !input.histograms.is_empty() {
            notes.histogram_ignored_in_mixed_range();
        }
        return None;
    }
    floats_only(input, notes)?;
    let (mut level, mut trend, mut previous) = (values[0], values[1] - values[0], 0.0);
    for (i, value) in values.iter().enumerate().skip(1) {
        let raised = smoothing * value;
        if i > 1 {
            trend = trend_factor * (level - previous) + (1.0 - trend_factor) * trend;
        }
        (previous, level) = (level, raised + (1.0 - smoothing) * (level + trend));
    }
    float(level)
}
