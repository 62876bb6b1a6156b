//! Text in quotes as Go writes it, because the originals print names and values so.

use std::fmt::Write as _;

/// Quotes as Go's `strconv.Quote` does: `"a\tb\u200b"`.
#[must_use]
pub fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        push_escaped(&mut quoted, c, '"');
    }
    quoted.push('"');
    quoted
}

/// Quotes bytes that may not be UTF-8, those that are not as `\xNN`.
#[must_use]
pub fn go_quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_escaped(&mut quoted, c, '"'));
        for byte in chunk.invalid() {
            push_hex(&mut quoted, 'x', u32::from(*byte), 2);
        }
    }
    quoted.push('"');
    quoted
}

/// Quotes one character as Go's `%q` does: `'a'`; nothing (the end of a text) is `'\ufffd'` unescaped.
pub(crate) fn go_quote_char(c: Option<char>) -> String {
    let mut quoted = String::from("'");
    push_escaped(&mut quoted, c.unwrap_or('\u{FFFD}'), '\'');
    quoted.push('\'');
    quoted
}

fn push_escaped(text: &mut String, c: char, quote: char) {
    match c {
        '\\' => text.push_str("\\\\"),
        '\u{7}' => text.push_str("\\a"),
        '\u{8}' => text.push_str("\\b"),
        '\u{C}' => text.push_str("\\f"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\u{B}' => text.push_str("\\v"),
        _ if c == quote => {
            text.push('\\');
            text.push(c);
        }
        _ if is_printable(c) => text.push(c),
        _ if (c as u32) < 0x80 => push_hex(text, 'x', c as u32, 2),
        _ if (c as u32) < 0x1_0000 => push_hex(text, 'u', c as u32, 4),
        _ => push_hex(text, 'U', c as u32, 8),
    }
}

fn push_hex(text: &mut String, letter: char, value: u32, width: usize) {
    // Writing to a string cannot fail.
    let _infallible = write!(text, "\\{letter}{value:0width$x}");
}

/// Whether Go's `strconv.IsPrint` holds. The standard library knows the same categories, but tells only through
/// `escape_debug`, which treats a combining mark as printable where it follows another character.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    let mut buffer = [b'a'; 5];
    let length = c.encode_utf8(&mut buffer[1..]).len();
    let after_letter = std::str::from_utf8(&buffer[..=length]).unwrap_or_default();
    after_letter.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_like_go() {
        for (text, quoted) in [
            ("plain", r#""plain""#),
            ("a\"b\\c'", r#""a\"b\\c'""#),
            ("\t\n\u{7}\u{0}\u{7f}", r#""\t\n\a\x00\x7f""#),
            ("héllo 世界", r#""héllo 世界""#),
            ("e\u{301}", "\"e\u{301}\""),
            ("\u{200b}\u{a0}\u{FFFD}", "\"\\u200b\\u00a0\u{FFFD}\""),
            ("\u{10FFFF}", r#""\U0010ffff""#),
        ] {
            assert_eq!(go_quote(text), quoted);
        }
        assert_eq!(go_quote_bytes(b"a\xc5z"), r#""a\xc5z""#);
        assert_eq!(go_quote_char(Some('\'')), r"'\''");
        assert_eq!(go_quote_char(None), "'\u{FFFD}'");
    }
}
