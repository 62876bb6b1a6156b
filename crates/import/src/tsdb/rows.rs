//! Gathers what was read into batches of a bounded size, and counts it.

use gw_base::{Labels, METRIC_NAME, Map, Set, Tenant, Timestamp};
use gw_batch::{Batch, Exemplar, MetricsBuilder};
use gw_formats::tsdb::chunk::{Sample, Value};
use gw_formats::tsdb::record::Metadata;
use gw_formats::tsdb::tombstones::{Interval, covers};

use crate::ImportError;

/// Rows of a batch.
const BATCH_ROWS: usize = 32 << 10;
/// Rows of histograms are larger.
const HISTOGRAM_WEIGHT: usize = 32;
/// Damage that is told in full; more of it is counted.
const TOLD: usize = 20;

/// What was read and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Blocks read.
    pub blocks: u64,
    /// Segments of the write-ahead logs and files of the head read.
    pub segments: u64,
    /// Distinct series with samples.
    pub series: u64,
    /// Float samples.
    pub samples: u64,
    /// Histogram samples.
    pub histograms: u64,
    /// Exemplars.
    pub exemplars: u64,
    /// Families with type, unit or help.
    pub families: u64,
    /// Samples that were deleted in the original and not cleaned up yet.
    pub deleted: u64,
    /// Samples of the log that blocks hold already, or of series that the log does not name.
    pub passed_over: u64,
    /// First and last time of what was read, milliseconds.
    pub times: Option<(i64, i64)>,
    /// Pieces that could not be read.
    pub damaged: u64,
    /// What they were, and other remarks; the first of them in full.
    pub notes: Vec<String>,
}

/// Takes what was read.
pub(super) struct Rows<'h> {
    builder: MetricsBuilder,
    weight: usize,
    /// Labels and key of the series whose sample came last.
    current: Vec<u8>,
    current_key: Option<u32>,
    hand_over: &'h mut dyn FnMut(Batch) -> Result<(), ImportError>,
    series: Set<u64>,
    families: Map<String, Metadata>,
    pub(super) summary: Summary,
}

impl<'h> Rows<'h> {
    pub(super) fn new(hand_over: &'h mut dyn FnMut(Batch) -> Result<(), ImportError>) -> Self {
        Self {
            builder: MetricsBuilder::default(),
            weight: 0,
            current: Vec::new(),
            current_key: None,
            hand_over,
            series: Set::default(),
            families: Map::default(),
            summary: Summary::default(),
        }
    }

    /// The key of a series in the batch. Samples of one series mostly follow each other: comparing is cheaper than looking up.
    fn key(&mut self, labels: &[u8]) -> u32 {
        match self.current_key {
            Some(key) if self.current == labels => key,
            _ => {
                let key = self.builder.series_bytes(labels);
                self.series.insert(gw_base::labels::hash_bytes(labels));
                self.current.clear();
                self.current.extend_from_slice(labels);
                self.current_key = Some(key);
                key
            }
        }
    }

    /// Takes a sample, unless it was deleted.
    pub(super) fn sample(&mut self, labels: &[u8], sample: &Sample, deleted: &[Interval]) {
        if covers(deleted, sample.time) {
            self.summary.deleted += 1;
            return;
        }
        let key = self.key(labels);
        let time = Timestamp::from_millis(sample.time);
        let start = (sample.start != 0).then(|| Timestamp::from_millis(sample.start));
        match &sample.value {
            Value::Float(value) => {
                self.builder.sample_with(key, time, *value, start, None);
                self.summary.samples += 1;
                self.weight += 1;
            }
            Value::Histogram(histogram) => {
                self.builder.histogram(key, time, histogram, start);
                self.summary.histograms += 1;
                self.weight += HISTOGRAM_WEIGHT;
            }
        }
        let (first, last) = self.summary.times.unwrap_or((sample.time, sample.time));
        self.summary.times = Some((first.min(sample.time), last.max(sample.time)));
    }

    /// Takes an exemplar.
    pub(super) fn exemplar(&mut self, labels: &Labels, exemplar: &Exemplar) {
        let key = self.builder.series(labels);
        self.builder.exemplar(key, exemplar.time.unwrap_or(Timestamp::EPOCH), exemplar);
        self.summary.exemplars += 1;
        self.weight += 1;
    }

    /// Takes what is known of a family; what is read last holds.
    pub(super) fn family(&mut self, labels: &Labels, metadata: Metadata) {
        if let Some(metric) = labels.get(METRIC_NAME) {
            self.families.insert(metric.to_owned(), metadata);
        }
    }

    /// Hands rows over when there are enough.
    pub(super) fn maybe_hand_over(&mut self) -> Result<(), ImportError> {
        if self.weight >= BATCH_ROWS { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), ImportError> {
        self.weight = 0;
        self.current_key = None;
        let builder = std::mem::take(&mut self.builder);
        if builder.is_empty() {
            return Ok(());
        }
        (self.hand_over)(builder.finish(Tenant::default()))
    }

    /// Counts damage, and tells it while there is not too much of it.
    pub(super) fn damaged(&mut self, error: &ImportError) {
        self.summary.damaged += 1;
        match self.summary.damaged.cmp(&(TOLD as u64 + 1)) {
            std::cmp::Ordering::Less => self.note(error.to_string()),
            std::cmp::Ordering::Equal => self.note("more damage is counted, not told".to_owned()),
            std::cmp::Ordering::Greater => {}
        }
    }

    /// Remarks something.
    pub(super) fn note(&mut self, note: String) {
        self.summary.notes.push(note);
    }

    /// Hands over what is left.
    pub(super) fn finish(mut self) -> Result<Summary, ImportError> {
        let time = Timestamp::from_millis(self.summary.times.map_or(0, |(_, last)| last));
        let mut families: Vec<(String, Metadata)> = std::mem::take(&mut self.families).into_iter().collect();
        families.sort_by(|a, b| a.0.cmp(&b.0));
        for (metric, metadata) in &families {
            self.builder.metadata(metric, metadata.kind, &metadata.unit, &metadata.help, time);
        }
        self.hand_over()?;
        self.summary.families = families.len() as u64;
        self.summary.series = self.series.len() as u64;
        Ok(self.summary)
    }
}
