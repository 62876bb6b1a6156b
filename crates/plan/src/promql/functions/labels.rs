//! Functions of labels: `label_replace`, `label_join`, `info`.

use gw_base::{METRIC_NAME, MatchOp, Matcher};
use gw_lang::promql::ast::{Call, Expr};

use super::{Function, lower};
use crate::PlanError;
use crate::algebra::{Grid, Info, Node, Relabel, Select, Shift, Take};
use crate::promql::lower::Lowering;

pub(super) static FAMILY: &[Function] =
    &[lower("label_replace", replace), lower("label_join", join), lower("info", info)];

fn replace(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    let [input, target, replacement, source, regex] = &call.args[..] else {
        return Err(PlanError::Parse("label_replace takes five arguments".to_owned()));
    };
    let relabel = Relabel::Replace {
        target: label_name(text(target), "label_replace")?,
        replacement: text(replacement).to_owned(),
        source: text(source).to_owned(),
        regex: lowering.regex(text(regex)),
    };
    Ok(Node::Relabel(Box::new(lowering.lower(input, grid)?), relabel))
}

fn join(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    let [input, target, separator, sources @ ..] = &call.args[..] else {
        return Err(PlanError::Parse("label_join takes at least three arguments".to_owned()));
    };
    for source in sources {
        if text(source).is_empty() {
            return Err(PlanError::Execution("invalid source label name in label_join(): ".to_owned()));
        }
    }
    let relabel = Relabel::Join {
        target: label_name(text(target), "label_join")?,
        separator: text(separator).to_owned(),
        sources: sources.iter().map(|source| text(source).to_owned()).collect(),
    };
    Ok(Node::Relabel(Box::new(lowering.lower(input, grid)?), relabel))
}

fn label_name(name: &str, function: &str) -> Result<String, PlanError> {
    if name.is_empty() {
        return Err(PlanError::Execution(format!("invalid destination label name in {function}(): ")));
    }
    Ok(name.to_owned())
}

/// The text of an argument that the parser has checked to be one.
fn text(argument: &Expr) -> &str {
    match argument.unparenthesised() {
        Expr::String(literal) => &literal.value,
        _ => "",
    }
}

/// `info(v, {selector})`: the second argument is only a bag of matchers.
fn info(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    let (Some(input), selector) = (call.args.first(), call.args.get(1)) else {
        return Err(PlanError::Parse("info takes one or two arguments".to_owned()));
    };
    let matchers = match selector.map(Expr::unparenthesised) {
        Some(Expr::Vector(selector)) => selector.matchers.clone(),
        _ => Vec::new(),
    };
    let (mut names, data): (Vec<_>, Vec<_>) = matchers.into_iter().partition(|matcher| matcher.name == METRIC_NAME);
    if !names.iter().any(|matcher| matches!(matcher.op, MatchOp::Equal | MatchOp::Regex)) {
        names.push(Matcher::equal(METRIC_NAME, "target_info"));
    }
    let info = Select {
        grid,
        matchers: names.iter().chain(&data).cloned().collect(),
        shift: Shift::default(),
        lookback: lowering.lookback(),
        take: Take::Value,
        statistics: false,
        smoothed: false,
        position: lowering.position(call.span),
    };
    Ok(Node::Info(Box::new(Info { input: lowering.lower(input, grid)?, info, data_matchers: data })))
}
