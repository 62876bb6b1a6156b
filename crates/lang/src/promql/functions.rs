//! The signatures of PromQL functions, as data (upstream: promql/parser/functions.go of 3.14, and `holt_winters` of 2.47).

use super::ast::ValueType;
use ValueType::{Matrix, Scalar, String, Vector};

/// The signature of a function.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// The name as it is written.
    pub name: &'static str,
    /// Types of the arguments, the optional ones included.
    pub args: &'static [ValueType],
    /// Zero: exactly `args`. Positive: the last argument is optional and may come up to so many times. Negative: the last
    /// argument may come any number of times, none included.
    pub variadic: i8,
    /// What it returns.
    pub returns: ValueType,
    /// Whether upstream hides it behind `--enable-feature=promql-experimental-functions`.
    pub experimental: bool,
}

const fn vector(name: &'static str, args: &'static [ValueType]) -> Function {
    Function { name, args, variadic: 0, returns: Vector, experimental: false }
}

const fn scalar(name: &'static str, args: &'static [ValueType]) -> Function {
    Function { name, args, variadic: 0, returns: Scalar, experimental: false }
}

impl Function {
    const fn variadic(self, variadic: i8) -> Self {
        Self { variadic, ..self }
    }

    const fn experimental(self) -> Self {
        Self { experimental: true, ..self }
    }
}

/// Every function, sorted by name.
pub static FUNCTIONS: &[Function] = &[
    vector("abs", &[Vector]),
    vector("absent", &[Vector]),
    vector("absent_over_time", &[Matrix]),
    vector("acos", &[Vector]),
    vector("acosh", &[Vector]),
    vector("asin", &[Vector]),
    vector("asinh", &[Vector]),
    vector("atan", &[Vector]),
    vector("atanh", &[Vector]),
    vector("avg_over_time", &[Matrix]),
    vector("ceil", &[Vector]),
    vector("changes", &[Matrix]),
    vector("clamp", &[Vector, Scalar, Scalar]),
    vector("clamp_max", &[Vector, Scalar]),
    vector("clamp_min", &[Vector, Scalar]),
    vector("cos", &[Vector]),
    vector("cosh", &[Vector]),
    vector("count_over_time", &[Matrix]),
    vector("day_of_month", &[Vector]).variadic(1),
    vector("day_of_week", &[Vector]).variadic(1),
    vector("day_of_year", &[Vector]).variadic(1),
    vector("days_in_month", &[Vector]).variadic(1),
    vector("deg", &[Vector]),
    vector("delta", &[Matrix]),
    vector("deriv", &[Matrix]),
    vector("double_exponential_smoothing", &[Matrix, Scalar, Scalar]).experimental(),
    scalar("end", &[]).experimental(),
    vector("exp", &[Vector]),
    vector("first_over_time", &[Matrix]),
    vector("floor", &[Vector]),
    vector("histogram_avg", &[Vector]),
    vector("histogram_count", &[Vector]),
    vector("histogram_fraction", &[Scalar, Scalar, Vector]),
    vector("histogram_quantile", &[Scalar, Vector]),
    vector("histogram_quantiles", &[Vector, String, Scalar, Scalar]).variadic(9).experimental(),
    vector("histogram_stddev", &[Vector]),
    vector("histogram_stdvar", &[Vector]),
    vector("histogram_sum", &[Vector]),
    vector("holt_winters", &[Matrix, Scalar, Scalar]).experimental(),
    vector("hour", &[Vector]).variadic(1),
    vector("idelta", &[Matrix]),
    vector("increase", &[Matrix]),
    vector("info", &[Vector, Vector]).variadic(1).experimental(),
    vector("irate", &[Matrix]),
    vector("label_join", &[Vector, String, String, String]).variadic(-1),
    vector("label_replace", &[Vector, String, String, String, String]),
    vector("last_over_time", &[Matrix]),
    vector("ln", &[Vector]),
    vector("log10", &[Vector]),
    vector("log2", &[Vector]),
    vector("mad_over_time", &[Matrix]).experimental(),
    scalar("max_of", &[Scalar, Scalar]).experimental(),
    vector("max_over_time", &[Matrix]),
    scalar("min_of", &[Scalar, Scalar]).experimental(),
    vector("min_over_time", &[Matrix]),
    vector("minute", &[Vector]).variadic(1),
    vector("month", &[Vector]).variadic(1),
    scalar("pi", &[]),
    vector("predict_linear", &[Matrix, Scalar]),
    vector("present_over_time", &[Matrix]),
    vector("quantile_over_time", &[Scalar, Matrix]),
    vector("rad", &[Vector]),
    scalar("range", &[]).experimental(),
    vector("rate", &[Matrix]),
    vector("resets", &[Matrix]),
    vector("round", &[Vector, Scalar]).variadic(1),
    scalar("scalar", &[Vector]),
    vector("sgn", &[Vector]),
    vector("sin", &[Vector]),
    vector("sinh", &[Vector]),
    vector("sort", &[Vector]),
    vector("sort_by_label", &[Vector, String]).variadic(-1).experimental(),
    vector("sort_by_label_desc", &[Vector, String]).variadic(-1).experimental(),
    vector("sort_desc", &[Vector]),
    vector("sqrt", &[Vector]),
    scalar("start", &[]).experimental(),
    vector("start_timestamp", &[Vector]).experimental(),
    vector("stddev_over_time", &[Matrix]),
    vector("stdvar_over_time", &[Matrix]),
    scalar("step", &[]).experimental(),
    vector("sum_over_time", &[Matrix]),
    vector("tan", &[Vector]),
    vector("tanh", &[Vector]),
    scalar("time", &[]),
    vector("timestamp", &[Vector]),
    vector("ts_of_first_over_time", &[Matrix]).experimental(),
    vector("ts_of_last_over_time", &[Matrix]).experimental(),
    vector("ts_of_max_over_time", &[Matrix]).experimental(),
    vector("ts_of_min_over_time", &[Matrix]).experimental(),
    vector("vector", &[Scalar]),
    vector("year", &[Vector]).variadic(1),
];

/// The function of that name; case counts.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok().and_then(|at| FUNCTIONS.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        assert!(FUNCTIONS.iter().all(|function| find(function.name) == Some(function)));
        assert_eq!(find("Rate"), None);
    }
}
