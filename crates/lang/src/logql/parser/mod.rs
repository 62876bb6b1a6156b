//! Tokens to the syntax tree.
//!
//! Faults carry Loki's words: `syntax error: unexpected X, expecting Y` for a token in the wrong place, and the rule that is
//! broken for what is well-formed but means nothing.

mod filter;
mod log;
mod metric;
mod range;
mod stage;

use gw_base::Matcher;

use super::ast::{Expr, LogExpr, MetricExpr};
use super::error::{Fault, ParseError};
use super::lexer::{Lexer, Token, TokenKind};
use crate::{HEIGHT_LIMIT, NESTING_LIMIT, QUERY_LIMIT_BYTES, Span, literal};

/// Parses and checks a query.
///
/// # Errors
/// [`ParseError`] in Loki's words, the first fault of the text.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    parse_with(text, |parser| {
        let expr = parser.expression(0)?.expr;
        parser.expect_end()?;
        log::check_selectors(&expr)?;
        Ok(expr)
    })
}

/// Parses a stream selector alone, as `match[]` of series requests carries it. It may select everything (`{}`).
///
/// # Errors
/// [`ParseError`] in Loki's words.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, ParseError> {
    parse_with(text, |parser| {
        let matchers = parser.selector()?;
        parser.expect_end()?;
        Ok(matchers)
    })
}

/// Parses a stream selector with an optional pipeline, as tail and delete requests carry it.
///
/// # Errors
/// [`ParseError`] in Loki's words, also for a query that gives numbers.
pub fn parse_log(text: &str) -> Result<LogExpr, ParseError> {
    let expr = parse(text)?;
    match expr {
        Expr::Log(log) => Ok(log),
        Expr::Metric(metric) => Err(Fault::rule(metric.span(), "only log selector is supported").locate(text)),
    }
}

fn parse_with<T>(text: &str, run: impl FnOnce(&mut Parser<'_>) -> Parsed<T>) -> Result<T, ParseError> {
    if text.len() > QUERY_LIMIT_BYTES {
        let message = format!("query has {} bytes, the limit is {QUERY_LIMIT_BYTES}", text.len());
        return Err(Fault::rule(Span::default(), message).locate(text));
    }
    run(&mut Parser::new(text)).map_err(|fault| fault.locate(text))
}

type Parsed<T> = Result<T, Fault>;

/// A tree with its height, which is bounded so that recursion over it is.
struct Node<T> {
    expr: T,
    height: usize,
}

impl Node<Expr> {
    fn metric(below: usize, expr: MetricExpr) -> Parsed<Self> {
        let span = expr.span();
        Ok(Self { expr: Expr::Metric(expr), height: above(below, span)? })
    }
}

fn above(below: usize, span: Span) -> Parsed<usize> {
    if below >= HEIGHT_LIMIT {
        let message = format!("expression is too long: over {HEIGHT_LIMIT} operators deep");
        return Err(Fault::rule(span, message));
    }
    Ok(below + 1)
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    token: Token,
    /// End of the token before `token`.
    previous_end: u32,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut lexer = Lexer::new(text);
        let token = lexer.next();
        Self { text, lexer, token, previous_end: 0, nesting: 0 }
    }

    /// Moves on and returns the token that was current.
    fn advance(&mut self) -> Token {
        let token = self.token;
        self.previous_end = token.span.end;
        if token.kind != TokenKind::Error {
            self.token = self.lexer.next();
        }
        token
    }

    /// From `start` to the end of the last token consumed.
    const fn span_from(&self, start: u32) -> Span {
        Span { start, end: self.previous_end }
    }

    fn text_of(&self, token: Token) -> &'a str {
        token.span.text(self.text)
    }

    /// The current token's text if it is a word, otherwise nothing.
    fn word(&self) -> &'a str {
        if self.token.kind == TokenKind::Word { self.text_of(self.token) } else { "" }
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        if found {
            self.advance();
        }
        found
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.token.kind, TokenKind::Symbol(found) if found == symbol)
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &str, expected: &[&str]) -> Parsed<()> {
        if self.accept(symbol) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn expect_end(&mut self) -> Parsed<()> {
        if self.token.kind == TokenKind::Eof { Ok(()) } else { Err(self.unexpected(&[])) }
    }

    /// The text of a string token, quotes and escapes resolved; bytes that are not UTF-8 are replaced.
    fn string(&mut self, expected: &[&str]) -> Parsed<String> {
        if self.token.kind != TokenKind::String {
            return Err(self.unexpected(expected));
        }
        let token = self.advance();
        let bytes = literal::unquote(self.text_of(token));
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn identifier(&mut self) -> Parsed<String> {
        if self.token.kind != TokenKind::Word {
            return Err(self.unexpected(&["IDENTIFIER"]));
        }
        let token = self.advance();
        Ok(self.text_of(token).to_owned())
    }

    /// Whether the current word is used as a function: `(` follows.
    fn is_called(&self) -> bool {
        self.token.kind == TokenKind::Word && self.lexer.upcoming().starts_with('(')
    }

    /// The fault that the current token is not one of those expected, or the lexer's if it gave up there.
    fn unexpected(&mut self, expected: &[&str]) -> Fault {
        if let Some(fault) = self.lexer.take_fault() {
            return fault;
        }
        let called = self.is_called();
        let token = self.token;
        let text = self.text_of(token);
        let name = match token.kind {
            TokenKind::Eof => "$end",
            TokenKind::Error => "$unk",
            TokenKind::Word if is_keyword(text) || (called && is_function(text)) => text,
            TokenKind::Word => "IDENTIFIER",
            TokenKind::String => "STRING",
            TokenKind::Number => "NUMBER",
            TokenKind::Duration(_) => "DURATION",
            TokenKind::Bytes(_) => "BYTES",
            TokenKind::Range(_) => "RANGE",
            TokenKind::Flag => "PARSER_FLAG",
            TokenKind::Symbol(symbol) => symbol,
        };
        let mut message = format!("syntax error: unexpected {name}");
        if !expected.is_empty() {
            message.push_str(", expecting ");
            message.push_str(&expected.join(" or "));
        }
        match token.kind {
            TokenKind::Duration(_) | TokenKind::Bytes(_) | TokenKind::Range(_) | TokenKind::Flag => {
                Fault::unnumbered(token.span, message)
            }
            _ => Fault::token(token.span, message),
        }
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= NESTING_LIMIT {
            let message = format!("expression is nested too deeply: over {NESTING_LIMIT} levels");
            return Err(Fault::rule(self.token.span, message));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }
}

/// Words that errors name as they are written.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 24] = [
        "by",
        "without",
        "bool",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "offset",
        "or",
        "and",
        "unless",
        "json",
        "logfmt",
        "regexp",
        "pattern",
        "unpack",
        "line_format",
        "label_format",
        "decolorize",
        "drop",
        "keep",
        "unwrap",
        "label_replace",
        "vector",
    ];
    KEYWORDS.contains(&word)
}

/// Words that errors name as they are written where they are called.
fn is_function(word: &str) -> bool {
    matches!(word, "ip" | "bytes" | "duration" | "duration_seconds")
        || metric::range_op(word).is_some()
        || metric::vector_op(word).is_some()
}
