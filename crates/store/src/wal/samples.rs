//! The payload of a metrics record: label sets once, and from then on a number, a step in time and the bits of a value.
//!
//! Layout: a mark, then sections. A section is either plain batches in the form of [`super::codec`] (for rows with
//! histograms, exemplars, start times or metadata), or samples: tenant, epoch, the pairs and series that the epoch has not
//! told yet (as pairs by number), and the rows. An epoch ends with the head, with the process, or with a failed write, and
//! everything in it is numbered anew; so a reader needs nothing but the records behind the catalog's mark.
//!
//! A value is told as it follows the last one of its series. Each segment of the log begins anew with that, and a section
//! ends with a checksum of its values as they are: behind a lost record no sample is read as another one, those that cannot
//! be told any more are left out, and with the next segment all is well again.

use std::sync::Arc;

use gw_base::labels::{Pair, is_canonical};
use gw_base::{Map, Tenant};
use gw_batch::{Batch, MetricsView};

use super::codec;
use crate::head::chunk::{MAX_SAMPLE_BYTES, decode_value, encode_value};
use crate::head::index::SeriesLimits;
use crate::head::metrics::{Applied, MetricsHead, SERIES_BYTES, UNKNOWN, is_plain};
use crate::head::{Generation, Prepared, TenantHead};
use crate::part::index::{put, take};

/// First byte of such a payload; a payload of batches alone begins with another.
const MARK: u8 = 0xA2;
const BATCHES: u8 = 0;
const SAMPLES: u8 = 1;

/// Row flags beside the code of the value: the series is the one behind the last row's, the time is the last row's.
const NEXT: u8 = 0x80;
const SAME_TIME: u8 = 0x40;
/// A step in time that is not one of milliseconds follows by itself.
const NANOS: u64 = 1;
const MILLI: i64 = 1_000_000;
/// Series and pairs of one epoch that a reader believes.
const MAX_NUMBERS: u64 = 1 << 28;

/// What the writer has told of the epoch so far.
#[derive(Debug, Default)]
pub(crate) struct Scribe {
    epoch: u64,
    /// Bytes of pairs and series that the epoch has told.
    told_bytes: u64,
    /// Counts the segments of the epoch.
    base: u64,
    tenants: Map<Tenant, Told>,
}

/// Numbers in the log, plus one, by numbers in the head; zero where nothing has been told.
#[derive(Debug, Default)]
struct Told {
    pairs: Vec<u32>,
    series: Vec<u32>,
    /// Bits of the values told last, by numbers in the head.
    values: Vec<u64>,
    pair_count: u32,
    series_count: u32,
}

impl Scribe {
    /// Begins an epoch of this number, which no other has.
    pub(crate) fn begin(&mut self, epoch: u64) {
        (self.epoch, self.base, self.told_bytes) = (epoch, 0, 0);
        self.tenants.clear();
    }

    /// Bytes that tell which series there are; the others of the epoch are of samples.
    pub(crate) const fn told_bytes(&self) -> u64 {
        self.told_bytes
    }

    /// Begins a segment: values are told without those before it.
    pub(crate) fn rebase(&mut self) {
        self.base += 1;
        self.tenants.values_mut().for_each(|told| told.values.fill(0));
    }

    /// Encodes the batches of one record.
    pub(crate) fn encode(&mut self, batches: &[Batch], prepared: &[Prepared]) -> Vec<u8> {
        let mut out = vec![MARK];
        for (batch, prepared) in batches.iter().zip(prepared) {
            match (MetricsView::of(batch).filter(is_plain), prepared.head.metrics()) {
                (Some(view), Some(head)) => {
                    out.push(SAMPLES);
                    self.samples(&mut out, batch.tenant(), head, &view, &prepared.numbers);
                }
                _ => {
                    let plain = codec::encode(std::slice::from_ref(batch));
                    out.push(BATCHES);
                    put(&mut out, plain.len() as u64);
                    out.extend_from_slice(&plain);
                }
            }
        }
        out
    }

    #[expect(clippy::too_many_arguments, reason = "where to, and the four things that a section is made of")]
    fn samples(
        &mut self,
        out: &mut Vec<u8>,
        tenant: &Tenant,
        head: &MetricsHead,
        view: &MetricsView<'_>,
        numbers: &[u32],
    ) {
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.clone(), Told::default());
        }
        let Some(told) = self.tenants.get_mut(tenant) else { return };
        put_bytes(out, tenant.as_str().as_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        put(out, self.base);
        let before = out.len();
        told.definitions(out, head, numbers);
        self.told_bytes += (out.len() - before) as u64;
        let kept = view.keys.iter().filter(|key| numbers[**key as usize] != UNKNOWN).count();
        put(out, kept as u64);
        out.reserve(kept * 4);
        let (mut last_series, mut last_time) = (0u32, 0i64);
        let mut checksum = 0;
        for (row, key) in view.keys.iter().enumerate() {
            let number = numbers[*key as usize];
            if number == UNKNOWN {
                continue;
            }
            let series = told.series[number as usize];
            let bits = view.values.value(row).to_bits();
            let last = std::mem::replace(&mut told.values[number as usize], bits);
            put_row(out, (series, &mut last_series), (view.times[row], &mut last_time), (bits, last));
            checksum = mixed(checksum, bits);
        }
        out.extend_from_slice(&checksum.to_le_bytes());
    }
}

impl Told {
    /// Tells the series among `numbers` that the epoch has not told yet.
    fn definitions(&mut self, out: &mut Vec<u8>, head: &MetricsHead, numbers: &[u32]) {
        let (first_pair, first_series) = (self.pair_count, self.series_count);
        let (mut pairs, mut series) = (Vec::new(), Vec::new());
        let is_told = |told: &[u32], number: u32| told.get(number as usize).is_some_and(|own| *own > 0);
        if numbers.iter().any(|number| *number != UNKNOWN && !is_told(&self.series, *number)) {
            let index = head.index();
            self.series.resize(index.len(), 0);
            self.values.resize(index.len(), 0);
            self.pairs.resize(index.symbols().len(), 0);
            for number in numbers.iter().filter(|number| **number != UNKNOWN) {
                if self.series[*number as usize] > 0 {
                    continue;
                }
                self.series_count += 1;
                self.series[*number as usize] = self.series_count;
                let of = index.pairs(*number);
                put(&mut series, of.len() as u64);
                for pair in of {
                    let own = &mut self.pairs[*pair as usize];
                    if *own == 0 {
                        self.pair_count += 1;
                        *own = self.pair_count;
                        put_bytes(&mut pairs, index.symbols().pair(*pair));
                    }
                    put(&mut series, u64::from(*own - 1));
                }
            }
        }
        put(out, u64::from(first_pair));
        put(out, u64::from(self.pair_count - first_pair));
        out.extend_from_slice(&pairs);
        put(out, u64::from(first_series));
        put(out, u64::from(self.series_count - first_series));
        out.extend_from_slice(&series);
    }
}

#[inline]
fn put_row(
    out: &mut Vec<u8>,
    (series, last_series): (u32, &mut u32),
    (time, last_time): (i64, &mut i64),
    (bits, last_bits): (u64, u64),
) {
    let mut encoded = [0; MAX_SAMPLE_BYTES];
    let (code, length) = encode_value(last_bits, bits, &mut encoded);
    let at = out.len();
    let mut flags = 0;
    out.push(0);
    if series == last_series.wrapping_add(1) {
        flags |= NEXT;
    } else {
        put(out, u64::from(series));
    }
    *last_series = series;
    let step = time.wrapping_sub(*last_time);
    if step == 0 {
        flags |= SAME_TIME;
    } else if step % MILLI == 0 {
        put(out, zigzag(step / MILLI) << 1);
    } else {
        put(out, NANOS);
        put(out, zigzag(step));
    }
    *last_time = time;
    out.extend_from_slice(&encoded[..length]);
    out[at] = flags | code;
}

/// What a reader knows of the epoch that it is in.
#[derive(Debug, Default)]
pub(crate) struct Replayer {
    tenants: Map<Tenant, Known>,
}

/// What a record says, its series being known to the head: to be applied in the order of the records, by whoever has time.
#[derive(Debug)]
pub(crate) enum Change {
    /// Batches as they came.
    Batches(u64, Vec<Batch>),
    /// Float samples by number of their series.
    Samples {
        sequence: u64,
        head: Arc<TenantHead>,
        rows: Vec<(u32, i64, f64)>,
        /// Series that are new.
        series: u64,
    },
}

impl Change {
    /// Applies it. Batches hold what was refused as well, so they pass the limits again.
    pub(crate) fn apply(self, generation: &Generation, limits: SeriesLimits) {
        match self {
            Self::Batches(sequence, batches) => {
                generation.apply(sequence, &batches, limits);
            }
            Self::Samples { sequence, head, rows, series } => {
                let applied = head.metrics().map(|head| head.append_samples(rows.into_iter())).unwrap_or_default();
                let bytes = applied.bytes + series as usize * SERIES_BYTES;
                generation.note(sequence, &Applied { series, bytes, ..applied });
            }
        }
    }
}

#[derive(Debug, Default)]
struct Known {
    epoch: u64,
    base: u64,
    /// Numbers in the head.
    pairs: Vec<u32>,
    series: Vec<u32>,
    /// Bits of the values read last.
    values: Vec<u64>,
}

impl Replayer {
    /// Reads the payload of a record, takes in its series and hands on what is to be applied; `false` when some of it could
    /// not be understood.
    pub(crate) fn read(
        &mut self,
        sequence: u64,
        payload: &[u8],
        head: &Generation,
        mut out: impl FnMut(Change),
    ) -> bool {
        let batches = |plain: &[u8]| {
            codec::decode(head.signal(), plain).ok().map(|batches| (Change::Batches(sequence, batches), true))
        };
        let Some(mut rest) = payload.strip_prefix(&[MARK]) else {
            return batches(payload).map(|(change, _)| out(change)).is_some();
        };
        let mut whole = true;
        while let Some((kind, tail)) = rest.split_first() {
            rest = tail;
            let understood = match *kind {
                BATCHES => take_bytes(&mut rest).and_then(batches),
                SAMPLES => self.samples(sequence, &mut rest, head),
                _ => None,
            };
            let Some((change, is_whole)) = understood else { return false };
            out(change);
            whole &= is_whole;
        }
        whole
    }

    /// The samples, and whether they are all.
    fn samples(&mut self, sequence: u64, rest: &mut &[u8], generation: &Generation) -> Option<(Change, bool)> {
        let tenant = Tenant::new(std::str::from_utf8(take_bytes(rest)?).ok()?).ok()?;
        let (epoch, tail) = rest.split_first_chunk::<8>()?;
        *rest = tail;
        let epoch = u64::from_le_bytes(*epoch);
        let tenant_head = generation.tenant(&tenant);
        let TenantHead::Metrics(head) = &*tenant_head else { return None };
        let known = self.tenants.entry(tenant).or_default();
        if known.epoch != epoch {
            *known = Known { epoch, ..Known::default() };
        }
        let base = take(rest)?;
        if known.base != base {
            known.base = base;
            known.values.fill(0);
        }
        let before = head.index().len();
        known.definitions(rest, head)?;
        let series = (head.index().len() - before) as u64;
        let count = usize::try_from(take(rest)?).ok().filter(|count| *count <= rest.len())?;
        let mut rows = Vec::with_capacity(count);
        let (mut last_series, mut last_time, mut whole) = (0u32, 0i64, true);
        let mut checksum = 0;
        for _ in 0..count {
            let (number, time, code) = take_row(rest, &mut last_series, &mut last_time)?;
            let at = (number as usize).checked_sub(1)?;
            let last = known.values.get_mut(at)?;
            *last = decode_value(rest, code, *last)?;
            checksum = mixed(checksum, *last);
            match known.series.get(at) {
                Some(series) if *series != UNKNOWN => rows.push((*series, time, f64::from_bits(*last))),
                _ => whole = false,
            }
        }
        let (expected, tail) = rest.split_first_chunk::<8>()?;
        *rest = tail;
        if *expected != checksum.to_le_bytes() {
            rows.clear();
            whole = false;
        }
        Some((Change::Samples { sequence, head: Arc::clone(&tenant_head), rows, series }, whole))
    }
}

impl Known {
    fn definitions(&mut self, rest: &mut &[u8], head: &MetricsHead) -> Option<()> {
        let mut index = head.index_mut();
        let first = take(rest)?;
        pad(&mut self.pairs, first, || UNKNOWN)?;
        for _ in 0..take(rest)? {
            let pair = take_bytes(rest)?;
            let is_one = is_canonical(pair) && Pair::split(pair).is_some_and(|(_, behind)| behind.is_empty());
            self.pairs.push(if is_one { index.symbol(pair) } else { UNKNOWN });
        }
        let first = take(rest)?;
        pad(&mut self.series, first, || UNKNOWN)?;
        let mut pairs = Vec::new();
        for _ in 0..take(rest)? {
            pairs.clear();
            for _ in 0..take(rest)? {
                pairs.push(*self.pairs.get(usize::try_from(take(rest)?).ok()?)?);
            }
            let whole = !pairs.contains(&UNKNOWN);
            self.series.push(whole.then(|| index.define(&pairs)).flatten().unwrap_or(UNKNOWN));
        }
        self.values.resize(self.series.len(), 0);
        Some(())
    }
}

/// Fills up numbers that a damaged record has told, so that those behind it keep their places.
fn pad<T>(known: &mut Vec<T>, first: u64, lost: impl FnMut() -> T) -> Option<()> {
    let first = usize::try_from(first).ok().filter(|first| *first >= known.len() && *first as u64 <= MAX_NUMBERS)?;
    known.resize_with(first, lost);
    Some(())
}

/// The number of a row's series, its time, and the code of its value.
#[inline]
fn take_row(rest: &mut &[u8], last_series: &mut u32, last_time: &mut i64) -> Option<(u32, i64, u8)> {
    let (head, tail) = rest.split_first()?;
    *rest = tail;
    *last_series = if head & NEXT > 0 { last_series.wrapping_add(1) } else { u32::try_from(take(rest)?).ok()? };
    if head & SAME_TIME == 0 {
        let step = take(rest)?;
        let step = if step == NANOS { unzigzag(take(rest)?) } else { unzigzag(step >> 1).wrapping_mul(MILLI) };
        *last_time = last_time.wrapping_add(step);
    }
    Some((*last_series, *last_time, head & !(NEXT | SAME_TIME)))
}

/// A checksum with one more value in it. The record's own guards the bytes; this one tells values that follow others than
/// they did when they were written.
#[inline]
const fn mixed(checksum: u64, bits: u64) -> u64 {
    (checksum.rotate_left(23) ^ bits).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take(rest)?).ok()?;
    let (bytes, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{Labels, METRIC_NAME, Signal, TimeRange, Timestamp};
    use gw_batch::MetricsBuilder;
    use std::time::Duration;

    const NO_LIMITS: SeriesLimits = SeriesLimits { all: usize::MAX >> 1, metric: usize::MAX >> 1 };

    fn batch(round: i64, series: std::ops::Range<i64>) -> Batch {
        let mut builder = MetricsBuilder::default();
        for i in series {
            let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "m"), ("i", &i.to_string())]));
            let value = [
                (i * 1000 + round * i) as f64,
                -0.0,
                0.1 * (i + round) as f64,
                f64::from_bits(gw_batch::STALE_NAN_BITS),
            ][i as usize % 4];
            builder.sample(key, Timestamp::from_nanos(round * 15_000_000_000 + i % 3), value);
        }
        builder.finish(Tenant::default())
    }

    fn content(head: &Generation) -> Vec<(Labels, Vec<(i64, u64)>)> {
        let tenant = head.get(&Tenant::default()).unwrap();
        let metrics = tenant.metrics().unwrap();
        let read = |series: u32| {
            let (mut labels, mut out) = (Vec::new(), crate::Series::default());
            metrics.labels_into(series, &mut labels);
            metrics.read(series, TimeRange::ALL, &mut out);
            let bits = out.values.iter().map(|value| value.to_bits());
            (Labels::from_bytes(&labels).unwrap(), out.times.iter().copied().zip(bits).collect())
        };
        metrics.select(&crate::matching::Conditions::default(), TimeRange::ALL).into_iter().map(read).collect()
    }

    /// Writes batches as records, an epoch after each `cut`, and into a head.
    fn written(rounds: i64, cut: i64) -> (Generation, Vec<Vec<u8>>) {
        written_in_segments(rounds, cut, 3)
    }

    /// The same, a segment each so many records.
    fn written_in_segments(rounds: i64, cut: i64, segment: i64) -> (Generation, Vec<Vec<u8>>) {
        let head = Generation::new(Signal::Metrics, Duration::ZERO, 0);
        let (mut scribe, mut records) = (Scribe::default(), Vec::new());
        for round in 0..rounds {
            if round % cut == 0 {
                scribe.begin(round as u64 + 7);
            }
            if round % segment == segment - 1 {
                scribe.rebase();
            }
            let batches = [batch(round, 0..40 + round * 3)];
            let mut prepared = head.prepare(&batches);
            head.define(&batches, &mut prepared, NO_LIMITS);
            records.push(scribe.encode(&batches, &prepared));
            head.apply_prepared(round as u64 + 1, &batches, &prepared);
        }
        (head, records)
    }

    fn replay(replayer: &mut Replayer, sequence: u64, record: &[u8], head: &Generation) -> bool {
        replayer.read(sequence, record, head, |change| change.apply(head, NO_LIMITS))
    }

    #[test]
    fn a_replay_brings_back_every_bit() {
        for cut in [1, 4, 100] {
            let (head, records) = written(10, cut);
            let again = Generation::new(Signal::Metrics, Duration::ZERO, 0);
            let mut replayer = Replayer::default();
            assert!(records.iter().enumerate().all(|(i, record)| replay(&mut replayer, i as u64 + 1, record, &again)));
            assert_eq!(content(&again), content(&head));
            assert_eq!((again.rows(), again.series(), again.through()), (head.rows(), head.series(), 10));
        }
        let (_, records) = written(10, 100);
        assert!(records[9].len() < 800, "known series are not told again: {} bytes", records[9].len());
    }

    #[test]
    fn a_lost_record_makes_no_sample_another_one() {
        // A segment begins with the eighth record.
        let (head, records) = written_in_segments(10, 100, 8);
        let again = Generation::new(Signal::Metrics, Duration::ZERO, 0);
        let mut replayer = Replayer::default();
        for (i, record) in records.iter().enumerate().filter(|(i, _)| *i != 5) {
            assert_eq!(replay(&mut replayer, i as u64 + 1, record, &again), i < 5, "record {i}");
        }
        let (all, found) = (content(&head), content(&again));
        assert_eq!(found.len(), all.len() - 3, "the lost record told three series");
        for (labels, samples) in &found {
            let (_, whole) = all.iter().find(|(known, _)| known == labels).unwrap();
            assert!(samples.iter().all(|sample| whole.contains(sample)));
            let late = whole.iter().rev().take(2);
            assert!(late.into_iter().all(|sample| samples.contains(sample)), "the new segment needs no other");
        }
    }

    #[test]
    fn hostile_payloads_are_refused_without_harm() {
        let (_, records) = written(2, 100);
        for record in &records {
            for at in 0..record.len() {
                let again = Generation::new(Signal::Metrics, Duration::ZERO, 0);
                let mut flipped = record.clone();
                flipped[at] ^= 0x55;
                replay(&mut Replayer::default(), 1, &flipped, &again);
                replay(&mut Replayer::default(), 1, &record[..at], &again);
            }
        }
    }
}
