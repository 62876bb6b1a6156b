//! The index of a metrics part: which series there are, where their samples lie, and the times that they share.
//!
//! Pairs of labels stand once, sorted; a series is a list of their numbers, told relative to the series before it. Series of
//! one scrape have the same times, so times stand once as well and a series names those that it has. In memory a series
//! takes some forty bytes.

use std::ops::Range;

use gw_base::labels::Pair;

use super::lanes::{Header, PADDING, unzigzag, zigzag};
use super::pack::take_bytes;
use crate::StoreError;
use crate::part::index::{malformed, packed, put, take, unpacked};

const MAGIC: [u8; 8] = *b"GwSerie\x02";

/// The times of some series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// How many.
    pub(crate) count: u32,
    /// The first.
    pub(crate) min: i64,
    /// The last.
    pub(crate) max: i64,
    at: u32,
}

/// Where a pack lies in the Parquet object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackAt {
    /// First series.
    pub(crate) series: u32,
    /// Offset, length and checksum of the lanes.
    pub(crate) lanes: Payload,
    /// The same of extras; of length zero where there are none.
    pub(crate) extras: Payload,
}

/// A stretch of the Parquet object.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payload {
    /// Where it begins.
    pub(crate) offset: u64,
    /// How long it is.
    pub(crate) length: u32,
    /// CRC-32 of it.
    pub(crate) crc: u32,
}

/// What a part knows of its series.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct SeriesIndex {
    symbols: Vec<u8>,
    symbol_ends: Vec<u32>,
    pairs: Vec<u32>,
    pair_ends: Vec<u32>,
    times: Vec<Times>,
    lanes: Vec<u8>,
    /// Number of the times of a series plus one; zero when it has no float samples.
    times_of: Vec<u32>,
    /// Series with extras, rising, and first and last time of these.
    extras: Vec<(u32, i64, i64)>,
    packs: Vec<PackAt>,
}

impl SeriesIndex {
    /// Number of series.
    pub(crate) fn len(&self) -> usize {
        self.times_of.len()
    }

    /// Number of different pairs; they are sorted.
    pub(super) fn symbol_count(&self) -> usize {
        self.symbol_ends.len()
    }

    /// The canonical bytes of a pair.
    pub(super) fn symbol(&self, symbol: u32) -> &[u8] {
        span(&self.symbols, &self.symbol_ends, symbol as usize)
    }

    /// The pairs of a series.
    #[inline]
    pub(super) fn pairs(&self, series: u32) -> &[u32] {
        span(&self.pairs, &self.pair_ends, series as usize)
    }

    /// The pairs of all series end to end, and where those of each end.
    pub(super) fn pair_runs(&self) -> (&[u32], &[u32]) {
        (&self.pairs, &self.pair_ends)
    }

    /// Appends the canonical label bytes of a series.
    pub(crate) fn labels_into(&self, series: u32, out: &mut Vec<u8>) {
        self.pairs(series).iter().for_each(|pair| out.extend_from_slice(self.symbol(*pair)));
    }

    /// The times of a series' float samples.
    pub(crate) fn times_of(&self, series: u32) -> Option<(usize, Times)> {
        let number = (self.times_of[series as usize] as usize).checked_sub(1)?;
        Some((number, self.times[number]))
    }

    /// Float samples of a series.
    pub(crate) fn count(&self, series: u32) -> usize {
        self.times_of(series).map_or(0, |(_, times)| times.count as usize)
    }

    /// Unpacks shared times.
    pub(crate) fn unpack_times(&self, number: usize, out: &mut Vec<i64>) -> Option<()> {
        let times = self.times[number];
        let mut rest = self.lanes.get(times.at as usize..)?;
        Header::take(&mut rest, times.count as usize)?.times(out)
    }

    /// Whether any series has histograms, start times or exemplars.
    pub(crate) const fn any_extras(&self) -> bool {
        !self.extras.is_empty()
    }

    /// Whether a series has histograms, start times or exemplars.
    pub(crate) fn has_extras(&self, series: u32) -> bool {
        self.extras.binary_search_by_key(&series, |(of, ..)| *of).is_ok()
    }

    /// First and last time of a series.
    pub(crate) fn bounds(&self, series: u32) -> (i64, i64) {
        let (min, max) = self.times_of(series).map_or((i64::MAX, i64::MIN), |(_, times)| (times.min, times.max));
        match self.extras.binary_search_by_key(&series, |(of, ..)| *of) {
            Ok(at) => (min.min(self.extras[at].1), max.max(self.extras[at].2)),
            Err(_) => (min, max),
        }
    }

    /// Whether every series has samples that may lie between the times.
    pub(crate) fn all_overlap(&self, start: i64, end: i64) -> bool {
        let floats = self.times.iter().all(|times| times.min <= end && start <= times.max);
        floats && self.extras.iter().all(|(_, min, max)| *min <= end && start <= *max)
    }

    /// The packs.
    pub(crate) fn packs(&self) -> &[PackAt] {
        &self.packs
    }

    /// The pack of a series.
    pub(crate) fn pack_of(&self, series: u32) -> usize {
        self.packs.partition_point(|pack| pack.series <= series).saturating_sub(1)
    }

    /// The series of a pack.
    pub(crate) fn series_of(&self, pack: usize) -> Range<u32> {
        let end = self.packs.get(pack + 1).map_or(self.len() as u32, |next| next.series);
        self.packs[pack].series..end
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.symbols.len()
            + self.lanes.len()
            + 4 * (self.symbol_ends.len() + self.pairs.len() + self.pair_ends.len() + self.times_of.len())
            + self.times.len() * size_of::<Times>()
            + self.extras.len() * size_of::<(u32, i64, i64)>()
            + self.packs.len() * size_of::<PackAt>()
    }

    /// The object's bytes, packed harder the higher the level of the part.
    pub(crate) fn encode(&self, level: u32) -> Vec<u8> {
        let mut raw = Vec::new();
        put(&mut raw, self.symbol_count() as u64);
        let mut last: &[u8] = &[];
        for symbol in 0..self.symbol_count() as u32 {
            let bytes = self.symbol(symbol);
            put_front_coded(&mut raw, last, bytes);
            last = bytes;
        }
        self.put_labels(&mut raw);
        self.times_of.iter().for_each(|number| put(&mut raw, u64::from(*number)));
        put(&mut raw, self.times.len() as u64);
        for times in &self.times {
            put(&mut raw, u64::from(times.count));
            put(&mut raw, zigzag(times.min));
            put(&mut raw, times.max.wrapping_sub(times.min) as u64);
            put(&mut raw, u64::from(times.at));
        }
        put(&mut raw, self.lanes.len() as u64);
        raw.extend_from_slice(&self.lanes);
        put(&mut raw, self.extras.len() as u64);
        for (series, min, max) in &self.extras {
            put(&mut raw, u64::from(*series));
            put(&mut raw, zigzag(*min));
            put(&mut raw, zigzag(*max));
        }
        put(&mut raw, self.packs.len() as u64);
        for pack in &self.packs {
            put(&mut raw, u64::from(pack.series));
            for payload in [pack.lanes, pack.extras] {
                put(&mut raw, payload.offset);
                put(&mut raw, u64::from(payload.length));
                put(&mut raw, u64::from(payload.crc));
            }
        }
        packed(MAGIC, &raw, if level == 0 { 3 } else { 9 })
    }

    /// The label sets, each as what it does not share with the one before. Like stands beside like, which packs better: how
    /// much is shared, how many follow, and how far each pair lies from the one in its place before.
    fn put_labels(&self, raw: &mut Vec<u8>) {
        let (mut shared, mut own, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        let mut last: &[u32] = &[];
        for series in 0..self.len() as u32 {
            let of = self.pairs(series);
            let alike = last.iter().zip(of).take_while(|(a, b)| a == b).count();
            put(&mut shared, alike as u64);
            put(&mut own, (of.len() - alike) as u64);
            for (at, pair) in of.iter().enumerate().skip(alike) {
                let before = last.get(at).copied().unwrap_or(0);
                put(&mut pairs, zigzag(i64::from(*pair) - i64::from(before)));
            }
            last = of;
        }
        put(raw, self.len() as u64);
        for column in [shared, own, pairs] {
            put(raw, column.len() as u64);
            raw.extend_from_slice(&column);
        }
    }

    /// Reads [`SeriesIndex::encode`]'s bytes; `path` is for the error.
    pub(crate) fn decode(path: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let raw = unpacked(path, MAGIC, bytes)?;
        Self::parse(&raw).ok_or_else(|| malformed(path))
    }

    fn parse(mut rest: &[u8]) -> Option<Self> {
        let rest = &mut rest;
        let mut index = Self::default();
        index.parse_symbols(rest)?;
        let count = usize::try_from(take(rest)?).ok()?;
        let [mut shared, mut own, mut pairs] = [take_bytes(rest)?, take_bytes(rest)?, take_bytes(rest)?];
        index.parse_labels(count, &mut shared, &mut own, &mut pairs)?;
        index.times_of.reserve_exact(count.min(rest.len()));
        for _ in 0..count {
            index.times_of.push(u32::try_from(take(rest)?).ok()?);
        }
        for _ in 0..take(rest)? {
            let count = u32::try_from(take(rest)?).ok()?;
            let min = unzigzag(take(rest)?);
            let max = min.wrapping_add(take(rest)? as i64);
            index.times.push(Times { count, min, max, at: u32::try_from(take(rest)?).ok()? });
        }
        index.lanes = take_bytes(rest)?.to_vec();
        for _ in 0..take(rest)? {
            index.extras.push((u32::try_from(take(rest)?).ok()?, unzigzag(take(rest)?), unzigzag(take(rest)?)));
        }
        for _ in 0..take(rest)? {
            let series = u32::try_from(take(rest)?).ok()?;
            index.packs.push(PackAt { series, lanes: take_payload(rest)?, extras: take_payload(rest)? });
        }
        let highest = index.times_of.iter().copied().max().unwrap_or(0) as usize;
        (rest.is_empty() && highest <= index.times.len()).then_some(index)
    }

    fn parse_symbols(&mut self, rest: &mut &[u8]) -> Option<()> {
        let count = take(rest)?;
        self.symbol_ends.reserve_exact(usize::try_from(count).ok()?.min(rest.len()));
        self.symbols.reserve_exact(symbol_bytes(count, rest)?);
        for _ in 0..count {
            let start = self.symbol_ends.last().copied().unwrap_or(0) as usize;
            let before = self.symbol_ends.len().checked_sub(2).map_or(0, |at| self.symbol_ends[at] as usize);
            let shared = usize::try_from(take(rest)?).ok().filter(|shared| before + shared <= start)?;
            self.symbols.extend_from_within(before..before + shared);
            self.symbols.extend_from_slice(take_bytes(rest)?);
            self.symbol_ends.push(u32::try_from(self.symbols.len()).ok()?);
        }
        Some(())
    }

    /// Reads [`SeriesIndex::put_labels`]' columns.
    fn parse_labels(&mut self, count: usize, shared: &mut &[u8], own: &mut &[u8], pairs: &mut &[u8]) -> Option<()> {
        let mut last: Vec<u32> = Vec::new();
        self.pair_ends.reserve_exact(count.min(shared.len()));
        self.pairs.reserve_exact(pair_count(count, shared, own, pairs)?);
        for _ in 0..count {
            let alike = usize::try_from(take(shared)?).ok().filter(|alike| *alike <= last.len())?;
            let more = usize::try_from(take(own)?).ok().filter(|more| *more <= pairs.len())?;
            for at in alike..alike + more {
                let before = last.get(at).copied().unwrap_or(0);
                let pair = u32::try_from(i64::from(before).checked_add(unzigzag(take(pairs)?))?).ok()?;
                if pair as usize >= self.symbol_count() {
                    return None;
                }
                if at < last.len() { last[at] = pair } else { last.push(pair) }
            }
            last.truncate(alike + more);
            self.pairs.extend_from_slice(&last);
            self.pair_ends.push(u32::try_from(self.pairs.len()).ok()?);
        }
        (shared.is_empty() && own.is_empty() && pairs.is_empty()).then_some(())
    }
}

/// Bytes of all symbols that follow, so that memory for them is asked for once.
fn symbol_bytes(count: u64, mut rest: &[u8]) -> Option<usize> {
    let (mut bytes, mut last) = (0usize, 0);
    for _ in 0..count {
        let shared = usize::try_from(take(&mut rest)?).ok().filter(|shared| *shared <= last)?;
        last = shared + take_bytes(&mut rest)?.len();
        bytes = bytes.checked_add(last).filter(|bytes| u32::try_from(*bytes).is_ok())?;
    }
    Some(bytes)
}

/// Pairs of all series, likewise; of each they say how many it shares with the one before, and how many are its own.
fn pair_count(count: usize, mut shared: &[u8], mut own: &[u8], pairs: &[u8]) -> Option<usize> {
    let (mut all, mut last) = (0usize, 0);
    for _ in 0..count {
        let alike = usize::try_from(take(&mut shared)?).ok().filter(|alike| *alike <= last)?;
        last = alike + usize::try_from(take(&mut own)?).ok().filter(|own| *own <= pairs.len())?;
        all = all.checked_add(last).filter(|all| u32::try_from(*all).is_ok())?;
    }
    Some(all)
}

fn span<'a, T>(all: &'a [T], ends: &[u32], at: usize) -> &'a [T] {
    let start = at.checked_sub(1).map_or(0, |before| ends[before] as usize);
    &all[start..ends[at] as usize]
}

fn put_front_coded(out: &mut Vec<u8>, last: &[u8], bytes: &[u8]) {
    let shared = last.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    put(out, shared as u64);
    put(out, (bytes.len() - shared) as u64);
    out.extend_from_slice(&bytes[shared..]);
}

fn take_payload(rest: &mut &[u8]) -> Option<Payload> {
    let offset = take(rest)?;
    Some(Payload { offset, length: u32::try_from(take(rest)?).ok()?, crc: u32::try_from(take(rest)?).ok()? })
}

/// Collects an index series by series, in label order.
#[derive(Debug, Default)]
pub(super) struct SeriesIndexBuilder {
    level: u32,
    symbols: crate::head::symbols::Symbols,
    index: SeriesIndex,
    /// Label bytes of the last series.
    last: Vec<u8>,
    known_times: gw_base::Map<u64, Vec<u32>>,
    /// Times said last, and their number plus one.
    said: (Vec<i64>, u32),
    scratch: Vec<i64>,
}

impl SeriesIndexBuilder {
    /// Of a part of this level.
    pub(super) fn new(level: u32) -> Self {
        Self { level, ..Self::default() }
    }

    /// Appends a series; gives its number.
    pub(super) fn push(&mut self, canonical: &[u8]) -> u32 {
        // Most pairs are those of the series before it, in the same places.
        let before = self.index.pair_ends.len().checked_sub(1).map_or(0..0, |last| {
            let start = last.checked_sub(1).map_or(0, |at| self.index.pair_ends[at] as usize);
            start..self.index.pairs.len()
        });
        let (mut alike, mut rest, mut last) = (before, canonical, self.last.as_slice());
        while let Some((Pair { bytes: pair, .. }, tail)) = Pair::split(rest) {
            let known = last.strip_prefix(pair).zip(alike.next());
            let number = match known {
                Some((behind, at)) => {
                    last = behind;
                    self.index.pairs[at]
                }
                None => {
                    alike = 0..0;
                    self.symbols.find_or_push(pair)
                }
            };
            self.index.pairs.push(number);
            rest = tail;
        }
        canonical.clone_into(&mut self.last);
        self.index.pair_ends.push(self.index.pairs.len() as u32);
        self.index.times_of.push(0);
        self.index.times_of.len() as u32 - 1
    }

    /// Says the times of the last series.
    pub(super) fn times(&mut self, times: &[i64], lanes: &mut super::lanes::Scratch) {
        if times.is_empty() {
            return;
        }
        if self.said.0 != times {
            let number = self.number_of(times, lanes);
            times.clone_into(&mut self.said.0);
            self.said.1 = number + 1;
        }
        if let Some(of) = self.index.times_of.last_mut() {
            *of = self.said.1;
        }
    }

    /// The number of times, which are added when new.
    fn number_of(&mut self, times: &[i64], lanes: &mut super::lanes::Scratch) -> u32 {
        let bounds = (times[0], times[times.len() - 1]);
        let mut hash = times.len() as u64;
        times.iter().for_each(|time| hash = (hash.rotate_left(5) ^ *time as u64).wrapping_mul(0x517C_C1B7_2722_0A95));
        let alike = self.known_times.entry(hash).or_default();
        for number in alike.iter() {
            let known = self.index.times[*number as usize];
            if (known.count as usize, known.min, known.max) == (times.len(), bounds.0, bounds.1) {
                let mut rest = &self.index.lanes[known.at as usize..];
                let read = Header::take(&mut rest, times.len()).and_then(|header| header.times(&mut self.scratch));
                if read.is_some() && self.scratch == times {
                    return *number;
                }
            }
        }
        let (number, at) = (self.index.times.len() as u32, self.index.lanes.len() as u32);
        lanes.times(&mut self.index.lanes, times);
        self.index.lanes.extend_from_slice(&[0; PADDING]);
        self.index.times.push(Times { count: times.len() as u32, min: bounds.0, max: bounds.1, at });
        alike.push(number);
        number
    }

    /// Says that the last series has extras between these times.
    pub(super) fn extras(&mut self, min: i64, max: i64) {
        self.index.extras.push((self.index.times_of.len() as u32 - 1, min, max));
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Pairs of a series.
    pub(super) fn labels_into(&self, series: u32, out: &mut Vec<u8>) {
        self.index.pairs(series).iter().for_each(|pair| out.extend_from_slice(self.symbols.pair(*pair)));
    }

    /// The bytes of the index, with these packs.
    pub(super) fn finish(mut self, packs: Vec<PackAt>) -> Vec<u8> {
        let ranks = self.symbols.ranks();
        let mut order: Vec<u32> = vec![0; ranks.len()];
        ranks.iter().zip(0..).for_each(|(rank, symbol)| order[*rank as usize] = symbol);
        self.index.symbols.reserve_exact(self.symbols.text_bytes());
        self.index.symbol_ends.reserve_exact(order.len());
        for symbol in order {
            self.index.symbols.extend_from_slice(self.symbols.pair(symbol));
            self.index.symbol_ends.push(self.index.symbols.len() as u32);
        }
        // Of a million series both are large, and so is what is to come.
        drop(self.symbols);
        self.index.pairs.iter_mut().for_each(|pair| *pair = ranks[*pair as usize]);
        self.index.packs = packs;
        self.index.encode(self.level)
    }
}
