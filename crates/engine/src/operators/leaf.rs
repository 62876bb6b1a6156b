//! A selector with its function, series by series: samples come from the store's cursor into one buffer, and become a row of
//! a step matrix. Nobody owns a series' labels or samples unless the row is kept.

use std::sync::Arc;

use gw_base::{Labels, Signal, TimeRange, Timestamp};
use gw_batch::{Cost, PlanNode, QueryError, is_stale};
use gw_plan::algebra::{self, Boundary, Take};
use gw_plan::annotations::Notes;
use gw_plan::dedup::Meaning;
use gw_plan::sliding::{Frame, Row, Scratch, Sliding};
use gw_plan::window::Value;
use gw_plan::{rollups, seconds};
use gw_store::{Rollups, Selection, Series, Step};

use super::extended;
use super::names::{metric_of, type_of};
use super::replicas::{Source, meaning_of};
use super::slide::{Track, keep_statistics, slide, starts_at};
use crate::exec::{MatrixStream, Scalars};
use crate::matrix::Matrix;
use crate::run::{Run, read_failed};

/// Series after which a reader asks whether it is still wanted.
const CHECK_EVERY: usize = 64;

/// Pieces of a large leaf, and the number of series from which one is large.
const PIECES: usize = 4;
const PIECES_FROM: usize = 1 << 14;

/// What a leaf reads.
#[derive(Debug, Clone)]
pub(crate) enum Spec {
    /// The latest sample of each series within the look-back.
    Select(algebra::Select),
    /// A function over windows of stored series.
    Window(algebra::Window),
}

/// How a series becomes a row.
#[derive(Debug, Clone)]
enum Kernel {
    Select(algebra::Select),
    Window {
        window: Box<algebra::Window>,
        params: Scalars,
        /// The same function over all steps at once, and its parameter.
        sliding: Option<(Sliding, f64)>,
        /// The same function over rollups of a length.
        rolled: Option<(rollups::Function, i64)>,
    },
}

/// A leaf being read.
#[derive(Debug)]
pub(super) struct Leaf {
    kernel: Kernel,
    source: Source,
    run: Arc<Run>,
    node: Arc<PlanNode>,
    track: Track,
    scratch: Scratch,
    series: usize,
    counted: usize,
}

impl Leaf {
    /// Starts to read; `inputs` are the scalar arguments of the function.
    pub(super) async fn open(
        spec: Spec,
        inputs: Vec<MatrixStream>,
        run: &Arc<Run>,
        node: &Arc<PlanNode>,
    ) -> Result<Self, QueryError> {
        let (stand, rolled) = rolled(&spec, run);
        let (matchers, after, until) = spec.reads();
        let range = TimeRange::new(Timestamp::from_nanos(after.saturating_add(1)), Timestamp::from_nanos(until));
        let newest = matches!(&spec, Spec::Select(select) if select.grid.count == 1 && !select.smoothed);
        let selection = Selection::new(run.tenant.clone(), Signal::Metrics, range)
            .matching(matchers.to_vec())
            .with_rollups(stand)
            .at_most(run.limits.query_samples);
        let selection = Selection { newest, ..selection };
        let kernel = match spec {
            Spec::Select(select) => Kernel::Select(select),
            Spec::Window(window) => {
                let params = Scalars::read(inputs, window.grid.count, run).await?;
                let sliding = sliding(&window, &params);
                Kernel::Window { window: Box::new(window), params, sliding, rolled }
            }
        };
        let cursor = run.store.cursor(&selection).await.map_err(read_failed)?;
        let source = Source::new(cursor, kernel.meaning(), run).await?;
        Cost::add(&run.cost.parts, source.parts());
        Ok(Self {
            kernel,
            source,
            run: Arc::clone(run),
            node: Arc::clone(node),
            track: Track::default(),
            scratch: Scratch::default(),
            series: 0,
            counted: 0,
        })
    }

    /// Cuts what is to be read into leaves that can be read at the same time, in label order: where there is much of it, and
    /// nothing but floats. How many does not depend on the machine, so neither does the last digit of a sum.
    pub(super) fn pieces(self) -> Vec<Self> {
        let Self { kernel, source, run, node, .. } = self;
        let piece = |source| Self {
            kernel: kernel.clone(),
            source,
            run: Arc::clone(&run),
            node: Arc::clone(&node),
            track: Track::default(),
            scratch: Scratch::default(),
            series: 0,
            counted: 0,
        };
        source.split(PIECES, PIECES_FROM).into_iter().map(piece).collect()
    }

    /// Moves to the next series; `false` behind the last.
    pub(super) async fn next(&mut self) -> Result<bool, QueryError> {
        loop {
            match self.source.advance()? {
                Step::Series => {
                    self.judge_arguments()?;
                    self.series += 1;
                    if self.series.is_multiple_of(CHECK_EVERY) {
                        self.run.check()?;
                        self.count();
                    }
                    return Ok(true);
                }
                Step::Load => {
                    self.run.check()?;
                    self.source.load().await?;
                }
                Step::End => {
                    self.count();
                    return Ok(false);
                }
            }
        }
    }

    /// Asks the function about its arguments at the first series: without any they do not matter.
    fn judge_arguments(&mut self) -> Result<(), QueryError> {
        match &mut self.kernel {
            Kernel::Window { window, params, .. } => params.refused_by(window.call.refuses.take()),
            Kernel::Select(_) => Ok(()),
        }
    }

    fn count(&mut self) {
        let samples = self.source.samples_read() - self.counted;
        self.counted += samples;
        Cost::add(&self.run.cost.series, std::mem::take(&mut self.series));
        Cost::add(&self.run.cost.rows, samples);
        Cost::add(&self.run.cost.bytes, samples * 16);
        Cost::add(&self.node.samples, samples);
    }

    /// The label bytes of the series.
    pub(super) fn labels(&self) -> &[u8] {
        self.source.labels()
    }

    /// The labels of the series.
    pub(super) fn owned_labels(&self) -> Labels {
        Labels::of_checked(self.source.labels())
    }

    /// Whether the metric name of the rows is to be dropped at the end.
    pub(super) const fn drops_name(&self) -> bool {
        match &self.kernel {
            Kernel::Select(_) => false,
            Kernel::Window { window, .. } => !window.call.keeps_name,
        }
    }

    /// Evaluates the series at every step and writes the results to an empty row.
    pub(super) fn fill(&mut self, matrix: &mut Matrix, row: usize) {
        let samples = self.source.samples();
        let plain = samples.histogram_times.is_empty();
        let (cost, rules) = (&self.run.cost, self.run.rules);
        match &self.kernel {
            Kernel::Select(select) if plain && !select.smoothed && select.take == Take::Value => {
                latest_floats(samples, select, matrix.row_mut(row));
            }
            Kernel::Select(select) if select.smoothed => {
                self.track.load(samples);
                extended::interpolate(&self.track, select, (matrix, row), cost);
            }
            Kernel::Select(select) if select.statistics => {
                let mut samples = samples.clone();
                keep_statistics(&mut samples.histograms);
                latest(&samples, select, (matrix, row));
            }
            Kernel::Select(select) => latest(samples, select, (matrix, row)),
            Kernel::Window { window, params, sliding, rolled } => {
                let frame = frame_of(window);
                let metric = metric_of(self.source.labels());
                let notes = Notes::new(cost, window.call.position).about(metric);
                match sliding {
                    Some((sliding, param)) if plain && (samples.starts.is_empty() || !rules.start_timestamps) => {
                        let floats = self.track.floats_of(samples);
                        sliding.slide(floats, (frame, *param), &mut self.scratch, &mut matrix.row_mut(row));
                    }
                    _ => {
                        self.track.load(samples);
                        if window.statistics {
                            keep_statistics(&mut self.track.histograms);
                        }
                        if !rules.start_timestamps {
                            self.track.forget_starts();
                        }
                        let out = (&mut *matrix, row, &notes);
                        match window.boundary {
                            Boundary::Inside => slide(&self.track, frame, &window.call, params, out),
                            boundary => extended::slide(&self.track, frame, (window, boundary), params, out),
                        }
                    }
                }
                if let Some((function, length)) = rolled.filter(|_| !samples.rollups.is_empty()) {
                    let (known, floats) =
                        ((&*samples.rollups, self.source.boundary()), (&*samples.times, &*samples.values));
                    rollups::fill(function, known, floats, (frame, length), &mut matrix.row_mut(row));
                }
                let kind = rules.type_labels.then(|| type_of(self.source.labels()));
                super::scan::note_doubtful_counter(&window.call, (&*matrix, row), &notes, (metric, kind));
            }
        }
    }
}

impl Kernel {
    /// What the samples of the series mean to the function.
    fn meaning(&self) -> Meaning {
        match self {
            Self::Select(_) => meaning_of(None),
            Self::Window { window, .. } => meaning_of(Some(window.call.name)),
        }
    }
}

impl Spec {
    /// Conditions, and the times after which and up to which samples count.
    fn reads(&self) -> (&[gw_base::Matcher], i64, i64) {
        let leaf = match self {
            Self::Select(select) => algebra::Leaf::of_select(select),
            Self::Window(window) => algebra::Leaf::of_window(window),
        };
        (leaf.matchers, leaf.after, leaf.until)
    }

    /// Cells of a row.
    pub(super) const fn steps(&self) -> usize {
        match self {
            Self::Select(select) => select.grid.count,
            Self::Window(window) => window.grid.count,
        }
    }
}

/// The form of a window function that works on all steps at once, where it has one.
fn sliding(window: &algebra::Window, params: &Scalars) -> Option<(Sliding, f64)> {
    let sliding = Sliding::of(window.call.name).filter(|_| window.boundary == Boundary::Inside && !window.closed)?;
    if sliding != Sliding::Quantile {
        return Some((sliding, 0.0));
    }
    let (q, rest) = params.first().split_first()?;
    // Anything else deserves a remark, which the kernel makes.
    (rest.iter().all(|other| other == q) && (0.0..=1.0).contains(q)).then_some((sliding, *q))
}

/// How rollups may stand for the samples of a leaf, and its function over them where windows are made of whole intervals.
fn rolled(spec: &Spec, run: &Run) -> (Rollups, Option<(rollups::Function, i64)>) {
    if !run.reading.rollups {
        return (Rollups::Refused, None);
    }
    if !run.reading.replica_labels.is_empty() {
        return (Rollups::Lasts, None);
    }
    let Spec::Window(window) = spec else { return (Rollups::Lasts, None) };
    let plain = window.boundary == Boundary::Inside && !window.closed;
    let function = rollups::Function::of(window.call.name).filter(|_| plain);
    match function.zip(rollups::length_of(window, &run.store.rollup_lengths())) {
        Some((function, length)) => (Rollups::Whole { length, exact: function.exact() }, Some((function, length))),
        None => (Rollups::Lasts, None),
    }
}

const fn frame_of(window: &algebra::Window) -> Frame {
    Frame { grid: window.grid, shift: window.shift, range: window.range, closed: window.closed }
}

/// The latest sample within the look-back at every step, of a series of floats.
fn latest_floats(samples: &Series, select: &algebra::Select, row: Row<'_>) {
    let (times, values) = (&samples.times, &samples.values);
    let mut seen = 0;
    for (step, (cell, present)) in row.values.iter_mut().zip(row.present).enumerate() {
        let at = select.shift.apply(select.grid.at(step));
        while seen < times.len() && times[seen] <= at {
            seen += 1;
        }
        if let Some(last) = seen.checked_sub(1)
            && times[last] > at.saturating_sub(select.lookback)
            && !is_stale(values[last])
        {
            (*cell, *present) = (values[last], true);
        }
    }
}

/// The same of any series, and of times rather than values.
fn latest(series: &Series, select: &algebra::Select, (matrix, row): (&mut Matrix, usize)) {
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
