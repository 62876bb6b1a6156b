//! Numbers made of windows of lines: the leaf of LogQL's metric queries.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use gw_base::{Kind, Labels, Map, MatchOp, Signal, TimeRange, Timestamp};
use gw_batch::{Direction, LogsView, QueryError};
use gw_plan::algebra::{Shift, WindowCall};
use gw_plan::annotations::{Notes, Position};
use gw_plan::logs::{LogOp, LogWindow, Unwrap};
use gw_store::Selection;

use super::entry::{ERROR, Entry};
use super::filter::LabelTest;
use super::lines::{entry, internal, logs, scan};
use super::pipeline::Compiled;
use super::units;
use crate::exec::{MatrixStream, Operator, Scalars, once};
use crate::matrix::Matrix;
use crate::operators::{Frame, Track, key, slide};
use crate::run::{Run, read_failed};

/// Reads lines, runs them through the pipeline, and evaluates windows of each series.
#[derive(Debug, Clone)]
pub(crate) struct LogWindowScan(Arc<Ready>);

#[derive(Debug)]
struct Ready {
    window: LogWindow,
    compiled: Compiled,
    filters: Vec<LabelTest>,
}

impl LogWindowScan {
    /// Compiles the pipeline.
    pub(crate) fn new(window: LogWindow) -> Result<Self, QueryError> {
        let compiled = Compiled::new(&window.pipeline)?;
        let filters = window.unwrap.iter().flat_map(|unwrap| &unwrap.filters);
        let filters = filters.map(LabelTest::new).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Ready { window, compiled, filters })))
    }
}

impl Operator for LogWindowScan {
    fn name(&self) -> &'static str {
        "LogWindow"
    }

    fn describe(&self) -> String {
        let window = &self.0.window;
        format!("{:?} over {} stages", window.op, window.pipeline.stages.len())
    }

    fn run(&self, _: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        let (ready, run) = (Arc::clone(&self.0), Arc::clone(run));
        stream::once(async move {
            match ready.series(&run).await {
                Ok(series) => ready.blocks(series, &run),
                Err(error) => once(async move { Err(error) }),
            }
        })
        .flatten()
        .boxed()
    }
}

/// The samples of each series.
type Samples = Map<Labels, Track>;

impl Ready {
    async fn series(&self, run: &Run) -> Result<Samples, QueryError> {
        let window = &self.window;
        let shift = Shift { at: None, offset: window.offset };
        let start = shift.apply(window.grid.start).saturating_sub(window.range).saturating_add(1);
        let end = shift.apply(window.grid.last());
        let range = TimeRange::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
        if let Some(counted) = self.counted(range, run).await? {
            return Ok(counted);
        }
        let mut stored = scan(&window.pipeline, range, Direction::Forward, run).await?;
        let mut series = Samples::default();
        while let Some(records) = stored.next().await {
            run.check()?;
            let batch = logs(records.map_err(read_failed)?, run)?;
            let view = LogsView::of(&batch).ok_or_else(|| internal("lines are not lines"))?;
            for row in 0..view.times.len() {
                self.take(entry(&view, row), &mut series, run)?;
            }
        }
        Ok(series)
    }

    /// The series without a look at the lines, when their number is all that matters.
    async fn counted(&self, range: TimeRange, run: &Run) -> Result<Option<Samples>, QueryError> {
        let LogWindow { grid, pipeline, op, grouping, .. } = &self.window;
        let plain = pipeline.stages.is_empty() && pipeline.contains.is_empty() && self.window.unwrap.is_none();
        if !plain || !matches!(op, LogOp::Count | LogOp::Rate) {
            return Ok(None);
        }
        let shift = Shift { at: None, offset: self.window.offset };
        let ends = (0..grid.count).map(|step| shift.apply(grid.at(step)));
        let mut cuts: Vec<i64> = ends.flat_map(|end| [end.saturating_sub(self.window.range), end]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let names = grouping.as_ref().filter(|grouping| !grouping.without).map(|grouping| grouping.labels.as_slice());
        let selection = Selection::new(run.tenant.clone(), Signal::Logs, range).matching(pipeline.matchers.clone());
        let Some(mut counts) = run.store.count_lines(&selection, &cuts, names).await.map_err(read_failed)? else {
            return Ok(None);
        };
        counts.sort_unstable_by_key(|count| count.time);
        let mut series = Samples::default();
        for count in &counts {
            let entry = Entry::new(count.time.nanos(), "", count.labels.as_bytes(), &[], count.severity);
            self.add(&entry, count.rows as f64, &mut series, run)?;
        }
        Ok(Some(series))
    }

    /// Adds what a line is worth to its series.
    fn take(&self, mut entry: Entry<'_>, series: &mut Samples, run: &Run) -> Result<(), QueryError> {
        if !self.compiled.run(&mut entry) {
            return Ok(());
        }
        let value = match &self.window.unwrap {
            Some(unwrap) => match unwrapped(&mut entry, unwrap) {
                Some(value) => value,
                None => return Ok(()),
            },
            None if matches!(self.window.op, LogOp::Bytes | LogOp::BytesRate) => entry.line.len() as f64,
            None => 1.0,
        };
        if !self.filters.iter().all(|filter| filter.accepts(&mut entry)) {
            return Ok(());
        }
        if let Some(error) = entry.error() {
            return Err(pipeline_error(error, &entry.labels_with_error()));
        }
        self.add(&entry, value, series, run)
    }

    /// Adds a value to the series of its labels.
    fn add(&self, entry: &Entry<'_>, value: f64, series: &mut Samples, run: &Run) -> Result<(), QueryError> {
        let except = self.window.unwrap.as_ref().map(|unwrap| unwrap.label.as_str());
        let labels = entry.labels(except);
        let labels = match &self.window.grouping {
            None => labels,
            Some(grouping) => {
                let mut bytes = Vec::new();
                key(&labels, &grouping.labels, !grouping.without, &mut bytes);
                Labels::from_bytes(&bytes).unwrap_or_default()
            }
        };
        run.hold(16)?;
        let track = match series.get_mut(&labels) {
            Some(track) => track,
            None => {
                run.hold(labels.as_bytes().len() + 256)?;
                series.entry(labels).or_default()
            }
        };
        track.times.push(entry.time);
        track.values.push(value);
        Ok(())
    }

    fn blocks(&self, series: Samples, run: &Run) -> MatrixStream {
        let window = &self.window;
        let mut matrix = Matrix::new(window.grid.count);
        let shift = Shift { at: None, offset: window.offset };
        let frame = Frame { grid: window.grid, shift, range: window.range, closed: false };
        let call = WindowCall {
            name: "",
            kernel: gw_plan::logql::kernel(window.op),
            keeps_name: true,
            refuses: None,
            params: Vec::new(),
            position: Position::default(),
        };
        let params = Scalars::constant(window.param, window.grid.count);
        let notes = Notes::new(&run.cost, Position::default());
        let mut sorted: Vec<(Labels, Track)> = series.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        for (labels, track) in sorted {
            let row = matrix.push(labels, false);
            slide(&track, frame, &call, &params, (&mut matrix, row, &notes));
            matrix.pop_if_empty();
        }
        let matrix = if window.op == LogOp::Absent { self.absent(&matrix) } else { matrix };
        once(async move { Ok(matrix) })
    }

    /// One where no series has a line, under the labels that the selector fixes.
    fn absent(&self, present: &Matrix) -> Matrix {
        let equal = self.window.pipeline.matchers.iter().filter(|matcher| matcher.op == MatchOp::Equal);
        let labels = Labels::from_pairs(equal.map(|matcher| (matcher.name.as_str(), matcher.value.as_str())));
        let mut out = Matrix::new(present.steps);
        let row = out.push(labels, false);
        for step in 0..present.steps {
            if !(0..present.rows()).any(|row| present.floats(row).1[step]) {
                out.set_float(row, step, 1.0);
            }
        }
        out.pop_if_empty();
        out
    }
}

/// The sample that a label holds; lines without the label are left out, and texts that are no numbers mark the line.
fn unwrapped(entry: &mut Entry<'_>, unwrap: &Unwrap) -> Option<f64> {
    let text = entry.get(&unwrap.label)?.to_owned();
    match units::parse(&text, unwrap.unit) {
        Ok(value) => Some(value),
        Err(details) => {
            entry.fail("SampleExtractionErr", details);
            Some(0.0)
        }
    }
}

/// Wire: Loki's text (pkg/logql/engine.go, `NewPipelineErr`), which Grafana shows as it is.
fn pipeline_error(error: &str, labels: &Labels) -> QueryError {
    let text = format!(
        "pipeline error: '{error}' for series: '{labels}'.\nUse a label filter to intentionally skip this error. (e.g | {ERROR}!=\"{error}\").\nTo skip all potential errors you can match empty errors.(e.g {ERROR}=\"\")\nThe label filter can also be specified after unwrap. (e.g | unwrap latency | {ERROR}=\"\" )\n"
    );
    QueryError::execute(Kind::Invalid, text)
}
