//! Expressions to nodes.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::Arc;

use gw_base::{MatchOp, Matcher};
use gw_batch::Cost;
use gw_lang::Span;
use gw_lang::promql::ast::{self, Expr, MatrixSelector, ValueType, VectorSelector};
use gw_lang::promql::duration::{DurationContext, DurationExpr, DurationValueError};

use super::Evaluation;
use super::fixed::is_fixed;
use super::functions::{self, Kind, MapKernel};
use super::unnamed;
use crate::algebra::{
    Aggregate, AggregateOp, AggregatePositions, BinaryOp, Boundary, Cardinality, Grid, Grouping, Join, Map, Matching,
    Node, Raw, ScalarBinary, Select, SetOp, SetOperation, Shift, Subquery, Take, Window, WindowCall,
};
use crate::annotations::{Notes, Position};
use crate::histogram;
use crate::window::Value;
use crate::{PlanError, seconds};

/// Most points of a subquery; each costs memory for every series.
const SUBQUERY_POINTS: i64 = 1_000_000;

/// What lowering knows about the whole query.
#[derive(Debug)]
pub struct Lowering<'a> {
    text: &'a str,
    evaluation: Evaluation,
    cost: &'a Cost,
    order: Cell<u32>,
    statistics: Statistics,
}

/// Whether functions around a selector want more of its histograms than counts, sums and resets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statistics {
    /// Nothing is known of it.
    Unknown,
    /// No more than that.
    Enough,
    /// Buckets are needed.
    Buckets,
}

impl<'a> Lowering<'a> {
    /// For a query `text`.
    #[must_use]
    pub const fn new(text: &'a str, evaluation: Evaluation, cost: &'a Cost) -> Self {
        Self { text, evaluation, cost, order: Cell::new(0), statistics: Statistics::Unknown }
    }

    /// The points of the whole query.
    #[must_use]
    pub const fn query(&self) -> Grid {
        self.evaluation.grid
    }

    /// The end that was asked for.
    #[must_use]
    pub const fn end(&self) -> i64 {
        self.evaluation.end
    }

    /// Whether a range was asked for.
    #[must_use]
    pub const fn is_range(&self) -> bool {
        self.evaluation.range
    }

    /// The look-back of instant selectors.
    #[must_use]
    pub fn lookback(&self) -> i64 {
        self.evaluation.lookback()
    }

    /// What `step()` and `range()` stand for.
    #[must_use]
    pub fn durations(&self) -> DurationContext {
        if !self.evaluation.range {
            return DurationContext::default();
        }
        let grid = self.query();
        DurationContext { step_secs: seconds(grid.step), range_secs: seconds(self.evaluation.end - grid.start) }
    }

    /// Where a piece of syntax stands; what is asked for later is taken to be evaluated later.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        let (line, column) = span.line_and_column(self.text);
        let order = self.order.get().saturating_add(1);
        self.order.set(order);
        Position { line: line as u32, column: column as u32, order }
    }

    /// Takes remarks about a piece of syntax.
    #[must_use]
    pub fn notes(&self, span: Span) -> Notes<'a> {
        Notes::new(self.cost, self.position(span))
    }

    /// The node of an expression that is a scalar or an instant vector.
    ///
    /// # Errors
    /// What cannot be evaluated.
    pub fn lower(&mut self, expr: &Expr, grid: Grid) -> Result<Node, PlanError> {
        if grid.count > 1 && is_fixed(expr) {
            let once = self.lower(expr, Grid { count: 1, ..grid })?;
            return Ok(Node::Repeat(Box::new(once), grid.count));
        }
        let node = self.lowered(expr, grid)?;
        Ok(if self.evaluation.rules.delayed_names { node } else { unnamed::unnamed(node) })
    }

    fn lowered(&mut self, expr: &Expr, grid: Grid) -> Result<Node, PlanError> {
        match expr.unparenthesised() {
            Expr::Number(number) => Ok(Node::Constant(grid, number.value)),
            Expr::Vector(selector) => Ok(Node::Select(self.select(selector, grid)?)),
            Expr::Call(call) => self.call(call, grid),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, grid),
            Expr::Binary(binary) => self.binary(binary, grid),
            Expr::Unary(unary) => self.unary(unary, grid),
            Expr::String(_) | Expr::Matrix(_) | Expr::Subquery(_) | Expr::Paren(_) => {
                Err(PlanError::Unsupported(format!("a {} in this place", expr.value_type().documented())))
            }
        }
    }

    fn duration(&self, result: Result<i64, DurationValueError>, span: Span) -> Result<i64, PlanError> {
        result.map_err(|error| {
            let Position { line, column, .. } = self.position(span);
            PlanError::Parse(format!("{line}:{column}: parse error: {error}"))
        })
    }

    fn range_of(&self, range: &DurationExpr) -> Result<i64, PlanError> {
        self.duration(range.positive_nanos(self.durations()), range.span())
    }

    fn shift(&self, at: Option<ast::At>, offset: Option<&DurationExpr>) -> Result<Shift, PlanError> {
        let at = at.map(|at| match at {
            ast::At::Millis(millis) => millis.saturating_mul(1_000_000),
            ast::At::Start => self.query().start,
            ast::At::End => self.end(),
        });
        let offset = match offset {
            Some(offset) => self.duration(offset.nanos(self.durations()), offset.span())?,
            None => 0,
        };
        Ok(Shift { at, offset })
    }

    /// The node of an instant selector.
    ///
    /// # Errors
    /// Wrong durations.
    pub fn select(&mut self, selector: &VectorSelector, grid: Grid) -> Result<Select, PlanError> {
        Ok(Select {
            grid,
            matchers: self.matchers(selector),
            shift: self.shift(selector.at, selector.offset.as_ref())?,
            // An end that is inside lies one nanosecond further back.
            lookback: self.lookback() + i64::from(self.evaluation.rules.is_v2()),
            take: Take::Value,
            statistics: self.statistics == Statistics::Enough,
            smoothed: selector.boundary == ast::Boundary::Smoothed,
            position: self.position(selector.span),
        })
    }

    /// The conditions of a selector. In the 2.x line `.` in a regular expression matches no line break.
    fn matchers(&self, selector: &VectorSelector) -> Vec<Matcher> {
        let mut matchers = selector.matchers.clone();
        for matcher in matchers.iter_mut().filter(|matcher| matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex)) {
            matcher.value = self.regex(&matcher.value);
        }
        matchers
    }

    /// A regular expression as the release line reads it.
    #[must_use]
    pub fn regex(&self, pattern: &str) -> String {
        if self.evaluation.rules.is_v2() { format!("(?-s:{pattern})") } else { pattern.to_owned() }
    }

    pub(super) fn raw(&mut self, matrix: &MatrixSelector, grid: Grid) -> Result<Raw, PlanError> {
        let selector = &matrix.selector;
        Ok(Raw {
            at: grid.start,
            matchers: self.matchers(selector),
            shift: self.shift(selector.at, selector.offset.as_ref())?,
            range: self.range_of(&matrix.range)?,
        })
    }

    fn call(&mut self, call: &ast::Call, grid: Grid) -> Result<Node, PlanError> {
        let name = call.function.name;
        let inside = match (name, self.statistics) {
            (_, Statistics::Buckets) => Statistics::Buckets,
            ("histogram_count" | "histogram_sum" | "histogram_avg", _) => Statistics::Enough,
            ("histogram_quantile" | "histogram_quantiles" | "histogram_fraction", _) => Statistics::Buckets,
            (_, outside) => outside,
        };
        self.within(inside, |lowering| lowering.lowered_call(call, grid))
    }

    /// Lowers something inside of what wants no more of histograms than `statistics`.
    fn within<T>(&mut self, statistics: Statistics, lower: impl FnOnce(&mut Self) -> T) -> T {
        let outside = std::mem::replace(&mut self.statistics, statistics);
        let result = lower(self);
        self.statistics = outside;
        result
    }

    fn lowered_call(&mut self, call: &ast::Call, grid: Grid) -> Result<Node, PlanError> {
        let name = call.function.name;
        let function = functions::find(name, self.evaluation.rules.release)
            .ok_or_else(|| PlanError::Unsupported(format!("function {name}()")))?;
        match function.kind {
            Kind::Lower(kernel) => kernel(self, call, grid),
            Kind::Map(kernel) => {
                let (first, rest) = call
                    .args
                    .split_first()
                    .ok_or_else(|| PlanError::Parse(format!("expected at least 1 argument(s) in call to {name:?}")))?;
                let input = self.lower(first, grid)?;
                let params = rest.iter().map(|param| self.lower(param, grid)).collect::<Result<_, _>>()?;
                Ok(Node::Map(Box::new(Map { name, input, grid, kernel, params, drops_name: true })))
            }
            Kind::Window { kernel, keeps_name } => {
                let is_range = |argument: &&Expr| argument.value_type() == ValueType::Matrix;
                let range = call
                    .args
                    .iter()
                    .find(is_range)
                    .ok_or_else(|| PlanError::Parse(format!("expected a range vector in call to {name:?}")))?;
                let scalars = call.args.iter().filter(|argument| !is_range(argument));
                let params = scalars.map(|param| self.lower(param, grid)).collect::<Result<_, _>>()?;
                let first = call.args.first().unwrap_or(range);
                // Wire: Prometheus evaluates a subquery into a selector of its own making, which stands nowhere in the text.
                let stands = !matches!(first.unparenthesised(), Expr::Subquery(_));
                let position = self.position(if stands { first.span() } else { Span::default() });
                let refuses = function.refuses;
                self.window(range, WindowCall { name, kernel, keeps_name, refuses, params, position }, grid)
            }
        }
    }

    /// A window function over a range selector or subquery.
    ///
    /// # Errors
    /// Wrong durations.
    pub fn window(&mut self, range: &Expr, call: WindowCall, grid: Grid) -> Result<Node, PlanError> {
        match range.unparenthesised() {
            Expr::Matrix(matrix) => {
                let selector = &matrix.selector;
                suits(selector.boundary, call.name)?;
                Ok(Node::Window(Box::new(Window {
                    grid,
                    matchers: self.matchers(selector),
                    shift: self.shift(selector.at, selector.offset.as_ref())?,
                    range: self.range_of(&matrix.range)?,
                    closed: self.evaluation.rules.is_v2(),
                    statistics: self.statistics == Statistics::Enough,
                    lookback: self.lookback(),
                    boundary: match selector.boundary {
                        ast::Boundary::Default => Boundary::Inside,
                        ast::Boundary::Anchored => Boundary::Anchored,
                        ast::Boundary::Smoothed => Boundary::Smoothed,
                    },
                    call,
                })))
            }
            Expr::Subquery(subquery) => self.subquery(subquery, call, grid),
            other => Err(PlanError::Unsupported(format!("a {} as a range", other.value_type().documented()))),
        }
    }

    fn subquery(&mut self, subquery: &ast::Subquery, call: WindowCall, grid: Grid) -> Result<Node, PlanError> {
        let shift = self.shift(subquery.at, subquery.offset.as_ref())?;
        let range = self.range_of(&subquery.range)?;
        let step = match &subquery.step {
            Some(step) => self.duration(step.positive_nanos(self.durations()), step.span())?,
            None => self.evaluation.default_step,
        };
        let (first, last) = (shift.apply(grid.start), shift.apply(grid.last()));
        let closed = self.evaluation.rules.is_v2();
        // Points are absolute multiples of the step, so that they stay the same while the query moves on.
        let before = first.saturating_sub(range).saturating_sub(i64::from(closed));
        let start = before.div_euclid(step).saturating_add(1).saturating_mul(step);
        let count = last.saturating_sub(start).div_euclid(step).saturating_add(1);
        if count > SUBQUERY_POINTS {
            return Err(PlanError::Steps(usize::try_from(count).unwrap_or(usize::MAX), SUBQUERY_POINTS as usize));
        }
        let inner = Grid { start, step, count: usize::try_from(count).unwrap_or(0) };
        let input = self.within(Statistics::Buckets, |lowering| lowering.lower(&subquery.expr, inner))?;
        Ok(Node::Subquery(Box::new(Subquery { grid, input: Box::new(input), inner, shift, range, closed, call })))
    }

    fn unary(&mut self, unary: &ast::Unary, grid: Grid) -> Result<Node, PlanError> {
        let input = self.lower(&unary.expr, grid)?;
        if !unary.negative {
            return Ok(input);
        }
        let kernel = MapKernel::Both(|value, _| {
            Some(match value {
                Value::Float(value) => Value::Float(-value),
                Value::Histogram(value) => Value::Histogram(Arc::new(histogram::multiply(value, -1.0))),
            })
        });
        Ok(Node::Map(Box::new(Map { name: "-", input, grid, kernel, params: Vec::new(), drops_name: true })))
    }

    fn aggregate(&mut self, aggregate: &ast::Aggregate, grid: Grid) -> Result<Node, PlanError> {
        let op = match aggregate.op {
            ast::AggregateOp::Sum => AggregateOp::Sum,
            ast::AggregateOp::Avg => AggregateOp::Avg,
            ast::AggregateOp::Count => AggregateOp::Count,
            ast::AggregateOp::Min => AggregateOp::Min,
            ast::AggregateOp::Max => AggregateOp::Max,
            ast::AggregateOp::Group => AggregateOp::Group,
            ast::AggregateOp::Stddev => AggregateOp::Stddev,
            ast::AggregateOp::Stdvar => AggregateOp::Stdvar,
            ast::AggregateOp::Topk => AggregateOp::Topk,
            ast::AggregateOp::Bottomk => AggregateOp::Bottomk,
            ast::AggregateOp::Quantile => AggregateOp::Quantile,
            ast::AggregateOp::Limitk => AggregateOp::Limitk,
            ast::AggregateOp::LimitRatio => AggregateOp::LimitRatio,
            ast::AggregateOp::CountValues => AggregateOp::CountValues(count_values_label(aggregate)?),
        };
        let param = match &aggregate.param {
            Some(param) if !matches!(op, AggregateOp::CountValues(_)) => Some(self.lower(param, grid)?),
            _ => None,
        };
        let grouping = Grouping { labels: sorted(&aggregate.grouping), without: aggregate.without };
        let input = unnamed::aggregated(self.lower(&aggregate.expr, grid)?, &grouping);
        let positions = AggregatePositions {
            whole: self.position(aggregate.span),
            param: self.position(aggregate.param.as_ref().map_or(aggregate.expr.span(), |param| param.span())),
            input: self.position(aggregate.expr.span()),
        };
        Ok(Node::Aggregate(Box::new(Aggregate { op, input, grid, grouping, param, positions })))
    }

    fn binary(&mut self, binary: &ast::Binary, grid: Grid) -> Result<Node, PlanError> {
        let trims = matches!(binary.op, ast::BinaryOp::TrimUpper | ast::BinaryOp::TrimLower);
        let statistics = if trims { Statistics::Buckets } else { self.statistics };
        let left = self.within(statistics, |lowering| lowering.lower(&binary.lhs, grid))?;
        let right = self.within(statistics, |lowering| lowering.lower(&binary.rhs, grid))?;
        let position = self.position(binary.span);
        let return_bool = binary.return_bool;
        let op = match operator(binary.op) {
            Operator::Value(op) => op,
            Operator::Set(op) => {
                let matching = binary.matching.as_ref();
                let labels = matching.map(|matching| sorted(&matching.labels)).unwrap_or_default();
                let on = matching.is_some_and(|matching| matching.on);
                return Ok(Node::Set(Box::new(SetOperation { op, left, right, grid, labels, on })));
            }
        };
        if let Some(matching) = &binary.matching {
            let matching = lowered_matching(matching);
            let join = Join { op, left, right, grid, matching, return_bool, loki: false, position };
            return Ok(Node::Join(Box::new(join)));
        }
        let scalar_left = binary.lhs.value_type() == ValueType::Scalar && binary.rhs.value_type() != ValueType::Scalar;
        let (vector, scalar) = if scalar_left { (right, left) } else { (left, right) };
        // Of two scalars a comparison always has `bool`, so nothing is filtered.
        Ok(Node::ScalarBinary(Box::new(ScalarBinary { op, vector, scalar, scalar_left, return_bool, position })))
    }
}

/// Whether a function knows what to do with such a window.
fn suits(boundary: ast::Boundary, function: &str) -> Result<(), PlanError> {
    let (modifier, functions): (&str, &[&str]) = match boundary {
        ast::Boundary::Default => return Ok(()),
        ast::Boundary::Anchored => ("anchored", &["changes", "delta", "increase", "rate", "resets"]),
        ast::Boundary::Smoothed => ("smoothed", &["delta", "increase", "rate"]),
    };
    if functions.contains(&function) {
        return Ok(());
    }
    let functions = functions.join(", ");
    let text = format!("{modifier} modifier can only be used with: {functions} - not with {function}");
    Err(PlanError::Execution(text))
}

enum Operator {
    Value(BinaryOp),
    Set(SetOp),
}

const fn operator(op: ast::BinaryOp) -> Operator {
    Operator::Value(match op {
        ast::BinaryOp::Add => BinaryOp::Add,
        ast::BinaryOp::Sub => BinaryOp::Sub,
        ast::BinaryOp::Mul => BinaryOp::Mul,
        ast::BinaryOp::Div => BinaryOp::Div,
        ast::BinaryOp::Mod => BinaryOp::Mod,
        ast::BinaryOp::Pow => BinaryOp::Pow,
        ast::BinaryOp::Atan2 => BinaryOp::Atan2,
        ast::BinaryOp::Equal => BinaryOp::Equal,
        ast::BinaryOp::NotEqual => BinaryOp::NotEqual,
        ast::BinaryOp::Less => BinaryOp::Less,
        ast::BinaryOp::LessEqual => BinaryOp::LessEqual,
        ast::BinaryOp::Greater => BinaryOp::Greater,
        ast::BinaryOp::GreaterEqual => BinaryOp::GreaterEqual,
        ast::BinaryOp::TrimUpper => BinaryOp::TrimUpper,
        ast::BinaryOp::TrimLower => BinaryOp::TrimLower,
        ast::BinaryOp::And => return Operator::Set(SetOp::And),
        ast::BinaryOp::Or => return Operator::Set(SetOp::Or),
        ast::BinaryOp::Unless => return Operator::Set(SetOp::Unless),
    })
}

fn lowered_matching(matching: &ast::VectorMatching) -> Matching {
    Matching {
        cardinality: match matching.cardinality {
            ast::Cardinality::ManyToOne => Cardinality::ManyToOne,
            ast::Cardinality::OneToMany => Cardinality::OneToMany,
            ast::Cardinality::OneToOne | ast::Cardinality::ManyToMany => Cardinality::OneToOne,
        },
        labels: sorted(&matching.labels),
        on: matching.on,
        include: matching.include.clone(),
        fill_left: matching.fill_left,
        fill_right: matching.fill_right,
    }
}

fn count_values_label(aggregate: &ast::Aggregate) -> Result<String, PlanError> {
    match aggregate.param.as_ref().map(|param| param.unparenthesised()) {
        Some(Expr::String(literal)) if literal.not_utf8.is_none() && !literal.value.is_empty() => {
            Ok(literal.value.clone())
        }
        Some(Expr::String(literal)) => {
            let bytes = literal.not_utf8.as_deref().unwrap_or(literal.value.as_bytes());
            Err(PlanError::Execution(format!("invalid label name {}", go_quoted(bytes))))
        }
        _ => Err(PlanError::Parse("expected a label name in count_values".to_owned())),
    }
}

/// Text in Go's quotes, bytes that are not UTF-8 as `\x..`.
fn go_quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        out.extend(chunk.valid().escape_debug());
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").expect("writing to a String cannot fail");
        }
    }
    out.push('"');
    out
}

fn sorted(labels: &[String]) -> Vec<String> {
    let mut labels = labels.to_vec();
    labels.sort_unstable();
    labels.dedup();
    labels
}
