//! What a leaf reads: stored series one after the other, or the series of replicas as one.
//!
//! Without the labels that tell replicas apart their series are no neighbours any more, so all that match are read before
//! the first is handed on.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoIter;
use std::sync::Arc;

use gw_base::Labels;
use gw_batch::QueryError;
use gw_plan::dedup::{Meaning, Samples, merge};
use gw_store::{Series, SeriesCursor, Step};

use crate::run::{Run, read_failed};

/// Series of a selection in label order.
#[derive(Debug)]
pub(super) enum Source {
    /// As they are stored.
    Stored(Box<SeriesCursor>),
    /// Those of replicas as one.
    Merged(Box<Merged>),
}

/// Series of which all replicas have been read.
#[derive(Debug)]
pub(super) struct Merged {
    left: IntoIter<Labels, Vec<Series>>,
    labels: Labels,
    samples: Series,
    meaning: Meaning,
    read: usize,
    parts: usize,
}

/// What the values of a function's argument mean (thanos-io/thanos, `pkg/query`).
pub(super) fn meaning_of(function: Option<&str>) -> Meaning {
    match function {
        Some("rate" | "increase" | "irate" | "resets") => Meaning::Counter,
        _ => Meaning::Gauge,
    }
}

impl Source {
    /// The series of a cursor, those of replicas as one where the query says what tells them apart.
    pub(super) async fn new(mut cursor: SeriesCursor, meaning: Meaning, run: &Run) -> Result<Self, QueryError> {
        let replica_labels = &run.reading.replica_labels;
        if replica_labels.is_empty() {
            return Ok(Self::Stored(Box::new(cursor)));
        }
        let mut sets: BTreeMap<Labels, Vec<Series>> = BTreeMap::new();
        loop {
            match cursor.advance().map_err(read_failed)? {
                Step::Series => {
                    let labels = Labels::of_checked(cursor.labels());
                    let labels = labels.without(|name| replica_labels.iter().any(|label| label == name));
                    let samples = cursor.samples().clone();
                    run.hold(16 * (samples.times.len() + samples.histogram_times.len()) + labels.as_bytes().len())?;
                    run.check()?;
                    sets.entry(labels).or_default().push(samples);
                }
                Step::Load => cursor.load().await.map_err(read_failed)?,
                Step::End => break,
            }
        }
        let (read, parts) = (cursor.samples_read(), cursor.parts());
        let (labels, samples) = (Labels::empty(), Series::default());
        Ok(Self::Merged(Box::new(Merged { left: sets.into_iter(), labels, samples, meaning, read, parts })))
    }

    /// Moves to the next series.
    pub(super) fn advance(&mut self) -> Result<Step, QueryError> {
        match self {
            Self::Stored(cursor) => cursor.advance().map_err(read_failed),
            Self::Merged(merged) => Ok(merged.advance()),
        }
    }

    /// Reads what [`Self::advance`] asks for.
    pub(super) async fn load(&mut self) -> Result<(), QueryError> {
        match self {
            Self::Stored(cursor) => cursor.load().await.map_err(read_failed),
            Self::Merged(_) => Ok(()),
        }
    }

    /// The canonical label bytes of the series.
    pub(super) fn labels(&self) -> &[u8] {
        match self {
            Self::Stored(cursor) => cursor.labels(),
            Self::Merged(merged) => merged.labels.as_bytes(),
        }
    }

    /// Its samples.
    pub(super) fn samples(&self) -> &Series {
        match self {
            Self::Stored(cursor) => cursor.samples(),
            Self::Merged(merged) => &merged.samples,
        }
    }

    /// Up to here rollups stand for its samples.
    pub(super) fn boundary(&self) -> i64 {
        match self {
            Self::Stored(cursor) => cursor.boundary(),
            Self::Merged(_) => i64::MIN,
        }
    }

    /// Samples read so far.
    pub(super) fn samples_read(&self) -> usize {
        match self {
            Self::Stored(cursor) => cursor.samples_read(),
            Self::Merged(merged) => merged.read,
        }
    }

    /// Parts that have series of the selection.
    pub(super) fn parts(&self) -> usize {
        match self {
            Self::Stored(cursor) => cursor.parts(),
            Self::Merged(merged) => merged.parts,
        }
    }

    /// Cuts into so many sources to be read at the same time, where there are enough series and all are of floats.
    pub(super) fn split(self, pieces: usize, from: usize) -> Vec<Self> {
        match self {
            Self::Stored(cursor) if cursor.most_series() >= from && !cursor.any_extras() => {
                cursor.split(pieces).into_iter().map(|cursor| Self::Stored(Box::new(cursor))).collect()
            }
            whole => vec![whole],
        }
    }
}

impl Merged {
    fn advance(&mut self) -> Step {
        let Some((labels, replicas)) = self.left.next() else { return Step::End };
        self.labels = labels;
        self.samples = merged(replicas, self.meaning);
        Step::Series
    }
}

/// The series of replicas as one.
pub(super) fn merged(mut replicas: Vec<Series>, meaning: Meaning) -> Series {
    if replicas.len() < 2 {
        return replicas.pop().unwrap_or_default();
    }
    let floats: Vec<Samples> = replicas
        .iter_mut()
        .map(|series| Samples { times: std::mem::take(&mut series.times), values: std::mem::take(&mut series.values) })
        .filter(|samples| !samples.times.is_empty())
        .collect();
    let floats = merge(&floats, meaning);
    // Histograms by their number among all, which no lift changes.
    let mut all = Vec::new();
    let mut numbered = Vec::new();
    for series in replicas.iter_mut().filter(|series| !series.histogram_times.is_empty()) {
        let values = (all.len()..all.len() + series.histograms.len()).map(|number| number as f64).collect();
        all.append(&mut series.histograms);
        numbered.push(Samples { times: std::mem::take(&mut series.histogram_times), values });
    }
    let chosen = merge(&numbered, Meaning::Gauge);
    let histograms = chosen.values.iter().filter_map(|number| all.get(*number as usize).map(Arc::clone)).collect();
    Series {
        times: floats.times,
        values: floats.values,
        histogram_times: chosen.times,
        histograms,
        ..Series::default()
    }
}
