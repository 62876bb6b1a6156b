//! Text to tokens, on demand. Three modes: plain, inside braces (no keywords), inside brackets (durations only).

use super::ast::BinaryOp;
use super::error::Fault;
use super::token::{Keyword, Token, TokenKind, keyword};
use crate::Span;
use crate::quote::{go_quote, go_quote_char};

/// Hands out tokens; after an error it hands out the error again.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    open_parens: usize,
    in_braces: bool,
    brackets: Brackets,
    fault: Option<Fault>,
}

/// Where the lexer stands between `[` and `]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brackets {
    Outside,
    /// No number was seen yet.
    Fresh,
    /// A number was seen; only errors are worded differently.
    AfterNumber,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, position: 0, open_parens: 0, in_braces: false, brackets: Brackets::Outside, fault: None }
    }

    /// Why the last token was [`TokenKind::Error`].
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// The next token, comments and space left out.
    pub(super) fn next(&mut self) -> Token {
        self.skip_space_and_comments();
        let start = self.position;
        let kind = if self.in_braces {
            self.lex_in_braces()
        } else if self.brackets == Brackets::Outside {
            self.lex_plain()
        } else {
            self.lex_in_brackets()
        };
        Token { kind, span: Span::new(start, self.position) }
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or("")
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += c.len_utf8();
        Some(c)
    }

    fn bump_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.peek_byte().is_some_and(&keep) {
            self.position += 1;
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek_byte() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn fail(&mut self, start: usize, message: impl Into<String>) -> TokenKind {
        self.fault = Some(Fault::new(Span::new(start, self.text.len()), message));
        TokenKind::Error
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            self.bump_while(is_space);
            // A comment may stand anywhere except before the first number of a bracket, as in the original.
            if self.brackets == Brackets::Fresh || self.peek_byte() != Some(b'#') {
                return;
            }
            self.bump_while(|byte| byte != b'\n' && byte != b'\r');
        }
    }

    fn lex_plain(&mut self) -> TokenKind {
        let start = self.position;
        let Some(c) = self.bump() else {
            return if self.open_parens > 0 { self.fail(start, "unclosed left parenthesis") } else { TokenKind::Eof };
        };
        match c {
            '{' => {
                self.in_braces = true;
                TokenKind::LeftBrace
            }
            '[' => {
                self.brackets = Brackets::Fresh;
                TokenKind::LeftBracket
            }
            ']' => self.fail(start, "unexpected right bracket ']'"),
            '=' if self.accept(b'=') => TokenKind::Operator(BinaryOp::Equal),
            '=' if self.peek_byte() == Some(b'~') => self.fail(start, "unexpected character after '=': '~'"),
            '=' => TokenKind::Assign,
            '!' if self.accept(b'=') => TokenKind::Operator(BinaryOp::NotEqual),
            '!' => {
                let message = format!("unexpected character after '!': {}", go_quote_char(self.peek()));
                self.fail(start, message)
            }
            '<' if self.accept(b'=') => TokenKind::Operator(BinaryOp::LessEqual),
            '<' if self.accept(b'/') => TokenKind::Operator(BinaryOp::TrimUpper),
            '<' => TokenKind::Operator(BinaryOp::Less),
            '>' if self.accept(b'=') => TokenKind::Operator(BinaryOp::GreaterEqual),
            '>' if self.accept(b'/') => TokenKind::Operator(BinaryOp::TrimLower),
            '>' => TokenKind::Operator(BinaryOp::Greater),
            '@' => TokenKind::At,
            '"' | '\'' | '`' => self.lex_string(start, c),
            'a'..='z' | 'A'..='Z' | '_' | ':' => self.lex_word(start),
            _ => self.lex_shared(start, c, "unexpected character: "),
        }
    }

    /// What plain text and brackets have in common.
    fn lex_shared(&mut self, start: usize, c: char, complaint: &str) -> TokenKind {
        match c {
            ',' => TokenKind::Comma,
            '+' => TokenKind::Operator(BinaryOp::Add),
            '-' => TokenKind::Operator(BinaryOp::Sub),
            '*' => TokenKind::Operator(BinaryOp::Mul),
            '/' => TokenKind::Operator(BinaryOp::Div),
            '%' => TokenKind::Operator(BinaryOp::Mod),
            '^' => TokenKind::Operator(BinaryOp::Pow),
            '(' => {
                self.open_parens += 1;
                TokenKind::LeftParen
            }
            ')' if self.open_parens == 0 => self.fail(self.position, "unexpected right parenthesis ')'"),
            ')' => {
                self.open_parens -= 1;
                TokenKind::RightParen
            }
            '0'..='9' => self.lex_number(start),
            '.' if self.peek_byte().is_some_and(|byte| byte.is_ascii_digit()) => self.lex_number(start),
            _ => self.fail(start, format!("{complaint}{}", go_quote_char(Some(c)))),
        }
    }

    fn lex_in_braces(&mut self) -> TokenKind {
        let start = self.position;
        let Some(c) = self.bump() else { return self.fail(start, "unexpected end of input inside braces") };
        match c {
            'a'..='z' | 'A'..='Z' | '_' => {
                self.bump_while(is_alphanumeric);
                TokenKind::Identifier
            }
            ',' => TokenKind::Comma,
            '"' | '\'' | '`' => self.lex_string(start, c),
            '=' if self.accept(b'~') => TokenKind::MatchRegex,
            '=' => TokenKind::Assign,
            '!' if self.accept(b'~') => TokenKind::MatchNotRegex,
            '!' if self.accept(b'=') => TokenKind::Operator(BinaryOp::NotEqual),
            '!' => {
                let found = go_quote_char(self.peek());
                self.fail(start, format!("unexpected character after '!' inside braces: {found}"))
            }
            '{' => self.fail(start, "unexpected left brace '{'"),
            '}' => {
                self.in_braces = false;
                TokenKind::RightBrace
            }
            _ => self.fail(start, format!("unexpected character inside braces: {}", go_quote_char(Some(c)))),
        }
    }

    fn lex_in_brackets(&mut self) -> TokenKind {
        let start = self.position;
        let fresh = self.brackets == Brackets::Fresh;
        let Some(c) = self.bump() else {
            return self.fail(
                start,
                match (fresh, self.open_parens) {
                    (true, _) => "unexpected end of input in duration expression",
                    (false, 0) => "unclosed left bracket",
                    (false, _) => "unclosed left parenthesis",
                },
            );
        };
        match c {
            ']' => {
                self.brackets = Brackets::Outside;
                TokenKind::RightBracket
            }
            ':' if fresh => self.fail(self.position, "unexpected colon before duration in duration expression"),
            ':' => TokenKind::Colon,
            '[' => self.fail(start, "unexpected left bracket '['"),
            'a'..='z' | 'A'..='Z' | '_' => self.lex_duration_word(start, c),
            '0'..='9' | '.' => {
                self.brackets = Brackets::AfterNumber;
                self.lex_shared(start, c, "unexpected character: ")
            }
            _ if fresh => self.lex_shared(start, c, "unexpected character in duration expression: "),
            _ => self.lex_shared(start, c, "unexpected character: "),
        }
    }

    fn lex_duration_word(&mut self, start: usize, first: char) -> TokenKind {
        self.bump_while(is_alphanumeric);
        let word = self.text.get(start..self.position).unwrap_or("");
        let kind = match word.to_ascii_lowercase().as_str() {
            "step" => TokenKind::Keyword(Keyword::Step),
            "range" => TokenKind::Keyword(Keyword::Range),
            "min_of" | "max_of" => TokenKind::Identifier,
            _ if self.brackets == Brackets::Fresh => {
                return self.fail(start, format!("unexpected character in duration expression: '{first}'"));
            }
            _ => return self.fail(start, format!("unexpected character: '{first}', expected ':'")),
        };
        // `[step():1m]` is as good a range as a number.
        self.brackets = Brackets::AfterNumber;
        kind
    }

    fn lex_word(&mut self, start: usize) -> TokenKind {
        self.bump_while(|byte| is_alphanumeric(byte) || byte == b':');
        let word = self.text.get(start..self.position).unwrap_or("");
        match keyword(word) {
            Some(TokenKind::Keyword(Keyword::Fill | Keyword::FillLeft | Keyword::FillRight))
                if !self.rest().trim_start_matches([' ', '\t', '\n', '\r']).starts_with('(') =>
            {
                TokenKind::Identifier
            }
            Some(kind) => kind,
            None if word.contains(':') => TokenKind::MetricIdentifier,
            None => TokenKind::Identifier,
        }
    }

    fn lex_number(&mut self, start: usize) -> TokenKind {
        let (length, is_number) = scan_number(self.text.as_bytes().get(start..).unwrap_or_default());
        self.position = start + length;
        if is_number {
            return TokenKind::Number;
        }
        if self.accept_duration_units() {
            return TokenKind::Duration;
        }
        let text = self.text.get(start..self.position).unwrap_or("");
        self.fail(start, format!("bad number or duration syntax: {}", go_quote(text)))
    }

    /// The rest of a duration after its first number. Units in the wrong order are told when its value is taken.
    fn accept_duration_units(&mut self) -> bool {
        loop {
            if !self.peek_byte().is_some_and(|byte| b"smhdwy".contains(&byte)) {
                return false;
            }
            self.position += 1;
            self.accept(b's');
            if !self.peek_byte().is_some_and(|byte| byte.is_ascii_digit()) {
                let spoilt = self.peek_byte().is_some_and(is_alphanumeric);
                self.position += usize::from(spoilt);
                return !spoilt;
            }
            self.bump_while(|byte| byte.is_ascii_digit());
        }
    }

    fn lex_string(&mut self, start: usize, quote: char) -> TokenKind {
        loop {
            match self.bump() {
                Some(c) if c == quote => return TokenKind::String,
                None if quote == '`' => return self.fail(start, "unterminated raw string"),
                Some('\n') if quote != '`' => return self.fail(start, "unterminated quoted string"),
                None => return self.fail(start, "unterminated quoted string"),
                Some('\\') if quote != '`' => {
                    if let Err(message) = check_escape(self.rest(), quote).map(|length| self.position += length) {
                        return self.fail(start, message);
                    }
                }
                Some(_) => {}
            }
        }
    }
}

/// The length of an escape sequence, its backslash left out.
pub(crate) fn check_escape(text: &str, quote: char) -> Result<usize, String> {
    let Some(first) = text.chars().next() else { return Err("escape sequence not terminated".to_owned()) };
    let (start, digits, radix) = match first {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => return Ok(1),
        _ if first == quote => return Ok(1),
        '0'..='7' => (0, 3, 8),
        'x' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        _ => return Err(format!("unknown escape sequence {}", unicode(first))),
    };
    let mut value = 0u32;
    let mut characters = text.chars().skip(start);
    for _ in 0..digits {
        match characters.next().map(|c| (c, c.to_digit(radix))) {
            None => return Err("escape sequence not terminated".to_owned()),
            Some((c, None)) => return Err(format!("illegal character {} in escape sequence", unicode(c))),
            Some((_, Some(digit))) => value = value.wrapping_mul(radix) + digit,
        }
    }
    let valid = if matches!(first, 'u' | 'U') { char::from_u32(value).is_some() } else { value <= 0xFF };
    if valid { Ok(start + digits) } else { Err("escape sequence is an invalid Unicode code point".to_owned()) }
}

/// Go's `%#U`: `U+0071 'q'`.
fn unicode(c: char) -> String {
    format!("U+{:04X} '{c}'", c as u32)
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Scans a number and returns how far, and whether it is one (`5m` is not: it stops at `m`). Underscores may stand between
/// digits, a dot and an exponent come once, hexadecimal has neither.
fn scan_number(bytes: &[u8]) -> (usize, bool) {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let hexadecimal = at(0) == b'0' && matches!(at(1), b'x' | b'X');
    let is_digit = |byte: u8| if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    let mut index = if hexadecimal { 2 + usize::from(at(2) == b'_') } else { 0 };
    let (mut dot, mut exponent) = (false, false);
    loop {
        match at(index) {
            byte if is_digit(byte) => index += 1,
            b'.' => {
                index += 1;
                if dot || hexadecimal {
                    return (index, false);
                }
                if matches!(at(index), b'_' | b'.') {
                    return (index + 1, false);
                }
                dot = true;
            }
            b'e' | b'E' if !hexadecimal => {
                index += 1;
                if exponent {
                    return (index, false);
                }
                exponent = true;
                index += usize::from(matches!(at(index), b'+' | b'-'));
                if let Some(end) = bad_after(bytes, index) {
                    return (end, false);
                }
            }
            b'_' => {
                index += 1;
                if let Some(end) = bad_after(bytes, index) {
                    return (end, false);
                }
            }
            byte => return (index, !is_alphanumeric(byte)),
        }
    }
}

/// Where a number ends that cannot go on at `index`, after an exponent or underscore: the faulty character is shown with it.
fn bad_after(bytes: &[u8], index: usize) -> Option<usize> {
    match bytes.get(index) {
        None => Some(index),
        Some(b'.' | b'_' | b'e' | b'E') => Some(index + 1),
        Some(_) => None,
    }
}
