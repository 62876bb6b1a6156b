//! Metric names that are to go are dropped, and series that become equal are merged: at the end of a plan, where rows are put
//! in order, too, or after each operation.

use std::sync::Arc;

use gw_base::{Kind, Map};
use gw_batch::QueryError;

use super::names::{order, unnamed};
use crate::exec::{MatrixStream, Operator, collected, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// The last operator of a plan.
#[derive(Debug)]
pub(crate) struct Finish {
    pub(crate) steps: usize,
    /// Whether rows keep their order.
    pub(crate) ordered: bool,
}

impl Operator for Finish {
    fn name(&self) -> &'static str {
        "Finish"
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (input, steps, ordered, run) = (inputs.remove(0), self.steps, self.ordered, Arc::clone(run));
        once(async move {
            let mut matrix = collected(input, steps, &run).await?;
            drop_names(&mut matrix);
            let matrix = without_empty(matrix);
            if ordered {
                return merged(matrix);
            }
            let matrix = sorted(matrix);
            // Equal series are neighbours now.
            if matrix.labels.windows(2).all(|two| two[0] != two[1]) { Ok(matrix) } else { Ok(sorted(merged(matrix)?)) }
        })
    }
}

/// Metric names go in the middle of a plan.
#[derive(Debug)]
pub(crate) struct Unnamed {
    pub(crate) steps: usize,
    /// Whether series that become equal are refused even where they never meet.
    pub(crate) strict: bool,
}

impl Operator for Unnamed {
    fn name(&self) -> &'static str {
        "DropNames"
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (input, steps, strict, run) = (inputs.remove(0), self.steps, self.strict, Arc::clone(run));
        once(async move {
            let mut matrix = collected(input, steps, &run).await?;
            if !drop_names(&mut matrix) {
                return Ok(matrix);
            }
            let matrix = without_empty(matrix);
            if strict && has_equal(&matrix) { Err(same_labels()) } else { merged(matrix) }
        })
    }
}

/// Drops the metric names that are marked to go, and tells whether there were any.
fn drop_names(matrix: &mut Matrix) -> bool {
    let mut any = false;
    for (labels, dropped) in matrix.labels.iter_mut().zip(&mut matrix.dropped).filter(|(_, dropped)| **dropped) {
        *labels = unnamed(labels);
        *dropped = false;
        any = true;
    }
    any
}

fn sorted(matrix: Matrix) -> Matrix {
    let rows = order(&matrix.labels);
    if rows.is_sorted() { matrix } else { matrix.taken(&rows) }
}

fn without_empty(matrix: Matrix) -> Matrix {
    let full: Vec<usize> = (0..matrix.rows()).filter(|row| !matrix.is_empty_row(*row)).collect();
    if full.len() == matrix.rows() { matrix } else { matrix.taken(&full) }
}

fn has_equal(matrix: &Matrix) -> bool {
    let mut first: Map<&gw_base::Labels, usize> = Map::default();
    matrix.labels.iter().enumerate().any(|(row, labels)| first.insert(labels, row).is_some())
}

/// Series with equal labels as one, unless both have a value at some step.
pub(super) fn merged(matrix: Matrix) -> Result<Matrix, QueryError> {
    if !has_equal(&matrix) {
        return Ok(matrix);
    }
    let mut rows: Map<gw_base::Labels, usize> = Map::default();
    let mut out = Matrix::new(matrix.steps);
    for row in 0..matrix.rows() {
        let labels = &matrix.labels[row];
        let at = match rows.get(labels) {
            Some(at) => *at,
            None => {
                let at = out.push(labels.clone(), matrix.dropped[row]);
                rows.insert(labels.clone(), at);
                at
            }
        };
        for step in 0..matrix.steps {
            let cell = matrix.cell(row, step);
            if !matches!(cell, Cell::Absent) && !matches!(out.cell(at, step), Cell::Absent) {
                return Err(same_labels());
            }
            out.copy(at, step, cell);
        }
    }
    Ok(out)
}

/// Wire: clients and tests match the text of Prometheus.
pub(super) fn same_labels() -> QueryError {
    QueryError::execute(Kind::Invalid, "vector cannot contain metrics with the same labelset")
}
