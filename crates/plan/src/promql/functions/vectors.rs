//! Functions that make, order or judge whole vectors, and scalars that follow from the query itself.

use std::collections::BTreeMap;

use gw_base::{Labels, METRIC_NAME, MatchOp, Matcher};
use gw_lang::promql::ast::{Call, Expr, VectorSelector};

use super::{Function, MapInput, MapKernel, lower};
use crate::PlanError;
use crate::algebra::{Grid, Map, Node, Order, Take, WindowCall};
use crate::promql::lower::Lowering;
use crate::window::Value;
use crate::{numeric, seconds};

pub(super) static FAMILY: &[Function] = &[
    lower("time", |_, _, grid| Ok(Node::Time(grid))),
    lower("pi", |_, _, grid| Ok(Node::Constant(grid, std::f64::consts::PI))),
    lower("start", |lowering, _, grid| Ok(Node::Constant(grid, seconds(lowering.query().start)))),
    lower("end", |lowering, _, grid| Ok(Node::Constant(grid, seconds(lowering.end())))),
    lower("step", |lowering, _, grid| Ok(Node::Constant(grid, lowering.durations().step_secs))),
    lower("range", |lowering, _, grid| Ok(Node::Constant(grid, lowering.durations().range_secs))),
    lower("min_of", |lowering, call, grid| {
        let least = |a, input: &MapInput<'_>| input.params.first().map(|b| numeric::least(a, *b));
        extreme(lowering, call, grid, MapKernel::Float(least))
    }),
    lower("max_of", |lowering, call, grid| {
        let greatest = |a, input: &MapInput<'_>| input.params.first().map(|b| numeric::greatest(a, *b));
        extreme(lowering, call, grid, MapKernel::Float(greatest))
    }),
    lower("vector", first_argument),
    lower("scalar", |lowering, call, grid| Ok(Node::ScalarOf(Box::new(first_argument(lowering, call, grid)?)))),
    lower("timestamp", |lowering, call, grid| timestamp(lowering, call, grid, Take::Time)),
    lower("start_timestamp", |lowering, call, grid| timestamp(lowering, call, grid, Take::StartTime)),
    lower("absent", absent),
    lower("absent_over_time", absent_over_time),
    lower("sort", |lowering, call, grid| sort(lowering, call, grid, Order::Value { descending: false })),
    lower("sort_desc", |lowering, call, grid| sort(lowering, call, grid, Order::Value { descending: true })),
    lower("sort_by_label", |lowering, call, grid| {
        sort(lowering, call, grid, Order::Labels { names: label_arguments(call), descending: false })
    }),
    lower("sort_by_label_desc", |lowering, call, grid| {
        sort(lowering, call, grid, Order::Labels { names: label_arguments(call), descending: true })
    }),
];

fn argument(call: &Call, at: usize) -> Result<&Expr, PlanError> {
    call.args.get(at).ok_or_else(|| {
        PlanError::Parse(format!("expected at least {} argument(s) in call to {:?}", at + 1, call.function.name))
    })
}

fn first_argument(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    lowering.lower(argument(call, 0)?, grid)
}

fn extreme(lowering: &mut Lowering<'_>, call: &Call, grid: Grid, kernel: MapKernel) -> Result<Node, PlanError> {
    let input = lowering.lower(argument(call, 0)?, grid)?;
    let params = vec![lowering.lower(argument(call, 1)?, grid)?];
    Ok(Node::Map(Box::new(Map { name: call.function.name, input, grid, kernel, params, drops_name: false })))
}

fn timestamp(lowering: &mut Lowering<'_>, call: &Call, grid: Grid, take: Take) -> Result<Node, PlanError> {
    let input = argument(call, 0)?;
    let name = call.function.name;
    let (input, kernel) = match input.unparenthesised() {
        // Of a selector it is the time of the sample itself.
        Expr::Vector(selector) => {
            let mut select = lowering.select(selector, grid)?;
            select.take = take;
            (Node::Select(select), MapKernel::Float(|value, _| Some(value)))
        }
        _ if take == Take::StartTime => (lowering.lower(input, grid)?, MapKernel::Both(|_, _| None)),
        _ => (lowering.lower(input, grid)?, MapKernel::Both(|_, input| Some(Value::Float(seconds(input.at))))),
    };
    Ok(Node::Map(Box::new(Map { name, input, grid, kernel, params: Vec::new(), drops_name: true })))
}

fn sort(lowering: &mut Lowering<'_>, call: &Call, grid: Grid, order: Order) -> Result<Node, PlanError> {
    if lowering.query().count > 1 {
        lowering.notes(call.span).ineffective_sort();
    }
    Ok(Node::Sort(Box::new(first_argument(lowering, call, grid)?), order))
}

fn label_arguments(call: &Call) -> Vec<String> {
    let texts = call.args.iter().skip(1).filter_map(|argument| match argument.unparenthesised() {
        Expr::String(literal) => Some(literal.value.clone()),
        _ => None,
    });
    texts.collect()
}

fn absent(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    let labels = match argument(call, 0)?.unparenthesised() {
        Expr::Vector(selector) => expected_labels(selector),
        _ => Labels::empty(),
    };
    Ok(Node::Absent(Box::new(first_argument(lowering, call, grid)?), labels))
}

fn absent_over_time(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    let range = argument(call, 0)?;
    let labels = match range.unparenthesised() {
        Expr::Matrix(matrix) => expected_labels(&matrix.selector),
        _ => Labels::empty(),
    };
    let window = WindowCall {
        name: "present_over_time",
        kernel: |_, _| Some(Value::Float(1.0)),
        keeps_name: true,
        refuses: None,
        params: Vec::new(),
        position: lowering.position(range.span()),
    };
    Ok(Node::Absent(Box::new(lowering.window(range, window, grid)?), labels))
}

/// The labels that a series would have if the selector found one: those of its equality matchers, unless a later matcher is
/// about the same label.
fn expected_labels(selector: &VectorSelector) -> Labels {
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    let mut seen: Vec<&str> = Vec::new();
    for Matcher { name, op, value } in selector.matchers.iter().filter(|matcher| matcher.name != METRIC_NAME) {
        if *op == MatchOp::Equal && !seen.contains(&name.as_str()) {
            seen.push(name);
            found.insert(name, value);
        } else {
            found.remove(name.as_str());
        }
    }
    Labels::from_pairs(found)
}
