//! Warnings and infos of query answers, in the words of Prometheus (util/annotations), which dashboards match.

use gw_batch::{Cost, Detail, Remark, Spread};
use gw_lang::quote::go_quote;

/// Line and column in the query text, both counted from 1; zero where there is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
    /// Rank in the order of evaluation: of equal remarks the one made last keeps its place.
    pub order: u32,
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
        self.remark(warning, text, Detail::Plain, |remark| format!("{}{}", remark.head, remark.place));
    }

    fn remark(&self, warning: bool, text: &str, detail: Detail, print: fn(&Remark) -> String) {
        let kind = if warning { "warning" } else { "info" };
        let Position { line, column, order } = self.position;
        let place = if line == 0 { String::new() } else { format!(" ({line}:{column})") };
        self.cost.remark(Remark { warning, head: format!("PromQL {kind}: {text}"), place, order, detail, print });
    }

    fn metric_note(&self, warning: bool, text: &str) {
        let metric = go_quote(self.metric);
        self.note(warning, &format!("{text} {metric}"));
    }

    /// A remark that names the metric only where there is a name.
    fn named_note(&self, warning: bool, text: &str) {
        self.note(warning, &format!("{text}{}", self.for_metric()));
    }

    fn for_metric(&self) -> String {
        if self.metric.is_empty() { String::new() } else { format!(" for metric name {}", go_quote(self.metric)) }
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
    pub fn mixed_kinds_in_aggregation(&self) {
        self.note(true, "encountered a mix of histograms and floats for aggregation");
    }

    /// Exponential and custom buckets that cannot be combined.
    pub fn mixed_schemas(&self) {
        self.metric_note(
            true,
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name",
        );
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

    /// The same where series say their type in a label.
    pub fn not_typed_as_counter(&self, kind: &str) {
        let kind = go_quote(kind);
        let text = "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\"";
        self.metric_note(false, &format!("{text}, got {kind}:"));
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

    /// A `le` label that is not a number.
    pub fn bad_bucket_label(&self, label: &str, value: &str) {
        let (label, value) = (go_quote(label), go_quote(value));
        self.named_note(true, &format!("bucket label {label} is missing or has a malformed value of {value}"));
    }

    /// Classic and native histograms of one label set.
    pub fn mixed_classic_and_native(&self) {
        self.named_note(true, "vector contains a mix of classic and native histograms");
    }

    /// Bucket counts that fell and were repaired.
    pub fn forced_monotonicity(&self, repair: Spread) {
        let text = format!(
            "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}",
            self.for_metric()
        );
        self.remark(false, &text, Detail::Spread(repair), |remark| {
            let Remark { head, place, detail: Detail::Spread(spread), .. } = remark else { return remark.head.clone() };
            let (least, greatest) = (short(spread.least), short(spread.greatest));
            let (difference, samples) = (two_digits(spread.difference), spread.samples);
            let [first, last] = [spread.first_secs, spread.last_secs].map(date_time);
            format!(
                "{head}, from buckets {least} to {greatest}, with a max diff of {difference}, over {samples} samples from {first} to {last}{place}"
            )
        });
    }

    /// A sample whose start time lies before the sample before it.
    pub fn start_time_overlap(&self) {
        let text = "sample has start time that overlaps with previous sample timestamp for metric";
        let text = format!("{text} {}", go_quote(self.metric));
        self.remark(true, &text, Detail::Count(1), |remark| {
            let Remark { head, place, .. } = remark;
            match remark.detail {
                Detail::Count(count) if count > 1 => format!("{head} ({count} occurrences){place}"),
                _ => format!("{head}{place}"),
            }
        });
    }

    /// NaN observations that shift quantiles.
    pub fn nan_observations(&self, quantile: bool, nan_result: bool) {
        let text = match (quantile, nan_result) {
            (true, true) => "input to histogram_quantile has NaN observations, result is NaN",
            (true, false) => "input to histogram_quantile has NaN observations, result is skewed higher",
            (false, _) => "input to histogram_fraction has NaN observations, which are excluded from all fractions",
        };
        self.named_note(false, text);
    }

    /// Sorting of a range query.
    pub fn ineffective_sort(&self) {
        self.note(true, "sort is ineffective for range queries since results are always ordered by labels");
    }
}

/// A float as Go's `%g` and `%v` print it: the shortest text, with an exponent from a million on and below 0.0001.
#[must_use]
pub fn short(value: f64) -> String {
    general(value, &format!("{value:e}"), 6)
}

/// A float as Go's `%.2g` prints it: two digits.
fn two_digits(value: f64) -> String {
    general(value, &format!("{value:.1e}"), 2)
}

/// Plain or with an exponent, by the size of the exponent in `scientific`.
fn general(value: f64, scientific: &str, limit: i32) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific.to_owned() };
    let power: i32 = exponent.parse().unwrap_or(0);
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    if (-4..limit).contains(&power) {
        // The digits are rounded already, so that reading them again loses nothing.
        return format!("{digits}e{exponent}").parse::<f64>().map_or_else(|_| scientific.to_owned(), |v| v.to_string());
    }
    format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
}

/// Seconds since the epoch in UTC, as RFC 3339 writes them.
fn date_time(seconds: i64) -> String {
    gw_base::Timestamp::from_millis(seconds.saturating_mul(1000)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_go_prints_them() {
        for (value, text, two) in [
            (0.0, "0", "0"),
            (1.0, "1", "1"),
            (0.1, "0.1", "0.1"),
            (123_456.0, "123456", "1.2e+05"),
            (1_234_567.0, "1.234567e+06", "1.2e+06"),
            (1e6, "1e+06", "1e+06"),
            (-2.5e20, "-2.5e+20", "-2.5e+20"),
            (1e-4, "0.0001", "0.0001"),
            (1e-5, "1e-05", "1e-05"),
            (99.6, "99.6", "1e+02"),
            (10.0, "10", "10"),
            (f64::INFINITY, "+Inf", "+Inf"),
        ] {
            assert_eq!((short(value).as_str(), two_digits(value).as_str()), (text, two));
        }
        assert_eq!(short(f64::NAN), "NaN");
    }

    #[test]
    fn times() {
        assert_eq!(date_time(0), "1970-01-01T00:00:00Z");
    }
}
