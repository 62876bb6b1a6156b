//! Go's quoted strings, which label strings and query texts use on the wire.

use std::borrow::Cow;

/// Takes a Go string (in double quotes, single quotes or backticks) from the start of `text`; gives its value and what
/// follows. `None` when there is none, or its escapes are not Go's.
#[must_use]
pub fn take(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let quote = *text.as_bytes().first()?;
    let body = text.get(1..)?;
    match quote {
        b'`' => {
            let (raw, rest) = body.split_once('`')?;
            Some((Cow::Borrowed(raw), rest))
        }
        b'"' | b'\'' => {
            let mut at = 0;
            loop {
                at += memchr::memchr3(quote, b'\\', b'\n', body.as_bytes().get(at..)?)?;
                match body.as_bytes().get(at) {
                    Some(b'\\') => at += 2,
                    Some(b'\n') => return None,
                    _ => break,
                }
            }
            let raw = body.get(..at)?;
            let rest = body.get(at + 1..)?;
            let value = if raw.contains('\\') { Cow::Owned(unescape(raw)?) } else { Cow::Borrowed(raw) };
            Some((value, rest))
        }
        _ => None,
    }
}

fn unescape(raw: &str) -> Option<String> {
    let mut bytes: Vec<u8> = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let kind = *after.as_bytes().first()?;
        let digits = |from: usize, to: usize, radix: u32| {
            let digits = after.get(from..to).filter(|digits| !digits.starts_with(['+', '-']))?;
            u32::from_str_radix(digits, radix).ok()
        };
        let mut put = |code: u32| {
            bytes.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
            Some(())
        };
        let used = match kind {
            b'u' => put(digits(1, 5, 16)?).map(|()| 5)?,
            b'U' => put(digits(1, 9, 16)?).map(|()| 9)?,
            b'x' => {
                bytes.push(u8::try_from(digits(1, 3, 16)?).ok()?);
                3
            }
            b'0'..=b'7' => {
                bytes.push(u8::try_from(digits(0, 3, 8)?).ok()?);
                3
            }
            _ => {
                bytes.push(simple(kind)?);
                1
            }
        };
        rest = after.get(used..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

const fn simple(kind: u8) -> Option<u8> {
    Some(match kind {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'\\' | b'"' | b'\'' => kind,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unquoted() {
        for (text, value, rest) in [
            (r#""a" b"#, "a", " b"),
            (r#""a\"\\\n\t\u00e9\xc3\xa9\101""#, "a\"\\\n\téé", ""),
            ("`a\\n`x", "a\\n", "x"),
            ("'it'", "it", ""),
            (r#""""#, "", ""),
        ] {
            let expected = if text.contains("101") { format!("{value}A") } else { value.to_owned() };
            assert_eq!(take(text).map(|(value, rest)| (value.into_owned(), rest)), Some((expected, rest)), "{text}");
        }
        for text in ["", "a", "\"", "\"a", r#""\"#, r#""\q""#, r#""\u12""#, r#""\xff""#, "\"a\nb\"", r#""\ué""#] {
            assert_eq!(take(text), None, "{text}");
        }
    }
}
