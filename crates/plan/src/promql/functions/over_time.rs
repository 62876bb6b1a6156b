//! `*_over_time`: statistics of the samples of a window.

use std::sync::Arc;

use gw_batch::Histogram;

use super::{Function, Kind, float, histogram, window};
use crate::annotations::Notes;
use crate::histogram as native;
use crate::numeric::{Compensated, Mean, quantile_of};
use crate::seconds;
use crate::window::{Value, WindowInput};

pub(super) static FAMILY: &[Function] = &[
    window("avg_over_time", avg),
    window("sum_over_time", sum),
    window("count_over_time", |input, _| float((input.floats.len() + input.histograms.len()) as f64)),
    window("min_over_time", |input, notes| extreme(input, notes, |value, best| value < best)),
    window("max_over_time", |input, notes| extreme(input, notes, |value, best| value > best)),
    window("stddev_over_time", |input, notes| variance(input, notes).and_then(|value| float(value.sqrt()))),
    window("stdvar_over_time", |input, notes| variance(input, notes).and_then(float)),
    window("mad_over_time", median_absolute_deviation),
    window("quantile_over_time", quantile),
    window("present_over_time", |_, _| float(1.0)),
    Function { name: "first_over_time", kind: Kind::Window { kernel: first, keeps_name: true }, refuses: None },
    Function { name: "last_over_time", kind: Kind::Window { kernel: last, keeps_name: true }, refuses: None },
    window("ts_of_first_over_time", |input, _| float(seconds(edge_time(input, true)?))),
    window("ts_of_last_over_time", |input, _| float(seconds(edge_time(input, false)?))),
    window("ts_of_min_over_time", |input, notes| time_of(input, notes, |value, best| value <= best)),
    window("ts_of_max_over_time", |input, notes| time_of(input, notes, |value, best| value >= best)),
];

/// Says that histograms are left out of a window that has floats as well.
pub(super) fn floats_only(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<()> {
    if input.floats.is_empty() {
        return None;
    }
    if !input.histograms.is_empty() {
        notes.histogram_ignored_in_mixed_range();
    }
    Some(())
}

/// Whether all samples are of one kind; says so if they are not.
pub(super) fn one_kind(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<()> {
    if !input.floats.is_empty() && !input.histograms.is_empty() {
        notes.mixed_kinds();
        return None;
    }
    Some(())
}

fn avg(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    one_kind(input, notes)?;
    if !input.histograms.is_empty() {
        let sum = native::Sum::for_mean();
        return combined(sum.of(input.histograms.values.iter().map(AsRef::as_ref)).mean(), notes);
    }
    let mut mean = Mean::default();
    input.floats.values.iter().for_each(|value| mean.add(*value));
    float(mean.mean())
}

fn sum(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    one_kind(input, notes)?;
    if !input.histograms.is_empty() {
        let sum = native::Sum::default();
        return combined(sum.of(input.histograms.values.iter().map(AsRef::as_ref)).total(), notes);
    }
    let mut total = Compensated::default();
    input.floats.values.iter().for_each(|value| total.add(*value));
    float(total.total())
}

fn combined(result: Result<(Histogram, native::Remarks), native::Incompatible>, notes: &Notes<'_>) -> Option<Value> {
    match result {
        Ok((value, remarks)) => {
            if remarks.reconciled {
                notes.reconciled_buckets("aggregation");
            }
            if remarks.reset_collision {
                notes.counter_reset_collision("aggregation");
            }
            histogram(value)
        }
        Err(native::Incompatible) => {
            notes.mixed_schemas();
            None
        }
    }
}

fn extreme(input: &WindowInput<'_>, notes: &Notes<'_>, better: fn(f64, f64) -> bool) -> Option<Value> {
    floats_only(input, notes)?;
    let (first, rest) = input.floats.values.split_first()?;
    float(rest.iter().fold(*first, |best, value| if better(*value, best) || best.is_nan() { *value } else { best }))
}

fn time_of(input: &WindowInput<'_>, notes: &Notes<'_>, better: fn(f64, f64) -> bool) -> Option<Value> {
    floats_only(input, notes)?;
    let (mut best, mut at) = (*input.floats.values.first()?, *input.floats.times.first()?);
    for (value, time) in input.floats.values.iter().zip(input.floats.times).skip(1) {
        if better(*value, best) || best.is_nan() {
            (best, at) = (*value, *time);
        }
    }
    float(seconds(at))
}

/// Welford's variance with compensated mean and sum of squares.
fn variance(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<f64> {
    floats_only(input, notes)?;
    let mut count = 0.0;
    let (mut mean, mut squares) = (Compensated::default(), Compensated::default());
    for value in input.floats.values {
        count += 1.0;
        let delta = value - (mean.sum + mean.lost);
        mean.add(delta / count);
        squares.add(delta * (value - (mean.sum + mean.lost)));
    }
    Some((squares.sum + squares.lost) / count)
}

fn median_absolute_deviation(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    floats_only(input, notes)?;
    let mut values = input.floats.values.to_vec();
    if values.iter().any(|value| value.is_nan()) {
        return float(f64::NAN);
    }
    let median = quantile_of(0.5, &mut values);
    values.iter_mut().for_each(|value| *value = (*value - median).abs());
    float(quantile_of(0.5, &mut values))
}

fn quantile(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    floats_only(input, notes)?;
    let q = *input.params.first()?;
    if !(0.0..=1.0).contains(&q) {
        notes.bad_quantile(q);
    }
    float(quantile_of(q, &mut input.floats.values.to_vec()))
}

fn edge_time(input: &WindowInput<'_>, first: bool) -> Option<i64> {
    let pick = |times: &[i64]| if first { times.first().copied() } else { times.last().copied() };
    match (pick(input.floats.times), pick(input.histograms.times)) {
        (Some(float), Some(histogram)) => Some(if first { float.min(histogram) } else { float.max(histogram) }),
        (float, histogram) => float.or(histogram),
    }
}

fn first(input: &WindowInput<'_>, _: &Notes<'_>) -> Option<Value> {
    let time = edge_time(input, true)?;
    if input.histograms.times.first() == Some(&time) {
        return input.histograms.values.first().map(|value| Value::Histogram(Arc::clone(value)));
    }
    float(*input.floats.values.first()?)
}

fn last(input: &WindowInput<'_>, _: &Notes<'_>) -> Option<Value> {
    let time = edge_time(input, false)?;
    if input.histograms.times.last() == Some(&time) {
        return input.histograms.values.last().map(|value| Value::Histogram(Arc::clone(value)));
    }
    float(*input.floats.values.last()?)
}
