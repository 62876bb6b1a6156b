//! Window functions of plain floats over all steps at once: the work of a step does not depend on how many samples its
//! window holds, or is a tight loop over them where rounding demands it.
//!
//! Every function gives, bit by bit, what its window kernel gives on the same samples; the tests of this module compare
//! the two. Series with histograms or start times go through the kernels.

mod extremes;
mod rises;
mod sums;

use crate::algebra::{Grid, Shift};

/// Where and how windows lie.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Points of evaluation.
    pub grid: Grid,
    /// When a window ends, relative to its point.
    pub shift: Shift,
    /// Length of a window, nanoseconds.
    pub range: i64,
    /// Whether a sample at the old end is inside; the functions of this module know open windows only.
    pub closed: bool,
}

/// A window function that slides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sliding {
    /// `rate`
    Rate,
    /// `increase`
    Increase,
    /// `delta`
    Delta,
    /// `count_over_time`
    Count,
    /// `present_over_time`
    Present,
    /// `last_over_time`
    Last,
    /// `min_over_time`
    Min,
    /// `max_over_time`
    Max,
    /// `sum_over_time`
    Sum,
    /// `avg_over_time`
    Avg,
    /// `quantile_over_time`, its parameter being the same at every step and between 0 and 1
    Quantile,
}

/// One row of a step matrix: values, and whether there is one.
#[derive(Debug)]
pub struct Row<'a> {
    /// Values, one a step; meaningless where not `present`.
    pub values: &'a mut [f64],
    /// Whether a step has a value.
    pub present: &'a mut [bool],
}

impl Row<'_> {
    fn set(&mut self, step: usize, value: f64) {
        self.values[step] = value;
        self.present[step] = true;
    }
}

impl Sliding {
    /// The function of a name, if it slides.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "rate" => Self::Rate,
            "increase" => Self::Increase,
            "delta" => Self::Delta,
            "count_over_time" => Self::Count,
            "present_over_time" => Self::Present,
            "last_over_time" => Self::Last,
            "min_over_time" => Self::Min,
            "max_over_time" => Self::Max,
            "sum_over_time" => Self::Sum,
            "avg_over_time" => Self::Avg,
            "quantile_over_time" => Self::Quantile,
            _ => return None,
        })
    }

    /// Evaluates the function at every step over samples in rising time without stale markers. `scratch` is kept between
    /// calls for its memory; `param` is the argument of functions that take one.
    pub fn slide(
        self,
        (times, values): (&[i64], &[f64]),
        (frame, param): (Frame, f64),
        scratch: &mut Scratch,
        row: &mut Row<'_>,
    ) {
        let windows = Windows::new(times, frame);
        match self {
            Self::Rate | Self::Increase | Self::Delta => rises::slide(self, (times, values), windows, scratch, row),
            Self::Count => windows.for_each(|window| row.set(window.step, (window.to - window.from) as f64)),
            Self::Present => windows.for_each(|window| row.set(window.step, 1.0)),
            Self::Last => windows.for_each(|window| row.set(window.step, values[window.to - 1])),
            Self::Min => extremes::slide::<false>(values, windows, scratch, row),
            Self::Max => extremes::slide::<true>(values, windows, scratch, row),
            Self::Sum | Self::Avg => sums::slide(self == Self::Avg, values, windows, scratch, row),
            Self::Quantile => extremes::quantile(param, values, windows, scratch, row),
        }
    }
}

/// Memory that functions use from series to series.
#[derive(Debug, Default)]
pub struct Scratch {
    positions: std::collections::VecDeque<usize>,
    numbers: Vec<f64>,
}

/// The samples of one window; at least one.
#[derive(Debug, Clone, Copy)]
struct Window {
    step: usize,
    /// First sample inside.
    from: usize,
    /// First sample behind.
    to: usize,
    start: i64,
    end: i64,
}

/// The windows that hold samples, in order.
#[derive(Debug, Clone)]
struct Windows<'a> {
    times: &'a [i64],
    frame: Frame,
    step: usize,
    from: usize,
    to: usize,
}

impl<'a> Windows<'a> {
    const fn new(times: &'a [i64], frame: Frame) -> Self {
        Self { times, frame, step: 0, from: 0, to: 0 }
    }
}

impl Iterator for Windows<'_> {
    type Item = Window;

    #[inline]
    fn next(&mut self) -> Option<Window> {
        while self.step < self.frame.grid.count {
            let step = self.step;
            self.step += 1;
            let end = self.frame.shift.apply(self.frame.grid.at(step));
            let start = end.saturating_sub(self.frame.range);
            while self.to < self.times.len() && self.times[self.to] <= end {
                self.to += 1;
            }
            while self.from < self.to && self.times[self.from] <= start {
                self.from += 1;
            }
            if self.from < self.to {
                return Some(Window { step, from: self.from, to: self.to, start, end });
            }
            // Nothing behind the last sample can come into a later window.
            if self.to == self.times.len() && self.frame.shift.at.is_none() {
                return None;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
