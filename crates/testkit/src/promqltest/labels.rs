//! Series in front of points: `name{label="value"}`, with quoted names too.

use super::LabelPairs;

const METRIC_NAME: &str = "__name__";

/// Reads a series at the start of `text`, and returns what follows.
pub(super) fn series(text: &str) -> Result<(LabelPairs, &str), String> {
    let name_length = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(name_length);
    let mut labels = LabelPairs::new();
    if !name.is_empty() {
        labels.push((METRIC_NAME.to_owned(), name.to_owned()));
    }
    let after_space = rest.trim_start();
    if let Some(inner) = after_space.strip_prefix('{').filter(|inner| !inner.starts_with('{')) {
        rest = braces(inner, &mut labels)?;
    } else if name.is_empty() {
        return Err(format!("no series at {text:?}"));
    }
    labels.sort();
    Ok((labels, rest))
}

fn braces<'a>(mut text: &'a str, labels: &mut LabelPairs) -> Result<&'a str, String> {
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix('}') {
            return Ok(rest);
        }
        let (name, rest) = if text.starts_with(['"', '\'', '`']) {
            quoted(text)?
        } else {
            let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            (name.to_owned(), rest)
        };
        let rest = rest.trim_start();
        if let Some(value) = rest.strip_prefix('=') {
            let (value, rest) = quoted(value.trim_start())?;
            labels.push((name, value));
            text = rest.trim_start();
        } else {
            labels.push((METRIC_NAME.to_owned(), name));
            text = rest;
        }
        text = match text.chars().next() {
            Some(',') => text.split_at(1).1,
            Some('}') => text,
            _ => return Err(format!("expected ',' or '}}' at {text:?}")),
        };
    }
}

/// Reads a text in any of Go's quotes at the start of `text`, and returns what follows.
pub(super) fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut chars = text.char_indices();
    let Some((_, quote @ ('"' | '\'' | '`'))) = chars.next() else { return Err(format!("no string at {text:?}")) };
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((value, text.get(at + 1..).unwrap_or(""))),
            '\\' if quote != '`' => match chars.next().map(|(_, escaped)| escaped) {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(digits @ ('x' | 'u' | 'U')) => {
                    let count =
                        [('x', 2), ('u', 4), ('U', 8)].iter().find(|(c, _)| *c == digits).map_or(2, |(_, n)| *n);
                    let code = (0..count).filter_map(|_| chars.next()).fold(0u32, |code, (_, digit)| {
                        code.wrapping_mul(16).wrapping_add(digit.to_digit(16).unwrap_or(0))
                    });
                    value.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
                }
                Some(other) => value.push(other),
                None => break,
            },
            _ => value.push(c),
        }
    }
    Err(format!("string is not terminated: {text:?}"))
}
