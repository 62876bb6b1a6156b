//! Answers in the terms of scripts, and whether they are the expected ones.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    CounterResetHint, Eval, EvalTime, Expectation, Expected, ExpectedSeries, HistogramSpec, LabelPairs, Point,
    TextMatch, Window,
};

/// How far numbers may differ, relative to their sum.
const EPSILON: f64 = 1e-6;

/// What an engine answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Of what kind.
    pub kind: AnswerKind,
    /// Series in the order of the answer; a scalar is one without labels.
    pub series: Vec<(LabelPairs, Cells)>,
    /// Warnings, without their places.
    pub warnings: Vec<String>,
    /// Infos, without their places.
    pub infos: Vec<String>,
}

/// The kind of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerKind {
    /// An instant vector, or the matrix of a range query.
    Series,
    /// A range vector: the raw samples of a window.
    RangeVector,
    /// A number alone.
    Scalar,
    /// A text.
    Text(String),
}

/// Cells by their time in milliseconds.
pub type Cells = BTreeMap<i64, Cell>;

/// A cell of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A float.
    Float(f64),
    /// A native histogram.
    Histogram(Box<AnsweredHistogram>),
}

/// A histogram as it can be seen in an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AnsweredHistogram {
    /// Number of observations.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The buckets in rising order, the zero bucket among them: lower end, upper end, count.
    pub buckets: Vec<[f64; 3]>,
    /// What the HTTP API does not show.
    pub inside: Option<Inside>,
}

/// The inside of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Inside {
    /// Resolution.
    pub schema: i32,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// Upper bounds of custom buckets.
    pub custom_values: Vec<f64>,
    /// What is known of a counter reset before it.
    pub counter_reset_hint: CounterResetHint,
}

/// Whether a text matches a regular expression.
pub type Matches = fn(pattern: &str, text: &str) -> bool;

/// Compares an answer, or the message of a failure, with what a script expects.
///
/// # Errors
/// What is not as expected.
pub fn judge(eval: &Eval, answer: Result<Answer, String>, matches: Matches) -> Result<()> {
    let accepts = |wanted: &TextMatch, text: &str| match wanted {
        TextMatch::Any => true,
        TextMatch::Exact(exact) => text == exact,
        TextMatch::Regex(pattern) => matches(pattern, text),
    };
    let fails: Vec<&TextMatch> = eval
        .expectations
        .iter()
        .filter_map(|expectation| match expectation {
            Expectation::Fail(wanted) => Some(wanted),
            _ => None,
        })
        .collect();
    let answer = match answer {
        Err(message) => {
            ensure!(!fails.is_empty(), "failed: {message}");
            ensure!(fails.iter().all(|wanted| accepts(wanted, &message)), "another failure: {message}");
            return Ok(());
        }
        Ok(_) if !fails.is_empty() => bail!("it did not fail"),
        Ok(answer) => answer,
    };
    annotations(eval, &answer, &accepts)?;
    match &eval.expected {
        Expected::Series(expected) => {
            let ordered = eval.expectations.contains(&Expectation::Ordered);
            compare(&answer.series, expected, times(eval), ordered)
        }
        Expected::RangeVector(window, expected) => {
            ensure!(answer.kind == AnswerKind::RangeVector, "the answer is no range vector");
            compare(&answer.series, expected, *window, false)
        }
        Expected::Scalar(value) => {
            ensure!(answer.kind == AnswerKind::Scalar, "the answer is no scalar");
            let cell = answer.series.first().and_then(|(_, cells)| cells.values().next());
            same(cell, &Point::Float(*value))
        }
        Expected::String(expected) => {
            ensure!(answer.kind == AnswerKind::Text(expected.clone()), "got {:?}", answer.kind);
            Ok(())
        }
    }
}

fn times(eval: &Eval) -> Window {
    match eval.time {
        EvalTime::Instant { at_millis } => Window { start_millis: at_millis, end_millis: at_millis, step_millis: 1 },
        EvalTime::Range(window) => window,
    }
}

fn annotations(eval: &Eval, answer: &Answer, accepts: &dyn Fn(&TextMatch, &str) -> bool) -> Result<()> {
    for (kind, texts) in [("warning", &answer.warnings), ("info", &answer.infos)] {
        let mut wanted = Vec::new();
        for expectation in &eval.expectations {
            match (expectation, kind) {
                (Expectation::Warn(text), "warning") | (Expectation::Info(text), "info") => wanted.push(text),
                (Expectation::NoWarn, "warning") | (Expectation::NoInfo, "info") => {
                    ensure!(texts.is_empty(), "unexpected {kind}s: {texts:?}");
                }
                _ => {}
            }
        }
        for one in &wanted {
            ensure!(texts.iter().any(|text| accepts(one, text)), "no {kind} as {one:?} among {texts:?}");
        }
        let stray = texts.iter().find(|text| !wanted.iter().any(|one| accepts(one, text)));
        if let Some(stray) = stray.filter(|_| !wanted.is_empty()) {
            bail!("unexpected {kind}: {stray}");
        }
    }
    Ok(())
}

fn compare(got: &[(LabelPairs, Cells)], expected: &[ExpectedSeries], window: Window, ordered: bool) -> Result<()> {
    let show =
        || got.iter().map(|(labels, cells)| format!("{labels:?} {}", Shown(cells))).collect::<Vec<_>>().join("; ");
    for (place, series) in expected.iter().enumerate() {
        // An empty label is none.
        let labels: &LabelPairs = &series.labels.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
        let found = got.iter().position(|(other, _)| other == labels);
        let found = found.with_context(|| format!("missing {labels:?}, got {}", show()))?;
        ensure!(!ordered || found == place, "{labels:?} stands at {found}, not {place}");
        let mut left = got[found].1.clone();
        let count = (window.end_millis - window.start_millis) / window.step_millis.max(1) + 1;
        for step in 0..count {
            let time = window.start_millis + step * window.step_millis;
            let point = series.points.get(step as usize).unwrap_or(&Point::Missing);
            same(left.remove(&time).as_ref(), point)
                .with_context(|| format!("{labels:?} at {time} ms, got {}", Shown(&got[found].1)))?;
        }
        ensure!(left.is_empty(), "{labels:?} has more points: {}", Shown(&left));
    }
    ensure!(got.len() == expected.len(), "{} series, expected {}: {}", got.len(), expected.len(), show());
    Ok(())
}

/// Cells for the reader.
struct Shown<'a>(&'a Cells);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(time, cell)| match cell {
            Cell::Float(value) => write!(f, "{value}@{time} "),
            Cell::Histogram(histogram) => write!(f, "{histogram:?}@{time} "),
        })
    }
}

fn same(got: Option<&Cell>, expected: &Point) -> Result<()> {
    match (got, expected) {
        (None, Point::Missing) => Ok(()),
        (Some(Cell::Float(got)), Point::Float(expected)) if near(*got, *expected) => Ok(()),
        (Some(Cell::Histogram(got)), Point::Histogram(wanted)) => {
            let inside = got.inside.as_ref().is_none_or(|inside| same_inside(inside, wanted));
            let close = near(got.count, wanted.count) && near(got.sum, wanted.sum);
            let mut buckets = wanted.ranges();
            if got.inside.is_none() {
                // Wire: the HTTP API shows a zero bucket only where it holds more than nothing.
                buckets.retain(|[lower, upper, count]| *count >= 0.0 || *lower != -upper);
            }
            ensure!(inside && close && same_buckets(&got.buckets, &buckets), "expected {wanted:?}");
            Ok(())
        }
        (_, expected) => bail!("expected {expected:?}"),
    }
}

fn same_inside(got: &Inside, wanted: &HistogramSpec) -> bool {
    got.schema == wanted.schema
        && near(got.zero_count, wanted.zero_count)
        && got.custom_values == wanted.custom_values
        && wanted.counter_reset_hint.is_none_or(|hint| hint == got.counter_reset_hint)
}

/// Buckets without observations do not count.
fn same_buckets(got: &[[f64; 3]], wanted: &[[f64; 3]]) -> bool {
    let full = |buckets: &[[f64; 3]]| buckets.iter().filter(|bucket| bucket[2] != 0.0).copied().collect::<Vec<_>>();
    let (got, wanted) = (full(got), full(wanted));
    got.len() == wanted.len()
        && got.iter().flatten().zip(wanted.iter().flatten()).all(|(got, wanted)| near(*got, *wanted))
}

fn near(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}
