//! The syntax tree of PromQL 3.x, as it was written: parentheses, duration expressions and modifiers stay visible.
//!
//! A tree that `parse` returned is type-checked: arguments have the types of the function's signature, operands suit their
//! operator, and [`Expr::value_type`] tells the type of each node. Matchers keep regular expressions as text; they were
//! checked to be valid.

use gw_base::Matcher;

use super::duration::DurationExpr;
use super::functions::Function;
pub use super::operators::{AggregateOp, BinaryOp, Cardinality, ValueType};
use crate::Span;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `1.5`, `0x1F`, `Inf`, `5m` (300).
    Number(NumberLiteral),
    /// `"text"`, only as an argument of functions, of `count_values`, or as the whole query.
    String(StringLiteral),
    /// `up{job="a"} offset 5m`: an instant vector.
    Vector(VectorSelector),
    /// `up[5m]`: a range vector.
    Matrix(MatrixSelector),
    /// `rate(up[1m])[10m:30s]`: a range vector.
    Subquery(Subquery),
    /// `rate(up[5m])`.
    Call(Call),
    /// `sum by (job) (up)`.
    Aggregate(Aggregate),
    /// `a + on (job) b`.
    Binary(Binary),
    /// `-a`, `+a`.
    Unary(Unary),
    /// `(a)`.
    Paren(Paren),
}

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberLiteral {
    /// The value; a duration is in seconds.
    pub value: f64,
    /// Whether it was written as a duration (`5m`), which is how it is printed back.
    pub is_duration: bool,
    /// Where it stands, sign included where the sign was folded in.
    pub span: Span,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// The value, escapes resolved. Bytes that are not UTF-8 (`"\xc5"`) are replaced by U+FFFD.
    pub value: String,
    /// The bytes of the value, only where they are not UTF-8.
    pub not_utf8: Option<Box<[u8]>>,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A selection of series, one sample each.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSelector {
    /// The metric name written before the braces. Its matcher is in `matchers` as well; a name quoted inside the braces is
    /// a matcher only.
    pub name: Option<String>,
    /// All conditions in the order written, the one that stands for `name` last. One label may have several.
    pub matchers: Vec<Matcher>,
    /// `offset 5m`, negative too.
    pub offset: Option<DurationExpr>,
    /// `@ 1609746000`, `@ start()`, `@ end()`.
    pub at: Option<At>,
    /// `anchored` or `smoothed`; of a range vector the modifier is here, on its selector.
    pub boundary: Boundary,
    /// Where it stands, modifiers included.
    pub span: Span,
}

/// The evaluation time that an `@` modifier fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// Milliseconds since the epoch.
    Millis(i64),
    /// The first step of the query.
    Start,
    /// The last step of the query.
    End,
}

/// How the ends of a window are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Boundary {
    /// Samples inside the window only, extrapolated by the functions that do.
    #[default]
    Default,
    /// `anchored`: the last sample at or before the start counts as the value at the start.
    Anchored,
    /// `smoothed`: values at both ends are interpolated.
    Smoothed,
}

/// A selection of series with the samples of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSelector {
    /// The selector, with offset, `@` and boundary, which are written after the range.
    pub selector: VectorSelector,
    /// The length of the window; a literal is positive.
    pub range: DurationExpr,
    /// Where it stands, modifiers included.
    pub span: Span,
}

/// An expression evaluated at many points, which makes a window of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// The inner expression, an instant vector.
    pub expr: Box<Expr>,
    /// The length of the window; a literal is positive.
    pub range: DurationExpr,
    /// The distance of the points; `None` is the default evaluation interval. A literal is positive.
    pub step: Option<DurationExpr>,
    /// `offset`, negative too.
    pub offset: Option<DurationExpr>,
    /// `@`.
    pub at: Option<At>,
    /// Where it stands, modifiers included.
    pub span: Span,
}

/// A function call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function, from [`super::functions::FUNCTIONS`].
    pub function: &'static Function,
    /// Arguments, of the number and types of the signature.
    pub args: Vec<Expr>,
    /// Where it stands.
    pub span: Span,
}

/// An aggregation over series.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub op: AggregateOp,
    /// What is aggregated, an instant vector.
    pub expr: Box<Expr>,
    /// The parameter of the operations that [take one](AggregateOp::takes_parameter).
    pub param: Option<Box<Expr>>,
    /// The labels of `by` or `without`, in the order written.
    pub grouping: Vec<String>,
    /// Whether `grouping` lists the labels to drop. Without any clause it is `by ()`.
    pub without: bool,
    /// Where it stands.
    pub span: Span,
}

/// An operation on two operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// Which.
    pub op: BinaryOp,
    /// Left operand.
    pub lhs: Box<Expr>,
    /// Right operand.
    pub rhs: Box<Expr>,
    /// Whether a comparison returns 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// How series are paired; present exactly when both operands are instant vectors.
    pub matching: Option<VectorMatching>,
    /// Where it stands.
    pub span: Span,
}

/// How the series of two vectors are paired.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VectorMatching {
    /// How many series of each side may meet.
    pub cardinality: Cardinality,
    /// The labels of `on` or `ignoring`, in the order written.
    pub labels: Vec<String>,
    /// Whether `labels` are those that must agree (`on`), not those left out (`ignoring`, also when nothing was written).
    pub on: bool,
    /// The labels of `group_left` or `group_right` that are copied from the "one" side.
    pub include: Vec<String>,
    /// `fill_left(v)` or `fill(v)`: the value of a series that is missing on the left.
    pub fill_left: Option<f64>,
    /// `fill_right(v)` or `fill(v)`: the value of a series that is missing on the right.
    pub fill_right: Option<f64>,
}

/// A sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Unary {
    /// Whether it is `-`; `+` changes nothing.
    pub negative: bool,
    /// The operand: a scalar or an instant vector.
    pub expr: Box<Expr>,
    /// Where it stands.
    pub span: Span,
}

/// Parentheses.
#[derive(Debug, Clone, PartialEq)]
pub struct Paren {
    /// What they hold.
    pub expr: Box<Expr>,
    /// Where they stand.
    pub span: Span,
}

impl Expr {
    /// Where the expression stands in the query text.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Number(node) => node.span,
            Self::String(node) => node.span,
            Self::Vector(node) => node.span,
            Self::Matrix(node) => node.span,
            Self::Subquery(node) => node.span,
            Self::Call(node) => node.span,
            Self::Aggregate(node) => node.span,
            Self::Binary(node) => node.span,
            Self::Unary(node) => node.span,
            Self::Paren(node) => node.span,
        }
    }

    /// What the expression evaluates to.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) => ValueType::Scalar,
            Self::String(_) => ValueType::String,
            Self::Vector(_) | Self::Aggregate(_) => ValueType::Vector,
            Self::Matrix(_) | Self::Subquery(_) => ValueType::Matrix,
            Self::Call(node) => node.function.returns,
            Self::Unary(node) => node.expr.value_type(),
            Self::Paren(node) => node.expr.value_type(),
            Self::Binary(node) => match (node.lhs.value_type(), node.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
        }
    }

    /// The expression inside any number of parentheses.
    #[must_use]
    pub fn unparenthesised(&self) -> &Self {
        let mut expr = self;
        while let Self::Paren(paren) = expr {
            expr = &paren.expr;
        }
        expr
    }

    /// The direct children, left to right; a matrix selector has none (its selector is a part of it).
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::String(_) | Self::Vector(_) | Self::Matrix(_) => Vec::new(),
            Self::Subquery(node) => vec![&node.expr],
            Self::Call(node) => node.args.iter().collect(),
            Self::Aggregate(node) => node.param.iter().map(|param| &**param).chain([&*node.expr]).collect(),
            Self::Binary(node) => vec![&node.lhs, &node.rhs],
            Self::Unary(node) => vec![&node.expr],
            Self::Paren(node) => vec![&node.expr],
        }
    }

    /// Calls `visit` for every selector, those of range vectors included, left to right.
    pub fn for_each_selector<'a>(&'a self, visit: &mut dyn FnMut(&'a VectorSelector)) {
        match self {
            Self::Vector(selector) => visit(selector),
            Self::Matrix(matrix) => visit(&matrix.selector),
            _ => self.children().into_iter().for_each(|child| child.for_each_selector(visit)),
        }
    }
}
