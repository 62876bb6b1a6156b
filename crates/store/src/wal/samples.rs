//! The payload of a metrics record: label sets once, and from then on a number, a step in time and the bits of a value.
//!
//! Layout: a mark, then sections. A section is either plain batches in the form of [`super::codec`] (for rows with
//! histograms, exemplars, start times or metadata), or samples: tenant, epoch, the pairs and series that the epoch has not
//! told yet (as pairs by number), and the rows. An epoch ends with the head, with the process, or with a failed write, and
//! everything in it is numbered anew; so a reader needs nothing but the records behind the catalog's mark.

use gw_base::{Map, Tenant};
use gw_batch::{Batch, MetricsView};

use super::codec;
use crate::head::index::SeriesLimits;
use crate::head::metrics::{Applied, MetricsHead, SERIES_BYTES, UNKNOWN, is_plain};
use crate::head::{Generation, Prepared, TenantHead};
use crate::part::index::{put, take};

/// First byte of such a payload; a payload of batches alone begins with another.
const MARK: u8 = 0xA1;
const BATCHES: u8 = 0;
const SAMPLES: u8 = 1;

/// Row flags: the series is the one behind the last row's, the time is the last row's, its step is in milliseconds.
const NEXT: u8 = 0x80;
const SAME_TIME: u8 = 0x40;
const MILLIS: u8 = 0x20;
/// Value codes: so many bytes of a whole number, or [`BITS`] and so many high bytes of the float.
const BITS: u8 = 16;
const MILLI: i64 = 1_000_000;
/// Series and pairs of one epoch that a reader believes.
const MAX_NUMBERS: u64 = 1 << 28;

/// What the writer has told of the epoch so far.
#[derive(Debug, Default)]
pub(crate) struct Scribe {
    epoch: u64,
    tenants: Map<Tenant, Told>,
}

/// Numbers in the log, plus one, by numbers in the head; zero where nothing has been told.
#[derive(Debug, Default)]
struct Told {
    pairs: Vec<u32>,
    series: Vec<u32>,
    pair_count: u32,
    series_count: u32,
}

impl Scribe {
    /// Begins an epoch of this number, which no other has.
    pub(crate) fn begin(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.tenants.clear();
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
        told.definitions(out, head, numbers);
        let kept = view.keys.iter().filter(|key| numbers[**key as usize] != UNKNOWN).count();
        put(out, kept as u64);
        out.reserve(kept * 6);
        let (mut last_series, mut last_time) = (0u32, 0i64);
        for (row, key) in view.keys.iter().enumerate() {
            let number = numbers[*key as usize];
            if number == UNKNOWN {
                continue;
            }
            let series = told.series[number as usize];
            put_row(out, (series, &mut last_series), (view.times[row], &mut last_time), view.values.value(row));
        }
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
fn put_row(out: &mut Vec<u8>, (series, last_series): (u32, &mut u32), (time, last_time): (i64, &mut i64), value: f64) {
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
        flags |= MILLIS;
        put(out, zigzag(step / MILLI));
    } else {
        put(out, zigzag(step));
    }
    *last_time = time;
    let whole = value as i64;
    let (word, length, code) = if (whole as f64).to_bits() == value.to_bits() && whole.unsigned_abs() < 1 << 48 {
        let word = zigzag(whole);
        (word.to_le_bytes(), 8 - (word.leading_zeros() / 8) as usize, 0)
    } else {
        let bits = value.to_bits();
        (bits.to_be_bytes(), 8 - (bits.trailing_zeros() / 8) as usize, BITS)
    };
    out.extend_from_slice(&word[..length]);
    out[at] = flags | code | length as u8;
}

/// What a reader knows of the epoch that it is in.
#[derive(Debug)]
pub(crate) struct Replayer {
    /// Batches hold what was refused as well, so they pass the limits again.
    limits: SeriesLimits,
    tenants: Map<Tenant, Known>,
    rows: Vec<(u32, i64, f64)>,
}

#[derive(Debug, Default)]
struct Known {
    epoch: u64,
    pairs: Vec<Box<[u8]>>,
    series: Vec<u32>,
}

/// No limit: series that the log tells have passed the limits already.
const NO_LIMITS: SeriesLimits = SeriesLimits { all: usize::MAX >> 1, metric: usize::MAX >> 1 };

impl Replayer {
    /// A reader that knows nothing yet.
    pub(crate) fn new(limits: SeriesLimits) -> Self {
        Self { limits, tenants: Map::default(), rows: Vec::new() }
    }

    /// Applies the payload of a record; `false` when some of it could not be understood.
    pub(crate) fn apply(&mut self, sequence: u64, payload: &[u8], head: &Generation) -> bool {
        let Some(mut rest) = payload.strip_prefix(&[MARK]) else {
            return codec::decode(head.signal(), payload).is_ok_and(|batches| {
                head.apply(sequence, &batches, self.limits);
                true
            });
        };
        let mut whole = true;
        while let Some((kind, tail)) = rest.split_first() {
            rest = tail;
            let understood = match *kind {
                BATCHES => {
                    take_bytes(&mut rest).and_then(|plain| codec::decode(head.signal(), plain).ok()).map(|batches| {
                        head.apply(sequence, &batches, self.limits);
                        true
                    })
                }
                SAMPLES => self.samples(sequence, &mut rest, head),
                _ => None,
            };
            match understood {
                Some(good) => whole &= good,
                None => return false,
            }
        }
        whole
    }

    fn samples(&mut self, sequence: u64, rest: &mut &[u8], generation: &Generation) -> Option<bool> {
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
        let before = head.index().len();
        known.definitions(rest, head)?;
        let series = (head.index().len() - before) as u64;
        let count = usize::try_from(take(rest)?).ok().filter(|count| *count <= rest.len())?;
        self.rows.clear();
        self.rows.reserve(count);
        let (mut last_series, mut last_time, mut whole) = (0u32, 0i64, true);
        for _ in 0..count {
            let (number, time, value) = take_row(rest, &mut last_series, &mut last_time)?;
            match number.checked_sub(1).and_then(|number| known.series.get(number as usize)) {
                Some(series) if *series != UNKNOWN => self.rows.push((*series, time, value)),
                _ => whole = false,
            }
        }
        let applied = head.append_samples(self.rows.iter().copied());
        let bytes = applied.bytes + series as usize * SERIES_BYTES;
        generation.note(sequence, &Applied { series, bytes, ..applied });
        Some(whole)
    }
}

impl Known {
    fn definitions(&mut self, rest: &mut &[u8], head: &MetricsHead) -> Option<()> {
        let first = take(rest)?;
        pad(&mut self.pairs, first, Box::default)?;
        for _ in 0..take(rest)? {
            self.pairs.push(take_bytes(rest)?.into());
        }
        let first = take(rest)?;
        pad(&mut self.series, first, || UNKNOWN)?;
        let mut labels = Vec::new();
        for _ in 0..take(rest)? {
            labels.clear();
            let mut whole = true;
            for _ in 0..take(rest)? {
                let pair = self.pairs.get(usize::try_from(take(rest)?).ok()?)?;
                whole &= !pair.is_empty();
                labels.extend_from_slice(pair);
            }
            let series = whole.then(|| head.define_one(&labels, NO_LIMITS)).flatten();
            self.series.push(series.unwrap_or(UNKNOWN));
        }
        Some(())
    }
}

/// Fills up numbers that a damaged record has told, so that those behind it keep their places.
fn pad<T>(known: &mut Vec<T>, first: u64, lost: impl FnMut() -> T) -> Option<()> {
    let first = usize::try_from(first).ok().filter(|first| *first >= known.len() && *first as u64 <= MAX_NUMBERS)?;
    known.resize_with(first, lost);
    Some(())
}

#[inline]
fn take_row(rest: &mut &[u8], last_series: &mut u32, last_time: &mut i64) -> Option<(u32, i64, f64)> {
    let (head, tail) = rest.split_first()?;
    *rest = tail;
    *last_series = if head & NEXT > 0 { last_series.wrapping_add(1) } else { u32::try_from(take(rest)?).ok()? };
    if head & SAME_TIME == 0 {
        let unit = if head & MILLIS > 0 { MILLI } else { 1 };
        *last_time = last_time.wrapping_add(unzigzag(take(rest)?).wrapping_mul(unit));
    }
    let code = head & 0x1F;
    let length = usize::from(code & 0x0F);
    let (bytes, tail) = rest.split_at_checked(length).filter(|_| length <= 8)?;
    *rest = tail;
    let mut word = [0; 8];
    word[..length].copy_from_slice(bytes);
    let value = if code & BITS > 0 {
        f64::from_bits(u64::from_be_bytes(word))
    } else {
        unzigzag(u64::from_le_bytes(word)) as f64
    };
    Some((*last_series, *last_time, value))
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

    fn batch(round: i64, series: std::ops::Range<i64>) -> Batch {
        let mut builder = MetricsBuilder::default();
        for i in series {
            let key = builder.series(&Labels::from_pairs([(METRIC_NAME, "m"), ("i", &i.to_string())]));
            let value =
                [i as f64 * 1e3, -0.0, 0.1 * i as f64, f64::from_bits(gw_batch::STALE_NAN_BITS)][i as usize % 4];
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
        let head = Generation::new(Signal::Metrics, Duration::ZERO, 0);
        let (mut scribe, mut records) = (Scribe::default(), Vec::new());
        for round in 0..rounds {
            if round % cut == 0 {
                scribe.begin(round as u64 + 7);
            }
            let batches = [batch(round, 0..40 + round * 3)];
            let mut prepared = head.prepare(&batches);
            head.define(&batches, &mut prepared, NO_LIMITS);
            records.push(scribe.encode(&batches, &prepared));
            head.apply_prepared(round as u64 + 1, &batches, &prepared);
        }
        (head, records)
    }

    #[test]
    fn a_replay_brings_back_every_bit() {
        for cut in [1, 4, 100] {
            let (head, records) = written(10, cut);
            let again = Generation::new(Signal::Metrics, Duration::ZERO, 0);
            let mut replayer = Replayer::new(NO_LIMITS);
            assert!(records.iter().enumerate().all(|(i, record)| replayer.apply(i as u64 + 1, record, &again)));
            assert_eq!(content(&again), content(&head));
            assert_eq!((again.rows(), again.series(), again.through()), (head.rows(), head.series(), 10));
        }
        let (_, records) = written(10, 100);
        assert!(records[9].len() < 800, "known series are not told again: {} bytes", records[9].len());
    }

    #[test]
    fn a_lost_record_costs_the_series_it_told_and_no_other() {
        let (head, records) = written(10, 100);
        let again = Generation::new(Signal::Metrics, Duration::ZERO, 0);
        let mut replayer = Replayer::new(NO_LIMITS);
        for (i, record) in records.iter().enumerate().filter(|(i, _)| *i != 5) {
            assert_eq!(replayer.apply(i as u64 + 1, record, &again), i < 5);
        }
        let (all, found) = (content(&head), content(&again));
        assert_eq!(found.len(), all.len() - 3);
        assert!(found.iter().all(|(labels, samples)| {
            let (_, whole) = all.iter().find(|(known, _)| known == labels).unwrap();
            samples.iter().all(|sample| whole.contains(sample))
        }));
    }

    #[test]
    fn hostile_payloads_are_refused_without_harm() {
        let (_, records) = written(2, 100);
        for record in &records {
            for at in 0..record.len() {
                let again = Generation::new(Signal::Metrics, Duration::ZERO, 0);
                let mut flipped = record.clone();
                flipped[at] ^= 0x55;
                Replayer::new(NO_LIMITS).apply(1, &flipped, &again);
                Replayer::new(NO_LIMITS).apply(1, &record[..at], &again);
            }
        }
    }
}
