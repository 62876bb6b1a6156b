//! Durations of ranges, steps and offsets, which may be expressions (`[step() * 2]`, `offset (5m - 30s)`).

use super::ast::NumberLiteral;
use crate::Span;

/// A duration as written. Values are seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationExpr {
    /// `5m`, `300`.
    Literal(NumberLiteral),
    /// `step()`: the step of the query, zero for an instant query.
    Step(Span),
    /// `range()`: end minus start of the query, zero for an instant query.
    Range(Span),
    /// `-d`; a sign before a literal is folded into it.
    Negate(Box<Self>, Span),
    /// `a + b` and the like, `min_of(a, b)`, `max_of(a, b)`.
    Binary {
        /// Which.
        op: DurationOp,
        /// Left operand.
        lhs: Box<Self>,
        /// Right operand.
        rhs: Box<Self>,
        /// Where it stands.
        span: Span,
    },
    /// `(d)`.
    Paren(Box<Self>, Span),
}

/// Operators inside durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DurationOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `min_of(a, b)`
    Min,
    /// `max_of(a, b)`
    Max,
}

/// Why a duration expression has no value, in upstream's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationValueError {
    /// Division or remainder by zero.
    #[error("{0} by zero")]
    ByZero(&'static str),
    /// Not finite, or longer than 292 years.
    #[error("duration is out of range")]
    OutOfRange,
    /// A range or step that is not positive.
    #[error("duration must be greater than 0")]
    NotPositive,
}

/// What `step()` and `range()` stand for, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DurationContext {
    /// The step of the query; zero for an instant query.
    pub step_secs: f64,
    /// End minus start of the query; zero for an instant query.
    pub range_secs: f64,
}

impl DurationExpr {
    /// Where it stands.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Literal(number) => number.span,
            Self::Step(span) | Self::Range(span) | Self::Negate(_, span) | Self::Paren(_, span) => *span,
            Self::Binary { span, .. } => *span,
        }
    }

    /// The value in nanoseconds when it is a plain literal, as nearly all are.
    #[must_use]
    pub fn literal_nanos(&self) -> Option<i64> {
        match self {
            Self::Literal(number) => Some((number.value * 1e9).round() as i64),
            Self::Paren(inner, _) => inner.literal_nanos(),
            _ => None,
        }
    }

    /// The value in nanoseconds; for offsets, which may be negative.
    ///
    /// # Errors
    /// [`DurationValueError`] for division by zero and values out of range.
    pub fn nanos(&self, context: DurationContext) -> Result<i64, DurationValueError> {
        let seconds = self.seconds(context)?;
        let nanos = match self.literal_nanos() {
            Some(_) => (seconds * 1e9).round(),
            // Wire: upstream counts what it calculates in whole milliseconds (promql/durations.go).
            None => (seconds * 1e3).trunc() * 1e6,
        };
        if nanos.is_finite() && nanos.abs() < i64::MAX as f64 {
            Ok(nanos as i64)
        } else {
            Err(DurationValueError::OutOfRange)
        }
    }

    /// The value in nanoseconds; for ranges and steps, which must be positive.
    ///
    /// # Errors
    /// [`DurationValueError`], also for what is zero or negative.
    pub fn positive_nanos(&self, context: DurationContext) -> Result<i64, DurationValueError> {
        match self.nanos(context)? {
            nanos if nanos > 0 => Ok(nanos),
            _ => Err(DurationValueError::NotPositive),
        }
    }

    fn seconds(&self, context: DurationContext) -> Result<f64, DurationValueError> {
        match self {
            Self::Literal(number) => Ok(number.value),
            Self::Step(_) => Ok(context.step_secs),
            Self::Range(_) => Ok(context.range_secs),
            Self::Negate(inner, _) => Ok(-inner.seconds(context)?),
            Self::Paren(inner, _) => inner.seconds(context),
            Self::Binary { op, lhs, rhs, .. } => op.apply(lhs.seconds(context)?, rhs.seconds(context)?),
        }
    }
}

impl DurationOp {
    /// The operator or function as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Min => "min_of",
            Self::Max => "max_of",
        }
    }

    fn apply(self, lhs: f64, rhs: f64) -> Result<f64, DurationValueError> {
        Ok(match self {
            Self::Add => lhs + rhs,
            Self::Sub => lhs - rhs,
            Self::Mul => lhs * rhs,
            Self::Div if rhs == 0.0 => return Err(DurationValueError::ByZero("division")),
            Self::Mod if rhs == 0.0 => return Err(DurationValueError::ByZero("modulo")),
            Self::Div => lhs / rhs,
            Self::Mod => lhs % rhs,
            Self::Pow => lhs.powf(rhs),
            Self::Min => lhs.min(rhs),
            Self::Max => lhs.max(rhs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::ast::{Expr, MatrixSelector};

    fn range(text: &str) -> DurationExpr {
        match crate::promql::parse(&format!("m[{text}]")).expect(text) {
            Expr::Matrix(MatrixSelector { range, .. }) => range,
            other => panic!("no range: {other}"),
        }
    }

    #[test]
    fn values() {
        let context = DurationContext { step_secs: 15.0, range_secs: 3600.0 };
        for (text, millis) in [
            ("5m", Ok(300_000)),
            ("(0.25)", Ok(250)),
            ("step() * 2 + 1", Ok(31_000)),
            ("range() / 7", Ok(514_285)),
            ("2 ^ 3 ^ 2s", Ok(512_000)),
            ("-(1m - 2m)", Ok(60_000)),
            ("min_of(1m, step()) % 10", Ok(5_000)),
            ("max_of(1m, step())", Ok(60_000)),
            ("1m - 2m", Err(DurationValueError::NotPositive)),
            ("1m / (step() - 15)", Err(DurationValueError::ByZero("division"))),
            ("1m % (step() - 15)", Err(DurationValueError::ByZero("modulo"))),
            ("10 ^ 100", Err(DurationValueError::OutOfRange)),
        ] {
            let nanos = millis.map(|millis: i64| millis * 1_000_000);
            assert_eq!(range(text).positive_nanos(context), nanos, "{text}");
        }
        assert_eq!(range("5m").literal_nanos(), Some(300_000_000_000));
        assert_eq!(range("5m + 1").literal_nanos(), None);
    }
}
