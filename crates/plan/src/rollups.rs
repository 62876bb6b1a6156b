//! Window functions over rollups: where windows are made of whole intervals, what is known of an interval answers for its
//! samples.
//!
//! As long as [`Exact`] holds each function gives, bit by bit, what its window kernel gives on the samples; a property test
//! compares the two. Where samples are gone a sum may differ in its last digits, and of several resets in one interval only
//! the sum is known.

use gw_batch::rollup::{Exact, Rollup, roll_up};

use crate::algebra::Window;
use crate::numeric::Compensated;
use crate::promql::functions::{Change, Ends, extrapolated_rise};
use crate::sliding::{Frame, Row};

/// A window function that rollups can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `count_over_time`
    Count,
    /// `present_over_time`
    Present,
    /// `sum_over_time`
    Sum,
    /// `avg_over_time`
    Avg,
    /// `min_over_time`
    Min,
    /// `max_over_time`
    Max,
    /// `first_over_time`
    First,
    /// `last_over_time`
    Last,
    /// `rate`, `increase`, `delta`
    Rise(Change),
}

impl Function {
    /// The function of a name, if rollups can answer it.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "count_over_time" => Self::Count,
            "present_over_time" => Self::Present,
            "sum_over_time" => Self::Sum,
            "avg_over_time" => Self::Avg,
            "min_over_time" => Self::Min,
            "max_over_time" => Self::Max,
            "first_over_time" => Self::First,
            "last_over_time" => Self::Last,
            "rate" => Self::Rise(Change::RATE),
            "increase" => Self::Rise(Change::INCREASE),
            "delta" => Self::Rise(Change::DELTA),
            _ => return None,
        })
    }

    /// What makes its answers exact.
    #[must_use]
    pub const fn exact(self) -> Exact {
        match self {
            Self::Sum | Self::Avg => Exact::Sums,
            Self::Rise(_) => Exact::Rises,
            _ => Exact::Always,
        }
    }

    /// Of the rollups of a window from `start`, not inside, to `end`.
    fn of_window(self, inside: &[Rollup], (start, end): (i64, i64)) -> Option<f64> {
        let (first, last) = (inside.first()?, inside.last()?);
        let count = || inside.iter().map(|rollup| rollup.count).sum::<u64>() as f64;
        let sum = || {
            let mut sum = Compensated::default();
            inside.iter().for_each(|rollup| sum.add(rollup.sum));
            sum.total()
        };
        let best = |of: fn(&Rollup) -> f64, better: fn(f64, f64) -> bool| {
            let choose = |best: f64, value: f64| if better(value, best) || best.is_nan() { value } else { best };
            inside.iter().map(of).reduce(choose)
        };
        match self {
            Self::Count => Some(count()),
            Self::Present => Some(1.0),
            Self::Sum => Some(sum()),
            Self::Avg => Some(sum() / count()),
            Self::Min => best(|rollup| rollup.min, |value, best| value < best),
            Self::Max => best(|rollup| rollup.max, |value, best| value > best),
            Self::First => Some(first.first),
            Self::Last => Some(last.last),
            Self::Rise(change) => {
                let ends = Ends {
                    first: (first.first_time, first.first),
                    last: (last.last_time, last.last),
                    samples: inside.iter().map(|rollup| rollup.count).sum(),
                };
                extrapolated_rise(ends, falls(inside), (start, end), change)
            }
        }
    }
}

/// What a counter had reached before each of its resets, in order.
fn falls(inside: &[Rollup]) -> impl Iterator<Item = f64> {
    let mut before: Option<f64> = None;
    inside.iter().flat_map(move |rollup| {
        let between = before.filter(|before| rollup.first < *before);
        before = Some(rollup.last);
        let within = (rollup.falls != gw_batch::rollup::Falls::None).then_some(rollup.fallen);
        [between, within].into_iter().flatten()
    })
}

/// The length of the intervals that the windows of a leaf are made of: the longest of some, falling.
#[must_use]
pub fn length_of(window: &Window, lengths: &[i64]) -> Option<i64> {
    let (grid, start) = (window.grid, window.shift.apply(window.grid.start));
    let divides = |length: &i64| {
        *length > 0 && window.range % length == 0 && start % length == 0 && (grid.count == 1 || grid.step % length == 0)
    };
    lengths.iter().copied().find(divides)
}

/// Evaluates a function at the steps whose windows begin before `boundary`, up to which `rollups` stand for samples; the
/// samples behind it are `times` and `values`.
pub fn fill(
    function: Function,
    (rollups, boundary): (&[Rollup], i64),
    (times, values): (&[i64], &[f64]),
    (frame, length): (Frame, i64),
    row: &mut Row<'_>,
) {
    let mut all = rollups.to_vec();
    roll_up((times, values), length, &mut all);
    for step in 0..frame.grid.count {
        let end = frame.shift.apply(frame.grid.at(step));
        let start = end.saturating_sub(frame.range);
        if start >= boundary {
            if frame.shift.at.is_none() {
                break;
            }
            continue;
        }
        let from = all.partition_point(|rollup| rollup.end <= start);
        let to = all.partition_point(|rollup| rollup.end <= end);
        let value = function.of_window(&all[from..to.max(from)], (start, end));
        row.present[step] = value.is_some();
        row.values[step] = value.unwrap_or(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algebra::{Grid, Shift};
    use crate::annotations::{Notes, Position};
    use crate::promql::Release;
    use crate::promql::functions::{Kind, find};
    use crate::window::{Points, Value, WindowInput};
    use gw_batch::{Cost, STALE_NAN_BITS, is_stale};
    use proptest::prelude::*;

    const NAMES: [&str; 11] = [
        "count_over_time",
        "present_over_time",
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "first_over_time",
        "last_over_time",
        "rate",
        "increase",
        "delta",
    ];
    const LENGTH: i64 = 300_000_000_000;

    /// The kernel's answer at each step.
    fn by_kernel(name: &str, (times, values): (&[i64], &[f64]), frame: Frame) -> Vec<Option<u64>> {
        let Kind::Window { kernel, .. } = find(name, Release::V3).unwrap().kind else { panic!("{name} has windows") };
        let (times, values): (Vec<i64>, Vec<f64>) =
            times.iter().zip(values).filter(|(_, value)| !is_stale(**value)).unzip();
        let cost = Cost::default();
        let notes = Notes::new(&cost, Position::default());
        let answer = |step: usize| {
            let at = frame.grid.at(step);
            let (end, start) = (frame.shift.apply(at), frame.shift.apply(at) - frame.range);
            let (from, to) = (times.partition_point(|t| *t <= start), times.partition_point(|t| *t <= end));
            let floats = Points { times: &times[from..to], values: &values[from..to], starts: &[] };
            let histograms = Points { times: &[], values: &[], starts: &[] };
            let input = WindowInput { floats, histograms, start, end, at, params: &[] };
            if from == to {
                return None;
            }
            kernel(&input, &notes).map(|value| match value {
                Value::Float(value) => value.to_bits(),
                Value::Histogram(_) => panic!("of floats"),
            })
        };
        (0..frame.grid.count).map(answer).collect()
    }

    fn by_rollups(name: &str, samples: (&[i64], &[f64]), boundary: i64, frame: Frame) -> Option<Vec<Option<u64>>> {
        let function = Function::of(name).unwrap();
        let at = samples.0.partition_point(|time| *time <= boundary);
        let mut rollups = Vec::new();
        roll_up((&samples.0[..at], &samples.1[..at]), LENGTH, &mut rollups);
        let mut all = rollups.clone();
        let behind = (&samples.0[at..], &samples.1[at..]);
        roll_up(behind, LENGTH, &mut all);
        if !function.exact().holds(&all) {
            return None;
        }
        let (mut values, mut present) = (vec![0.0; frame.grid.count], vec![false; frame.grid.count]);
        let mut row = Row { values: &mut values, present: &mut present };
        fill(function, (&rollups, boundary), behind, (frame, LENGTH), &mut row);
        Some(values.iter().zip(present).map(|(value, present)| present.then_some(value.to_bits())).collect())
    }

    /// Counters with resets, gauges, whole and not; stale markers, NaN and gaps among them.
    fn samples() -> impl Strategy<Value = (Vec<i64>, Vec<f64>)> {
        let step = (1i64..40, 0u8..30, 0u64..1000);
        (0i64..600, 0u8..4, proptest::collection::vec(step, 1..400)).prop_map(|(start, kind, steps)| {
            let (mut second, mut reached) = (start, 0.0);
            let mut times = Vec::new();
            let mut values = Vec::new();
            for (gap, event, number) in steps {
                second += if event == 0 { gap * 60 } else { gap };
                reached = match (kind, event) {
                    (0, 1) => 0.0,
                    (0, _) => reached + number as f64,
                    (1, 1 | 2) => number as f64 / 7.0,
                    (1, _) => reached + number as f64 / 10.0,
                    (2, _) => number as f64 - 500.0,
                    _ => number as f64 / 3.0 - 100.0,
                };
                times.push(second * 1_000_000_000 + i64::from(event) * 1_000_000);
                values.push(match event {
                    3 => f64::from_bits(STALE_NAN_BITS),
                    4 if kind > 1 => f64::NAN,
                    5 if kind > 1 => -0.0,
                    _ => reached,
                });
            }
            (times, values)
        })
    }

    proptest! {
        #[test]
        fn every_exact_answer_is_that_of_the_samples(
            (times, values) in samples(),
            start in 0i64..40,
            (range, step, boundary) in (1i64..12, 1i64..6, 0i64..60),
        ) {
            let grid = Grid { start: start * LENGTH, step: step * LENGTH, count: 20 };
            let frame = Frame { grid, shift: Shift::default(), range: range * LENGTH, closed: false };
            for name in NAMES {
                let Some(found) = by_rollups(name, (&times, &values), boundary * LENGTH, frame) else { continue };
                let expected = by_kernel(name, (&times, &values), frame);
                for step in 0..grid.count {
                    if grid.at(step) - frame.range < boundary * LENGTH {
                        prop_assert_eq!(found[step], expected[step], "{} at step {}", name, step);
                    }
                }
            }
        }
    }

    #[test]
    fn most_series_are_exact() {
        let times: Vec<i64> = (1..200).map(|i| i * 15_000_000_000).collect();
        let counter: Vec<f64> = (1..200).map(|i| f64::from(if i < 90 { i } else { i - 90 }) / 8.0).collect();
        let frame = Frame {
            grid: Grid { start: 3 * LENGTH, step: LENGTH, count: 5 },
            shift: Shift { at: None, offset: LENGTH },
            range: 2 * LENGTH,
            closed: false,
        };
        assert!(by_rollups("rate", (&times, &counter), 9 * LENGTH, frame).is_some());
        assert!(by_rollups("sum_over_time", (&times, &counter), 9 * LENGTH, frame).is_none());
        let whole: Vec<f64> = counter.iter().map(|value| value * 8.0).collect();
        let found = by_rollups("avg_over_time", (&times, &whole), 9 * LENGTH, frame).unwrap();
        assert_eq!(found, by_kernel("avg_over_time", (&times, &whole), frame));
    }
}
