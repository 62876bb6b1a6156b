//! Functions of each value alone.

use super::{Function, map, sine};
use crate::numeric;

pub(super) static FAMILY: &[Function] = &[
    map("abs", |value, _| Some(value.abs())),
    map("ceil", |value, _| Some(value.ceil())),
    map("floor", |value, _| Some(value.floor())),
    map("exp", |value, _| Some(value.exp())),
    map("sqrt", |value, _| Some(value.sqrt())),
    map("ln", |value, _| Some(value.ln())),
    map("log2", |value, _| Some(value.log2())),
    map("log10", |value, _| Some(value.log10())),
    map("sin", |value, _| Some(sine::sin(value))),
    map("cos", |value, _| Some(sine::cos(value))),
    map("tan", |value, _| Some(value.tan())),
    map("asin", |value, _| Some(value.asin())),
    map("acos", |value, _| Some(value.acos())),
    map("atan", |value, _| Some(value.atan())),
    map("sinh", |value, _| Some(value.sinh())),
    map("cosh", |value, _| Some(value.cosh())),
    map("tanh", |value, _| Some(value.tanh())),
    map("asinh", |value, _| Some(value.asinh())),
    map("acosh", |value, _| Some(value.acosh())),
    map("atanh", |value, _| Some(value.atanh())),
    map("rad", |value, _| Some(value * std::f64::consts::PI / 180.0)),
    map("deg", |value, _| Some(value * 180.0 / std::f64::consts::PI)),
    map("sgn", |value, _| {
        Some(if value > 0.0 {
            1.0
        } else if value < 0.0 {
            -1.0
        } else {
            value
        })
    }),
    map("clamp", |value, input| clamp(value, *input.params.first()?, *input.params.get(1)?)),
    map("clamp_min", |value, input| clamp(value, *input.params.first()?, f64::INFINITY)),
    map("clamp_max", |value, input| clamp(value, f64::NEG_INFINITY, *input.params.first()?)),
    map("round", |value, input| Some(round(value, input.params.first().copied().unwrap_or(1.0)))),
];

fn clamp(value: f64, least: f64, greatest: f64) -> Option<f64> {
    if greatest < least {
        return None;
    }
    Some(numeric::greatest(least, numeric::least(greatest, value)))
}

fn round(value: f64, nearest: f64) -> f64 {
    // The inverse keeps whole results of fractions such as 0.1 exact.
    let inverse = 1.0 / nearest;
    (value * inverse + 0.5).floor() / inverse
}
