//! What few metric series of the head have beside float samples in order, and how samples of several sources are settled.

use std::sync::Arc;

use gw_base::{TimeRange, Timestamp};
use gw_batch::histogram::{HINT_NO_RESET, HINT_RESET, HINT_UNKNOWN};
use gw_batch::{Exemplar, Histogram};

use crate::Series;

/// Late samples, histograms, start times and exemplars of a series.
#[derive(Debug)]
pub(super) struct Extras {
    /// Float samples that came out of order or again, in order of arrival. They win over others of the same time, because
    /// a sample lands here only when its time has been passed already.
    pub(super) late: Vec<(i64, f64)>,
    histograms: Vec<(i64, Arc<Histogram>)>,
    starts: Vec<(i64, i64)>,
    exemplars: Vec<Exemplar>,
    min: i64,
    max: i64,
}

impl Default for Extras {
    fn default() -> Self {
        Self {
            late: Vec::new(),
            histograms: Vec::new(),
            starts: Vec::new(),
            exemplars: Vec::new(),
            min: i64::MAX,
            max: i64::MIN,
        }
    }
}

impl Extras {
    /// Appends a histogram sample and returns by how many bytes the series grew.
    /// `newest_float` is the time of the last float sample.
    pub(super) fn push_histogram(&mut self, time: i64, mut histogram: Histogram, newest_float: i64) -> usize {
        self.widen(time);
        let before = self.histograms.last().filter(|(last, _)| newest_float < *last && *last < time);
        histogram.follow(before.map(|(_, before)| before.as_ref()));
        let bytes = 160 + 8 * (histogram.positive.len() + histogram.negative.len() + histogram.custom_bounds.len());
        self.histograms.push((time, Arc::new(histogram)));
        bytes
    }

    /// Notes the start time of a sample, zero where it is unknown.
    pub(super) fn push_start(&mut self, time: i64, start: i64) -> usize {
        let known = self.starts.last().map_or(0, |(_, known)| *known);
        if known != start {
            self.starts.push((time, start));
            return size_of::<(i64, i64)>();
        }
        0
    }

    /// Notes an exemplar and returns by how many bytes the series grew.
    pub(super) fn push_exemplar(&mut self, exemplar: Exemplar) -> usize {
        if let Some(time) = exemplar.time {
            self.widen(time.nanos());
        }
        let bytes = size_of::<Exemplar>() + 2 * size_of::<usize>() + exemplar.labels.as_bytes().len();
        self.exemplars.push(exemplar);
        bytes
    }

    /// The exemplars, in order of arrival.
    pub(super) fn each_exemplar(&self) -> impl Iterator<Item = &Exemplar> {
        self.exemplars.iter()
    }

    /// Whether a histogram or exemplar may lie between the times.
    pub(super) const fn overlaps(&self, start: i64, end: i64) -> bool {
        self.min <= end && start <= self.max
    }

    /// Appends what lies between the times.
    pub(super) fn read(&self, (start, end): (i64, i64), out: &mut Series) {
        for (time, value) in self.late.iter().filter(|(time, _)| start <= *time && *time <= end) {
            out.times.push(*time);
            out.values.push(*value);
        }
        for (time, histogram) in self.histograms.iter().filter(|(time, _)| start <= *time && *time <= end) {
            out.histogram_times.push(*time);
            out.histograms.push(Arc::clone(histogram));
        }
        out.starts.extend(self.starts.iter().filter(|(time, _)| *time <= end));
    }

    /// The exemplars in the range, in order of arrival.
    pub(super) fn exemplars(&self, range: TimeRange) -> Vec<Exemplar> {
        let inside = |exemplar: &&Exemplar| exemplar.time.is_some_and(|time| range.contains(time));
        self.exemplars.iter().filter(inside).cloned().collect()
    }

    fn widen(&mut self, time: i64) {
        self.min = self.min.min(time);
        self.max = self.max.max(time);
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
        series.histograms.iter_mut().for_each(forget_hint);
    }
    if !series.rollups.is_sorted_by(|a, b| a.end < b.end) {
        let pairs = series.rollups.drain(..).map(|rollup| (rollup.end, rollup)).collect();
        series.rollups = last_of_each(pairs).into_iter().map(|(_, rollup)| rollup).collect();
    }
    if series.starts.len() > 1 {
        series.starts = last_of_each(std::mem::take(&mut series.starts));
        series.starts.dedup_by_key(|(_, start)| *start);
    }
}

/// A hint speaks of the sample that came before in time of arrival, which is another one now.
fn forget_hint(histogram: &mut Arc<Histogram>) {
    if matches!(histogram.reset_hint, HINT_RESET | HINT_NO_RESET) {
        Arc::make_mut(histogram).reset_hint = HINT_UNKNOWN;
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
