//! Windows and selectors whose ends look beyond the samples inside: `anchored` and `smoothed`.

use std::sync::Arc;

use gw_batch::{Cost, Histogram};
use gw_plan::algebra::{self, Boundary};
use gw_plan::annotations::Notes;
use gw_plan::histogram;
use gw_plan::seconds;
use gw_plan::window::{Points, Value, WindowInput};

use super::slide::{Frame, Track};
use crate::exec::Scalars;
use crate::matrix::Matrix;

/// A sample.
#[derive(Debug, Clone)]
struct Sample {
    time: i64,
    value: Value,
}

/// The samples of both kinds in rising time.
fn samples(track: &Track) -> Vec<Sample> {
    let floats = track.times.iter().zip(&track.values).map(|(time, value)| (*time, Value::Float(*value)));
    let histograms = track.histogram_times.iter().zip(&track.histograms);
    let histograms = histograms.map(|(time, value)| (*time, Value::Histogram(Arc::clone(value))));
    let mut all: Vec<Sample> = floats.chain(histograms).map(|(time, value)| Sample { time, value }).collect();
    all.sort_by_key(|sample| sample.time);
    all
}

/// `smoothed` instant selectors: the value between the neighbouring samples of each step.
pub(super) fn interpolate(track: &Track, select: &algebra::Select, (matrix, row): (&mut Matrix, usize), cost: &Cost) {
    let all = samples(track);
    let labels = matrix.labels[row].clone();
    let notes = Notes::new(cost, select.position).about(labels.metric().unwrap_or(""));
    for step in 0..select.grid.count {
        let at = select.shift.apply(select.grid.at(step));
        let next = all.partition_point(|sample| sample.time <= at);
        let before = next.checked_sub(1).map(|last| &all[last]);
        let Some(before) = before.filter(|sample| sample.time > at.saturating_sub(select.lookback)) else { continue };
        let after = all.get(next).filter(|sample| sample.time < at.saturating_add(select.lookback));
        let value = match after {
            Some(after) if before.time < at => between(before, after, at, false, &notes),
            _ => Some(before.value.clone()),
        };
        if let Some(value) = value {
            matrix.set(row, step, value);
        }
    }
}

/// The value at a time between two samples. Of a counter that was reset in between, the rise from zero counts.
fn between(before: &Sample, after: &Sample, at: i64, counter: bool, notes: &Notes<'_>) -> Option<Value> {
    let share = seconds(at - before.time) / seconds(after.time - before.time);
    match (&before.value, &after.value) {
        (Value::Float(low), Value::Float(high)) => {
            let low = if counter && high < low { 0.0 } else { *low };
            Some(Value::Float(low + (high - low) * share))
        }
        (Value::Histogram(low), Value::Histogram(high)) => {
            let low = if histogram::is_reset(high, low) { Arc::new(histogram::emptied(low)) } else { Arc::clone(low) };
            let rise = difference(high, &low, notes)?;
            combined(histogram::add(&low, &histogram::multiply(&rise, share)), notes)
                .map(|value| Value::Histogram(Arc::new(value)))
        }
        _ => {
            notes.mixed_kinds();
            None
        }
    }
}

fn combined(result: histogram::Combined, notes: &Notes<'_>) -> Option<Histogram> {
    match result {
        Ok((value, _)) => Some(value),
        Err(histogram::Incompatible) => {
            notes.mixed_schemas();
            None
        }
    }
}

fn difference(high: &Histogram, low: &Histogram, notes: &Notes<'_>) -> Option<Histogram> {
    combined(histogram::subtract(high, low), notes)
}

/// A window function whose window has a sample at its start, and with `smoothed` at its end.
pub(super) fn slide(
    track: &Track,
    frame: Frame,
    (window, boundary): (&algebra::Window, Boundary),
    params: &Scalars,
    (matrix, row, notes): (&mut Matrix, usize, &Notes<'_>),
) {
    let all = samples(track);
    let mut buffer = Vec::new();
    for step in 0..frame.grid.count {
        let at = frame.grid.at(step);
        let end = frame.shift.apply(at);
        let start = end.saturating_sub(frame.range);
        let Some(inside) = bounded(&all, (start, end), window, boundary, notes) else { continue };
        let value = match window.call.name {
            name @ ("rate" | "increase" | "delta") => {
                let per_second = if name == "rate" { seconds(frame.range) } else { 1.0 };
                rise(&inside, name != "delta", notes).map(|value| scaled(value, per_second))
            }
            _ => kernel_over(&inside, window, (start, end, at), params.at(step, &mut buffer), notes),
        };
        if let Some(value) = value {
            matrix.set(row, step, value);
        }
    }
}

fn scaled(value: Value, divisor: f64) -> Value {
    match value {
        Value::Float(value) => Value::Float(value / divisor),
        Value::Histogram(value) => Value::Histogram(Arc::new(histogram::divide(&value, divisor))),
    }
}

/// The samples inside with those that stand at the ends; `None` where the window has nothing to say.
fn bounded(
    all: &[Sample],
    (start, end): (i64, i64),
    window: &algebra::Window,
    boundary: Boundary,
    notes: &Notes<'_>,
) -> Option<Vec<Sample>> {
    let first = all.partition_point(|sample| sample.time <= start);
    let after = all.partition_point(|sample| sample.time <= end);
    let reachable = |sample: &&Sample| sample.time > start.saturating_sub(window.lookback);
    let anchor = first.checked_sub(1).map(|last| &all[last]).filter(reachable);
    let counter = window.call.name != "delta";
    if boundary == Boundary::Anchored {
        if first == after {
            return None;
        }
        return Some(anchor.into_iter().chain(&all[first..after]).cloned().collect());
    }
    let next = all.get(after).filter(|sample| sample.time < end.saturating_add(window.lookback));
    if first == after && (anchor.is_none() || next.is_none()) {
        return None;
    }
    let mut inside: Vec<Sample> = Vec::with_capacity(after - first + 2);
    if let (Some(anchor), Some(following)) = (anchor, all.get(first)) {
        let value = between(anchor, following, start, counter, notes)?;
        inside.push(Sample { time: start, value });
        inside.extend_from_slice(&all[first..after]);
        // A reset between the two is in the interpolated value already.
        if let Some(Value::Histogram(following)) = inside.get_mut(1).map(|sample| &mut sample.value)
            && following.reset_hint == histogram::HINT_RESET
        {
            *following = Arc::new(Histogram { reset_hint: histogram::HINT_UNKNOWN, ..following.as_ref().clone() });
        }
    } else {
        inside.extend_from_slice(&all[first..after]);
    }
    if let (Some(last), Some(next)) = (after.checked_sub(1).map(|last| &all[last]), next)
        && last.time < end
    {
        let value = between(last, next, end, counter, notes)?;
        inside.push(Sample { time: end, value });
    }
    Some(inside)
}

/// The rise from the first to the last sample, resets of counters made good.
fn rise(inside: &[Sample], counter: bool, notes: &Notes<'_>) -> Option<Value> {
    let (first, last) = (inside.first()?, inside.last()?);
    match (&first.value, &last.value) {
        (Value::Float(low), Value::Float(high)) => {
            let mut risen = high - low;
            let mut previous = *low;
            for sample in inside {
                let Value::Float(value) = sample.value else {
                    notes.mixed_kinds();
                    return None;
                };
                if counter && value < previous {
                    risen += previous;
                }
                previous = value;
            }
            Some(Value::Float(risen))
        }
        (Value::Histogram(low), Value::Histogram(high)) => {
            let gauge = |sample: &Sample| matches!(&sample.value, Value::Histogram(value) if value.reset_hint == histogram::HINT_GAUGE);
            if !counter && !inside.iter().all(gauge) {
                notes.not_a_gauge();
            }
            let mut risen = difference(high, low, notes)?;
            let mut previous = low;
            for sample in &inside[1..] {
                let Value::Histogram(value) = &sample.value else {
                    notes.mixed_kinds();
                    return None;
                };
                if counter && histogram::is_reset(value, previous) {
                    risen = combined(histogram::add(&risen, previous), notes)?;
                }
                previous = value;
            }
            risen.reset_hint = histogram::HINT_GAUGE;
            Some(Value::Histogram(Arc::new(risen)))
        }
        _ => {
            notes.mixed_kinds();
            None
        }
    }
}

/// An ordinary window function over these samples.
fn kernel_over(
    inside: &[Sample],
    window: &algebra::Window,
    (start, end, at): (i64, i64, i64),
    params: &[f64],
    notes: &Notes<'_>,
) -> Option<Value> {
    let mut track = Track::default();
    for sample in inside {
        match &sample.value {
            Value::Float(value) => {
                track.times.push(sample.time);
                track.values.push(*value);
            }
            Value::Histogram(value) => {
                track.histogram_times.push(sample.time);
                track.histograms.push(Arc::clone(value));
            }
        }
    }
    let input = WindowInput {
        floats: Points { times: &track.times, values: &track.values, starts: &[] },
        histograms: Points { times: &track.histogram_times, values: &track.histograms, starts: &[] },
        start,
        end,
        at,
        params,
    };
    (window.call.kernel)(&input, notes)
}
