//! `rate`, `increase`, `delta`: two positions, and the few places where a counter fell.

use std::collections::VecDeque;

use super::{Frame, Row, Sliding, Window};
use crate::seconds;

/// How many times greater one product is than another where rounding cannot be the reason.
const DOUBT: f64 = 1.000_000_1;

/// What is the same of all windows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kind {
    counter: bool,
    /// Length of a window in seconds where the result is a second's.
    per: Option<f64>,
}

/// A window of at least two samples, with what its times alone say of the rise in it.
#[derive(Debug, Clone, Copy)]
struct Rise {
    step: usize,
    /// First sample inside.
    from: usize,
    /// Last sample inside.
    last: usize,
    /// Seconds from the first to the last sample.
    sampled: f64,
    /// Seconds to extrapolate before the first sample, if the counter was not zero in between.
    to_start: f64,
    /// Seconds to extrapolate behind the last sample.
    to_end: f64,
    /// What the rise is to be multiplied by, given that.
    factor: f64,
}

/// The windows over times that series have in common.
#[derive(Debug, Default)]
pub(super) struct Rises {
    kind: Option<Kind>,
    all: Vec<Rise>,
}

impl Rises {
    /// Forgets the windows.
    pub(super) fn forget(&mut self) {
        self.kind = None;
    }

    /// Learns the windows, unless it knows them.
    pub(super) fn know(&mut self, function: Sliding, (times, frame): (&[i64], Frame), windows: &[Window]) {
        let per = (function == Sliding::Rate).then(|| seconds(frame.range));
        let kind = Kind { counter: function != Sliding::Delta, per };
        if self.kind == Some(kind) {
            return;
        }
        self.kind = Some(kind);
        self.all.clear();
        let several = windows.iter().filter(|window| window.samples() > 1);
        self.all.extend(several.map(|window| Rise::new(times, frame, window, kind)));
    }

    /// Evaluates the windows of one series; `falls` is for its use.
    pub(super) fn slide(&self, values: &[f64], falls: &mut VecDeque<usize>, row: &mut Row<'_>) {
        let Some(kind) = self.kind else { return };
        // Positions of samples that are less than the one before, ahead of or inside the window.
        falls.clear();
        if kind.counter {
            falls.extend(values.windows(2).enumerate().filter(|(_, pair)| pair[1] < pair[0]).map(|(i, _)| i + 1));
        }
        for rise in &self.all {
            let first = values[rise.from];
            let mut risen = values[rise.last] - first;
            if !falls.is_empty() {
                while falls.front().is_some_and(|fall| *fall <= rise.from) {
                    falls.pop_front();
                }
                for fall in falls.iter().take_while(|fall| **fall <= rise.last) {
                    risen += values[fall - 1];
                }
            }
            row.set(rise.step, rise.extrapolated(first, risen, kind));
        }
    }
}

impl Rise {
    fn new(times: &[i64], frame: Frame, window: &Window, kind: Kind) -> Self {
        let (from, last) = (window.from, window.to - 1);
        let end = frame.end(window.step);
        let start = end.saturating_sub(frame.range);
        let sampled = seconds(times[last] - times[from]);
        let average = sampled / (window.samples() - 1) as f64;
        // Ends that are too far away are not where the series went on to.
        let threshold = average * 1.1;
        let reach = |distance: f64| if distance >= threshold { average / 2.0 } else { distance };
        let mut rise = Self {
            step: window.step,
            from,
            last,
            sampled,
            to_start: reach(seconds(times[from] - start)),
            to_end: reach(seconds(end - times[last])),
            factor: 0.0,
        };
        rise.factor = rise.factor(rise.to_start, kind);
        rise
    }

    fn factor(&self, to_start: f64, kind: Kind) -> f64 {
        let factor = (self.sampled + to_start + self.to_end) / self.sampled;
        kind.per.map_or(factor, |range| factor / range)
    }

    /// The rise extrapolated to the ends of the window; the same steps in the same order as the kernel, so that every bit is
    /// the same.
    #[inline]
    fn extrapolated(&self, first: f64, risen: f64, kind: Kind) -> f64 {
        // A counter does not come from below zero. Mostly it is so far above that a product tells.
        let may_reach_zero = kind.counter && risen > 0.0 && first >= 0.0;
        let is_far_above = first * self.sampled > self.to_start * risen * DOUBT;
        if may_reach_zero && !is_far_above {
            return risen * self.factor(self.to_start.min(self.sampled * (first / risen)), kind);
        }
        risen * self.factor
    }
}
