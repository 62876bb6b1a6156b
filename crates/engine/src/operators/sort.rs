//! The order of the rows of an instant answer.

use std::cmp::Ordering;
use std::sync::Arc;

use gw_base::Labels;
use gw_plan::algebra::Order;

use super::names::compare;
use crate::exec::{MatrixStream, Operator, collected, once};
use crate::matrix::Cell;
use crate::run::Run;

/// Sorts rows by their value at the only step, or by labels. Histograms are left out of sorting by value.
#[derive(Debug)]
pub(crate) struct Sort {
    pub(crate) order: Order,
    pub(crate) steps: usize,
}

impl Operator for Sort {
    fn name(&self) -> &'static str {
        "Sort"
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (input, order, steps, run) = (inputs.remove(0), self.order.clone(), self.steps, Arc::clone(run));
        once(async move {
            let mut matrix = collected(input, steps, &run).await?;
            let mut rows: Vec<usize> = (0..matrix.rows()).collect();
            match &order {
                Order::Value { descending } => {
                    matrix.clear_histograms();
                    let value = |row: usize| match matrix.cell(row, 0) {
                        Cell::Float(value) => value,
                        _ => f64::NAN,
                    };
                    if steps == 1 {
                        rows.retain(|row| matches!(matrix.cell(*row, 0), Cell::Float(_)));
                        rows.sort_by(|a, b| by_value(value(*a), value(*b), *descending));
                    }
                }
                Order::Labels { names, descending } => {
                    rows.sort_by(|a, b| {
                        let order = by_labels(&matrix.labels[*a], &matrix.labels[*b], names);
                        if *descending { order.reverse() } else { order }
                    });
                }
            }
            Ok(matrix.taken(&rows))
        })
    }
}

/// NaN comes last in either direction.
pub(super) fn by_value(a: f64, b: f64, descending: bool) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
            if descending { order.reverse() } else { order }
        }
    }
}

fn by_labels(a: &Labels, b: &Labels, names: &[String]) -> Ordering {
    for name in names {
        let (left, right) = (a.get(name).unwrap_or(""), b.get(name).unwrap_or(""));
        match natural(left, right) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    compare(a, b)
}

/// Texts with runs of digits compared as numbers: `cpu2` before `cpu10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        match (left.first(), right.first()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, y) = (digits(&mut left), digits(&mut right));
                match x.len().cmp(&y.len()).then_with(|| x.cmp(y)) {
                    Ordering::Equal => {}
                    order => return order,
                }
            }
            (Some(x), Some(y)) if x == y => (left, right) = (&left[1..], &right[1..]),
            (Some(x), Some(y)) => return x.cmp(y),
        }
    }
}

/// Takes a run of digits, without leading zeros.
fn digits<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (run, tail) = rest.split_at(end);
    *rest = tail;
    let zeros = run.iter().position(|byte| *byte != b'0').unwrap_or(run.len());
    &run[zeros..]
}
