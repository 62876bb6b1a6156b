//! Functions over native histograms and the buckets of classic ones, which share a label set but for `le`.

use std::collections::BTreeMap;
use std::sync::Arc;

use gw_base::Labels;
use gw_batch::Cost;
use gw_plan::algebra::Grid;
use gw_plan::annotations::{Notes, Position};
use gw_plan::promql::Rules;
use gw_plan::promql::functions::{Bucket, ClassicInput, ClassicKernel, Family};

use super::names::Keys;
use crate::exec::{MatrixStream, Operator, Scalars, collected, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// The label that holds a classic bucket's upper end.
const BUCKET_LABEL: &str = "le";

/// The first input is the matrix, the others are scalar arguments.
#[derive(Debug, Clone)]
pub(crate) struct Classic {
    pub(crate) name: &'static str,
    pub(crate) kernel: ClassicKernel,
    pub(crate) grid: Grid,
    pub(crate) output: Option<String>,
    pub(crate) call: Position,
    pub(crate) quantiles: Vec<Position>,
    pub(crate) position: Position,
}

impl Operator for Classic {
    fn name(&self) -> &'static str {
        "Histogram"
    }

    fn describe(&self) -> String {
        self.name.to_owned()
    }

    fn position(&self) -> Position {
        self.position
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let input = inputs.remove(0);
        let (classic, run) = (self.clone(), Arc::clone(run));
        once(async move {
            let params = Scalars::read(inputs, classic.grid.count, &run).await?;
            let matrix = collected(input, classic.grid.count, &run).await?;
            classic.judge_quantiles(&params, &run.cost);
            Ok(classic.evaluate(&matrix, &params, &run))
        })
    }
}

/// The rows that share a label set: classic buckets with their upper ends, and native histograms.
#[derive(Debug, Default)]
struct Group {
    buckets: Vec<(usize, f64)>,
    natives: Vec<usize>,
}

impl Classic {
    /// Warns of quantiles that are none, whether there are histograms or not.
    fn judge_quantiles(&self, params: &Scalars, cost: &Cost) {
        let mut buffer = Vec::new();
        for step in 0..self.grid.count {
            for (q, position) in params.at(step, &mut buffer).iter().zip(&self.quantiles) {
                if !(0.0..=1.0).contains(q) {
                    Notes::new(cost, *position).bad_quantile(*q);
                }
            }
        }
    }

    fn evaluate(&self, matrix: &Matrix, params: &Scalars, run: &Run) -> Matrix {
        let (notes, call) = (Notes::new(&run.cost, self.position), Notes::new(&run.cost, self.call));
        let mut keys = Keys::default();
        let groups = grouped(matrix, &mut keys, &notes, run.rules);
        let mut out = Matrix::new(self.grid.count);
        let mut rows: BTreeMap<Labels, usize> = BTreeMap::new();
        let mut buffer = Vec::new();
        for (labels, group) in keys.labels.iter().zip(&groups) {
            let metric = labels.metric().unwrap_or("");
            let (vector, call) = (notes.about(metric), call.about(metric));
            for step in 0..self.grid.count {
                let Some(family) = family(matrix, group, step, &vector) else { continue };
                let params = params.at(step, &mut buffer);
                let input = ClassicInput { at: self.grid.at(step), params, vector, call };
                let Some(label) = &self.output else {
                    if let Some(value) = (self.kernel)(&family, &input) {
                        set(&mut out, &mut rows, labels.clone(), (step, value));
                    }
                    continue;
                };
                for param in params {
                    if let Some(value) = (self.kernel)(&family, &ClassicInput { params: &[*param], ..input }) {
                        let mut builder = labels.to_builder();
                        builder.set(label.as_str(), bound_text(*param));
                        set(&mut out, &mut rows, builder.build(), (step, value));
                    }
                }
            }
        }
        out
    }
}

fn set(out: &mut Matrix, rows: &mut BTreeMap<Labels, usize>, labels: Labels, (step, value): (usize, f64)) {
    let row = match rows.get(&labels) {
        Some(row) => *row,
        None => {
            let row = out.push(labels.clone(), true);
            rows.insert(labels, row);
            row
        }
    };
    out.set_float(row, step, value);
}

/// A float as OpenMetrics writes it: whole numbers with `.0`.
fn bound_text(value: f64) -> String {
    let text = gw_plan::annotations::short(value);
    if value.is_finite() && !text.contains(['.', 'e']) { format!("{text}.0") } else { text }
}

fn grouped(matrix: &Matrix, keys: &mut Keys, notes: &Notes<'_>, rules: Rules) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for row in 0..matrix.rows() {
        let labels = &matrix.labels[row];
        let (_, present) = matrix.floats(row);
        let has_floats = present.iter().any(|present| *present);
        let cells = row * matrix.steps..(row + 1) * matrix.steps;
        let has_histograms = matrix.histograms.get(cells).is_some_and(|cells| cells.iter().any(Option::is_some));
        if has_floats {
            let text = labels.get(BUCKET_LABEL).unwrap_or("");
            match text.parse::<f64>() {
                Ok(upper) => group(&mut groups, keys, labels).buckets.push((row, upper)),
                Err(_) => {
                    // Wire: where names go at once, this one is gone before the label is looked at.
                    let metric = labels.metric().filter(|_| rules.delayed_names).unwrap_or("");
                    notes.about(metric).bad_bucket_label(BUCKET_LABEL, text);
                }
            }
        }
        if has_histograms {
            group(&mut groups, keys, labels).natives.push(row);
        }
    }
    groups
}

fn group<'a>(groups: &'a mut Vec<Group>, keys: &mut Keys, labels: &Labels) -> &'a mut Group {
    let number = keys.of(labels.without(|name| name == BUCKET_LABEL));
    if number == groups.len() {
        groups.push(Group::default());
    }
    &mut groups[number]
}

fn family<'a>(matrix: &'a Matrix, group: &Group, step: usize, notes: &Notes<'_>) -> Option<Family<'a>> {
    let buckets: Vec<Bucket> = group
        .buckets
        .iter()
        .filter_map(|(row, upper)| match matrix.cell(*row, step) {
            Cell::Float(count) => Some(Bucket { upper: *upper, count }),
            _ => None,
        })
        .collect();
    let native = group.natives.iter().find_map(|row| match matrix.cell(*row, step) {
        Cell::Histogram(histogram) => Some(histogram.as_ref()),
        _ => None,
    });
    match (buckets.is_empty(), native) {
        (true, None) => None,
        (false, Some(_)) => {
            notes.mixed_classic_and_native();
            None
        }
        (true, Some(histogram)) => Some(Family::Native(histogram)),
        (false, None) => Some(Family::Classic(buckets)),
    }
}
