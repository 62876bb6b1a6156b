//! Metric series with their samples, gathered from parts and heads.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, TimestampNanosecondType};
use arrow_array::{Array as _, RecordBatch};
use gw_base::{Labels, TimeRange};
use gw_batch::{Exemplar, Histogram};

use super::cursor::{SeriesCursor, Step};
use super::source::{HeadSource, PartSource, Source};
use super::{Slice, matching, off_reactor, open, slices, tolerate};
use crate::compact::joined;
use crate::erase::{self, Tombstone};
use crate::head::TenantHead;
use crate::head::series::timed;
use crate::matching::Conditions;
use crate::part::index::{HAS_EXEMPLAR, HAS_HISTOGRAM, HAS_START};
use crate::part::reader::Opened;
use crate::state::{Snapshot, State};
use crate::{Selection, Series, SeriesExemplars, StoreError};

/// Rows of a part decoded at a time.
const STEP_ROWS: usize = 256 << 10;

/// The series that match, in label order, to be read one after the other.
pub(crate) async fn cursor(
    state: &Arc<State>,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<SeriesCursor, StoreError> {
    let range = selection.range;
    let mut sources = Vec::new();
    for part in &snapshot.parts {
        let Some(opened) = open(state, part).await? else { continue };
        let tombstones = erase::reaching(&snapshot.tombstones, part);
        let (shared, wanted) = (Arc::clone(&opened), Arc::clone(&conditions));
        let slices = off_reactor(move || Ok(slices(&shared, &matching(&shared, &wanted, range), range))).await?;
        if !slices.is_empty() {
            let source = PartSource::new(Arc::clone(state), Arc::clone(part), opened, tombstones, slices);
            sources.push(Source::Part(Box::new(source)));
        }
    }
    let heads = snapshot.heads;
    let found = off_reactor(move || {
        let found = |head: Arc<TenantHead>| {
            let found = head.metrics().map(|metrics| metrics.select(&conditions, range)).unwrap_or_default();
            Source::Head(HeadSource::new(head, found))
        };
        Ok(heads.into_iter().map(found).filter(|source| source.left() > 0).collect::<Vec<_>>())
    });
    sources.extend(found.await?);
    Ok(SeriesCursor::new(sources, range, selection.max_rows))
}

/// The series that match, each settled, in label order, all at once.
pub(crate) async fn series(
    state: &Arc<State>,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<Vec<Series>, StoreError> {
    let mut cursor = cursor(state, snapshot, selection, conditions).await?;
    let mut all = Vec::new();
    loop {
        let (step, back, gathered) = off_reactor(move || {
            let step = loop {
                match cursor.advance()? {
                    Step::Series => {
                        let labels = Labels::from_bytes(cursor.labels()).unwrap_or_default();
                        all.push(Series { labels, ..cursor.samples().clone() });
                    }
                    step => break step,
                }
            };
            Ok((step, cursor, all))
        })
        .await?;
        (cursor, all) = (back, gathered);
        match step {
            Step::End => return Ok(all),
            Step::Load | Step::Series => cursor.load().await?,
        }
    }
}

/// The exemplars of the series that match.
pub(crate) async fn exemplars(
    state: &State,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<Vec<SeriesExemplars>, StoreError> {
    let range = selection.range;
    let mut found: std::collections::BTreeMap<Labels, Vec<Exemplar>> = std::collections::BTreeMap::new();
    for part in &snapshot.parts {
        let Some(opened) = open(state, part).await? else { continue };
        let tombstones = erase::reaching(&snapshot.tombstones, part);
        let has = |entry: &usize| opened.index().entries()[*entry].flags & HAS_EXEMPLAR != 0;
        let entries: Vec<usize> = matching(&opened, &conditions, range).into_iter().filter(has).collect();
        for step in steps(slices(&opened, &entries, range)) {
            let rows = joined(step.iter().flat_map(|slice| slice.rows.iter().cloned()).collect());
            let read = state.reader.read(part, &opened, rows, Some(&[1, 5, 6, 7])).await;
            let Some(batches) = tolerate(state, part, read)? else { break };
            collect_exemplars((&opened, &tombstones), &step, &batches, range, &mut found);
        }
    }
    for head in snapshot.heads.iter().filter_map(|head| head.metrics()) {
        head.visit(&conditions, range, |series| {
            let fresh = series.exemplars(range);
            if !fresh.is_empty() {
                found.entry(series.labels().clone()).or_default().extend(fresh);
            }
            Ok::<_, StoreError>(())
        })?;
    }
    Ok(found
        .into_iter()
        .map(|(labels, mut exemplars)| {
            exemplars.sort_by_key(|exemplar| exemplar.time);
            exemplars.dedup();
            SeriesExemplars { labels, exemplars }
        })
        .collect())
}

fn collect_exemplars(
    (opened, tombstones): (&Opened, &[Arc<Tombstone>]),
    step: &[Slice],
    batches: &[RecordBatch],
    range: TimeRange,
    found: &mut std::collections::BTreeMap<Labels, Vec<Exemplar>>,
) {
    for (entry, batch, from, rows) in walk(step, batches) {
        let times = batch.column(0).as_primitive::<TimestampNanosecondType>();
        let labels = batch.column(1).as_binary::<i32>();
        let values = batch.column(2).as_primitive::<Float64Type>();
        let own = batch.column(3).as_primitive::<TimestampNanosecondType>();
        for row in (from..from + rows).filter(|row| values.is_valid(*row)) {
            let time = own.is_valid(row).then(|| gw_base::Timestamp::from_nanos(own.value(row)));
            let labels = Labels::from_bytes(labels.value(row)).unwrap_or_default();
            let exemplar = timed(Exemplar { labels, value: values.value(row), time }, times.value(row));
            let series = opened.index().labels(&opened.index().entries()[entry]);
            let gaps = erase::gaps(tombstones, series.as_bytes());
            let kept = |time: gw_base::Timestamp| range.contains(time) && !erase::in_gap(&gaps, time.nanos());
            if exemplar.time.is_some_and(kept) {
                found.entry(series).or_default().push(exemplar);
            }
        }
    }
}

/// Cuts slices into steps of bounded rows.
fn steps(slices: Vec<Slice>) -> Vec<Vec<Slice>> {
    let mut steps: Vec<Vec<Slice>> = Vec::new();
    let mut held = 0;
    for slice in slices {
        let rows: usize = slice.rows.iter().map(ExactSizeIterator::len).sum();
        if held == 0 || held + rows > STEP_ROWS {
            steps.push(Vec::new());
            held = 0;
        }
        held += rows;
        if let Some(last) = steps.last_mut() {
            last.push(slice);
        }
    }
    steps
}

/// The columns that some slice needs: time and value, histograms and start times only where there are any.
pub(super) fn columns(opened: &Opened, step: &[Slice]) -> Vec<usize> {
    let flags = step.iter().fold(0, |flags, slice| flags | opened.index().entries()[slice.entry].flags);
    let mut columns = vec![1, 2];
    columns.extend((flags & HAS_HISTOGRAM != 0).then_some(3));
    columns.extend((flags & HAS_START != 0).then_some(4));
    columns
}

/// Pairs decoded rows with the slices they were read for: (entry, batch, first row, rows).
fn walk<'a>(
    step: &'a [Slice],
    batches: &'a [RecordBatch],
) -> impl Iterator<Item = (usize, &'a RecordBatch, usize, usize)> {
    let mut wanted =
        step.iter().map(|slice| (slice.entry, slice.rows.iter().map(ExactSizeIterator::len).sum::<usize>()));
    let mut left = wanted.next();
    let mut batches = batches.iter();
    let mut current = batches.next().map(|batch| (batch, 0));
    std::iter::from_fn(move || {
        let (entry, rows) = left.as_mut()?;
        let (batch, from) = loop {
            let (batch, from) = current.as_mut()?;
            if *from < batch.num_rows() {
                break (*batch, from);
            }
            current = batches.next().map(|batch| (batch, 0));
        };
        let taken = (*rows).min(batch.num_rows() - *from);
        let item = (*entry, batch, *from, taken);
        *from += taken;
        *rows -= taken;
        if *rows == 0 {
            left = wanted.next();
        }
        Some(item)
    })
}

/// Appends the samples of rows of a part.
pub(super) fn push_rows(
    series: &mut Series,
    (range, gaps): (TimeRange, &[(i64, i64)]),
    columns: &[usize],
    batch: &RecordBatch,
    rows: std::ops::Range<usize>,
) {
    let (start, end) = (range.start.nanos(), range.end.nanos());
    let column = |wanted: usize| columns.iter().position(|column| *column == wanted).map(|at| batch.column(at));
    let times = batch.column(0).as_primitive::<TimestampNanosecondType>().values();
    let values = batch.column(1).as_primitive::<Float64Type>();
    let histograms = column(3).map(|column| column.as_binary::<i32>());
    let starts = column(4).map(|column| column.as_primitive::<TimestampNanosecondType>());
    for row in rows {
        let time = times[row];
        if let Some(starts) = starts.filter(|starts| starts.is_valid(row) && time <= end) {
            series.starts.push((time, starts.value(row)));
        }
        if time < start || end < time || erase::in_gap(gaps, time) {
            continue;
        }
        if values.is_valid(row) {
            series.times.push(time);
            series.values.push(values.value(row));
        } else if let Some(histogram) =
            histograms.filter(|column| column.is_valid(row)).and_then(|column| Histogram::decode(column.value(row)))
        {
            series.histogram_times.push(time);
            series.histograms.push(Arc::new(histogram));
        }
    }
}
