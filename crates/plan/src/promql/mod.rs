//! PromQL to the algebra.

mod fixed;
pub mod functions;
pub mod lower;
mod rules;
mod syntax;
mod unnamed;

use gw_batch::Cost;
use gw_lang::promql::ast::{AggregateOp, Expr, ValueType};

use crate::algebra::{Grid, Node, Raw};
use crate::{LOOKBACK_NANOS, PlanError};
use lower::Lowering;
pub use rules::{Release, Rules, Syntax};
pub use syntax::{formatted, syntax_tree};

/// What a text asks for.
#[derive(Debug, Clone)]
pub enum Plan {
    /// A step matrix.
    Matrix(Box<Matrix>),
    /// Raw samples of a window.
    Samples(Raw),
    /// A text.
    Text(String),
}

/// A step matrix as the whole answer.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// What makes it.
    pub node: Node,
    /// Its points.
    pub grid: Grid,
    /// Whether it is a scalar.
    pub scalar: bool,
    /// Whether the order of its rows is part of the answer.
    pub ordered: bool,
}

/// When and how a text is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation {
    /// The points of evaluation.
    pub grid: Grid,
    /// The end that was asked for; the last point of the grid may come before it.
    pub end: i64,
    /// Whether a range was asked for, rather than a point.
    pub range: bool,
    /// Look-back of instant selectors, nanoseconds.
    pub lookback: Option<i64>,
    /// Step of subqueries that name none, nanoseconds.
    pub default_step: i64,
    /// Which rules hold.
    pub rules: Rules,
}

/// Parses a text and lowers it.
///
/// # Errors
/// What is wrong with the text, in Prometheus' words.
pub fn plan(text: &str, evaluation: Evaluation, cost: &Cost) -> Result<Plan, PlanError> {
    let parsed = gw_lang::promql::parse_with(text, evaluation.rules.syntax);
    let expr = parsed.map_err(|error| PlanError::Parse(error.to_string()))?;
    let kind = expr.value_type();
    if evaluation.range && !matches!(kind, ValueType::Scalar | ValueType::Vector) {
        let kind = kind.documented();
        let text = format!("invalid expression type {kind:?} for range query, must be Scalar or instant Vector");
        return Err(PlanError::Parse(text));
    }
    let mut lowering = Lowering::new(text, evaluation, cost);
    match expr.unparenthesised() {
        Expr::String(literal) => Ok(Plan::Text(literal.value.clone())),
        Expr::Matrix(matrix) => Ok(Plan::Samples(lowering.raw(matrix, evaluation.grid)?)),
        Expr::Subquery(_) => Err(PlanError::Unsupported("a subquery as the whole query".to_owned())),
        root => Ok(Plan::Matrix(Box::new(Matrix {
            node: lowering.lower(root, evaluation.grid)?,
            grid: evaluation.grid,
            scalar: kind == ValueType::Scalar,
            ordered: !evaluation.range && is_ordered(root),
        }))),
    }
}

/// The selectors of a text, for questions about series rather than values.
///
/// # Errors
/// What is wrong with the text, in Prometheus' words.
pub fn selectors(text: &str) -> Result<Vec<Vec<gw_base::Matcher>>, PlanError> {
    let expr = gw_lang::promql::parse(text).map_err(|error| PlanError::Parse(error.to_string()))?;
    let mut found = Vec::new();
    expr.for_each_selector(&mut |selector| found.push(selector.matchers.clone()));
    Ok(found)
}

/// The matchers of a selector alone, as `match[]` carries it.
///
/// # Errors
/// What is wrong with the text, in Prometheus' words.
pub fn selector(text: &str) -> Result<Vec<gw_base::Matcher>, PlanError> {
    let selector = gw_lang::promql::parse_selector(text).map_err(|error| PlanError::Parse(error.to_string()))?;
    Ok(selector.matchers)
}

/// Whether the order of the result is promised: by `sort` and its kin, `topk` and `bottomk`.
fn is_ordered(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => call.function.name.starts_with("sort"),
        Expr::Aggregate(aggregate) => matches!(aggregate.op, AggregateOp::Topk | AggregateOp::Bottomk),
        _ => false,
    }
}

impl Evaluation {
    /// The look-back that holds.
    #[must_use]
    pub fn lookback(&self) -> i64 {
        self.lookback.unwrap_or(LOOKBACK_NANOS)
    }
}
