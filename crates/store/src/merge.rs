//! Merges parts of metrics: series by series in label order, the sample of the later part holds.

use std::sync::Arc;

use gw_base::TimeRange;
use gw_batch::Exemplar;

use crate::erase::Tombstone;
use crate::head::series::settle;
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::part::metrics::{PartSeries, SeriesWriter};
use crate::part::writer::Written;
use crate::state::State;
use crate::{Series, StoreError, erase};

/// A part on its way into another.
struct Input {
    part: Arc<PartMeta>,
    cursor: PartSeries,
    /// Labels of its next series, once that is loaded.
    labels: Vec<u8>,
    is_done: bool,
}

/// The rows of these parts, in the order in which later ones win, as one part.
pub(crate) async fn merge_series(
    state: &State,
    parts: &[Arc<PartMeta>],
    level: u32,
    also: &[Arc<Tombstone>],
) -> Result<Written, StoreError> {
    let tombstones = state.tombstones();
    let mut inputs = Vec::with_capacity(parts.len());
    for part in parts {
        let opened = state.reader.open_to_replace(part).await.map_err(|error| blame(state, part, error))?;
        let mut reaching = erase::reaching(&tombstones, part);
        reaching.extend(also.iter().cloned());
        let cursor = PartSeries::new((part, &opened), &Conditions::default(), TimeRange::ALL, reaching);
        inputs.push(Input { part: Arc::clone(part), cursor, labels: Vec::new(), is_done: false });
    }
    let mut writer = SeriesWriter::new(level, parts.iter().map(|part| part.bytes).sum())?;
    loop {
        for input in inputs.iter_mut().filter(|input| !input.is_done && !input.cursor.is_ready()) {
            let loaded = input.cursor.load(&state.reader).await;
            input.is_done = !loaded.map_err(|error| blame(state, &input.part, error))?;
            input.peek();
        }
        if inputs.iter().all(|input| input.is_done) {
            break;
        }
        let work = tokio::task::spawn_blocking(move || {
            let merged = merge_loaded(&mut inputs, &mut writer);
            (inputs, writer, merged)
        });
        let (back, written, merged) = work.await.map_err(|error| StoreError::Internal(error.to_string()))?;
        (inputs, writer) = (back, written);
        if let Err((at, error)) = merged {
            return Err(blame(state, &inputs[at].part, error));
        }
    }
    let work = tokio::task::spawn_blocking(move || writer.finish());
    work.await.map_err(|error| StoreError::Internal(error.to_string()))?
}

fn blame(state: &State, part: &Arc<PartMeta>, error: StoreError) -> StoreError {
    state.suspect(part, &error);
    error
}

impl Input {
    fn peek(&mut self) {
        self.labels.clear();
        self.cursor.labels_into(&mut self.labels);
    }
}

/// Merges until an input has to load. A failure comes with the number of its input.
fn merge_loaded(inputs: &mut [Input], writer: &mut SeriesWriter) -> Result<(), (usize, StoreError)> {
    let (mut series, mut exemplars): (Series, Vec<Exemplar>) = (Series::default(), Vec::new());
    let mut labels = Vec::new();
    while inputs.iter().all(|input| input.is_done || input.cursor.is_ready()) {
        let least = inputs.iter().filter(|input| !input.is_done).map(|input| &input.labels).min();
        let Some(least) = least else { return Ok(()) };
        least.clone_into(&mut labels);
        series.clear();
        exemplars.clear();
        for (at, input) in inputs.iter_mut().enumerate().filter(|(_, input)| !input.is_done) {
            if input.labels == labels {
                input.cursor.read(&mut series, Some(&mut exemplars)).map_err(|error| (at, error))?;
                input.peek();
                // Without labels there is no series left; the next load says so.
            }
        }
        settle(&mut series);
        crate::exemplars::settle(&mut exemplars);
        // A part has the one or the other.
        let written = writer.push(&labels, &series, &exemplars);
        written.and_then(|()| writer.push_rollups(&labels, &series.rollups)).map_err(|error| (0, error))?;
    }
    Ok(())
}
