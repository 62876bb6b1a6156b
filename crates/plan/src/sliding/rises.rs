//! `rate`, `increase`, `delta`: two positions, and the few places where a counter fell.

use super::{Row, Scratch, Sliding, Window, Windows};
use crate::seconds;

/// What is the same of all windows.
#[derive(Debug, Clone, Copy)]
struct Kind {
    counter: bool,
    /// Length of a window in seconds where the result is a second's.
    per: Option<f64>,
}

pub(super) fn slide(
    function: Sliding,
    (times, values): (&[i64], &[f64]),
    windows: Windows<'_>,
    scratch: &mut Scratch,
    row: &mut Row<'_>,
) {
    let counter = function != Sliding::Delta;
    let range = seconds(windows.frame.range);
    let kind = Kind { counter, per: (function == Sliding::Rate).then_some(range) };
    // Positions of samples that are less than the one before, ahead of or inside the window.
    let falls = &mut scratch.positions;
    falls.clear();
    if counter {
        falls.extend(values.windows(2).enumerate().filter(|(_, pair)| pair[1] < pair[0]).map(|(i, _)| i + 1));
    }
    for window in windows.filter(|window| window.to - window.from > 1) {
        let mut risen = values[window.to - 1] - values[window.from];
        while falls.front().is_some_and(|fall| *fall <= window.from) {
            falls.pop_front();
        }
        for fall in falls.iter().take_while(|fall| **fall < window.to) {
            risen += values[fall - 1];
        }
        row.set(window.step, extrapolated(times, values[window.from], risen, window, kind));
    }
}

/// The rise extrapolated to the ends of the window unless they are too far away; the same steps in the same order as the
/// kernel, so that every bit is the same.
#[inline]
fn extrapolated(times: &[i64], first: f64, risen: f64, window: Window, kind: Kind) -> f64 {
    let (first_time, last_time) = (times[window.from], times[window.to - 1]);
    let sampled = seconds(last_time - first_time);
    let average = sampled / (window.to - window.from - 1) as f64;
    let mut to_start = seconds(first_time - window.start);
    let mut to_end = seconds(window.end - last_time);
    let threshold = average * 1.1;
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if kind.counter && risen > 0.0 && first >= 0.0 {
        to_start = to_start.min(sampled * (first / risen));
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    let mut factor = (sampled + to_start + to_end) / sampled;
    if let Some(range) = kind.per {
        factor /= range;
    }
    risen * factor
}
