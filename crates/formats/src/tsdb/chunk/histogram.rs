//! Chunks of native histograms: one layout of buckets for the whole chunk, then the counts of each sample as differences.

use gw_batch::histogram::CUSTOM_BUCKETS;
use gw_batch::{BucketSpan, Histogram, STALE_NAN_BITS};

use super::starts::Starts;
use super::varbit::{read_signed, read_unsigned};
use super::{Fault, Sample, Value};
use crate::xor_chunk::{BitReader, ChunkError, XorValue};

/// Bytes before the bits: number of samples, then flags or the header of start times.
const HEADER_BYTES: usize = 3;
/// With start times, the number of samples shares its two bytes with the reset flags.
const COUNT_MASK: u16 = 0x3FFF;
/// Spans a side that are believed; a histogram of Prometheus has 160 buckets by default.
const MAX_SPANS: u64 = 1 << 14;
/// Buckets a side that are believed.
const MAX_BUCKETS: u64 = 1 << 16;
/// Wire: the smallest power of two that fits the one byte of a zero threshold is 2 to the -243, told as 1.
const THRESHOLD_BIAS: i32 = 244;
/// Zero threshold in full follows.
const THRESHOLD_IN_FULL: u64 = 255;

/// What the two highest bits of the flags say of the first sample.
const RESET: u8 = 0b10;
const NO_RESET: u8 = 0b01;
const GAUGE: u8 = 0b11;

/// Hints as in [`Histogram::reset_hint`].
pub(super) const HINT_RESET: u8 = 1;
pub(super) const HINT_NO_RESET: u8 = 2;
pub(super) const HINT_GAUGE: u8 = 3;

/// Hands out the samples of a chunk.
pub(super) fn decode<C: Counts>(chunk: &[u8], with_starts: bool, mut emit: impl FnMut(Sample)) -> Result<(), Fault> {
    let (header, bits) = chunk.split_first_chunk::<HEADER_BYTES>().ok_or(ChunkError::Truncated)?;
    let [high, low, third] = *header;
    let count = u16::from_be_bytes([high, low]);
    let (count, flags, mut starts) = if with_starts {
        (count & COUNT_MASK, high >> 6, Starts::of(third))
    } else {
        (count, third >> 6, Starts::NONE)
    };
    if count == 0 {
        return Ok(());
    }
    let mut from = BitReader::new(bits);
    let mut layout = layout(&mut from)?;
    let (positive, negative) = (buckets(&layout.positive_spans)?, buckets(&layout.negative_spans)?);
    let (mut time, mut step) = (read_signed(&mut from)?, 0i64);
    let mut counts = C::first(&mut from, positive, negative)?;
    let mut before = time;
    for index in 0..usize::from(count) {
        if index > 0 {
            step = step.wrapping_add(read_signed(&mut from)?);
            before = time;
            time = time.wrapping_add(step);
            counts.next(&mut from)?;
        }
        layout.reset_hint = hint(flags, index);
        let histogram = histogram(&layout, &counts)?;
        let start = starts.read(&mut from, index, (before, time))?;
        emit(Sample { time, start, value: Value::Histogram(Box::new(histogram)) });
    }
    Ok(())
}

const fn hint(flags: u8, index: usize) -> u8 {
    match flags {
        GAUGE => HINT_GAUGE,
        // A reset would have begun another chunk.
        _ if index > 0 => HINT_NO_RESET,
        RESET => HINT_RESET,
        NO_RESET => HINT_NO_RESET,
        _ => 0,
    }
}

/// Everything but the counts.
fn layout(from: &mut BitReader<'_>) -> Result<Histogram, Fault> {
    let zero_threshold = match from.bits(8)? {
        0 => 0.0,
        THRESHOLD_IN_FULL => f64::from_bits(from.bits(64)?),
        exponent => f64::from(exponent as i32 - THRESHOLD_BIAS).exp2(),
    };
    let schema = i32::try_from(read_signed(from)?).unwrap_or(i32::MAX);
    if schema != CUSTOM_BUCKETS && !(-4..=8).contains(&schema) {
        return Err(Fault::Malformed("histogram schema is not -4..8 or -53"));
    }
    let (positive_spans, negative_spans) = (spans(from)?, spans(from)?);
    let custom_bounds = if schema == CUSTOM_BUCKETS { bounds(from)? } else { Vec::new() };
    Ok(Histogram { schema, zero_threshold, positive_spans, negative_spans, custom_bounds, ..Histogram::default() })
}

fn spans(from: &mut BitReader<'_>) -> Result<Vec<BucketSpan>, Fault> {
    let count = read_unsigned(from)?;
    if count > MAX_SPANS {
        return Err(Fault::Malformed("histogram has too many spans"));
    }
    let span = |_| -> Result<BucketSpan, Fault> {
        let (length, offset) = (read_unsigned(from)?, read_signed(from)?);
        let wrong = |_too_wide| Fault::Malformed("histogram span does not fit 32 bits");
        Ok(BucketSpan { length: u32::try_from(length).map_err(wrong)?, offset: i32::try_from(offset).map_err(wrong)? })
    };
    (0..count).map(span).collect()
}

fn bounds(from: &mut BitReader<'_>) -> Result<Vec<f64>, Fault> {
    let count = read_unsigned(from)?;
    if count > MAX_BUCKETS {
        return Err(Fault::Malformed("histogram has too many custom bounds"));
    }
    let bound = |_| -> Result<f64, Fault> {
        Ok(match read_unsigned(from)? {
            // Wire: one clear bit means that the bound follows in full; others are thousandths, plus one.
            0 => f64::from_bits(from.bits(64)?),
            thousandths => (thousandths - 1) as f64 / 1000.0,
        })
    };
    (0..count).map(bound).collect()
}

fn buckets(spans: &[BucketSpan]) -> Result<usize, Fault> {
    let sum: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
    let sum = usize::try_from(sum).ok().filter(|sum| *sum as u64 <= MAX_BUCKETS);
    sum.ok_or(Fault::Malformed("histogram has too many buckets"))
}

fn histogram<C: Counts>(layout: &Histogram, counts: &C) -> Result<Histogram, Fault> {
    if counts.is_stale() {
        return Ok(Histogram { sum: f64::from_bits(STALE_NAN_BITS), ..Histogram::default() });
    }
    let mut histogram = layout.clone();
    counts.fill(&mut histogram)?;
    Ok(histogram)
}

/// The counts of a sample, and how those of the next follow.
pub(super) trait Counts: Sized {
    /// The counts of the first sample, which stand there in full.
    fn first(from: &mut BitReader<'_>, positive: usize, negative: usize) -> Result<Self, Fault>;
    /// Moves on to those of the next sample.
    fn next(&mut self, from: &mut BitReader<'_>) -> Result<(), ChunkError>;
    /// Whether the sample says that the series ended.
    fn is_stale(&self) -> bool;
    /// Sets them.
    fn fill(&self, histogram: &mut Histogram) -> Result<(), Fault>;
}

/// A number and by how much it changed last.
#[derive(Debug, Clone, Copy, Default)]
struct Changing {
    value: i64,
    change: i64,
}

impl Changing {
    fn next(&mut self, from: &mut BitReader<'_>) -> Result<(), ChunkError> {
        self.change = self.change.wrapping_add(read_signed(from)?);
        self.value = self.value.wrapping_add(self.change);
        Ok(())
    }
}

/// Counts of observations.
pub(super) struct Integers {
    count: Changing,
    zero: Changing,
    sum: XorValue,
    /// Each bucket as its difference to the bucket before it.
    positive: Vec<Changing>,
    negative: Vec<Changing>,
}

impl Counts for Integers {
    fn first(from: &mut BitReader<'_>, positive: usize, negative: usize) -> Result<Self, Fault> {
        let unsigned = |from: &mut BitReader<'_>| -> Result<Changing, ChunkError> {
            Ok(Changing { value: read_unsigned(from)?.cast_signed(), change: 0 })
        };
        let (count, zero) = (unsigned(from)?, unsigned(from)?);
        let sum = XorValue::after(f64::from_bits(from.bits(64)?));
        let mut side = |length: usize| -> Result<Vec<Changing>, ChunkError> {
            (0..length).map(|_| Ok(Changing { value: read_signed(from)?, change: 0 })).collect()
        };
        Ok(Self { count, zero, sum, positive: side(positive)?, negative: side(negative)? })
    }

    fn next(&mut self, from: &mut BitReader<'_>) -> Result<(), ChunkError> {
        self.count.next(from)?;
        self.zero.next(from)?;
        self.sum.read(from)?;
        if self.is_stale() {
            return Ok(());
        }
        self.positive.iter_mut().chain(&mut self.negative).try_for_each(|bucket| bucket.next(from))
    }

    fn is_stale(&self) -> bool {
        self.sum.value().to_bits() == STALE_NAN_BITS
    }

    fn fill(&self, histogram: &mut Histogram) -> Result<(), Fault> {
        histogram.count = self.count.value.cast_unsigned() as f64;
        histogram.zero_count = self.zero.value.cast_unsigned() as f64;
        histogram.sum = self.sum.value();
        histogram.positive = absolute(&self.positive)?;
        histogram.negative = absolute(&self.negative)?;
        Ok(())
    }
}

fn absolute(buckets: &[Changing]) -> Result<Vec<f64>, Fault> {
    let mut count = 0i64;
    let next = |bucket: &Changing| {
        count = count.checked_add(bucket.value).filter(|count| *count >= 0)?;
        Some(count as f64)
    };
    let counts: Option<Vec<f64>> = buckets.iter().map(next).collect();
    counts.ok_or(Fault::Malformed("a histogram bucket has a negative count"))
}

/// Counts that were computed.
pub(super) struct Floats {
    count: XorValue,
    zero: XorValue,
    sum: XorValue,
    positive: Vec<XorValue>,
    negative: Vec<XorValue>,
}

impl Counts for Floats {
    fn first(from: &mut BitReader<'_>, positive: usize, negative: usize) -> Result<Self, Fault> {
        let mut value = || -> Result<XorValue, ChunkError> { Ok(XorValue::after(f64::from_bits(from.bits(64)?))) };
        let (count, zero, sum) = (value()?, value()?, value()?);
        let mut side = |length: usize| -> Result<Vec<XorValue>, ChunkError> { (0..length).map(|_| value()).collect() };
        Ok(Self { count, zero, sum, positive: side(positive)?, negative: side(negative)? })
    }

    fn next(&mut self, from: &mut BitReader<'_>) -> Result<(), ChunkError> {
        self.count.read(from)?;
        self.zero.read(from)?;
        self.sum.read(from)?;
        if self.is_stale() {
            return Ok(());
        }
        self.positive.iter_mut().chain(&mut self.negative).try_for_each(|bucket| bucket.read(from).map(drop))
    }

    fn is_stale(&self) -> bool {
        self.sum.value().to_bits() == STALE_NAN_BITS
    }

    fn fill(&self, histogram: &mut Histogram) -> Result<(), Fault> {
        histogram.count = self.count.value();
        histogram.zero_count = self.zero.value();
        histogram.sum = self.sum.value();
        histogram.positive = self.positive.iter().map(XorValue::value).collect();
        histogram.negative = self.negative.iter().map(XorValue::value).collect();
        Ok(())
    }
}
