//! Label matchers, compiled once a read and run over canonical label bytes.

use std::sync::Arc;

use gw_base::labels::Iter;
use gw_base::{MatchOp, Matcher};

use crate::StoreError;
use crate::pattern::{self, Meaning, Pattern};

/// Conditions that must all hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    conditions: Vec<Condition>,
}

/// One compiled matcher.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// Label name.
    pub(crate) name: String,
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Any,
    NotEmpty,
    /// Sorted.
    OneOf(Vec<String>),
    Pattern(Arc<Pattern>),
}

impl Conditions {
    /// Compiles matchers.
    pub(crate) fn compile(matchers: &[Matcher]) -> Result<Self, StoreError> {
        let mut conditions = matchers.iter().map(Condition::compile).collect::<Result<Vec<_>, _>>()?;
        // Exact comparisons reject most label sets for the least work.
        conditions.sort_by_key(|condition| !matches!(condition.test, Test::OneOf(_)));
        Ok(Self { conditions })
    }

    /// Whether a label set fulfils all of them.
    pub(crate) fn accept(&self, canonical: &[u8]) -> bool {
        self.conditions.iter().all(|condition| {
            let value = Iter::over(canonical).find(|(name, _)| *name == condition.name).map_or("", |(_, value)| value);
            condition.accepts(value)
        })
    }

    /// The conditions, the most selective kind first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter()
    }
}

impl Condition {
    fn compile(matcher: &Matcher) -> Result<Self, StoreError> {
        let negated = matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRegex);
        let test = match matcher.op {
            MatchOp::Equal | MatchOp::NotEqual => Test::OneOf(vec![matcher.value.clone()]),
            MatchOp::Regex | MatchOp::NotRegex => Test::of_pattern(&matcher.value)?,
        };
        Ok(Self { name: matcher.name.clone(), negated, test })
    }

    /// Whether a value (empty for an absent label) fulfils the condition.
    pub(crate) fn accepts(&self, value: &str) -> bool {
        let hit = match &self.test {
            Test::Any => true,
            Test::NotEmpty => !value.is_empty(),
            Test::OneOf(texts) => texts.binary_search_by(|text| text.as_str().cmp(value)).is_ok(),
            Test::Pattern(pattern) => pattern.is_match(value),
        };
        hit != self.negated
    }

    /// The same of the bytes of a value.
    pub(crate) fn accepts_bytes(&self, value: &[u8]) -> bool {
        match &self.test {
            // Most values are told apart by their ends.
            Test::Pattern(pattern) if !pattern.fits_ends(value) => self.negated,
            _ => std::str::from_utf8(value).is_ok_and(|value| self.accepts(value)),
        }
    }

    /// Texts of which one begins every value that the pattern matches, where such are known.
    pub(crate) fn beginnings(&self) -> Option<&[Box<[u8]>]> {
        match &self.test {
            Test::Pattern(pattern) if !pattern.prefixes().is_empty() => Some(pattern.prefixes()),
            _ => None,
        }
    }

    /// The judgement of a value that begins otherwise.
    pub(crate) const fn otherwise(&self) -> bool {
        self.negated
    }

    /// The only values that can fulfil it, where those are few and known.
    pub(crate) fn candidates(&self) -> Option<&[String]> {
        match &self.test {
            Test::OneOf(texts) if !self.negated => Some(texts),
            _ => None,
        }
    }
}

impl Test {
    fn of_pattern(text: &str) -> Result<Self, StoreError> {
        match text {
            ".*" => return Ok(Self::Any),
            ".+" => return Ok(Self::NotEmpty),
            _ => {}
        }
        let literal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | ':' | ' ' | ',' | '@' | '=' | '|');
        if text.chars().all(literal) {
            return Ok(Self::one_of(text.split('|').map(str::to_owned).collect()));
        }
        Ok(match pattern::compile(text)? {
            Meaning::Texts(texts) => Self::one_of(texts),
            Meaning::Pattern(pattern) => Self::Pattern(pattern),
        })
    }

    fn one_of(mut texts: Vec<String>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        Self::OneOf(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::Labels;

    #[test]
    fn operators_mean_what_they_mean_in_prometheus() {
        let labels = Labels::from_pairs([("job", "shop"), ("path", "/a\nb")]);
        for (name, op, value, expected) in [
            ("job", MatchOp::Equal, "shop", true),
            ("job", MatchOp::NotEqual, "shop", false),
            ("absent", MatchOp::Equal, "", true),
            ("absent", MatchOp::NotEqual, "x", true),
            ("absent", MatchOp::Regex, ".+", false),
            ("absent", MatchOp::Regex, "a|", true),
            ("absent", MatchOp::NotRegex, ".*", false),
            ("job", MatchOp::Regex, "sho", false),
            ("job", MatchOp::Regex, "sho.", true),
            ("job", MatchOp::Regex, "cart|shop", true),
            ("job", MatchOp::NotRegex, "cart|pay.*", true),
            ("path", MatchOp::Regex, "/a.b", true),
        ] {
            let conditions = Conditions::compile(&[Matcher::new(name, op, value)]).unwrap();
            assert_eq!(conditions.accept(labels.as_bytes()), expected, "{name}{}{value}", op.as_str());
        }
        assert!(Conditions::compile(&[Matcher::new("a", MatchOp::Regex, "(")]).is_err());
    }
}
