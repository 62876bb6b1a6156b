//! Matchers ready to run, and the text forms in which Alertmanager configurations write them.

use gw_base::go_regex::GoRegex;
use gw_base::{Labels, MatchOp, Matcher};
use regex::Regex;

use crate::AlertError;

/// Compiled patterns larger than this are refused.
const PATTERN_BYTES: usize = 1 << 20;

/// Conditions that must all hold.
#[derive(Debug, Clone, Default)]
pub struct Matchers {
    items: Vec<(Matcher, Option<Regex>)>,
}

impl Matchers {
    /// Compiles matchers.
    ///
    /// # Errors
    /// [`AlertError::Matcher`] when a pattern is none.
    pub fn new(matchers: impl IntoIterator<Item = Matcher>) -> Result<Self, AlertError> {
        let compile = |matcher: Matcher| {
            let regex = match matcher.op {
                MatchOp::Equal | MatchOp::NotEqual => None,
                MatchOp::Regex | MatchOp::NotRegex => Some(compile(&matcher.value)?),
            };
            Ok((matcher, regex))
        };
        Ok(Self { items: matchers.into_iter().map(compile).collect::<Result<_, AlertError>>()? })
    }

    /// Whether all of them hold.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.items.iter().all(|(matcher, regex)| {
            let value = labels.get(&matcher.name).unwrap_or("");
            match (matcher.op, regex) {
                (MatchOp::Equal, _) => value == matcher.value,
                (MatchOp::NotEqual, _) => value != matcher.value,
                (MatchOp::Regex, Some(regex)) => regex.is_match(value),
                (MatchOp::NotRegex, Some(regex)) => !regex.is_match(value),
                (_, None) => false,
            }
        })
    }

    /// The conditions as data.
    pub fn iter(&self) -> impl Iterator<Item = &Matcher> {
        self.items.iter().map(|(matcher, _)| matcher)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// As it stands in the key of a route: `{a="b",c=~"d"}`, sorted.
    #[must_use]
    pub fn key(&self) -> String {
        let mut sorted: Vec<_> = self.iter().collect();
        sorted.sort_by(|a, b| (&a.name, &a.value, a.op.as_str()).cmp(&(&b.name, &b.value, b.op.as_str())));
        let texts: Vec<String> =
            sorted.iter().map(|m| format!("{}{}\"{}\"", m.name, m.op.as_str(), escape(&m.value))).collect();
        format!("{{{}}}", texts.join(","))
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn compile(pattern: &str) -> Result<Regex, AlertError> {
    let refused = |error: String| AlertError::Matcher(format!("invalid regular expression {pattern:?}: {error}"));
    // Wire: Alertmanager anchors without the `s` flag, so its dot does not match a newline (`^(?:...)$`).
    let checked = GoRegex::new(pattern).map_err(|error| refused(error.to_string()))?;
    let anchored = format!("^(?:{})$", checked.translated());
    regex::RegexBuilder::new(&anchored).size_limit(PATTERN_BYTES).build().map_err(|error| refused(error.to_string()))
}

/// Reads matchers as Alertmanager does by default: in the UTF-8 form, or, where that fails or means something else, in the
/// older one.
///
/// # Errors
/// [`AlertError::Matcher`] when neither form fits.
pub fn parse_matchers(text: &str) -> Result<Vec<Matcher>, AlertError> {
    match (parse_utf8(text), parse_classic(text)) {
        (Ok(new), Ok(old)) => Ok(if new == old { new } else { old }),
        (Ok(new), Err(_)) => Ok(new),
        (Err(_), Ok(old)) => Ok(old),
        // Wire: where neither form fits, upstream speaks of the older one.
        (Err(_), Err(error)) => Err(error),
    }
}

/// Reads the UTF-8 form: `{name="value", "quoted name"=~unquoted}`, braces optional.
///
/// # Errors
/// [`AlertError::Matcher`] with the column (in characters, as `start:end`) of what is wrong.
pub fn parse_utf8(text: &str) -> Result<Vec<Matcher>, AlertError> {
    let mut lexer = Lexer { chars: text.chars().collect(), at: 0 };
    let mut found = Vec::new();
    let opened = lexer.take_if('{');
    let mut after_comma = true;
    loop {
        let token = lexer.next()?;
        match token.kind {
            TokenKind::End | TokenKind::Close => {
                return finish(&token, opened, &mut lexer).map(|()| found);
            }
            TokenKind::Comma if !after_comma => after_comma = true,
            TokenKind::Text if after_comma => {
                let operator = lexer.next()?;
                let op = operator
                    .op
                    .ok_or_else(|| operator.unexpected("expected an operator such as '=', '!=', '=~' or '!~'"))?;
                let value = lexer.next()?;
                if !matches!(value.kind, TokenKind::Text) {
                    return Err(value.unexpected("expected label value"));
                }
                found.push(Matcher::new(token.text, op, value.text));
                after_comma = false;
            }
            TokenKind::Text => return Err(token.unexpected("expected a comma or close brace")),
            _ => return Err(token.unexpected("expected label name")),
        }
    }
}

fn finish(token: &Token, opened: bool, lexer: &mut Lexer) -> Result<(), AlertError> {
    // Wire: braces that lack their other half are faults of the whole text, so these two places begin at 0.
    let whole = |what: &str| Err(AlertError::Matcher(format!("0:{}: {what}", token.end)));
    match (&token.kind, opened) {
        (TokenKind::End, false) => Ok(()),
        (TokenKind::End, true) => whole("end of input: expected close brace"),
        (_, false) => whole("}: expected opening brace"),
        (_, true) => {
            let next = lexer.next()?;
            match next.kind {
                TokenKind::End => Ok(()),
                _ => Err(next.error(&format!("{}: expected end of input", next.shown))),
            }
        }
    }
}

enum TokenKind {
    End,
    Close,
    Open,
    Comma,
    Operator,
    Text,
}

struct Token {
    kind: TokenKind,
    op: Option<MatchOp>,
    text: String,
    shown: String,
    start: usize,
    end: usize,
}

impl Token {
    fn error(&self, what: &str) -> AlertError {
        AlertError::Matcher(format!("{}:{}: {what}", self.start, self.end))
    }

    fn unexpected(&self, wanted: &str) -> AlertError {
        match self.kind {
            TokenKind::End => self.error(&format!("end of input: {wanted}")),
            _ => self.error(&format!("unexpected {}: {wanted}", self.shown)),
        }
    }
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

fn is_reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

impl Lexer {
    fn take_if(&mut self, wanted: char) -> bool {
        self.skip_spaces();
        let there = self.chars.get(self.at) == Some(&wanted);
        self.at += usize::from(there);
        there
    }

    fn skip_spaces(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Result<Token, AlertError> {
        self.skip_spaces();
        let start = self.at;
        let Some(c) = self.chars.get(start).copied() else {
            return Ok(self.token(TokenKind::End, None, String::new(), start));
        };
        let sign = |kind, op, length| (kind, op, length);
        let (kind, op, length) = match (c, self.chars.get(start + 1).copied()) {
            ('{', _) => sign(TokenKind::Open, None, 1),
            ('}', _) => sign(TokenKind::Close, None, 1),
            (',', _) => sign(TokenKind::Comma, None, 1),
            ('=', Some('~')) => sign(TokenKind::Operator, Some(MatchOp::Regex), 2),
            ('=', _) => sign(TokenKind::Operator, Some(MatchOp::Equal), 1),
            ('!', Some('=')) => sign(TokenKind::Operator, Some(MatchOp::NotEqual), 2),
            ('!', Some('~')) => sign(TokenKind::Operator, Some(MatchOp::NotRegex), 2),
            ('"', _) => return self.quoted(start),
            _ if is_reserved(c) => {
                return Err(AlertError::Matcher(format!("{start}:{}: {c}: invalid input", start + 1)));
            }
            _ => {
                while self.chars.get(self.at).is_some_and(|c| !is_reserved(*c)) {
                    self.at += 1;
                }
                let text = self.chars[start..self.at].iter().collect();
                return Ok(self.token(TokenKind::Text, None, text, start));
            }
        };
        self.at += length;
        Ok(self.token(kind, op, String::new(), start))
    }

    fn quoted(&mut self, start: usize) -> Result<Token, AlertError> {
        self.at += 1;
        let mut escaped = false;
        loop {
            let Some(c) = self.chars.get(self.at).copied() else {
                let shown: String = self.chars[start..].iter().collect();
                return Err(AlertError::Matcher(format!("{start}:{}: {shown}: missing end \"", self.at)));
            };
            self.at += 1;
            if c == '"' && !escaped {
                break;
            }
            escaped = c == '\\' && !escaped;
        }
        let inside: String = self.chars[start + 1..self.at - 1].iter().collect();
        let token = self.token(TokenKind::Text, None, String::new(), start);
        match unquote(&inside) {
            Some(text) => Ok(Token { text, ..token }),
            None => Err(token.error(&format!("{}: invalid input", token.shown))),
        }
    }

    fn token(&self, kind: TokenKind, op: Option<MatchOp>, text: String, start: usize) -> Token {
        let shown = self.chars[start..self.at].iter().collect();
        Token { kind, op, text, shown, start, end: self.at }
    }
}

/// Resolves Go's escapes; `None` for an unknown one or what is not UTF-8 afterwards.
fn unquote(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    let push = |c: char, out: &mut Vec<u8>| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    while let Some(c) = chars.next() {
        if c != '\\' {
            push(c, &mut out);
            continue;
        }
        let number = |chars: &mut std::str::Chars<'_>, count: usize, radix: u32, start: u32| {
            (0..count).try_fold(start, |n, _| n.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?))
        };
        match chars.next()? {
            'a' => out.push(7),
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'v' => out.push(11),
            '\\' => out.push(b'\\'),
            '"' => out.push(b'"'),
            'x' => out.push(u8::try_from(number(&mut chars, 2, 16, 0)?).ok()?),
            c @ '0'..='7' => out.push(u8::try_from(number(&mut chars, 2, 8, c.to_digit(8)?)?).ok()?),
            'u' => push(char::from_u32(number(&mut chars, 4, 16, 0)?)?, &mut out),
            'U' => push(char::from_u32(number(&mut chars, 8, 16, 0)?)?, &mut out),
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

/// Reads the older form: `name="value",other=~value`, names of ASCII letters, values quoted or not.
///
/// # Errors
/// [`AlertError::Matcher`] in upstream's words.
pub fn parse_classic(text: &str) -> Result<Vec<Matcher>, AlertError> {
    let inner = text.strip_prefix('{').unwrap_or(text);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut inside_quotes, mut escaped) = (false, false);
    for c in inner.chars() {
        if c == ',' && !inside_quotes {
            parts.push(std::mem::take(&mut part));
            continue;
        }
        inside_quotes ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        part.push(c);
    }
    if !part.trim().is_empty() {
        parts.push(part);
    }
    parts.iter().map(|part| classic_matcher(part)).collect()
}

fn classic_matcher(part: &str) -> Result<Matcher, AlertError> {
    let bad = || AlertError::Matcher(format!("bad matcher format: {part}"));
    let trimmed = part.trim();
    let end = trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(trimmed.len());
    let (name, rest) = trimmed.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(bad());
    }
    let rest = rest.trim_start();
    let signs = [("=~", MatchOp::Regex), ("!~", MatchOp::NotRegex), ("!=", MatchOp::NotEqual), ("=", MatchOp::Equal)];
    let found = signs.iter().find_map(|(sign, op)| rest.strip_prefix(sign).map(|value| (*op, value.trim())));
    let (op, raw) = found.ok_or_else(bad)?;
    let unescaped = || AlertError::Matcher(format!("matcher value contains unescaped double quote: {raw}"));
    let body = raw.strip_prefix('"');
    let (mut value, mut escaped, mut closed) = (String::new(), false, false);
    let chars = body.unwrap_or(raw).chars();
    for c in chars {
        if closed {
            return Err(unescaped());
        }
        match (escaped, c) {
            (true, 'n') => value.push('\n'),
            (true, '"' | '\\') => value.push(c),
            (true, _) => value.extend(['\\', c]),
            (false, '\\') => {}
            (false, '"') if body.is_some() => closed = true,
            (false, '"') => return Err(unescaped()),
            (false, _) => value.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    if escaped {
        value.push('\\');
    }
    if body.is_some() != closed {
        return Err(unescaped());
    }
    Ok(Matcher::new(name, op, value))
}
