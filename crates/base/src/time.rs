//! Points in time and ranges of it, in nanoseconds since the Unix epoch.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time: signed nanoseconds since 1970-01-01T00:00:00Z. Covers the years 1677 to 2262.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);
    /// The earliest representable point.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable point.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds since the epoch; saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From seconds since the epoch; saturates.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// From float seconds since the epoch, rounded to milliseconds as Prometheus does; saturates, NaN is the epoch.
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self::from_millis((secs * 1000.0).round() as i64)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Seconds since the epoch as a float, at millisecond precision.
    #[must_use]
    pub fn secs_f64(self) -> f64 {
        self.millis() as f64 / 1000.0
    }

    /// This point moved by signed nanoseconds; saturates.
    #[must_use]
    pub const fn offset(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Nanoseconds from `earlier` to here (negative if it is later); saturates.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Nanoseconds of a duration as `i64`; saturates at 292 years.
#[must_use]
pub fn nanos_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        self.offset(nanos_of(rhs))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(nanos_of(rhs)))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many fraction digits as needed (0, 3, 6 or 9).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, nanos) = (self.secs(), self.0.rem_euclid(1_000_000_000));
        let (days, of_day) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)?;
        match nanos {
            0 => {}
            n if n % 1_000_000 == 0 => write!(f, ".{:03}", n / 1_000_000)?,
            n if n % 1_000 == 0 => write!(f, ".{:06}", n / 1_000)?,
            n => write!(f, ".{n:09}")?,
        }
        f.write_str("Z")
    }
}

/// Why a textual time was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot parse {0:?} as a time, use RFC 3339 such as 2026-11-23T01:02:03Z")]
pub struct TimeError(pub String);

impl std::str::FromStr for Timestamp {
    type Err = TimeError;

    /// Parses RFC 3339 (`2026-11-23T01:02:03.5+09:00`; a space in place of `T` and lower case are accepted).
    fn from_str(text: &str) -> Result<Self, TimeError> {
        parse_rfc3339(text.as_bytes()).ok_or_else(|| TimeError(text.to_owned()))
    }
}

fn parse_rfc3339(text: &[u8]) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let is = |at: usize, set: &[u8]| text.get(at).is_some_and(|b| set.contains(b));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0i64;
    if is(at, b".,") {
        at += 1;
        let start = at;
        while is(at, b"0123456789") {
            if at - start < 9 {
                nanos = nanos * 10 + number(at, at + 1)?;
            }
            at += 1;
        }
        if at == start {
            return None;
        }
        nanos *= 10i64.pow(9 - (at - start).min(9) as u32);
    }
    let zone = if is(at, b"Zz") {
        at += 1;
        0
    } else if is(at, b"+-") && is(at + 3, b":") {
        let minutes = number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?;
        let signed = if is(at, b"-") { -minutes } else { minutes };
        at += 6;
        signed
    } else {
        return None;
    };
    if at != text.len() {
        return None;
    }
    let secs = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone * 60;
    secs.checked_mul(1_000_000_000)?.checked_add(nanos).map(Timestamp)
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the epoch of a proleptic Gregorian date.
#[must_use]
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years counted from March put the leap day last, so month lengths follow one linear formula.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The proleptic Gregorian date (year, month, day) of a day counted from the epoch.
#[must_use]
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A range of time, both ends inclusive: `start <= t <= end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// First point inside.
    pub start: Timestamp,
    /// Last point inside.
    pub end: Timestamp,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self { start: Timestamp::MIN, end: Timestamp::MAX };

    /// A range from `start` to `end`, both inside. It is empty when `end < start`.
    #[must_use]
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at <= self.end
    }

    /// Whether some point lies in both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// Whether no point lies inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end < self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-11-23T01:02:03.5Z",
            "2000-02-29T23:59:59.123456789Z",
            "1969-12-31T23:59:59.999Z",
        ] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at, "{text}");
        }
        assert_eq!("2026-11-23T10:00:00+09:00".parse::<Timestamp>(), "2026-11-23T01:00:00Z".parse());
        assert_eq!(Timestamp::from_millis(1_500).to_string(), "1970-01-01T00:00:01.500Z");
    }

    #[test]
    fn wrong_times_are_refused() {
        for text in [
            "",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00Zx",
            "9999-01-01T00:00:00Z",
            "é026-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
