//! Durations in the dialects that the imitated products write: Prometheus, Go, ISO 8601 and plain seconds.

use std::time::Duration;

/// Why a textual duration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing to parse.
    #[error("empty duration string")]
    Empty,
    /// Not of the dialect's form.
    #[error("not a valid duration string: {0:?}")]
    Malformed(String),
    /// Longer than 292 years.
    #[error("duration out of range: {0:?}")]
    OutOfRange(String),
}

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const PROMETHEUS_UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400 * SECOND),
    ("w", 7 * 86_400 * SECOND),
    ("d", 86_400 * SECOND),
    ("h", 3600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
    ("ms", MS),
];

/// Parses Prometheus durations: whole numbers with units `y w d h m s ms` in falling order (`1d2h`), or a bare `0`.
pub fn prometheus(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    match text {
        "" => return Err(DurationError::Empty),
        "0" => return Ok(Duration::ZERO),
        _ => {}
    }
    let (mut rest, mut total, mut next_unit) = (text, 0u64, 0usize);
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |c| c.is_ascii_digit());
        let (unit, after) = split_while(after, |c| c.is_ascii_alphabetic());
        let index = PROMETHEUS_UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(malformed)?;
        if number.is_empty() || index < next_unit {
            return Err(malformed());
        }
        let out_of_range = || DurationError::OutOfRange(text.to_owned());
        let count: u64 = number.parse().ok().ok_or_else(out_of_range)?;
        total =
            count.checked_mul(PROMETHEUS_UNITS[index].1).and_then(|n| total.checked_add(n)).ok_or_else(out_of_range)?;
        if i64::try_from(total).is_err() {
            return Err(out_of_range());
        }
        (rest, next_unit) = (after, index + 1);
    }
    Ok(Duration::from_nanos(total))
}

/// Prints as Prometheus does: the fewest units, milliseconds the finest (`1h30m`, `0s`, `1m500ms`).
///
/// Wire: years and weeks are used only when they divide the whole duration, as in `model.Duration.String`.
#[must_use]
pub fn print_prometheus(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, nanos) in PROMETHEUS_UNITS {
        let size = nanos / MS;
        let exact_only = matches!(unit, "y" | "w");
        if millis < size || (exact_only && !millis.is_multiple_of(size)) {
            continue;
        }
        text.push_str(&(millis / size).to_string());
        text.push_str(unit);
        millis %= size;
    }
    text
}

const GO_UNITS: [(&str, f64); 7] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9)];

/// Parses Go durations (`-1h2m0.5s`, `1.5µs`) to signed nanoseconds; `d` and `w` are accepted as Loki's Go dialect does.
pub fn go(text: &str) -> Result<i64, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let (negative, mut rest) = match text.as_bytes().first() {
        None => return Err(DurationError::Empty),
        Some(b'-') => (true, text.split_at(1).1),
        Some(b'+') => (false, text.split_at(1).1),
        Some(_) => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut total = 0f64;
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split_while(after, |c| !c.is_ascii_digit() && c != '.');
        let size = match unit {
            "h" => 3600e9,
            "d" => 86_400e9,
            "w" => 604_800e9,
            _ => GO_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(malformed)?.1,
        };
        let count: f64 = number.parse().ok().ok_or_else(malformed)?;
        total += count * size;
        rest = after;
    }
    if total > i64::MAX as f64 {
        return Err(DurationError::OutOfRange(text.to_owned()));
    }
    let nanos = total.round() as i64;
    Ok(if negative { -nanos } else { nanos })
}

/// Prints signed nanoseconds as Go's `time.Duration.String` does (`1h2m0.5s`, `1.5ms`, `0s`).
#[must_use]
pub fn print_go(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    let fraction = |value: u64, unit: u64, suffix: &str| {
        let digits = unit.ilog10() as usize;
        let rest = format!("{:0digits$}", value % unit);
        let rest = rest.trim_end_matches('0');
        let dot = if rest.is_empty() || unit == 1 { String::new() } else { format!(".{rest}") };
        format!("{}{dot}{suffix}", value / unit)
    };
    let text = match total {
        n if n < 1_000 => format!("{n}ns"),
        n if n < MS => fraction(n, 1_000, "µs"),
        n if n < SECOND => fraction(n, MS, "ms"),
        n => {
            let (hours, minutes) = (n / (3600 * SECOND), n / (60 * SECOND) % 60);
            let seconds = fraction(n % (60 * SECOND), SECOND, "s");
            match (hours, minutes) {
                (0, 0) => seconds,
                (0, m) => format!("{m}m{seconds}"),
                (h, m) => format!("{h}h{m}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

/// Parses ISO 8601 durations of days and smaller (`P1DT2H3M4.5S`).
pub fn iso8601(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let body = text.strip_prefix('P').ok_or_else(malformed)?;
    let (date, time) = body.split_once('T').unwrap_or((body, ""));
    if date.is_empty() && time.is_empty() {
        return Err(malformed());
    }
    let mut seconds = 0f64;
    for (part, units) in
        [(date, &[('W', 604_800.0), ('D', 86_400.0)][..]), (time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)][..])]
    {
        let mut rest = part;
        while !rest.is_empty() {
            let (number, after) = split_while(rest, |c| c.is_ascii_digit() || c == '.');
            let unit = after.chars().next().ok_or_else(malformed)?;
            let size = units.iter().find(|(name, _)| *name == unit).ok_or_else(malformed)?.1;
            seconds += number.parse::<f64>().ok().ok_or_else(malformed)? * size;
            rest = after.split_at(unit.len_utf8()).1;
        }
    }
    Duration::try_from_secs_f64(seconds).ok().ok_or_else(|| DurationError::OutOfRange(text.to_owned()))
}

/// Parses what query parameters take: float seconds (`15`, `0.5`) or a Prometheus duration.
pub fn seconds_or_prometheus(text: &str) -> Result<Duration, DurationError> {
    match text.parse::<f64>() {
        Ok(secs) => Duration::try_from_secs_f64(secs).ok().ok_or_else(|| DurationError::OutOfRange(text.to_owned())),
        Err(_not_a_number) => prometheus(text),
    }
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_dialect() {
        for (text, secs) in
            [("0", 0.0), ("5m", 300.0), ("1d2h", 93_600.0), ("1h30m15s1ms", 5415.001), ("1y", 31_536_000.0)]
        {
            assert_eq!(prometheus(text).unwrap(), Duration::from_secs_f64(secs), "{text}");
        }
        for text in ["", "1", "-5m", "5", "m", "1h2d", "1h1h", "1.5h", "300000y", "99999999999999999999s", "5µs"] {
            assert!(prometheus(text).is_err(), "{text}");
        }
        for (millis, text) in
            [(0, "0s"), (5_400_000, "1h30m"), (60_500, "1m500ms"), (604_800_000, "1w"), (691_200_000, "8d")]
        {
            assert_eq!(print_prometheus(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn go_dialect() {
        for (text, nanos) in [
            ("1h2m0.5s", 3_720_500_000_000),
            ("-1.5ms", -1_500_000),
            ("10µs", 10_000),
            ("0", 0),
            ("1d", 86_400_000_000_000),
        ] {
            assert_eq!(go(text).unwrap(), nanos, "{text}");
        }
        for text in ["", "-", "1", "1x", "1..2s", "h", "9999999h9999999h99999999999h"] {
            assert!(go(text).is_err(), "{text}");
        }
        for text in ["0s", "1ns", "1.5µs", "1.5ms", "1m0s", "1h2m0.5s", "-3s"] {
            assert_eq!(print_go(go(text).unwrap()), text);
        }
    }

    #[test]
    fn iso_dialect() {
        assert_eq!(iso8601("P1DT2H3M4.5S").unwrap(), Duration::from_millis(93_784_500));
        for text in ["", "P", "1D", "PT1D", "P1H"] {
            assert!(iso8601(text).is_err(), "{text}");
        }
    }
}
