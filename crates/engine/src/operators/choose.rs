//! Aggregations that look at all series of a group at once: `topk`, `bottomk`, `limitk`, `limit_ratio`, `quantile`,
//! `count_values`.

use std::sync::Arc;

use gw_base::{Kind, Labels, Map};
use gw_batch::QueryError;
use gw_plan::algebra::{AggregateOp, AggregatePositions, Grouping};
use gw_plan::annotations::{Notes, Position, short};
use gw_plan::histogram;
use gw_plan::numeric::quantile_of;
use twox_hash::XxHash64;

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
    pub(crate) positions: AggregatePositions,
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
        self.positions.whole
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let input = inputs.remove(0);
        let (choose, run) = (self.clone(), Arc::clone(run));
        once(async move {
            let params = Scalars::read(inputs, choose.steps, &run).await?;
            let matrix = collected(input, choose.steps, &run).await?;
            let groups = Grouped::of(&matrix, &choose.grouping);
            let AggregatePositions { whole, param, input } = choose.positions;
            let [whole, param, input] = [whole, param, input].map(|position| Notes::new(&run.cost, position));
            match &choose.op {
                AggregateOp::CountValues(label) => count_values(&matrix, &choose.grouping, label, &run),
                AggregateOp::Quantile => Ok(quantile(&matrix, groups, params.first(), (&param, &input))),
                AggregateOp::Topk => ranked(&matrix, &groups, params.first(), (true, "topk"), &whole),
                AggregateOp::Bottomk => ranked(&matrix, &groups, params.first(), (false, "bottomk"), &whole),
                AggregateOp::Limitk => limit(&matrix, &groups, params.first()),
                _ => ratio(&matrix, params.first(), &param),
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

/// The parameters of `topk` and the like as numbers of series; `None` where none is as much as one.
fn counts_of(params: &[f64]) -> Result<Option<Vec<usize>>, QueryError> {
    let refused = |text: String| QueryError::execute(Kind::Invalid, text);
    if params.iter().any(|param| param.is_nan()) {
        return Err(refused("Parameter value is NaN".to_owned()));
    }
    let (least, greatest) = extremes(params);
    if greatest < 1.0 {
        return Ok(None);
    }
    if least <= -9_223_372_036_854_775_808.0 {
        return Err(refused(format!("Scalar value {} underflows int64", short(least))));
    }
    if greatest >= 9_223_372_036_854_775_808.0 {
        return Err(refused(format!("Scalar value {} overflows int64", short(greatest))));
    }
    Ok(Some(params.iter().map(|param| param.max(0.0) as usize).collect()))
}

/// The least and the greatest parameter; NaN only where all are.
fn extremes(params: &[f64]) -> (f64, f64) {
    params.iter().fold((f64::NAN, f64::NAN), |(least, greatest), param| (least.min(*param), greatest.max(*param)))
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
    let Some(counts) = counts_of(params)? else { return Ok(result) };
    for (step, count) in counts.into_iter().enumerate() {
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
    let Some(counts) = counts_of(params)? else { return Ok(result) };
    for (step, count) in counts.into_iter().enumerate() {
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
    if params.iter().any(|ratio| ratio.is_nan()) {
        return Err(QueryError::execute(Kind::Invalid, "Ratio value is NaN"));
    }
    let (least, greatest) = extremes(params);
    if least == 0.0 && greatest == 0.0 {
        return Ok(result);
    }
    if greatest > 1.0 {
        notes.bad_ratio(greatest, 1.0);
    }
    if least < -1.0 {
        notes.bad_ratio(least, -1.0);
    }
    let place: Vec<f64> = matrix.labels.iter().map(place_of).collect();
    for (step, ratio) in params.iter().enumerate().take(matrix.steps) {
        let ratio = ratio.clamp(-1.0, 1.0);
        for (row, place) in place.iter().enumerate() {
            let chosen = (ratio >= 0.0 && *place < ratio) || (ratio < 0.0 && *place >= 1.0 + ratio);
            if chosen && !matches!(matrix.cell(row, step), Cell::Absent) {
                let at = out.of(row, matrix, &mut result);
                result.copy(at, step, matrix.cell(row, step));
            }
        }
    }
    Ok(result)
}

/// Where a series stands among all, from 0 to 1: the same place as in Prometheus, which hashes its own byte form of labels.
fn place_of(labels: &Labels) -> f64 {
    let mut pairs: Vec<(&str, &str)> = labels.iter().collect();
    pairs.sort_unstable();
    let mut bytes = Vec::with_capacity(labels.as_bytes().len());
    for text in pairs.into_iter().flat_map(|(name, value)| [name, value]) {
        match u8::try_from(text.len()) {
            Ok(length) if length < u8::MAX => bytes.push(length),
            _ => {
                bytes.push(u8::MAX);
                bytes.extend_from_slice(&(text.len() as u32).to_le_bytes()[..3]);
            }
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    XxHash64::oneshot(0, &bytes) as f64 / u64::MAX as f64
}

/// Which row of the result stands for a row of the input.
#[derive(Default)]
struct Rows(Map<usize, usize>);

impl Rows {
    fn of(&mut self, row: usize, matrix: &Matrix, result: &mut Matrix) -> usize {
        *self.0.entry(row).or_insert_with(|| result.push(matrix.labels[row].clone(), matrix.dropped[row]))
    }
}

fn quantile(
    matrix: &Matrix,
    groups: Grouped,
    params: &[f64],
    (of_param, of_input): (&Notes<'_>, &Notes<'_>),
) -> Matrix {
    let (least, greatest) = extremes(params);
    if params.iter().any(|q| q.is_nan()) {
        of_param.bad_quantile(f64::NAN);
    }
    if greatest > 1.0 {
        of_param.bad_quantile(greatest);
    }
    if least < 0.0 {
        of_param.bad_quantile(least);
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
                    Cell::Histogram(_) => of_input.histogram_ignored_in_aggregation("quantile"),
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

fn count_values(matrix: &Matrix, grouping: &Grouping, label: &str, run: &Run) -> Result<Matrix, QueryError> {
    let mut keys = Keys::default();
    let mut out = Matrix::new(matrix.steps);
    let mut groups = Keys::default();
    for row in 0..matrix.rows() {
        run.check()?;
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
                // Values that never repeat make a row of every cell.
                run.hold(matrix.steps * 9 + keys.labels[at].as_bytes().len())?;
                out.push(keys.labels[at].clone(), matrix.dropped[row]);
            }
            let before = match out.cell(at, step) {
                Cell::Float(count) => count,
                _ => 0.0,
            };
            out.set_float(at, step, before + 1.0);
        }
    }
    Ok(out)
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
