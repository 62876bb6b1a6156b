//! The syntax tree of LogQL.
//!
//! A tree that `parse` returned is checked: parameters and groupings suit their aggregation, `unwrap` stands where it may,
//! regular expressions of label conditions are valid. Left to the plan, as Loki does: regular expressions, patterns and
//! addresses of line filters, `pattern` expressions, JSON paths and templates. Operations on two literals are folded to one.

use gw_base::Matcher;

pub use super::operators::{Comparison, Conversion, LineFilterOp, RangeOp, VectorOp};
use crate::Span;
use crate::promql::ast::{BinaryOp, VectorMatching};

/// A query: lines, or numbers made from lines.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `{app="a"} |= "error" | json`.
    Log(LogExpr),
    /// `sum by (app) (rate({app="a"}[5m]))`, `1 + 1`.
    Metric(MetricExpr),
}

/// A selection of streams and what happens to their lines.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpr {
    /// Conditions on stream labels, in the order written. One label may have several.
    pub matchers: Vec<Matcher>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// Where it stands.
    pub span: Span,
}

/// One stage of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// What it does.
    pub kind: StageKind,
    /// Where it stands, from its `|` or filter operator.
    pub span: Span,
}

/// What a stage does.
#[derive(Debug, Clone, PartialEq)]
pub enum StageKind {
    /// `|= "text"`: keeps lines.
    LineFilter(LineFilter),
    /// `| json`, `| json a="b.c[0]"`: all fields without extractions, otherwise those named.
    Json(Vec<Extraction>),
    /// `| logfmt`.
    Logfmt {
        /// `--strict`: stop at the first malformed pair and mark the line.
        strict: bool,
        /// `--keep-empty`: keep keys without a value.
        keep_empty: bool,
        /// All fields when empty, otherwise those named.
        extractions: Vec<Extraction>,
    },
    /// `| regexp "(?P<name>..)"`.
    Regexp(String),
    /// `| pattern "<name> .. <_>"`.
    Pattern(String),
    /// `| unpack`.
    Unpack,
    /// `| decolorize`: strips ANSI colours.
    Decolorize,
    /// `| line_format "{{.a}}"`.
    LineFormat(String),
    /// `| label_format a=b,c="{{.d}}"`.
    LabelFormat(Vec<LabelFormat>),
    /// `| status >= 400 and method = "GET"`.
    LabelFilter(LabelFilter),
    /// `| drop a, b="c"`.
    Drop(Vec<LabelChoice>),
    /// `| keep a, b="c"`.
    Keep(Vec<LabelChoice>),
}

/// A condition on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFilter {
    /// How lines are compared.
    pub op: LineFilterOp,
    /// What with: one, or several joined by `or`. A negative operator refuses lines that match any of them.
    pub alternatives: Vec<LinePattern>,
}

/// What a line filter looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinePattern {
    /// A text, regular expression or pattern, by the operator.
    Text(String),
    /// `ip("10.0.0.0/8")`: an address, CIDR or range anywhere in the line.
    Ip(String),
}

/// `label="expression"` after `json` and `logfmt`; a bare label is an expression of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The label that is set.
    pub label: String,
    /// What it is set from: a JSON path (`a.b[0]["c"]`), or a logfmt key.
    pub expression: String,
}

/// One assignment of `label_format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFormat {
    /// The label that is set.
    pub label: String,
    /// From what.
    pub source: LabelFormatSource,
}

/// What `label_format` sets a label from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelFormatSource {
    /// `a=b`: the label `b` is renamed to `a`.
    Rename(String),
    /// `a="{{.b}}"`.
    Template(String),
}

/// A condition on labels.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFilter {
    /// `a="b"`, also `!=`, `=~`, `!~`.
    Text(Matcher),
    /// `a = ip("10.0.0.0/8")`.
    Ip {
        /// Label.
        name: String,
        /// Whether it is `!=`.
        negated: bool,
        /// Address, CIDR or range.
        pattern: String,
    },
    /// `a >= 400`.
    Number {
        /// Label.
        name: String,
        /// Comparison.
        op: Comparison,
        /// Threshold.
        value: f64,
    },
    /// `a > 250ms`.
    Duration {
        /// Label.
        name: String,
        /// Comparison.
        op: Comparison,
        /// Threshold in nanoseconds.
        nanos: i64,
    },
    /// `a > 10MB`.
    Bytes {
        /// Label.
        name: String,
        /// Comparison.
        op: Comparison,
        /// Threshold in bytes.
        bytes: u64,
    },
    /// `x and y`, `x, y`, `x y`.
    And(Box<Self>, Box<Self>),
    /// `x or y`.
    Or(Box<Self>, Box<Self>),
}

/// A label of `drop` and `keep`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelChoice {
    /// `a`: by name.
    Name(String),
    /// `a="b"`: only where the value matches.
    Matching(Matcher),
}

/// Numbers made from lines.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricExpr {
    /// `rate({app="a"}[5m])`.
    Range(RangeAggregation),
    /// `sum by (app) (..)`.
    Vector(VectorAggregation),
    /// `a / on (app) b`.
    Binary(Binary),
    /// `1.5`: a scalar.
    Literal(Literal),
    /// `vector(1.5)`: one series without labels.
    VectorLiteral(Literal),
    /// `label_replace(..)`.
    LabelReplace(LabelReplace),
}

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    /// The value.
    pub value: f64,
    /// Where it stands; of a folded operation, the whole of it.
    pub span: Span,
}

/// An aggregation of the lines, or unwrapped samples, of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeAggregation {
    /// Which.
    pub op: RangeOp,
    /// The quantile of `quantile_over_time`.
    pub param: Option<f64>,
    /// The lines.
    pub range: LogRange,
    /// `by` or `without`; `None` groups by every label.
    pub grouping: Option<Grouping>,
    /// Where it stands.
    pub span: Span,
}

/// Lines with a window.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRange {
    /// The selection; its stages are those before and after the window, without `unwrap` and what follows it.
    pub log: LogExpr,
    /// Length of the window in nanoseconds.
    pub interval_nanos: i64,
    /// `offset`, negative too, in nanoseconds.
    pub offset_nanos: i64,
    /// `unwrap`.
    pub unwrap: Option<Unwrap>,
    /// Where it stands.
    pub span: Span,
}

/// Takes the value of a label as the sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrap {
    /// The label.
    pub label: String,
    /// How its text becomes a number.
    pub conversion: Conversion,
    /// Conditions on labels that follow.
    pub filters: Vec<LabelFilter>,
    /// Where it stands.
    pub span: Span,
}

/// An aggregation over series.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorAggregation {
    /// Which.
    pub op: VectorOp,
    /// The number of series of `topk`, `bottomk` and `approx_topk`, at least 1.
    pub param: Option<u64>,
    /// What is aggregated.
    pub expr: Box<MetricExpr>,
    /// `by` or `without`; `None` aggregates all to one.
    pub grouping: Option<Grouping>,
    /// Where it stands.
    pub span: Span,
}

/// `by (..)` or `without (..)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// The labels, in the order written.
    pub labels: Vec<String>,
    /// Whether they are dropped rather than kept.
    pub without: bool,
    /// Where it stands.
    pub span: Span,
}

/// An operation on two operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// Which; LogQL has no `atan2` and no trim operators.
    pub op: BinaryOp,
    /// Left operand.
    pub lhs: Box<MetricExpr>,
    /// Right operand.
    pub rhs: Box<MetricExpr>,
    /// Whether a comparison returns 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// How series are paired; present exactly when neither operand is a literal. LogQL has no fill modifiers.
    pub matching: Option<VectorMatching>,
    /// Where it stands.
    pub span: Span,
}

/// `label_replace(expr, "target", "$1", "source", "(.*)")`.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelReplace {
    /// The series.
    pub expr: Box<MetricExpr>,
    /// The label that is set.
    pub target: String,
    /// What with, `$1` being the first group.
    pub replacement: String,
    /// The label that is looked at.
    pub source: String,
    /// The regular expression, anchored.
    pub regex: String,
    /// Where it stands.
    pub span: Span,
}

impl Expr {
    /// Where the query stands.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Log(log) => log.span,
            Self::Metric(metric) => metric.span(),
        }
    }
}

impl MetricExpr {
    /// Where the expression stands.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Range(node) => node.span,
            Self::Vector(node) => node.span,
            Self::Binary(node) => node.span,
            Self::Literal(node) | Self::VectorLiteral(node) => node.span,
            Self::LabelReplace(node) => node.span,
        }
    }

    /// The direct children, left to right.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Range(_) | Self::Literal(_) | Self::VectorLiteral(_) => Vec::new(),
            Self::Vector(node) => vec![&node.expr],
            Self::Binary(node) => vec![&node.lhs, &node.rhs],
            Self::LabelReplace(node) => vec![&node.expr],
        }
    }

    /// Calls `visit` for the lines of every range aggregation, left to right.
    pub fn for_each_range<'a>(&'a self, visit: &mut dyn FnMut(&'a LogRange)) {
        match self {
            Self::Range(node) => visit(&node.range),
            _ => self.children().into_iter().for_each(|child| child.for_each_range(visit)),
        }
    }
}
