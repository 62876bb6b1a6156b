//! Reading: series for metrics, time-ordered rows for the other signals, label sets for all.

pub(crate) mod cursor;
pub(crate) mod names;
pub(crate) mod scan;
pub(crate) mod series;
mod source;
pub(crate) mod tally;

use std::ops::Range;
use std::sync::Arc;

use gw_base::TimeRange;

use crate::StoreError;
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::part::reader::Opened;
use crate::state::State;

/// Opens a part; `None` when it is damaged and the read goes on without it.
pub(crate) async fn open(state: &State, part: &Arc<PartMeta>) -> Result<Option<Arc<Opened>>, StoreError> {
    tolerate(state, part, state.reader.open(part).await)
}

/// Turns the damage of one part into nothing; any other failure stays.
pub(crate) fn tolerate<T>(
    state: &State,
    part: &Arc<PartMeta>,
    result: Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if state.suspect(part, &error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The label sets of a part that match and may have rows in the range.
pub(crate) fn matching(opened: &Opened, conditions: &Conditions, range: TimeRange) -> Vec<usize> {
    let index = opened.index();
    let hit = |(_, entry): &(usize, &crate::part::index::Entry)| {
        entry.overlaps(range) && conditions.accept(index.label_bytes(entry))
    };
    index.entries().iter().enumerate().filter(hit).map(|(i, _)| i).collect()
}

/// Their rows: whole blocks at the inner borders.
pub(crate) fn rows_of(opened: &Opened, entries: &[usize], range: TimeRange) -> Vec<Range<usize>> {
    let index = opened.index();
    let mut rows = Vec::new();
    entries.iter().for_each(|entry| index.prune(index.entries()[*entry].range(), range, &mut rows));
    rows
}

/// Runs CPU work off the reactor.
pub(crate) async fn off_reactor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Internal(error.to_string()))?
}
