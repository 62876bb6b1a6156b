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
    /// Adds a value. Without branches, so that neighbouring sums are added to at once.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let total = self.sum + value;
        let (great, small) = if self.sum.abs() >= value.abs() { (self.sum, value) } else { (value, self.sum) };
        let lost = self.lost + ((great - total) + small);
        self.lost = if total.is_infinite() { 0.0 } else { lost };
        self.sum = total;
    }

    /// Adds what another one has summed.
    pub fn merge(&mut self, other: &Self) {
        self.add(other.sum);
        if !self.sum.is_infinite() {
            self.lost += other.lost;
        }
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

    /// Adds what another one has seen.
    pub fn merge(&mut self, other: &Self) {
        if self.count == 0.0 || other.count == 0.0 {
            *self = if self.count == 0.0 { *other } else { *self };
            return;
        }
        let count = self.count + other.count;
        let mut total = self.total;
        total.merge(&other.total);
        if self.incremental || other.incremental || total.sum.is_infinite() {
            let mean = self.mean() * (self.count / count) + other.mean() * (other.count / count);
            *self = Self { count, total: Compensated { sum: mean, lost: 0.0 }, incremental: true };
        } else {
            *self = Self { count, total, incremental: false };
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn summed(values: &[f64]) -> (Compensated, Mean) {
        let (mut sum, mut mean) = (Compensated::default(), Mean::default());
        values.iter().for_each(|value| {
            sum.add(*value);
            mean.add(*value);
        });
        (sum, mean)
    }

    #[test]
    fn pieces_merge_to_the_whole() {
        let values = [1e15, 0.1, 0.2, 7.0, -1e15, 1e-3, 3.0, 1e9, -0.4];
        let (sum, mean) = summed(&values);
        for cut in 0..=values.len() {
            let (mut left, right) = (summed(&values[..cut]), summed(&values[cut..]));
            left.0.merge(&right.0);
            left.1.merge(&right.1);
            assert!((left.0.total() - sum.total()).abs() < 1e-6, "{} {}", left.0.total(), sum.total());
            assert!((left.1.mean() - mean.mean()).abs() < 1e-6, "{} {}", left.1.mean(), mean.mean());
        }
        let mut huge = summed(&[1.5e308]).1;
        huge.merge(&summed(&[1.5e308, 1.5e308]).1);
        assert!((huge.mean() / 1.5e308 - 1.0).abs() < 1e-12, "{}", huge.mean());
    }
}
