//! Label texts as numbers: plain, Go durations, sizes. Errors are in the words of the Go packages that Loki reads them with,
//! because `__error_details__` shows them.

use gw_plan::logs::Unit;

/// The number that a text stands for; durations in seconds, sizes in bytes.
pub(super) fn parse(text: &str, unit: Unit) -> Result<f64, String> {
    match unit {
        Unit::Plain => text.trim().parse().map_err(|_malformed| invalid_float(text)),
        Unit::Duration => duration(text.trim()),
        Unit::Bytes => bytes(text.trim()),
    }
}

fn invalid_float(text: &str) -> String {
    format!("strconv.ParseFloat: parsing {text:?}: invalid syntax")
}

/// A Go duration such as `1h2m3.5s`, `-250ms`.
fn duration(text: &str) -> Result<f64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0.0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let (number, tail) = number(rest).ok_or_else(invalid)?;
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
                "" => return Err(format!("time: missing unit in duration {text:?}")),
                other => return Err(format!("time: unknown unit {other:?} in duration {text:?}")),
            };
        rest = after;
    }
    Ok(sign * seconds)
}

/// A size such as `5MiB`, `1.5 kB`, `2,048`; whole bytes.
fn bytes(text: &str) -> Result<f64, String> {
    let plain = text.replace(',', "");
    let digits = plain.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(plain.len());
    let (digits, unit) = plain.split_at(digits);
    let number: f64 = digits.parse().map_err(|_malformed| invalid_float(digits))?;
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
        _ => return Err(format!("unhandled size name: {unit}")),
    };
    Ok((number * if binary { 1024f64 } else { 1000f64 }.powi(power)).trunc())
}

/// A decimal number at the start of a text, and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}
