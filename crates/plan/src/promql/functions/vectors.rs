//! Functions that make, order or judge whole vectors, and scalars that follow from the query itself.

use gw_base::{Labels, METRIC_NAME, MatchOp, Matcher};
use gw_lang::promql::ast::{Call, Expr, VectorSelector};

use super::{Function, MapInput, MapKernel, lower};
use crate::PlanError;
use crate::algebra::{Grid, Map, Node, Order, Take, WindowCall};
use crate::promql::lower::Lowering;
use crate::seconds;
use crate::window::Value;

pub(super) static FAMILY: &[Function] = &[
    lower("time", |_, _, grid| Ok(Node::Time(grid))),
    lower("pi", |_, _, grid| Ok(Node::Constant(grid, std::f64::consts::PI))),
    lower("start", |lowering, _, grid| Ok(Node::Constant(grid, seconds(lowering.query().start)))),
    lower("end", |lowering, _, grid| Ok(Node::Constant(grid, seconds(lowering.query().last())))),
    lower("step", |lowering, _, grid| Ok(Node::Constant(grid, lowering.durations().step_secs))),
    lower("range", |lowering, _, grid| Ok(Node::Constant(grid, lowering.durations().range_secs))),
    lower("min_of", |lowering, call, grid| {
        let least = |a, input: &MapInput<'_>| input.params.first().map(|b| pick(a, *b, a < *b));
        extreme(lowering, call, grid, MapKernel::Float(least))
    }),
    lower("max_of", |lowering, call, grid| {
        let greatest = |a, input: &MapInput<'_>| input.params.first().map(|b| pick(a, *b, a > *b));
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

const fn pick(a: f64, b: f64, first: bool) -> f64 {
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if first { a } else { b }
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
    if lowering.is_range() {
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
        params: Vec::new(),
        position: lowering.position(range.span()),
    };
    Ok(Node::Absent(Box::new(lowering.window(range, window, grid)?), labels))
}

/// The labels that a series would have for sure if the selector found one: its equality matchers, those given twice left
/// out.
fn expected_labels(selector: &VectorSelector) -> Labels {
    let named = |matcher: &&Matcher| matcher.name != METRIC_NAME;
    let count = |name: &str| selector.matchers.iter().filter(|matcher| matcher.name == name).count();
    let equal = selector
        .matchers
        .iter()
        .filter(named)
        .filter(|matcher| matcher.op == MatchOp::Equal && count(&matcher.name) == 1);
    Labels::from_pairs(equal.map(|matcher| (matcher.name.as_str(), matcher.value.as_str())))
}
