//! Sums, means and quantiles of floats with the rounding that Prometheus has.

/// A sum with the lost low bits kept apart (Neumaier), as upstream sums.
#[derive(Debug, Clone, Copy, Default)]
pub struct Compensated {
    /// The sum.
    pub sum: f64,
    /// What rounding lost.
    pub lost: f64,
}

impl Compensated {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let total = self.sum + value;
        self.lost = if total.is_infinite() {
            0.0
        } else if self.sum.abs() >= value.abs() {
            self.lost + ((self.sum - total) + value)
        } else {
            self.lost + ((value - total) + self.sum)
        };
        self.sum = total;
    }

    /// The sum with what was lost.
    #[must_use]
    pub fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }
}

/// A mean by summing, which turns to the incremental form where the sum would overflow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mean {
    count: f64,
    total: Compensated,
    incremental: bool,
}

impl Mean {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.incremental {
            let mut next = self.total;
            next.add(value);
            if self.count == 1.0 || !next.sum.is_infinite() {
                self.total = next;
                return;
            }
            self.incremental = true;
            self.total.sum /= self.count - 1.0;
            self.total.lost /= self.count - 1.0;
        }
        let ratio = (self.count - 1.0) / self.count;
        let mut scaled = Compensated { sum: self.total.sum * ratio, lost: self.total.lost * ratio };
        scaled.add(value / self.count);
        self.total = scaled;
    }

    /// The mean.
    #[must_use]
    pub fn mean(self) -> f64 {
        if self.incremental {
            self.total.sum + self.total.lost
        } else {
            self.total.sum / self.count + self.total.lost / self.count
        }
    }
}

/// The lesser of two floats as Go has it: NaN where one is NaN, unless the other is -Inf already.
#[must_use]
pub const fn least(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if a == 0.0 && b == 0.0 {
        return if a.is_sign_negative() { a } else { b };
    }
    if a < b { a } else { b }
}

/// The greater of two floats as Go has it: NaN where one is NaN, unless the other is +Inf already.
#[must_use]
pub const fn greatest(a: f64, b: f64) -> f64 {
    -least(-a, -b)
}

/// The `q` quantile, linear between ranks; NaN counts as the least value. The values are sorted in place.
#[must_use]
pub fn quantile_of(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_unstable_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => a.total_cmp(b),
    });
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor().max(0.0) as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}
