//! Durations in brackets and after `offset`, which may be expressions.

use gw_base::duration::DurationError;

use super::{Parsed, Parser};
use crate::HEIGHT_LIMIT;
use crate::Span;
use crate::promql::ast::{BinaryOp, NumberLiteral};
use crate::promql::duration::{DurationExpr, DurationOp};
use crate::promql::error::Fault;
use crate::promql::token::{Keyword, TokenKind};
use crate::quote::go_quote;

/// A duration with the height of its tree.
type Measured = (DurationExpr, usize);

const ABOVE_MULTIPLICATION: u8 = 3;

/// Durations are kept as 64-bit nanoseconds.
const LONGEST_SECONDS: f64 = i64::MAX as f64 / 1e9;

/// The seconds of a duration literal.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    gw_base::duration::prometheus(text).map(|duration| duration.as_secs_f64()).map_err(|error| match error {
        DurationError::OutOfRange(_) => "duration out of range".to_owned(),
        other => unknown_unit(text).unwrap_or_else(|| other.to_string()),
    })
}

/// What is said of a duration with a unit that does not exist, such as `1hs`.
fn unknown_unit(text: &str) -> Option<String> {
    let mut units = text.split(|c: char| c.is_ascii_digit()).filter(|unit| !unit.is_empty());
    let unknown = units.find(|unit| !matches!(*unit, "ms" | "s" | "m" | "h" | "d" | "w" | "y"))?;
    Some(format!("unknown unit {} in duration {}", go_quote(unknown), go_quote(text)))
}

impl Parser<'_> {
    /// A duration expression in brackets; a literal must be positive.
    pub(super) fn positive_duration(&mut self, context: &str, expected: &str) -> Parsed<DurationExpr> {
        let (duration, _) = self.duration(0, context, expected)?;
        if let DurationExpr::Literal(number) = &duration
            && number.value <= 0.0
        {
            return Err(Fault::new(number.span, "duration must be greater than 0"));
        }
        Ok(duration)
    }

    /// The duration after `offset`. It ends where it can: `a offset 5m + 1` adds 1 to `a offset 5m`.
    pub(super) fn offset_duration(&mut self) -> Parsed<DurationExpr> {
        let (context, expected) = ("offset", "number, duration, step(), or range()");
        Ok(self.duration_operand(context, expected, 0)?.0)
    }

    fn duration(&mut self, lowest: u8, context: &str, expected: &str) -> Parsed<Measured> {
        let (mut left, mut height) = self.duration_operand(context, expected, ABOVE_MULTIPLICATION)?;
        while let TokenKind::Operator(operator) = self.token.kind
            && let Some((op, precedence)) = duration_operator(operator)
            && precedence >= lowest
        {
            let operator_span = self.advance().span;
            let next = if op == DurationOp::Pow { precedence } else { precedence + 1 };
            let (right, right_height) = self.nested(|parser| parser.duration(next, context, expected))?;
            refuse_zero_divisor(op, &right, operator_span)?;
            height = self.above(height.max(right_height))?;
            let span = left.span().to(right.span());
            left = DurationExpr::Binary { op, lhs: Box::new(left), rhs: Box::new(right), span };
        }
        Ok((left, height))
    }

    fn above(&self, height: usize) -> Parsed<usize> {
        if height >= HEIGHT_LIMIT {
            let message = format!("expression is too long: over {HEIGHT_LIMIT} operators deep");
            return Err(Fault::new(self.token.span, message));
        }
        Ok(height + 1)
    }

    /// One operand. A sign takes what binds at least as tightly as `sign_takes`; zero is the operand alone.
    fn duration_operand(&mut self, context: &str, expected: &str, sign_takes: u8) -> Parsed<Measured> {
        let token = self.token;
        match token.kind {
            TokenKind::Number | TokenKind::Duration => {
                let number = self.number()?;
                Ok((DurationExpr::Literal(in_range(number)?), 1))
            }
            TokenKind::Operator(BinaryOp::Add | BinaryOp::Sub) => {
                self.nested(|parser| parser.signed_duration(context, expected, sign_takes))
            }
            TokenKind::LeftParen => self.nested(|parser| parser.parenthesised_duration(context, expected)),
            TokenKind::Keyword(keyword @ (Keyword::Step | Keyword::Range)) => {
                self.advance();
                if !(self.accept(TokenKind::LeftParen) && self.accept(TokenKind::RightParen)) {
                    return Err(self.unexpected(context, expected));
                }
                let span = self.span_from(token.span.start);
                let of_query = if keyword == Keyword::Step { DurationExpr::Step } else { DurationExpr::Range };
                Ok((of_query(span), 1))
            }
            TokenKind::Identifier => match self.text_of(token).to_ascii_lowercase().as_str() {
                "min_of" => self.nested(|parser| parser.choice(DurationOp::Min, context, expected)),
                "max_of" => self.nested(|parser| parser.choice(DurationOp::Max, context, expected)),
                _ => Err(self.unexpected(context, expected)),
            },
            _ => Err(self.unexpected(context, expected)),
        }
    }

    fn signed_duration(&mut self, context: &str, expected: &str, sign_takes: u8) -> Parsed<Measured> {
        let sign = self.advance();
        let negative = sign.kind == TokenKind::Operator(BinaryOp::Sub);
        let (inner, height) = match sign_takes {
            0 => self.duration_operand(context, expected, 0)?,
            lowest => self.duration(lowest, context, expected)?,
        };
        let span = self.span_from(sign.span.start);
        Ok(match inner {
            DurationExpr::Literal(number) => {
                let value = if negative { -number.value } else { number.value };
                (DurationExpr::Literal(NumberLiteral { value, span, ..number }), height)
            }
            inner if negative => (DurationExpr::Negate(Box::new(inner), span), self.above(height)?),
            inner => (inner, height),
        })
    }

    fn parenthesised_duration(&mut self, context: &str, expected: &str) -> Parsed<Measured> {
        let start = self.advance().span.start;
        let (inner, height) = self.duration(0, context, expected)?;
        if !self.accept(TokenKind::RightParen) {
            return Err(self.unexpected(context, expected));
        }
        Ok((DurationExpr::Paren(Box::new(inner), self.span_from(start)), self.above(height)?))
    }

    /// `min_of(a, b)` and `max_of(a, b)`.
    fn choice(&mut self, op: DurationOp, context: &str, expected: &str) -> Parsed<Measured> {
        let start = self.advance().span.start;
        if !self.accept(TokenKind::LeftParen) {
            return Err(self.unexpected(context, expected));
        }
        let (lhs, left_height) = self.duration(0, context, expected)?;
        if !self.accept(TokenKind::Comma) {
            return Err(self.unexpected(context, expected));
        }
        let (rhs, right_height) = self.duration(0, context, expected)?;
        if !self.accept(TokenKind::RightParen) {
            return Err(self.unexpected(context, expected));
        }
        let height = self.above(left_height.max(right_height))?;
        let span = self.span_from(start);
        Ok((DurationExpr::Binary { op, lhs: Box::new(lhs), rhs: Box::new(rhs), span }, height))
    }
}

const fn duration_operator(op: BinaryOp) -> Option<(DurationOp, u8)> {
    Some(match op {
        BinaryOp::Add => (DurationOp::Add, 1),
        BinaryOp::Sub => (DurationOp::Sub, 1),
        BinaryOp::Mul => (DurationOp::Mul, 2),
        BinaryOp::Div => (DurationOp::Div, 2),
        BinaryOp::Mod => (DurationOp::Mod, 2),
        BinaryOp::Pow => (DurationOp::Pow, ABOVE_MULTIPLICATION),
        _ => return None,
    })
}

fn in_range(number: NumberLiteral) -> Parsed<NumberLiteral> {
    if number.value.abs() <= LONGEST_SECONDS {
        Ok(number)
    } else {
        Err(Fault::new(number.span, "duration out of range"))
    }
}

fn refuse_zero_divisor(op: DurationOp, divisor: &DurationExpr, operator: Span) -> Parsed<()> {
    let what = match op {
        DurationOp::Div => "division",
        DurationOp::Mod => "modulo",
        _ => return Ok(()),
    };
    match divisor {
        DurationExpr::Literal(number) if number.value == 0.0 => Err(Fault::new(operator, format!("{what} by zero"))),
        _ => Ok(()),
    }
}
