//! What LogQL makes of the samples of a window; most of it is what PromQL makes of them.

use crate::annotations::Notes;
use crate::logs::LogOp;
use crate::numeric::Compensated;
use crate::promql::Release;
use crate::promql::functions::{Kind, find};
use crate::seconds;
use crate::window::{Value, WindowInput, WindowKernel};

/// The function of an operation. A line counts as a sample of 1, or of its bytes.
#[must_use]
pub fn kernel(op: LogOp) -> WindowKernel {
    let name = match op {
        LogOp::Rate | LogOp::BytesRate => return per_second,
        LogOp::Count | LogOp::Bytes | LogOp::Sum => "sum_over_time",
        LogOp::RateCounter => return counter,
        LogOp::Avg => "avg_over_time",
        LogOp::Min => "min_over_time",
        LogOp::Max => "max_over_time",
        LogOp::Stddev => "stddev_over_time",
        LogOp::Stdvar => "stdvar_over_time",
        LogOp::Quantile => "quantile_over_time",
        LogOp::First => "first_over_time",
        LogOp::Last => "last_over_time",
        LogOp::Absent => "present_over_time",
    };
    match find(name, Release::V3).map(|function| function.kind) {
        Some(Kind::Window { kernel, .. }) => kernel,
        _ => |_, _| None,
    }
}

/// As PromQL's `rate`; a single sample has risen by nothing.
fn counter(input: &WindowInput<'_>, notes: &Notes<'_>) -> Option<Value> {
    if input.floats.len() == 1 {
        return Some(Value::Float(0.0));
    }
    match find("rate", Release::V3).map(|function| function.kind) {
        Some(Kind::Window { kernel, .. }) => kernel(input, notes),
        _ => None,
    }
}

fn per_second(input: &WindowInput<'_>, _: &Notes<'_>) -> Option<Value> {
    let mut total = Compensated::default();
    input.floats.values.iter().for_each(|value| total.add(*value));
    Some(Value::Float(total.total() / seconds(input.end - input.start)))
}
