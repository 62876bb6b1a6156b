//! One where there is nothing.

use std::sync::Arc;

use futures_util::StreamExt as _;
use gw_base::Labels;

use crate::exec::{MatrixStream, Operator, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// A row that is 1 at each step at which the input has no value.
#[derive(Debug)]
pub(crate) struct Absent {
    pub(crate) labels: Labels,
    pub(crate) steps: usize,
}

impl Operator for Absent {
    fn name(&self) -> &'static str {
        "Absent"
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, _: &Arc<Run>) -> MatrixStream {
        let (mut input, labels, steps) = (inputs.remove(0), self.labels.clone(), self.steps);
        once(async move {
            let mut seen = vec![false; steps];
            while let Some(block) = input.next().await {
                let block = block?;
                for row in 0..block.rows() {
                    for (step, seen) in seen.iter_mut().enumerate() {
                        *seen |= !matches!(block.cell(row, step), Cell::Absent);
                    }
                }
            }
            let mut out = Matrix::new(steps);
            let row = out.push(labels, true);
            for step in (0..steps).filter(|step| !seen[*step]) {
                out.set_float(row, step, 1.0);
            }
            out.pop_if_empty();
            Ok(out)
        })
    }
}
