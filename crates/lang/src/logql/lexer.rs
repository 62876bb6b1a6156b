//! Text to tokens, on demand. Words are not told apart here: what is a keyword depends on where it stands.

use gw_base::duration;

use super::error::Fault;
use super::size;
use crate::Span;
use crate::promql::check_escape;

/// A token: its kind and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TokenKind {
    Eof,
    /// The lexer gave up; its fault says why.
    Error,
    /// An identifier or keyword.
    Word,
    String,
    Number,
    /// In nanoseconds.
    Duration(i64),
    /// `10MB`, in bytes.
    Bytes(u64),
    /// `[5m]`, in nanoseconds.
    Range(i64),
    /// `--strict`.
    Flag,
    /// An operator or bracket.
    Symbol(&'static str),
}

/// Longer ones first, so that the first that fits is the right one.
const SYMBOLS: [&str; 28] = [
    "|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "{", "}", "(", ")", ",", ".", "|", "=", ">", "<", "+",
    "-", "*", "/", "%", "^", "]", "@",
];

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    fault: Option<Fault>,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, position: 0, fault: None }
    }

    /// Why the last token was [`TokenKind::Error`].
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// What follows the last token, space and comments left out.
    pub(super) fn upcoming(&self) -> &'a str {
        self.text.get(self.after_space_and_comments()..).unwrap_or("")
    }

    /// The word that follows the last token, or nothing.
    pub(super) fn upcoming_word(&self) -> &'a str {
        let rest = self.upcoming();
        rest.get(..rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len())).unwrap_or("")
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Token {
        self.position = self.after_space_and_comments();
        let start = self.position;
        let kind = self.scan(start);
        Token { kind, span: Span::new(start, self.position) }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn after_space_and_comments(&self) -> usize {
        let mut rest = self.rest();
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
            if !rest.starts_with('#') {
                return self.text.len() - rest.len();
            }
            rest = rest.get(rest.find('\n').unwrap_or(rest.len())..).unwrap_or("");
        }
    }

    fn bump_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.position += rest.find(|c| !keep(c)).unwrap_or(rest.len());
    }

    fn fail(&mut self, fault: Fault) -> TokenKind {
        self.fault = Some(fault);
        TokenKind::Error
    }

    fn scan(&mut self, start: usize) -> TokenKind {
        let Some(first) = self.peek() else { return TokenKind::Eof };
        match first {
            '"' | '`' => self.string(start, first),
            '[' => self.range(start),
            '0'..='9' => self.number(),
            '.' if self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) => self.number(),
            '-' if is_flag(self.rest()) => {
                self.position += 2;
                self.bump_while(|c| c.is_ascii_lowercase() || c == '-');
                TokenKind::Flag
            }
            _ if first == '_' || first.is_alphabetic() => {
                self.bump_while(|c| c == '_' || c.is_alphanumeric());
                TokenKind::Word
            }
            _ => match SYMBOLS.into_iter().find(|symbol| self.rest().starts_with(symbol)) {
                Some(symbol) => {
                    self.position += symbol.len();
                    TokenKind::Symbol(symbol)
                }
                None => {
                    let span = Span::new(start, start + first.len_utf8());
                    self.fail(Fault::token(span, format!("syntax error: unexpected {first}")))
                }
            },
        }
    }

    fn string(&mut self, start: usize, quote: char) -> TokenKind {
        self.position += 1;
        let span = |end: usize| Span::new(start, end);
        loop {
            let Some(c) = self.peek() else {
                return self.fail(Fault::token(span(self.position), "literal not terminated"));
            };
            self.position += c.len_utf8();
            match c {
                _ if c == quote => return TokenKind::String,
                '\n' if quote == '"' => {
                    return self.fail(Fault::token(span(self.position), "literal not terminated"));
                }
                '\\' if quote == '"' => match check_escape(self.rest(), quote) {
                    Ok(length) => self.position += length,
                    Err(_unnamed) => {
                        return self.fail(Fault::token(span(self.position), "invalid char escape"));
                    }
                },
                _ => {}
            }
        }
    }

    fn range(&mut self, start: usize) -> TokenKind {
        let rest = self.rest();
        let Some(length) = rest.find(']') else {
            return self.fail(Fault::unnumbered(Span::new(start, self.text.len()), "missing closing ']' in duration"));
        };
        self.position += length + 1;
        let inner = rest.get(1..length).unwrap_or("").trim();
        match nanos(inner) {
            Some(nanos) => TokenKind::Range(nanos),
            None => self.fail(Fault::unnumbered(Span::new(start, self.position), duration_complaint(inner))),
        }
    }

    fn number(&mut self) -> TokenKind {
        let run = number_run(self.rest());
        let text = self.rest().get(..run).unwrap_or("");
        let kind = if is_go_float(text) {
            TokenKind::Number
        } else if let Some(nanos) = nanos(text) {
            TokenKind::Duration(nanos)
        } else if let Some(bytes) = size::parse(text) {
            TokenKind::Bytes(bytes)
        } else if text.starts_with('0') && text.len() > 1 {
            // `0b10`, `0x1A`, `08x`: one token that is no float, which is told when its value is taken.
            TokenKind::Number
        } else {
            let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
            self.position += digits.max(1);
            return TokenKind::Number;
        };
        self.position += run;
        kind
    }
}

fn is_flag(text: &str) -> bool {
    text.starts_with("--strict") || text.starts_with("--keep-empty")
}

/// How long the run is that may be a number with or without a unit; a sign belongs to it after an exponent only.
fn number_run(text: &str) -> usize {
    let mut previous = ' ';
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    for (at, c) in text.char_indices() {
        let after_exponent = if hexadecimal { matches!(previous, 'p' | 'P') } else { matches!(previous, 'e' | 'E') };
        let signed = matches!(c, '+' | '-') && after_exponent && is_mantissa(text.get(..at - 1).unwrap_or(""));
        if !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | 'µ' | 'μ') || signed) {
            return at;
        }
        previous = c;
    }
    text.len()
}

fn is_mantissa(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b'x' | b'X'))
}

/// A decimal or hexadecimal float as Go's `ParseFloat` takes it.
fn is_go_float(text: &str) -> bool {
    float(text).is_some()
}

/// The value of a number; hexadecimal ones need an exponent.
pub(super) fn float(text: &str) -> Option<f64> {
    let (Some(hexadecimal), true) = (text.get(2..), text.starts_with("0x") || text.starts_with("0X")) else {
        // Rust takes words such as `inf` too, which cannot start a number token.
        return text.bytes().next().filter(|byte| byte.is_ascii_digit() || *byte == b'.').and(text.parse().ok());
    };
    let (mantissa, exponent) = hexadecimal.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.chars().chain(fraction.chars());
    let mut value = 0f64;
    for digit in digits {
        value = value.mul_add(16.0, f64::from(digit.to_digit(16)?));
    }
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    let exponent = exponent.parse::<i32>().ok()?.checked_sub(shift)?;
    (!whole.is_empty() || !fraction.is_empty()).then(|| value * 2f64.powi(exponent))
}

/// A Go or Prometheus duration, in nanoseconds.
pub(super) fn nanos(text: &str) -> Option<i64> {
    duration::go(text).ok().or_else(|| {
        let parsed = duration::prometheus(text).ok()?;
        i64::try_from(parsed.as_nanos()).ok()
    })
}

/// What Go says about a text that is no duration.
fn duration_complaint(text: &str) -> String {
    let mut rest = text.trim_start_matches(['-', '+']);
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        if number == 0 {
            break;
        }
        rest = rest.get(number..).unwrap_or("");
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        match rest.get(..unit).unwrap_or("") {
            "" => return format!("missing unit in duration \"{text}\""),
            "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" | "d" | "w" | "y" => {}
            unknown => return format!("unknown unit \"{unknown}\" in duration \"{text}\""),
        }
        rest = rest.get(unit..).unwrap_or("");
    }
    format!("invalid duration \"{text}\"")
}
