//! JSON lines as labels. The scanner keeps numbers as they are written and the first of equal keys, as Loki does.

use std::fmt::Write as _;

use gw_batch::QueryError;

use super::entry::Entry;
use super::fields::label_name;

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 64;

const ERROR: &str = "JSONParserErr";

/// All scalar fields become labels, nested ones joined by `_`; arrays and nulls are left out.
pub(super) fn extract_all(entry: &mut Entry<'_>) {
    let line = entry.line.clone();
    let mut scanner = Scanner { text: &line, at: 0, texts_only: false };
    let mut found = Vec::new();
    scanner.space();
    let result = if scanner.peek() == Some(b'{') {
        scanner.object("", 0, &mut |name, value| found.push((name.to_owned(), value)))
    } else {
        None
    };
    for (name, value) in found {
        entry.extract(&name, &value);
    }
    if result.is_none() {
        entry.fail(ERROR, "Value looks like object, but can't find closing '}' symbol");
    }
}

/// The values at the given paths become labels.
pub(super) fn extract(entry: &mut Entry<'_>, paths: &[(String, Path)]) {
    let line = entry.line.clone();
    let mut scanner = Scanner { text: &line, at: 0, texts_only: false };
    let valid = scanner.skip(0).is_some();
    for (label, path) in paths {
        let value = Scanner { text: &line, at: 0, texts_only: false }.find(&path.0).unwrap_or_default();
        entry.extract(label, &value);
    }
    if !valid {
        entry.fail(ERROR, "the line is not valid JSON");
    }
}

/// Text fields of a packed line become labels; `_entry` becomes the line.
pub(super) fn unpack(entry: &mut Entry<'_>) {
    let line = entry.line.clone();
    let mut scanner = Scanner { text: &line, at: 0, texts_only: true };
    scanner.space();
    let (mut found, mut inner) = (Vec::new(), None);
    let result = scanner.peek().filter(|byte| *byte == b'{').and_then(|_| {
        scanner.object("", 0, &mut |name, value| {
            if name == "_entry" {
                inner = Some(value);
            } else {
                found.push((name.to_owned(), value));
            }
        })
    });
    for (name, value) in found {
        entry.extract(&name, &value);
    }
    if let Some(inner) = inner {
        entry.line = inner.into();
    }
    if result.is_none() {
        entry.fail(ERROR, "expecting json object, but it is not");
    }
}

/// A path such as `a.b[0]["c"]`.
#[derive(Debug, Clone)]
pub(super) struct Path(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Key(String),
    Index(usize),
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        let refused = || QueryError::parse(format!("cannot parse expression [{text}]: syntax error"));
        let (mut parts, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix("[\"") {
                let (key, tail) = inside.split_once("\"]").ok_or_else(refused)?;
                parts.push(Part::Key(key.to_owned()));
                rest = tail;
            } else if let Some(inside) = rest.strip_prefix('[') {
                let (index, tail) = inside.split_once(']').ok_or_else(refused)?;
                parts.push(Part::Index(index.parse().map_err(|_malformed| refused())?));
                rest = tail;
            } else {
                let rest_key = rest.strip_prefix('.').unwrap_or(rest);
                let end = rest_key.find(['.', '[']).unwrap_or(rest_key.len());
                let (key, tail) = rest_key.split_at(end);
                if key.is_empty() {
                    return Err(refused());
                }
                parts.push(Part::Key(key.to_owned()));
                rest = tail;
            }
        }
        Ok(Self(parts))
    }
}

/// Reads JSON from a text; `None` where it is malformed.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Whether only texts are reported.
    texts_only: bool,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Reads an object and reports its scalar fields.
    fn object(&mut self, prefix: &str, depth: usize, found: &mut dyn FnMut(&str, String)) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.expect(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.space();
            let key = label_name(&self.string()?);
            let name = if prefix.is_empty() { key } else { format!("{prefix}_{key}") };
            self.expect(b':')?;
            self.space();
            match self.peek()? {
                b'{' if !self.texts_only => self.object(&name, depth + 1, found)?,
                b'{' | b'[' => self.skip(depth + 1)?,
                b'"' => {
                    let value = self.string()?;
                    found(&name, value);
                }
                _ => {
                    let word = self.word()?;
                    if word != "null" && !self.texts_only {
                        found(&name, word);
                    }
                }
            }
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Passes over a value.
    fn skip(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        match self.peek()? {
            b'"' => self.string().map(drop),
            open @ (b'{' | b'[') => {
                let close = if open == b'{' { b'}' } else { b']' };
                self.at += 1;
                self.space();
                if self.peek()? == close {
                    self.at += 1;
                    return Some(());
                }
                loop {
                    if open == b'{' {
                        self.space();
                        self.string()?;
                        self.expect(b':')?;
                    }
                    self.skip(depth + 1)?;
                    self.space();
                    let byte = self.peek()?;
                    self.at += 1;
                    if byte == close {
                        return Some(());
                    }
                    if byte != b',' {
                        return None;
                    }
                }
            }
            _ => self.word().map(drop),
        }
    }

    /// The value at a path: texts without quotes, everything else as it is written.
    fn find(&mut self, path: &[Part]) -> Option<String> {
        self.space();
        let Some((part, rest)) = path.split_first() else {
            let from = self.at;
            if self.peek()? == b'"' {
                return self.string();
            }
            self.skip(0)?;
            let value = self.text.get(from..self.at)?.trim_end();
            return (value != "null").then(|| value.to_owned());
        };
        match (part, self.peek()?) {
            (Part::Key(wanted), b'{') => {
                self.at += 1;
                loop {
                    self.space();
                    let key = self.string()?;
                    self.expect(b':')?;
                    if key == *wanted {
                        return self.find(rest);
                    }
                    self.skip(0)?;
                    self.expect(b',')?;
                }
            }
            (Part::Index(wanted), b'[') => {
                self.at += 1;
                for _ in 0..*wanted {
                    self.skip(0)?;
                    self.expect(b',')?;
                }
                self.find(rest)
            }
            _ => None,
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<String> {
        let rest = self.text.get(self.at..)?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        let number = word.starts_with(|c: char| c.is_ascii_digit() || c == '-') && word.parse::<f64>().is_ok();
        if !number && !matches!(word, "true" | "false" | "null") {
            return None;
        }
        self.at += end;
        Some(word.to_owned())
    }

    fn string(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..)?;
            let end = rest.find(['"', '\\'])?;
            out.push_str(rest.get(..end)?);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Some(out);
            }
            let escape = self.peek()?;
            self.at += 1;
            match escape {
                b'n' => out.push('\n'),
                b't' => out.push('\t'),
                b'r' => out.push('\r'),
                b'b' => out.push('\u{8}'),
                b'f' => out.push('\u{c}'),
                b'u' => self.unicode(&mut out)?,
                other @ (b'"' | b'\\' | b'/') => out.push(other as char),
                _ => return None,
            }
        }
    }

    /// The four digits after `\u`, and the second half of a surrogate pair.
    fn unicode(&mut self, out: &mut String) -> Option<()> {
        let mut unit = || {
            let digits = self.text.get(self.at..self.at + 4)?;
            self.at += 4;
            u16::from_str_radix(digits, 16).ok()
        };
        let first = unit()?;
        let mut units = vec![first];
        if (0xD800..0xDC00).contains(&first) && self.text.get(self.at..self.at + 2) == Some("\\u") {
            self.at += 2;
            let digits = self.text.get(self.at..self.at + 4)?;
            self.at += 4;
            units.push(u16::from_str_radix(digits, 16).ok()?);
        }
        write!(out, "{}", String::from_utf16_lossy(&units)).ok()
    }
}
