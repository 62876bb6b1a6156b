//! One place that series come from: a head, or a part. Each gives its series in label order.

use std::sync::Arc;

use gw_base::{TimeRange, Timestamp};

use super::tolerate;
use crate::head::TenantHead;
use crate::key::Key;
use crate::part::PartMeta;
use crate::part::metrics::PartSeries;
use crate::state::State;
use crate::{Series, StoreError};

/// Series in label order.
#[derive(Debug)]
pub(super) enum Source {
    Head(HeadSource),
    Part(Box<PartSource>),
}

impl Source {
    /// The label bytes of the next series.
    pub(super) fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Head(head) => (head.at < head.found.len()).then_some(head.key.bytes()),
            Self::Part(part) => (part.series.left() > 0).then_some(part.key.bytes()),
        }
    }

    /// Whether the samples of the next series are in memory.
    pub(super) fn is_loaded(&self) -> bool {
        match self {
            Self::Head(_) => true,
            Self::Part(part) => part.series.is_ready(),
        }
    }

    /// Brings them there.
    pub(super) async fn load(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Head(_) => Ok(()),
            Self::Part(part) => part.load().await,
        }
    }

    /// The time of the newest sample of the next series, if it is told without reading and is a float.
    pub(super) fn newest(&self) -> Option<i64> {
        match self {
            Self::Head(head) => head.head.metrics()?.newest(head.found[head.at]).map(|(time, _)| time),
            Self::Part(part) => part.series.newest(),
        }
    }

    /// Appends the samples of the next series in the range, the older ones only where they are wanted, and moves on. They
    /// are in memory.
    pub(super) fn take(&mut self, range: TimeRange, newest: bool, out: &mut Series) {
        match self {
            Self::Head(head) => {
                if let Some(metrics) = head.head.metrics() {
                    let series = head.found[head.at];
                    let inside = |(time, _): &(i64, f64)| range.contains(Timestamp::from_nanos(*time));
                    match metrics.newest(series).filter(inside).filter(|_| newest) {
                        Some((time, value)) => {
                            out.times.push(time);
                            out.values.push(value);
                        }
                        None => metrics.read(series, range, out),
                    }
                }
                head.advance();
            }
            Self::Part(part) => part.take(out),
        }
    }

    /// Moves on.
    pub(super) fn skip(&mut self) {
        match self {
            Self::Head(head) => head.advance(),
            Self::Part(part) => part.skip(),
        }
    }

    /// Series that are left.
    pub(super) fn left(&self) -> usize {
        match self {
            Self::Head(head) => head.found.len() - head.at,
            Self::Part(part) => part.series.left(),
        }
    }

    /// Whether a series that is left may have more than float samples.
    pub(super) fn any_extras(&self) -> bool {
        match self {
            Self::Head(head) => head.head.metrics().is_some_and(|metrics| metrics.any_extras(&head.found[head.at..])),
            Self::Part(part) => part.series.any_extras(),
        }
    }

    /// Appends the label bytes of the series at a place among those that are left.
    pub(super) fn labels_at(&self, place: usize, out: &mut Vec<u8>) {
        match self {
            Self::Head(head) => {
                if let (Some(metrics), Some(series)) = (head.head.metrics(), head.found.get(head.at + place)) {
                    metrics.labels_into(*series, out);
                }
            }
            Self::Part(part) => part.series.labels_at(place, out),
        }
    }

    /// Keeps the series before a label set, and gives the others; nothing has been loaded yet.
    pub(super) fn split_off(&mut self, labels: &[u8]) -> Self {
        let (mut low, mut high) = (0, self.left());
        let mut middle_labels = Vec::new();
        while low < high {
            let middle = low + (high - low) / 2;
            middle_labels.clear();
            self.labels_at(middle, &mut middle_labels);
            if middle_labels.as_slice() < labels { low = middle + 1 } else { high = middle }
        }
        match self {
            Self::Head(head) => {
                let found = head.found.split_off(head.at + low);
                let behind = HeadSource::new(Arc::clone(&head.head), found);
                head.load_key();
                Self::Head(behind)
            }
            Self::Part(part) => {
                let series = part.series.split_off(low);
                part.load_key();
                Self::Part(Box::new(PartSource::new(Arc::clone(&part.state), Arc::clone(&part.part), series)))
            }
        }
    }

    /// Whether it has rollups.
    pub(super) fn is_rollup(&self) -> bool {
        matches!(self, Self::Part(part) if part.part.is_rollup())
    }

    /// Whether it may have samples behind a time.
    pub(super) fn reaches_beyond(&self, time: i64) -> bool {
        match self {
            Self::Head(_) => true,
            Self::Part(part) => part.part.max > time,
        }
    }

    /// Whether the next series has more than float samples in a part.
    pub(super) fn next_has_extras(&self) -> bool {
        matches!(self, Self::Part(part) if part.series.has_extras())
    }

    pub(super) const fn is_part(&self) -> bool {
        matches!(self, Self::Part(_))
    }
}

/// The series of a head that match.
#[derive(Debug)]
pub(super) struct HeadSource {
    head: Arc<TenantHead>,
    found: Vec<u32>,
    at: usize,
    key: Key,
}

impl HeadSource {
    /// A source of these series, in label order.
    pub(super) fn new(head: Arc<TenantHead>, found: Vec<u32>) -> Self {
        let mut source = Self { head, found, at: 0, key: Key::default() };
        source.load_key();
        source
    }

    fn advance(&mut self) {
        self.at += 1;
        self.load_key();
    }

    fn load_key(&mut self) {
        if let (Some(metrics), Some(series)) = (self.head.metrics(), self.found.get(self.at)) {
            metrics.key_into(*series, &mut self.key);
        }
    }
}

/// The series of a part that match, decoded a few packs at a time.
#[derive(Debug)]
pub(super) struct PartSource {
    state: Arc<State>,
    part: Arc<PartMeta>,
    series: PartSeries,
    key: Key,
}

impl PartSource {
    pub(super) fn new(state: Arc<State>, part: Arc<PartMeta>, series: PartSeries) -> Self {
        let mut source = Self { state, part, series, key: Key::default() };
        source.load_key();
        source
    }

    fn load_key(&mut self) {
        self.series.key_into(&mut self.key);
    }

    fn take(&mut self, out: &mut Series) {
        if let Err(error) = self.series.read(out, None) {
            // The rest of a damaged part is left out; setting it aside says so.
            self.state.suspect(&self.part, &error);
            self.series.end();
        }
        self.load_key();
    }

    fn skip(&mut self) {
        self.series.skip();
        self.load_key();
    }

    /// Reads the next packs; none are left when the part is damaged and the read goes on without it.
    async fn load(&mut self) -> Result<(), StoreError> {
        let loaded = self.series.load(&self.state.reader).await;
        if tolerate(&self.state, &self.part, loaded)?.is_none() {
            self.series.end();
            self.load_key();
        }
        Ok(())
    }
}
