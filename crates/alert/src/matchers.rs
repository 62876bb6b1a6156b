//! Alertmanager's matchers: `name="value"`, `name=~pattern`, several in braces; and running them.

use gw_base::go_regex::GoRegex;
use gw_base::{Labels, MatchOp, Matcher};
use regex::Regex;

use crate::AlertError;

/// Parses one or more matchers: `a="b"`, `a=b, c!~"d.*"`, `{a="b",c!="d"}`.
///
/// # Errors
/// [`AlertError::Matcher`] naming the part that does not parse.
pub fn parse(text: &str) -> Result<Vec<Matcher>, AlertError> {
    let trimmed = text.trim();
    let inner = match (trimmed.strip_prefix('{'), trimmed.strip_suffix('}')) {
        (Some(_), Some(_)) => trimmed.get(1..trimmed.len() - 1).unwrap_or(""),
        (None, None) => trimmed,
        _ => return Err(AlertError::Matcher(text.to_owned())),
    };
    let parts = split(inner).ok_or_else(|| AlertError::Matcher(text.to_owned()))?;
    let matchers = parts.iter().map(|part| parse_one(part)).collect::<Result<Vec<_>, _>>()?;
    if matchers.is_empty() && !trimmed.starts_with('{') {
        return Err(AlertError::Matcher(text.to_owned()));
    }
    Ok(matchers)
}

/// Splits at commas outside quotes; one trailing comma is allowed. `None` when a quote is left open.
fn split(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut part, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    if quoted {
        return None;
    }
    if !part.trim().is_empty() {
        parts.push(part);
    }
    Some(parts)
}

fn parse_one(text: &str) -> Result<Matcher, AlertError> {
    let refused = || AlertError::Matcher(text.trim().to_owned());
    let at = text.find(['=', '!']).ok_or_else(refused)?;
    let (name, rest) = text.split_at(at);
    let operators =
        [("=~", MatchOp::Regex), ("!~", MatchOp::NotRegex), ("!=", MatchOp::NotEqual), ("=", MatchOp::Equal)];
    let (operator, op) = operators.into_iter().find(|(operator, _)| rest.starts_with(operator)).ok_or_else(refused)?;
    let name = name.trim();
    let name = match unquote(name) {
        Some(name) => name.ok_or_else(refused)?,
        None if is_label_name(name) => name.to_owned(),
        None => return Err(refused()),
    };
    if name.is_empty() {
        return Err(refused());
    }
    let value = rest.strip_prefix(operator).unwrap_or("").trim();
    let value = match unquote(value) {
        Some(value) => value.ok_or_else(refused)?,
        // Wire: an unquoted value takes escapes as well, and may hold no quote.
        None if value.contains('"') => return Err(refused()),
        None => unescape(value).ok_or_else(refused)?,
    };
    let matcher = Matcher::new(name, op, value);
    CompiledMatcher::new(&matcher)?;
    Ok(matcher)
}

fn is_label_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | ':'))
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
}

/// `None` when the text is not quoted; `Some(None)` when its quotes or escapes are wrong.
fn unquote(text: &str) -> Option<Option<String>> {
    let rest = text.strip_prefix('"')?;
    let Some(inner) = rest.strip_suffix('"') else { return Some(None) };
    Some(unescape(inner))
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                'n' => plain.push('\n'),
                '"' => plain.push('"'),
                '\\' => plain.push('\\'),
                other => {
                    plain.push('\\');
                    plain.push(other);
                }
            },
            '"' => return None,
            c => plain.push(c),
        }
    }
    Some(plain)
}

/// A matcher ready to run.
#[derive(Debug, Clone)]
pub struct CompiledMatcher {
    matcher: Matcher,
    regex: Option<Regex>,
}

impl CompiledMatcher {
    /// Compiles the pattern, if it has one.
    ///
    /// # Errors
    /// [`AlertError::Matcher`] when the pattern is wrong.
    pub fn new(matcher: &Matcher) -> Result<Self, AlertError> {
        let regex = match matcher.op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => {
                let refused = |why: String| AlertError::Matcher(format!("{matcher}: {why}"));
                let translated = GoRegex::new(&matcher.value).map_err(|error| refused(error.to_string()))?;
                Some(Regex::new(&translated.anchored()).map_err(|error| refused(error.to_string()))?)
            }
        };
        Ok(Self { matcher: matcher.clone(), regex })
    }

    /// Whether the labels fulfil it; an absent label is empty.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.matcher.name).unwrap_or("");
        let found = self.regex.as_ref().map_or(value == self.matcher.value, |regex| regex.is_match(value));
        match self.matcher.op {
            MatchOp::Equal | MatchOp::Regex => found,
            MatchOp::NotEqual | MatchOp::NotRegex => !found,
        }
    }

    /// The matcher as data.
    #[must_use]
    pub const fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

/// Compiles all.
pub(crate) fn compile(matchers: &[Matcher]) -> Result<Vec<CompiledMatcher>, AlertError> {
    matchers.iter().map(CompiledMatcher::new).collect()
}

/// Whether labels fulfil all.
pub(crate) fn all_match(matchers: &[CompiledMatcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}
