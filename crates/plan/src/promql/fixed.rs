//! Which expressions are the same at every step, because each of their selectors is fixed by `@`.
//!
//! Wire: such an expression is evaluated once, at the first step (`promql/engine.go`, `PreprocessExpr`), the parameter of an
//! aggregation over it included, although that may be another at each step.

use gw_lang::promql::ast::{Call, Expr, VectorSelector};

/// Functions of the time of evaluation. `timestamp` is one unless it is asked of a selector.
const OF_TIME: [&str; 14] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "year",
];

/// Whether an expression is the same at every step and reads what is stored. Numbers alone cost nothing at any step.
pub(super) fn is_fixed(expr: &Expr) -> bool {
    reads(expr) && is_same(expr)
}

fn is_same(expr: &Expr) -> bool {
    match expr.unparenthesised() {
        Expr::Number(_) | Expr::String(_) => true,
        Expr::Vector(selector) => is_pinned(selector),
        Expr::Matrix(matrix) => is_pinned(&matrix.selector),
        Expr::Subquery(subquery) => subquery.at.is_some(),
        Expr::Unary(unary) => is_same(&unary.expr),
        Expr::Aggregate(aggregate) => is_same(&aggregate.expr),
        Expr::Binary(binary) => is_same(&binary.lhs) && is_same(&binary.rhs),
        Expr::Call(call) => is_same_call(call),
        Expr::Paren(_) => false,
    }
}

fn is_same_call(call: &Call) -> bool {
    let name = call.function.name;
    if name == "timestamp" {
        return call.args.iter().all(|argument| matches!(argument.unparenthesised(), Expr::Vector(s) if is_pinned(s)));
    }
    !OF_TIME.contains(&name) && call.args.iter().all(is_same)
}

const fn is_pinned(selector: &VectorSelector) -> bool {
    selector.at.is_some()
}

/// Whether a selector is in it.
fn reads(expr: &Expr) -> bool {
    let mut found = false;
    expr.for_each_selector(&mut |_| found = true);
    found
}
