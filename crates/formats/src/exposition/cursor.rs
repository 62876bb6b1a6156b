//! A cursor over one line of exposition text, and the parts that both dialects share: names, quoted texts, label lists.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

use super::{Label, MAX_LABELS};

/// What went wrong on a line; the parser adds the line number.
pub(super) type LineError = String;

/// A position in a line.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.line.len()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// The text from the start of the line to here.
    pub(super) fn before(&self) -> &'a str {
        self.line.get(..self.at).unwrap_or_default()
    }

    /// Skips blanks and tabs; tells whether there was one.
    pub(super) fn skip_blanks(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        self.at > start
    }

    /// Takes bytes while `accept` holds; empty when the first does not.
    pub(super) fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&accept) {
            self.at += 1;
        }
        self.line.get(start..self.at).unwrap_or_default()
    }

    /// A token that ends at a blank, a tab or the end.
    pub(super) fn token(&mut self) -> &'a str {
        let rest = &self.line.as_bytes()[self.at..];
        let length = memchr2(b' ', b'\t', rest).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        self.line.get(start..self.at).unwrap_or_default()
    }

    /// A bare metric name, or empty.
    pub(super) fn metric_name(&mut self) -> &'a str {
        match self.peek() {
            Some(first) if first.is_ascii_alphabetic() || first == b'_' || first == b':' => {
                self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
            }
            _ => "",
        }
    }

    fn label_name(&mut self) -> &'a str {
        match self.peek() {
            Some(first) if first.is_ascii_alphabetic() || first == b'_' => {
                self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
            _ => "",
        }
    }

    /// A quoted text with escapes undone; the cursor stands on the opening quote.
    pub(super) fn quoted(&mut self) -> Result<Cow<'a, str>, LineError> {
        let start = self.at + 1;
        let bytes = self.line.as_bytes();
        let mut end = start;
        let mut escaped = false;
        loop {
            let Some(found) = memchr2(b'"', b'\\', bytes.get(end..).unwrap_or_default()) else {
                return Err("expected a closing quote, got the end of the line".to_owned());
            };
            end += found;
            if bytes[end] == b'"' {
                break;
            }
            escaped = true;
            end += 2;
        }
        self.at = end + 1;
        let raw = self.line.get(start..end).unwrap_or_default();
        Ok(if escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) })
    }

    /// The labels after an opening brace, up to and with the closing one. A quoted text that stands alone is the metric
    /// name (`{"my.metric", a="b"}`), given back.
    pub(super) fn labels(
        &mut self,
        labels: &mut Vec<Label<'a>>,
        blanks: bool,
    ) -> Result<Option<Cow<'a, str>>, LineError> {
        let mut metric = None;
        loop {
            self.skip_blanks_if(blanks);
            if self.eat(b'}') {
                return Ok(metric);
            }
            if labels.len() >= MAX_LABELS {
                return Err(format!("sample has more than {MAX_LABELS} labels"));
            }
            let quoted = self.peek() == Some(b'"');
            let name = if quoted { self.quoted()? } else { Cow::Borrowed(self.label_name()) };
            self.skip_blanks_if(blanks);
            if self.eat(b'=') {
                if name.is_empty() {
                    return Err(self.expected("a label name"));
                }
                self.skip_blanks_if(blanks);
                if self.peek() != Some(b'"') {
                    return Err(self.expected("a quoted label value"));
                }
                let value = self.quoted()?;
                labels.push((name, value));
            } else if quoted && metric.is_none() {
                metric = Some(name);
            } else {
                return Err(self.expected("= after a label name"));
            }
            self.skip_blanks_if(blanks);
            if !self.eat(b',') && self.peek() != Some(b'}') {
                return Err(self.expected("a comma or a closing brace"));
            }
        }
    }

    fn skip_blanks_if(&mut self, blanks: bool) {
        if blanks {
            self.skip_blanks();
        }
    }

    /// An error that names what stands here instead.
    pub(super) fn expected(&self, what: &str) -> LineError {
        let found: String = self.rest().chars().take(20).collect();
        if found.is_empty() {
            format!("expected {what}, got the end of the line")
        } else {
            format!("expected {what}, got {found:?}")
        }
    }
}

/// Undoes `\\`, `\"` and `\n`; any other escape stays as it is, as in Prometheus.
pub(super) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let (plain, skip) = match after.as_bytes().first() {
            Some(b'n') => ('\n', 1),
            Some(b'"') => ('"', 1),
            Some(b'\\') => ('\\', 1),
            _ => ('\\', 0),
        };
        text.push(plain);
        rest = after.get(skip..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// Whether a text holds a byte that must be escaped in a label value.
pub(super) fn needs_escape(text: &str) -> bool {
    memchr3(b'"', b'\\', b'\n', text.as_bytes()).is_some()
}
