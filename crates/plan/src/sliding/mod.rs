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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Frame {
    /// When the window of a step ends.
    fn end(&self, step: usize) -> i64 {
        self.shift.apply(self.grid.at(step))
    }
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
        let Scratch { positions, numbers, windows, rises } = scratch;
        if windows.lay(times, frame) {
            rises.forget();
        }
        let windows = windows.all.as_slice();
        match self {
            Self::Rate | Self::Increase | Self::Delta => {
                rises.know(self, (times, frame), windows);
                rises.slide(values, positions, row);
            }
            Self::Count => windows.iter().for_each(|window| row.set(window.step, window.samples() as f64)),
            Self::Present => windows.iter().for_each(|window| row.set(window.step, 1.0)),
            Self::Last => windows.iter().for_each(|window| row.set(window.step, values[window.to - 1])),
            Self::Min => extremes::slide::<false>(values, windows, positions, row),
            Self::Max => extremes::slide::<true>(values, windows, positions, row),
            Self::Sum | Self::Avg => sums::slide(self == Self::Avg, values, windows, numbers, row),
            Self::Quantile => extremes::quantile(param, values, windows, numbers, row),
        }
    }
}

/// What functions keep from series to series: memory, and the windows over times that neighbours have in common.
#[derive(Debug, Default)]
pub struct Scratch {
    positions: std::collections::VecDeque<usize>,
    numbers: Vec<f64>,
    windows: Windows,
    rises: rises::Rises,
}

/// The samples of one window; at least one.
#[derive(Debug, Clone, Copy)]
struct Window {
    step: usize,
    /// First sample inside.
    from: usize,
    /// First sample behind.
    to: usize,
}

impl Window {
    const fn samples(&self) -> usize {
        self.to - self.from
    }
}

/// The windows that hold samples, in order. Series of one scrape have the same times, so windows are laid once for all of
/// them.
#[derive(Debug, Default)]
struct Windows {
    frame: Option<Frame>,
    times: Vec<i64>,
    all: Vec<Window>,
}

impl Windows {
    /// Lays the windows over these times; `false` where they lie so already.
    fn lay(&mut self, times: &[i64], frame: Frame) -> bool {
        if self.frame == Some(frame) && self.times == times {
            return false;
        }
        self.frame = Some(frame);
        self.times.clear();
        self.times.extend_from_slice(times);
        self.all.clear();
        let (mut from, mut to) = (0, 0);
        for step in 0..frame.grid.count {
            let end = frame.end(step);
            let start = end.saturating_sub(frame.range);
            while to < times.len() && times[to] <= end {
                to += 1;
            }
            while from < to && times[from] <= start {
                from += 1;
            }
            if from < to {
                self.all.push(Window { step, from, to });
            } else if to == times.len() && frame.shift.at.is_none() {
                // Nothing behind the last sample can come into a later window.
                break;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
