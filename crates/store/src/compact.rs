//! Merges small parts of one tenant, signal and day into larger ones: sorted, repeated rows dropped.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use gw_base::{Labels, Signal, Tenant, TimeRange, Timestamp};

use crate::erase::Tombstone;
use crate::flush::{At, put};
use crate::head::rows::{filtered, time_column};
use crate::merge::merge_series;
use crate::part::PartMeta;
use crate::part::order::{by_rank, gather};
use crate::part::reader::Opened;
use crate::part::writer::{PartWriter, Written, as_signal, runs_of};
use crate::rollups::Rolled;
use crate::state::State;
use crate::{StoreError, StoreStats};

/// Parts of one level that are merged into one of the next.
pub(crate) const FAN_IN: usize = 6;
/// Most series that are merged at once, told for each part anew, unless they are those of two parts: the indexes of all parts
/// are in memory meanwhile, some hundred bytes for each of their series.
const MOST_SERIES: u64 = 1_500_000;
/// Rows held in memory at a time.
const STEP_ROWS: usize = 32 << 10;
const BATCH_ROWS: usize = 16 << 10;
/// Intervals that a part of rollups spans.
const ROLLUPS_OF_A_PART: i64 = 288;
const DAY_NANOS: i64 = 86_400_000_000_000;

/// The next parts of a signal worth merging: neighbours in the order of the log, so that of equal samples the later still
/// wins, of one day, together not larger than `limit_bytes`. Usually as many of one level as make the next, fewer where they have
/// very many series; in calm times already two, as long as the largest is not written again for the sake of little.
pub(crate) fn plan(parts: &[Arc<PartMeta>], limit_bytes: u64, is_calm: bool) -> Option<Vec<Arc<PartMeta>>> {
    let kind = |part: &Arc<PartMeta>| (part.tenant.clone(), part.rollup);
    let mut kinds: Vec<(String, i64)> = parts.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().find_map(|wanted| {
        let own: Vec<&Arc<PartMeta>> = parts.iter().filter(|part| kind(part) == wanted).collect();
        let fits = |window: &[&Arc<PartMeta>]| {
            let bytes: u64 = window.iter().map(|part| part.bytes).sum();
            window.iter().all(|part| day(part) == day(window[0])) && bytes <= limit_bytes
        };
        let of_level = |window: &&[&Arc<PartMeta>]| window.iter().all(|part| part.level == window[0].level);
        let most = (0..own.len()).filter_map(|at| own.get(at..at + most_at_once(&own[at..])));
        let full = most.filter(of_level).find(|window| fits(window));
        let calm = || {
            let lengths = (2..=FAN_IN.min(own.len())).rev();
            let windows = lengths.flat_map(|length| own.windows(length));
            let mut small = windows.filter(|window| window.len() <= most_at_once(window));
            small.find(|window| is_calm && fits(window) && is_even(window))
        };
        full.or_else(calm).map(|window| window.iter().map(|part| Arc::clone(part)).collect())
    })
}

/// How many parts are merged at once when these come next.
fn most_at_once(parts: &[&Arc<PartMeta>]) -> usize {
    let mut series = 0;
    for (count, part) in parts.iter().enumerate() {
        series += part.series;
        if series > MOST_SERIES {
            return count.clamp(2, FAN_IN);
        }
    }
    FAN_IN
}

/// Whether the largest of these parts has a fair share of the others to take in.
fn is_even(window: &[&Arc<PartMeta>]) -> bool {
    let bytes: u64 = window.iter().map(|part| part.bytes).sum();
    let largest = window.iter().map(|part| part.bytes).max().unwrap_or(0);
    largest <= 2 * (bytes - largest)
}

/// The day of a part; of rollups, the time that as many of them take as five-minute ones take in a day.
fn day(part: &PartMeta) -> i64 {
    // An interval belongs to where it lies, which is before its end.
    (part.max - part.rollup.min(1)).div_euclid(DAY_NANOS.max(ROLLUPS_OF_A_PART * part.rollup))
}

/// Merges parts into one and replaces them by it.
pub(crate) async fn compact(state: &State, parts: &[Arc<PartMeta>]) -> Result<(), StoreError> {
    let Some(first) = parts.first() else { return Ok(()) };
    let (tenant, signal) = first.owner()?;
    let level = parts.iter().map(|part| part.level).max().unwrap_or(0) + 1;
    let rows = merge_into(state, (&tenant, signal), parts, level).await?;
    StoreStats::add(&state.stats.compactions, 1);
    tracing::debug!(%signal, %tenant, parts = parts.len(), rows, "parts merged");
    Ok(())
}

/// Writes one part of metrics again without what has been deleted, and without what `also` deletes.
pub(crate) async fn rewrite(state: &State, part: &Arc<PartMeta>, also: &[Arc<Tombstone>]) -> Result<(), StoreError> {
    let (tenant, signal) = part.owner()?;
    let parts = std::slice::from_ref(part);
    let written = merge_series(state, parts, part.level, also).await?;
    let rows = put_in_place(state, (&tenant, signal), parts, part.level, written).await?;
    tracing::debug!(%signal, %tenant, before = part.rows, rows, "part written again");
    Ok(())
}

async fn merge_into(
    state: &State,
    (tenant, signal): (&Tenant, Signal),
    parts: &[Arc<PartMeta>],
    level: u32,
) -> Result<u64, StoreError> {
    let written = match signal {
        Signal::Metrics => merge_series(state, parts, level, &[]).await?,
        Signal::Logs | Signal::Spans | Signal::Events => merge(state, signal, parts, level).await?,
    };
    put_in_place(state, (tenant, signal), parts, level, written).await
}

/// Puts what was written where the parts were.
async fn put_in_place(
    state: &State,
    (tenant, signal): (&Tenant, Signal),
    parts: &[Arc<PartMeta>],
    level: u32,
    written: Written,
) -> Result<u64, StoreError> {
    let through = parts.iter().map(|part| part.through).max().unwrap_or(0);
    let rows = written.rows;
    let mut merged = Vec::new();
    if rows > 0 {
        let rollup = parts.first().map_or(0, |part| part.rollup);
        merged.push(put(state, (tenant, signal), written, At { through, level, rollup }).await?);
    }
    replace(state, (tenant, signal), parts, merged, |_| {}).await?;
    Ok(rows)
}

/// Takes parts out of the catalog and the view, and puts others in; `note` says what that means for the tenant's rollups.
pub(crate) async fn replace(
    state: &State,
    (tenant, signal): (&Tenant, Signal),
    gone: &[Arc<PartMeta>],
    added: Vec<PartMeta>,
    note: impl FnOnce(&mut Rolled) + Send,
) -> Result<(), StoreError> {
    let mut rolled = BTreeMap::new();
    let names: Vec<String> = gone.iter().map(|part| part.id.clone()).collect();
    let fresh = added.clone();
    state
        .catalog
        .commit(|manifest| {
            manifest.parts.retain(|part| !names.contains(&part.id));
            manifest.parts.extend(fresh);
            if signal == Signal::Metrics {
                note(manifest.rolled.entry(tenant.to_string()).or_default());
                manifest.rolled.retain(|_, rolled| *rolled != Rolled::default());
                rolled.clone_from(&manifest.rolled);
            }
        })
        .await?;
    state.replace_parts(signal, gone, added.into_iter().map(Arc::new).collect(), rolled);
    Ok(())
}

/// A part being merged.
struct Input {
    part: Arc<PartMeta>,
    opened: Arc<Opened>,
}

/// A slice of the work: neighbouring label sets, in a range of time.
struct Step {
    names: Range<usize>,
    range: TimeRange,
}

async fn merge(state: &State, signal: Signal, parts: &[Arc<PartMeta>], level: u32) -> Result<Written, StoreError> {
    let mut inputs = Vec::with_capacity(parts.len());
    for part in parts {
        match state.reader.open_to_replace(part).await {
            Ok(opened) => inputs.push(Input { part: Arc::clone(part), opened }),
            Err(error) => return Err(blame(state, part, error)),
        }
    }
    let names = union(&inputs);
    let mut writer = PartWriter::new(signal, level, parts.iter().map(|part| part.bytes).sum())?;
    for step in steps(&names, &inputs) {
        let (records, ranks) = load(state, &inputs, &names, &step).await?;
        let names = Arc::clone(&names);
        let work = tokio::task::spawn_blocking(move || {
            let order = by_rank(signal, &records, &ranks);
            for rows in order.chunks(BATCH_ROWS) {
                let runs = runs_of(rows.iter().map(|at| ranks[at.source as usize][at.row as usize]), &names);
                writer.write(&as_signal(signal, &gather(&records, rows)?)?, &runs)?;
            }
            Ok::<_, StoreError>(writer)
        });
        writer = work.await.map_err(|error| StoreError::Internal(error.to_string()))??;
    }
    let work = tokio::task::spawn_blocking(move || writer.finish());
    work.await.map_err(|error| StoreError::Internal(error.to_string()))?
}

fn blame(state: &State, part: &Arc<PartMeta>, error: StoreError) -> StoreError {
    state.suspect(part, &error);
    error
}

/// All label sets of the inputs, sorted.
fn union(inputs: &[Input]) -> Arc<[Labels]> {
    let mut names: Vec<Labels> = inputs
        .iter()
        .flat_map(|input| input.opened.index().entries().iter().map(|entry| input.opened.index().labels(entry)))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into()
}

/// Cuts the work so that each step holds a bounded number of rows; one very long stream is cut in time.
fn steps(names: &[Labels], inputs: &[Input]) -> Vec<Step> {
    let mut cursors = vec![0usize; inputs.len()];
    let mut steps: Vec<Step> = Vec::new();
    let (mut from, mut held) = (0, 0usize);
    for (at, name) in names.iter().enumerate() {
        let (mut rows, mut min, mut max) = (0usize, i64::MAX, i64::MIN);
        for (input, cursor) in inputs.iter().zip(&mut cursors) {
            let index = input.opened.index();
            if let Some(entry) = index.entries().get(*cursor).filter(|e| index.label_bytes(e) == name.as_bytes()) {
                *cursor += 1;
                rows += entry.rows as usize;
                (min, max) = (min.min(entry.min), max.max(entry.max));
            }
        }
        if held + rows > STEP_ROWS && held > 0 {
            steps.push(Step { names: from..at, range: TimeRange::ALL });
            (from, held) = (at, 0);
        }
        held += rows;
        if rows > STEP_ROWS {
            steps.extend(slices(min, max, rows.div_ceil(STEP_ROWS / 2)).map(|range| Step { names: at..at + 1, range }));
            (from, held) = (at + 1, 0);
        }
    }
    if from < names.len() {
        steps.push(Step { names: from..names.len(), range: TimeRange::ALL });
    }
    steps
}

/// Cuts a range of time into equal slices.
fn slices(min: i64, max: i64, count: usize) -> impl Iterator<Item = TimeRange> {
    let (span, count) = (i128::from(max) - i128::from(min) + 1, count as i128);
    let at = move |i: i128| (i128::from(min) + span * i / count) as i64;
    (0..count).map(move |i| TimeRange::new(Timestamp::from_nanos(at(i)), Timestamp::from_nanos(at(i + 1) - 1)))
}

async fn load(
    state: &State,
    inputs: &[Input],
    names: &[Labels],
    step: &Step,
) -> Result<(Vec<RecordBatch>, Vec<Vec<u32>>), StoreError> {
    let (mut records, mut ranks) = (Vec::new(), Vec::new());
    for input in inputs {
        let index = input.opened.index();
        let (mut rows, mut of_row): (Vec<Range<usize>>, Vec<u32>) = (Vec::new(), Vec::new());
        for rank in step.names.clone() {
            let found = index.entries().binary_search_by(|entry| index.label_bytes(entry).cmp(names[rank].as_bytes()));
            let Some(entry) = found.ok().map(|at| index.entries()[at]) else { continue };
            let mut pruned = Vec::new();
            index.prune(entry.range(), step.range, &mut pruned);
            of_row.extend(pruned.iter().flat_map(|range| range.clone()).map(|_| rank as u32));
            rows.append(&mut pruned);
        }
        let batches = match state.reader.read(&input.part, &input.opened, joined(rows), None).await {
            Ok(batches) => batches,
            Err(error) => return Err(blame(state, &input.part, error)),
        };
        let mut at = 0;
        for batch in batches {
            let of_batch = &of_row[at..at + batch.num_rows()];
            at += batch.num_rows();
            let inside: Vec<bool> =
                time_column(&batch).iter().map(|t| step.range.contains(Timestamp::from_nanos(*t))).collect();
            let kept = of_batch.iter().zip(&inside).filter(|(_, inside)| **inside).map(|(rank, _)| *rank).collect();
            if let Some(batch) = filtered(&batch, &BooleanArray::from(inside)) {
                records.push(batch);
                ranks.push(kept);
            }
        }
    }
    Ok((records, ranks))
}

/// Rising ranges with those that touch joined, as row selections want them.
pub(crate) fn joined(rows: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(rows.len());
    for range in rows {
        match out.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => out.push(range),
        }
    }
    out
}
