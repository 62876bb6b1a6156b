//! Logs, spans or events of one tenant in the head: the batches as they came, small ones joined.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{TimestampNanosecondType, UInt32Type};
use arrow_array::{Array as _, BinaryArray, BooleanArray, RecordBatch};
use arrow_buffer::ScalarBuffer;
use arrow_select::filter::filter_record_batch;
use gw_base::{Labels, Map, Set, Signal, TimeRange, TraceId};
use gw_batch::{Batch, SpansView};

use crate::matching::Conditions;
use crate::part::tally::Names;

/// Batches of one size class that are joined into one of the next. Each row is copied once a class.
const JOIN: usize = 16;
/// Batches of this many rows are left as they are.
const LARGE_ROWS: usize = JOIN * JOIN * JOIN;

/// Batches of one tenant and signal since the head began, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct RowsHead {
    batches: Mutex<Vec<Arc<HeadBatch>>>,
}

/// A batch with what readers need to skip it.
#[derive(Debug)]
pub(crate) struct HeadBatch {
    signal: Signal,
    records: RecordBatch,
    /// Distinct label sets (of streams, subjects, or service and operation), and each row's.
    labels: Vec<Labels>,
    keys: ScalarBuffer<u32>,
    min: i64,
    max: i64,
    /// Rows in order of their trace id, for spans.
    by_trace: Vec<u32>,
    /// Names of structured metadata, for logs; found when first asked for.
    metadata: OnceLock<Names>,
}

impl RowsHead {
    /// Adds a batch that has rows; answers by how many bytes the head grew, and how many it gave back by joining.
    pub(crate) fn append(&self, batch: &Batch) -> (usize, usize) {
        let added = Arc::new(HeadBatch::of(batch));
        let (mut grown, mut freed) = (added.bytes(), 0);
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        batches.push(added);
        while let Some(from) = joinable(&batches) {
            let tail = batches.split_off(from);
            let joined = Arc::new(HeadBatch::join(batch, &tail));
            grown += joined.bytes();
            freed += tail.iter().map(|batch| batch.bytes()).sum::<usize>();
            batches.push(joined);
        }
        (grown, freed)
    }

    /// The batches so far.
    pub(crate) fn batches(&self) -> Vec<Arc<HeadBatch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Distinct label sets, counted batch by batch.
    pub(crate) fn distinct(&self) -> usize {
        let batches = self.batches();
        let sets: Set<&Labels> = batches.iter().flat_map(|batch| &batch.labels).collect();
        sets.len()
    }
}

/// Where the run of equally small batches at the end begins, when it is long enough.
fn joinable(batches: &[Arc<HeadBatch>]) -> Option<usize> {
    let class = |batch: &Arc<HeadBatch>| batch.records.num_rows().max(1).ilog(JOIN);
    let last = class(batches.last()?);
    if batches.last()?.records.num_rows() >= LARGE_ROWS {
        return None;
    }
    let run = batches.iter().rev().take_while(|batch| class(batch) <= last).count();
    (run >= JOIN).then(|| batches.len() - run)
}

impl HeadBatch {
    pub(crate) fn of(batch: &Batch) -> Self {
        let records = batch.records().clone();
        let times = time_column(&records);
        let (min, max) = times.iter().fold((i64::MAX, i64::MIN), |(min, max), t| (min.min(*t), max.max(*t)));
        let (labels, keys) = label_column(batch);
        let by_trace = SpansView::of(batch).map(|_| order_by_trace(&records)).unwrap_or_default();
        Self { signal: batch.signal(), records, labels, keys, min, max, by_trace, metadata: OnceLock::new() }
    }

    fn join(like: &Batch, batches: &[Arc<Self>]) -> Self {
        let records = arrow_select::concat::concat_batches(
            &gw_batch::schema(like.signal()),
            batches.iter().map(|batch| &batch.records),
        )
        .expect("batches of one signal have one schema");
        let joined = Batch::new(like.tenant().clone(), like.signal(), records).expect("the schema is the signal's");
        Self::of(&joined)
    }

    /// Bytes in memory, roughly.
    fn bytes(&self) -> usize {
        const OWN: usize = 1024;
        let labels: usize = self.labels.iter().map(|labels| labels.as_bytes().len() + 32).sum();
        OWN + self.records.get_array_memory_size() + labels + self.by_trace.len() * 4
    }

    /// The rows.
    pub(crate) const fn records(&self) -> &RecordBatch {
        &self.records
    }

    /// Each row's index into [`HeadBatch::labels`].
    pub(crate) fn keys(&self) -> &[u32] {
        &self.keys
    }

    /// The names of the structured metadata of log lines.
    pub(crate) fn metadata_names(&self) -> &Names {
        self.metadata.get_or_init(|| {
            let mut names = Names::default();
            if self.signal == Signal::Logs {
                names.note(&self.records);
            }
            names
        })
    }

    /// Distinct label sets.
    pub(crate) fn labels(&self) -> &[Labels] {
        &self.labels
    }

    /// Earliest and latest time.
    pub(crate) const fn bounds(&self) -> (i64, i64) {
        (self.min, self.max)
    }

    /// The rows that match, or `None` when there is none. `verdicts` remembers label sets across batches.
    pub(crate) fn select(
        &self,
        range: TimeRange,
        conditions: &Conditions,
        verdicts: &mut Map<Labels, bool>,
    ) -> Option<RecordBatch> {
        let (start, end) = (range.start.nanos(), range.end.nanos());
        if self.max < start || end < self.min {
            return None;
        }
        let good: Vec<bool> = self.labels.iter().map(|labels| judge(labels, conditions, verdicts)).collect();
        if !good.contains(&true) {
            return None;
        }
        if start <= self.min && self.max <= end && !good.contains(&false) {
            return Some(self.records.clone());
        }
        let times = time_column(&self.records);
        let mask: BooleanArray = times
            .iter()
            .zip(self.keys.iter())
            .map(|(time, key)| Some(start <= *time && *time <= end && good[*key as usize]))
            .collect();
        filtered(&self.records, &mask)
    }

    /// The rows of these traces within the range, or `None` when there is none.
    pub(crate) fn select_traces(&self, range: TimeRange, traces: &[TraceId]) -> Option<RecordBatch> {
        if self.signal != Signal::Spans || self.max < range.start.nanos() || range.end.nanos() < self.min {
            return None;
        }
        let ids = self.records.column(3).as_fixed_size_binary();
        let mut mask = vec![false; self.records.num_rows()];
        for trace in traces {
            let from = self.by_trace.partition_point(|row| ids.value(*row as usize) < &trace.0[..]);
            let rows = self.by_trace[from..].iter().take_while(|row| ids.value(**row as usize) == &trace.0[..]);
            rows.for_each(|row| mask[*row as usize] = true);
        }
        let times = time_column(&self.records);
        mask.iter_mut().zip(times).for_each(|(keep, time)| {
            *keep &= range.start.nanos() <= *time && *time <= range.end.nanos();
        });
        filtered(&self.records, &BooleanArray::from(mask))
    }
}

/// Whether a label set fulfils the conditions, asking the compiled patterns once a set.
pub(crate) fn judge(labels: &Labels, conditions: &Conditions, verdicts: &mut Map<Labels, bool>) -> bool {
    if let Some(verdict) = verdicts.get(labels) {
        return *verdict;
    }
    let verdict = conditions.accept(labels.as_bytes());
    verdicts.insert(labels.clone(), verdict);
    verdict
}

/// The rows of the mask, or `None` when it has none.
pub(crate) fn filtered(records: &RecordBatch, mask: &BooleanArray) -> Option<RecordBatch> {
    if mask.true_count() == 0 {
        return None;
    }
    Some(filter_record_batch(records, mask).expect("the mask has a bit a row"))
}

/// The times of a batch of any signal; `time` is the second column of every schema.
pub(crate) fn time_column(records: &RecordBatch) -> &[i64] {
    records.column(1).as_primitive::<TimestampNanosecondType>().values()
}

/// The distinct label sets of a batch and each row's: the first column, or for spans what the span columns make.
pub(crate) fn label_column(batch: &Batch) -> (Vec<Labels>, ScalarBuffer<u32>) {
    if let Some(view) = SpansView::of(batch) {
        return span_labels(&view);
    }
    let column = batch.records().column(0).as_dictionary::<UInt32Type>();
    let values: &BinaryArray = column.values().as_binary();
    let labels = (0..values.len()).map(|i| Labels::from_bytes(values.value(i)).unwrap_or_default()).collect();
    (labels, column.keys().values().clone())
}

/// Labels by which spans are found: `service`, `name`, `kind`.
fn span_labels(view: &SpansView<'_>) -> (Vec<Labels>, ScalarBuffer<u32>) {
    let mut known: Map<(&str, &str, u8), u32> = Map::default();
    let mut labels = Vec::new();
    let keys = (0..view.len())
        .map(|row| {
            let span = view.row(row);
            *known.entry((span.service, span.name, span.kind as u8)).or_insert_with(|| {
                let pairs = [("kind", span.kind.as_str()), ("name", span.name), ("service", span.service)];
                labels.push(Labels::from_pairs(pairs));
                labels.len() as u32 - 1
            })
        })
        .collect::<Vec<u32>>();
    (labels, keys.into())
}

fn order_by_trace(records: &RecordBatch) -> Vec<u32> {
    let ids = records.column(3).as_fixed_size_binary();
    let mut rows: Vec<u32> = (0..records.num_rows() as u32).collect();
    rows.sort_by(|a, b| ids.value(*a as usize).cmp(ids.value(*b as usize)));
    rows
}
