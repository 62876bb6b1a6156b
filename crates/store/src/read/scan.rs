//! Rows of logs, spans and events as a stream in time order.
//!
//! Parts are sorted by stream, the answer by time. So the range is walked in windows that hold a bounded number of rows:
//! each window is read from every source, sorted and handed on, and a reader that has enough simply stops asking.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, BooleanArray, RecordBatch};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use gw_base::{Labels, Map, Set, Signal, TimeRange, Timestamp};
use gw_batch::{Batch, Direction};

use super::{matching, off_reactor, open, rows_of, tolerate};
use crate::compact::joined;
use crate::flush::MetricRows;
use crate::head::rows::{filtered, judge, label_column, time_column};
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::part::index::BLOCK_ROWS;
use crate::part::order::{by_time, gather};
use crate::part::reader::Opened;
use crate::part::writer::as_signal;
use crate::state::{Snapshot, State};
use crate::{Selection, Series, StoreError};

/// Rows wanted from the first window; each next one holds more, up to the last.
const FIRST_ROWS: f64 = 4096.0;
const LAST_ROWS: f64 = 65_536.0;
/// Rows of a batch handed on.
const BATCH_ROWS: usize = 8192;

/// A stream of batches.
pub(crate) type Rows = BoxStream<'static, Result<RecordBatch, StoreError>>;

/// Rows of logs, spans or events in time order.
pub(crate) async fn scan(
    state: Arc<State>,
    snapshot: Snapshot,
    selection: Selection,
    conditions: Arc<Conditions>,
    direction: Direction,
) -> Result<Rows, StoreError> {
    if let Some(traces) = selection.traces.clone() {
        let found = of_traces(&state, snapshot, &selection, &conditions, &traces).await?;
        let signal = selection.signal;
        let sorted = off_reactor(move || sorted(signal, &found, direction)).await?;
        return Ok(budgeted(stream::iter(sorted.into_iter().map(Ok)).boxed(), selection.max_rows));
    }
    let mut parts = Vec::new();
    for part in snapshot.parts {
        let Some(opened) = open(&state, &part).await? else { continue };
        let entries = matching(&opened, &conditions, selection.range);
        if !entries.is_empty() {
            parts.push(Source { part, opened, entries });
        }
    }
    let (range, filter) = (selection.range, Arc::clone(&conditions));
    let heads = snapshot.heads;
    let heads = off_reactor(move || {
        let mut verdicts = Map::default();
        let batches = heads.iter().filter_map(|head| head.rows()).flat_map(|head| head.batches());
        Ok(batches.filter_map(|batch| batch.select(range, &filter, &mut verdicts)).collect::<Vec<_>>())
    })
    .await?;
    let max_rows = selection.max_rows;
    let walk = Walk::new(state, selection, parts, heads, direction);
    let windows = stream::try_unfold(walk, |mut walk| async move {
        Ok(walk.next().await?.map(|batches| (stream::iter(batches.into_iter().map(Ok)), walk)))
    });
    Ok(budgeted(futures_util::TryStreamExt::try_flatten(windows).boxed(), max_rows))
}

/// Rows of metrics, series by series, for readers that want tables.
pub(crate) fn metric_rows(series: Vec<Series>) -> Rows {
    let mut series = series.into_iter();
    let batches = std::iter::from_fn(move || {
        let mut rows = MetricRows::default();
        for one in series.by_ref() {
            rows.push(&one, &[]);
            if rows.len() >= BATCH_ROWS {
                break;
            }
        }
        (rows.len() > 0).then(|| Ok(rows.take().0))
    });
    stream::iter(batches).boxed()
}

fn budgeted(rows: Rows, limit: usize) -> Rows {
    let mut left = limit;
    rows.map(move |batch| {
        let batch = batch?;
        left = left.checked_sub(batch.num_rows()).ok_or(StoreError::TooManyRows { limit })?;
        Ok(batch)
    })
    .boxed()
}

/// A part that has label sets of interest.
struct Source {
    part: Arc<PartMeta>,
    opened: Arc<Opened>,
    entries: Vec<usize>,
}

/// The way through the range.
struct Walk {
    state: Arc<State>,
    selection: Selection,
    parts: Vec<Source>,
    heads: Vec<RecordBatch>,
    direction: Direction,
    /// What has not been read yet; `None` when all has.
    left: Option<TimeRange>,
    density: Vec<Stretch>,
    wanted: f64,
}

/// Some rows, believed to be spread evenly over a range of time.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    min: i64,
    max: i64,
    rows: f64,
}

impl Walk {
    fn new(
        state: Arc<State>,
        selection: Selection,
        parts: Vec<Source>,
        heads: Vec<RecordBatch>,
        direction: Direction,
    ) -> Self {
        let mut density = Vec::new();
        for source in &parts {
            let entries = source.entries.iter().map(|entry| source.opened.index().entries()[*entry]);
            density.extend(entries.map(|e| Stretch { min: e.min, max: e.max, rows: f64::from(e.rows) }));
        }
        for batch in &heads {
            let times = time_column(batch);
            let (min, max) = times.iter().fold((i64::MAX, i64::MIN), |(min, max), t| (min.min(*t), max.max(*t)));
            density.push(Stretch { min, max, rows: times.len() as f64 });
        }
        let left = Some(selection.range).filter(|range| !range.is_empty());
        Self { state, selection, parts, heads, direction, left, density, wanted: FIRST_ROWS }
    }

    /// The batches of the next window that has rows.
    async fn next(&mut self) -> Result<Option<Vec<RecordBatch>>, StoreError> {
        while let Some(window) = self.window() {
            self.left = self.behind(window);
            self.wanted = (self.wanted * 4.0).min(LAST_ROWS);
            let mut found = Vec::new();
            for source in &self.parts {
                found.append(&mut self.load(source, window).await?);
            }
            found.extend(self.heads.iter().filter_map(|batch| within(batch, window)));
            let (signal, direction) = (self.selection.signal, self.direction);
            let contains = self.selection.contains.clone();
            let batches = off_reactor(move || sorted(signal, &containing(signal, found, &contains), direction)).await?;
            if !batches.is_empty() {
                return Ok(Some(batches));
            }
        }
        Ok(None)
    }

    async fn load(&self, source: &Source, window: TimeRange) -> Result<Vec<RecordBatch>, StoreError> {
        if !source.part.overlaps(window) {
            return Ok(Vec::new());
        }
        let rows = joined(rows_of(&source.opened, &source.entries, window));
        let read = self.state.reader.read(&source.part, &source.opened, rows, None).await;
        let batches = tolerate(&self.state, &source.part, read)?.unwrap_or_default();
        let signal = self.selection.signal;
        let inside = batches.iter().filter_map(|batch| within(batch, window));
        inside.map(|batch| as_signal(signal, &batch)).collect()
    }

    /// The next window, at the side from which the direction comes.
    fn window(&mut self) -> Option<TimeRange> {
        let left = self.left?;
        let (start, end) = (left.start.nanos(), left.end.nanos());
        self.density.retain(|stretch| stretch.min <= end && start <= stretch.max);
        let first = self.density.iter().map(|stretch| stretch.min).min()?.max(start);
        let last = self.density.iter().map(|stretch| stretch.max).max()?.min(end);
        let (mut near, mut far) = (0i128, i128::from(last) - i128::from(first));
        // The widest window whose expected rows stay within what is wanted; a single point of time at least.
        while near < far {
            let width = (near + far + 1) / 2;
            if self.expected(self.window_of(first, last, width)) <= self.wanted {
                near = width;
            } else {
                far = width - 1;
            }
        }
        let (from, to) = self.window_of(first, last, near);
        Some(TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(to)))
    }

    fn window_of(&self, first: i64, last: i64, width: i128) -> (i64, i64) {
        match self.direction {
            Direction::Forward => (first, (i128::from(first) + width) as i64),
            Direction::Backward => ((i128::from(last) - width) as i64, last),
        }
    }

    fn expected(&self, (from, to): (i64, i64)) -> f64 {
        self.density
            .iter()
            .map(|stretch| {
                let overlap = i128::from(stretch.max.min(to)) - i128::from(stretch.min.max(from)) + 1;
                let length = i128::from(stretch.max) - i128::from(stretch.min) + 1;
                stretch.rows * (overlap.max(0) as f64 / length as f64)
            })
            .sum()
    }

    fn behind(&self, window: TimeRange) -> Option<TimeRange> {
        let left = self.left?;
        let rest = match self.direction {
            Direction::Forward => TimeRange::new(window.end.offset(1), left.end),
            Direction::Backward => TimeRange::new(left.start, window.start.offset(-1)),
        };
        // At the ends of time the next point saturates to the same one.
        let moved =
            if self.direction == Direction::Forward { window.end < left.end } else { left.start < window.start };
        (moved && !rest.is_empty()).then_some(rest)
    }
}

fn within(batch: &RecordBatch, window: TimeRange) -> Option<RecordBatch> {
    let (start, end) = (window.start.nanos(), window.end.nanos());
    let mask: BooleanArray = time_column(batch).iter().map(|time| Some(start <= *time && *time <= end)).collect();
    if mask.true_count() == batch.num_rows() {
        return Some(batch.clone());
    }
    filtered(batch, &mask)
}

/// The batches of log lines that contain every text.
fn containing(signal: Signal, batches: Vec<RecordBatch>, texts: &[String]) -> Vec<RecordBatch> {
    if signal != Signal::Logs || texts.is_empty() {
        return batches;
    }
    let finders: Vec<_> = texts.iter().map(|text| memchr::memmem::Finder::new(text.as_bytes())).collect();
    let keep = |batch: RecordBatch| {
        let lines = batch.column(3).as_string::<i32>();
        let mask: BooleanArray = (0..lines.len())
            .map(|row| Some(finders.iter().all(|finder| finder.find(lines.value(row).as_bytes()).is_some())))
            .collect();
        filtered(&batch, &mask)
    };
    batches.into_iter().filter_map(keep).collect()
}

fn sorted(signal: Signal, batches: &[RecordBatch], direction: Direction) -> Result<Vec<RecordBatch>, StoreError> {
    let order = by_time(signal, batches, direction);
    order.chunks(BATCH_ROWS).map(|rows| as_signal(signal, &gather(batches, rows)?)).collect()
}

/// All spans of some traces, in no order.
async fn of_traces(
    state: &Arc<State>,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: &Arc<Conditions>,
    traces: &[gw_base::TraceId],
) -> Result<Vec<RecordBatch>, StoreError> {
    let range = selection.range;
    let mut found = Vec::new();
    if selection.signal != Signal::Spans {
        return Ok(found);
    }
    for part in &snapshot.parts {
        let blocks = state.reader.find_traces(part, traces).await;
        let Some(blocks) = tolerate(state, part, blocks)?.filter(|blocks| !blocks.is_empty()) else { continue };
        let Some(opened) = open(state, part).await? else { continue };
        let mut rows: Vec<Range<usize>> = Vec::new();
        blocks.into_iter().for_each(|block| opened.index().prune(block, range, &mut rows));
        // Some blocks at a time: a trace with spans everywhere must not hold a whole part in memory.
        for rows in joined(rows).chunks(4) {
            for rows in rows.iter().flat_map(|rows| pieces(rows.clone())) {
                let read = state.reader.read(part, &opened, vec![rows], None).await;
                let batches = tolerate(state, part, read)?.unwrap_or_default();
                for batch in &batches {
                    found.extend(only_traces(batch, traces, range));
                }
            }
        }
    }
    for head in snapshot.heads.iter().filter_map(|head| head.rows()) {
        found.extend(head.batches().iter().filter_map(|batch| batch.select_traces(range, traces)));
    }
    let tenant = &selection.tenant;
    let mut verdicts = Map::default();
    let mut kept = Vec::new();
    for records in found {
        let records = as_signal(Signal::Spans, &records)?;
        if conditions.iter().next().is_none() {
            kept.push(records);
            continue;
        }
        let batch = Batch::new(tenant.clone(), Signal::Spans, records)
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        kept.extend(only_matching(&batch, conditions, &mut verdicts));
    }
    Ok(kept)
}

fn pieces(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    const PIECE: usize = 32 * BLOCK_ROWS;
    let end = rows.end;
    rows.step_by(PIECE).map(move |from| from..(from + PIECE).min(end))
}

fn only_traces(batch: &RecordBatch, traces: &[gw_base::TraceId], range: TimeRange) -> Option<RecordBatch> {
    let wanted: Set<&[u8]> = traces.iter().map(|trace| &trace.0[..]).collect();
    let ids = batch.column(3).as_fixed_size_binary();
    let mask: BooleanArray = time_column(batch)
        .iter()
        .enumerate()
        .map(|(row, time)| Some(range.contains(Timestamp::from_nanos(*time)) && wanted.contains(ids.value(row))))
        .collect();
    filtered(batch, &mask)
}

fn only_matching(batch: &Batch, conditions: &Conditions, verdicts: &mut Map<Labels, bool>) -> Option<RecordBatch> {
    let (labels, keys) = label_column(batch);
    let good: Vec<bool> = labels.iter().map(|set| judge(set, conditions, verdicts)).collect();
    let mask: BooleanArray = keys.iter().map(|key| Some(good[*key as usize])).collect();
    filtered(batch.records(), &mask)
}
