//! Log lines counted over time. Most runs of lines lie within one cell of the time axis and are counted by the index of
//! their part; only runs that a cell border cuts are read, and of those the times and severities alone.
//!
//! A line that was sent twice counts once. Within a part that is so already; runs of different sources that overlap in
//! time are read whole and compared.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{TimestampNanosecondType, UInt8Type};
use arrow_array::{Array as _, RecordBatch, UInt8Array};
use gw_base::{Labels, Map, Signal, TimeRange, Timestamp};

use super::{matching, off_reactor, open, tolerate};
use crate::compact::joined;
use crate::head::rows::{HeadBatch, judge, time_column};
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::part::order::{RowRef, keep};
use crate::part::reader::Opened;
use crate::part::tally::{PAUSE, Tally};
use crate::part::writer::as_signal;
use crate::state::{Snapshot, State};
use crate::{Counted, Selection, StoreError};

/// Contested rows beyond which the lines are better walked in time order.
const MAX_CONTESTED: usize = 256 << 10;
/// Rows of the head that make one run.
const HEAD_RUN: usize = 2048;
/// Columns of the schema.
const TIME: usize = 1;
const SEVERITY: usize = 4;
/// The head, as a source.
const HEAD: u32 = u32::MAX;

/// The counts, or `None` when only the lines themselves can tell.
pub(crate) async fn tally(
    state: &State,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
    (cuts, names): (&[i64], Option<&[String]>),
) -> Result<Option<Vec<Counted>>, StoreError> {
    let range = selection.range;
    let mut found = Found::default();
    for part in &snapshot.parts {
        let Some(opened) = open(state, part).await? else { continue };
        let entries = matching(&opened, &conditions, range);
        if entries.is_empty() {
            continue;
        }
        if !opened.index().tallies().names().spare(names) {
            return Ok(None);
        }
        found.add_part(part, opened, &entries, range);
    }
    let (heads, wanted) = (snapshot.heads, names.map(<[String]>::to_vec));
    let filled = off_reactor(move || {
        let batches = heads.iter().filter_map(|head| head.rows()).flat_map(|head| head.batches());
        let batches: Vec<Arc<HeadBatch>> = batches.collect();
        let spare = found.add_head(&batches, &conditions, range, wanted.as_deref());
        let bearable = spare && found.contest() <= MAX_CONTESTED;
        Ok(bearable.then_some(found))
    });
    let Some(mut found) = filled.await? else { return Ok(None) };
    let mut cells = Cells { cuts, range, counts: Map::default() };
    for source in 0..found.parts.len() {
        cells.add_part(state, &found, source as u32).await?;
    }
    for run in found.runs_of(HEAD, false) {
        cells.add_lines(&found.records, &found.head[run.rows.clone()]);
    }
    let contested = settle(state, &mut found).await?;
    cells.add_lines(&found.records, &contested);
    Ok(Some(cells.finish(&found.streams)))
}

/// Lines of one stream of one source that follow each other.
struct Run {
    stream: u32,
    source: u32,
    min: i64,
    max: i64,
    /// Rows of the part, or positions in the order of the head's rows.
    rows: Range<usize>,
    /// Position of the tally in the part.
    tally: usize,
    /// Another source has lines of this stream and time.
    contested: bool,
}

/// What the sources hold.
#[derive(Default)]
struct Found {
    streams: Vec<Labels>,
    known: Map<Labels, u32>,
    parts: Vec<(Arc<PartMeta>, Arc<Opened>)>,
    runs: Vec<Run>,
    /// The batches of the head, and those that were read of parts because their rows are contested.
    records: Vec<RecordBatch>,
    /// The lines of the head by stream and time, each once.
    head: Vec<Line>,
}

/// A line that was looked at.
type Line = (u32, i64, RowRef);

impl Found {
    fn stream(&mut self, labels: Labels) -> u32 {
        let next = self.streams.len() as u32;
        let stream = *self.known.entry(labels.clone()).or_insert(next);
        if stream == next {
            self.streams.push(labels);
        }
        stream
    }

    fn add_part(&mut self, part: &Arc<PartMeta>, opened: Arc<Opened>, entries: &[usize], range: TimeRange) {
        let source = self.parts.len() as u32;
        let index = opened.index();
        let (mut wanted, mut row) = (entries.iter().map(|entry| index.entries()[*entry]).peekable(), 0);
        let mut current = None;
        for (tally, run) in index.tallies().runs().iter().enumerate() {
            let rows = row..row + run.rows as usize;
            row = rows.end;
            while wanted.next_if(|entry| entry.range().end <= rows.start).is_some() {
                current = None;
            }
            let Some(entry) = wanted.peek() else { break };
            if rows.start < entry.range().start || run.max < range.start.nanos() || range.end.nanos() < run.min {
                continue;
            }
            let stream = match current {
                Some(stream) => stream,
                None => *current.insert(self.stream(index.labels(entry))),
            };
            self.runs.push(Run { stream, source, min: run.min, max: run.max, rows, tally, contested: false });
        }
        self.parts.push((Arc::clone(part), Arc::clone(&opened)));
    }

    /// Takes in the lines of the head, unless their metadata has labels that are asked for; then false.
    fn add_head(
        &mut self,
        batches: &[Arc<HeadBatch>],
        conditions: &Conditions,
        range: TimeRange,
        names: Option<&[String]>,
    ) -> bool {
        let mut verdicts = Map::default();
        let mut lines: Vec<Line> = Vec::new();
        for batch in batches {
            let (min, max) = batch.bounds();
            if max < range.start.nanos() || range.end.nanos() < min {
                continue;
            }
            let good: Vec<bool> =
                batch.labels().iter().map(|labels| judge(labels, conditions, &mut verdicts)).collect();
            if !good.contains(&true) {
                continue;
            }
            if !batch.metadata_names().spare(names) {
                return false;
            }
            let streams: Vec<Option<u32>> =
                batch.labels().iter().zip(good).map(|(set, good)| good.then(|| self.stream(set.clone()))).collect();
            let source = self.records.len() as u32;
            for (row, (key, time)) in batch.keys().iter().zip(time_column(batch.records())).enumerate() {
                if let Some(stream) = streams[*key as usize].filter(|_| within(range, *time)) {
                    lines.push((stream, *time, RowRef { source, row: row as u32 }));
                }
            }
            self.records.push(batch.records().clone());
        }
        self.head = once(&self.records, lines);
        self.cut_head();
        true
    }

    fn cut_head(&mut self) {
        let mut runs: Vec<Run> = Vec::new();
        for (at, (stream, time, _)) in self.head.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if run.stream == *stream && run.rows.len() < HEAD_RUN && time - run.max <= PAUSE => {
                    run.max = *time;
                    run.rows.end = at + 1;
                }
                _ => {
                    let (stream, min, max, rows) = (*stream, *time, *time, at..at + 1);
                    runs.push(Run { stream, source: HEAD, min, max, rows, tally: 0, contested: false });
                }
            }
        }
        self.runs.append(&mut runs);
    }

    /// Marks the runs that overlap one of another source, and returns how many rows they have.
    fn contest(&mut self) -> usize {
        self.runs.sort_unstable_by_key(|run| (run.stream, run.min));
        for runs in self.runs.chunk_by_mut(|a, b| a.stream == b.stream) {
            // The latest end so far, and the latest of any other source than that one's.
            let (mut first, mut second) = ((i64::MIN, 0), i64::MIN);
            for run in runs.iter_mut() {
                let before = if first.1 == run.source { second } else { first.0 };
                run.contested |= before >= run.min && before > i64::MIN;
                if run.source == first.1 {
                    first.0 = first.0.max(run.max);
                } else if run.max >= first.0 {
                    second = first.0;
                    first = (run.max, run.source);
                } else {
                    second = second.max(run.max);
                }
            }
            // The same from the other side: the earliest begin of those that follow.
            let (mut first, mut second) = ((i64::MAX, 0), i64::MAX);
            for run in runs.iter_mut().rev() {
                let after = if first.1 == run.source { second } else { first.0 };
                run.contested |= after <= run.max && after < i64::MAX;
                if run.source != first.1 {
                    second = first.0;
                }
                first = (run.min, run.source);
            }
        }
        self.runs.iter().filter(|run| run.contested).map(|run| run.rows.len()).sum()
    }

    /// The runs of a source in row order that are contested, or are not.
    fn runs_of(&self, source: u32, contested: bool) -> Vec<&Run> {
        let mut runs: Vec<&Run> =
            self.runs.iter().filter(|run| run.source == source && run.contested == contested).collect();
        runs.sort_unstable_by_key(|run| run.rows.start);
        runs
    }
}

/// The lines in order, each once.
fn once(records: &[RecordBatch], mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_unstable();
    let (mut kept, mut rows) = (Vec::with_capacity(lines.len()), Vec::new());
    for group in lines.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        keep(Signal::Logs, records, group.iter().map(|(_, _, row)| *row), &mut rows);
        kept.extend(rows.drain(..).map(|row| (group[0].0, group[0].1, row)));
    }
    kept
}

/// The counts of one severity of a stream in a cell of the time axis: some time in the cell, and the lines.
type Counts = Map<(u32, Option<u8>, usize), (i64, u64)>;

struct Cells<'a> {
    cuts: &'a [i64],
    range: TimeRange,
    counts: Counts,
}

impl Cells<'_> {
    /// Times in one cell lie in the same windows: after one cut, up to the next.
    fn cell(&self, time: i64) -> usize {
        self.cuts.partition_point(|cut| *cut < time)
    }

    fn add(&mut self, (stream, severity, time): (u32, Option<u8>, i64), lines: u64) {
        let cell = self.cell(time);
        let count = self.counts.entry((stream, severity, cell)).or_insert((time, 0));
        count.1 += lines;
    }

    fn add_run(&mut self, stream: u32, tally: &Tally) {
        for (severity, lines) in tally.severities() {
            self.add((stream, severity, tally.max), u64::from(lines));
        }
    }

    /// Counts the lines of a part that nobody contests.
    async fn add_part(&mut self, state: &State, found: &Found, source: u32) -> Result<(), StoreError> {
        let (part, opened) = &found.parts[source as usize];
        let mut cut = Vec::new();
        for run in found.runs_of(source, false) {
            let whole = within(self.range, run.min) && within(self.range, run.max);
            if whole && self.cell(run.min) == self.cell(run.max) {
                self.add_run(run.stream, &opened.index().tallies().runs()[run.tally]);
            } else {
                cut.push(run);
            }
        }
        let rows = joined(cut.iter().map(|run| run.rows.clone()).collect());
        let read = state.reader.read(part, opened, rows, Some(&[TIME, SEVERITY])).await;
        let Some(batches) = tolerate(state, part, read)? else { return Ok(()) };
        let mut streams = cut.iter().flat_map(|run| std::iter::repeat_n(run.stream, run.rows.len()));
        for batch in &batches {
            let (times, severities) = (batch.column(0), batch.column(1).as_primitive::<UInt8Type>());
            let times = times.as_primitive::<TimestampNanosecondType>().values();
            for (row, stream) in (0..batch.num_rows()).zip(&mut streams) {
                if within(self.range, times[row]) {
                    self.add((stream, severity_of(severities, row), times[row]), 1);
                }
            }
        }
        Ok(())
    }

    /// Counts lines that were looked at.
    fn add_lines(&mut self, records: &[RecordBatch], lines: &[Line]) {
        let range = self.range;
        for (stream, time, row) in lines.iter().filter(|(_, time, _)| within(range, *time)) {
            let severities = records[row.source as usize].column(SEVERITY).as_primitive::<UInt8Type>();
            self.add((*stream, severity_of(severities, row.row as usize), *time), 1);
        }
    }

    fn finish(self, streams: &[Labels]) -> Vec<Counted> {
        let counted = |((stream, severity, _), (time, rows)): ((u32, Option<u8>, usize), (i64, u64))| Counted {
            labels: streams[stream as usize].clone(),
            severity,
            time: Timestamp::from_nanos(time),
            rows,
        };
        self.counts.into_iter().map(counted).collect()
    }
}

/// Reads the contested lines of parts, puts those of the head beside them, and leaves each once.
async fn settle(state: &State, found: &mut Found) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    for source in 0..found.parts.len() {
        let runs = found.runs_of(source as u32, true);
        let rows = joined(runs.iter().map(|run| run.rows.clone()).collect());
        let (part, opened) = &found.parts[source];
        let read = state.reader.read(part, opened, rows, None).await;
        let Some(batches) = tolerate(state, part, read)? else { continue };
        let mut streams = runs.iter().flat_map(|run| std::iter::repeat_n(run.stream, run.rows.len()));
        let mut fresh = Vec::new();
        for batch in &batches {
            let batch = as_signal(Signal::Logs, batch)?;
            let source = (found.records.len() + fresh.len()) as u32;
            for ((row, time), stream) in time_column(&batch).iter().enumerate().zip(&mut streams) {
                lines.push((stream, *time, RowRef { source, row: row as u32 }));
            }
            fresh.push(batch);
        }
        drop(streams);
        found.records.append(&mut fresh);
    }
    for run in found.runs_of(HEAD, true) {
        lines.extend_from_slice(&found.head[run.rows.clone()]);
    }
    Ok(once(&found.records, lines))
}

fn severity_of(severities: &UInt8Array, row: usize) -> Option<u8> {
    severities.is_valid(row).then(|| severities.value(row)).filter(|severity| *severity != 0)
}

const fn within(range: TimeRange, time: i64) -> bool {
    range.start.nanos() <= time && time <= range.end.nanos()
}
