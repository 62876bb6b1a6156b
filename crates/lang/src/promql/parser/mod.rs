//! Tokens to the syntax tree: operands and operators by precedence climbing.
//!
//! Every function either returns a node or stops at the first fault; faults name the token that was found and, where the
//! original does, what stood open and what was expected.

mod aggregate;
mod binary;
mod duration;
mod modifier;
mod selector;

use super::ast::{BinaryOp, Call, Expr, NumberLiteral, Paren, StringLiteral, Unary, VectorSelector};
use super::error::{Fault, ParseError};
use super::functions;
use super::lexer::Lexer;
use super::syntax::Syntax;
use super::token::{Keyword, Token, TokenKind};
use crate::quote::go_quote;
use crate::{HEIGHT_LIMIT, NESTING_LIMIT, QUERY_LIMIT_BYTES, Span, literal};

/// Parses and type-checks a query; all of the language may be used.
///
/// # Errors
/// [`ParseError`] in Prometheus' words, the first fault of the text.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    parse_with(text, Syntax::default())
}

/// Parses and type-checks a query of which only some parts of the language may be used.
///
/// # Errors
/// [`ParseError`] in Prometheus' words, the first fault of the text.
pub fn parse_with(text: &str, syntax: Syntax) -> Result<Expr, ParseError> {
    run(text, syntax, |parser| {
        if parser.token.kind == TokenKind::Eof {
            return Err(Fault::new(Span::default(), "no expression found in input"));
        }
        let expr = parser.expression()?.expr;
        parser.expect_end()?;
        super::check::check(&expr, text)?;
        Ok(expr)
    })
}

/// Parses a series selector alone, as `match[]` parameters and remote reads carry it. That it selects everything (`{}`) is
/// not refused here; see [`VectorSelector::selects_all`].
///
/// # Errors
/// [`ParseError`] in Prometheus' words.
pub fn parse_selector(text: &str) -> Result<VectorSelector, ParseError> {
    run(text, Syntax::default(), |parser| {
        let token = parser.token;
        let selector = match token.kind {
            TokenKind::LeftBrace => parser.selector(None)?,
            kind if kind.is_metric_name() => {
                parser.advance();
                parser.selector(Some(token))?
            }
            _ => return Err(parser.unexpected("", "")),
        };
        parser.expect_end()?;
        Ok(selector)
    })
}

fn run<T>(text: &str, syntax: Syntax, parse: impl FnOnce(&mut Parser<'_>) -> Parsed<T>) -> Result<T, ParseError> {
    if text.len() > QUERY_LIMIT_BYTES {
        let message = format!("query has {} bytes, the limit is {QUERY_LIMIT_BYTES}", text.len());
        return Err(Fault::new(Span::default(), message).locate(text));
    }
    parse(&mut Parser::new(text, syntax)).map_err(|fault| fault.locate(text))
}

pub(super) type Parsed<T> = Result<T, Fault>;

/// An expression with the height of its tree, which is bounded so that recursion over it is.
pub(super) struct Node {
    pub(super) expr: Expr,
    pub(super) height: usize,
}

impl Node {
    const fn leaf(expr: Expr) -> Self {
        Self { expr, height: 1 }
    }

    /// A node above others, the highest of which has `below`.
    fn above(below: usize, expr: Expr) -> Parsed<Self> {
        if below >= HEIGHT_LIMIT {
            let message = format!("expression is too long: over {HEIGHT_LIMIT} operators deep");
            // The tree is within the limit still, so dropping it here is safe.
            return Err(Fault::new(expr.span(), message));
        }
        Ok(Self { expr, height: below + 1 })
    }
}

pub(super) struct Parser<'a> {
    text: &'a str,
    syntax: Syntax,
    lexer: Lexer<'a>,
    token: Token,
    /// End of the token before `token`.
    previous_end: u32,
    nesting: usize,
    /// Whether an aggregation stands open, which unexpected tokens mention.
    in_aggregation: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, syntax: Syntax) -> Self {
        let mut lexer = Lexer::new(text);
        let token = lexer.next();
        Self { text, syntax, lexer, token, previous_end: 0, nesting: 0, in_aggregation: false }
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

    fn accept(&mut self, kind: TokenKind) -> bool {
        let found = self.token.kind == kind;
        if found {
            self.advance();
        }
        found
    }

    /// From `start` to the end of the last token consumed.
    const fn span_from(&self, start: u32) -> Span {
        Span { start, end: self.previous_end }
    }

    fn text_of(&self, token: Token) -> &'a str {
        token.span.text(self.text)
    }

    /// The fault that the current token is not what is needed, or the lexer's if it gave up there.
    fn unexpected(&mut self, context: &str, expected: &str) -> Fault {
        if let Some(fault) = self.lexer.take_fault() {
            return fault;
        }
        let context = if context.is_empty() && self.in_aggregation { "aggregation" } else { context };
        let mut message = format!("unexpected {}", self.token.describe(self.text));
        if !context.is_empty() {
            message.push_str(" in ");
            message.push_str(context);
        }
        if !expected.is_empty() {
            message.push_str(", expected ");
            message.push_str(expected);
        }
        Fault::new(self.token.span, message)
    }

    fn expect_end(&mut self) -> Parsed<()> {
        if self.token.kind == TokenKind::Eof { Ok(()) } else { Err(self.unexpected("", "")) }
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= NESTING_LIMIT {
            let message = format!("expression is nested too deeply: over {NESTING_LIMIT} levels");
            return Err(Fault::new(self.token.span, message));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn expression(&mut self) -> Parsed<Node> {
        self.binary(0)
    }

    fn operand(&mut self) -> Parsed<Node> {
        let token = self.token;
        match token.kind {
            TokenKind::Number | TokenKind::Duration => Ok(Node::leaf(Expr::Number(self.number()?))),
            TokenKind::String => {
                self.advance();
                Ok(Node::leaf(Expr::String(self.string_literal(token))))
            }
            TokenKind::LeftParen => self.nested(Self::parenthesised),
            TokenKind::LeftBrace => Ok(Node::leaf(Expr::Vector(self.selector(None)?))),
            TokenKind::Operator(op @ (BinaryOp::Add | BinaryOp::Sub)) => self.nested(|parser| parser.unary(op)),
            TokenKind::Aggregate(op) => {
                self.advance();
                match self.token.kind {
                    TokenKind::LeftParen | TokenKind::Keyword(Keyword::By | Keyword::Without) => {
                        self.nested(|parser| parser.aggregate(op, token.span.start))
                    }
                    _ => Ok(Node::leaf(Expr::Vector(self.selector(Some(token))?))),
                }
            }
            kind if kind.is_metric_name() => {
                self.advance();
                let callable = matches!(
                    kind,
                    TokenKind::Identifier
                        | TokenKind::Keyword(Keyword::Start | Keyword::End | Keyword::Step | Keyword::Range)
                );
                if callable && self.token.kind == TokenKind::LeftParen {
                    return self.nested(|parser| parser.call(token));
                }
                Ok(Node::leaf(Expr::Vector(self.selector(Some(token))?)))
            }
            _ => Err(self.unexpected("", "")),
        }
    }

    fn parenthesised(&mut self) -> Parsed<Node> {
        let start = self.advance().span.start;
        let inner = self.expression()?;
        if !self.accept(TokenKind::RightParen) {
            return Err(self.unexpected("", ""));
        }
        let span = self.span_from(start);
        Node::above(inner.height, Expr::Paren(Paren { expr: Box::new(inner.expr), span }))
    }

    /// A sign binds as `*` does: `-a^2` is `-(a^2)`, `-a*2` is `(-a)*2`. Before a number it becomes part of it.
    fn unary(&mut self, op: BinaryOp) -> Parsed<Node> {
        let start = self.advance().span.start;
        let negative = op == BinaryOp::Sub;
        let mut inner = self.binary(binary::ABOVE_MULTIPLICATION)?;
        let span = self.span_from(start);
        if let Expr::Number(number) = &mut inner.expr {
            number.value = if negative { -number.value } else { number.value };
            number.span = span;
            return Ok(inner);
        }
        Node::above(inner.height, Expr::Unary(Unary { negative, expr: Box::new(inner.expr), span }))
    }

    fn call(&mut self, name: Token) -> Parsed<Node> {
        let (args, height) = self.arguments()?;
        let text = self.text_of(name);
        let known = functions::find(text).filter(|function| self.syntax.knows(function.name, function.experimental));
        let Some(function) = known else {
            return Err(Fault::new(name.span, format!("unknown function with name {}", go_quote(text))));
        };
        if function.experimental && !(self.syntax.experimental_functions || self.syntax.v2_functions) {
            return Err(Fault::new(name.span, format!("function {} is not enabled", go_quote(text))));
        }
        let span = self.span_from(name.span.start);
        Node::above(height, Expr::Call(Call { function, args, span }))
    }

    /// Arguments in parentheses, and the height of the highest.
    fn arguments(&mut self) -> Parsed<(Vec<Expr>, usize)> {
        self.advance();
        let (mut args, mut height) = (Vec::new(), 0);
        if self.accept(TokenKind::RightParen) {
            return Ok((args, height));
        }
        loop {
            let node = self.expression()?;
            height = height.max(node.height);
            args.push(node.expr);
            let token = self.token;
            match token.kind {
                TokenKind::RightParen => {
                    self.advance();
                    return Ok((args, height));
                }
                TokenKind::Comma => {
                    self.advance();
                    if self.token.kind == TokenKind::RightParen {
                        return Err(Fault::new(token.span, "trailing commas not allowed in function call args"));
                    }
                }
                _ => return Err(self.unexpected("", "")),
            }
        }
    }

    /// A number or duration; the caller has seen that it is one.
    fn number(&mut self) -> Parsed<NumberLiteral> {
        let token = self.advance();
        let text = self.text_of(token);
        let is_duration = token.kind == TokenKind::Duration;
        let value = if is_duration { duration::seconds(text) } else { number_value(text) };
        let value = value.map_err(|message| Fault::new(token.span, message))?;
        Ok(NumberLiteral { value, is_duration, span: token.span })
    }

    fn string_literal(&self, token: Token) -> StringLiteral {
        match String::from_utf8(literal::unquote(self.text_of(token))) {
            Ok(value) => StringLiteral { value, not_utf8: None, span: token.span },
            Err(error) => StringLiteral {
                value: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                not_utf8: Some(error.into_bytes().into_boxed_slice()),
                span: token.span,
            },
        }
    }
}

fn number_value(text: &str) -> Result<f64, String> {
    let refused = |why: &str| format!("error parsing number: strconv.ParseFloat: parsing {}: {why}", go_quote(text));
    match literal::number(text) {
        None => Err(refused("invalid syntax")),
        Some(value) if value.is_infinite() && text.starts_with(|c: char| !c.is_ascii_alphabetic()) => {
            Err(refused("value out of range"))
        }
        Some(value) => Ok(value),
    }
}
