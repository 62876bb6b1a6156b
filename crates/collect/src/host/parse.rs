//! Numbers and fields of the kernel's files, and numbers as label values.

use super::system::Failure;

/// A number as a field of a kernel file: decimal, or what Go's parser takes beside it.
pub(crate) fn number(text: &str) -> Result<f64, Failure> {
    let bytes = text.as_bytes();
    if !bytes.is_empty() && bytes.len() <= 15 {
        let mut whole: u64 = 0;
        for byte in bytes {
            match byte {
                b'0'..=b'9' => whole = whole * 10 + u64::from(byte - b'0'),
                _ => return slow(text),
            }
        }
        return Ok(whole as f64);
    }
    slow(text)
}

fn slow(text: &str) -> Result<f64, Failure> {
    text.parse().map_err(|_not_a_number: std::num::ParseFloatError| not_a_number(text))
}

/// A whole number in base 16, with or without `0x`.
pub(crate) fn hexadecimal(text: &str) -> Result<f64, Failure> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let whole = u64::from_str_radix(digits, 16);
    whole.map(|whole| whole as f64).map_err(|_not_a_number: std::num::ParseIntError| not_a_number(text))
}

fn not_a_number(text: &str) -> Failure {
    Failure::told(format!("\"{text:.40}\" is not a number"))
}

/// The number in a field that must be there.
pub(crate) fn field<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Result<f64, Failure> {
    number(fields.next().ok_or_else(|| Failure::told("a field is missing"))?)
}

/// A whole number as text on the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    bytes: [u8; 20],
    start: usize,
}

impl Decimal {
    pub(crate) fn of(mut number: u64) -> Self {
        let mut decimal = Self { bytes: [b'0'; 20], start: 20 };
        loop {
            decimal.start -= 1;
            decimal.bytes[decimal.start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return decimal;
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.bytes.get(self.start..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or("")
    }
}

/// The mount table writes blanks, tabs, line ends and backslashes as three octal digits.
pub(crate) fn unescape(field: &str) -> std::borrow::Cow<'_, str> {
    if !field.contains('\\') {
        return field.into();
    }
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) => {
                out.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned().into()
}

/// `true` as 1, `false` as 0.
pub(crate) const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written() {
        for (text, value) in
            [("0", 0.0), ("42", 42.0), ("-1", -1.0), ("1.5e3", 1500.0), ("999999999999999", 1e15 - 1.0)]
        {
            assert_eq!(number(text).unwrap(), value);
        }
        for text in ["", "x", "1x", "--1", "12 "] {
            assert!(number(text).is_err(), "{text}");
        }
        assert_eq!(hexadecimal("0x1f").unwrap(), 31.0);
        for number in [0, 7, 10, u64::MAX] {
            assert_eq!(Decimal::of(number).as_str(), number.to_string());
        }
        assert_eq!(unescape(r"a\040b\x\0"), "a b\\x\\0");
        assert_eq!(unescape("plain"), "plain");
    }
}
