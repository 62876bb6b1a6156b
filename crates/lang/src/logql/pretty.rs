//! The tree over several lines, as Loki's `format_query` answers it: whatever is longer than a line is split.

use super::ast::{
    Binary, Expr, Grouping, LabelReplace, LogExpr, LogRange, MetricExpr, RangeAggregation, VectorAggregation,
};
use crate::layout::{fits, indent};
use crate::promql::float;
use crate::quote::go_quote;

/// Loki's line width.
pub const LINE_WIDTH: usize = 100;

/// Formats a query over as many lines as it needs, `width` bytes being a line; Loki's is [`LINE_WIDTH`].
#[must_use]
pub fn pretty(expr: &Expr, width: usize) -> String {
    match expr {
        Expr::Log(log) => lines(log, 0, width),
        Expr::Metric(metric) => at_level(metric, 0, width),
    }
}

fn lines(log: &LogExpr, level: usize, width: usize) -> String {
    let pad = indent(level);
    if fits(log, width) {
        return format!("{pad}{log}");
    }
    let stages: String = log.stages.iter().map(|stage| format!("\n{pad}  {stage}")).collect();
    format!("{pad}{}{stages}", log.selector())
}

fn at_level(expr: &MetricExpr, level: usize, width: usize) -> String {
    let pad = indent(level);
    if fits(expr, width) {
        return format!("{pad}{expr}");
    }
    match expr {
        MetricExpr::Literal(_) | MetricExpr::VectorLiteral(_) => format!("{pad}{expr}"),
        MetricExpr::Range(node) => range_aggregation(node, level, width),
        MetricExpr::Vector(node) => vector_aggregation(node, level, width),
        MetricExpr::Binary(node) => binary(node, level, width),
        MetricExpr::LabelReplace(node) => label_replace(node, level, width),
    }
}

fn range_aggregation(node: &RangeAggregation, level: usize, width: usize) -> String {
    let pad = indent(level);
    let param = node.param.map(|param| format!("{pad}  {},\n", float(param))).unwrap_or_default();
    let grouping = node.grouping.as_ref().map(grouping).unwrap_or_default();
    format!("{pad}{}(\n{param}{}\n{pad}){grouping}", node.op.as_str(), range(&node.range, level + 1, width))
}

fn range(range: &LogRange, level: usize, width: usize) -> String {
    let unwrap = range.unwrap.as_ref().map(|unwrap| format!("\n{}{unwrap}", indent(level + 1))).unwrap_or_default();
    format!("{}{unwrap} {}", lines(&range.log, level, width), range.window())
}

fn vector_aggregation(node: &VectorAggregation, level: usize, width: usize) -> String {
    let pad = indent(level);
    let param = node.param.map(|param| format!("{pad}  {param},\n")).unwrap_or_default();
    let grouping = node.grouping.as_ref().map(grouping).unwrap_or_default();
    format!("{pad}{}{grouping}(\n{param}{}\n{pad})", node.op.as_str(), at_level(&node.expr, level + 1, width))
}

fn grouping(grouping: &Grouping) -> String {
    format!(" {} ({})", if grouping.without { "without" } else { "by" }, grouping.labels.join(", "))
}

fn binary(node: &Binary, level: usize, width: usize) -> String {
    let (left, right) = (at_level(&node.lhs, level + 1, width), at_level(&node.rhs, level + 1, width));
    format!("{left}\n{}{}\n{right}", indent(level), node.operator())
}

fn label_replace(node: &LabelReplace, level: usize, width: usize) -> String {
    let pad = indent(level);
    let texts = [&node.target, &node.replacement, &node.source, &node.regex];
    let texts: String = texts.iter().map(|text| format!(",\n{pad}  {}", go_quote(text))).collect();
    format!("{pad}label_replace(\n{}{texts}\n{pad})", at_level(&node.expr, level + 1, width))
}
