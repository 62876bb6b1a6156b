//! The end of a plan: metric names that are to go are dropped, series that become equal are merged, rows are put in order.

use std::sync::Arc;

use gw_base::{Kind, Map};
use gw_batch::QueryError;

use super::names::{compare, unnamed};
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
            for row in 0..matrix.rows() {
                if matrix.dropped[row] {
                    matrix.labels[row] = unnamed(&matrix.labels[row]);
                    matrix.dropped[row] = false;
                }
            }
            let full: Vec<usize> = (0..matrix.rows()).filter(|row| !matrix.is_empty_row(*row)).collect();
            let matrix = if full.len() == matrix.rows() { matrix } else { matrix.taken(&full) };
            let matrix = merged(matrix)?;
            if ordered {
                return Ok(matrix);
            }
            let mut rows: Vec<usize> = (0..matrix.rows()).collect();
            rows.sort_by(|a, b| compare(&matrix.labels[*a], &matrix.labels[*b]));
            if rows.is_sorted() { Ok(matrix) } else { Ok(matrix.taken(&rows)) }
        })
    }
}

/// Series with equal labels as one, unless both have a value at some step.
pub(super) fn merged(matrix: Matrix) -> Result<Matrix, QueryError> {
    let mut first: Map<&gw_base::Labels, usize> = Map::default();
    let equal = matrix.labels.iter().enumerate().any(|(row, labels)| first.insert(labels, row).is_some());
    if !equal {
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
