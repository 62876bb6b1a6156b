//! Rollups: what is kept of the float samples of an interval, so that functions over whole intervals need not read them.

use crate::is_stale;

/// Whole numbers up to here are exact in a float, and so are their sums.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The float samples of one series in one interval, stale markers left out; there is at least one. Intervals end at
/// multiples of their length and begin behind the end of the one before, as windows of PromQL do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rollup {
    /// End of the interval, nanoseconds.
    pub end: i64,
    /// How many samples.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least, NaN only where all are.
    pub min: f64,
    /// The greatest, NaN only where all are.
    pub max: f64,
    /// The first.
    pub first: f64,
    /// Its time.
    pub first_time: i64,
    /// The last.
    pub last: f64,
    /// Its time.
    pub last_time: i64,
    /// What a counter had reached before each of its resets inside, summed.
    pub fallen: f64,
    /// Resets inside: none, one, or several.
    pub falls: Falls,
    /// Whether every sample is a whole number, so that the sum is exact as long as it is not too large.
    pub whole: bool,
}

/// How often a value was less than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Falls {
    /// Never.
    #[default]
    None,
    /// Once.
    One,
    /// More than once, so that the order in which they are added up is lost.
    Several,
}

/// What has to hold of rollups for an answer made of them to be, bit by bit, the one made of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exact {
    /// Nothing.
    #[default]
    Always,
    /// No sum may have been rounded.
    Sums,
    /// No order of resets may have been lost.
    Rises,
}

impl Exact {
    /// Whether it does.
    #[must_use]
    pub fn holds(self, rollups: &[Rollup]) -> bool {
        match self {
            Self::Always => true,
            Self::Sums => {
                let greatest = |rollup: &Rollup| rollup.count as f64 * rollup.min.abs().max(rollup.max.abs());
                rollups.iter().all(|rollup| rollup.whole) && rollups.iter().map(greatest).sum::<f64>() < EXACT
            }
            Self::Rises => rollups.iter().all(|rollup| rollup.falls != Falls::Several),
        }
    }
}

/// The end of the interval of this length in which a time lies.
#[must_use]
pub const fn interval_end(time: i64, length: i64) -> i64 {
    let past = time.rem_euclid(length);
    if past == 0 { time } else { time.saturating_add(length - past) }
}

/// Appends the rollups of float samples in rising time, over intervals of this length.
pub fn roll_up((times, values): (&[i64], &[f64]), length: i64, out: &mut Vec<Rollup>) {
    let mut from = 0;
    while let Some(first) = times.get(from) {
        let end = interval_end(*first, length);
        let to = from + times[from..].partition_point(|time| *time <= end);
        out.extend(Rollup::of(end, &times[from..to], &values[from..to]));
        from = to;
    }
}

impl Rollup {
    /// Of the samples of one interval; `None` where they are all stale markers.
    fn of(end: i64, times: &[i64], values: &[f64]) -> Option<Self> {
        let mut samples = times.iter().zip(values).filter(|(_, value)| !is_stale(**value));
        let (time, value) = samples.next()?;
        let mut rollup = Self {
            end,
            count: 1,
            sum: *value,
            min: *value,
            max: *value,
            first: *value,
            first_time: *time,
            last: *value,
            last_time: *time,
            fallen: 0.0,
            falls: Falls::None,
            whole: is_whole(*value),
        };
        // What rounding takes from the sum (Neumaier).
        let mut lost = 0.0;
        for (time, value) in samples {
            let total = rollup.sum + value;
            let (great, small) =
                if rollup.sum.abs() >= value.abs() { (rollup.sum, *value) } else { (*value, rollup.sum) };
            lost += (great - total) + small;
            rollup.sum = total;
            rollup.add(*time, *value);
        }
        if rollup.sum.is_finite() {
            rollup.sum += lost;
        }
        Some(rollup)
    }

    fn add(&mut self, time: i64, value: f64) {
        self.count += 1;
        if value < self.min || self.min.is_nan() {
            self.min = value;
        }
        if value > self.max || self.max.is_nan() {
            self.max = value;
        }
        if value < self.last {
            self.fallen += self.last;
            self.falls = if self.falls == Falls::None { Falls::One } else { Falls::Several };
        }
        self.whole &= is_whole(value);
        (self.last, self.last_time) = (value, time);
    }
}

fn is_whole(value: f64) -> bool {
    value.abs() < EXACT && value.trunc() == value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::STALE_NAN_BITS;

    #[test]
    fn an_interval_takes_its_end_and_not_its_beginning() {
        let mut rollups = Vec::new();
        roll_up((&[0, 1, 10, 11, 35], &[1.0, 2.0, 3.0, 1.0, 0.5]), 10, &mut rollups);
        let ends: Vec<_> = rollups.iter().map(|rollup| (rollup.end, rollup.count, rollup.sum)).collect();
        assert_eq!(ends, [(0, 1, 1.0), (10, 2, 5.0), (20, 1, 1.0), (40, 1, 0.5)]);
        assert_eq!((interval_end(-1, 10), interval_end(-10, 10), interval_end(-11, 10)), (0, -10, -10));
        assert!(rollups[..3].iter().all(|rollup| rollup.whole) && !rollups[3].whole);
    }

    #[test]
    fn resets_are_counted_and_stale_markers_are_not() {
        let stale = f64::from_bits(STALE_NAN_BITS);
        let mut rollups = Vec::new();
        roll_up((&[1, 2, 3, 4, 11, 12, 13], &[5.0, stale, 2.0, 7.0, 3.0, 1.0, 0.0]), 10, &mut rollups);
        let seen: Vec<_> = rollups.iter().map(|r| (r.count, r.fallen, r.falls, r.min, r.max, r.last)).collect();
        assert_eq!(seen, [(3, 5.0, Falls::One, 2.0, 7.0, 7.0), (3, 4.0, Falls::Several, 0.0, 3.0, 0.0)]);
        assert!(Exact::Sums.holds(&rollups) && !Exact::Rises.holds(&rollups) && Exact::Rises.holds(&rollups[..1]));
        rollups.clear();
        roll_up((&[1, 2], &[stale, stale]), 10, &mut rollups);
        assert!(rollups.is_empty());
    }
}
