//! Series selectors: a metric name, and matchers in braces.

use gw_base::{GoRegex, METRIC_NAME, MatchOp, Matcher};

use super::{Parsed, Parser};
use crate::promql::ast::{BinaryOp, Boundary, VectorSelector};
use crate::promql::error::Fault;
use crate::promql::token::{Token, TokenKind};

const CONTEXT: &str = "label matching";

impl Parser<'_> {
    /// A selector whose name, if it has one, has been read.
    pub(super) fn selector(&mut self, name: Option<Token>) -> Parsed<VectorSelector> {
        let start = name.unwrap_or(self.token).span.start;
        let mut matchers = Vec::new();
        if self.token.kind == TokenKind::LeftBrace {
            self.matchers(&mut matchers)?;
        }
        let name = name.map(|token| self.text_of(token).to_owned());
        matchers.extend(name.iter().map(|name| Matcher::equal(METRIC_NAME, name)));
        let span = self.span_from(start);
        Ok(VectorSelector { name, matchers, offset: None, at: None, boundary: Boundary::Default, span })
    }

    fn matchers(&mut self, matchers: &mut Vec<Matcher>) -> Parsed<()> {
        self.advance();
        if self.accept(TokenKind::RightBrace) {
            return Ok(());
        }
        loop {
            matchers.push(self.matcher()?);
            match self.token.kind {
                TokenKind::RightBrace => {
                    self.advance();
                    return Ok(());
                }
                TokenKind::Comma => {
                    self.advance();
                    if self.accept(TokenKind::RightBrace) {
                        return Ok(());
                    }
                }
                _ => return Err(self.unexpected(CONTEXT, "\",\" or \"}\"")),
            }
        }
    }

    /// `name="value"`, `"quoted.name"="value"`, or a quoted metric name alone.
    fn matcher(&mut self) -> Parsed<Matcher> {
        let token = self.token;
        let name = match token.kind {
            TokenKind::Identifier => self.text_of(token).to_owned(),
            TokenKind::String => self.string_literal(token).value,
            _ => return Err(self.unexpected(CONTEXT, "identifier or \"}\"")),
        };
        self.advance();
        let op = match self.token.kind {
            TokenKind::Assign => MatchOp::Equal,
            TokenKind::Operator(BinaryOp::NotEqual) => MatchOp::NotEqual,
            TokenKind::MatchRegex => MatchOp::Regex,
            TokenKind::MatchNotRegex => MatchOp::NotRegex,
            _ if token.kind == TokenKind::String => return Ok(Matcher::equal(METRIC_NAME, name)),
            _ => return Err(self.unexpected(CONTEXT, "label matching operator")),
        };
        self.advance();
        if self.token.kind != TokenKind::String {
            return Err(self.unexpected(CONTEXT, "string"));
        }
        let value = self.advance();
        let text = self.string_literal(value).value;
        if matches!(op, MatchOp::Regex | MatchOp::NotRegex) {
            GoRegex::new(&text).map_err(|error| Fault::new(token.span.to(value.span), error.to_string()))?;
        }
        Ok(Matcher::new(name, op, text))
    }
}

impl VectorSelector {
    /// Whether no matcher excludes the empty value, so that every series is selected.
    #[must_use]
    pub fn selects_all(&self) -> bool {
        self.matchers.iter().all(|matcher| match matcher.op {
            MatchOp::Equal => matcher.value.is_empty(),
            MatchOp::NotEqual => !matcher.value.is_empty(),
            MatchOp::Regex => matches_empty(&matcher.value),
            MatchOp::NotRegex => !matches_empty(&matcher.value),
        })
    }
}

fn matches_empty(pattern: &str) -> bool {
    GoRegex::new(pattern).is_ok_and(|regex| regex.matches_empty())
}
