//! What an aggregation keeps of one group at one step, and how a value is added to it.

use gw_plan::numeric::{Compensated, Mean};

/// A running aggregate of floats.
pub(super) trait Fold: Clone + Default + Send + 'static {
    /// Adds a value.
    fn add(&mut self, value: f64);
    /// Adds what another one, to which a value was added, has seen.
    fn merge(&mut self, other: &Self);
    /// The result; only asked for after a value was added.
    fn result(&self) -> f64;
}

impl Fold for Compensated {
    #[inline]
    fn add(&mut self, value: f64) {
        Self::add(self, value);
    }

    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }

    fn result(&self) -> f64 {
        self.total()
    }
}

impl Fold for Mean {
    #[inline]
    fn add(&mut self, value: f64) {
        Self::add(self, value);
    }

    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }

    fn result(&self) -> f64 {
        self.mean()
    }
}

/// Number of values.
#[derive(Debug, Clone, Default)]
pub(super) struct Count(f64);

impl Fold for Count {
    #[inline]
    fn add(&mut self, _: f64) {
        self.0 += 1.0;
    }

    fn merge(&mut self, other: &Self) {
        self.0 += other.0;
    }

    fn result(&self) -> f64 {
        self.0
    }
}

/// One.
#[derive(Debug, Clone, Default)]
pub(super) struct One;

impl Fold for One {
    fn add(&mut self, _: f64) {}

    fn merge(&mut self, _: &Self) {}

    fn result(&self) -> f64 {
        1.0
    }
}

/// The least value that is not NaN; NaN where all are.
#[derive(Debug, Clone)]
pub(super) struct Least(f64);

impl Default for Least {
    fn default() -> Self {
        Self(f64::NAN)
    }
}

impl Fold for Least {
    #[inline]
    fn add(&mut self, value: f64) {
        if value < self.0 || self.0.is_nan() {
            self.0 = value;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.add(other.0);
    }

    fn result(&self) -> f64 {
        self.0
    }
}

/// The greatest value that is not NaN; NaN where all are.
#[derive(Debug, Clone)]
pub(super) struct Greatest(f64);

impl Default for Greatest {
    fn default() -> Self {
        Self(f64::NAN)
    }
}

impl Fold for Greatest {
    #[inline]
    fn add(&mut self, value: f64) {
        if value > self.0 || self.0.is_nan() {
            self.0 = value;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.add(other.0);
    }

    fn result(&self) -> f64 {
        self.0
    }
}

/// Population variance by Welford's method.
#[derive(Debug, Clone, Default)]
pub(super) struct Variance {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Fold for Variance {
    #[inline]
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }

    fn merge(&mut self, other: &Self) {
        if self.count == 0.0 {
            *self = other.clone();
            return;
        }
        let count = self.count + other.count;
        let delta = other.mean - self.mean;
        self.mean += delta * (other.count / count);
        self.squares += other.squares + delta * delta * (self.count * other.count / count);
        self.count = count;
    }

    fn result(&self) -> f64 {
        self.squares / self.count
    }
}

/// Population standard deviation.
#[derive(Debug, Clone, Default)]
pub(super) struct Deviation(Variance);

impl Fold for Deviation {
    #[inline]
    fn add(&mut self, value: f64) {
        self.0.add(value);
    }

    fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }

    fn result(&self) -> f64 {
        self.0.result().sqrt()
    }
}
