//! One pass over a pattern, without recursion: checks it, writes the translation, and tracks whether it matches nothing.

use super::{GoRegex, GoRegexError, class};
use crate::Set;

/// Go's own bound.
const DEEPEST_NESTING: usize = 1000;
const LARGEST_REPEAT: u32 = 1000;

/// An open group, or the whole pattern.
#[derive(Debug, Default)]
struct Group {
    /// An alternative before the current one matches nothing.
    empty_before: bool,
    /// The current alternative, without its last item, cannot match nothing.
    consumes: bool,
    /// Whether the last item matches nothing; `None` where a repetition has no argument.
    last_empty: Option<bool>,
    /// Where the repetition operators after the last item begin.
    repeated_at: Option<usize>,
}

impl Group {
    /// Ends the current alternative and says whether it matches nothing.
    fn alternative(&mut self) -> bool {
        let empty = !self.consumes && self.last_empty != Some(false);
        (self.consumes, self.last_empty, self.repeated_at) = (false, None, None);
        empty
    }

    fn push(&mut self, empty: bool) {
        self.consumes |= self.last_empty == Some(false);
        self.last_empty = Some(empty);
        self.repeated_at = None;
    }
}

struct Scanner<'a> {
    pattern: &'a str,
    position: usize,
    out: String,
    /// Flags such as `(?i)` that hold from here on. They wait for the next item, since a repetition operator after them
    /// belongs to the item before.
    flags: String,
    groups: Vec<Group>,
    current: Group,
    names: Set<&'a str>,
}

type Scanned<T> = Result<T, GoRegexError>;

pub(super) fn scan(pattern: &str) -> Scanned<GoRegex> {
    let mut scanner = Scanner {
        pattern,
        position: 0,
        out: String::with_capacity(pattern.len() + 8),
        flags: String::new(),
        groups: Vec::new(),
        current: Group::default(),
        names: Set::default(),
    };
    while let Some(c) = scanner.bump() {
        scanner.step(c)?;
    }
    if !scanner.groups.is_empty() {
        return Err(GoRegexError::new("missing closing )", pattern));
    }
    let matches_empty = scanner.current.alternative() | scanner.current.empty_before;
    Ok(GoRegex { translated: scanner.out, matches_empty })
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.pattern.get(self.position..).unwrap_or("")
    }

    fn since(&self, start: usize) -> &'a str {
        self.pattern.get(start..self.position).unwrap_or("")
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.position += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.position += if found { text.len() } else { 0 };
        found
    }

    /// Writes the flags that wait, before an item begins.
    fn settle_flags(&mut self) {
        self.out.push_str(&self.flags);
        self.flags.clear();
    }

    fn literal(&mut self, c: char) {
        self.settle_flags();
        class::push_literal(&mut self.out, c);
        self.current.push(false);
    }

    /// Appends an item that stands for itself in both syntaxes.
    fn item(&mut self, text: &str, empty: bool) {
        self.settle_flags();
        self.out.push_str(text);
        self.current.push(empty);
    }

    fn step(&mut self, c: char) -> Scanned<()> {
        let start = self.position - c.len_utf8();
        match c {
            '(' => return self.open(start),
            ')' => return self.close(),
            '|' => {
                self.settle_flags();
                self.current.empty_before |= self.current.alternative();
                self.out.push('|');
            }
            '.' => self.item(".", false),
            '^' => self.item("^", true),
            '$' => self.item("$", true),
            '*' | '?' => return self.repeat(start, true),
            '+' => return self.repeat(start, false),
            '{' => match repeat_count(self.rest()) {
                None => self.literal('{'),
                Some((length, low, high)) => {
                    self.position += length;
                    if low > LARGEST_REPEAT || high.is_some_and(|high| high > LARGEST_REPEAT || high < low) {
                        return Err(GoRegexError::new("invalid repeat count", self.since(start)));
                    }
                    return self.repeat(start, low == 0);
                }
            },
            '[' => {
                self.settle_flags();
                self.position = start;
                let text = self.rest();
                self.position += class::push_class(&mut self.out, text)?;
                self.current.push(false);
            }
            '\\' => return self.escape(start),
            _ => self.literal(c),
        }
        Ok(())
    }

    /// A repetition operator that began at `start` and has been read except for a `?` after it.
    fn repeat(&mut self, start: usize, none_allowed: bool) -> Scanned<()> {
        let Some(empty) = self.current.last_empty else {
            return Err(GoRegexError::new("missing argument to repetition operator", self.since(start)));
        };
        self.accept("?");
        if let Some(first) = self.current.repeated_at {
            return Err(GoRegexError::new("invalid nested repetition operator", self.since(first)));
        }
        self.current.repeated_at = Some(start);
        self.current.last_empty = Some(empty || none_allowed);
        self.out.push_str(self.pattern.get(start..self.position).unwrap_or(""));
        Ok(())
    }

    fn open(&mut self, start: usize) -> Scanned<()> {
        if self.groups.len() >= DEEPEST_NESTING {
            return Err(GoRegexError::new("expression nests too deeply", self.pattern));
        }
        if self.rest().starts_with('?') {
            if !self.open_with_options(start)? {
                return Ok(());
            }
        } else {
            self.settle_flags();
            self.out.push('(');
        }
        self.groups.push(std::mem::take(&mut self.current));
        Ok(())
    }

    /// After `(`, at `?`. Returns whether a group was opened, rather than flags set.
    fn open_with_options(&mut self, start: usize) -> Scanned<bool> {
        if self.accept("?P<") || self.accept("?<") {
            let Some(length) = self.rest().find('>') else {
                return Err(GoRegexError::new("invalid named capture", self.pattern.get(start..).unwrap_or("")));
            };
            let name = self.rest().get(..length).unwrap_or("");
            self.position += length + 1;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(GoRegexError::new("invalid named capture", self.since(start)));
            }
            if !self.names.insert(name) {
                return Err(GoRegexError::new("invalid named capture", name));
            }
            self.settle_flags();
            self.out.push_str("(?P<");
            self.out.push_str(name);
            self.out.push('>');
            return Ok(true);
        }
        self.accept("?");
        let (mut negated, mut flags) = (false, 0usize);
        loop {
            match self.bump() {
                Some('i' | 'm' | 's' | 'U') => flags += 1,
                Some('-') if !negated => (negated, flags) = (true, 0),
                Some(end @ (':' | ')')) if !(negated && flags == 0) => {
                    if end == ':' {
                        self.settle_flags();
                        self.out.push_str(self.since(start));
                        return Ok(true);
                    }
                    if self.since(start) == "(?)" {
                        break;
                    }
                    let flags = self.since(start);
                    self.flags.push_str(flags);
                    self.current.repeated_at = None;
                    return Ok(false);
                }
                None => return Err(GoRegexError::new("missing closing )", self.pattern)),
                Some(_) => break,
            }
        }
        Err(GoRegexError::new("invalid or unsupported Perl syntax", self.since(start)))
    }

    fn close(&mut self) -> Scanned<()> {
        let empty = self.current.alternative() | self.current.empty_before;
        let Some(outer) = self.groups.pop() else {
            return Err(GoRegexError::new("unexpected )", self.pattern));
        };
        self.current = outer;
        // They hold to the end of their group.
        self.flags.clear();
        self.item(")", empty);
        Ok(())
    }

    fn escape(&mut self, start: usize) -> Scanned<()> {
        match self.rest().chars().next() {
            Some('A') => self.anchor("\\A", true),
            Some('z') => self.anchor("\\z", true),
            Some('b') => self.anchor("(?-u:\\b)", false),
            Some('B') => self.anchor("(?-u:\\B)", true),
            Some('Q') => {
                self.bump();
                let quoted = self.rest();
                let length = quoted.find("\\E").unwrap_or(quoted.len());
                quoted.get(..length).unwrap_or("").chars().for_each(|c| self.literal(c));
                self.position += length;
                self.accept("\\E");
            }
            // The end of a quotation that was none is ignored.
            Some('E') => drop(self.bump()),
            _ => {
                self.settle_flags();
                self.position = start;
                let text = self.rest();
                self.position += class::push_escape(&mut self.out, text)?;
                self.current.push(false);
            }
        }
        Ok(())
    }

    fn anchor(&mut self, text: &str, empty: bool) {
        self.bump();
        self.item(text, empty);
    }
}

/// Reads `n}`, `n,}` or `n,m}`: its length, and the counts. Anything else is a literal brace.
fn repeat_count(text: &str) -> Option<(usize, u32, Option<u32>)> {
    let end = text.find('}')?;
    let inner = text.get(..end)?;
    let count = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let without_leading_zero = digits.len() == 1 || !digits.starts_with('0');
        (plain && without_leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let (low, high) = match inner.split_once(',') {
        None => (count(inner)?, None),
        Some((low, "")) => (count(low)?, None),
        Some((low, high)) => (count(low)?, Some(count(high)?)),
    };
    Some((end + 1, low, high))
}
