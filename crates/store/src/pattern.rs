//! Regular expressions of matchers: what they can only begin and end with is told from them first, so that most of a label's
//! values are judged by a comparison, and a finite set of texts needs no automaton at all.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use gw_base::go_regex::GoRegex;
use regex::Regex;
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};

use crate::StoreError;

/// Largest compiled pattern; bounds what a hostile expression may take.
const PATTERN_BYTES: usize = 4 << 20;
/// Patterns that are kept compiled: a dashboard asks with the same ones again and again.
const KEPT: usize = 128;
/// Longest pattern that is kept.
const KEPT_BYTES: usize = 4 << 10;

/// A compiled expression, anchored at both ends.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// One of them starts every text that matches; none is the start of another; sorted. Empty when nothing is known.
    prefixes: Vec<Box<[u8]>>,
    /// One of them ends every text that matches. Empty when nothing is known.
    suffixes: Vec<Box<[u8]>>,
    regex: Regex,
}

/// What an expression stands for.
#[derive(Debug, Clone)]
pub(crate) enum Meaning {
    /// These texts and no others.
    Texts(Vec<String>),
    /// Those that match.
    Pattern(Arc<Pattern>),
}

/// Patterns compiled lately, the last used in front. A pattern means the same everywhere, so one memory serves all stores.
static COMPILED: LazyLock<Mutex<VecDeque<(String, Meaning)>>> = LazyLock::new(Mutex::default);

/// Compiles an expression, or remembers it.
pub(crate) fn compile(text: &str) -> Result<Meaning, StoreError> {
    if text.len() > KEPT_BYTES {
        return fresh(text);
    }
    let memory = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut memory = memory();
        if let Some(entry) = memory.iter().position(|(known, _)| known == text).and_then(|at| memory.remove(at)) {
            let meaning = entry.1.clone();
            memory.push_front(entry);
            return Ok(meaning);
        }
    }
    let meaning = fresh(text)?;
    let mut memory = memory();
    memory.push_front((text.to_owned(), meaning.clone()));
    memory.truncate(KEPT);
    Ok(meaning)
}

fn fresh(text: &str) -> Result<Meaning, StoreError> {
    let refuse = |message: String| StoreError::Pattern { pattern: shown(text), message };
    let checked = GoRegex::new(text).map_err(|error| refuse(error.to_string()))?;
    let inner = format!("(?s:{})", checked.translated());
    let hir = regex_syntax::parse(&inner).map_err(|error| refuse(error.to_string()))?;
    let prefixes = literals(&hir, ExtractKind::Prefix);
    // Assertions such as `\b` are left out of literals, which are then no longer the whole truth.
    if hir.properties().look_set().is_empty()
        && let Some(texts) = whole(&prefixes)
    {
        return Ok(Meaning::Texts(texts));
    }
    let suffixes = literals(&hir, ExtractKind::Suffix);
    let regex = regex::RegexBuilder::new(&checked.anchored()).size_limit(PATTERN_BYTES).build();
    let regex = regex.map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            refuse(format!("compiled it takes more than {limit} bytes; ask with fewer alternatives"))
        }
        error => refuse(error.to_string()),
    })?;
    let pattern = Pattern { prefixes: shortest(texts_of(&prefixes)), suffixes: texts_of(&suffixes), regex };
    Ok(Meaning::Pattern(Arc::new(pattern)))
}

/// A pattern as an error shows it: not a megabyte of it.
fn shown(text: &str) -> String {
    const MOST: usize = 256;
    let mut shown: String = text.chars().take(MOST).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

fn literals(hir: &Hir, kind: ExtractKind) -> Seq {
    Extractor::new().kind(kind).extract(hir)
}

/// The texts, if they are all that can match.
fn whole(prefixes: &Seq) -> Option<Vec<String>> {
    if !prefixes.is_exact() {
        return None;
    }
    prefixes.literals()?.iter().map(|literal| String::from_utf8(literal.as_bytes().to_vec()).ok()).collect()
}

/// The literals, sorted; none if the empty text is among them or their number has no bound.
fn texts_of(seq: &Seq) -> Vec<Box<[u8]>> {
    let Some(literals) = seq.literals() else { return Vec::new() };
    if literals.iter().any(|literal| literal.is_empty()) {
        return Vec::new();
    }
    let mut texts: Vec<Box<[u8]>> = literals.iter().map(|literal| literal.as_bytes().into()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Without those that begin with another one.
fn shortest(sorted: Vec<Box<[u8]>>) -> Vec<Box<[u8]>> {
    let mut kept: Vec<Box<[u8]>> = Vec::with_capacity(sorted.len());
    for text in sorted {
        if kept.last().is_none_or(|last| !text.starts_with(last)) {
            kept.push(text);
        }
    }
    kept
}

impl Pattern {
    /// Whether a text matches.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.fits_ends(text.as_bytes()) && self.regex.is_match(text)
    }

    /// Whether a text begins and ends like one that matches.
    pub(crate) fn fits_ends(&self, text: &[u8]) -> bool {
        self.can_start(text) && self.can_end(text)
    }

    /// One of these begins every text that matches; none when nothing is known.
    pub(crate) fn prefixes(&self) -> &[Box<[u8]>] {
        &self.prefixes
    }

    fn can_start(&self, text: &[u8]) -> bool {
        // No prefix begins another, so only the greatest that is not behind the text can begin it.
        let behind = self.prefixes.partition_point(|prefix| **prefix <= *text);
        self.prefixes.is_empty() || behind.checked_sub(1).is_some_and(|at| text.starts_with(&self.prefixes[at]))
    }

    fn can_end(&self, text: &[u8]) -> bool {
        self.suffixes.is_empty() || self.suffixes.iter().any(|suffix| text.ends_with(suffix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(meaning: &Meaning, text: &str) -> bool {
        match meaning {
            Meaning::Texts(texts) => texts.iter().any(|one| one == text),
            Meaning::Pattern(pattern) => pattern.is_match(text),
        }
    }

    #[test]
    fn finite_sets_need_no_automaton_and_others_say_how_they_begin() {
        assert!(matches!(compile(r"a\.b|c(d|e)"), Ok(Meaning::Texts(texts)) if texts == ["a.b", "cd", "ce"]));
        let Ok(Meaning::Pattern(pattern)) = compile("svc(001|017|123)-.+[02]") else { panic!("not a finite set") };
        assert_eq!(pattern.prefixes.len(), 3);
        assert_eq!(pattern.suffixes.len(), 2);
        assert!(pattern.is_match("svc017-x0") && !pattern.is_match("svc018-x0") && !pattern.is_match("svc017-x1"));
        assert!(matches!(compile(r"\bab\b"), Ok(Meaning::Pattern(_))));
    }

    #[test]
    fn tens_of_thousands_of_alternatives_end_soon() {
        let many: Vec<String> = (0..30_000).map(|i| format!("pod{i}.*")).collect();
        match compile(&many.join("|")) {
            Err(StoreError::Pattern { pattern, message }) => {
                assert!(pattern.len() < 300 && message.contains("fewer alternatives"), "{pattern} {message}");
            }
            other => panic!("it must not fit: {}", other.is_ok()),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn shortcuts_change_nothing(
            pattern in "(a|b|ab|\\.|[ab]|a\\+|a[*]|\\(a[|]b\\)|(a|bc)|a[?]|\\[ab\\]|[.][+]|[.][*]){0,5}",
            texts in proptest::collection::vec("[abc.]{0,5}", 20),
        ) {
            let Ok(checked) = GoRegex::new(&pattern) else { return Ok(()) };
            let plain = Regex::new(&checked.anchored()).expect("the pattern was checked");
            let meaning = fresh(&pattern).expect("the pattern was checked");
            for text in texts {
                prop_assert_eq!(matches(&meaning, &text), plain.is_match(&text), "{} {}", pattern, text);
            }
        }
    }
}
