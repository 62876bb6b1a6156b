//! Numbers as people read them: the `humanize*` functions.

use gw_base::Timestamp;

use super::print::{float_significant, print_time};

const DIGITS: usize = 4;

fn four(number: f64) -> String {
    float_significant(number, DIGITS)
}

/// `1.234M`, `12m`: metric prefixes in steps of 1000.
pub(super) fn si(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return four(number);
    }
    let (scaled, prefix) = match number.abs() >= 1.0 {
        true => raise(number, 1000.0, &["k", "M", "G", "T", "P", "E", "Z", "Y"]),
        false => lower(number, &["m", "u", "n", "p", "f", "a", "z", "y"]),
    };
    format!("{}{prefix}", four(scaled))
}

/// `1.5Gi`: binary prefixes.
pub(super) fn binary(number: f64) -> String {
    if number.abs() <= 1.0 || !number.is_finite() {
        return four(number);
    }
    let (scaled, prefix) = raise(number, 1024.0, &["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]);
    format!("{}{prefix}", four(scaled))
}

/// `2d 3h 4m 5s`, `1.5s`, `12ms`, from seconds.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return four(seconds);
    }
    if seconds == 0.0 {
        return format!("{}s", four(seconds));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let magnitude = seconds.abs();
    if magnitude < 1.0 {
        let (scaled, prefix) = lower(magnitude, &["m", "u", "n", "p", "f", "a", "z", "y"]);
        return format!("{sign}{}{prefix}s", four(scaled));
    }
    let whole = magnitude as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", four(magnitude)),
        (0, 0, _) => format!("{sign}{minutes}m {rest}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {rest}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {rest}s"),
    }
}

/// `12.34%`, from a ratio.
pub(super) fn percentage(ratio: f64) -> String {
    format!("{}%", four(ratio * 100.0))
}

/// `2006-01-02 15:04:05.999 +0000 UTC`, from seconds since the epoch.
pub(super) fn timestamp(seconds: f64) -> Result<String, String> {
    match seconds.is_finite() {
        true => Ok(print_time(time(seconds)?)),
        false => Ok(four(seconds)),
    }
}

/// Seconds since the epoch as a time, at millisecond precision.
pub(super) fn time(seconds: f64) -> Result<Timestamp, String> {
    let nanos = seconds * 1e9;
    match nanos.is_finite() && nanos.abs() < i64::MAX as f64 {
        true => Ok(Timestamp::from_millis(Timestamp::from_nanos(nanos as i64).millis())),
        false => {
            Err(format!("{} cannot be represented as a nanoseconds timestamp since it overflows int64", four(seconds)))
        }
    }
}

fn raise(number: f64, step: f64, prefixes: &[&'static str]) -> (f64, &'static str) {
    let mut scaled = (number, "");
    for prefix in prefixes {
        if scaled.0.abs() < step {
            break;
        }
        scaled = (scaled.0 / step, *prefix);
    }
    scaled
}

fn lower(number: f64, prefixes: &[&'static str]) -> (f64, &'static str) {
    let mut scaled = (number, "");
    for prefix in prefixes {
        if scaled.0.abs() >= 1.0 {
            break;
        }
        scaled = (scaled.0 * 1000.0, *prefix);
    }
    scaled
}
