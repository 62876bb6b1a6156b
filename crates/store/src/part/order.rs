//! Puts rows of several batches into one order and drops those that say the same twice.
//!
//! A repeated row is one that equals another in every column: what a sender repeats because it did not hear the answer.
//! Of metric samples that claim the same series and time the one of the later source holds.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};
use arrow_select::interleave::interleave_record_batch;
use gw_base::{Map, Signal};
use gw_batch::Direction;

use crate::StoreError;
use crate::head::rows::time_column;

/// A row of one of several batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowRef {
    pub(crate) source: u32,
    pub(crate) row: u32,
}

/// The rows of `batches` by (rank of their label set, time), repeated ones dropped. `ranks` has a slice a batch; of
/// batches with the same sample the later in the list wins.
pub(crate) fn by_rank(signal: Signal, batches: &[RecordBatch], ranks: &[Vec<u32>]) -> Vec<RowRef> {
    let mut keyed: Vec<(u32, i64, RowRef)> = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (source, (batch, ranks)) in batches.iter().zip(ranks).enumerate() {
        let times = time_column(batch);
        let rows = ranks.iter().zip(times).enumerate();
        keyed.extend(rows.map(|(row, (rank, time))| (*rank, *time, RowRef { source: source as u32, row: row as u32 })));
    }
    keyed.sort_unstable();
    let mut order = Vec::with_capacity(keyed.len());
    for group in keyed.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let rows = group.iter().map(|(_, _, row)| *row);
        keep(signal, batches, rows, &mut order);
    }
    order
}

/// The rows of `batches` by time, repeated ones dropped. Rows of one time keep their order of arrival.
pub(crate) fn by_time(signal: Signal, batches: &[RecordBatch], direction: Direction) -> Vec<RowRef> {
    let mut keyed: Vec<(i64, RowRef)> = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (source, batch) in batches.iter().enumerate() {
        let rows = time_column(batch).iter().enumerate();
        keyed.extend(rows.map(|(row, time)| (*time, RowRef { source: source as u32, row: row as u32 })));
    }
    keyed.sort_unstable();
    let mut order = Vec::with_capacity(keyed.len());
    for group in keyed.chunk_by(|a, b| a.0 == b.0) {
        keep(signal, batches, group.iter().map(|(_, row)| *row), &mut order);
    }
    if direction == Direction::Backward {
        order.reverse();
    }
    order
}

/// Copies the rows of an order into one batch.
pub(crate) fn gather(batches: &[RecordBatch], order: &[RowRef]) -> Result<RecordBatch, StoreError> {
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let order: Vec<(usize, usize)> = order.iter().map(|at| (at.source as usize, at.row as usize)).collect();
    interleave_record_batch(&batches, &order).map_err(|error| StoreError::Internal(error.to_string()))
}

/// Appends the rows of one group (same labels and time, or same time) that are to be kept.
pub(crate) fn keep(
    signal: Signal,
    batches: &[RecordBatch],
    rows: impl Iterator<Item = RowRef> + Clone,
    out: &mut Vec<RowRef>,
) {
    let mut rest = rows.clone();
    let (Some(first), Some(_)) = (rest.next(), rest.next()) else {
        out.extend(rows);
        return;
    };
    if signal == Signal::Metrics {
        keep_samples(batches, rows, out);
        return;
    }
    debug_assert!(batches.len() > first.source as usize, "rows refer to the batches given");
    let mut seen: Map<u64, Vec<RowRef>> = Map::default();
    for row in rows {
        let alike = seen.entry(fingerprint(signal, &batches[row.source as usize], row.row as usize)).or_default();
        if alike.iter().any(|other| same(batches, *other, row)) {
            continue;
        }
        alike.push(row);
        out.push(row);
    }
}

/// Of the samples of one series and time keeps the last; exemplars that come alone are kept, each once.
fn keep_samples(batches: &[RecordBatch], rows: impl Iterator<Item = RowRef>, out: &mut Vec<RowRef>) {
    let mut sample = None;
    let mut exemplars: Vec<RowRef> = Vec::new();
    for row in rows {
        let records = &batches[row.source as usize];
        let holds = |column: usize| records.column(column).is_valid(row.row as usize);
        if holds(2) || holds(3) {
            sample = Some(row);
        } else if !exemplars.iter().any(|other| same(batches, *other, row)) {
            exemplars.push(row);
        }
    }
    out.extend(sample);
    out.append(&mut exemplars);
}

/// A hash of the column that differs most between rows of one time.
fn fingerprint(signal: Signal, records: &RecordBatch, row: usize) -> u64 {
    let bytes = match signal {
        Signal::Logs => records.column(3).as_string::<i32>().value(row).as_bytes(),
        Signal::Events => records.column(4).as_string::<i32>().value(row).as_bytes(),
        Signal::Spans => records.column(4).as_fixed_size_binary().value(row),
        Signal::Metrics => return 0,
    };
    gw_base::labels::hash_bytes(bytes)
}

fn same(batches: &[RecordBatch], a: RowRef, b: RowRef) -> bool {
    let (left, right) = (&batches[a.source as usize], &batches[b.source as usize]);
    left.columns().iter().zip(right.columns()).all(|(x, y)| *x.slice(a.row as usize, 1) == *y.slice(b.row as usize, 1))
}
