//! What is the same at every step is evaluated once and repeated.

use std::ops::Range;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use crate::exec::{MatrixStream, Operator};
use crate::matrix::Matrix;
use crate::run::Run;

/// Cells of a block at most, unless one row has more: who collects the blocks counts them before the next one is made.
const BLOCK_CELLS: usize = 1 << 16;

/// An input of one step, as it is at each of `steps`.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) steps: usize,
}

impl Operator for Repeat {
    fn name(&self) -> &'static str {
        "Repeat"
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, _: &Arc<Run>) -> MatrixStream {
        let steps = self.steps;
        let rows = (BLOCK_CELLS / steps.max(1)).max(1);
        let pieces = move |block| match block {
            Ok(block) => stream::iter(pieces(block, rows, steps).map(Ok)).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        };
        inputs.remove(0).flat_map(pieces).boxed()
    }
}

fn pieces(block: Matrix, rows: usize, steps: usize) -> impl Iterator<Item = Matrix> + Send {
    let all = block.rows();
    (0..all).step_by(rows).map(move |from| repeated(&block, from..all.min(from + rows), steps))
}

fn repeated(block: &Matrix, rows: Range<usize>, steps: usize) -> Matrix {
    let cells = |cell: &Option<_>| std::iter::repeat_n(cell.clone(), steps);
    Matrix {
        steps,
        labels: block.labels[rows.clone()].to_vec(),
        dropped: block.dropped[rows.clone()].to_vec(),
        values: block.values[rows.clone()].iter().flat_map(|value| std::iter::repeat_n(*value, steps)).collect(),
        present: block.present[rows.clone()].iter().flat_map(|here| std::iter::repeat_n(*here, steps)).collect(),
        histograms: block.histograms.get(rows).unwrap_or_default().iter().flat_map(cells).collect(),
    }
}
