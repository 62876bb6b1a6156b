//! One metric series in the head.

use std::sync::Arc;

use gw_base::{Labels, TimeRange, Timestamp};
use gw_batch::{Exemplar, Histogram};

use super::chunk::Chunk;
use crate::Series;

/// Exemplars kept of a series; the oldest leaves first.
const MAX_EXEMPLARS: usize = 16;
/// Rough cost of a series in the index and of its own fields.
const SERIES_BYTES: usize = 400;

/// A series and its samples since the head began.
#[derive(Debug)]
pub(crate) struct HeadSeries {
    labels: Labels,
    chunks: Vec<Chunk>,
    /// Samples that came out of order or again, in order of arrival. They win over chunks of the same time, because a
    /// sample lands here only when its time has been passed already.
    late: Vec<(i64, f64)>,
    min: i64,
    max: i64,
    extras: Option<Box<Extras>>,
}

/// What few series have.
#[derive(Debug, Default)]
struct Extras {
    histograms: Vec<(i64, Arc<Histogram>)>,
    starts: Vec<(i64, i64)>,
    exemplars: std::collections::VecDeque<Exemplar>,
}

impl HeadSeries {
    /// A series without samples.
    pub(crate) const fn new(labels: Labels) -> Self {
        Self { labels, chunks: Vec::new(), late: Vec::new(), min: i64::MAX, max: i64::MIN, extras: None }
    }

    /// Bytes that a new series of these labels costs.
    pub(crate) fn cost(labels: &Labels) -> usize {
        SERIES_BYTES + 3 * labels.as_bytes().len()
    }

    /// Its labels.
    pub(crate) const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Whether some sample may lie in the range.
    pub(crate) fn overlaps(&self, range: TimeRange) -> bool {
        self.min <= range.end.nanos() && range.start.nanos() <= self.max
    }

    /// Appends a float sample and returns by how many bytes the series grew.
    pub(crate) fn push(&mut self, time: i64, value: f64) -> usize {
        self.widen(time);
        let Some(chunk) = self.chunks.last_mut() else {
            self.chunks.push(Chunk::new(time, value));
            return size_of::<Chunk>();
        };
        let last = chunk.bounds().1;
        if time > last {
            let before = chunk.bytes();
            if chunk.push(time, value) {
                return chunk.bytes() - before;
            }
            self.chunks.push(Chunk::new(time, value));
            return size_of::<Chunk>();
        }
        if time == last && chunk.last_bits() == value.to_bits() && self.late.last().is_none_or(|(t, _)| *t != time) {
            return 0;
        }
        self.late.push((time, value));
        size_of::<(i64, f64)>()
    }

    /// Appends a histogram sample and returns by how many bytes the series grew.
    pub(crate) fn push_histogram(&mut self, time: i64, histogram: Histogram) -> usize {
        self.widen(time);
        let bytes = 160 + 8 * (histogram.positive.len() + histogram.negative.len() + histogram.custom_bounds.len());
        self.extras().histograms.push((time, Arc::new(histogram)));
        bytes
    }

    /// Notes the start time of a sample.
    pub(crate) fn push_start(&mut self, time: i64, start: i64) {
        let starts = &mut self.extras().starts;
        if starts.last().is_none_or(|(_, known)| *known != start) {
            starts.push((time, start));
        }
    }

    /// Notes an exemplar; a repeated one is dropped.
    pub(crate) fn push_exemplar(&mut self, exemplar: Exemplar) {
        if let Some(time) = exemplar.time {
            self.widen(time.nanos());
        }
        let exemplars = &mut self.extras().exemplars;
        if exemplars.contains(&exemplar) {
            return;
        }
        if exemplars.len() == MAX_EXEMPLARS {
            exemplars.pop_front();
        }
        exemplars.push_back(exemplar);
    }

    /// Appends the samples in the range to `out`; times may repeat and fall back, the later one of a time holds.
    pub(crate) fn read(&self, range: TimeRange, out: &mut Series) {
        let (start, end) = (range.start.nanos(), range.end.nanos());
        let mut push = |(time, value): (i64, f64)| {
            if start <= time && time <= end {
                out.times.push(time);
                out.values.push(value);
            }
        };
        for chunk in self.chunks.iter().filter(|chunk| chunk.bounds().0 <= end && start <= chunk.bounds().1) {
            chunk.iter().for_each(&mut push);
        }
        self.late.iter().copied().for_each(&mut push);
        let Some(extras) = &self.extras else { return };
        for (time, histogram) in extras.histograms.iter().filter(|(time, _)| start <= *time && *time <= end) {
            out.histogram_times.push(*time);
            out.histograms.push(Arc::clone(histogram));
        }
        out.starts.extend(extras.starts.iter().filter(|(time, _)| *time <= end));
    }

    /// The exemplars in the range, in order of arrival.
    pub(crate) fn exemplars(&self, range: TimeRange) -> Vec<Exemplar> {
        let inside = |exemplar: &&Exemplar| exemplar.time.is_some_and(|time| range.contains(time));
        self.extras.iter().flat_map(|extras| extras.exemplars.iter()).filter(inside).cloned().collect()
    }

    fn widen(&mut self, time: i64) {
        self.min = self.min.min(time);
        self.max = self.max.max(time);
    }

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}

/// Brings a series that several sources appended to into order: rising times, the last of equal times.
pub(crate) fn settle(series: &mut Series) {
    if !series.times.is_sorted_by(|a, b| a < b) {
        let pairs = series.times.iter().copied().zip(series.values.iter().copied()).collect();
        (series.times, series.values) = last_of_each(pairs).into_iter().unzip();
    }
    if !series.histogram_times.is_sorted_by(|a, b| a < b) {
        let pairs = series.histogram_times.drain(..).zip(series.histograms.drain(..)).collect();
        (series.histogram_times, series.histograms) = last_of_each(pairs).into_iter().unzip();
    }
    if series.starts.len() > 1 {
        series.starts = last_of_each(std::mem::take(&mut series.starts));
        series.starts.dedup_by_key(|(_, start)| *start);
    }
}

fn last_of_each<T>(mut pairs: Vec<(i64, T)>) -> Vec<(i64, T)> {
    // Stable, so that of equal times the one appended last stays last.
    pairs.sort_by_key(|(time, _)| *time);
    pairs.reverse();
    pairs.dedup_by_key(|(time, _)| *time);
    pairs.reverse();
    pairs
}

/// The time of an exemplar that names none is that of its sample.
pub(crate) fn timed(exemplar: Exemplar, sample_time: i64) -> Exemplar {
    let time = exemplar.time.unwrap_or(Timestamp::from_nanos(sample_time));
    Exemplar { time: Some(time), ..exemplar }
}
