//! Native histograms (exponential and custom buckets) as values, and their byte form inside a batch.

/// Counter-reset hint: unknown.
pub const HINT_UNKNOWN: u8 = 0;
/// Counter-reset hint: a reset.
pub const HINT_RESET: u8 = 1;
/// Counter-reset hint: no reset.
pub const HINT_NO_RESET: u8 = 2;
/// Counter-reset hint: a gauge.
pub const HINT_GAUGE: u8 = 3;

/// Consecutive buckets: `offset` from the end of the previous span (from index 0 for the first), `length` buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketSpan {
    /// Gap to the previous span; may be negative only for the first.
    pub offset: i32,
    /// Number of buckets.
    pub length: u32,
}

/// A native histogram with float counts, as in Prometheus `FloatHistogram`. Integer histograms are widened; counts up to
/// 2^53 stay exact.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Resolution -4..=8, or -53 for custom buckets.
    pub schema: i32,
    /// Counter-reset hint: 0 unknown, 1 reset, 2 no reset, 3 gauge.
    pub reset_hint: u8,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of observations; the stale marker makes the histogram stale.
    pub sum: f64,
    /// Spans of the positive buckets.
    pub positive_spans: Vec<BucketSpan>,
    /// Absolute counts of the positive buckets.
    pub positive: Vec<f64>,
    /// Spans of the negative buckets.
    pub negative_spans: Vec<BucketSpan>,
    /// Absolute counts of the negative buckets.
    pub negative: Vec<f64>,
    /// Upper bounds of custom buckets, rising, without +Inf; empty for exponential schemas.
    pub custom_bounds: Vec<f64>,
}

impl Histogram {
    /// Says in the hint what the sample before tells: that the counter was not reset since then, or that it is unknown. A gauge
    /// and a reset that the sender knows of stay what they are.
    ///
    /// Known once at the time of appending, it need not be found out again by every query over the two. That a reset is found
    /// is left unknown, as it is by Prometheus' storage: queries that compare the two samples find it again.
    pub fn follow(&mut self, previous: Option<&Self>) {
        if self.reset_hint == HINT_GAUGE || self.reset_hint == HINT_RESET {
            return;
        }
        let comparable = previous.filter(|before| {
            before.reset_hint != HINT_GAUGE && !crate::is_stale(before.sum) && !crate::is_stale(self.sum)
        });
        self.reset_hint = match comparable {
            Some(before) if self.count >= before.count && self.same_layout(before) && !self.fell_since(before) => {
                HINT_NO_RESET
            }
            _ => HINT_UNKNOWN,
        };
    }

    fn same_layout(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.zero_threshold == other.zero_threshold
            && self.custom_bounds == other.custom_bounds
    }

    fn fell_since(&self, before: &Self) -> bool {
        self.zero_count < before.zero_count
            || fell((&self.positive_spans, &self.positive), (&before.positive_spans, &before.positive))
            || fell((&self.negative_spans, &self.negative), (&before.negative_spans, &before.negative))
    }

    /// The byte form: fixed head, then each list with its length, little endian.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(64 + 8 * (self.positive.len() + self.negative.len() + self.custom_bounds.len()));
        bytes.extend_from_slice(&self.schema.to_le_bytes());
        bytes.push(self.reset_hint);
        for value in [self.zero_threshold, self.zero_count, self.count, self.sum] {
            bytes.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        for spans in [&self.positive_spans, &self.negative_spans] {
            bytes.extend_from_slice(&(spans.len() as u32).to_le_bytes());
            for span in spans {
                bytes.extend_from_slice(&span.offset.to_le_bytes());
                bytes.extend_from_slice(&span.length.to_le_bytes());
            }
        }
        for list in [&self.positive, &self.negative, &self.custom_bounds] {
            bytes.extend_from_slice(&(list.len() as u32).to_le_bytes());
            list.iter().for_each(|value| bytes.extend_from_slice(&value.to_bits().to_le_bytes()));
        }
        bytes
    }

    /// Reads [`Histogram::encode`]'s form; `None` when the bytes are anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes };
        let histogram = Self {
            schema: reader.i32()?,
            reset_hint: reader.take::<1>()?[0],
            zero_threshold: reader.f64()?,
            zero_count: reader.f64()?,
            count: reader.f64()?,
            sum: reader.f64()?,
            positive_spans: reader.spans()?,
            negative_spans: reader.spans()?,
            positive: reader.floats()?,
            negative: reader.floats()?,
            custom_bounds: reader.floats()?,
        };
        reader.rest.is_empty().then_some(histogram)
    }
}

/// A bucket with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Whether the lower bound belongs to it.
    pub lower_inclusive: bool,
    /// Whether the upper bound belongs to it.
    pub upper_inclusive: bool,
    /// Observations in it.
    pub count: f64,
}

/// The schema number of custom buckets.
pub const CUSTOM_BUCKETS: i32 = -53;

impl Histogram {
    /// All buckets in rising order: negative ones, the zero bucket (when it has observations), positive ones.
    #[must_use]
    pub fn buckets(&self) -> Vec<Bucket> {
        let side = |spans: &[BucketSpan], counts: &[f64]| -> Vec<(f64, f64, f64)> {
            indices(spans)
                .zip(counts)
                .map(|(index, count)| (self.bound(index - 1), self.bound(index), *count))
                .collect()
        };
        let bucket = |lower: f64, upper: f64, count: f64| Bucket {
            lower,
            upper,
            lower_inclusive: lower < 0.0,
            upper_inclusive: upper > 0.0,
            count,
        };
        let negative = side(&self.negative_spans, &self.negative);
        let mut buckets: Vec<Bucket> =
            negative.into_iter().rev().map(|(low, high, count)| bucket(-high, -low, count)).collect();
        if self.zero_count > 0.0 {
            let zero = bucket(-self.zero_threshold, self.zero_threshold, self.zero_count);
            buckets.push(Bucket { lower_inclusive: true, upper_inclusive: true, ..zero });
        }
        buckets.extend(
            side(&self.positive_spans, &self.positive).into_iter().map(|(low, high, count)| bucket(low, high, count)),
        );
        buckets
    }

    /// The upper bound of the positive bucket of an index: `2^(index * 2^-schema)`, or the custom bound.
    #[must_use]
    pub fn bound(&self, index: i32) -> f64 {
        if self.schema == CUSTOM_BUCKETS {
            return match usize::try_from(index) {
                Ok(index) => self.custom_bounds.get(index).copied().unwrap_or(f64::INFINITY),
                Err(_before_first) => f64::NEG_INFINITY,
            };
        }
        // Whole powers of two are exact this way; the fraction alone goes through `exp2`.
        let scaled = f64::from(index) * f64::from(-self.schema).exp2();
        let whole = scaled.floor();
        (scaled - whole).exp2() * whole.exp2()
    }
}

/// The bucket indices that spans name.
fn indices(spans: &[BucketSpan]) -> impl Iterator<Item = i32> + '_ {
    let mut next = 0i32;
    spans.iter().flat_map(move |span| {
        let first = next.saturating_add(span.offset);
        let length = i32::try_from(span.length).unwrap_or(i32::MAX);
        next = first.saturating_add(length);
        first..next
    })
}

/// Buckets with their indices, in rising order.
fn indexed<'a>((spans, counts): (&'a [BucketSpan], &'a [f64])) -> impl Iterator<Item = (i64, f64)> + 'a {
    let mut next = 0i64;
    let indices = spans.iter().flat_map(move |span| {
        let first = next + i64::from(span.offset);
        next = first + i64::from(span.length);
        first..next
    });
    indices.zip(counts.iter().copied())
}

/// Whether some bucket of `before` holds less now.
fn fell(now: (&[BucketSpan], &[f64]), before: (&[BucketSpan], &[f64])) -> bool {
    let mut now = indexed(now).peekable();
    indexed(before).any(|(index, count)| {
        while now.next_if(|(other, _)| *other < index).is_some() {}
        now.next_if(|(other, _)| *other == index).map_or(0.0, |found| found.1) < count
    })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_le_bytes)
    }

    fn f64(&mut self) -> Option<f64> {
        self.take().map(|bytes| f64::from_bits(u64::from_le_bytes(bytes)))
    }

    /// A list length that the remaining bytes can hold, so that hostile lengths allocate nothing.
    fn length(&mut self, item_bytes: usize) -> Option<usize> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        (length.checked_mul(item_bytes)? <= self.rest.len()).then_some(length)
    }

    fn spans(&mut self) -> Option<Vec<BucketSpan>> {
        let length = self.length(8)?;
        (0..length)
            .map(|_| Some(BucketSpan { offset: self.i32()?, length: u32::from_le_bytes(self.take()?) }))
            .collect()
    }

    fn floats(&mut self) -> Option<Vec<f64>> {
        let length = self.length(8)?;
        (0..length).map(|_| self.f64()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip_and_truncation_is_refused() {
        let histogram = Histogram {
            schema: 3,
            count: 6.0,
            sum: f64::from_bits(crate::STALE_NAN_BITS),
            positive_spans: vec![BucketSpan { offset: -2, length: 2 }],
            positive: vec![1.0, 5.0],
            ..Histogram::default()
        };
        let bounds: Vec<_> = histogram.buckets().iter().map(|bucket| (bucket.upper, bucket.count)).collect();
        assert_eq!(bounds, [(0.840_896_415_253_714_5, 1.0), (0.917_004_043_204_671_2, 5.0)]);
        let bytes = histogram.encode();
        assert_eq!(Histogram::decode(&bytes).unwrap().encode(), bytes);
        for cut in 0..bytes.len() {
            assert!(Histogram::decode(&bytes[..cut]).is_none());
        }
    }
}
