//! Numbers as Go writes and reads them, because Prometheus' wire texts are Go's.

use std::fmt::Write;

/// The NaN that Prometheus stores for every NaN it reads; differs from the stale marker and from Rust's own NaN.
pub const NORMAL_NAN_BITS: u64 = 0x7FF8_0000_0000_0001;

/// Parses a float as Go's `strconv.ParseFloat` does, without hexadecimal forms and underscores (as Prometheus forbids).
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    if let Some(small) = parse_small(text.as_bytes()) {
        return Some(small);
    }
    let unsigned_nan = text.eq_ignore_ascii_case("nan");
    let value: f64 = text.parse().ok()?;
    match value.is_nan() {
        // Go takes no sign before NaN, Rust does.
        true => unsigned_nan.then(|| f64::from_bits(NORMAL_NAN_BITS)),
        false => Some(value),
    }
}

/// Whole numbers of up to 15 digits, by far the most common values, are exact in a float without the general algorithm.
fn parse_small(digits: &[u8]) -> Option<f64> {
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let mut value = 0u64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value as f64)
}

/// Appends a float as Go's `fmt` and `encoding/json` do: the fewest digits that read back to the same float, exponent form
/// below 1e-4 and from 1e21 on; infinities as `+Inf` and `-Inf`.
pub fn write_float(out: &mut String, value: f64) {
    write_float_below(out, value, 1e21);
}

/// Appends a float as Go's `strconv.FormatFloat(value, 'g', -1, 64)`, which metrics pages are written with: as
/// [`write_float`], but in exponent form from 1e6 on (`688810`, `1.175853e+06`).
pub fn write_page_float(out: &mut String, value: f64) {
    write_float_below(out, value, 1e6);
}

fn write_float_below(out: &mut String, value: f64, exponent_from: f64) {
    const CANNOT_FAIL: &str = "writing to a String cannot fail";
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        return;
    }
    let magnitude = value.abs();
    if value == 0.0 || (1e-4..exponent_from).contains(&magnitude) {
        write!(out, "{value}").expect(CANNOT_FAIL);
        return;
    }
    // Rust writes `1e21` and `1.5e-7` where Go writes `1e+21` and `1.5e-07`.
    let start = out.len();
    write!(out, "{value:e}").expect(CANNOT_FAIL);
    let Some(at) = out.get(start..).and_then(|text| text.find('e')).map(|at| start + at + 1) else { return };
    let exponent: i32 = out.get(at..).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    out.truncate(at);
    write!(out, "{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()).expect(CANNOT_FAIL);
}

/// A float as [`write_float`] writes it.
#[must_use]
pub fn float_text(value: f64) -> String {
    let mut text = String::new();
    write_float(&mut text, value);
    text
}

/// A float label value (`le`, `quantile`) as Prometheus 3 and OpenMetrics write it: as [`float_text`], but always told
/// apart from an integer (`1` is `1.0`).
#[must_use]
pub fn float_label(value: f64) -> String {
    let mut text = float_text(value);
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        text.push_str(".0");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (100_000.0, "100000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.000_012, "1.2e-05"),
            (-1e-10, "-1e-10"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (5e-324, "5e-324"),
            (1_435_781_451.781, "1435781451.781"),
        ] {
            assert_eq!(float_text(value), text);
        }
        assert_eq!(float_label(1.0), "1.0");
        assert_eq!(float_label(0.5), "0.5");
        assert_eq!(float_label(1e21), "1e+21");
        assert_eq!(float_label(f64::INFINITY), "+Inf");
    }

    #[test]
    fn floats_are_read_as_prometheus_reads_them() {
        for (text, value) in [
            ("1", 1.0),
            ("007", 7.0),
            ("-1.5e3", -1500.0),
            ("+1", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("123456789012345678", 123_456_789_012_345_678.0),
        ] {
            assert_eq!(parse_float(text), Some(value), "{text}");
        }
        assert_eq!(parse_float("nan").map(f64::to_bits), Some(NORMAL_NAN_BITS));
        for text in ["", "-", "+nan", "0x1p3", "1_0", "1e", "abc", "1 ", "."] {
            assert_eq!(parse_float(text), None, "{text}");
        }
    }
}
