//! Operators between two cells, and between a matrix and a scalar.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use gw_plan::algebra::BinaryOp;
use gw_plan::annotations::{Notes, Position};
use gw_plan::histogram;
use gw_plan::window::Value;

use crate::exec::{MatrixStream, Operator, Scalars, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// What an operator makes of two cells.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The operands do not suit the operator.
    Nothing,
    /// The result of arithmetic.
    Value(Value),
    /// The truth of a comparison.
    Truth(bool),
}

/// The result of an operator on two cells that hold something.
pub(super) fn apply(op: BinaryOp, left: Cell<'_>, right: Cell<'_>, notes: &Notes<'_>) -> Outcome {
    let refused = |left: &str, right: &str| {
        notes.incompatible_types(op.as_str(), left, right);
        Outcome::Nothing
    };
    let of = |value| Outcome::Value(Value::Histogram(Arc::new(value)));
    match (left, right) {
        (Cell::Float(left), Cell::Float(right)) => match op {
            BinaryOp::TrimUpper | BinaryOp::TrimLower => refused("float", "float"),
            op if op.is_comparison() => Outcome::Truth(op.apply(left, right) == 1.0),
            op => Outcome::Value(Value::Float(op.apply(left, right))),
        },
        (Cell::Float(left), Cell::Histogram(right)) => match op {
            BinaryOp::Mul => of(histogram::multiply(right, left)),
            _ => refused("float", "histogram"),
        },
        (Cell::Histogram(left), Cell::Float(right)) => match op {
            BinaryOp::Mul => of(histogram::multiply(left, right)),
            BinaryOp::Div | BinaryOp::DivOrNan => of(histogram::divide(left, right)),
            BinaryOp::TrimUpper => of(histogram::trim(left, right, true)),
            BinaryOp::TrimLower => of(histogram::trim(left, right, false)),
            _ => refused("histogram", "float"),
        },
        (Cell::Histogram(left), Cell::Histogram(right)) => match op {
            BinaryOp::Add | BinaryOp::Sub => histograms(op, left, right, notes),
            BinaryOp::Equal => Outcome::Truth(histogram::equal(left, right)),
            BinaryOp::NotEqual => Outcome::Truth(!histogram::equal(left, right)),
            _ => refused("histogram", "histogram"),
        },
        (Cell::Absent, _) | (_, Cell::Absent) => Outcome::Nothing,
    }
}

fn histograms(op: BinaryOp, left: &gw_batch::Histogram, right: &gw_batch::Histogram, notes: &Notes<'_>) -> Outcome {
    let addition = op == BinaryOp::Add;
    match if addition { histogram::add(left, right) } else { histogram::subtract(left, right) } {
        Ok((value, remarks)) => {
            let operation = if addition { "addition" } else { "subtraction" };
            if remarks.reconciled {
                notes.reconciled_buckets(operation);
            }
            if remarks.reset_collision {
                notes.counter_reset_collision(operation);
            }
            let mut value = histogram::compacted(&value);
            if !addition {
                // A difference may fall, so it is no counter.
                value.reset_hint = histogram::HINT_GAUGE;
            }
            Outcome::Value(Value::Histogram(Arc::new(value)))
        }
        Err(histogram::Incompatible) => {
            notes.incompatible_buckets(op.as_str());
            Outcome::Nothing
        }
    }
}

/// Whether the result is another quantity than the operands, which costs the metric name.
pub(super) const fn makes_new_quantity(op: BinaryOp) -> bool {
    !op.is_comparison() && !matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower)
}

/// The first input is the matrix, the second the scalar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScalarBinary {
    pub(crate) op: BinaryOp,
    pub(crate) scalar_left: bool,
    pub(crate) return_bool: bool,
    pub(crate) steps: usize,
    pub(crate) position: Position,
}

impl Operator for ScalarBinary {
    fn name(&self) -> &'static str {
        "ScalarBinary"
    }

    fn describe(&self) -> String {
        self.op.as_str().to_owned()
    }

    fn position(&self) -> Position {
        self.position
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let input = inputs.remove(0);
        let (binary, run) = (*self, Arc::clone(run));
        stream::once(async move {
            let scalars = match Scalars::read(inputs, binary.steps, &run).await {
                Ok(scalars) => scalars,
                Err(error) => return once(async move { Err(error) }),
            };
            let evaluate = move |block: Matrix| {
                let notes = Notes::new(&run.cost, binary.position);
                binary.block(&block, scalars.first(), &notes)
            };
            input.map(move |block| block.map(&evaluate)).boxed()
        })
        .flatten()
        .boxed()
    }
}

impl ScalarBinary {
    fn block(self, block: &Matrix, scalars: &[f64], notes: &Notes<'_>) -> Matrix {
        let drops_name = self.return_bool || makes_new_quantity(self.op);
        let mut out = Matrix::new(block.steps);
        for row in 0..block.rows() {
            let at = out.push(block.labels[row].clone(), block.dropped[row] || drops_name);
            for (step, scalar) in scalars.iter().enumerate().take(block.steps) {
                let cell = block.cell(row, step);
                let (left, right) =
                    if self.scalar_left { (Cell::Float(*scalar), cell) } else { (cell, Cell::Float(*scalar)) };
                match apply(self.op, left, right, notes) {
                    Outcome::Nothing => {}
                    Outcome::Value(value) => out.set(at, step, value),
                    Outcome::Truth(holds) if self.return_bool => out.set_float(at, step, f64::from(u8::from(holds))),
                    Outcome::Truth(true) => out.copy(at, step, cell),
                    Outcome::Truth(false) => {}
                }
            }
            out.pop_if_empty();
        }
        out
    }
}
