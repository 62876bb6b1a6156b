//! A function over windows of another operator's points.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use gw_batch::Histogram;
use gw_plan::algebra::{Grid, Shift, WindowCall};
use gw_plan::annotations::Notes;
use gw_plan::histogram::{HINT_NO_RESET, HINT_RESET, HINT_UNKNOWN};
use gw_plan::seconds;

use super::names::type_of;
use super::scan::note_doubtful_counter;
use super::slide::{Frame, Track, slide};
use crate::exec::{MatrixStream, Operator, Scalars, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// The first input is the inner matrix, the others are scalar arguments.
#[derive(Debug)]
pub(crate) struct Subquery {
    pub(crate) grid: Grid,
    pub(crate) inner: Grid,
    pub(crate) shift: Shift,
    pub(crate) range: i64,
    pub(crate) closed: bool,
    pub(crate) call: WindowCall,
}

impl Operator for Subquery {
    fn name(&self) -> &'static str {
        "Subquery"
    }

    fn describe(&self) -> String {
        format!("{} over [{}s:{}s]", self.call.name, seconds(self.range), seconds(self.inner.step))
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let input = inputs.remove(0);
        let (frame, inner) =
            (Frame { grid: self.grid, shift: self.shift, range: self.range, closed: self.closed }, self.inner);
        let (call, run) = (self.call.clone(), Arc::clone(run));
        stream::once(async move {
            let params = match Scalars::read(inputs, frame.grid.count, &run).await {
                Ok(params) => params,
                Err(error) => return once(async move { Err(error) }),
            };
            if let Err(error) = params.refused_by(call.refuses) {
                return once(async move { Err(error) });
            }
            let evaluate = move |block: &Matrix| {
                let mut out = Matrix::new(frame.grid.count);
                for row in 0..block.rows() {
                    let metric = block.labels[row].metric().unwrap_or("").to_owned();
                    let notes = Notes::new(&run.cost, call.position).about(&metric);
                    let dropped = block.dropped[row] || !call.keeps_name;
                    let at = out.push(block.labels[row].clone(), dropped);
                    slide(&points(block, row, inner), frame, &call, &params, (&mut out, at, &notes));
                    let kind = run.rules.type_labels.then(|| type_of(block.labels[row].as_bytes()));
                    note_doubtful_counter(&call, (&out, at), &notes, (&metric, kind));
                    out.pop_if_empty();
                }
                out
            };
            input.map(move |block| block.map(|block| evaluate(&block))).boxed()
        })
        .flatten()
        .boxed()
    }
}

/// The histogram without what it says of a reset: between the points of a subquery samples are left out or come twice.
fn unhinted(value: &Arc<Histogram>) -> Arc<Histogram> {
    match value.reset_hint {
        HINT_RESET | HINT_NO_RESET => Arc::new(Histogram { reset_hint: HINT_UNKNOWN, ..value.as_ref().clone() }),
        _ => Arc::clone(value),
    }
}

/// A row's cells as samples.
fn points(block: &Matrix, row: usize, grid: Grid) -> Track {
    let mut track = Track::default();
    for step in 0..grid.count {
        match block.cell(row, step) {
            Cell::Absent => {}
            Cell::Float(value) => {
                track.times.push(grid.at(step));
                track.values.push(value);
            }
            Cell::Histogram(value) => {
                track.histogram_times.push(grid.at(step));
                track.histograms.push(unhinted(value));
            }
        }
    }
    track
}
