//! Which exemplars are new. Of each series the newest one is known, whichever head or part it has gone to: a sender repeats
//! an exemplar until it has a better one, and what comes before the newest is late and left out, as in Prometheus.
//!
//! What is known is bounded as its ring is: behind so many newer exemplars a series is forgotten. All that were new stay in
//! the head and in parts for as long as samples do.

use std::cmp::Ordering;

use arrow_array::{
    Array as _, ArrayRef, BinaryArray, BooleanArray, Float64Array, RecordBatch, TimestampNanosecondArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_select::filter::filter_record_batch;
use gw_base::labels::hash_bytes;
use gw_base::{Map, Tenant, Timestamp};
use gw_batch::{Batch, Exemplar, MetricsView};

use crate::head::metrics::{UNKNOWN, exemplar_of};
use crate::head::{Generation, Prepared};

/// The newest exemplar of each series that had one lately.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    limit: usize,
    known: Map<u64, Mark>,
    /// The series of the exemplars taken last; a place is used again after as many as there are.
    ring: Vec<u64>,
    next: usize,
}

/// What is remembered of an exemplar.
#[derive(Debug, Clone, Copy)]
struct Mark {
    time: i64,
    value: f64,
    labels: u64,
    /// Its place in the ring.
    place: usize,
}

/// What an exemplar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    New,
    Repeated,
    Late,
}

impl Mark {
    fn of(exemplar: &Exemplar) -> Self {
        let time = exemplar.time.map_or(0, Timestamp::nanos);
        Self { time, value: exemplar.value, labels: hash_bytes(exemplar.labels.as_bytes()), place: 0 }
    }

    /// Wire: by time, then by value, then by a hash of the labels (prometheus tsdb/exemplar.go). NaN comes last here, so that
    /// the order is one.
    fn order(&self, other: &Self) -> Ordering {
        let by_value = || self.value.partial_cmp(&other.value).unwrap_or_else(|| self.value.total_cmp(&other.value));
        self.time.cmp(&other.time).then_with(by_value).then_with(|| self.labels.cmp(&other.labels))
    }
}

impl Newest {
    /// Knows so many exemplars at most; with none no exemplar is ever kept.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Forgets everything: what was judged has not been written.
    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.limit);
    }

    /// Learns the newest exemplars of a head that came out of the log.
    pub(crate) fn learn(&mut self, generation: &Generation) {
        for (tenant, head) in generation.tenants() {
            let Some(metrics) = head.metrics() else { continue };
            let mut labels = Vec::new();
            metrics.newest_exemplars(|series, exemplar| {
                labels.clear();
                metrics.labels_into(series, &mut labels);
                self.judge(key(&tenant, &labels), &Mark::of(exemplar));
            });
        }
    }

    /// Takes the exemplars out of a batch that are not new, and answers how many of them were late. The batch's series have
    /// been defined.
    pub(crate) fn admit(&mut self, batch: &mut Batch, prepared: &Prepared) -> u64 {
        let Some((view, head)) = MetricsView::of(batch).zip(prepared.head.metrics()) else { return 0 };
        if view.exemplar_values.null_count() == view.exemplar_values.len() {
            return 0;
        }
        let mut found = candidates(&view, prepared);
        found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.order(&b.1)));
        let (mut late, mut labels, mut series) = (0, Vec::new(), (UNKNOWN, 0));
        let mut dropped = vec![false; view.keys.len()];
        for (number, mark, row) in found {
            if series.0 != number {
                labels.clear();
                head.labels_into(number, &mut labels);
                series = (number, key(batch.tenant(), &labels));
            }
            let verdict = self.judge(series.1, &mark);
            late += u64::from(verdict == Verdict::Late);
            dropped[row] = verdict != Verdict::New;
        }
        if dropped.contains(&true) {
            *batch = without(batch, &view, &dropped);
        }
        late
    }

    /// Judges an exemplar of a series, and remembers one that is new.
    fn judge(&mut self, series: u64, mark: &Mark) -> Verdict {
        if self.limit == 0 {
            return Verdict::Repeated;
        }
        if let Some(newest) = self.known.get(&series) {
            match mark.order(newest) {
                Ordering::Less => return Verdict::Late,
                Ordering::Equal => return Verdict::Repeated,
                Ordering::Greater => {}
            }
        }
        let place = self.next;
        self.next = (self.next + 1) % self.limit;
        match self.ring.get_mut(place) {
            Some(taken) => {
                let before = std::mem::replace(taken, series);
                if self.known.get(&before).is_some_and(|mark| mark.place == place) {
                    self.known.remove(&before);
                }
            }
            None => self.ring.push(series),
        }
        self.known.insert(series, Mark { place, ..*mark });
        Verdict::New
    }
}

fn key(tenant: &Tenant, labels: &[u8]) -> u64 {
    hash_bytes(labels) ^ hash_bytes(tenant.as_str().as_bytes()).rotate_left(1)
}

/// The exemplars of a batch: number of the series, what is to be remembered, and the row.
fn candidates(view: &MetricsView<'_>, prepared: &Prepared) -> Vec<(u32, Mark, usize)> {
    let candidate = |row: usize| {
        let number = prepared.numbers.get(view.keys[row] as usize).copied().filter(|number| *number != UNKNOWN)?;
        Some((number, Mark::of(&exemplar_of(view, row)?), row))
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

    fn mark(second: i64, value: f64, id: &str) -> Mark {
        let labels = Labels::from_pairs([("trace_id", id)]);
        Mark::of(&Exemplar { labels, value, time: Some(Timestamp::from_secs(second)) })
    }

    #[test]
    fn the_newest_of_each_series_judges_the_next() {
        let mut newest = Newest::new(8);
        assert_eq!(newest.judge(1, &mark(10, 1.0, "a")), Verdict::New);
        assert_eq!(newest.judge(1, &mark(10, 1.0, "a")), Verdict::Repeated);
        assert_eq!(newest.judge(1, &mark(9, 5.0, "b")), Verdict::Late);
        assert_eq!(newest.judge(1, &mark(10, 0.5, "b")), Verdict::Late);
        assert_eq!(newest.judge(1, &mark(10, 2.0, "b")), Verdict::New);
        assert_eq!(newest.judge(2, &mark(1, 2.0, "b")), Verdict::New, "another series has an order of its own");
    }

    #[test]
    fn a_series_is_forgotten_behind_as_many_newer_ones_as_the_ring_holds() {
        let mut newest = Newest::new(3);
        newest.judge(1, &mark(10, 1.0, "a"));
        for series in 2..4 {
            newest.judge(series, &mark(10, 1.0, "a"));
        }
        assert_eq!(newest.judge(1, &mark(5, 1.0, "a")), Verdict::Late);
        newest.judge(4, &mark(10, 1.0, "a"));
        assert_eq!(newest.judge(1, &mark(5, 1.0, "a")), Verdict::New);
        assert_eq!((newest.ring.len(), newest.known.len()), (3, 3));
        assert_eq!(Newest::new(0).judge(1, &mark(5, 1.0, "a")), Verdict::Repeated);
    }
}
