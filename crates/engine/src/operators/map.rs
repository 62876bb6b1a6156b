//! A function of each cell alone.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use gw_plan::algebra::Grid;
use gw_plan::promql::functions::{MapInput, MapKernel};
use gw_plan::window::Value;

use crate::exec::{MatrixStream, Operator, Scalars, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// The first input is the matrix, the others are scalar arguments.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) name: &'static str,
    pub(crate) grid: Grid,
    pub(crate) kernel: MapKernel,
    pub(crate) drops_name: bool,
}

impl Operator for Map {
    fn name(&self) -> &'static str {
        "Map"
    }

    fn describe(&self) -> String {
        self.name.to_owned()
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let input = inputs.remove(0);
        let (grid, kernel, drops_name, run) = (self.grid, self.kernel, self.drops_name, Arc::clone(run));
        stream::once(async move {
            let params = match Scalars::read(inputs, grid.count, &run).await {
                Ok(params) => params,
                Err(error) => return once(async move { Err(error) }),
            };
            input
                .map(move |block| {
                    block.map(|mut block| {
                        apply(&mut block, grid, kernel, &params);
                        if drops_name {
                            block.dropped.fill(true);
                        }
                        block
                    })
                })
                .boxed()
        })
        .flatten()
        .boxed()
    }
}

fn apply(block: &mut Matrix, grid: Grid, kernel: MapKernel, params: &Scalars) {
    let mut buffer = Vec::with_capacity(params.len());
    for step in 0..grid.count {
        let input = MapInput { at: grid.at(step), params: params.at(step, &mut buffer) };
        for row in 0..block.rows() {
            let at = row * block.steps + step;
            let result = match (block.cell(row, step), kernel) {
                (Cell::Absent, _) => continue,
                (Cell::Float(value), MapKernel::Float(of)) => of(value, &input).map(Value::Float),
                (Cell::Float(value), MapKernel::Both(of)) => of(&Value::Float(value), &input),
                (Cell::Histogram(value), MapKernel::Histogram(of)) => Some(Value::Float(of(value))),
                (Cell::Histogram(value), MapKernel::Both(of)) => of(&Value::Histogram(Arc::clone(value)), &input),
                (Cell::Float(_), MapKernel::Histogram(_)) | (Cell::Histogram(_), MapKernel::Float(_)) => None,
            };
            match result {
                Some(value) => block.set(row, step, value),
                None => {
                    block.present[at] = false;
                    if let Some(cell) = block.histograms.get_mut(at) {
                        *cell = None;
                    }
                }
            }
        }
    }
}
