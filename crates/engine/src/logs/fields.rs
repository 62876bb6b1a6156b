//! Logfmt lines as labels, and the names that fields may have as labels.

use super::entry::Entry;

const ERROR: &str = "LogfmtParserErr";

/// A field's name as a label: every character that a label name may not have becomes `_`.
pub(super) fn label_name(field: &str) -> String {
    let mut name: String =
        field.trim().chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == ':' { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// Fields of a logfmt line become labels: all, or those named in (label, key) pairs.
pub(super) fn logfmt(entry: &mut Entry<'_>, strict: bool, keep_empty: bool, fields: &[(String, String)]) {
    let line = entry.line.clone();
    let mut rest: &str = &line;
    let mut found: Vec<(String, String)> = Vec::new();
    let mut fault = None;
    while let Some(pair) = next_pair(&mut rest) {
        match pair {
            Ok((key, value)) if keep_empty || !value.is_empty() => found.push((key.to_owned(), value)),
            Ok(_) => {}
            Err(text) => {
                fault = fault.or(Some(text));
                if strict {
                    break;
                }
            }
        }
    }
    if fields.is_empty() {
        for (key, value) in &found {
            entry.extract(&label_name(key), value);
        }
    }
    for (label, key) in fields {
        let value = found.iter().find(|(other, _)| other == key).map_or("", |(_, value)| value.as_str());
        entry.extract(label, value);
    }
    if let Some(text) = fault.filter(|_| strict) {
        entry.fail(ERROR, text);
    }
}

/// Takes the next `key=value`, `key="value"` or `key`.
fn next_pair<'a>(rest: &mut &'a str) -> Option<Result<(&'a str, String), String>> {
    *rest = rest.trim_start_matches(|c: char| c <= ' ');
    if rest.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c <= ' ' || c == '=' || c == '"').unwrap_or(rest.len());
    let (key, tail) = rest.split_at(end);
    if key.is_empty() {
        let skip = rest.find(|c: char| c <= ' ').unwrap_or(rest.len());
        *rest = rest.split_at(skip).1;
        return Some(Err("logfmt syntax error: unexpected '=' or quote".to_owned()));
    }
    let Some(value) = tail.strip_prefix('=') else {
        if tail.starts_with('"') {
            let skip = tail.find(|c: char| c <= ' ').unwrap_or(tail.len());
            *rest = tail.split_at(skip).1;
            return Some(Err("logfmt syntax error: unexpected '\"'".to_owned()));
        }
        *rest = tail;
        return Some(Ok((key, String::new())));
    };
    if let Some(quoted) = value.strip_prefix('"') {
        let Some((text, tail)) = unquoted(quoted) else {
            *rest = "";
            return Some(Err("logfmt syntax error: unterminated quoted value".to_owned()));
        };
        *rest = tail;
        return Some(Ok((key, text)));
    }
    let end = value.find(|c: char| c <= ' ').unwrap_or(value.len());
    let (text, tail) = value.split_at(end);
    *rest = tail;
    if text.contains(['"', '=']) {
        return Some(Err("logfmt syntax error: unexpected '=' or quote in a value".to_owned()));
    }
    Some(Ok((key, text.to_owned())))
}

/// A quoted text up to its closing quote, escapes resolved, and what follows.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, quoted.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                other => out.push(other),
            },
            c => out.push(c),
        }
    }
    None
}
