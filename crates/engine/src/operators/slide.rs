//! Windows that slide over the samples of one series.

use std::sync::Arc;

use gw_batch::{Histogram, is_stale};
use gw_plan::algebra::WindowCall;
use gw_plan::annotations::Notes;
use gw_plan::histogram::{HINT_NO_RESET, HINT_RESET, HINT_UNKNOWN, is_reset};
pub(crate) use gw_plan::sliding::Frame;
use gw_plan::window::{Points, WindowInput};
use gw_store::Series;

use crate::exec::Scalars;
use crate::matrix::Matrix;

/// The samples of one series, stale markers left out.
#[derive(Debug, Default)]
pub(crate) struct Track {
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
    pub(crate) starts: Vec<i64>,
    pub(crate) histogram_times: Vec<i64>,
    pub(crate) histograms: Vec<Arc<Histogram>>,
    pub(crate) histogram_starts: Vec<i64>,
}

impl Track {
    /// The samples of a stored series.
    pub(crate) fn of(series: &Series) -> Self {
        let mut track = Self::default();
        track.load(series);
        track
    }

    /// Takes the samples of a stored series in place of those that were here.
    pub(crate) fn load(&mut self, series: &Series) {
        self.load_floats(series);
        self.histogram_times.clear();
        self.histograms.clear();
        let histograms = series.histogram_times.iter().zip(&series.histograms);
        for (time, histogram) in histograms.filter(|(_, histogram)| !is_stale(histogram.sum)) {
            self.histogram_times.push(*time);
            self.histograms.push(Arc::clone(histogram));
        }
        self.starts.clear();
        self.histogram_starts.clear();
        if !series.starts.is_empty() {
            self.starts = starts_at(&self.times, &series.starts);
            self.histogram_starts = starts_at(&self.histogram_times, &series.starts);
        }
    }

    fn load_floats(&mut self, series: &Series) {
        self.times.clear();
        self.values.clear();
        if !series.values.iter().any(|value| is_stale(*value)) {
            self.times.extend_from_slice(&series.times);
            self.values.extend_from_slice(&series.values);
            return;
        }
        for (time, value) in series.times.iter().zip(&series.values).filter(|(_, value)| !is_stale(**value)) {
            self.times.push(*time);
            self.values.push(*value);
        }
    }

    /// The float samples of a stored series: borrowed where there is no stale marker among them, else loaded.
    pub(crate) fn floats_of<'a>(&'a mut self, series: &'a Series) -> (&'a [i64], &'a [f64]) {
        if !series.values.iter().any(|value| is_stale(*value)) {
            return (&series.times, &series.values);
        }
        self.load_floats(series);
        (&self.times, &self.values)
    }

    /// Forgets start times.
    pub(crate) fn forget_starts(&mut self) {
        self.starts.clear();
        self.histogram_starts.clear();
    }

    fn floats(&self) -> Points<'_, f64> {
        Points { times: &self.times, values: &self.values, starts: &self.starts }
    }

    fn histograms(&self) -> Points<'_, Arc<Histogram>> {
        Points { times: &self.histogram_times, values: &self.histograms, starts: &self.histogram_starts }
    }
}

/// Leaves of histograms what counts, sums and resets are told from, and says of each whether it is a reset, as far as the
/// one before it tells.
pub(crate) fn keep_statistics(histograms: &mut [Arc<Histogram>]) {
    let mut before: Option<Arc<Histogram>> = None;
    for histogram in histograms.iter_mut().filter(|histogram| !is_stale(histogram.sum)) {
        let mut hint = histogram.reset_hint;
        if let (HINT_UNKNOWN, Some(before)) = (hint, &before) {
            hint = if is_reset(histogram, before) { HINT_RESET } else { HINT_NO_RESET };
        }
        let Histogram { schema, count, sum, .. } = **histogram;
        let kept = Arc::new(Histogram { schema, count, sum, reset_hint: hint, ..Histogram::default() });
        before = Some(std::mem::replace(histogram, kept));
    }
}

/// The start time of each sample, zero before the first that is known.
pub(crate) fn starts_at(times: &[i64], changes: &[(i64, i64)]) -> Vec<i64> {
    let at = |time: &i64| {
        let next = changes.partition_point(|(since, _)| since <= time);
        next.checked_sub(1).map_or(0, |last| changes[last].1)
    };
    times.iter().map(at).collect()
}

/// Evaluates a window function at every step and writes the results to a row.
pub(crate) fn slide(
    track: &Track,
    frame: Frame,
    call: &WindowCall,
    params: &Scalars,
    (matrix, row, notes): (&mut Matrix, usize, &Notes<'_>),
) {
    let mut floats = Edges::default();
    let mut histograms = Edges::default();
    let mut buffer = Vec::with_capacity(params.len());
    for step in 0..frame.grid.count {
        let at = frame.grid.at(step);
        let end = frame.shift.apply(at);
        let start = end.saturating_sub(frame.range);
        let outside = start.saturating_sub(i64::from(frame.closed));
        let (from, to) = floats.advance(&track.times, outside, end);
        let (histograms_from, histograms_to) = histograms.advance(&track.histogram_times, outside, end);
        if from == to && histograms_from == histograms_to {
            continue;
        }
        let input = WindowInput {
            floats: track.floats().slice(from, to),
            histograms: track.histograms().slice(histograms_from, histograms_to),
            start,
            end,
            at,
            params: params.at(step, &mut buffer),
        };
        if let Some(value) = (call.kernel)(&input, notes) {
            matrix.set(row, step, value);
        }
    }
}

/// Two positions that move with a window: the first sample inside, and the first after it.
#[derive(Debug, Default)]
struct Edges {
    from: usize,
    to: usize,
}

impl Edges {
    fn advance(&mut self, times: &[i64], start: i64, end: i64) -> (usize, usize) {
        while self.to < times.len() && times[self.to] <= end {
            self.to += 1;
        }
        while self.from < self.to && times[self.from] <= start {
            self.from += 1;
        }
        (self.from, self.to)
    }
}
