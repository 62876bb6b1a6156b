//! Literals as Go reads them: numbers, and strings whose escapes the lexer has checked.

/// Parses a number as Prometheus does: an integer with Go's base prefixes (`0x1F`, `017` is octal) and underscores, else a
/// float; `inf` and `nan` in any case.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plain: String;
    let digits = if text.contains('_') {
        plain = text.replace('_', "");
        &plain
    } else {
        text
    };
    integer(digits).or_else(|| digits.parse::<f64>().ok())
}

fn integer(digits: &str) -> Option<f64> {
    let (radix, rest) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // `from_str_radix` takes a sign, which stands before the prefix in Go.
    if !rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    i64::from_str_radix(rest, radix).ok().map(|value| value as f64)
}

/// The bytes of a quoted text, quotes included in `quoted`. Escapes must have been checked: anything else stays as it is.
pub(crate) fn unquote(quoted: &str) -> Vec<u8> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    if quoted.starts_with('`') || !inner.contains('\\') {
        return inner.as_bytes().to_vec();
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        bytes.extend_from_slice(rest.as_bytes().get(..at).unwrap_or_default());
        let taken = push_escape(&mut bytes, rest.get(at + 1..).unwrap_or(""));
        rest = rest.get(at + 1 + taken..).unwrap_or("");
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// Appends what the escape sequence at the start of `text` (after its backslash) stands for, and returns its length.
fn push_escape(bytes: &mut Vec<u8>, text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    let simple = match first {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0C,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0B,
        'x' | 'u' | 'U' | '0'..='7' => return push_coded(bytes, first, text),
        other => {
            bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            return other.len_utf8();
        }
    };
    bytes.push(simple);
    1
}

fn push_coded(bytes: &mut Vec<u8>, first: char, text: &str) -> usize {
    let (start, digits, radix) = match first {
        'x' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        _ => (0, 3, 8),
    };
    let code = text.get(start..start + digits).and_then(|digits| u32::from_str_radix(digits, radix).ok());
    match (first, code) {
        ('u' | 'U', Some(code)) => {
            let c = char::from_u32(code).unwrap_or('\u{FFFD}');
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        // One byte, whatever it means in UTF-8.
        (_, Some(code)) => bytes.push(code as u8),
        (_, None) => return 0,
    }
    start + digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("1", 1.0),
            ("1.5e3", 1500.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("0x1F", 31.0),
            ("0X_1f", 31.0),
            ("017", 15.0),
            ("08", 8.0),
            ("0", 0.0),
            ("1_000_000", 1e6),
            ("9223372036854775807", 9_223_372_036_854_775_807.0),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            ("InF", f64::INFINITY),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        assert!(number("nan").is_some_and(f64::is_nan));
        assert_eq!(number("0x"), None);
        assert_eq!(number("1e"), None);
    }

    #[test]
    fn strings() {
        for (quoted, bytes) in [
            (r#""a""#, &b"a"[..]),
            (r#""a\n\"\\\101\x41\u0041\U00000041""#, b"a\n\"\\AAAA"),
            (r"'it\'s'", b"it's"),
            ("`raw\\n`", b"raw\\n"),
            (r#""\xc5""#, b"\xc5"),
            (r#""\u00e9""#, "é".as_bytes()),
            ("", b""),
            ("\"", b""),
        ] {
            assert_eq!(unquote(quoted), bytes, "{quoted}");
        }
    }
}
