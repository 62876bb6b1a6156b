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
    window("rate", |input, notes| extrapolated(input, notes, Change::RATE, to_start)),
    window("increase", |input, notes| extrapolated(input, notes, Change::INCREASE, to_start)),
    window("delta", |input, notes| extrapolated(input, notes, Change::DELTA, to_start)),
    window("irate", |input, notes| instant(input, notes, Change::RATE)),
    window("idelta", |input, notes| instant(input, notes, Change::DELTA)),
    window("resets", resets),
    window("changes", changes),
];

/// What the 2.x line does otherwise.
pub(super) static V2: &[Function] = &[
    window("rate", |input, notes| extrapolated(input, notes, Change::RATE, to_start_v2)),
    window("increase", |input, notes| extrapolated(input, notes, Change::INCREASE, to_start_v2)),
    window("delta", |input, notes| extrapolated(input, notes, Change::DELTA, to_start_v2)),
];

/// Which change is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    counter: bool,
    per_second: bool,
}

impl Change {
    /// `rate`
    pub const RATE: Self = Self { counter: true, per_second: true };
    /// `increase`
    pub const INCREASE: Self = Self { counter: true, per_second: false };
    /// `delta`
    pub const DELTA: Self = Self { counter: false, per_second: false };
}

/// What has to be known of the floats of a window to tell their rise, beside the resets among them.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Time and value of the first.
    pub first: (i64, f64),
    /// Time and value of the last.
    pub last: (i64, f64),
    /// How many.
    pub samples: u64,
}

/// The rise over floats of which the ends are known, and what a counter had reached before each of its resets, in order;
/// extrapolated to the ends of the window. `None` where there is too little to tell a rise.
pub fn extrapolated_rise(
    ends: Ends,
    falls: impl Iterator<Item = f64>,
    (start, end): (i64, i64),
    change: Change,
) -> Option<f64> {
    let ((first, value), (last, reached)) = (ends.first, ends.last);
    let intervals = ends.samples.checked_sub(1).filter(|intervals| *intervals > 0)?;
    let mut risen = reached - value;
    if change.counter {
        falls.for_each(|before| risen += before);
    }
    let rise = Rise {
        value: Value::Float(risen),
        from_zero: change.counter.then_some((value, risen)),
        first,
        last,
        average: seconds(last - first) / intervals as f64,
        started_inside: false,
    };
    Some(risen * rise.factor((start, end), change, to_start))
}

/// What happened between the first and last sample.
struct Rise {
    value: Value,
    /// What a counter held at first, and how much it rose from there to the last sample.
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
fn extrapolated(
    input: &WindowInput<'_>,
    notes: &Notes<'_>,
    change: Change,
    to_start: fn(&Rise, f64) -> f64,
) -> Option<Value> {
    one_kind(input, notes)?;
    let rise = if input.histograms.is_empty() {
        float_rise(&input.floats, input.start, change.counter, notes)?
    } else {
        histogram_rise(&input.histograms, input.start, change.counter, notes)?
    };
    let factor = rise.factor((input.start, input.end), change, to_start);
    Some(match rise.value {
        Value::Float(value) => Value::Float(value * factor),
        Value::Histogram(value) => Value::Histogram(Arc::new(native::multiply(&value, factor))),
    })
}

impl Rise {
    /// What it is to be multiplied by to stand for the whole window.
    fn factor(&self, (start, end): (i64, i64), change: Change, to_start: fn(&Self, f64) -> f64) -> f64 {
        let sampled = seconds(self.last - self.first);
        let to_start = if self.started_inside { 0.0 } else { to_start(self, seconds(self.first - start)) };
        let to_end = self.reach(seconds(end - self.last));
        let factor = if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled };
        if change.per_second { factor / seconds(end - start) } else { factor }
    }

    /// How far it is extrapolated over a gap: to its end where the next sample would have closed it, else half the usual
    /// distance of samples.
    fn reach(&self, gap: f64) -> f64 {
        if gap < self.average * 1.1 { gap } else { self.average / 2.0 }
    }

    /// How long before the first sample the counter was zero, if it rose as it did since then.
    fn since_zero(&self) -> f64 {
        match self.from_zero {
            Some((first, risen)) if risen > 0.0 && first >= 0.0 => seconds(self.last - self.first) * (first / risen),
            _ => f64::INFINITY,
        }
    }
}

/// How far a rise is extrapolated to the start of the window: not beyond the point where a counter was zero.
fn to_start(rise: &Rise, gap: f64) -> f64 {
    rise.reach(gap).min(rise.since_zero())
}

/// The same in the 2.x line, which took that point for the window's start and knew of none for histograms.
fn to_start_v2(rise: &Rise, gap: f64) -> f64 {
    match rise.value {
        Value::Float(_) => rise.reach(gap.min(rise.since_zero())),
        Value::Histogram(_) => rise.reach(gap),
    }
}

/// First and last time, average distance, and whether the counter started inside the window; `None` where there is too
/// little to tell a rise.
fn extent<T>(points: &Points<'_, T>, window_start: i64, counter: bool) -> Option<(i64, i64, f64, bool)> {
    let (first, last) = (*points.times.first()?, *points.times.last()?);
    let intervals = points.len() - 1;
    let average = if intervals == 0 { 0.0 } else { seconds(last - first) / intervals as f64 };
    let known = |start: &&i64| counter && **start != 0 && window_start < **start && **start < first;
    match points.starts.first().filter(known) {
        Some(start) => Some((*start, last, average, true)),
        None if intervals == 0 => None,
        None => Some((first, last, average, false)),
    }
}

/// Whether the start time of a sample says that its counter began anew since the sample before. A start at the very time of
/// that sample says so only where its own start was known: otherwise it is how an unknown start is written down.
const fn restarted((before_start, before_time): (i64, i64), (start, time): (i64, i64)) -> bool {
    if start == 0 || start >= time || start < before_time {
        return false;
    }
    start > before_time || (before_start != 0 && before_start < before_time)
}

/// [`restarted`] of a sample of the window.
fn restarted_at<T>(points: &Points<'_, T>, i: usize) -> bool {
    match (points.starts.get(i - 1), points.starts.get(i)) {
        (Some(before), Some(start)) => restarted((*before, points.times[i - 1]), (*start, points.times[i])),
        _ => false,
    }
}

/// Warns of a sample that claims to count from a time that the sample before has covered already.
fn note_overlap<T>(points: &Points<'_, T>, notes: &Notes<'_>) {
    let overlaps = |i: &usize| {
        let (before, start) = (points.starts[i - 1], points.starts[*i]);
        start != 0 && start < points.times[i - 1] && start != before
    };
    if (1..points.starts.len()).any(|i| overlaps(&i)) {
        notes.start_time_overlap();
    }
}

fn float_rise(points: &Points<'_, f64>, window_start: i64, counter: bool, notes: &Notes<'_>) -> Option<Rise> {
    let (first, last, average, started_inside) = extent(points, window_start, counter)?;
    let value = points.values[0];
    let mut risen = points.values[points.len() - 1] - value;
    if counter {
        note_overlap(points, notes);
        for i in 1..points.len() {
            if points.values[i] < points.values[i - 1] || restarted_at(points, i) {
                risen += points.values[i - 1];
            }
        }
    }
    if started_inside {
        risen += value;
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
    let first = points.values.first()?;
    let mut risen = if points.len() == 1 { first.as_ref().clone() } else { between(points, counter, notes)? };
    if started_inside && points.len() > 1 {
        risen = combined(native::add(&risen, first), "addition", notes)?;
    }
    let hint = if points.len() == 1 { risen.reset_hint } else { native::HINT_GAUGE };
    Some(Rise {
        from_zero: counter.then_some((first.count, risen.count)),
        value: Value::Histogram(Arc::new(Histogram { reset_hint: hint, ..risen })),
        first: start,
        last: end,
        average,
        started_inside,
    })
}

/// The rise from the first to the last of at least two histograms.
fn between(points: &Points<'_, Arc<Histogram>>, counter: bool, notes: &Notes<'_>) -> Option<Histogram> {
    let [first, second, ..] = points.values else { return None };
    let last = points.values.last()?;
    let is_gauge = |histogram: &Histogram| histogram.reset_hint == native::HINT_GAUGE;
    if counter && points.values.iter().any(|value| is_gauge(value)) {
        notes.not_a_counter();
    }
    let gauge = is_gauge(first) && is_gauge(last);
    if !counter && !gauge {
        notes.not_a_gauge();
    }
    // A reset right after the first sample makes its buckets meaningless; only its time and count are used then.
    let restart = counter && (restarted_at(points, 1) || native::is_reset(second, first));
    let base = if restart {
        Arc::new(Histogram { reset_hint: native::HINT_UNKNOWN, zero_threshold: 0.0, ..native::emptied(second) })
    } else {
        Arc::clone(first)
    };
    let inner = if counter { &points.values[1..points.len() - 1] } else { &[] };
    let custom = native::is_custom(&base);
    if inner.iter().chain([last]).any(|value| native::is_custom(value) != custom) {
        notes.mixed_schemas();
        return None;
    }
    let schema = inner.iter().chain([last]).map(|value| value.schema).fold(base.schema, i32::min);
    let mut risen = combined(native::subtract(&native::with_schema(last, schema), &base), "subtraction", notes)?;
    if counter {
        note_overlap(points, notes);
        let mut previous = &base;
        for (i, value) in points.values.iter().enumerate().skip(1) {
            if restarted_at(points, i) || native::is_reset(value, previous) {
                risen = combined(native::add(&risen, previous), "addition", notes)?;
            }
            previous = value;
        }
    }
    risen.reset_hint = native::HINT_GAUGE;
    Some(native::compacted(&risen))
}

/// A sum or difference, with what is to be said about its buckets. Hints that contradict each other are not: resets are
/// accounted for by who calls this.
fn combined(result: native::Combined, operation: &str, notes: &Notes<'_>) -> Option<Histogram> {
    match result {
        Ok((value, remarks)) => {
            if remarks.reconciled {
                notes.reconciled_buckets(operation);
            }
            Some(value)
        }
        Err(native::Incompatible) => {
            notes.mixed_schemas();
            None
        }
    }
}

/// The change between the last two samples.
fn instant(input: &WindowInput<'_>, notes: &Notes<'_>, change: Change) -> Option<Value> {
    let (before, last) = last_two(input)?;
    let elapsed = seconds(last.time - before.time);
    if elapsed == 0.0 {
        return None;
    }
    let restarted = restarted((before.start, before.time), (last.start, last.time));
    match (before.value, last.value) {
        (Value::Float(before), Value::Float(last)) => {
            let risen = if change.counter && (restarted || last < before) { last } else { last - before };
            float(if change.per_second { risen / elapsed } else { risen })
        }
        (Value::Histogram(before), Value::Histogram(last)) => {
            let risen = instant_histogram(&before, &last, restarted, notes, change)?;
            histogram(if change.per_second { native::divide(&risen, elapsed) } else { risen })
        }
        _ => {
            notes.mixed_kinds();
            None
        }
    }
}

fn instant_histogram(
    before: &Histogram,
    last: &Histogram,
    restarted: bool,
    notes: &Notes<'_>,
    change: Change,
) -> Option<Histogram> {
    let gauge = |histogram: &Histogram| histogram.reset_hint == native::HINT_GAUGE;
    if change.counter && (gauge(before) || gauge(last)) {
        notes.not_a_counter();
    }
    if !(change.counter || gauge(before) && gauge(last)) {
        notes.not_a_gauge();
    }
    let mut risen = last.clone();
    if !change.counter || !(restarted || native::is_reset(last, before)) {
        risen = combined(native::subtract(last, before), "subtraction", notes)?;
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
    let (mut previous, mut total): (Option<(i64, i64, Sample<'_>)>, usize) = (None, 0);
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
        let start = start.copied().unwrap_or(0);
        if let Some((before_start, before_time, before)) = previous {
            total += usize::from(counts(before, now, restarted((before_start, before_time), (start, time))));
        }
        previous = Some((start, time, now));
    }
    previous?;
    float(total as f64)
}
