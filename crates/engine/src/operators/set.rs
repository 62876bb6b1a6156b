//! `and`, `or`, `unless`: series of one side by whether the other side has partners, step by step.

use std::sync::Arc;

use gw_base::{Labels, Map};
use gw_plan::algebra::SetOp;

use super::names::Keys;
use crate::exec::{MatrixStream, Operator, collected, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// Two inputs, left and right.
#[derive(Debug, Clone)]
pub(crate) struct SetOperation {
    pub(crate) op: SetOp,
    pub(crate) labels: Vec<String>,
    pub(crate) on: bool,
    pub(crate) steps: usize,
}

impl Operator for SetOperation {
    fn name(&self) -> &'static str {
        "Set"
    }

    fn describe(&self) -> String {
        let clause = if self.on { "on" } else { "ignoring" };
        format!("{:?} {clause} ({})", self.op, self.labels.join(", "))
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (right, left) = (inputs.pop(), inputs.pop());
        let (set, run) = (self.clone(), Arc::clone(run));
        once(async move {
            let (Some(left), Some(right)) = (left, right) else { return Ok(Matrix::new(set.steps)) };
            let left = collected(left, set.steps, &run).await?;
            let right = collected(right, set.steps, &run).await?;
            Ok(set.evaluate(&left, &right))
        })
    }
}

impl SetOperation {
    fn evaluate(&self, left: &Matrix, right: &Matrix) -> Matrix {
        let mut keys = Keys::default();
        let left_groups = self.groups(left, &mut keys);
        let right_groups = self.groups(right, &mut keys);
        let there = |matrix: &Matrix, groups: &[usize]| {
            let mut there = vec![false; keys.labels.len() * self.steps];
            for (row, group) in groups.iter().enumerate() {
                for step in 0..self.steps {
                    there[group * self.steps + step] |= !matches!(matrix.cell(row, step), Cell::Absent);
                }
            }
            there
        };
        let mut out = Merged { matrix: Matrix::new(self.steps), rows: Map::default() };
        match self.op {
            SetOp::And | SetOp::Unless => {
                let partners = there(right, &right_groups);
                let wanted = self.op == SetOp::And;
                for (row, group) in left_groups.iter().enumerate() {
                    out.take(left, row, |step| partners[group * self.steps + step] == wanted);
                }
            }
            SetOp::Or => {
                let partners = there(left, &left_groups);
                for row in 0..left.rows() {
                    out.take(left, row, |_| true);
                }
                for (row, group) in right_groups.iter().enumerate() {
                    out.take(right, row, |step| !partners[group * self.steps + step]);
                }
            }
        }
        out.matrix
    }

    fn groups(&self, matrix: &Matrix, keys: &mut Keys) -> Vec<usize> {
        matrix.labels.iter().map(|labels| keys.number(labels, &self.labels, self.on)).collect()
    }
}

/// Rows by labels: a series that comes from both sides, at different steps, is one.
struct Merged {
    matrix: Matrix,
    rows: Map<Labels, usize>,
}

impl Merged {
    fn take(&mut self, from: &Matrix, row: usize, wanted: impl Fn(usize) -> bool) {
        for step in 0..from.steps {
            let cell = from.cell(row, step);
            if matches!(cell, Cell::Absent) || !wanted(step) {
                continue;
            }
            let at = match self.rows.get(&from.labels[row]) {
                Some(at) => *at,
                None => {
                    let at = self.matrix.push(from.labels[row].clone(), from.dropped[row]);
                    self.rows.insert(from.labels[row].clone(), at);
                    at
                }
            };
            self.matrix.dropped[at] |= from.dropped[row];
            self.matrix.copy(at, step, cell);
        }
    }
}
