//! Answers, and whether they are the expected ones.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail, ensure};
use arrow_array::cast::AsArray as _;
use futures_util::StreamExt as _;
use gw_base::Labels;
use gw_batch::{Histogram, Queries as _, Query, QueryError, Remark, SeriesRow, Shape};
use gw_engine::Engine;
use gw_plan::histogram::{ranges, text};
use gw_testkit::promqltest::{Eval, EvalTime, Expectation, Expected, ExpectedSeries, Point, TextMatch, Window};

/// How far numbers may differ, relative to their sum.
const EPSILON: f64 = 1e-6;

/// A cell.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Float(f64),
    Histogram(Box<Histogram>),
}

/// Cells by their time in milliseconds.
type Cells = BTreeMap<i64, Cell>;

#[derive(Debug)]
pub(crate) struct Read {
    shape: Shape,
    series: Vec<(Labels, Cells)>,
    text: Option<String>,
    notes: Vec<Remark>,
}

/// Runs a query to its end.
pub(crate) async fn read(engine: &Engine, query: Query) -> Result<Read, QueryError> {
    let mut answer = engine.query(query).await?;
    let mut series = Vec::new();
    let mut text = None;
    while let Some(batch) = answer.batches.next().await {
        let batch = batch?;
        if answer.shape == Shape::Text {
            text = Some(batch.column(0).as_string::<i32>().value(0).to_owned());
            continue;
        }
        for row in SeriesRow::iter(&batch) {
            let mut cells = Cells::new();
            for i in 0..row.len() {
                let time = match (&row.times, answer.steps) {
                    (Some(times), _) => times.value(i) / 1_000_000,
                    (None, Some(steps)) => steps.at(i).millis(),
                    (None, None) => 0,
                };
                if let Some(value) = row.value(i) {
                    cells.insert(time, Cell::Float(value));
                } else if let Some(histogram) = row.histogram(i) {
                    cells.insert(time, Cell::Histogram(Box::new(histogram)));
                }
            }
            series.push((Labels::from_bytes(row.labels).expect("labels are canonical"), cells));
        }
    }
    Ok(Read { shape: answer.shape, series, text, notes: answer.cost.remarks() })
}

/// Compares an answer with what a script expects.
pub(crate) fn judge(eval: &Eval, read: Result<Read, QueryError>) -> Result<()> {
    let fails: Vec<&TextMatch> = eval
        .expectations
        .iter()
        .filter_map(|expectation| match expectation {
            Expectation::Fail(matching) => Some(matching),
            _ => None,
        })
        .collect();
    let read = match read {
        Err(error) => {
            ensure!(!fails.is_empty(), "failed: {}", error.message);
            ensure!(fails.iter().all(|m| accepts(m, &error.message)), "another failure: {}", error.message);
            return Ok(());
        }
        Ok(_) if !fails.is_empty() => bail!("it did not fail"),
        Ok(read) => read,
    };
    annotations(eval, &read.notes)?;
    match &eval.expected {
        Expected::Series(expected) => {
            let ordered = eval.expectations.contains(&Expectation::Ordered);
            compare(&read.series, expected, times(eval), ordered)
        }
        Expected::RangeVector(window, expected) => {
            ensure!(read.shape == Shape::Samples, "the answer is no range vector");
            compare(&read.series, expected, *window, false)
        }
        Expected::Scalar(value) => {
            let cell = read.series.first().and_then(|(_, cells)| cells.values().next());
            ensure!(read.shape == Shape::Scalar, "the answer is no scalar");
            same(cell, &Point::Float(*value))
        }
        Expected::String(expected) => {
            ensure!(read.text.as_ref() == Some(expected), "got {:?}", read.text);
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

fn accepts(matching: &TextMatch, text: &str) -> bool {
    match matching {
        TextMatch::Any => true,
        TextMatch::Exact(exact) => text == exact,
        TextMatch::Regex(pattern) => regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text)),
    }
}

fn annotations(eval: &Eval, notes: &[Remark]) -> Result<()> {
    for warning in [true, false] {
        let texts: Vec<&str> =
            notes.iter().filter(|note| note.warning == warning).map(|note| note.head.as_str()).collect();
        let kind = if warning { "warning" } else { "info" };
        let mut wanted = Vec::new();
        for expectation in &eval.expectations {
            match (expectation, warning) {
                (Expectation::Warn(matching), true) | (Expectation::Info(matching), false) => wanted.push(matching),
                (Expectation::NoWarn, true) | (Expectation::NoInfo, false) => {
                    ensure!(texts.is_empty(), "unexpected {kind}s: {texts:?}");
                }
                _ => {}
            }
        }
        for matching in &wanted {
            ensure!(texts.iter().any(|text| accepts(matching, text)), "no {kind} as {matching:?} among {texts:?}");
        }
        let stray = texts.iter().find(|text| !wanted.iter().any(|matching| accepts(matching, text)));
        if let Some(stray) = stray.filter(|_| !wanted.is_empty()) {
            bail!("unexpected {kind}: {stray}");
        }
    }
    Ok(())
}

fn compare(got: &[(Labels, Cells)], expected: &[ExpectedSeries], window: Window, ordered: bool) -> Result<()> {
    let show = || got.iter().map(|(labels, cells)| format!("{labels} {}", shown(cells))).collect::<Vec<_>>().join("; ");
    let expected: Vec<(Labels, &ExpectedSeries)> =
        expected.iter().map(|series| (Labels::from_pairs(series.labels.clone()), series)).collect();
    for (place, (labels, series)) in expected.iter().enumerate() {
        let found = got.iter().position(|(other, _)| other == labels);
        let found = found.ok_or_else(|| anyhow!("missing {labels}, got {}", show()))?;
        ensure!(!ordered || found == place, "{labels} stands at {found}, not {place}");
        let mut left = got[found].1.clone();
        let count = (window.end_millis - window.start_millis) / window.step_millis.max(1) + 1;
        for step in 0..count {
            let time = window.start_millis + step * window.step_millis;
            let point = series.points.get(step as usize).unwrap_or(&Point::Missing);
            same(left.remove(&time).as_ref(), point)
                .map_err(|error| anyhow!("{labels} at {time} ms: {error}; got {}", shown(&got[found].1)))?;
        }
        ensure!(left.is_empty(), "{labels} has more points: {}", shown(&left));
    }
    ensure!(got.len() == expected.len(), "{} series, expected {}: {}", got.len(), expected.len(), show());
    Ok(())
}

fn shown(cells: &Cells) -> String {
    let one = |cell: &Cell| match cell {
        Cell::Float(value) => value.to_string(),
        Cell::Histogram(value) => format!("{} hint {}", text(value), value.reset_hint),
    };
    cells.iter().map(|(time, cell)| format!("{}@{time}", one(cell))).collect::<Vec<_>>().join(" ")
}

fn same(got: Option<&Cell>, expected: &Point) -> Result<()> {
    match (got, expected) {
        (None, Point::Missing) => Ok(()),
        (Some(Cell::Float(got)), Point::Float(expected)) if near(*got, *expected) => Ok(()),
        (Some(Cell::Histogram(got)), Point::Histogram(spec)) => {
            let wanted = crate::load::histogram(spec);
            let hint = spec.counter_reset_hint.is_none() || got.reset_hint == wanted.reset_hint;
            let close = got.schema == wanted.schema
                && near(got.count, wanted.count)
                && near(got.sum, wanted.sum)
                && near(got.zero_count, wanted.zero_count)
                && got.custom_bounds == wanted.custom_bounds
                && same_buckets(got, &wanted);
            ensure!(close && hint, "expected {} hint {}", text(&wanted), wanted.reset_hint);
            Ok(())
        }
        (_, expected) => bail!("expected {expected:?}"),
    }
}

fn same_buckets(a: &Histogram, b: &Histogram) -> bool {
    let full =
        |histogram: &Histogram| ranges(histogram).into_iter().filter(|range| range.count != 0.0).collect::<Vec<_>>();
    let (a, b) = (full(a), full(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| near(a.lower, b.lower) && near(a.upper, b.upper) && near(a.count, b.count))
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
