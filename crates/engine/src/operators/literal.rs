//! Scalars: constants, the time, and the value of an only series.

use std::sync::Arc;

use gw_base::Labels;
use gw_plan::algebra::Grid;
use gw_plan::seconds;

use crate::exec::{MatrixStream, Operator, collected, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// The same number at every step.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) grid: Grid,
    pub(crate) value: f64,
}

impl Operator for Constant {
    fn name(&self) -> &'static str {
        "Constant"
    }

    fn describe(&self) -> String {
        self.value.to_string()
    }

    fn run(&self, _: Vec<MatrixStream>, _: &Arc<Run>) -> MatrixStream {
        let matrix = scalar(vec![self.value; self.grid.count]);
        once(async move { Ok(matrix) })
    }
}

/// The time of each step in seconds.
#[derive(Debug)]
pub(crate) struct Time {
    pub(crate) grid: Grid,
}

impl Operator for Time {
    fn name(&self) -> &'static str {
        "Time"
    }

    fn run(&self, _: Vec<MatrixStream>, _: &Arc<Run>) -> MatrixStream {
        let matrix = scalar((0..self.grid.count).map(|step| seconds(self.grid.at(step))).collect());
        once(async move { Ok(matrix) })
    }
}

/// The value of the only float series at each step, NaN where there is none or several.
#[derive(Debug)]
pub(crate) struct ScalarOf {
    pub(crate) steps: usize,
}

impl Operator for ScalarOf {
    fn name(&self) -> &'static str {
        "Scalar"
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (steps, run) = (self.steps, Arc::clone(run));
        let input = inputs.remove(0);
        once(async move {
            let matrix = collected(input, steps, &run).await?;
            let only = |step: usize| {
                let mut floats = (0..matrix.rows()).filter_map(|row| match matrix.cell(row, step) {
                    Cell::Float(value) => Some(value),
                    _ => None,
                });
                match (floats.next(), floats.next()) {
                    (Some(value), None) => value,
                    _ => f64::NAN,
                }
            };
            Ok(scalar((0..steps).map(only).collect()))
        })
    }
}

fn scalar(values: Vec<f64>) -> Matrix {
    let steps = values.len();
    Matrix {
        steps,
        labels: vec![Labels::empty()],
        dropped: vec![false],
        present: vec![true; steps],
        values,
        histograms: Vec::new(),
    }
}
