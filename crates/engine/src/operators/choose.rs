//! Aggregations that look at all series of a group at once: `topk`, `bottomk`, `limitk`, `limit_ratio`, `quantile`,
//! `count_values`.

use std::sync::Arc;

use gw_base::{Kind, Map};
use gw_batch::QueryError;
use gw_plan::algebra::{AggregateOp, Grouping};
use gw_plan::annotations::{Notes, Position};
use gw_plan::histogram;
use gw_plan::numeric::quantile_of;

use super::names::Keys;
use super::sort::by_value;
use crate::exec::{MatrixStream, Operator, Scalars, collected, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// The first input is the matrix, the second the parameter.
#[derive(Debug, Clone)]
pub(crate) struct Choose {
    pub(crate) op: AggregateOp,
    pub(crate) grouping: Grouping,
    pub(crate) steps: usize,
    pub(crate) position: Position,
}

impl Operator for Choose {
    fn name(&self) -> &'static str {
        "Aggregate"
    }

    fn describe(&self) -> String {
        let clause = if self.grouping.without { "without" } else { "by" };
        format!("{:?} {clause} ({})", self.op, self.grouping.labels.join(", "))
    }

    fn position(&self) -> Position {
        self.position
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let input = inputs.remove(0);
        let (choose, run) = (self.clone(), Arc::clone(run));
        once(async move {
            let params = Scalars::read(inputs, choose.steps, &run).await?;
            let matrix = collected(input, choose.steps, &run).await?;
            let groups = Grouped::of(&matrix, &choose.grouping);
            let notes = Notes::new(&run.cost, choose.position);
            match &choose.op {
                AggregateOp::CountValues(label) => Ok(count_values(&matrix, &choose.grouping, label)),
                AggregateOp::Quantile => Ok(quantile(&matrix, groups, params.first(), &notes)),
                AggregateOp::Topk => ranked(&matrix, &groups, params.first(), (true, "topk"), &notes),
                AggregateOp::Bottomk => ranked(&matrix, &groups, params.first(), (false, "bottomk"), &notes),
                AggregateOp::Limitk => limit(&matrix, &groups, params.first()),
                _ => ratio(&matrix, params.first(), &notes),
            }
        })
    }
}

/// The rows of each group.
struct Grouped {
    keys: Keys,
    rows: Vec<Vec<usize>>,
}

impl Grouped {
    fn of(matrix: &Matrix, grouping: &Grouping) -> Self {
        let mut groups = Self { keys: Keys::default(), rows: Vec::new() };
        for row in 0..matrix.rows() {
            let group = groups.keys.number(&matrix.labels[row], &grouping.labels, !grouping.without);
            groups.rows.resize(groups.rows.len().max(group + 1), Vec::new());
            groups.rows[group].push(row);
        }
        groups
    }
}

/// The parameter of `topk` and the like as a number of series.
fn count_of(param: f64) -> Result<usize, QueryError> {
    if param.is_nan() {
        return Err(QueryError::execute(Kind::Invalid, "Parameter value is NaN"));
    }
    if param >= 9_223_372_036_854_775_808.0 {
        let text = format!("Scalar value {} overflows int64", gw_plan::annotations::short(param));
        return Err(QueryError::execute(Kind::Invalid, text));
    }
    if param <= -9_223_372_036_854_775_808.0 {
        let text = format!("Scalar value {} underflows int64", gw_plan::annotations::short(param));
        return Err(QueryError::execute(Kind::Invalid, text));
    }
    Ok(param.max(0.0) as usize)
}

fn ranked(
    matrix: &Matrix,
    groups: &Grouped,
    params: &[f64],
    (greatest, operation): (bool, &str),
    notes: &Notes<'_>,
) -> Result<Matrix, QueryError> {
    let mut out = Rows::default();
    let mut result = Matrix::new(matrix.steps);
    for step in 0..matrix.steps {
        let count = count_of(params.get(step).copied().unwrap_or(f64::NAN))?;
        for rows in groups.rows.iter().filter(|_| count > 0) {
            let mut floats: Vec<(usize, f64)> = Vec::with_capacity(rows.len());
            for row in rows {
                match matrix.cell(*row, step) {
                    Cell::Float(value) => floats.push((*row, value)),
                    Cell::Histogram(_) => notes.histogram_ignored_in_aggregation(operation),
                    Cell::Absent => {}
                }
            }
            floats.sort_by(|a, b| by_value(a.1, b.1, greatest));
            floats.truncate(count);
            for (row, value) in floats {
                let at = out.of(row, matrix, &mut result);
                result.set_float(at, step, value);
            }
        }
    }
    Ok(result)
}

fn limit(matrix: &Matrix, groups: &Grouped, params: &[f64]) -> Result<Matrix, QueryError> {
    let mut out = Rows::default();
    let mut result = Matrix::new(matrix.steps);
    for step in 0..matrix.steps {
        let count = count_of(params.get(step).copied().unwrap_or(f64::NAN))?;
        for rows in &groups.rows {
            let there = rows.iter().filter(|row| !matches!(matrix.cell(**row, step), Cell::Absent));
            for row in there.take(count) {
                let at = out.of(*row, matrix, &mut result);
                result.copy(at, step, matrix.cell(*row, step));
            }
        }
    }
    Ok(result)
}

/// A series is in or out by its hash alone, so that `r` and `r - 1` complement each other.
fn ratio(matrix: &Matrix, params: &[f64], notes: &Notes<'_>) -> Result<Matrix, QueryError> {
    let mut out = Rows::default();
    let mut result = Matrix::new(matrix.steps);
    let place: Vec<f64> = matrix.labels.iter().map(|labels| labels.hash64() as f64 / u64::MAX as f64).collect();
    for step in 0..matrix.steps {
        let given = params.get(step).copied().unwrap_or(f64::NAN);
        if given.is_nan() {
            return Err(QueryError::execute(Kind::Invalid, "Ratio value is NaN"));
        }
        let ratio = given.clamp(-1.0, 1.0);
        if ratio != given {
            notes.bad_ratio(given, ratio);
        }
        for (row, place) in place.iter().enumerate() {
            let chosen = (ratio >= 0.0 && (*place < ratio || ratio == 1.0)) || (ratio < 0.0 && *place >= 1.0 + ratio);
            if chosen && !matches!(matrix.cell(row, step), Cell::Absent) {
                let at = out.of(row, matrix, &mut result);
                result.copy(at, step, matrix.cell(row, step));
            }
        }
    }
    Ok(result)
}

/// Which row of the result stands for a row of the input.
#[derive(Default)]
struct Rows(Map<usize, usize>);

impl Rows {
    fn of(&mut self, row: usize, matrix: &Matrix, result: &mut Matrix) -> usize {
        *self.0.entry(row).or_insert_with(|| result.push(matrix.labels[row].clone(), matrix.dropped[row]))
    }
}

fn quantile(matrix: &Matrix, groups: Grouped, params: &[f64], notes: &Notes<'_>) -> Matrix {
    for q in params.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
        notes.bad_quantile(*q);
    }
    let mut out = Matrix::new(matrix.steps);
    let mut values = Vec::new();
    for (labels, rows) in groups.keys.labels.into_iter().zip(groups.rows) {
        let at = out.push(labels, rows.iter().any(|row| matrix.dropped[*row]));
        for step in 0..matrix.steps {
            values.clear();
            for row in &rows {
                match matrix.cell(*row, step) {
                    Cell::Float(value) => values.push(value),
                    Cell::Histogram(_) => notes.histogram_ignored_in_aggregation("quantile"),
                    Cell::Absent => {}
                }
            }
            if !values.is_empty() {
                out.set_float(at, step, quantile_of(params.get(step).copied().unwrap_or(f64::NAN), &mut values));
            }
        }
        out.pop_if_empty();
    }
    out
}

fn count_values(matrix: &Matrix, grouping: &Grouping, label: &str) -> Matrix {
    let mut keys = Keys::default();
    let mut out = Matrix::new(matrix.steps);
    let mut groups = Keys::default();
    for row in 0..matrix.rows() {
        let group = groups.number(&matrix.labels[row], &grouping.labels, !grouping.without);
        for step in 0..matrix.steps {
            let text = match matrix.cell(row, step) {
                Cell::Absent => continue,
                Cell::Float(value) => value_text(value),
                Cell::Histogram(value) => histogram::text(value),
            };
            let mut labels = groups.labels[group].to_builder();
            labels.set(label, text);
            let at = keys.of(labels.build());
            if at == out.rows() {
                out.push(keys.labels[at].clone(), matrix.dropped[row]);
            }
            let before = match out.cell(at, step) {
                Cell::Float(count) => count,
                _ => 0.0,
            };
            out.set_float(at, step, before + 1.0);
        }
    }
    out
}

/// A float without exponent, as Prometheus writes it into the label.
fn value_text(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        format!("{value}")
    }
}
