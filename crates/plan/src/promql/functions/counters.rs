//! Counters and their kin: `rate`, `increase`, `delta`, `irate`, `idelta`, `resets`, `changes`.

use std::sync::Arc;

use gw_batch::Histogram;

use super::over_time::one_kind;
use super::{Function, float, histogram, window};
use crate::annotations::Notes;
use crate::histogram as native;
use crate::seconds;
use crate::window::{Points, Value, WindowInput};

pub(super) static FAMILY: &[Function] = &[
    window("rate", |input, notes| extrapolated(input, notes, Change { counter: true, per_second: true })),
    window("increase", |input, notes| extrapolated(input, notes, Change { counter: true, per_second: false })),
    window("delta", |input, notes| extrapolated(input, notes, Change { counter: false, per_second: false })),
    window("irate", |input, notes| instant(input, notes, Change { counter: true, per_second: true })),
    window("idelta", |input, notes| instant(input, notes, Change { counter: false, per_second: false })),
    window("resets", resets),
    window("changes", changes),
];

#[derive(Debug, Clone, Copy)]
struct Change {
    counter: bool,
    per_second: bool,
}

/// What happened between the first and last sample.
struct Rise {
    value: Value,
    /// What a counter can have risen at most before its first sample: its value then, and the rise since.
    from_zero: Option<(f64, f64)>,
    first: i64,
    last: i64,
    intervals: f64,
}

/// The rise over the samples, extrapolated to the ends of the window unless they are too far away
/// (prometheus promql/functions.go, `extrapolatedRate`).
fn extrapolated(input: &WindowInput<'_>, notes: &Notes<'_>, change: Change) -> Option<Value> {
    one_kind(input, notes)?;
    let rise = if input.histograms.is_empty() {
        float_rise(&input.floats, change.counter)?
    } else {
        histogram_rise(&input.histograms, change.counter, notes)?
    };
    let mut to_start = seconds(rise.first - input.start);
    let mut to_end = seconds(input.end - rise.last);
    let sampled = seconds(rise.last - rise.first);
    let average = sampled / rise.intervals;
    // Up to here a gap to the window's end is taken for one that the next sample would have closed.
    let threshold = average * 1.1;
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if let Some((first, risen)) = rise.from_zero
        && risen > 0.0
        && first >= 0.0
    {
        to_start = to_start.min(sampled * (first / risen));
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    let mut factor = (sampled + to_start + to_end) / sampled;
    if change.per_second {
        factor /= seconds(input.end - input.start);
    }
    Some(match rise.value {
        Value::Float(value) => Value::Float(value * factor),
        Value::Histogram(value) => Value::Histogram(Arc::new(native::multiply(&value, factor))),
    })
}

fn float_rise(points: &Points<'_, f64>, counter: bool) -> Option<Rise> {
    let (&[first, ..], &[.., last]) = (points.values, points.values) else { return None };
    if points.len() < 2 {
        return None;
    }
    let mut risen = last - first;
    if counter {
        let mut previous = first;
        for value in points.values {
            if *value < previous {
                risen += previous;
            }
            previous = *value;
        }
    }
    Some(Rise {
        value: Value::Float(risen),
        from_zero: counter.then_some((first, risen)),
        first: *points.times.first()?,
        last: *points.times.last()?,
        intervals: (points.len() - 1) as f64,
    })
}

fn histogram_rise(points: &Points<'_, Arc<Histogram>>, counter: bool, notes: &Notes<'_>) -> Option<Rise> {
    let (first, last) = (points.values.first()?, points.values.last()?);
    if points.len() < 2 {
        return None;
    }
    let is_gauge = |histogram: &Histogram| histogram.reset_hint == native::HINT_GAUGE;
    if counter && points.values.iter().any(|value| is_gauge(value)) {
        notes.not_a_counter();
    }
    if !counter && !points.values.iter().all(|value| is_gauge(value)) {
        notes.not_a_gauge();
    }
    let custom = native::is_custom(first);
    if points.values.iter().any(|value| native::is_custom(value) != custom) {
        notes.mixed_schemas();
        return None;
    }
    // A reset right after the first sample makes its buckets meaningless; only its time is used then.
    let restart = counter && native::is_reset(&points.values[1], first);
    let base = if restart { Arc::new(native::emptied(first)) } else { Arc::clone(first) };
    let schema = points.values.iter().map(|value| value.schema).min()?;
    let mut reconciled = false;
    let mut combine = |result: native::Combined| match result {
        Ok((value, remarks)) => {
            reconciled |= remarks.reconciled;
            Some(value)
        }
        Err(native::Incompatible) => {
            notes.mixed_schemas();
            None
        }
    };
    let mut risen = combine(native::subtract(last, &base))?;
    if counter {
        let mut previous = &points.values[0];
        for value in &points.values[1..] {
            if native::is_reset(value, previous) && !(restart && Arc::ptr_eq(previous, first)) {
                risen = combine(native::add(&risen, previous))?;
            } else if restart && Arc::ptr_eq(previous, first) {
                risen = combine(native::add(&risen, &native::emptied(first)))?;
            }
            previous = value;
        }
    }
    if reconciled {
        notes.reconciled_buckets("subtraction");
    }
    if !custom {
        risen = native::with_schema(&risen, schema);
    }
    risen.reset_hint = native::HINT_GAUGE;
    Some(Rise {
        from_zero: counter.then_some((base.count, risen.count)),
        value: Value::Histogram(Arc::new(native::compacted(&risen))),
        first: *points.times.first()?,
        last: *points.times.last()?,
        intervals: (points.len() - 1) as f64,
    })
}

/// The change between the last two samples.
fn instant(input: &WindowInput<'_>, notes: &Notes<'_>, change: Change) -> Option<Value> {
    let ((before_time, before), (last_time, last)) = last_two(input)?;
    let elapsed = seconds(last_time - before_time);
    if elapsed == 0.0 {
        return None;
    }
    match (before, last) {
        (Value::Float(before), Value::Float(last)) => {
            let risen = if change.counter && last < before { last } else { last - before };
            float(if change.per_second { risen / elapsed } else { risen })
        }
        (Value::Histogram(before), Value::Histogram(last)) => {
            let risen = instant_histogram(&before, &last, notes, change)?;
            histogram(if change.per_second { native::divide(&risen, elapsed) } else { risen })
        }
        _ => {
            notes.mixed_kinds();
            None
        }
    }
}

fn instant_histogram(before: &Histogram, last: &Histogram, notes: &Notes<'_>, change: Change) -> Option<Histogram> {
    let gauge = |histogram: &Histogram| histogram.reset_hint == native::HINT_GAUGE;
    if change.counter && (gauge(before) || gauge(last)) {
        notes.not_a_counter();
    }
    if !change.counter && !(gauge(before) && gauge(last)) {
        notes.not_a_gauge();
    }
    let mut risen = last.clone();
    if !change.counter || !native::is_reset(last, before) {
        match native::subtract(last, before) {
            Ok((value, remarks)) => {
                if remarks.reconciled {
                    notes.reconciled_buckets("subtraction");
                }
                risen = value;
            }
            Err(native::Incompatible) => {
                notes.mixed_schemas();
                return None;
            }
        }
    }
    risen.reset_hint = native::HINT_GAUGE;
    Some(native::compacted(&risen))
}

type Timed = (i64, Value);

/// The last two samples, whichever their kinds.
fn last_two(input: &WindowInput<'_>) -> Option<(Timed, Timed)> {
    let mut tail: Vec<Timed> = Vec::with_capacity(4);
    let from = input.floats.len().saturating_sub(2);
    for (time, value) in input.floats.times[from..].iter().zip(&input.floats.values[from..]) {
        tail.push((*time, Value::Float(*value)));
    }
    let from = input.histograms.len().saturating_sub(2);
    for (time, value) in input.histograms.times[from..].iter().zip(&input.histograms.values[from..]) {
        tail.push((*time, Value::Histogram(Arc::clone(value))));
    }
    tail.sort_by_key(|(time, _)| *time);
    let last = tail.pop()?;
    Some((tail.pop()?, last))
}

fn resets(input: &WindowInput<'_>, _: &Notes<'_>) -> Option<Value> {
    count_transitions(input, |before, now| match (before, now) {
        (Sample::Float(before), Sample::Float(now)) => now < before,
        (Sample::Histogram(before), Sample::Histogram(now)) => native::is_reset(now, before),
        // A change of kind counts as a reset.
        _ => true,
    })
}

fn changes(input: &WindowInput<'_>, _: &Notes<'_>) -> Option<Value> {
    count_transitions(input, |before, now| match (before, now) {
        (Sample::Float(before), Sample::Float(now)) => now != before && !(now.is_nan() && before.is_nan()),
        (Sample::Histogram(before), Sample::Histogram(now)) => !native::equal(before, now),
        _ => true,
    })
}

#[derive(Clone, Copy)]
enum Sample<'a> {
    Float(f64),
    Histogram(&'a Histogram),
}

fn count_transitions(input: &WindowInput<'_>, counts: fn(Sample<'_>, Sample<'_>) -> bool) -> Option<Value> {
    let (mut f, mut h) = (0, 0);
    let (mut previous, mut total): (Option<Sample<'_>>, usize) = (None, 0);
    loop {
        let float_time = input.floats.times.get(f);
        let histogram_time = input.histograms.times.get(h);
        let now = match (float_time, histogram_time) {
            (None, None) => break,
            (Some(float), Some(histogram)) if histogram <= float => {
                h += 1;
                Sample::Histogram(&input.histograms.values[h - 1])
            }
            (Some(_), _) => {
                f += 1;
                Sample::Float(input.floats.values[f - 1])
            }
            (None, Some(_)) => {
                h += 1;
                Sample::Histogram(&input.histograms.values[h - 1])
            }
        };
        total += usize::from(previous.is_some_and(|before| counts(before, now)));
        previous = Some(now);
    }
    previous?;
    float(total as f64)
}
