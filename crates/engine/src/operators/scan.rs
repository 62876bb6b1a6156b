//! Leaves: stored series as step matrices, by look-back or by a function over windows.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use gw_base::{Matcher, Signal, TimeRange, Timestamp};
use gw_batch::{Cost, PlanNode, QueryError, is_stale};
use gw_plan::algebra::{self, Boundary, Take};
use gw_plan::annotations::{Notes, Position};
use gw_plan::seconds;
use gw_plan::window::Value;
use gw_store::{Selection, Series};

use super::names::compare;
use super::slide::{Frame, Track, slide, starts_at};
use crate::exec::{MatrixStream, Operator, Scalars, once};
use crate::matrix::Matrix;
use crate::run::{Run, read_failed};

/// Cells of one block: enough to pay for the block, few enough to stop soon and to stay in cache.
const BLOCK_CELLS: usize = 1 << 16;

/// Reads the series that match, with their samples in `(start, end]`.
async fn read(
    run: &Run,
    node: &PlanNode,
    matchers: &[Matcher],
    (start, end): (i64, i64),
) -> Result<Vec<Series>, QueryError> {
    let range = TimeRange::new(Timestamp::from_nanos(start.saturating_add(1)), Timestamp::from_nanos(end));
    let selection = Selection::new(run.tenant.clone(), Signal::Metrics, range)
        .matching(matchers.to_vec())
        .at_most(run.limits.query_samples);
    let series = run.store.series(&selection).await.map_err(read_failed)?;
    let samples: usize = series.iter().map(|series| series.times.len() + series.histogram_times.len()).sum();
    Cost::add(&run.cost.series, series.len());
    Cost::add(&run.cost.rows, samples);
    Cost::add(&node.samples, samples);
    Cost::add(&run.cost.bytes, samples * 16);
    if samples > run.limits.query_samples {
        return Err(read_failed(gw_store::StoreError::TooManyRows { limit: run.limits.query_samples }));
    }
    Ok(series)
}

/// Blocks of rows made of series, a few at a time.
fn blocks(
    series: Vec<Series>,
    steps: usize,
    run: &Arc<Run>,
    mut fill: impl FnMut(Series, &mut Matrix) + Send + 'static,
) -> MatrixStream {
    let rows = (BLOCK_CELLS / steps.max(1)).clamp(1, 1024);
    let run = Arc::clone(run);
    let mut series = series.into_iter().peekable();
    stream::iter(std::iter::from_fn(move || {
        series.peek()?;
        if let Err(error) = run.check() {
            return Some(Err(error));
        }
        let mut matrix = Matrix::new(steps);
        for one in series.by_ref().take(rows) {
            fill(one, &mut matrix);
            matrix.pop_if_empty();
        }
        Some(Ok(matrix))
    }))
    .boxed()
}

/// Matchers as a selector.
pub(crate) fn described(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", texts.join(", "))
}

/// The latest sample of each series within the look-back.
#[derive(Debug)]
pub(crate) struct Select(pub(crate) algebra::Select);

impl Operator for Select {
    fn name(&self) -> &'static str {
        "SeriesScan"
    }

    fn describe(&self) -> String {
        described(&self.0.matchers)
    }

    fn position(&self) -> Position {
        self.0.position
    }

    fn run(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        self.read(inputs, run, &Arc::default())
    }

    fn read(&self, _: Vec<MatrixStream>, run: &Arc<Run>, node: &Arc<PlanNode>) -> MatrixStream {
        let (select, run, node) = (self.0.clone(), Arc::clone(run), Arc::clone(node));
        stream::once(async move {
            let first = select.shift.apply(select.grid.start);
            let last = select.shift.apply(select.grid.last());
            let end = if select.smoothed { last.saturating_add(select.lookback) } else { last };
            let series = read(&run, &node, &select.matchers, (first.saturating_sub(select.lookback), end)).await;
            match series {
                Ok(series) => {
                    let cost = Arc::clone(&run.cost);
                    blocks(series, select.grid.count, &run, move |series, matrix| {
                        latest(series, &select, matrix, &cost);
                    })
                }
                Err(error) => once(async move { Err(error) }),
            }
        })
        .flatten()
        .boxed()
    }
}

fn latest(series: Series, select: &algebra::Select, matrix: &mut Matrix, cost: &Cost) {
    let row = matrix.push(series.labels.clone(), false);
    if select.smoothed {
        super::extended::interpolate(&Track::of(series), select, (matrix, row), cost);
        return;
    }
    let starts = if select.take == Take::StartTime { starts_at(&series.times, &series.starts) } else { Vec::new() };
    let histogram_starts =
        if select.take == Take::StartTime { starts_at(&series.histogram_times, &series.starts) } else { Vec::new() };
    let (mut f, mut h) = (0, 0);
    for step in 0..select.grid.count {
        let at = select.shift.apply(select.grid.at(step));
        let oldest = at.saturating_sub(select.lookback);
        while f < series.times.len() && series.times[f] <= at {
            f += 1;
        }
        while h < series.histogram_times.len() && series.histogram_times[h] <= at {
            h += 1;
        }
        let float = f.checked_sub(1).map(|last| (series.times[last], last)).filter(|(time, _)| *time > oldest);
        let histogram =
            h.checked_sub(1).map(|last| (series.histogram_times[last], last)).filter(|(time, _)| *time > oldest);
        let (time, value, start) = match (float, histogram) {
            (None, None) => continue,
            (Some((time, last)), histogram) if histogram.is_none_or(|(other, _)| other < time) => {
                if is_stale(series.values[last]) {
                    continue;
                }
                (time, Value::Float(series.values[last]), starts.get(last))
            }
            (_, Some((time, last))) => {
                if is_stale(series.histograms[last].sum) {
                    continue;
                }
                let value = Value::Histogram(Arc::clone(&series.histograms[last]));
                (time, value, histogram_starts.get(last))
            }
            (Some(_), None) => continue,
        };
        match select.take {
            Take::Value => matrix.set(row, step, value),
            Take::Time => matrix.set_float(row, step, seconds(time)),
            Take::StartTime => matrix.set_float(row, step, seconds(start.copied().unwrap_or(0))),
        }
    }
}

/// A function over windows of stored series.
#[derive(Debug)]
pub(crate) struct Window(pub(crate) algebra::Window);

impl Operator for Window {
    fn name(&self) -> &'static str {
        "Window"
    }

    fn describe(&self) -> String {
        format!("{} over {}[{}s]", self.0.call.name, described(&self.0.matchers), seconds(self.0.range))
    }

    fn position(&self) -> Position {
        self.0.call.position
    }

    fn run(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        self.read(inputs, run, &Arc::default())
    }

    fn read(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>, node: &Arc<PlanNode>) -> MatrixStream {
        let (window, run, node) = (self.0.clone(), Arc::clone(run), Arc::clone(node));
        stream::once(async move {
            match prepared(&window, inputs, (&run, &node)).await {
                Ok((series, params)) => over_windows(window, series, params, &run),
                Err(error) => once(async move { Err(error) }),
            }
        })
        .flatten()
        .boxed()
    }
}

async fn prepared(
    window: &algebra::Window,
    inputs: Vec<MatrixStream>,
    (run, node): (&Run, &PlanNode),
) -> Result<(Vec<Series>, Scalars), QueryError> {
    let params = Scalars::read(inputs, window.grid.count, run).await?;
    let first = window.shift.apply(window.grid.start).saturating_sub(window.range);
    let last = window.shift.apply(window.grid.last());
    let (before, after) = match window.boundary {
        Boundary::Inside => (0, 0),
        Boundary::Anchored => (window.lookback, 0),
        Boundary::Smoothed => (window.lookback, window.lookback),
    };
    let series = read(run, node, &window.matchers, (first.saturating_sub(before), last.saturating_add(after))).await?;
    Ok((series, params))
}

fn over_windows(window: algebra::Window, series: Vec<Series>, params: Scalars, run: &Arc<Run>) -> MatrixStream {
    let frame = Frame { grid: window.grid, shift: window.shift, range: window.range };
    let cost = Arc::clone(&run.cost);
    blocks(series, window.grid.count, run, move |series, matrix| {
        let labels = series.labels.clone();
        let metric = labels.metric().unwrap_or("");
        let notes = Notes::new(&cost, window.call.position).about(metric);
        let track = Track::of(series);
        if counts(&window.call) && !track.times.is_empty() && !looks_like_counter(metric) {
            notes.maybe_not_a_counter();
        }
        let row = matrix.push(labels.clone(), !window.call.keeps_name);
        match window.boundary {
            Boundary::Inside => slide(&track, frame, &window.call, &params, (matrix, row, &notes)),
            boundary => super::extended::slide(&track, frame, (&window, boundary), &params, (matrix, row, &notes)),
        }
    })
}

fn counts(call: &algebra::WindowCall) -> bool {
    matches!(call.name, "rate" | "increase")
}

fn looks_like_counter(metric: &str) -> bool {
    metric.is_empty() || ["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| metric.ends_with(suffix))
}

/// The raw samples of a range selector that is the whole query, in label order.
pub(crate) async fn raw_samples(run: &Run, raw: &algebra::Raw) -> Result<Vec<(gw_base::Labels, Track)>, QueryError> {
    let end = raw.shift.apply(raw.at);
    let mut series = read(run, &PlanNode::default(), &raw.matchers, (end.saturating_sub(raw.range), end)).await?;
    series.sort_by(|a, b| compare(&a.labels, &b.labels));
    let tracks = series.into_iter().map(|series| (series.labels.clone(), Track::of(series)));
    Ok(tracks.filter(|(_, track)| !track.times.is_empty() || !track.histograms.is_empty()).collect())
}
