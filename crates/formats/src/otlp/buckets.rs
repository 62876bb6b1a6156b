//! Buckets of OTLP exponential histograms as the spans of a native histogram.

use gw_batch::{BucketSpan, Histogram};

use crate::protobuf::{Field, ProtobufError};

/// Finest resolution of a native histogram; finer ones are merged down to it.
const MAX_SCHEMA: i32 = 8;
/// Coarsest resolution of a native histogram.
const MIN_SCHEMA: i32 = -4;
/// Empty buckets up to this many stay inside a span: a new span costs as much.
const MAX_GAP: i32 = 2;

/// The positive or the negative buckets as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Side {
    offset: i32,
    counts: Vec<u64>,
}

impl Side {
    pub(super) fn read(field: Field<'_>) -> Result<Self, ProtobufError> {
        let mut side = Self::default();
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => side.offset = part.sint32()?,
                2 => part.varints(&mut side.counts, |count| count)?,
                _ => {}
            }
        }
        Ok(side)
    }
}

/// Fills schema and buckets of `histogram`.
pub(super) fn fill(histogram: &mut Histogram, scale: i32, positive: &Side, negative: &Side) -> Result<(), String> {
    if scale < MIN_SCHEMA {
        return Err(format!("scale {scale} is coarser than {MIN_SCHEMA}"));
    }
    histogram.schema = scale.min(MAX_SCHEMA);
    // Merging by more than 31 halvings leaves every index in one of two buckets all the same.
    let merge = (scale - histogram.schema).min(31);
    (histogram.positive_spans, histogram.positive) = spans(positive, merge)?;
    (histogram.negative_spans, histogram.negative) = spans(negative, merge)?;
    Ok(())
}

fn spans(side: &Side, merge: i32) -> Result<(Vec<BucketSpan>, Vec<f64>), String> {
    let (mut spans, mut counts): (Vec<BucketSpan>, Vec<f64>) = (Vec::new(), Vec::new());
    // Index that the next bucket of the last span would have.
    let mut next = 0i32;
    for (i, count) in side.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let index = i32::try_from(i).ok().and_then(|i| side.offset.checked_add(i)).filter(|index| *index < i32::MAX);
        // Wire: OTLP counts from the lower bound of a bucket, Prometheus from its upper one.
        let index = (index.ok_or("bucket index is out of range")? >> merge) + 1;
        match spans.last_mut() {
            Some(_) if index == next - 1 => {
                if let Some(last) = counts.last_mut() {
                    *last += *count as f64;
                }
                continue;
            }
            Some(span) if index - next <= MAX_GAP => {
                let gap = (index - next).cast_unsigned();
                counts.extend((0..gap).map(|_| 0.0));
                span.length += gap + 1;
            }
            _ => spans.push(BucketSpan { offset: index - next, length: 1 }),
        }
        counts.push(*count as f64);
        next = index + 1;
    }
    Ok((spans, counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(scale: i32, offset: i32, counts: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        fill(&mut histogram, scale, &Side { offset, counts: counts.to_vec() }, &Side::default()).unwrap();
        histogram
    }

    #[test]
    fn buckets_become_spans() {
        let histogram = filled(3, -2, &[0, 4, 0, 0, 5, 0, 0, 0, 6, 0]);
        assert_eq!(
            histogram.positive_spans,
            [BucketSpan { offset: 0, length: 4 }, BucketSpan { offset: 3, length: 1 }]
        );
        assert_eq!(histogram.positive, [4.0, 0.0, 0.0, 5.0, 6.0]);
        assert_eq!(histogram.schema, 3);
    }

    #[test]
    fn fine_scales_are_merged() {
        let histogram = filled(9, -1, &[1, 2, 4, 8]);
        assert_eq!(histogram.schema, 8);
        assert_eq!(histogram.positive_spans, [BucketSpan { offset: 0, length: 3 }]);
        assert_eq!(histogram.positive, [1.0, 6.0, 8.0]);
        assert_eq!(filled(100, 5, &[1, 1]).positive, [2.0]);
    }

    #[test]
    fn impossible_ones_are_refused() {
        let mut histogram = Histogram::default();
        assert!(fill(&mut histogram, -5, &Side::default(), &Side::default()).is_err());
        let far = Side { offset: i32::MAX, counts: vec![1, 1] };
        assert!(fill(&mut histogram, 0, &far, &Side::default()).is_err());
        let low = Side { offset: i32::MIN, counts: vec![1] };
        assert!(fill(&mut histogram, 0, &low, &Side::default()).is_ok());
    }
}
