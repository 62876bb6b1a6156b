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
    /// Time of the first sample, or of the start of the counter inside the window.
    first: i64,
    last: i64,
    /// Average distance of samples, in seconds; zero of one sample alone.
    average: f64,
    /// Whether the counter is known to have been zero at `first`.
    started_inside: bool,
}

/// The rise over the samples, extrapolated to the ends of the window unless they are too far away
/// (prometheus promql/functions.go, `extrapolatedRate`).
fn extrapolated(input: &WindowInput<'_>, notes: &Notes<'_>, change: Change) -> Option<Value> {
    one_kind(input, notes)?;
    let rise = if input.histograms.is_empty() {
        float_rise(&input.floats, input.start, change.counter)?
    } else {
        histogram_rise(&input.histograms, input.start, change.counter, notes)?
    };
    let sampled = seconds(rise.last - rise.first);
    let mut to_start = seconds(rise.first - input.start);
    let mut to_end = seconds(input.end - rise.last);
    // Up to here a gap to the window's end is taken for one that the next sample would have closed.
    let threshold = rise.average * 1.1;
    if to_start >= threshold {
        to_start = rise.average / 2.0;
    }
    if let Some((first, risen)) = rise.from_zero
        && risen > 0.0
        && first >= 0.0
    {
        to_start = to_start.min(sampled * (first / risen));
    }
    if rise.started_inside {
        to_start = 0.0;
    }
    if to_end >= threshold {
        to_end = rise.average / 2.0;
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

/// First and last time, average distance, and whether the counter started inside the window; `None` where there is too
/// little to tell a rise.
fn extent<T>(points: &Points<'_, T>, window_start: i64, counter: bool) -> Option<(i64, i64, f64, bool)> {
    let (first, last) = (*points.times.first()?, *points.times.last()?);
    let intervals = points.len() - 1;
    let average = if intervals == 0 { 0.0 } else { seconds(last - first) / intervals as f64 };
    let started = points.starts.first().filter(|start| counter && window_start < **start && **start < first);
    match started {
        Some(start) => Some((*start, last, average, true)),
        None if intervals == 0 => None,
        None => Some((first, last, average, false)),
    }
}

/// Whether a counter began anew between a sample and the one before: by its value, or because it says to have started since
/// then.
fn was_reset<T>(points: &Points<'_, T>, i: usize, fell: impl Fn(&T, &T) -> bool) -> bool {
    let started = points
        .starts
        .get(i)
        .is_some_and(|start| *start != 0 && points.times[i - 1] <= *start && *start < points.times[i]);
    started || fell(&points.values[i], &points.values[i - 1])
}

fn float_rise(points: &Points<'_, f64>, window_start: i64, counter: bool) -> Option<Rise> {
    let (first, last, average, started_inside) = extent(points, window_start, counter)?;
    let value = points.values[0];
    let mut risen = points.values[points.len() - 1] - if started_inside { 0.0 } else { value };
    for i in (1..points.len()).filter(|_| counter) {
        if was_reset(points, i, |now, before| now < before) {
            risen += points.values[i - 1];
        }
    }
    let from_zero = counter.then_some((value, risen));
    Some(Rise { value: Value::Float(risen), from_zero, first, last, average, started_inside })
}

fn histogram_rise(
    points: &Points<'_, Arc<Histogram>>,
    window_start: i64,
    counter: bool,
    notes: &Notes<'_>,
) -> Option<Rise> {
    let (start, end, average, started_inside) = extent(points, window_start, counter)?;
    let (first, last) = (points.values.first()?, points.values.last()?);
    let is_gauge = |histogram: &Histogram| histogram.reset_hint == native::HINT_GAUGE;
    if counter && points.values.iter().any(|value| is_gauge(value)) {
        notes.not_a_counter();
    }
    if !counter && !points.values.iter().all(|value| is_gauge(value)) {
        notes.not_a_gauge();
    }
    // A reset right after the first sample makes its buckets meaningless; only its time and count are used then.
    let restart = counter && points.len() > 1 && was_reset(points, 1, |now, before| native::is_reset(now, before));
    let base = match (started_inside, restart) {
        (true, _) => Arc::new(native::emptied(first)),
        (false, true) => Arc::new(native::emptied(&points.values[1])),
        (false, false) => Arc::clone(first),
    };
    let custom = native::is_custom(&base);
    if points.values[1..].iter().any(|value| native::is_custom(value) != custom) {
        notes.mixed_schemas();
        return None;
    }
    let schema = points.values[1..].iter().map(|value| value.schema).fold(base.schema, i32::min);
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
    // The first sample itself counts where the counter was zero before it.
    let mut previous = if started_inside && !restart { first } else { &base };
    for (i, value) in points.values.iter().enumerate().skip(1).filter(|_| counter) {
        if was_reset(points, i, |now, _| native::is_reset(now, previous)) {
            risen = combine(native::add(&risen, previous))?;
        }
        previous = value;
    }
    if reconciled {
        notes.reconciled_buckets("subtraction");
    }
    if !custom {
        risen = native::with_schema(&risen, schema);
    }
    risen.reset_hint = native::HINT_GAUGE;
    Some(Rise {
        from_zero: counter.then_some((first.count, risen.count)),
        value: Value::Histogram(Arc::new(native::compacted(&risen))),
        first: start,
        last: end,
        average,
        started_inside,
    })
}

/// The change between the last two samples.
fn instant(input: &WindowInput<'_>, notes: &Notes<'_>, change: Change) -> Option<Value> {
    let (before, last) = last_two(input)?;
    let elapsed = seconds(last.time - before.time);
    if elapsed == 0.0 {
        return None;
    }
    let restarted = last.start != 0 && before.time <= last.start && last.start < last.time;
    match (before.value, last.value) {
        (Value::Float(before), Value::Float(last)) => {
            let risen = if change.counter && (restarted || last < before) { last } else { last - before };
            float(if change.per_second { risen / elapsed } else { risen })
        }
        (Value::Histogram(before), Value::Histogram(last)) => {
            let before = if restarted && change.counter { Arc::new(native::emptied(&last)) } else { before };
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
    if !(change.counter || gauge(before) && gauge(last)) {
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

/// A sample with its times.
struct Timed {
    time: i64,
    start: i64,
    value: Value,
}

/// The last two samples, whichever their kinds.
fn last_two(input: &WindowInput<'_>) -> Option<(Timed, Timed)> {
    let mut tail: Vec<Timed> = Vec::with_capacity(4);
    let floats = &input.floats;
    for i in floats.len().saturating_sub(2)..floats.len() {
        let start = floats.starts.get(i).copied().unwrap_or(0);
        tail.push(Timed { time: floats.times[i], start, value: Value::Float(floats.values[i]) });
    }
    let histograms = &input.histograms;
    for i in histograms.len().saturating_sub(2)..histograms.len() {
        let start = histograms.starts.get(i).copied().unwrap_or(0);
        tail.push(Timed {
            time: histograms.times[i],
            start,
            value: Value::Histogram(Arc::clone(&histograms.values[i])),
        });
    }
    tail.sort_by_key(|sample| sample.time);
    let last = tail.pop()?;
    Some((tail.pop()?, last))
}

fn resets(input: &WindowInput<'_>, _: &Notes<'_>) -> Option<Value> {
    count_transitions(input, |before, now, restarted| match (before, now) {
        _ if restarted => true,
        (Sample::Float(before), Sample::Float(now)) => now < before,
        (Sample::Histogram(before), Sample::Histogram(now)) => native::is_reset(now, before),
        // A change of kind counts as a reset.
        _ => true,
    })
}

fn changes(input: &WindowInput<'_>, _: &Notes<'_>) -> Option<Value> {
    count_transitions(input, |before, now, _| match (before, now) {
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

/// Whether a step from one sample to the next counts; the last argument is whether the counter started in between.
type Transition = fn(Sample<'_>, Sample<'_>, bool) -> bool;

fn count_transitions(input: &WindowInput<'_>, counts: Transition) -> Option<Value> {
    let (floats, histograms) = (&input.floats, &input.histograms);
    let (mut f, mut h) = (0, 0);
    let (mut previous, mut total): (Option<(i64, Sample<'_>)>, usize) = (None, 0);
    while f < floats.len() || h < histograms.len() {
        let take_float = match (floats.times.get(f), histograms.times.get(h)) {
            (Some(float), Some(histogram)) => float < histogram,
            (float, _) => float.is_some(),
        };
        let (time, start, now) = if take_float {
            f += 1;
            (floats.times[f - 1], floats.starts.get(f - 1), Sample::Float(floats.values[f - 1]))
        } else {
            h += 1;
            (histograms.times[h - 1], histograms.starts.get(h - 1), Sample::Histogram(&histograms.values[h - 1]))
        };
        if let Some((before_time, before)) = previous {
            let restarted = start.is_some_and(|start| *start != 0 && before_time <= *start && *start < time);
            total += usize::from(counts(before, now, restarted));
        }
        previous = Some((time, now));
    }
    previous?;
    float(total as f64)
}
