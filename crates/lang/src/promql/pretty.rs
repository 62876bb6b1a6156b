//! The tree over several lines, as upstream's `format_query` answers it: whatever is longer than a line is split.

use super::ast::{Aggregate, Binary, Call, Expr};
use crate::layout::{fits, indent};

/// Upstream's line width.
const LINE_WIDTH: usize = 100;

/// Formats a query over as many lines as it needs.
#[must_use]
pub fn pretty(expr: &Expr) -> String {
    at_level(expr, 0)
}

fn at_level(expr: &Expr, level: usize) -> String {
    let pad = indent(level);
    match expr {
        Expr::Unary(node) => {
            let inner = at_level(&node.expr, level);
            return format!("{pad}{}{}", if node.negative { "-" } else { "+" }, inner.trim());
        }
        Expr::Number(_) | Expr::String(_) | Expr::Vector(_) | Expr::Matrix(_) => return format!("{pad}{expr}"),
        _ if fits(expr, LINE_WIDTH) => return format!("{pad}{expr}"),
        _ => {}
    }
    match expr {
        Expr::Aggregate(node) => aggregate(node, level),
        Expr::Binary(node) => binary(node, level),
        Expr::Call(node) => call(node, level),
        Expr::Paren(node) => format!("{pad}(\n{}\n{pad})", at_level(&node.expr, level + 1)),
        Expr::Subquery(node) => format!("{}{}", at_level(&node.expr, level), node.suffix()),
        _ => format!("{pad}{expr}"),
    }
}

fn aggregate(node: &Aggregate, level: usize) -> String {
    let pad = indent(level);
    let param = node.param.as_ref().map(|param| format!("{},\n", at_level(param, level + 1))).unwrap_or_default();
    format!("{pad}{}(\n{param}{}\n{pad})", node.head(), at_level(&node.expr, level + 1))
}

fn binary(node: &Binary, level: usize) -> String {
    let (left, right) = (at_level(&node.lhs, level + 1), at_level(&node.rhs, level + 1));
    format!("{left}\n{}{}\n{right}", indent(level), node.operator())
}

fn call(node: &Call, level: usize) -> String {
    let pad = indent(level);
    let args: Vec<String> = node.args.iter().map(|arg| at_level(arg, level + 1)).collect();
    format!("{pad}{}(\n{}\n{pad})", node.function.name, args.join(",\n"))
}
