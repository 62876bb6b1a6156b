//! LogQL to the algebra.

mod kernels;
mod lower;

use gw_base::Matcher;
use gw_lang::logql::ast::{Expr, MetricExpr};

use crate::PlanError;
use crate::logs::Pipeline;
use crate::promql::{Evaluation, Matrix};

pub use kernels::kernel;

/// What a text asks for.
#[derive(Debug, Clone)]
pub enum Plan {
    /// A step matrix.
    Matrix(Box<Matrix>),
    /// Lines.
    Lines(Pipeline),
}

/// Parses a text and lowers it.
///
/// # Errors
/// What is wrong with the text, in Loki's words.
pub fn plan(text: &str, evaluation: Evaluation) -> Result<Plan, PlanError> {
    let expr = gw_lang::logql::parse(text).map_err(|error| PlanError::Parse(error.to_string()))?;
    match &expr {
        Expr::Log(log) => Ok(Plan::Lines(lower::pipeline(log))),
        Expr::Metric(metric) => Ok(Plan::Matrix(Box::new(Matrix {
            node: lower::metric(metric, evaluation.grid)?,
            grid: evaluation.grid,
            scalar: matches!(metric, MetricExpr::Literal(_)),
            ordered: !evaluation.range && lower::is_ordered(metric),
        }))),
    }
}

/// The matchers of a stream selector alone, which may select everything.
///
/// # Errors
/// What is wrong with the text, in Loki's words.
pub fn selector(text: &str) -> Result<Vec<Matcher>, PlanError> {
    gw_lang::logql::parse_selector(text).map_err(|error| PlanError::Parse(error.to_string()))
}
