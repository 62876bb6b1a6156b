//! Native histograms of remote write: integer (deltas) and float (absolute) forms to the one of a batch.

use gw_base::Timestamp;
use gw_batch::{BucketSpan, Histogram, STALE_NAN_BITS};

use crate::protobuf::{Field, ProtobufError, zigzag};

/// Schema of histograms with custom bounds.
const CUSTOM_BUCKETS: i32 = -53;

/// Raw fields of the message.
#[derive(Debug, Default)]
struct Raw {
    histogram: Histogram,
    time: Timestamp,
    start: Option<Timestamp>,
    positive_deltas: Vec<i64>,
    negative_deltas: Vec<i64>,
    is_integer: bool,
}

/// A histogram with its time and, of 2.0, when its series started.
pub(super) struct Point {
    pub(super) time: Timestamp,
    pub(super) start: Option<Timestamp>,
    pub(super) histogram: Histogram,
}

/// Decodes a `Histogram` of either version; the inner error tells why a well-formed message is no valid histogram.
pub(super) fn decode(field: Field<'_>) -> Result<Result<Point, String>, ProtobufError> {
    let mut raw = Raw::default();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        raw.take(part)?;
    }
    Ok(raw.finish())
}

impl Raw {
    fn take(&mut self, part: Field<'_>) -> Result<(), ProtobufError> {
        let histogram = &mut self.histogram;
        match part.number {
            1 => {
                histogram.count = part.varint()? as f64;
                self.is_integer = true;
            }
            2 => histogram.count = part.double()?,
            3 => histogram.sum = part.double()?,
            4 => histogram.schema = part.sint32()?,
            5 => histogram.zero_threshold = part.double()?,
            6 => histogram.zero_count = part.varint()? as f64,
            7 => histogram.zero_count = part.double()?,
            8 => histogram.negative_spans.push(span(part)?),
            9 => part.varints(&mut self.negative_deltas, zigzag)?,
            10 => part.fixed64s(&mut histogram.negative, f64::from_bits)?,
            11 => histogram.positive_spans.push(span(part)?),
            12 => part.varints(&mut self.positive_deltas, zigzag)?,
            13 => part.fixed64s(&mut histogram.positive, f64::from_bits)?,
            // Wire: UNKNOWN 0, YES 1, NO 2, GAUGE 3, as in a batch.
            14 => histogram.reset_hint = u8::try_from(part.varint()?).unwrap_or(0).min(3),
            15 => self.time = Timestamp::from_millis(part.int64()?),
            16 => part.fixed64s(&mut histogram.custom_bounds, f64::from_bits)?,
            17 => self.start = super::v2::start_of(part.int64()?),
            _ => {}
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Point, String> {
        if self.is_integer {
            self.histogram.positive = absolute(&self.positive_deltas)?;
            self.histogram.negative = absolute(&self.negative_deltas)?;
            check_count(&self.histogram)?;
        }
        check(&self.histogram)?;
        Ok(Point { time: self.time, start: self.start, histogram: self.histogram })
    }
}

fn span(field: Field<'_>) -> Result<BucketSpan, ProtobufError> {
    let mut span = BucketSpan { offset: 0, length: 0 };
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => span.offset = part.sint32()?,
            2 => span.length = part.varint()? as u32,
            _ => {}
        }
    }
    Ok(span)
}

fn absolute(deltas: &[i64]) -> Result<Vec<f64>, String> {
    let mut count = 0i64;
    let next = |delta: &i64| {
        count = count.checked_add(*delta).filter(|count| *count >= 0).ok_or("a bucket count is negative")?;
        Ok(count as f64)
    };
    deltas.iter().map(next).collect::<Result<_, &str>>().map_err(str::to_owned)
}

/// Counts of integer histograms add up; observations of NaN are in the count and in no bucket.
fn check_count(histogram: &Histogram) -> Result<(), String> {
    if histogram.sum.to_bits() == STALE_NAN_BITS {
        return Ok(());
    }
    let found: f64 = histogram.positive.iter().chain(&histogram.negative).sum::<f64>() + histogram.zero_count;
    let count = histogram.count;
    if histogram.sum.is_nan() && found > count {
        return Err(format!(
            "{found} observations found in buckets, but the Count field is {count}: histogram's observation count should be at least the number of observations found in the buckets"
        ));
    }
    if !histogram.sum.is_nan() && found != count {
        return Err(format!(
            "{found} observations found in buckets, but the Count field is {count}: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)"
        ));
    }
    Ok(())
}

/// The rules of Prometheus' `model/histogram` validation.
///
/// # Errors
/// The rule that is broken.
pub(crate) fn check(histogram: &Histogram) -> Result<(), String> {
    let custom = histogram.schema == CUSTOM_BUCKETS;
    if !custom && !(-4..=8).contains(&histogram.schema) {
        return Err(format!("schema {} is not -4..8 or -53", histogram.schema));
    }
    check_spans("positive", &histogram.positive_spans, &histogram.positive)?;
    check_spans("negative", &histogram.negative_spans, &histogram.negative)?;
    if custom {
        check_custom(histogram)?;
    }
    if histogram.sum.to_bits() == STALE_NAN_BITS {
        return Ok(());
    }
    let counts = histogram.positive.iter().chain(&histogram.negative).chain([&histogram.zero_count, &histogram.count]);
    if counts.clone().any(|count| *count < 0.0 || count.is_nan()) {
        return Err("a bucket count is negative".to_owned());
    }
    Ok(())
}

fn check_custom(histogram: &Histogram) -> Result<(), String> {
    if !histogram.negative.is_empty() || histogram.zero_count != 0.0 {
        return Err("custom buckets have no negative or zero bucket".to_owned());
    }
    if !histogram.custom_bounds.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err("custom bounds do not rise".to_owned());
    }
    let highest: i64 =
        histogram.positive_spans.iter().map(|span| i64::from(span.offset) + i64::from(span.length)).sum();
    if highest > histogram.custom_bounds.len() as i64 + 1 {
        return Err("more custom buckets than bounds".to_owned());
    }
    Ok(())
}

fn check_spans(side: &str, spans: &[BucketSpan], buckets: &[f64]) -> Result<(), String> {
    let length: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
    if length != buckets.len() as u64 {
        return Err(format!("{side} spans hold {length} buckets, but {} are given", buckets.len()));
    }
    match spans.iter().skip(1).find(|span| span.offset < 0) {
        Some(span) => Err(format!("a later {side} span has negative offset {}", span.offset)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_must_match_buckets() {
        let good = Histogram {
            positive_spans: vec![BucketSpan { offset: -3, length: 2 }, BucketSpan { offset: 1, length: 1 }],
            positive: vec![1.0, 2.0, 3.0],
            count: 6.0,
            ..Histogram::default()
        };
        assert_eq!(check(&good), Ok(()));
        assert!(check(&Histogram { schema: 9, ..good.clone() }).is_err());
        assert!(check(&Histogram { positive: vec![1.0], ..good.clone() }).is_err());
        let huge = vec![BucketSpan { offset: 0, length: u32::MAX }; 3];
        assert!(check(&Histogram { positive_spans: huge, ..good }).is_err());
        assert_eq!(absolute(&[1, 2, -3]), Ok(vec![1.0, 3.0, 0.0]));
        assert!(absolute(&[1, -2]).is_err());
        assert!(absolute(&[i64::MAX, 1]).is_err());
    }
}
