//! Writes chunks of native histograms: integer counts where all are whole, float counts otherwise.

use gw_batch::histogram::CUSTOM_BUCKETS;
use gw_batch::{BucketSpan, Histogram, is_stale};

use super::histogram::{HINT_GAUGE, HINT_NO_RESET, HINT_RESET};
use super::varbit::{write_signed, write_unsigned};
use super::{FLOAT_HISTOGRAM, HISTOGRAM};
use crate::xor_chunk::{BitWriter, XorValue};

/// Bytes before the bits: number of samples and flags.
const HEADER_BYTES: usize = 3;
/// Largest count that a float holds exactly, with all below it.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// Largest custom bound in thousandths that is written short.
const SHORT_BOUND_MAX: f64 = 33_554_430.0;

/// Histograms that one chunk can hold: one layout, counts that never fall (but for gauges), stale markers only at the end.
#[derive(Debug, Clone, Default)]
pub struct HistogramChunk<'a> {
    samples: Vec<(i64, &'a Histogram)>,
    /// Whether the first sample is known to come after a reset.
    begins_with_reset: bool,
}

impl<'a> HistogramChunk<'a> {
    /// A chunk whose first sample comes after `before`, the last of the chunk before it.
    #[must_use]
    pub fn after(before: Option<&Histogram>, first: (i64, &'a Histogram)) -> Self {
        let begins_with_reset = before.is_some_and(|before| !is_stale(before.sum) && falls(before, first.1));
        Self { samples: vec![first], begins_with_reset }
    }

    /// Adds a sample; `false` when it needs a chunk of its own.
    pub fn push(&mut self, time: i64, histogram: &'a Histogram) -> bool {
        let fits = match self.samples.last() {
            None => true,
            Some((_, last)) if is_stale(last.sum) => is_stale(histogram.sum),
            Some(_) if is_stale(histogram.sum) => true,
            Some((_, last)) => same_layout(last, histogram) && follows(last, histogram),
        };
        if fits {
            self.samples.push((time, histogram));
        }
        fits
    }

    /// Samples so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// First and last time, milliseconds.
    #[must_use]
    pub fn times(&self) -> Option<(i64, i64)> {
        Some((self.samples.first()?.0, self.samples.last()?.0))
    }

    /// The encoding number and the bytes.
    #[must_use]
    pub fn finish(&self) -> (u8, Vec<u8>) {
        let mut out = BitWriter::after(vec![0; HEADER_BYTES]);
        let stale = Histogram { sum: f64::from_bits(gw_batch::STALE_NAN_BITS), ..Histogram::default() };
        let first = self.samples.first().map(|(_, first)| if is_stale(first.sum) { &stale } else { *first });
        let whole = self.samples.iter().all(|(_, histogram)| is_stale(histogram.sum) || is_whole(histogram));
        if let Some(first) = first {
            write_layout(&mut out, first);
        }
        if whole {
            self.integers(&mut out);
        } else {
            self.floats(&mut out);
        }
        let count = u16::try_from(self.samples.len()).unwrap_or(u16::MAX);
        if let Some(header) = out.as_bytes_mut().first_chunk_mut::<HEADER_BYTES>() {
            let [high, low] = count.to_be_bytes();
            *header = [high, low, self.flags() << 6];
        }
        (if whole { HISTOGRAM } else { FLOAT_HISTOGRAM }, out.finish())
    }

    fn flags(&self) -> u8 {
        match self.samples.first().map(|(_, first)| first.reset_hint) {
            Some(HINT_GAUGE) => 0b11,
            Some(HINT_RESET) => 0b10,
            _ if self.begins_with_reset => 0b10,
            Some(HINT_NO_RESET) => 0b01,
            _ => 0,
        }
    }

    fn integers(&self, out: &mut BitWriter) {
        let (mut counts, mut changes): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
        let (mut sum, mut clock) = (XorValue::default(), Clock::default());
        for (index, (time, histogram)) in self.samples.iter().enumerate() {
            let ended = is_stale(histogram.sum);
            clock.write(out, index, *time);
            if index == 0 {
                counts = if ended { vec![0, 0] } else { differences(histogram) };
                changes = vec![0; counts.len()];
                counts.iter().take(2).for_each(|count| write_unsigned(out, count.cast_unsigned()));
                out.bits(histogram.sum.to_bits(), 64);
                sum = XorValue::after(histogram.sum);
                counts.iter().skip(2).for_each(|count| write_signed(out, *count));
                continue;
            }
            if ended {
                // Wire: of a stale sample the counts are told as unchanged changes and the buckets not at all.
                write_signed(out, 0);
                write_signed(out, 0);
                sum.write(out, histogram.sum);
                continue;
            }
            let next = differences(histogram);
            for (place, count) in next.iter().enumerate() {
                let change = count.wrapping_sub(counts[place]);
                write_signed(out, change.wrapping_sub(changes[place]));
                changes[place] = change;
                if place == 1 {
                    sum.write(out, histogram.sum);
                }
            }
            counts = next;
        }
    }

    fn floats(&self, out: &mut BitWriter) {
        let (mut values, mut clock): (Vec<XorValue>, Clock) = (Vec::new(), Clock::default());
        for (index, (time, histogram)) in self.samples.iter().enumerate() {
            let ended = is_stale(histogram.sum);
            clock.write(out, index, *time);
            let counts = [histogram.count, histogram.zero_count, histogram.sum];
            let buckets = histogram.positive.iter().chain(&histogram.negative);
            let all = counts.iter().chain(buckets).take(if ended { 3 } else { usize::MAX });
            if index == 0 {
                values = all.clone().map(|value| XorValue::after(*value)).collect();
                all.for_each(|value| out.bits(value.to_bits(), 64));
            } else {
                values.iter_mut().zip(all).for_each(|(before, value)| before.write(out, *value));
            }
        }
    }
}

/// Times as deltas of deltas.
#[derive(Debug, Default)]
struct Clock {
    time: i64,
    step: i64,
}

impl Clock {
    fn write(&mut self, out: &mut BitWriter, index: usize, time: i64) {
        if index == 0 {
            write_signed(out, time);
        } else {
            let step = time.wrapping_sub(self.time);
            write_signed(out, step.wrapping_sub(self.step));
            self.step = step;
        }
        self.time = time;
    }
}

/// Count, zero count, then each bucket of either side as its difference to the bucket before.
fn differences(histogram: &Histogram) -> Vec<i64> {
    let side = |counts: &'_ [f64]| -> Vec<i64> {
        let mut before = 0;
        counts.iter().map(|count| (*count as i64) - std::mem::replace(&mut before, *count as i64)).collect()
    };
    let mut all = vec![histogram.count as i64, histogram.zero_count as i64];
    all.extend(side(&histogram.positive));
    all.extend(side(&histogram.negative));
    all
}

fn is_whole(histogram: &Histogram) -> bool {
    let counts = [histogram.count, histogram.zero_count];
    let mut all = counts.iter().chain(&histogram.positive).chain(&histogram.negative);
    all.all(|count| count.fract() == 0.0 && (0.0..=WHOLE_MAX).contains(count))
}

fn same_layout(a: &Histogram, b: &Histogram) -> bool {
    a.schema == b.schema
        && a.zero_threshold.to_bits() == b.zero_threshold.to_bits()
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && a.custom_bounds == b.custom_bounds
}

/// Whether `next` may stand after `last` in one chunk, where readers take it that nothing was reset.
fn follows(last: &Histogram, next: &Histogram) -> bool {
    let gauges = (last.reset_hint == HINT_GAUGE, next.reset_hint == HINT_GAUGE);
    match gauges {
        (true, true) => true,
        (false, false) => next.reset_hint != HINT_RESET && !falls(last, next),
        _ => false,
    }
}

/// Whether counts fell, as they do after a reset.
fn falls(last: &Histogram, next: &Histogram) -> bool {
    let pairs = |a: &'_ [f64], b: &'_ [f64]| a.iter().zip(b).any(|(before, after)| after < before);
    next.count < last.count
        || same_layout(last, next)
            && (next.zero_count < last.zero_count
                || pairs(&last.positive, &next.positive)
                || pairs(&last.negative, &next.negative))
}

fn write_layout(out: &mut BitWriter, histogram: &Histogram) {
    write_threshold(out, histogram.zero_threshold);
    write_signed(out, i64::from(histogram.schema));
    write_spans(out, &histogram.positive_spans);
    write_spans(out, &histogram.negative_spans);
    if histogram.schema == CUSTOM_BUCKETS {
        write_unsigned(out, histogram.custom_bounds.len() as u64);
        histogram.custom_bounds.iter().for_each(|bound| write_bound(out, *bound));
    }
}

fn write_threshold(out: &mut BitWriter, threshold: f64) {
    // A power of two of ordinary size has no bits but those of its exponent.
    let exponent = (threshold.to_bits() >> 52) as i32 - 1023;
    let is_power = threshold > 0.0 && threshold.to_bits().trailing_zeros() >= 52;
    if threshold == 0.0 {
        out.bits(0, 8);
    } else if is_power && (-243..=10).contains(&exponent) {
        out.bits((exponent + 244) as u64, 8);
    } else {
        out.bits(0xFF, 8);
        out.bits(threshold.to_bits(), 64);
    }
}

fn write_spans(out: &mut BitWriter, spans: &[BucketSpan]) {
    write_unsigned(out, spans.len() as u64);
    for span in spans {
        write_unsigned(out, u64::from(span.length));
        write_signed(out, i64::from(span.offset));
    }
}

fn write_bound(out: &mut BitWriter, bound: f64) {
    let thousandths = bound * 1000.0;
    if (0.0..=SHORT_BOUND_MAX).contains(&thousandths) && thousandths.fract() == 0.0 && bound.is_sign_positive() {
        write_unsigned(out, thousandths as u64 + 1);
    } else {
        out.bit(false);
        out.bits(bound.to_bits(), 64);
    }
}
