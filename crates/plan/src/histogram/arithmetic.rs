//! Sums, differences and multiples of native histograms.

use gw_batch::Histogram;

use super::{HINT_GAUGE, HINT_NO_RESET, HINT_RESET, HINT_UNKNOWN, buckets, is_custom, with_schema};

/// Exponential and custom buckets do not combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("exponential and custom buckets do not combine")]
pub struct Incompatible;

/// What is to be said about a combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remarks {
    /// Custom bounds differed and were brought to those that both have.
    pub reconciled: bool,
    /// One hint said reset, the other the opposite.
    pub reset_collision: bool,
}

/// A combination, or why there is none.
pub type Combined = Result<(Histogram, Remarks), Incompatible>;

/// The sum of two histograms.
///
/// # Errors
/// [`Incompatible`] for custom with exponential buckets.
pub fn add(a: &Histogram, b: &Histogram) -> Combined {
    combine(a, b, |x, y| x + y)
}

/// The difference of two histograms.
///
/// # Errors
/// [`Incompatible`] for custom with exponential buckets.
pub fn subtract(a: &Histogram, b: &Histogram) -> Combined {
    combine(a, b, |x, y| x - y)
}

fn combine(a: &Histogram, b: &Histogram, op: fn(f64, f64) -> f64) -> Combined {
    if is_custom(a) != is_custom(b) {
        return Err(Incompatible);
    }
    let (reset_hint, reset_collision) = hint(a.reset_hint, b.reset_hint);
    let totals = |histogram: Histogram| Histogram {
        reset_hint,
        count: op(a.count, b.count),
        sum: op(a.sum, b.sum),
        ..histogram
    };
    if is_custom(a) {
        let reconciled = a.custom_bounds != b.custom_bounds;
        let ((bounds, left), (_, right)) = if reconciled {
            buckets::on_common_bounds(a, b)
        } else {
            ((a.custom_bounds.clone(), buckets::positive(a)), (Vec::new(), buckets::positive(b)))
        };
        let positive = buckets::merged(&left, &right, op);
        let result = Histogram { custom_bounds: bounds, ..buckets::rebuilt(a, positive, Vec::new()) };
        return Ok((totals(result), Remarks { reconciled, reset_collision }));
    }
    let schema = a.schema.min(b.schema);
    let (mut left, mut right) = (with_schema(a, schema), with_schema(b, schema));
    while left.zero_threshold != right.zero_threshold {
        let threshold = left.zero_threshold.max(right.zero_threshold);
        left = buckets::with_zero_threshold(&left, threshold);
        right = buckets::with_zero_threshold(&right, threshold);
    }
    let positive = buckets::merged(&buckets::positive(&left), &buckets::positive(&right), op);
    let negative = buckets::merged(&buckets::negative(&left), &buckets::negative(&right), op);
    let result =
        Histogram { zero_count: op(left.zero_count, right.zero_count), ..buckets::rebuilt(&left, positive, negative) };
    Ok((totals(result), Remarks { reconciled: false, reset_collision }))
}

/// The hint of a combination, and whether the two contradict.
const fn hint(a: u8, b: u8) -> (u8, bool) {
    match (a, b) {
        (a, b) if a == b => (a, false),
        (HINT_GAUGE, _) | (_, HINT_GAUGE) => (HINT_GAUGE, false),
        (HINT_UNKNOWN, _) | (_, HINT_UNKNOWN) => (HINT_UNKNOWN, false),
        _ => (HINT_UNKNOWN, true),
    }
}

/// Every count and the sum times `factor`.
#[must_use]
pub fn multiply(histogram: &Histogram, factor: f64) -> Histogram {
    scaled(histogram, |count| count * factor, factor < 0.0)
}

/// Every count and the sum divided by `divisor`. Dividing by zero leaves no buckets.
#[must_use]
pub fn divide(histogram: &Histogram, divisor: f64) -> Histogram {
    let result = scaled(histogram, |count| count / divisor, divisor < 0.0);
    if divisor != 0.0 {
        return result;
    }
    Histogram {
        positive_spans: Vec::new(),
        positive: Vec::new(),
        negative_spans: Vec::new(),
        negative: Vec::new(),
        ..result
    }
}

fn scaled(histogram: &Histogram, scale: impl Fn(f64) -> f64, to_gauge: bool) -> Histogram {
    let mut result = histogram.clone();
    for count in [&mut result.zero_count, &mut result.count, &mut result.sum] {
        *count = scale(*count);
    }
    for count in result.positive.iter_mut().chain(&mut result.negative) {
        *count = scale(*count);
    }
    if to_gauge {
        result.reset_hint = HINT_GAUGE;
    }
    result
}

/// What rounding loses when two floats are added.
fn lost(a: f64, b: f64) -> f64 {
    let total = a + b;
    if total.is_infinite() {
        0.0
    } else if a.abs() >= b.abs() {
        (a - total) + b
    } else {
        (b - total) + a
    }
}

fn is_finite(histogram: &Histogram) -> bool {
    let buckets = histogram.positive.iter().chain(&histogram.negative);
    [histogram.count, histogram.zero_count, histogram.sum].iter().chain(buckets).all(|value| !value.is_infinite())
}

/// A sum or mean of many histograms, with the lost low bits kept apart as for floats.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    total: Option<Histogram>,
    lost: Option<Histogram>,
    count: f64,
    remarks: Remarks,
    seen_reset: bool,
    seen_no_reset: bool,
    incompatible: bool,
    mean: bool,
    incremental: bool,
}

impl Sum {
    /// A sum that is asked for its mean in the end, and does not overflow on the way to it.
    #[must_use]
    pub fn for_mean() -> Self {
        Self { mean: true, ..Self::default() }
    }

    /// Adds a histogram; after one that does not fit, the sum stays without result.
    ///
    /// # Errors
    /// [`Incompatible`] for the first one that does not fit.
    pub fn add(&mut self, histogram: &Histogram) -> Result<(), Incompatible> {
        self.count += 1.0;
        self.seen_reset |= histogram.reset_hint == HINT_RESET;
        self.seen_no_reset |= histogram.reset_hint == HINT_NO_RESET;
        self.remarks.reset_collision = self.seen_reset && self.seen_no_reset;
        let Some(total) = self.total.take() else {
            self.total = Some(histogram.clone());
            return Ok(());
        };
        if self.incompatible {
            self.total = Some(total);
            return Ok(());
        }
        self.step(&total, histogram).inspect_err(|_| {
            self.incompatible = true;
            self.total = Some(total);
        })
    }

    /// The sum with histograms added, up to the first that does not fit.
    #[must_use]
    pub fn of<'a>(mut self, histograms: impl IntoIterator<Item = &'a Histogram>) -> Self {
        let _unfit = histograms.into_iter().try_for_each(|histogram| self.add(histogram));
        self
    }

    fn step(&mut self, total: &Histogram, histogram: &Histogram) -> Result<(), Incompatible> {
        if !self.incremental {
            let (sum, remarks) = add(total, histogram)?;
            if !self.mean || is_finite(&sum) || !is_finite(total) {
                self.keep(sum, combine(total, histogram, lost)?.0, remarks)?;
                return Ok(());
            }
            self.incremental = true;
            self.lost = self.lost.take().map(|lost| divide(&lost, self.count - 1.0));
            return self.step(&divide(total, self.count - 1.0), histogram);
        }
        let ratio = (self.count - 1.0) / self.count;
        let (scaled, share) = (multiply(total, ratio), divide(histogram, self.count));
        self.lost = self.lost.take().map(|lost| multiply(&lost, ratio));
        let (sum, remarks) = add(&scaled, &share)?;
        self.keep(sum, combine(&scaled, &share, lost)?.0, remarks)
    }

    fn keep(&mut self, sum: Histogram, lost: Histogram, remarks: Remarks) -> Result<(), Incompatible> {
        self.total = Some(sum);
        self.lost = Some(match self.lost.take() {
            Some(before) => add(&before, &lost)?.0,
            None => lost,
        });
        self.remarks.reconciled |= remarks.reconciled;
        Ok(())
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Incompatible`] when custom and exponential buckets met, or when nothing was added.
    pub fn total(self) -> Combined {
        let total = self.total.filter(|_| !self.incompatible).ok_or(Incompatible)?;
        let Some(lost) = self.lost else { return Ok((total, self.remarks)) };
        let hint = total.reset_hint;
        let (whole, _) = add(&total, &lost)?;
        Ok((Histogram { reset_hint: hint, ..whole }, self.remarks))
    }

    /// The mean.
    ///
    /// # Errors
    /// As [`Sum::total`].
    pub fn mean(self) -> Combined {
        let divisor = if self.incremental { 1.0 } else { self.count };
        self.total().map(|(total, remarks)| (divide(&total, divisor), remarks))
    }
}
