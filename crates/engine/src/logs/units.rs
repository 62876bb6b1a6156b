//! Label texts as numbers: plain, Go durations, sizes.

use gw_plan::logs::Unit;

/// The number that a text stands for; durations in seconds, sizes in bytes.
pub(super) fn parse(text: &str, unit: Unit) -> Option<f64> {
    match unit {
        Unit::Plain => text.trim().parse().ok(),
        Unit::Duration => duration(text.trim()),
        Unit::Bytes => bytes(text.trim()),
    }
}

/// A Go duration such as `1h2m3.5s`, `-250ms`.
fn duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut seconds = 0.0;
    let mut any = false;
    while !rest.is_empty() {
        let (number, tail) = number(rest)?;
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, after) = tail.split_at(end);
        seconds += number
            * match unit {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = after;
        any = true;
    }
    any.then_some(sign * seconds)
}

/// A size such as `5MiB`, `1.5 kB`, `42`.
fn bytes(text: &str) -> Option<f64> {
    let (number, unit) = number(text)?;
    let unit = unit.trim().to_ascii_lowercase();
    let (prefix, binary) = match unit.strip_suffix("ib") {
        Some(prefix) => (prefix, true),
        None => (unit.strip_suffix('b').unwrap_or(&unit), false),
    };
    let power = match prefix {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        "e" => 6,
        _ => return None,
    };
    Some(number * if binary { 1024f64 } else { 1000f64 }.powi(power))
}

/// A decimal number at the start of a text, and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}
