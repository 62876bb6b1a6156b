//! The samples of a share of a head's series: forty bytes a series, its samples in blocks of a slab.
//!
//! A block begins with `previous block, used bytes, samples` (those two only once it is full), then its first sample as it
//! is; the samples behind it follow as steps. The last sample of a series is in its track, so it is read in no time.

use std::iter;

use gw_base::{Map, TimeRange};
use gw_batch::{Exemplar, Histogram};

use super::chunk::{MAX_SAMPLE_BYTES, Position};
use super::series::Extras;
use super::slab::{Block, Slab};
use crate::Series;

/// Bytes of a block before its second sample.
const HEADER: usize = 24;

/// Where the float samples of a series stand.
#[derive(Debug, Clone, Copy)]
struct Track {
    last: Position,
    min: i64,
    block: Block,
    used: u16,
    count: u8,
    has_extras: bool,
}

const EMPTY: Track = Track {
    last: Position::first(i64::MIN, 0),
    min: i64::MAX,
    block: Block::NONE,
    used: 0,
    count: 0,
    has_extras: false,
};

impl Track {
    /// Whether its block has room for so many bytes, after it has grown.
    fn fits(&mut self, slab: &mut Slab, bytes: usize, grown: &mut Grown) -> bool {
        while bytes > self.block.size() && self.block.can_grow() {
            self.block = slab.grow(self.block);
            grown.held += self.block.size();
        }
        bytes <= self.block.size()
    }

    /// Closes its block and begins the next with this sample.
    fn follow(&mut self, slab: &mut Slab, time: i64, bits: u64) -> usize {
        let header = slab.get_mut(self.block);
        header[4..6].copy_from_slice(&self.used.to_le_bytes());
        header[6] = self.count;
        self.start(slab, time, bits)
    }

    fn start(&mut self, slab: &mut Slab, time: i64, bits: u64) -> usize {
        let block = slab.allocate(self.block == Block::NONE);
        let header = slab.get_mut(block);
        header[..4].copy_from_slice(&self.block.raw().to_le_bytes());
        header[8..16].copy_from_slice(&time.to_le_bytes());
        header[16..24].copy_from_slice(&bits.to_le_bytes());
        (self.block, self.used, self.count) = (block, HEADER as u16, 1);
        self.last = Position::first(time, bits);
        block.size()
    }
}

/// By how many bytes a series grew.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grown {
    /// In memory.
    pub(crate) held: usize,
    /// As samples alone.
    pub(crate) fresh: usize,
}

/// A share of the series.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    tracks: Vec<Track>,
    slab: Slab,
    extras: Map<u32, Box<Extras>>,
    earliest: Earliest,
}

/// Time of the earliest float sample.
#[derive(Debug)]
struct Earliest(i64);

impl Default for Earliest {
    fn default() -> Self {
        Self(i64::MAX)
    }
}

impl Shard {
    /// Makes room for a series.
    pub(crate) fn reserve(&mut self, series: u32) {
        if self.tracks.len() <= series as usize {
            self.tracks.resize(series as usize + 1, EMPTY);
        }
    }

    /// Appends a float sample and returns by how much the series grew.
    #[inline]
    pub(crate) fn push(&mut self, series: u32, time: i64, value: f64) -> Grown {
        let bits = value.to_bits();
        let Self { tracks, slab, earliest, .. } = self;
        let track = &mut tracks[series as usize];
        if track.block == Block::NONE {
            let held = track.start(slab, time, bits);
            track.min = track.min.min(time);
            earliest.0 = earliest.0.min(time);
            return Grown { held, fresh: HEADER };
        }
        if time <= track.last.time {
            let held = self.push_late(series, (time, value));
            return Grown { held, fresh: held };
        }
        let mut encoded = [0; MAX_SAMPLE_BYTES];
        let mut next = track.last;
        let used = usize::from(track.used);
        let mut grown = Grown::default();
        match next.encode(time, bits, &mut encoded).filter(|_| track.count < u8::MAX) {
            Some(length) if track.fits(slab, used + length, &mut grown) => {
                slab.get_mut(track.block)[used..used + length].copy_from_slice(&encoded[..length]);
                track.used += length as u16;
                track.count += 1;
                track.last = next;
                grown.fresh = length;
            }
            _ => {
                grown.held += track.follow(slab, time, bits);
                grown.fresh = HEADER;
            }
        }
        grown
    }

    /// Keeps a sample whose time has been passed already. One that says the same as the last is dropped.
    fn push_late(&mut self, series: u32, (time, value): (i64, f64)) -> usize {
        let track = &mut self.tracks[series as usize];
        let repeats = time == track.last.time && value.to_bits() == track.last.bits;
        let late_already = track.has_extras
            && self.extras.get(&series).and_then(|extras| extras.late.last()).is_some_and(|(late, _)| *late == time);
        if repeats && !late_already {
            return 0;
        }
        track.min = track.min.min(time);
        self.earliest.0 = self.earliest.0.min(time);
        self.extras(series).late.push((time, value));
        size_of::<(i64, f64)>()
    }

    fn extras(&mut self, series: u32) -> &mut Extras {
        self.tracks[series as usize].has_extras = true;
        self.extras.entry(series).or_default()
    }

    /// Appends a histogram sample and returns by how many bytes the series grew.
    pub(crate) fn push_histogram(&mut self, series: u32, time: i64, histogram: Histogram) -> usize {
        let newest_float = self.tracks.get(series as usize).map_or(i64::MIN, |track| track.last.time);
        self.extras(series).push_histogram(time, histogram, newest_float)
    }

    /// Notes the start time of a sample.
    pub(crate) fn push_start(&mut self, series: u32, time: i64, start: i64) -> usize {
        self.extras(series).push_start(time, start)
    }

    /// Notes that the start time of a sample is unknown.
    pub(crate) fn forget_start(&mut self, series: u32, time: i64) -> usize {
        let has_extras = self.tracks.get(series as usize).is_some_and(|track| track.has_extras);
        if has_extras { self.extras(series).push_start(time, 0) } else { 0 }
    }

    /// Notes an exemplar and returns by how many bytes the series grew.
    pub(crate) fn push_exemplar(&mut self, series: u32, exemplar: Exemplar) -> usize {
        self.extras(series).push_exemplar(exemplar)
    }

    /// Whether a series has more than float samples in order.
    pub(crate) fn has_extras(&self, series: u32) -> bool {
        self.tracks.get(series as usize).is_some_and(|track| track.has_extras)
    }

    /// The newest sample of a series that has nothing but floats in order.
    pub(crate) fn newest(&self, series: u32) -> Option<(i64, f64)> {
        let track = self.tracks.get(series as usize).filter(|track| !track.has_extras && track.block != Block::NONE)?;
        Some((track.last.time, f64::from_bits(track.last.bits)))
    }

    /// Whether some sample may lie in the range.
    pub(crate) fn overlaps(&self, series: u32, range: TimeRange) -> bool {
        let Some(track) = self.tracks.get(series as usize) else { return false };
        let (start, end) = (range.start.nanos(), range.end.nanos());
        let floats = track.min <= end && start <= track.last.time;
        floats || track.has_extras && self.extras.get(&series).is_some_and(|extras| extras.overlaps(start, end))
    }

    /// Appends the samples in the range to `out`; times may repeat and fall back, the later one of a time holds.
    pub(crate) fn read(&self, series: u32, range: TimeRange, out: &mut Series) {
        let Some(track) = self.tracks.get(series as usize) else { return };
        let (start, end) = (range.start.nanos(), range.end.nanos());
        self.read_floats(track, (start, end), out);
        if track.has_extras
            && let Some(extras) = self.extras.get(&series)
        {
            extras.read((start, end), out);
        }
    }

    fn read_floats(&self, track: &Track, (start, end): (i64, i64), out: &mut Series) {
        if track.block == Block::NONE || track.last.time < start {
            return;
        }
        // Blocks are linked backwards: back to the one that holds the start, then forwards.
        let mut later = Vec::new();
        let mut oldest = (track.block, track.used, track.count);
        loop {
            let header = self.slab.get(oldest.0);
            let before = Block::of(u32::from_le_bytes(take(header, 0)));
            if i64::from_le_bytes(take(header, 8)) <= start || before == Block::NONE {
                break;
            }
            later.push(oldest);
            let header = self.slab.get(before);
            oldest = (before, u16::from_le_bytes(take(header, 4)), header[6]);
        }
        for (block, used, count) in iter::once(oldest).chain(later.into_iter().rev()) {
            let bytes = self.slab.get(block);
            let first = i64::from_le_bytes(take(bytes, 8));
            if first > end {
                break;
            }
            let mut position = Position::first(first, u64::from_le_bytes(take(bytes, 16)));
            let mut rest = &bytes[HEADER..usize::from(used)];
            let mut sample = (first, f64::from_bits(position.bits));
            for left in (0..count).rev() {
                if start <= sample.0 && sample.0 <= end {
                    out.times.push(sample.0);
                    out.values.push(sample.1);
                }
                if left > 0 {
                    sample = position.decode(&mut rest);
                }
            }
        }
    }

    /// The exemplars of a series in the range, in order of arrival.
    pub(crate) fn exemplars(&self, series: u32, range: TimeRange) -> Vec<Exemplar> {
        self.extras.get(&series).map(|extras| extras.exemplars(range)).unwrap_or_default()
    }

    /// Each exemplar and its series.
    pub(crate) fn each_exemplar(&self) -> impl Iterator<Item = (u32, &Exemplar)> {
        self.extras.iter().flat_map(|(series, extras)| extras.each_exemplar().map(|exemplar| (*series, exemplar)))
    }

    /// Time of the earliest float sample.
    pub(crate) const fn earliest(&self) -> i64 {
        self.earliest.0
    }

    /// Blocks of samples.
    pub(crate) fn blocks(&self) -> usize {
        self.slab.blocks()
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.slab.bytes() + self.tracks.capacity() * size_of::<Track>()
    }
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::Timestamp;

    #[test]
    fn samples_come_back_from_any_range() {
        let mut shard = Shard::default();
        let value = |series: u32, i: i64| (i * i64::from(series) * 1_000_003) as f64 / 7.0;
        (0..40).for_each(|series| shard.reserve(series));
        for i in 0..600 {
            for series in 0..40 {
                shard.push(series, i * 10, value(series, i));
            }
        }
        for (from, to) in [(0, 6000), (55, 60), (2000, 4000), (5990, 9000), (6000, 7000), (-5, -1)] {
            let range = TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(to));
            for series in 0..40 {
                let mut out = Series::default();
                shard.read(series, range, &mut out);
                let inside: Vec<i64> = (0..600).map(|i| i * 10).filter(|t| from <= *t && *t <= to).collect();
                assert_eq!(out.times, inside);
                assert!(out.times.iter().zip(&out.values).all(|(t, v)| *v == value(series, t / 10)));
                assert_eq!(shard.overlaps(series, range), to >= 0 && from <= 5990);
                assert_eq!(shard.newest(series), Some((5990, value(series, 599))));
            }
        }
    }

    #[test]
    fn a_series_of_small_steps_is_small() {
        let mut shard = Shard::default();
        (0..1000).for_each(|series| shard.reserve(series));
        for i in 0..60 {
            for series in 0..1000 {
                shard.push(series, i * 60_000_000_000, (i * 443) as f64);
            }
        }
        assert!(shard.bytes() < 1000 * 400, "{} bytes", shard.bytes());
        assert!(size_of::<Track>() <= 40);
    }
}
