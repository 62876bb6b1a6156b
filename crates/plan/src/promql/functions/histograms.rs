//! Functions of histograms: of native ones alone, and of native and classic ones alike.

use gw_batch::{Histogram, Spread};
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
    lower("histogram_quantile", |lowering, call, grid| classic(lowering, call, grid, exponential_quantile)),
    lower("histogram_fraction", |lowering, call, grid| classic(lowering, call, grid, exponential_fraction)),
    lower("histogram_quantiles", quantiles),
];

/// What the 2.x line does otherwise.
pub(super) static V2: &[Function] = &[
    lower("histogram_quantile", |lowering, call, grid| {
        classic(lowering, call, grid, |family, input| Some(quantile(family, input, native::Inside::Linear)))
    }),
    lower("histogram_fraction", |lowering, call, grid| {
        classic(lowering, call, grid, |family, input| fraction(family, input, native::Inside::Linear))
    }),
];

/// How far counts may differ, relative to their sum, and still be taken for equal (prometheus promql/quantile.go).
const SMALL_DELTA: f64 = 1e-12;

const fn of_native(name: &'static str, kernel: fn(&Histogram) -> f64) -> Function {
    Function { name, kind: Kind::Map(MapKernel::Histogram(kernel)), refuses: None }
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

/// What a function of classic and native histograms sees besides the histogram.
#[derive(Debug, Clone, Copy)]
pub struct ClassicInput<'a> {
    /// The point of evaluation, nanoseconds.
    pub at: i64,
    /// Scalar arguments at this point.
    pub params: &'a [f64],
    /// Takes remarks about the vector.
    pub vector: Notes<'a>,
    /// Takes remarks about the call, which stand at its first argument.
    pub call: Notes<'a>,
}

/// `histogram_quantile(q, v)`, `histogram_fraction(lower, upper, v)`.
fn classic(lowering: &mut Lowering<'_>, call: &Call, grid: Grid, kernel: ClassicKernel) -> Result<Node, PlanError> {
    let Some((vector, scalars)) = call.args.split_last() else {
        return Err(PlanError::Parse("expected an instant vector argument".to_owned()));
    };
    let name = call.function.name;
    let params = scalars.iter().map(|scalar| lowering.lower(scalar, grid)).collect::<Result<_, _>>()?;
    let input = lowering.lower(vector, grid)?;
    let positions: Vec<_> = scalars.iter().map(|scalar| lowering.position(scalar.span())).collect();
    Ok(Node::Classic(Box::new(Classic {
        name,
        kernel,
        input,
        grid,
        params,
        output: None,
        call: positions.first().copied().unwrap_or_default(),
        quantiles: if name == "histogram_quantile" { positions } else { Vec::new() },
        position: lowering.position(vector.span()),
    })))
}

/// `histogram_quantiles(v, "label", q1, q2, ..)`.
fn quantiles(lowering: &mut Lowering<'_>, call: &Call, grid: Grid) -> Result<Node, PlanError> {
    let [input, label, quantiles @ ..] = &call.args[..] else {
        return Err(PlanError::Parse("histogram_quantiles takes at least three arguments".to_owned()));
    };
    let Expr::String(label) = label.unparenthesised() else {
        return Err(PlanError::Parse("histogram_quantiles takes a label name as its second argument".to_owned()));
    };
    let vector = lowering.lower(input, grid)?;
    let params = quantiles.iter().map(|q| lowering.lower(q, grid)).collect::<Result<_, _>>()?;
    let position = lowering.position(input.span());
    Ok(Node::Classic(Box::new(Classic {
        name: call.function.name,
        kernel: exponential_quantile,
        input: vector,
        grid,
        params,
        output: Some(label.value.clone()),
        call: position,
        quantiles: quantiles.iter().map(|q| lowering.position(q.span())).collect(),
        position,
    })))
}

fn exponential_quantile(family: &Family<'_>, input: &ClassicInput<'_>) -> Option<f64> {
    Some(quantile(family, input, native::Inside::Exponential))
}

fn exponential_fraction(family: &Family<'_>, input: &ClassicInput<'_>) -> Option<f64> {
    fraction(family, input, native::Inside::Exponential)
}

fn quantile(family: &Family<'_>, input: &ClassicInput<'_>, inside: native::Inside) -> f64 {
    let q = input.params.first().copied().unwrap_or(f64::NAN);
    match family {
        Family::Classic(buckets) => {
            let (value, repair) = classic_quantile(q, buckets.clone());
            if let Some(Repair { least, greatest, difference }) = repair {
                let seconds = input.at.div_euclid(1_000_000_000);
                input.vector.forced_monotonicity(Spread {
                    least,
                    greatest,
                    difference,
                    samples: 1,
                    first_secs: seconds,
                    last_secs: seconds,
                });
            }
            value
        }
        Family::Native(histogram) => {
            let native::Quantile { value, hidden } = native::quantile(histogram, q, inside);
            if hidden {
                input.call.nan_observations(true, value.is_nan());
            }
            value
        }
    }
}

fn fraction(family: &Family<'_>, input: &ClassicInput<'_>, inside: native::Inside) -> Option<f64> {
    let &[lower, upper] = input.params else { return None };
    Some(match family {
        Family::Classic(buckets) => classic_fraction(lower, upper, &merged(buckets.clone())),
        Family::Native(histogram) => {
            let (value, hidden) = native::fraction(histogram, lower, upper, inside);
            if hidden {
                input.call.nan_observations(false, false);
            }
            value
        }
    })
}

/// Buckets in rising order, those of one bound added up.
fn merged(mut buckets: Vec<Bucket>) -> Vec<Bucket> {
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    let mut merged: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        match merged.last_mut() {
            Some(last) if last.upper == bucket.upper => last.count += bucket.count,
            _ => merged.push(bucket),
        }
    }
    merged
}

/// Counts that were raised because they fell from one bucket to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Repair {
    /// The least upper end of such a bucket.
    least: f64,
    /// The greatest upper end.
    greatest: f64,
    /// By how much at most.
    difference: f64,
}

/// Makes the counts rise; differences that rounding makes are no fall.
fn made_monotonic(buckets: &mut [Bucket]) -> Option<Repair> {
    let mut repair: Option<Repair> = None;
    let mut previous = buckets.first().map_or(0.0, |bucket| bucket.count);
    for bucket in buckets.iter_mut().skip(1) {
        if nearly_equal(previous, bucket.count) {
            bucket.count = previous;
        } else if bucket.count < previous {
            let known = repair.unwrap_or(Repair { least: bucket.upper, greatest: bucket.upper, difference: 0.0 });
            repair = Some(Repair {
                least: known.least.min(bucket.upper),
                greatest: known.greatest.max(bucket.upper),
                difference: known.difference.max(previous - bucket.count),
            });
            bucket.count = previous;
        }
        previous = bucket.count;
    }
    repair
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

fn classic_quantile(q: f64, buckets: Vec<Bucket>) -> (f64, Option<Repair>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    let mut buckets = merged(buckets);
    if buckets.last().is_none_or(|last| last.upper != f64::INFINITY) {
        return (f64::NAN, None);
    }
    let repair = made_monotonic(&mut buckets);
    let [.., before_last, last] = &buckets[..] else { return (f64::NAN, repair) };
    if last.count == 0.0 {
        return (f64::NAN, repair);
    }
    let mut rank = q * last.count;
    // Counts of NaN are never enough.
    let at = buckets[..buckets.len() - 1]
        .partition_point(|bucket| bucket.count < rank || bucket.count.is_nan() || rank.is_nan());
    if at == buckets.len() - 1 {
        return (before_last.upper, repair);
    }
    let bucket = buckets[at];
    if at == 0 && bucket.upper <= 0.0 {
        return (bucket.upper, repair);
    }
    let (mut lower, mut count) = (0.0, bucket.count);
    if let Some(before) = at.checked_sub(1).map(|before| buckets[before]) {
        lower = before.upper;
        count -= before.count;
        rank -= before.count;
    }
    (lower + (bucket.upper - lower) * (rank / count), repair)
}

fn classic_fraction(lower: f64, upper: f64, buckets: &[Bucket]) -> f64 {
    let Some(last) = buckets.last().filter(|last| last.upper == f64::INFINITY) else { return f64::NAN };
    if last.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let rank = |value: f64| {
        let rank = classic_rank(value, buckets).unwrap_or(last.count);
        if rank > last.count { last.count } else { rank }
    };
    (rank(upper) - rank(lower)) / last.count
}

/// How many observations are at most `value`; buckets without a finite width are not split. `None` above all buckets.
fn classic_rank(value: f64, buckets: &[Bucket]) -> Option<f64> {
    let (mut below, mut start) = (0.0, f64::NEG_INFINITY);
    for (at, bucket) in buckets.iter().enumerate() {
        if at == 0 && bucket.upper > 0.0 {
            start = 0.0;
        }
        if start >= value {
            return Some(below);
        }
        if bucket.upper > value {
            if start == f64::NEG_INFINITY {
                return Some(bucket.count);
            }
            return Some(below + (bucket.count - below) * (value - start) / (bucket.upper - start));
        }
        (below, start) = (bucket.count, bucket.upper);
    }
    None
}
