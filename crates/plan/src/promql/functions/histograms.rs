//! Functions of histograms: of native ones alone, and of native and classic ones alike.

use gw_batch::Histogram;
use gw_lang::promql::ast::{Call, Expr};

use super::{ClassicKernel, Function, Kind, MapKernel, lower};
use crate::PlanError;
use crate::algebra::{Classic, Grid, Node};
use crate::annotations::Notes;
use crate::histogram as native;
use crate::promql::lower::Lowering;

pub(super) static FAMILY: &[Function] = &[
    of_native("histogram_count", |histogram| histogram.count),
    of_native("histogram_sum", |histogram| histogram.sum),
    of_native("histogram_avg", native::mean),
    of_native("histogram_stddev", |histogram| native::variance(histogram).sqrt()),
    of_native("histogram_stdvar", native::variance),
    lower("histogram_quantile", |lowering, call, grid| classic(lowering, call, grid, quantile)),
    lower("histogram_fraction", |lowering, call, grid| classic(lowering, call, grid, fraction)),
    lower("histogram_quantiles", quantiles),
];

/// How far counts may differ, relative to their sum, and still be taken for equal (prometheus promql/quantile.go).
const SMALL_DELTA: f64 = 1e-12;

const fn of_native(name: &'static str, kernel: fn(&Histogram) -> f64) -> Function {
    Function { name, kind: Kind::Map(MapKernel::Histogram(kernel)) }
}

/// A bucket of a classic histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Upper end, from the label `le`.
    pub upper: f64,
    /// Observations at most `upper`.
    pub count: f64,
}

/// What shares a label set at one point: classic buckets, or a native histogram.
#[derive(Debug, Clone)]
pub enum Family<'a> {
    /// Classic buckets in any order.
    Classic(Vec<Bucket>),
    /// A native histogram.
    Native(&'a Histogram),
}

/// Both functions take the scalars around the vector in any place.
fn classic(lowering: &mut Lowering<'_>, call: &Call, grid: Grid, kernel: ClassicKernel) -> Result<Node, PlanError> {
    let (mut input, mut params) = (None, Vec::new());
    for argument in &call.args {
        let node = lowering.lower(argument, grid)?;
        if argument.value_type() == gw_lang::promql::ast::ValueType::Vector {
            input = Some((node, argument.span()));
        } else {
            params.push(node);
        }
    }
    let (input, span) = input.ok_or_else(|| PlanError::Parse("expected an instant vector argument".to_owned()))?;
    let position = lowering.position(span);
    let name = call.function.name;
    Ok(Node::Classic(Box::new(Classic { name, kernel, input, grid, params, output: None, position })))
}

/// `histogram_quantiles(v, "label", q1, q2, ..)`.
fn quantiles(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    let [input, label, quantiles @ ..] = &call.args[..] else {
        return Err(PlanError::Parse("histogram_quantiles takes at least three arguments".to_owned()));
    };
    let Expr::String(label) = label.unparenthesised() else {
        return Err(PlanError::Parse("histogram_quantiles takes a label name as its second argument".to_owned()));
    };
    let position = lowering.position(input.span());
    let params = quantiles.iter().map(|q| lowering.lower(q, grid)).collect::<Result<_, _>>()?;
    Ok(Node::Classic(Box::new(Classic {
        name: call.function.name,
        kernel: quantile,
        input: lowering.lower(input, grid)?,
        grid,
        params,
        output: Some(label.value.clone()),
        position,
    })))
}

fn quantile(family: &Family<'_>, params: &[f64], notes: &Notes<'_>) -> Option<f64> {
    let q = *params.first()?;
    if !(0.0..=1.0).contains(&q) {
        notes.bad_quantile(q);
    }
    match family {
        Family::Classic(buckets) => {
            let (value, repaired) = classic_quantile(q, buckets.clone());
            if repaired {
                notes.forced_monotonicity();
            }
            Some(value)
        }
        Family::Native(histogram) => {
            let value = native::quantile(histogram, q);
            if histogram.sum.is_nan()
                && (0.0..=1.0).contains(&q)
                && native::ranges(histogram).iter().map(|r| r.count).sum::<f64>() < histogram.count
            {
                notes.nan_observations(true, value.is_nan());
            }
            Some(value)
        }
    }
}

fn fraction(family: &Family<'_>, params: &[f64], notes: &Notes<'_>) -> Option<f64> {
    let &[lower, upper] = params else { return None };
    match family {
        Family::Classic(buckets) => {
            let (buckets, repaired) = ordered(buckets.clone());
            if repaired {
                notes.forced_monotonicity();
            }
            Some(classic_fraction(lower, upper, &buckets))
        }
        Family::Native(histogram) => {
            if histogram.sum.is_nan() {
                notes.nan_observations(false, false);
            }
            Some(native::fraction(histogram, lower, upper))
        }
    }
}

/// Buckets in rising order, those of one bound added up, counts made to rise; and whether that was needed.
fn ordered(mut buckets: Vec<Bucket>) -> (Vec<Bucket>, bool) {
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    let mut merged: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        match merged.last_mut() {
            Some(last) if last.upper == bucket.upper => last.count += bucket.count,
            _ => merged.push(bucket),
        }
    }
    let mut repaired = false;
    let mut previous = merged.first().map_or(0.0, |bucket| bucket.count);
    for bucket in merged.iter_mut().skip(1) {
        if nearly_equal(previous, bucket.count) {
            bucket.count = previous;
        } else if bucket.count < previous {
            bucket.count = previous;
            repaired = true;
        }
        previous = bucket.count;
    }
    (merged, repaired)
}

fn nearly_equal(a: f64, b: f64) -> bool {
    if a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < SMALL_DELTA * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < SMALL_DELTA
}

fn classic_quantile(q: f64, buckets: Vec<Bucket>) -> (f64, bool) {
    if q.is_nan() {
        return (f64::NAN, false);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, false);
    }
    if q > 1.0 {
        return (f64::INFINITY, false);
    }
    let (buckets, repaired) = ordered(buckets);
    let [.., before_last, last] = &buckets[..] else { return (f64::NAN, false) };
    if last.upper != f64::INFINITY || last.count == 0.0 || last.count.is_nan() {
        return (f64::NAN, repaired);
    }
    let mut rank = q * last.count;
    let at = buckets[..buckets.len() - 1].partition_point(|bucket| bucket.count < rank);
    if at == buckets.len() - 1 {
        return (before_last.upper, repaired);
    }
    let bucket = buckets[at];
    if at == 0 && bucket.upper <= 0.0 {
        return (bucket.upper, repaired);
    }
    let (mut lower, mut count) = (0.0, bucket.count);
    if let Some(before) = at.checked_sub(1).map(|before| buckets[before]) {
        lower = before.upper;
        count -= before.count;
        rank -= before.count;
    }
    (lower + (bucket.upper - lower) * (rank / count), repaired)
}

fn classic_fraction(lower: f64, upper: f64, buckets: &[Bucket]) -> f64 {
    let Some(last) = buckets.last().filter(|last| last.upper == f64::INFINITY) else { return f64::NAN };
    if last.count == 0.0 || last.count.is_nan() || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (classic_rank(upper, buckets) - classic_rank(lower, buckets)) / last.count
}

/// How many observations are at most `value`; buckets without a finite width are not split.
fn classic_rank(value: f64, buckets: &[Bucket]) -> f64 {
    let (mut below, mut start) = (0.0, f64::NEG_INFINITY);
    for (at, bucket) in buckets.iter().enumerate() {
        if at == 0 && bucket.upper > 0.0 {
            start = 0.0;
        }
        if value <= start {
            return below;
        }
        if value < bucket.upper {
            if start == f64::NEG_INFINITY {
                return bucket.count;
            }
            return below + (bucket.count - below) * (value - start) / (bucket.upper - start);
        }
        (below, start) = (bucket.count, bucket.upper);
    }
    below
}
