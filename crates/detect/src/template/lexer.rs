//! Cuts a template into texts and the tokens inside `{{ }}`.

use super::TemplateError;

/// A piece of a template, with the line it starts on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) line: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// Text outside of actions.
    Text(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// A function name or keyword.
    Word(String),
    /// `.` alone.
    Dot,
    /// `.Name`.
    Field(String),
    /// `$` or `$name`, with the dollar.
    Variable(String),
    /// A quoted, raw or character literal, already unescaped; characters are numbers.
    Literal(String),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// `(` `)` `|` `,` `=` `:=`
    Sign(&'static str),
    /// Spaces between operands matter: `.A .B` are two operands, `.A.B` is one.
    Space,
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts a whole template. Comments vanish, `{{-` and `-}}` trim the texts beside them.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, TemplateError> {
    let mut lexer = Lexer { rest: text, line: 1, out: Vec::new() };
    let mut trim_next = false;
    while !lexer.rest.is_empty() {
        let (before, at_action) = lexer.rest.split_at(lexer.rest.find(OPEN).unwrap_or(lexer.rest.len()));
        let trims_before = opens_with_trim(at_action);
        lexer.text(before, trim_next, trims_before);
        if at_action.is_empty() {
            break;
        }
        lexer.rest = strip(at_action, if trims_before { 3 } else { 2 });
        trim_next = lexer.action()?;
    }
    Ok(lexer.out)
}

fn opens_with_trim(at_action: &str) -> bool {
    at_action.strip_prefix("{{-").is_some_and(|rest| rest.starts_with(SPACES))
}

/// Drops bytes that the caller has seen to be ASCII.
fn strip(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or("")
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    out: Vec<Token>,
}

impl Lexer<'_> {
    fn text(&mut self, text: &str, trim_start: bool, trim_end: bool) {
        let mut kept = text;
        if trim_start {
            kept = kept.trim_start_matches(SPACES);
        }
        if trim_end {
            kept = kept.trim_end_matches(SPACES);
        }
        if !kept.is_empty() {
            self.push(TokenKind::Text(kept.to_owned()));
        }
        self.line += text.matches('\n').count();
    }

    /// Reads up to and with `}}`; tells whether the text after it is trimmed.
    fn action(&mut self) -> Result<bool, TemplateError> {
        let start = self.rest.trim_start_matches(SPACES);
        if let Some(comment) = start.strip_prefix("/*") {
            self.line += self.rest.len() - start.len();
            return self.comment(comment);
        }
        self.push(TokenKind::Open);
        loop {
            let Some(next) = self.rest.chars().next() else {
                return Err(self.error("unclosed action"));
            };
            if let Some(rest) = self.rest.strip_prefix(CLOSE) {
                self.rest = rest;
                self.push(TokenKind::Close);
                return Ok(false);
            }
            let trimming = self.rest.trim_start_matches(SPACES);
            if trimming.len() < self.rest.len() && trimming.starts_with("-}}") {
                self.rest = strip(trimming, 3);
                self.push(TokenKind::Close);
                return Ok(true);
            }
            self.token(next)?;
        }
    }

    fn comment(&mut self, comment: &str) -> Result<bool, TemplateError> {
        let Some((body, after)) = comment.split_once("*/") else {
            return Err(self.error("unclosed comment"));
        };
        self.line += body.matches('\n').count();
        let trimmed = after.trim_start_matches(SPACES);
        let (rest, trims) = match (after.strip_prefix(CLOSE), trimmed.strip_prefix("-}}")) {
            (Some(rest), _) => (rest.len(), false),
            (None, Some(rest)) if trimmed.len() < after.len() => (rest.len(), true),
            _ => return Err(self.error("comment ends before closing delimiter")),
        };
        self.rest = strip(self.rest, self.rest.len() - rest);
        Ok(trims)
    }

    fn token(&mut self, next: char) -> Result<(), TemplateError> {
        match next {
            c if SPACES.contains(&c) => {
                let after = self.rest.trim_start_matches(SPACES);
                let lines = strip_back(self.rest, after).matches('\n').count();
                self.push(TokenKind::Space);
                self.line += lines;
                self.rest = after;
                Ok(())
            }
            '(' => self.sign("("),
            ')' => self.sign(")"),
            '|' => self.sign("|"),
            ',' => self.sign(","),
            '=' => self.sign("="),
            ':' if self.rest.starts_with(":=") => self.sign(":="),
            ':' => Err(self.error("expected :=")),
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '$' => self.name_after("$", |name| TokenKind::Variable(format!("${name}"))),
            '.' if self.rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) => self.number(),
            '.' => self.name_after(".", |name| match name {
                "" => TokenKind::Dot,
                _ => TokenKind::Field(name.to_owned()),
            }),
            '+' | '-' | '0'..='9' => self.number(),
            c if is_name(c) => self.name_after("", |name| TokenKind::Word(name.to_owned())),
            c => Err(self.error(format!("unexpected {c:?} in action"))),
        }
    }

    fn sign(&mut self, sign: &'static str) -> Result<(), TemplateError> {
        self.rest = strip(self.rest, sign.len());
        self.push(TokenKind::Sign(sign));
        Ok(())
    }

    fn name_after(&mut self, prefix: &str, make: impl Fn(&str) -> TokenKind) -> Result<(), TemplateError> {
        let body = strip(self.rest, prefix.len());
        let (name, after) = body.split_at(body.find(|c| !is_name(c)).unwrap_or(body.len()));
        if after.chars().next().is_some_and(|c| !is_terminator(c)) {
            let c = after.chars().next().unwrap_or_default();
            return Err(self.error(format!("bad character {c:?} after {prefix}{name}")));
        }
        let kind = make(name);
        self.rest = after;
        self.push(kind);
        Ok(())
    }

    fn number(&mut self) -> Result<(), TemplateError> {
        let signed = self.rest.strip_prefix(['+', '-']).unwrap_or(self.rest);
        let hex = signed.starts_with("0x") || signed.starts_with("0X");
        let mut previous = ' ';
        let end = self.rest.char_indices().position(|(at, c)| {
            let exponent_sign = matches!(c, '+' | '-') && (at == 0 || (!hex && matches!(previous, 'e' | 'E')));
            previous = c;
            !(exponent_sign || c == '.' || c.is_ascii_alphanumeric() || c == '_')
        });
        let (text, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let kind = parse_number(text).ok_or_else(|| self.error(format!("bad number syntax: {text:?}")))?;
        self.rest = after;
        self.push(kind);
        Ok(())
    }

    fn quoted(&mut self) -> Result<(), TemplateError> {
        let body = strip(self.rest, 1);
        let mut escaped = false;
        let end = body.find(|c| {
            let ends = (c == '"' && !escaped) || c == '\n';
            escaped = c == '\\' && !escaped;
            ends
        });
        let (inside, after) = match end.map(|end| body.split_at(end)) {
            Some((inside, after)) if after.starts_with('"') => (inside, strip(after, 1)),
            _ => return Err(self.error("unterminated quoted string")),
        };
        let text = unescape(inside).ok_or_else(|| self.error(format!("invalid syntax in string \"{inside}\"")))?;
        self.rest = after;
        self.push(TokenKind::Literal(text));
        Ok(())
    }

    fn raw(&mut self) -> Result<(), TemplateError> {
        let Some((inside, after)) = strip(self.rest, 1).split_once('`') else {
            return Err(self.error("unterminated raw quoted string"));
        };
        self.push(TokenKind::Literal(inside.replace('\r', "")));
        self.line += inside.matches('\n').count();
        self.rest = after;
        Ok(())
    }

    fn character(&mut self) -> Result<(), TemplateError> {
        let body = strip(self.rest, 1);
        // The closing quote is searched after the first character, which may itself be an escaped quote.
        let skip = if body.starts_with('\\') { 2 } else { 1 };
        let end = body.char_indices().skip(skip).find(|(_, c)| *c == '\'').map(|(at, _)| at);
        let Some((inside, after)) = end.map(|end| body.split_at(end)) else {
            return Err(self.error("unterminated character constant"));
        };
        let text = unescape(inside).filter(|text| text.chars().count() == 1);
        let character = text.and_then(|text| text.chars().next());
        let number = character.ok_or_else(|| self.error(format!("malformed character constant: '{inside}'")))?;
        self.rest = strip(after, 1);
        self.push(TokenKind::Integer(i64::from(u32::from(number))));
        Ok(())
    }

    fn push(&mut self, kind: TokenKind) {
        self.out.push(Token { kind, line: self.line });
    }

    fn error(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::parse(self.line, message)
    }
}

/// The part of `whole` before its suffix `after`.
fn strip_back<'a>(whole: &'a str, after: &str) -> &'a str {
    whole.get(..whole.len() - after.len()).unwrap_or("")
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn is_terminator(c: char) -> bool {
    SPACES.contains(&c) || matches!(c, '.' | ',' | '|' | ':' | '=' | ')' | '(' | '}')
}

fn parse_number(text: &str) -> Option<TokenKind> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1i64, digits),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(body) = lower.strip_prefix(prefix) {
            return i64::from_str_radix(body, radix).ok().map(|n| TokenKind::Integer(sign * n));
        }
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    match digits.parse::<i64>() {
        Ok(number) => Some(TokenKind::Integer(sign * number)),
        Err(_not_whole) => digits.parse::<f64>().ok().map(|number| TokenKind::Float(sign as f64 * number)),
    }
}

/// Resolves Go's escapes.
fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    let push = |out: &mut Vec<u8>, c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    while let Some(c) = chars.next() {
        if c != '\\' {
            push(&mut out, c);
            continue;
        }
        let escape = chars.next()?;
        let simple = match escape {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0C',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0B',
            '\\' | '\'' | '"' => escape,
            'x' => {
                out.push(u8::try_from(digits(&mut chars, 2, 16, 0)?).ok()?);
                continue;
            }
            '0'..='7' => {
                out.push(u8::try_from(digits(&mut chars, 2, 8, escape.to_digit(8)?)?).ok()?);
                continue;
            }
            'u' => char::from_u32(digits(&mut chars, 4, 16, 0)?)?,
            'U' => char::from_u32(digits(&mut chars, 8, 16, 0)?)?,
            _ => return None,
        };
        push(&mut out, simple);
    }
    String::from_utf8(out).ok()
}

fn digits(chars: &mut std::str::Chars<'_>, count: usize, radix: u32, start: u32) -> Option<u32> {
    (0..count).try_fold(start, |number, _| number.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?))
}
