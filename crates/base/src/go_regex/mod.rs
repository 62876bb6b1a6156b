//! Go's regular expressions (RE2 syntax), which label matchers, relabelling and log filters of the imitated products are
//! written in: checked with Go's error texts, and rewritten for the `regex` crate so that they mean the same there.
//!
//! The two syntaxes differ in what `\d`, `\w`, `\s` and `\b` take for ASCII, in `\Q..\E`, octal escapes, literal braces and
//! set operators inside classes. Nothing is compiled or run here.

mod class;
mod scan;

/// Why a pattern is refused, in Go's words (package `regexp/syntax`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {complaint}: `{part}`")]
pub struct GoRegexError {
    /// What is wrong.
    pub complaint: &'static str,
    /// The part of the pattern that is.
    pub part: String,
}

impl GoRegexError {
    fn new(complaint: &'static str, part: impl Into<String>) -> Self {
        Self { complaint, part: part.into() }
    }
}

/// A checked pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoRegex {
    translated: String,
    matches_empty: bool,
}

impl GoRegex {
    /// Checks a pattern.
    ///
    /// # Errors
    /// [`GoRegexError`] with Go's text.
    pub fn new(pattern: &str) -> Result<Self, GoRegexError> {
        scan::scan(pattern)
    }

    /// The pattern in the syntax of the `regex` crate, without anchors.
    #[must_use]
    pub fn translated(&self) -> &str {
        &self.translated
    }

    /// As [`GoRegex::translated`], matching whole texts only, the dot matching newline: what label matchers mean.
    #[must_use]
    pub fn anchored(&self) -> String {
        format!("^(?s:{})$", self.translated)
    }

    /// Whether the empty text matches.
    #[must_use]
    pub const fn matches_empty(&self) -> bool {
        self.matches_empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_gos() {
        for (pattern, text) in [
            ("[a", "missing closing ]: `[a`"),
            ("a(b", "missing closing ): `a(b`"),
            ("a)b", "unexpected ): `a)b`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("a|*", "missing argument to repetition operator: `*`"),
            ("(+)", "missing argument to repetition operator: `+`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{2,1}", "invalid repeat count: `{2,1}`"),
            (r"\q", r"invalid escape sequence: `\q`"),
            (r"^^^^x43\q", r"invalid escape sequence: `\q`"),
            (r"\8", r"invalid escape sequence: `\8`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            (r"a\", "trailing backslash at end of expression: ``"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("[a-b--+]", "invalid character class range: `--+`"),
            (r"\pX", r"invalid character class range: `\pX`"),
            ("[[:bad:]]", "invalid character class range: `[:bad:]`"),
            ("(?<", "invalid named capture: `(?<`"),
            ("(?P<n>a)(?P<n>b)", "invalid named capture: `n`"),
            ("(?P<a-b>a)", "invalid named capture: `(?P<a-b>`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("(?i", "missing argument to repetition operator: `?`"),
        ] {
            let error = GoRegex::new(pattern).expect_err(pattern).to_string();
            if pattern == "(?i" {
                assert!(error.starts_with("error parsing regexp: missing closing )"), "{error}");
                continue;
            }
            assert_eq!(error, format!("error parsing regexp: {text}"), "{pattern}");
        }
    }

    #[test]
    fn meaning_is_gos() {
        for (pattern, matching, other) in [
            (r"\d+", "12", "१२"),
            (r"\w", "a", "é"),
            (r"[\w-]+", "a-b", "é"),
            (r"[^\d]", "a", "1"),
            (r"\s", " ", "\u{A0}"),
            (r"\Qa.b*\E+", "a.b**", "aXb"),
            (r"\Qa.b", "a.b", "aXb"),
            (r"a{,2}", "a{,2}", "aa"),
            ("a{2}", "aa", "a{2}"),
            ("{x}", "{x}", "x"),
            ("a{2,}?", "aaa", "a"),
            (r"\x41\101\x{42}", "AAB", "AAA"),
            ("[]a]+", "]a", "b"),
            ("[^]a]", "b", "]"),
            ("[a&&b~~[-]+", "a&b~[-", "c"),
            ("[-a]", "-", "b"),
            ("[a-]", "-", "b"),
            ("[a-b-d]", "-", "c"),
            (r"[\]\-]+", "]-", "a"),
            ("[[:alpha:]_]+", "a_", "1"),
            ("[[:^alpha:]]", "1", "a"),
            (r"[^[:space:]\pL]", "1", "é"),
            (r"\p{Greek}\pL", "βa", "ab"),
            (r"\p{^Greek}", "a", "β"),
            ("(?P<x>a)(?:b)(?i:C)", "abc", "abd"),
            ("(?i)ABC", "abc", "abd"),
            ("a|b||c", "b", "d"),
            ("a.c", "a\nc", "ac"),
            (r"\ba\b.*", "a é", "ab"),
            (r"\/\-\#\ ", "/-# ", "a"),
            ("a#b c", "a#b c", "abc"),
            (r"a\z", "a", "b"),
        ] {
            let checked = GoRegex::new(pattern).expect(pattern);
            let regex = regex::Regex::new(&checked.anchored()).expect(pattern);
            assert!(regex.is_match(matching), "{pattern} should match {matching:?}");
            assert!(!regex.is_match(other), "{pattern} should not match {other:?}");
        }
    }

    #[test]
    fn empty_matches() {
        for (pattern, expected) in [
            ("", true),
            (".*", true),
            (".+", false),
            ("a|", true),
            ("a|b", false),
            ("(a|b?)c*", true),
            ("(a|b?)c", false),
            ("a{0,3}", true),
            ("a{1,3}", false),
            ("(a*)+", true),
            ("^$", true),
            (r"\b", false),
            (r"\B", true),
            ("(?i)", true),
            (r"\Q\E", true),
            (r"\Qa\E*", true),
            ("[a]?", true),
        ] {
            let checked = GoRegex::new(pattern).expect(pattern);
            assert_eq!(checked.matches_empty(), expected, "{pattern}");
            assert_eq!(regex::Regex::new(&checked.anchored()).expect(pattern).is_match(""), expected, "{pattern}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}a{}", "(".repeat(2000), ")".repeat(2000));
        assert!(GoRegex::new(&deep).expect_err("too deep").to_string().contains("expression nests too deeply"));
    }

    /// Whatever is accepted must compile once translated, and agree on the empty text.
    #[test]
    fn random_patterns_translate() {
        const PARTS: [&str; 44] = [
            "a",
            "b",
            "é",
            ".",
            "*",
            "+",
            "?",
            "??",
            "{2}",
            "{,3}",
            "{1,}",
            "{",
            "}",
            "(",
            ")",
            "(?:",
            "(?i)",
            "(?P<n>",
            "(?s-i:",
            "|",
            "[",
            "]",
            "[^",
            "-",
            "^",
            "$",
            "\\",
            "\\d",
            "\\W",
            "\\b",
            "\\B",
            "\\pL",
            "\\P{Greek}",
            "\\Q",
            "\\E",
            "\\x41",
            "\\x{1F}",
            "\\101",
            "[:alpha:]",
            "&&",
            "~~",
            "--",
            " ",
            "#",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut below = |limit: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % limit as u64).expect("below the limit")
        };
        let mut accepted = 0;
        for _ in 0..15_000 {
            let pattern: String = (0..=below(9)).map(|_| PARTS[below(PARTS.len())]).collect();
            let Ok(checked) = GoRegex::new(&pattern) else { continue };
            accepted += 1;
            match regex::Regex::new(&checked.anchored()) {
                Ok(regex) => assert_eq!(regex.is_match(""), checked.matches_empty(), "{pattern:?}"),
                Err(error) => panic!("{pattern:?} became {:?}: {error}", checked.translated()),
            }
        }
        assert!(accepted > 2_000, "{accepted}");
    }
}
