//! Sliding functions against the window kernels: every bit is the same.

use gw_batch::Cost;
use proptest::prelude::*;

use super::*;
use crate::annotations::Notes;
use crate::promql::Release;
use crate::promql::functions::{Kind, find};
use crate::window::{Points, Value, WindowInput};

const NAMES: [&str; 11] = [
    "rate",
    "increase",
    "delta",
    "count_over_time",
    "present_over_time",
    "last_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "avg_over_time",
    "quantile_over_time",
];

fn by_kernel(name: &str, times: &[i64], values: &[f64], frame: Frame, param: f64) -> Vec<Option<u64>> {
    let Some(Kind::Window { kernel, .. }) = find(name, Release::V3).map(|function| function.kind) else {
        panic!("{name} is a window function")
    };
    let cost = Cost::default();
    let notes = Notes::new(&cost, crate::annotations::Position::default());
    let of = |step: usize| {
        let end = frame.shift.apply(frame.grid.at(step));
        let start = end - frame.range;
        let (from, to) = (times.partition_point(|t| *t <= start), times.partition_point(|t| *t <= end));
        if from >= to {
            return None;
        }
        let floats = Points { times, values, starts: &[] }.slice(from, to);
        let histograms = Points { times: &[], values: &[], starts: &[] };
        let input = WindowInput { floats, histograms, start, end, at: frame.grid.at(step), params: &[param] };
        match kernel(&input, &notes)? {
            Value::Float(value) => Some(bits(value)),
            Value::Histogram(_) => panic!("floats make no histogram"),
        }
    };
    (0..frame.grid.count).map(of).collect()
}

/// All NaN are one: which of several operands gives its payload is the processor's choice.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

fn by_sliding(
    name: &str,
    (times, values): (&[i64], &[f64]),
    (frame, param): (Frame, f64),
    scratch: &mut Scratch,
) -> Vec<Option<u64>> {
    let (mut cells, mut present) = (vec![0.0; frame.grid.count], vec![false; frame.grid.count]);
    let mut row = Row { values: &mut cells, present: &mut present };
    let function = Sliding::of(name).expect("the name is listed");
    function.slide((times, values), (frame, param), scratch, &mut row);
    cells.iter().zip(&present).map(|(value, present)| present.then(|| bits(*value))).collect()
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0u32..50).prop_map(f64::from),
        4 => -1e3..1e3,
        1 => prop_oneof![Just(f64::NAN), Just(-0.0), Just(0.0), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(1e300)],
        1 => (0u64..1 << 55).prop_map(|whole| whole as f64),
    ]
}

proptest! {
    #[test]
    fn every_bit_is_the_kernels(
        samples in proptest::collection::vec((1i64..40, value()), 0..120),
        whole in any::<bool>(),
        (step, range) in (1i64..60, 1i64..400),
        start in -200i64..400,
        offset in -100i64..100,
        fixed in proptest::option::of(0i64..2000),
        q in 0.0..=1.0f64,
    ) {
        const UNIT: i64 = 500_000_000;
        let mut time = 0;
        let times: Vec<i64> = samples.iter().map(|(gap, _)| { time += gap * UNIT; time }).collect();
        let values: Vec<f64> =
            samples.iter().map(|(_, value)| if whole && value.is_finite() { value.trunc() } else { *value }).collect();
        let frame = Frame {
            grid: Grid { start: start * UNIT, step: step * UNIT, count: 60 },
            shift: Shift { at: fixed.map(|at| at * UNIT), offset: offset * UNIT },
            range: range * UNIT, closed: false };
        // One scratch for all, as it serves all series and remembers what they have in common.
        let scratch = &mut Scratch::default();
        let (fewer, others) = (times.len() / 2, values.iter().rev().copied().collect::<Vec<_>>());
        for name in NAMES {
            for (times, values) in [(&times[..], &values[..]), (&times, &others), (&times[fewer..], &values[fewer..])] {
                prop_assert_eq!(
                    by_sliding(name, (times, values), (frame, q), scratch),
                    by_kernel(name, times, values, frame, q),
                    "{}", name
                );
            }
        }
    }
}
