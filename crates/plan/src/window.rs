//! What a window function sees: the samples of one series in one window, floats and histograms apart.

use std::sync::Arc;

use gw_batch::Histogram;

use crate::annotations::Notes;

/// A sample's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A float.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}

/// Samples of one kind in rising time.
#[derive(Debug)]
pub struct Points<'a, T> {
    /// Times, nanoseconds.
    pub times: &'a [i64],
    /// Values, one a time.
    pub values: &'a [T],
    /// Start times, one a time, zero where unknown; empty where no sample has one.
    pub starts: &'a [i64],
}

impl<T> Clone for Points<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Points<'_, T> {}

impl<T> Points<'_, T> {
    /// Number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The samples of a range of positions.
    #[must_use]
    pub fn slice(&self, from: usize, to: usize) -> Self {
        let starts = if self.starts.is_empty() { self.starts } else { &self.starts[from..to] };
        Self { times: &self.times[from..to], values: &self.values[from..to], starts }
    }
}

/// The samples of one series in one window, stale markers left out.
#[derive(Debug, Clone, Copy)]
pub struct WindowInput<'a> {
    /// Float samples.
    pub floats: Points<'a, f64>,
    /// Histogram samples.
    pub histograms: Points<'a, Arc<Histogram>>,
    /// Start of the window, not inside.
    pub start: i64,
    /// End of the window, inside.
    pub end: i64,
    /// The point of evaluation.
    pub at: i64,
    /// Scalar arguments at this point.
    pub params: &'a [f64],
}

/// A window function; `None` where the series has no value at this point.
pub type WindowKernel = fn(&WindowInput<'_>, &Notes<'_>) -> Option<Value>;

/// Says what is wrong with the scalar arguments of a function, if something is.
pub type Refuses = fn(&[f64]) -> Option<String>;
