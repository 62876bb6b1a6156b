//! JSON text written piece by piece, in the spelling that Prometheus and Loki clients expect.

use std::fmt::Write as _;

use gw_base::{Timestamp, labels};

/// Whole numbers up to here are exact in a float, and written out digit by digit in either form.
const EXACT: f64 = 9_007_199_254_740_992.0;
const NEGATIVE_ZERO: u64 = (-0.0_f64).to_bits();

/// Appends a sample value: shortest digits, fixed notation unless the exponent is below -6 or 21 and more.
///
/// Wire: Go's `strconv` spells exponents with a sign and at least two digits, and infinities `+Inf`, `-Inf`.
pub fn push_value(out: &mut String, value: f64) {
    let magnitude = value.abs();
    let written = if value.is_nan() {
        out.push_str("NaN");
        Ok(())
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        Ok(())
    } else if magnitude < EXACT && value.trunc() == value && value.to_bits() != NEGATIVE_ZERO {
        // Counts are most of what is written, and as integers they take a fraction of the time.
        write!(out, "{}", value as i64)
    } else if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
        write!(out, "{mantissa}e{sign}{digits:0>2}")
    } else {
        write!(out, "{value}")
    };
    written.expect("writing to a String cannot fail");
}

/// Appends a time as a JSON number of seconds with at most three decimals.
pub fn push_time(out: &mut String, time: Timestamp) {
    let millis = time.millis();
    let (sign, millis) = if millis < 0 { ("-", millis.unsigned_abs()) } else { ("", millis.unsigned_abs()) };
    let (secs, rest) = (millis / 1000, millis % 1000);
    let written = match rest {
        0 => write!(out, "{sign}{secs}"),
        _ if rest.is_multiple_of(100) => write!(out, "{sign}{secs}.{}", rest / 100),
        _ if rest.is_multiple_of(10) => write!(out, "{sign}{secs}.{:02}", rest / 10),
        _ => write!(out, "{sign}{secs}.{rest:03}"),
    };
    written.expect("writing to a String cannot fail");
}

/// Appends a JSON string.
pub fn push_text(out: &mut String, text: &str) {
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // All bytes are looked at, so that several are at once.
    if text.bytes().fold(false, |any, byte| any | special(byte)) {
        out.push_str(&serde_json::to_string(text).expect("a string always serializes"));
        return;
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// Appends a label set as a JSON object of strings.
pub fn push_labels(out: &mut String, canonical: &[u8]) {
    out.push('{');
    for (i, (name, value)) in labels::Iter::over(canonical).enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_text(out, name);
        out.push(':');
        push_text(out, value);
    }
    out.push('}');
}

/// Appends a sample value as a JSON string.
pub fn push_quoted(out: &mut String, value: f64) {
    out.push('"');
    push_value(out, value);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_go_prints_them() {
        for (value, text) in [
            (1.0, "1"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5e-7, "1.5e-07"),
            (1e-6, "0.000001"),
            (1e21, "1e+21"),
            (123456789012.0, "123456789012"),
            (9007199254740991.0, "9007199254740991"),
            (9007199254740993.0, "9007199254740992"),
            (-42.0, "-42"),
            (0.1, "0.1"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (1e100, "1e+100"),
        ] {
            let mut out = String::new();
            push_value(&mut out, value);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn texts_are_escaped_where_they_must_be() {
        for (text, json) in [("plain é", "\"plain é\""), ("a\"b\\c\nd\u{1}", r#""a\"b\\c\nd\u0001""#), ("", "\"\"")] {
            let mut out = String::new();
            push_text(&mut out, text);
            assert_eq!(out, json);
        }
    }

    #[test]
    fn times_have_at_most_three_decimals() {
        for (millis, text) in
            [(1_435_781_451_781, "1435781451.781"), (1000, "1"), (-1500, "-1.5"), (10, "0.01"), (1200, "1.2")]
        {
            let mut out = String::new();
            push_time(&mut out, Timestamp::from_millis(millis));
            assert_eq!(out, text);
        }
    }
}
