//! What may go together: parameters and groupings of aggregations, `unwrap`, the operands of operators.

use super::ast::{Binary, Expr, Grouping, Literal, LogRange, MetricExpr, RangeOp, VectorOp};
use super::error::Fault;
use crate::Span;
use crate::promql::ast::{BinaryOp, Cardinality, VectorMatching};

type Checked<T> = Result<T, Fault>;

/// Checks a range aggregation and gives its parameter; `param` is its text.
pub(super) fn range_aggregation(
    op: RangeOp,
    param: Option<&str>,
    range: &LogRange,
    grouping: Option<&Grouping>,
    span: Span,
) -> Checked<Option<f64>> {
    let name = op.as_str();
    let refused = |message: String| Err(Fault::rule(span, message));
    let param = match (op, param) {
        (RangeOp::QuantileOverTime, None) => return refused(format!("parameter required for operation {name}")),
        (RangeOp::QuantileOverTime, Some(text)) => match text.parse::<f64>() {
            Ok(value) => Some(value),
            Err(_) => return refused(format!("invalid parameter for operation {name}: {text}")),
        },
        (_, Some(text)) => return refused(format!("parameter {text} not supported for operation {name}")),
        (_, None) => None,
    };
    if grouping.is_some() && !takes_grouping(op) {
        return refused(format!("grouping not allowed for {name} aggregation"));
    }
    match (range.unwrap.is_some(), unwrapping(op)) {
        (true, Unwrapping::Refused) => refused(format!("invalid aggregation {name} with unwrap")),
        (false, Unwrapping::Required) => refused(format!("invalid aggregation {name} without unwrap")),
        _ => Ok(param),
    }
}

const fn takes_grouping(op: RangeOp) -> bool {
    matches!(
        op,
        RangeOp::AvgOverTime
            | RangeOp::StddevOverTime
            | RangeOp::StdvarOverTime
            | RangeOp::QuantileOverTime
            | RangeOp::MaxOverTime
            | RangeOp::MinOverTime
            | RangeOp::FirstOverTime
            | RangeOp::LastOverTime
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unwrapping {
    Refused,
    Allowed,
    Required,
}

const fn unwrapping(op: RangeOp) -> Unwrapping {
    match op {
        RangeOp::CountOverTime | RangeOp::BytesOverTime | RangeOp::BytesRate => Unwrapping::Refused,
        RangeOp::Rate | RangeOp::AbsentOverTime => Unwrapping::Allowed,
        _ => Unwrapping::Required,
    }
}

/// Checks a vector aggregation and gives its parameter; `param` is its text.
pub(super) fn vector_aggregation(
    op: VectorOp,
    param: Option<&str>,
    grouping: Option<&Grouping>,
    span: Span,
) -> Checked<Option<u64>> {
    let name = op.as_str();
    let refused = |message: String| Err(Fault::rule(span, message));
    if grouping.is_some() && matches!(op, VectorOp::Sort | VectorOp::SortDesc) {
        return refused("sort and sort_desc doesn't allow grouping by".to_owned());
    }
    match (op.takes_parameter(), param) {
        (false, None) => Ok(None),
        (false, Some(text)) => refused(format!("unsupported parameter for operation {name}({text},")),
        (true, None) => refused(format!("parameter required for operation {name}")),
        (true, Some(text)) => match text.parse::<i64>().map(u64::try_from) {
            Err(_) => refused(format!("invalid parameter {name}({text},")),
            Ok(Err(_) | Ok(0)) => refused(format!("invalid parameter (must be greater than 0) {name}({text}")),
            Ok(Ok(count)) => Ok(Some(count)),
        },
    }
}

/// The metric expression that an aggregation or function needs.
pub(super) fn metric_operand(expr: Expr, query: &str) -> Checked<MetricExpr> {
    match expr {
        Expr::Metric(metric) => Ok(metric),
        Expr::Log(log) => {
            // The token after the lines is where the original stumbles: it wants a window there.
            let after = query.get(log.span.end as usize..).unwrap_or("");
            let at = query.len() - after.trim_start().len();
            let (span, found) = (Span::new(at, at + 1), after.trim_start().chars().next());
            let message = |name: &str| format!("syntax error: unexpected {name}");
            Err(match found {
                Some('[') => Fault::unnumbered(span, message("RANGE")),
                Some(c) => Fault::token(span, message(&c.to_string())),
                None => Fault::token(span, message("$end")),
            })
        }
    }
}

/// Joins two operands; two literals become one.
pub(super) fn binary(
    op: BinaryOp,
    lhs: Expr,
    rhs: Expr,
    return_bool: bool,
    mut matching: VectorMatching,
) -> Checked<MetricExpr> {
    let (lhs, rhs) = (operand(op, lhs, "left")?, operand(op, rhs, "right")?);
    let span = lhs.span().to(rhs.span());
    if op.is_set() {
        for (leg, side) in [(&lhs, "left"), (&rhs, "right")] {
            if let MetricExpr::Literal(literal) = leg {
                let message = format!(
                    "unexpected literal for {side} leg of logical/set binary operation ({}): {:.6}",
                    op.as_str(),
                    literal.value
                );
                return Err(Fault::rule(span, message));
            }
        }
        if matching.cardinality != Cardinality::OneToOne {
            let message = format!("no grouping allowed for {} operation", op.as_str());
            return Err(Fault::rule(span, message));
        }
        matching.cardinality = Cardinality::ManyToMany;
    }
    if return_bool && !op.is_comparison() {
        let message = format!("bool modifier can only be used on comparison operators, not on {}", op.as_str());
        return Err(Fault::rule(span, message));
    }
    if let (MetricExpr::Literal(left), MetricExpr::Literal(right)) = (&lhs, &rhs) {
        return Ok(MetricExpr::Literal(Literal { value: fold(op, left.value, right.value), span }));
    }
    let both_vectors = !matches!(lhs, MetricExpr::Literal(_)) && !matches!(rhs, MetricExpr::Literal(_));
    let matching = both_vectors.then_some(matching);
    Ok(MetricExpr::Binary(Binary { op, lhs: Box::new(lhs), rhs: Box::new(rhs), return_bool, matching, span }))
}

fn operand(op: BinaryOp, expr: Expr, side: &str) -> Checked<MetricExpr> {
    match expr {
        Expr::Metric(metric) => Ok(metric),
        Expr::Log(log) => {
            // Wire: the original names its own types here.
            let kind = if log.stages.is_empty() { "MatchersExpr" } else { "PipelineExpr" };
            let op = op.as_str();
            let message = format!("unexpected type for {side} leg of binary operation ({op}): *syntax.{kind}");
            Err(Fault::rule(log.span, message))
        }
    }
}

/// Comparisons of literals give 0 or 1 with or without `bool`; division by zero has no value.
fn fold(op: BinaryOp, left: f64, right: f64) -> f64 {
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    match op {
        BinaryOp::Add => left + right,
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div | BinaryOp::Mod if right == 0.0 => f64::NAN,
        BinaryOp::Div => left / right,
        BinaryOp::Mod => left % right,
        BinaryOp::Pow => left.powf(right),
        BinaryOp::Equal => truth(left == right),
        BinaryOp::NotEqual => truth(left != right),
        BinaryOp::Less => truth(left < right),
        BinaryOp::LessEqual => truth(left <= right),
        BinaryOp::Greater => truth(left > right),
        BinaryOp::GreaterEqual => truth(left >= right),
        _ => f64::NAN,
    }
}
