//! Warnings and infos of query answers, in the words of Prometheus (util/annotations), which dashboards match.

use gw_batch::{Cost, Note};

/// Line and column in the query text, both counted from 1; zero where there is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// Takes the remarks of one expression.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'a> {
    cost: &'a Cost,
    position: Position,
    metric: &'a str,
}

impl<'a> Notes<'a> {
    /// Remarks go to `cost` and name `position`.
    #[must_use]
    pub const fn new(cost: &'a Cost, position: Position) -> Self {
        Self { cost, position, metric: "" }
    }

    /// The same, about one metric.
    #[must_use]
    pub const fn about(self, metric: &'a str) -> Self {
        Self { metric, ..self }
    }

    fn note(&self, warning: bool, text: &str) {
        let kind = if warning { "warning" } else { "info" };
        let Position { line, column } = self.position;
        let place = if line == 0 { String::new() } else { format!(" ({line}:{column})") };
        self.cost.note(Note { warning, text: format!("PromQL {kind}: {text}{place}") });
    }

    fn metric_note(&self, warning: bool, text: &str) {
        let metric = self.metric;
        self.note(warning, &format!("{text} {metric:?}"));
    }

    /// A quantile outside of 0..=1.
    pub fn bad_quantile(&self, value: f64) {
        self.note(true, &format!("quantile value should be between 0 and 1, got {}", short(value)));
    }

    /// A ratio outside of -1..=1.
    pub fn bad_ratio(&self, value: f64, capped: f64) {
        let text =
            format!("ratio value should be between -1 and 1, got {}, capping to {}", short(value), short(capped));
        self.note(true, &text);
    }

    /// A window or group that holds floats and histograms where one kind is needed.
    pub fn mixed_kinds(&self) {
        self.metric_note(true, "encountered a mix of histograms and floats for metric name");
    }

    /// The same of an aggregation, which has no metric name.
    pub fn mixed_kinds_in_aggregation(&self, operation: &str) {
        self.note(true, &format!("encountered a mix of histograms and floats for {operation} aggregation"));
    }

    /// Exponential and custom buckets that cannot be combined.
    pub fn mixed_schemas(&self) {
        self.metric_note(
            true,
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name",
        );
    }

    /// The same of an aggregation.
    pub fn mixed_schemas_in_aggregation(&self) {
        self.note(true, "vector contains histograms with incompatible custom buckets");
    }

    /// `rate` and the like over a gauge histogram.
    pub fn not_a_counter(&self) {
        self.metric_note(true, "this native histogram metric is not a counter:");
    }

    /// `delta` and the like over a counter histogram.
    pub fn not_a_gauge(&self) {
        self.metric_note(true, "this native histogram metric is not a gauge:");
    }

    /// `rate` and the like over a name that does not look like a counter.
    pub fn maybe_not_a_counter(&self) {
        self.metric_note(false, "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:");
    }

    /// Histograms that a function leaves out of a window with floats.
    pub fn histogram_ignored_in_mixed_range(&self) {
        self.metric_note(false, "ignored histograms in a range containing both floats and histograms for metric name");
    }

    /// Histograms that an aggregation leaves out.
    pub fn histogram_ignored_in_aggregation(&self, operation: &str) {
        self.note(false, &format!("ignored histogram in {operation} aggregation"));
    }

    /// Operands that an operator does not accept; the pair has no result.
    pub fn incompatible_types(&self, operator: &str, left: &str, right: &str) {
        self.note(
            false,
            &format!(
                "incompatible sample types encountered for binary operator {operator:?}: {left} {operator} {right}"
            ),
        );
    }

    /// Histogram operands of `+` and `-` that do not fit together.
    pub fn incompatible_buckets(&self, operator: &str) {
        self.note(true, &format!("incompatible bucket layout encountered for binary operator {operator}"));
    }

    /// Custom buckets that were brought to common bounds.
    pub fn reconciled_buckets(&self, operation: &str) {
        self.note(false, &format!("mismatched custom buckets were reconciled during {operation}"));
    }

    /// A histogram whose hint says reset among others that say the opposite.
    pub fn counter_reset_collision(&self, operation: &str) {
        self.note(true, &format!("conflicting counter resets during histogram {operation}"));
    }

    /// A `le` or other bucket label that is not a number.
    pub fn bad_bucket_label(&self, label: &str, value: &str) {
        let metric = self.metric;
        self.note(
            true,
            &format!(
                "bucket label {label:?} is missing or has a malformed value of {value:?} for metric name {metric:?}"
            ),
        );
    }

    /// Classic and native histograms of one label set.
    pub fn mixed_classic_and_native(&self) {
        self.metric_note(true, "vector contains a mix of classic and native histograms for metric name");
    }

    /// Bucket counts that fell and were repaired.
    pub fn forced_monotonicity(&self) {
        self.metric_note(
            false,
            "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name",
        );
    }

    /// NaN observations that shift quantiles.
    pub fn nan_observations(&self, quantile: bool, nan_result: bool) {
        let text = match (quantile, nan_result) {
            (true, true) => "input to histogram_quantile has NaN observations, result is NaN",
            (true, false) => "input to histogram_quantile has NaN observations, result is skewed higher",
            (false, _) => "input to histogram_fraction has NaN observations, which are excluded from all fractions",
        };
        self.metric_note(false, &format!("{text} for metric name"));
    }

    /// Sorting of a range query.
    pub fn ineffective_sort(&self) {
        self.note(true, "sort is ineffective for range queries since results are always ordered by labels");
    }
}

/// A float as Go prints it with `%.9g`-free `%g`: the shortest text.
#[must_use]
pub fn short(value: f64) -> String {
    if value == f64::INFINITY {
        return "+Inf".to_owned();
    }
    if value == f64::NEG_INFINITY {
        return "-Inf".to_owned();
    }
    let magnitude = value.abs();
    if value.is_nan() || magnitude == 0.0 || (1e-4..1e21).contains(&magnitude) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, power) = exponent.strip_prefix('-').map_or(('+', exponent), |power| ('-', power));
    format!("{digits}e{sign}{power:0>2}")
}
