//! What may follow an operand: `[range]`, `[range:step]`, `offset`, `@`, `anchored`, `smoothed`.

use super::{Node, Parsed, Parser};
use crate::Span;
use crate::promql::ast::{At, Boundary, Expr, MatrixSelector, Subquery};
use crate::promql::duration::DurationExpr;
use crate::promql::error::Fault;
use crate::promql::token::{Keyword, TokenKind};

impl Parser<'_> {
    /// Applies all modifiers that follow `node`.
    pub(super) fn modified(&mut self, mut node: Node) -> Parsed<Node> {
        loop {
            match self.token.kind {
                TokenKind::LeftBracket => node = self.range(node)?,
                TokenKind::At => self.at(&mut node.expr)?,
                TokenKind::Keyword(Keyword::Offset) => self.offset(&mut node.expr)?,
                TokenKind::Keyword(Keyword::Anchored) => self.boundary(&mut node.expr, Boundary::Anchored)?,
                TokenKind::Keyword(Keyword::Smoothed) => self.boundary(&mut node.expr, Boundary::Smoothed)?,
                _ => return Ok(node),
            }
        }
    }

    fn range(&mut self, node: Node) -> Parsed<Node> {
        let bracket = self.advance().span;
        let range = self.positive_duration("subquery or range selector", "number, duration, step(), or range()")?;
        if self.accept(TokenKind::RightBracket) {
            let brackets = self.span_from(bracket.start);
            return matrix(node, range, brackets);
        }
        if !self.accept(TokenKind::Colon) {
            return Err(self.unexpected("subquery or range", "\":\" or \"]\""));
        }
        let step = match self.token.kind {
            TokenKind::RightBracket => None,
            _ => Some(self.positive_duration("subquery selector", "number, duration, step(), range(), or \"]\"")?),
        };
        if !self.accept(TokenKind::RightBracket) {
            return Err(self.unexpected("subquery selector", "\"]\""));
        }
        let span = self.span_from(node.expr.span().start);
        let expr = Box::new(node.expr);
        Node::above(node.height, Expr::Subquery(Subquery { expr, range, step, offset: None, at: None, span }))
    }

    fn offset(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance();
        let offset = self.offset_duration()?;
        let end = self.previous_end;
        let Some(target) = Target::of(expr) else {
            let message = "offset modifier must be preceded by an instant vector selector or range vector selector or \
                           a subquery";
            return Err(Fault::new(expr.span(), message));
        };
        // Wire: a literal zero counts as no offset, so that another may follow.
        if target.offset.as_ref().is_some_and(|offset| offset.literal_nanos() != Some(0)) {
            return Err(Fault::new(*target.span, "offset may not be set multiple times"));
        }
        *target.offset = Some(offset);
        target.extend(end);
        Ok(())
    }

    fn at(&mut self, expr: &mut Expr) -> Parsed<()> {
        self.advance();
        let at = self.at_time(expr.span())?;
        let end = self.previous_end;
        let Some(target) = Target::of(expr) else {
            let message = "@ modifier must be preceded by an instant vector selector or range vector selector or a \
                           subquery";
            return Err(Fault::new(expr.span(), message));
        };
        if target.at.is_some() {
            return Err(Fault::new(*target.span, "@ <timestamp> may not be set multiple times"));
        }
        *target.at = Some(at);
        target.extend(end);
        Ok(())
    }

    fn at_time(&mut self, of: Span) -> Parsed<At> {
        const CONTEXT: (&str, &str) = ("@", "timestamp");
        let fixed = match self.token.kind {
            TokenKind::Keyword(Keyword::Start) => Some(At::Start),
            TokenKind::Keyword(Keyword::End) => Some(At::End),
            _ => None,
        };
        if let Some(at) = fixed {
            self.advance();
            let called = self.accept(TokenKind::LeftParen) && self.accept(TokenKind::RightParen);
            return if called { Ok(at) } else { Err(self.unexpected(CONTEXT.0, CONTEXT.1)) };
        }
        let Some(secs) = self.signed_number()? else { return Err(self.unexpected(CONTEXT.0, CONTEXT.1)) };
        if secs.is_nan() || secs.abs() >= i64::MAX as f64 {
            let text = if secs.is_finite() { format!("{secs:.6}") } else { super::super::print::float(secs) };
            return Err(Fault::new(of, format!("timestamp out of bounds for @ modifier: {text}")));
        }
        Ok(At::Millis((secs * 1000.0).round() as i64))
    }

    fn boundary(&mut self, expr: &mut Expr, boundary: Boundary) -> Parsed<()> {
        let end = self.advance().span.end;
        let name = boundary.as_str();
        let span = expr.span();
        if !self.syntax.extended_ranges {
            return Err(Fault::new(span, format!("{name} modifier is experimental and not enabled")));
        }
        let found = match expr {
            Expr::Vector(selector) => &mut selector.boundary,
            Expr::Matrix(matrix) => &mut matrix.selector.boundary,
            Expr::Subquery(_) => {
                return Err(Fault::new(span, format!("{name} modifier is not supported for subqueries")));
            }
            _ => return Err(Fault::new(span, format!("{name} modifier not implemented"))),
        };
        if *found != Boundary::Default && *found != boundary {
            return Err(Fault::new(span, "anchored and smoothed modifiers cannot be used together"));
        }
        *found = boundary;
        if let Some(target) = Target::of(expr) {
            target.extend(end);
        }
        Ok(())
    }
}

fn matrix(node: Node, range: DurationExpr, brackets: Span) -> Parsed<Node> {
    let refused = |message: &str| Err(Fault::new(brackets, message));
    let Expr::Vector(selector) = node.expr else { return refused("ranges only allowed for vector selectors") };
    if selector.offset.as_ref().is_some_and(|offset| offset.literal_nanos() != Some(0)) {
        return refused("no offset modifiers allowed before range");
    }
    if selector.at.is_some() {
        return refused("no @ modifiers allowed before range");
    }
    let span = selector.span.to(brackets);
    Ok(Node::leaf(Expr::Matrix(MatrixSelector { selector, range, span })))
}

/// The parts of an expression that `offset` and `@` set.
struct Target<'a> {
    offset: &'a mut Option<DurationExpr>,
    at: &'a mut Option<At>,
    span: &'a mut Span,
}

impl<'a> Target<'a> {
    fn of(expr: &'a mut Expr) -> Option<Self> {
        Some(match expr {
            Expr::Vector(node) => Self { offset: &mut node.offset, at: &mut node.at, span: &mut node.span },
            Expr::Matrix(node) => {
                Self { offset: &mut node.selector.offset, at: &mut node.selector.at, span: &mut node.span }
            }
            Expr::Subquery(node) => Self { offset: &mut node.offset, at: &mut node.at, span: &mut node.span },
            _ => return None,
        })
    }

    const fn extend(self, end: u32) {
        self.span.end = end;
    }
}
