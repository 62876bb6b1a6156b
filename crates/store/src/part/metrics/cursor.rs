//! Series of a part in label order, one after the other, their samples decoded into buffers that are used again.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use gw_base::TimeRange;
use gw_batch::Exemplar;

use super::index::{Payload, SeriesIndex};
use super::pack::{PackReader, open_extras, take_extras};
use super::rollups;
use crate::erase::{self, Tombstone};
use crate::key::Key;
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::part::reader::{Opened, PartReader};
use crate::selection::Texts;
use crate::{Series, StoreError};

/// Bytes of packs fetched at a time.
const STEP_BYTES: usize = 4 << 20;

/// A way through the series of a part that match: [`PartSeries::load`] while it waits for packs, then
/// [`PartSeries::labels_into`] and [`PartSeries::read`] while [`PartSeries::is_ready`].
#[derive(Debug)]
pub(crate) struct PartSeries {
    part: Arc<PartMeta>,
    opened: Arc<Opened>,
    tombstones: Vec<Arc<Tombstone>>,
    range: TimeRange,
    wanted: Vec<u32>,
    at: usize,
    packs: VecDeque<Loaded>,
    /// First series behind the packs in memory.
    loaded_to: u32,
    /// Times unpacked last, and which.
    times: (usize, Vec<i64>),
    numbers: Vec<i64>,
    values: Vec<f64>,
    /// Lanes of each series.
    lanes: usize,
}

/// A pack in memory, and how far it has been read.
#[derive(Debug)]
struct Loaded {
    /// Its series that have not been read.
    series: Range<u32>,
    lanes: Bytes,
    lanes_at: usize,
    extras: Vec<u8>,
    extras_at: usize,
}

impl PartSeries {
    /// The series that match and may have samples in the range; what tombstones delete is left out.
    pub(crate) fn new(
        (part, opened): (&Arc<PartMeta>, &Arc<Opened>),
        conditions: &Conditions,
        range: TimeRange,
        tombstones: Vec<Arc<Tombstone>>,
    ) -> Self {
        let index = opened.series();
        let mut wanted = index.select(conditions, range);
        if !tombstones.is_empty() {
            let mut labels = Vec::new();
            wanted.retain(|series| {
                labels.clear();
                index.labels_into(*series, &mut labels);
                let (min, max) = index.bounds(*series);
                !erase::gaps(&tombstones, &labels, part).iter().any(|(start, end)| *start <= min && max <= *end)
            });
        }
        Self {
            part: Arc::clone(part),
            lanes: if part.is_rollup() { rollups::LANES } else { 1 },
            wanted,
            opened: Arc::clone(opened),
            tombstones,
            range,
            at: 0,
            packs: VecDeque::new(),
            loaded_to: 0,
            times: (usize::MAX, Vec::new()),
            numbers: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Leaves only series with histograms, start times or exemplars.
    pub(crate) fn with_extras_only(mut self) -> Self {
        let index = self.opened.series();
        self.wanted.retain(|series| index.has_extras(*series));
        self
    }

    /// Fetches the packs of the next series; `false` at the end.
    pub(crate) async fn load(&mut self, reader: &PartReader) -> Result<bool, StoreError> {
        if self.is_ready() {
            return Ok(true);
        }
        self.packs.clear();
        let index = self.opened.series();
        let (mut numbers, mut payloads, mut bytes) = (Vec::new(), Vec::new(), 0);
        for series in &self.wanted[self.at..] {
            let number = index.pack_of(*series);
            if numbers.last() == Some(&number) {
                continue;
            }
            let Some(pack) = index.packs().get(number) else { continue };
            bytes += (pack.lanes.length + pack.extras.length) as usize;
            if bytes > STEP_BYTES && !numbers.is_empty() {
                break;
            }
            numbers.push(number);
            payloads.extend([pack.lanes, pack.extras]);
        }
        if numbers.is_empty() {
            return Ok(false);
        }
        let fetched = reader.payloads(&self.part, &payloads).await?;
        self.loaded_to = numbers.last().map_or(0, |last| index.series_of(*last).end);
        for (number, cells) in numbers.into_iter().zip(fetched.chunks(2)) {
            let (Some(lanes), Some(extras)) = (cells.first(), cells.get(1)) else { break };
            let extras = if extras.is_empty() { Some(Vec::new()) } else { open_extras(extras) };
            self.packs.push_back(Loaded {
                lanes: lanes.clone(),
                lanes_at: 0,
                extras: extras.ok_or_else(|| self.malformed())?,
                extras_at: 0,
                series: index.series_of(number),
            });
        }
        Ok(true)
    }

    /// Whether a series can be read without fetching.
    pub(crate) fn is_ready(&self) -> bool {
        self.wanted.get(self.at).is_some_and(|series| *series < self.loaded_to)
    }

    /// Series that are left.
    pub(crate) const fn left(&self) -> usize {
        self.wanted.len() - self.at
    }

    /// Calls `found` with the names of labels of the series, or with the values of one.
    pub(crate) fn texts<'own>(&'own self, wanted: &Texts, found: impl FnMut(&'own str)) {
        let index = self.opened.series();
        if self.wanted.len() == index.len() {
            index.texts(wanted, |_| true, found);
        } else {
            let used = index.used(&self.wanted);
            index.texts(wanted, |pair| used[pair as usize], found);
        }
    }

    /// Appends the label bytes of the series at a place among those that are left.
    pub(crate) fn labels_at(&self, place: usize, out: &mut Vec<u8>) {
        if let Some(series) = self.wanted.get(self.at + place) {
            self.opened.series().labels_into(*series, out);
        }
    }

    /// Keeps so many of the series that are left, and gives the others; nothing has been loaded yet.
    pub(crate) fn split_off(&mut self, keep: usize) -> Self {
        let wanted = self.wanted.split_off((self.at + keep).min(self.wanted.len()));
        Self {
            part: Arc::clone(&self.part),
            opened: Arc::clone(&self.opened),
            tombstones: self.tombstones.clone(),
            range: self.range,
            wanted,
            at: 0,
            packs: VecDeque::new(),
            loaded_to: 0,
            times: (usize::MAX, Vec::new()),
            numbers: Vec::new(),
            values: Vec::new(),
            lanes: self.lanes,
        }
    }

    /// Whether the next series has more than float samples.
    pub(crate) fn has_extras(&self) -> bool {
        self.wanted.get(self.at).is_some_and(|series| self.opened.series().has_extras(*series))
    }

    /// Whether some series that is left has more than float samples.
    pub(crate) fn any_extras(&self) -> bool {
        let index = self.opened.series();
        index.any_extras() && self.wanted[self.at..].iter().any(|series| index.has_extras(*series))
    }

    /// The time of the newest sample of the next series, if it is told without reading and is a float.
    pub(crate) fn newest(&self) -> Option<i64> {
        let (index, series) = (self.opened.series(), *self.wanted.get(self.at)?);
        let told = self.tombstones.is_empty() && !index.has_extras(series);
        index.times_of(series).filter(|_| told).map(|(_, known)| known.max)
    }

    /// Moves on without reading.
    pub(crate) const fn skip(&mut self) {
        self.at += 1;
    }

    /// Gives up what is left.
    pub(crate) fn end(&mut self) {
        self.at = self.wanted.len();
    }

    /// Appends the label bytes of the next series.
    pub(crate) fn labels_into(&self, out: &mut Vec<u8>) {
        self.labels_at(0, out);
    }

    /// Makes `key` that of the next series.
    pub(crate) fn key_into(&self, key: &mut Key) {
        if let Some(series) = self.wanted.get(self.at) {
            let index = self.opened.series();
            key.become_of(index.pairs(*series), |pair| index.symbol(pair));
        }
    }

    /// Appends the samples of the next series that lie in the range to `out`, and its exemplars where they are wanted; moves on.
    pub(crate) fn read(&mut self, out: &mut Series, exemplars: Option<&mut Vec<Exemplar>>) -> Result<(), StoreError> {
        let Some(series) = self.wanted.get(self.at).copied() else { return Ok(()) };
        self.at += 1;
        let mut gaps = Vec::new();
        if !self.tombstones.is_empty() {
            let mut labels = Vec::new();
            self.opened.series().labels_into(series, &mut labels);
            gaps = erase::gaps(&self.tombstones, &labels, &self.part);
        }
        self.decode(series, &gaps, out, exemplars).ok_or_else(|| self.malformed())
    }

    fn decode(
        &mut self,
        series: u32,
        gaps: &[(i64, i64)],
        out: &mut Series,
        exemplars: Option<&mut Vec<Exemplar>>,
    ) -> Option<()> {
        let opened = Arc::clone(&self.opened);
        let index = opened.series();
        while self.packs.front().is_some_and(|pack| pack.series.end <= series) {
            self.packs.pop_front();
        }
        let pack = self.packs.front_mut()?;
        while pack.series.start < series {
            pack.skip(index, self.lanes)?;
        }
        let (start, end) = (self.range.start.nanos(), self.range.end.nanos());
        let count = index.count(series);
        if let Some((times, known)) = index.times_of(series) {
            let rest = pack.lanes.get(pack.lanes_at..)?;
            let mut reader = PackReader::new(rest);
            if known.max < start || end < known.min {
                (0..self.lanes).try_for_each(|_| reader.next_lane(count).map(drop))?;
            } else {
                if self.times.0 != times {
                    index.unpack_times(times, &mut self.times.1)?;
                    self.times.0 = times;
                }
                let from = self.times.1.partition_point(|time| *time < start);
                let to = self.times.1.partition_point(|time| *time <= end);
                if self.lanes > 1 {
                    rollups::take(&mut reader, &self.times.1, (from, to), &mut self.numbers, &mut out.rollups)?;
                    out.rollups.retain(|rollup| !erase::in_gap(gaps, rollup.end));
                } else {
                    self.values.clear();
                    reader.next_lane(count)?.values(&mut self.numbers, &mut self.values)?;
                    push_floats(&self.times.1[from..to], self.values.get(from..to)?, gaps, out);
                }
            }
            pack.lanes_at += rest.len() - reader.left();
        }
        if index.has_extras(series) {
            let mut rest = pack.extras.get(pack.extras_at..)?;
            let (before, mut found, mut examples) = (rest.len(), Series::default(), Vec::new());
            take_extras(&mut rest, &mut found, exemplars.is_some().then_some(&mut examples))?;
            pack.extras_at += before - rest.len();
            push_extras(found, (start, end), gaps, out);
            if let Some(exemplars) = exemplars {
                let kept = |time: i64| start <= time && time <= end && !erase::in_gap(gaps, time);
                exemplars.extend(examples.into_iter().filter(|e| e.time.is_some_and(|time| kept(time.nanos()))));
            }
        }
        pack.series.start += 1;
        Some(())
    }

    fn malformed(&self) -> StoreError {
        StoreError::damaged(self.part.data_path(), "a pack does not decode")
    }
}

impl Loaded {
    fn skip(&mut self, index: &SeriesIndex, lanes: usize) -> Option<()> {
        let next = self.series.start;
        if index.times_of(next).is_some() {
            let rest = self.lanes.get(self.lanes_at..)?;
            let mut reader = PackReader::new(rest);
            (0..lanes).try_for_each(|_| reader.next_lane(index.count(next)).map(drop))?;
            self.lanes_at += rest.len() - reader.left();
        }
        if index.has_extras(next) {
            let mut rest = self.extras.get(self.extras_at..)?;
            let before = rest.len();
            take_extras(&mut rest, &mut Series::default(), None)?;
            self.extras_at += before - rest.len();
        }
        self.series.start += 1;
        Some(())
    }
}

fn push_floats(times: &[i64], values: &[f64], gaps: &[(i64, i64)], out: &mut Series) {
    if gaps.is_empty() {
        out.times.extend_from_slice(times);
        out.values.extend_from_slice(values);
        return;
    }
    for (time, value) in times.iter().zip(values).filter(|(time, _)| !erase::in_gap(gaps, **time)) {
        out.times.push(*time);
        out.values.push(*value);
    }
}

fn push_extras(found: Series, (start, end): (i64, i64), gaps: &[(i64, i64)], out: &mut Series) {
    let kept = |time: i64| start <= time && time <= end && !erase::in_gap(gaps, time);
    for (time, histogram) in found.histogram_times.into_iter().zip(found.histograms).filter(|(time, _)| kept(*time)) {
        out.histogram_times.push(time);
        out.histograms.push(histogram);
    }
    out.starts.extend(found.starts.into_iter().filter(|(time, _)| *time <= end));
}

impl PartReader {
    /// Stretches of a part, verified; those of no length cost nothing.
    pub(crate) async fn payloads(&self, part: &PartMeta, payloads: &[Payload]) -> Result<Vec<Bytes>, StoreError> {
        let path = part.data_path();
        let inside = |payload: &Payload| payload.offset + u64::from(payload.length) <= part.bytes;
        if !payloads.iter().all(inside) {
            return Err(StoreError::damaged(path, "a pack lies outside of the part"));
        }
        let wanted: Vec<_> = payloads.iter().filter(|payload| payload.length > 0).collect();
        let ranges: Vec<_> = wanted.iter().map(|p| p.offset..p.offset + u64::from(p.length)).collect();
        let mut fetched = self.objects().get_ranges(&path, &ranges).await?.into_iter();
        let mut found = Vec::with_capacity(payloads.len());
        for payload in payloads {
            if payload.length == 0 {
                found.push(Bytes::new());
                continue;
            }
            match fetched.next() {
                Some(bytes) if crc32fast::hash(&bytes) == payload.crc => found.push(bytes),
                _ => return Err(StoreError::damaged(path, format!("checksum differs at byte {}", payload.offset))),
            }
        }
        Ok(found)
    }
}
