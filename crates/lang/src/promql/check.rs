//! Type checks over a whole tree, in the order and words of the original (promql/parser/parse.go `checkAST`).

use gw_base::METRIC_NAME;

use super::ast::{Aggregate, AggregateOp, Binary, Call, Cardinality, Expr, ValueType, VectorSelector};
use super::error::Fault;
use super::parser::Parsed;
use crate::Span;
use crate::quote::go_quote;

/// Checks `expr`; `query` is the text that it was made from.
pub(super) fn check(expr: &Expr, query: &str) -> Parsed<()> {
    match expr {
        Expr::Number(_) | Expr::String(_) => Ok(()),
        Expr::Vector(selector) => check_selector(selector, true),
        Expr::Matrix(matrix) => check_selector(&matrix.selector, true),
        Expr::Paren(node) => check(&node.expr, query),
        Expr::Aggregate(node) => check_aggregate(node, query),
        Expr::Binary(node) => check_binary(node, query),
        Expr::Call(node) => check_call(node, query),
        Expr::Unary(node) => {
            check(&node.expr, query)?;
            match node.expr.value_type() {
                ValueType::Scalar | ValueType::Vector => Ok(()),
                other => {
                    let got = go_quote(other.documented());
                    let message = format!(
                        "unary expression only allowed on expressions of type scalar or instant vector, got {got}"
                    );
                    Err(Fault::new(node.span, message))
                }
            }
        }
        Expr::Subquery(node) => {
            check(&node.expr, query)?;
            match node.expr.value_type() {
                ValueType::Vector => Ok(()),
                other => {
                    let message = format!("subquery is only allowed on instant vector, got {} instead", other.as_str());
                    Err(Fault::new(node.span, message))
                }
            }
        }
    }
}

fn expect_type(expr: &Expr, wanted: ValueType, context: &str) -> Parsed<()> {
    let found = expr.value_type();
    if found == wanted {
        return Ok(());
    }
    let (wanted, found) = (wanted.documented(), found.documented());
    Err(Fault::new(expr.span(), format!("expected type {wanted} in {context}, got {found}")))
}

fn check_selector(selector: &VectorSelector, refuse_everything: bool) -> Parsed<()> {
    let Some(name) = &selector.name else {
        if refuse_everything && selector.selects_all() {
            return Err(Fault::new(selector.span, "vector selector must contain at least one non-empty matcher"));
        }
        return Ok(());
    };
    // The last matcher is that of the name itself.
    let others = selector.matchers.split_last().map_or(&[][..], |(_, others)| others);
    match others.iter().find(|matcher| matcher.name == METRIC_NAME) {
        None => Ok(()),
        Some(twice) => {
            let (first, second) = (go_quote(name), go_quote(&twice.value));
            Err(Fault::new(selector.span, format!("metric name must not be set twice: {first} or {second}")))
        }
    }
}

fn check_aggregate(node: &Aggregate, query: &str) -> Parsed<()> {
    check(&node.expr, query)?;
    expect_type(&node.expr, ValueType::Vector, "aggregation expression")?;
    let Some(param) = &node.param else { return Ok(()) };
    check(param, query)?;
    let wanted = if node.op == AggregateOp::CountValues { ValueType::String } else { ValueType::Scalar };
    expect_type(param, wanted, "aggregation parameter")
}

fn check_call(node: &Call, query: &str) -> Parsed<()> {
    let function = node.function;
    let (named, count) = (function.args.len(), node.args.len());
    let quoted = go_quote(function.name);
    let wrong_count = |limit: &str, wanted: usize| {
        let message = format!("expected {limit}{wanted} argument(s) in call to {quoted}, got {count}");
        Err(Fault::new(node.span, message))
    };
    match usize::try_from(function.variadic) {
        Ok(0) if named != count => return wrong_count("", named),
        Ok(0) => {}
        _ if named - 1 > count => return wrong_count("at least ", named - 1),
        Ok(more) if named - 1 + more < count => return wrong_count("at most ", named - 1 + more),
        _ => {}
    }
    let info_labels = function.name == "info" && count > 1;
    if info_labels && let Some(labels) = node.args.get(1) {
        check_info_labels(labels, node.span)?;
    }
    let context = format!("call to function {quoted}");
    for (index, arg) in node.args.iter().enumerate() {
        match arg {
            Expr::Vector(selector) if info_labels && index == 1 => check_selector(selector, false)?,
            _ => check(arg, query)?,
        }
        if let Some(wanted) = function.args.get(index).or(function.args.last()) {
            expect_type(arg, *wanted, &context)?;
        }
    }
    Ok(())
}

/// The second argument of `info` is a set of matchers that has the form of a selector without name.
fn check_info_labels(labels: &Expr, call: Span) -> Parsed<()> {
    if labels.value_type() != ValueType::Vector {
        let found = labels.value_type().documented();
        let message = format!("expected type instant vector in call to function \"info\", got {found}");
        return Err(Fault::new(call, message));
    }
    match labels {
        Expr::Vector(selector) if selector.name.is_none() => Ok(()),
        Expr::Vector(_) => Err(Fault::new(labels.span(), "expected label selectors only, got vector selector instead")),
        _ => Err(Fault::new(labels.span(), "expected label selectors only")),
    }
}

fn check_binary(node: &Binary, query: &str) -> Parsed<()> {
    check(&node.lhs, query)?;
    check(&node.rhs, query)?;
    let (left, right) = (node.lhs.value_type(), node.rhs.value_type());
    let scalar = |value: ValueType| value == ValueType::Scalar;
    let operator = || operator_span(node, query);
    if node.return_bool && !node.op.is_comparison() {
        return Err(Fault::new(operator(), "bool modifier can only be used on comparison operators"));
    }
    if node.op.is_comparison() && !node.return_bool && scalar(left) && scalar(right) {
        return Err(Fault::new(operator(), "comparisons between scalars must use BOOL modifier"));
    }
    if let Some(matching) = node.matching.as_ref().filter(|matching| matching.on)
        && let Some(label) = matching.labels.iter().find(|label| matching.include.contains(label))
    {
        let message = format!("label {} must not occur in ON and GROUP clause at once", go_quote(label));
        return Err(Fault::new(operator(), message));
    }
    for (operand, value) in [(&node.lhs, left), (&node.rhs, right)] {
        if !matches!(value, ValueType::Scalar | ValueType::Vector) {
            let message = "binary expression must contain only scalar and instant vector types";
            return Err(Fault::new(operand.span(), message));
        }
    }
    let both_vectors = left == ValueType::Vector && right == ValueType::Vector;
    check_matching(node, both_vectors)?;
    if node.op.is_set() && !both_vectors {
        let message = format!("set operator {} not allowed in binary scalar expression", go_quote(node.op.as_str()));
        return Err(Fault::new(node.span, message));
    }
    Ok(())
}

fn check_matching(node: &Binary, both_vectors: bool) -> Parsed<()> {
    let Some(matching) = &node.matching else { return Ok(()) };
    let refused = |message: String| Err(Fault::new(node.span, message));
    let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
    match (both_vectors, node.op.is_set()) {
        (false, _) if !matching.labels.is_empty() => {
            refused("vector matching only allowed between instant vectors".to_owned())
        }
        (false, _) if fills => refused("filling in missing series only allowed between instant vectors".to_owned()),
        (true, true) if matching.cardinality != Cardinality::ManyToMany => {
            refused(format!("no grouping allowed for {} operation", go_quote(node.op.as_str())))
        }
        (true, true) if fills => refused("filling in missing series not allowed for set operators".to_owned()),
        _ => Ok(()),
    }
}

/// Where operator and modifiers stand: what lies between the operands, without the space around it.
fn operator_span(node: &Binary, query: &str) -> Span {
    let between = Span { start: node.lhs.span().end, end: node.rhs.span().start };
    let text = between.text(query);
    let start = between.start as usize + (text.len() - text.trim_start().len());
    Span::new(start, start + text.trim().len())
}
