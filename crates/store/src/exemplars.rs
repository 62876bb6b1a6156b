//! Which exemplars are new: a sender repeats an exemplar until it has a better one, so each is known for a while by a hash of
//! what it is, whichever head or part it has gone to. Times may come in any order, as those of samples may.
//!
//! What is known is bounded as a ring is; all that were new stay in the head and in parts for as long as samples do.

use arrow_array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Float64Array, RecordBatch, TimestampNanosecondArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_select::filter::filter_record_batch;
use gw_base::labels::hash_bytes;
use gw_base::{Set, Tenant, Timestamp};
use gw_batch::{Batch, Exemplar, MetricsView};

use crate::head::metrics::{UNKNOWN, exemplar_of};
use crate::head::{Generation, Prepared};

/// The exemplars that came last.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    limit: usize,
    known: Set<u64>,
    /// What is known in order of arrival; a place is used again after as many as there are.
    ring: Vec<u64>,
    next: usize,
}

impl Seen {
    /// Knows so many exemplars at most; with none no exemplar is ever kept.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Forgets everything: what was judged has not been written.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Learns the exemplars of a head that came out of the log.
    pub(crate) fn learn(&mut self, generation: &Generation) {
        for (tenant, head) in generation.tenants() {
            let Some(metrics) = head.metrics() else { continue };
            let mut labels = Vec::new();
            metrics.each_exemplar(|series, exemplar| {
                labels.clear();
                metrics.labels_into(series, &mut labels);
                self.note(hash(series_key(&tenant, &labels), exemplar));
            });
        }
    }

    /// Takes the exemplars out of a batch that are not new. The batch's series have been defined.
    pub(crate) fn admit(&mut self, batch: &mut Batch, prepared: &Prepared) {
        let Some((view, head)) = MetricsView::of(batch).zip(prepared.head.metrics()) else { return };
        if view.exemplar_values.null_count() == view.exemplar_values.len() {
            return;
        }
        let (mut labels, mut series) = (Vec::new(), (UNKNOWN, 0));
        let mut dropped = vec![false; view.keys.len()];
        for (number, exemplar, row) in candidates(&view, prepared) {
            if series.0 != number {
                labels.clear();
                head.labels_into(number, &mut labels);
                series = (number, series_key(batch.tenant(), &labels));
            }
            dropped[row] = !self.note(hash(series.1, &exemplar));
        }
        if dropped.contains(&true) {
            *batch = without(batch, &view, &dropped);
        }
    }

    /// Remembers an exemplar, and answers whether it is new.
    fn note(&mut self, exemplar: u64) -> bool {
        if self.limit == 0 || !self.known.insert(exemplar) {
            return false;
        }
        match self.ring.get_mut(self.next) {
            Some(place) => {
                self.known.remove(&std::mem::replace(place, exemplar));
            }
            None => self.ring.push(exemplar),
        }
        self.next = (self.next + 1) % self.limit;
        true
    }
}

fn series_key(tenant: &Tenant, labels: &[u8]) -> u64 {
    hash_bytes(labels) ^ hash_bytes(tenant.as_str().as_bytes()).rotate_left(1)
}

fn hash(series: u64, exemplar: &Exemplar) -> u64 {
    let mut bytes = [0; 32];
    let time = exemplar.time.map_or(0, Timestamp::nanos);
    let parts = [series, time.cast_unsigned(), exemplar.value.to_bits(), hash_bytes(exemplar.labels.as_bytes())];
    for (place, part) in bytes.chunks_exact_mut(8).zip(parts) {
        place.copy_from_slice(&part.to_le_bytes());
    }
    hash_bytes(&bytes)
}

/// The exemplars of a batch: number of the series, exemplar, and row.
fn candidates(view: &MetricsView<'_>, prepared: &Prepared) -> Vec<(u32, Exemplar, usize)> {
    let candidate = |row: usize| {
        let number = prepared.numbers.get(view.keys[row] as usize).copied().filter(|number| *number != UNKNOWN)?;
        Some((number, exemplar_of(view, row)?, row))
    };
    (0..view.keys.len()).filter_map(candidate).collect()
}

/// The batch without the exemplars of some rows; a row that held nothing else goes.
fn without(batch: &Batch, view: &MetricsView<'_>, dropped: &[bool]) -> Batch {
    let kept = |row: usize| view.exemplar_values.is_valid(row) && !dropped[row];
    let nulls = NullBuffer::from(BooleanBuffer::collect_bool(dropped.len(), kept));
    let (labels, values, times) = (view.exemplar_labels, view.exemplar_values, view.exemplar_times);
    let labels = BinaryArray::new(labels.offsets().clone(), labels.values().clone(), Some(nulls.clone()));
    let values = Float64Array::new(values.values().clone(), Some(nulls.clone()));
    let of_times = NullBuffer::union(Some(&nulls), times.nulls());
    let times = TimestampNanosecondArray::new(times.values().clone(), of_times).with_timezone("UTC");
    let mut columns = batch.records().columns().to_vec();
    let fresh: [ArrayRef; 3] = [std::sync::Arc::new(labels), std::sync::Arc::new(values), std::sync::Arc::new(times)];
    columns.splice(5..8, fresh);
    let holds_more = |row: usize| {
        !dropped[row] || view.values.is_valid(row) || view.histograms.is_valid(row) || view.is_metadata(row)
    };
    let wanted = BooleanArray::from(BooleanBuffer::collect_bool(dropped.len(), holds_more));
    let records = RecordBatch::try_new(gw_batch::schema(batch.signal()), columns)
        .and_then(|records| filter_record_batch(&records, &wanted))
        .expect("columns keep their types and lengths");
    Batch::new(batch.tenant().clone(), batch.signal(), records).expect("the schema is the signal's")
}

/// Puts the exemplars of a series that came from several places into order, each once.
pub(crate) fn settle(exemplars: &mut Vec<Exemplar>) {
    exemplars.sort_by(|a, b| {
        let value = || a.value.total_cmp(&b.value);
        a.time.cmp(&b.time).then_with(value).then_with(|| a.labels.cmp(&b.labels))
    });
    exemplars.dedup_by(|a, b| a.time == b.time && a.value.to_bits() == b.value.to_bits() && a.labels == b.labels);
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::Labels;

    #[test]
    fn an_exemplar_is_what_it_says_of_its_series() {
        let of = |series: u64, second: i64, value: f64, id: &str| {
            let labels = Labels::from_pairs([("trace_id", id)]);
            hash(series, &Exemplar { labels, value, time: Some(Timestamp::from_secs(second)) })
        };
        let mut seen = Seen::new(8);
        assert!(seen.note(of(1, 10, 1.0, "a")));
        assert!(!seen.note(of(1, 10, 1.0, "a")), "repeated");
        for other in [of(2, 10, 1.0, "a"), of(1, 9, 1.0, "a"), of(1, 10, 2.0, "a"), of(1, 10, 1.0, "b")] {
            assert!(seen.note(other));
        }
    }

    #[test]
    fn an_exemplar_is_forgotten_behind_as_many_newer_ones_as_the_ring_holds() {
        let mut seen = Seen::new(3);
        assert!([1, 2, 3].into_iter().all(|exemplar| seen.note(exemplar)));
        assert!(!seen.note(1));
        assert!(seen.note(4));
        assert!(seen.note(1), "forgotten");
        assert!(!seen.note(3));
        assert_eq!((seen.ring.len(), seen.known.len()), (3, 3));
        assert!(!Seen::new(0).note(1), "none is ever kept");
    }
}
