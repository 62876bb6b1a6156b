//! What the records of the write-ahead log say: series, samples, histograms, exemplars, metadata, deletions.

use gw_base::{Labels, Timestamp};
use gw_batch::histogram::CUSTOM_BUCKETS;
use gw_batch::{BucketSpan, Exemplar, Histogram, MetricType};

use super::chunk::{Sample, Value};
use super::cursor::Cursor;
use super::tombstones::Interval;
use super::{Fault, TsdbError};
use crate::labels::canonical;

/// What a record holds; series are told by the reference that a record of series gave them.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// References and the labels they stand for.
    Series(Vec<(u64, Labels)>),
    /// Samples, floats or histograms.
    Samples(Vec<(u64, Sample)>),
    /// Deleted ranges.
    Tombstones(Vec<(u64, Interval)>),
    /// Exemplars; each has its time.
    Exemplars(Vec<(u64, Exemplar)>),
    /// Series whose out-of-order samples so far lie in a chunk of the head, and the reference of that chunk.
    Markers(Vec<(u64, u64)>),
    /// Type, unit and help of the family that a series belongs to.
    Metadata(Vec<(u64, Metadata)>),
    /// A type that is not known.
    Unknown(u8),
}

/// What is known of a family of metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its type.
    pub kind: MetricType,
    /// Its unit.
    pub unit: String,
    /// Its help text.
    pub help: String,
}

/// Types of records, their first byte.
pub mod kind {
    /// Series.
    pub const SERIES: u8 = 1;
    /// Floats.
    pub const SAMPLES: u8 = 2;
    /// Deleted ranges.
    pub const TOMBSTONES: u8 = 3;
    /// Exemplars.
    pub const EXEMPLARS: u8 = 4;
    /// Out-of-order chunks.
    pub const MARKERS: u8 = 5;
    /// Metadata.
    pub const METADATA: u8 = 6;
    /// Histograms with integer counts.
    pub const HISTOGRAMS: u8 = 7;
    /// Histograms with float counts.
    pub const FLOAT_HISTOGRAMS: u8 = 8;
    /// Histograms with custom buckets.
    pub const CUSTOM_HISTOGRAMS: u8 = 9;
    /// Histograms with custom buckets and float counts.
    pub const CUSTOM_FLOAT_HISTOGRAMS: u8 = 10;
    /// Floats with start times.
    pub const SAMPLES_WITH_STARTS: u8 = 11;
    /// Histograms with integer counts and start times.
    pub const HISTOGRAMS_WITH_STARTS: u8 = 12;
    /// Histograms with float counts and start times.
    pub const FLOAT_HISTOGRAMS_WITH_STARTS: u8 = 13;
}

/// Decodes a record that begins at `offset` of its segment; offsets in errors count its decompressed bytes from there.
///
/// # Errors
/// [`TsdbError`] when the bytes are not what their type says.
pub fn decode(bytes: &[u8], offset: u64) -> Result<Record, TsdbError> {
    let mut cursor = Cursor::new("log record", offset, bytes);
    let kind = cursor.u8()?;
    let cursor = &mut cursor;
    match kind {
        kind::SERIES => all(cursor, |cursor| Ok((cursor.u64()?, labels(cursor)?))).map(Record::Series),
        kind::TOMBSTONES => {
            let stone = |cursor: &mut Cursor<'_>| {
                Ok((cursor.u64()?, Interval { min: cursor.varint()?, max: cursor.varint()? }))
            };
            all(cursor, stone).map(Record::Tombstones)
        }
        kind::MARKERS => all(cursor, |cursor| Ok((cursor.u64()?, cursor.u64()?))).map(Record::Markers),
        kind::METADATA => all(cursor, metadata).map(Record::Metadata),
        kind::EXEMPLARS => exemplars(cursor).map(Record::Exemplars),
        kind::SAMPLES => samples(cursor, |cursor| cursor.f64().map(Value::Float)),
        kind::HISTOGRAMS | kind::CUSTOM_HISTOGRAMS => samples(cursor, |cursor| histogram(cursor, true)),
        kind::FLOAT_HISTOGRAMS | kind::CUSTOM_FLOAT_HISTOGRAMS => samples(cursor, |cursor| histogram(cursor, false)),
        kind::SAMPLES_WITH_STARTS => samples_with_starts(cursor, |cursor| cursor.f64().map(Value::Float)),
        kind::HISTOGRAMS_WITH_STARTS => samples_with_starts(cursor, |cursor| histogram(cursor, true)),
        kind::FLOAT_HISTOGRAMS_WITH_STARTS => samples_with_starts(cursor, |cursor| histogram(cursor, false)),
        unknown => Ok(Record::Unknown(unknown)),
    }
}

fn all<T>(
    cursor: &mut Cursor<'_>,
    mut item: impl FnMut(&mut Cursor<'_>) -> Result<T, TsdbError>,
) -> Result<Vec<T>, TsdbError> {
    let mut items = Vec::new();
    while !cursor.is_empty() {
        items.push(item(cursor)?);
    }
    Ok(items)
}

fn labels(cursor: &mut Cursor<'_>) -> Result<Labels, TsdbError> {
    let count = cursor.count(2)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        pairs.push((cursor.text()?, cursor.text()?));
    }
    let mut bytes = Vec::new();
    let twice = |_twice| cursor.error(Fault::Malformed("a label name stands twice"));
    canonical(&mut pairs, &mut bytes).map_err(twice)?;
    Labels::from_bytes(&bytes).map_err(|_not| cursor.error(Fault::Malformed("labels have no canonical form")))
}

fn metadata(cursor: &mut Cursor<'_>) -> Result<(u64, Metadata), TsdbError> {
    let series = cursor.uvarint()?;
    let kind = MetricType::from_u8(cursor.u8()?).unwrap_or(MetricType::Unknown);
    let mut metadata = Metadata { kind, unit: String::new(), help: String::new() };
    for _ in 0..cursor.count(2)? {
        let (name, value) = (cursor.text()?, cursor.text()?);
        match name {
            "UNIT" => value.clone_into(&mut metadata.unit),
            "HELP" => value.clone_into(&mut metadata.help),
            _ => {}
        }
    }
    Ok((series, metadata))
}

fn exemplars(cursor: &mut Cursor<'_>) -> Result<Vec<(u64, Exemplar)>, TsdbError> {
    if cursor.is_empty() {
        return Ok(Vec::new());
    }
    let base = (cursor.u64()?, cursor.u64()?.cast_signed());
    all(cursor, |cursor| {
        let (series, time) = moved(base, cursor)?;
        let (value, labels) = (cursor.f64()?, labels(cursor)?);
        Ok((series, Exemplar { labels, value, time: Some(Timestamp::from_millis(time)) }))
    })
}

/// Series and time as differences to the first line of the record.
fn moved(base: (u64, i64), cursor: &mut Cursor<'_>) -> Result<(u64, i64), TsdbError> {
    Ok((base.0.wrapping_add_signed(cursor.varint()?), base.1.wrapping_add(cursor.varint()?)))
}

fn samples(
    cursor: &mut Cursor<'_>,
    value: impl Fn(&mut Cursor<'_>) -> Result<Value, TsdbError>,
) -> Result<Record, TsdbError> {
    if cursor.is_empty() {
        return Ok(Record::Samples(Vec::new()));
    }
    let base = (cursor.u64()?, cursor.u64()?.cast_signed());
    let sample = |cursor: &mut Cursor<'_>| {
        let (series, time) = moved(base, cursor)?;
        Ok((series, Sample { time, start: 0, value: value(cursor)? }))
    };
    all(cursor, sample).map(Record::Samples)
}

fn samples_with_starts(
    cursor: &mut Cursor<'_>,
    value: impl Fn(&mut Cursor<'_>) -> Result<Value, TsdbError>,
) -> Result<Record, TsdbError> {
    if cursor.is_empty() {
        return Ok(Record::Samples(Vec::new()));
    }
    // The series of a sample is told from that before it, its time and start from those of the first.
    let (mut series, first_time, first_start) = (cursor.varint()?, cursor.varint()?, cursor.varint()?);
    let mut start = first_start;
    let first = Sample { time: first_time, start, value: value(cursor)? };
    let mut samples = vec![(series.cast_unsigned(), first)];
    while !cursor.is_empty() {
        series = series.wrapping_add(cursor.varint()?);
        let time = first_time.wrapping_add(cursor.varint()?);
        start = match cursor.u8()? {
            0 => 0,
            1 => start,
            _ => first_start.wrapping_add(cursor.varint()?),
        };
        samples.push((series.cast_unsigned(), Sample { time, start, value: value(cursor)? }));
    }
    Ok(Record::Samples(samples))
}

fn histogram(cursor: &mut Cursor<'_>, whole: bool) -> Result<Value, TsdbError> {
    let reset_hint = cursor.u8()?.min(3);
    let schema = i32::try_from(cursor.varint()?).unwrap_or(i32::MAX);
    let mut histogram = Histogram { reset_hint, schema, zero_threshold: cursor.f64()?, ..Histogram::default() };
    let count = |cursor: &mut Cursor<'_>| {
        if whole { cursor.uvarint().map(|count| count as f64) } else { cursor.f64() }
    };
    histogram.zero_count = count(cursor)?;
    histogram.count = count(cursor)?;
    histogram.sum = cursor.f64()?;
    histogram.positive_spans = spans(cursor)?;
    histogram.negative_spans = spans(cursor)?;
    histogram.positive = buckets(cursor, whole)?;
    histogram.negative = buckets(cursor, whole)?;
    if schema == CUSTOM_BUCKETS {
        let bounds = cursor.count(8)?;
        histogram.custom_bounds = (0..bounds).map(|_| cursor.f64()).collect::<Result<_, _>>()?;
    }
    Ok(Value::Histogram(Box::new(histogram)))
}

fn spans(cursor: &mut Cursor<'_>) -> Result<Vec<BucketSpan>, TsdbError> {
    let count = cursor.count(2)?;
    let span = |_| {
        let (offset, length) = (cursor.varint()?, cursor.uvarint()?);
        let fits = i32::try_from(offset).ok().zip(u32::try_from(length).ok());
        let (offset, length) = fits.ok_or(cursor.error(Fault::Malformed("a span does not fit 32 bits")))?;
        Ok(BucketSpan { offset, length })
    };
    (0..count).map(span).collect()
}

fn buckets(cursor: &mut Cursor<'_>, whole: bool) -> Result<Vec<f64>, TsdbError> {
    if !whole {
        let count = cursor.count(8)?;
        return (0..count).map(|_| cursor.f64()).collect();
    }
    let length = cursor.count(1)?;
    let mut count = 0i64;
    let mut buckets = Vec::with_capacity(length);
    for _ in 0..length {
        let next = count.checked_add(cursor.varint()?).filter(|next| *next >= 0);
        count = next.ok_or(cursor.error(Fault::Malformed("a histogram bucket has a negative count")))?;
        buckets.push(count as f64);
    }
    Ok(buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zigzag(value: i64) -> u8 {
        u8::try_from((value << 1) ^ (value >> 63)).unwrap()
    }

    #[test]
    fn records_are_read_and_cut_ones_are_errors() {
        let mut series = vec![kind::SERIES];
        series.extend(7u64.to_be_bytes());
        series.extend(b"\x02\x08__name__\x02up\x03job\x01a");
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
        assert_eq!(decode(&series, 0), Ok(Record::Series(vec![(7, labels)])));

        let mut floats = vec![kind::SAMPLES];
        floats.extend(7u64.to_be_bytes());
        floats.extend(1000i64.to_be_bytes());
        for (series, time, value) in [(0, 0, 1.5f64), (-3, 5, 2.5)] {
            floats.extend([zigzag(series), zigzag(time)]);
            floats.extend(value.to_be_bytes());
        }
        let float = |time, start, value| Sample { time, start, value: Value::Float(value) };
        assert_eq!(decode(&floats, 0), Ok(Record::Samples(vec![(7, float(1000, 0, 1.5)), (4, float(1005, 0, 2.5))])));

        let mut starts = vec![kind::SAMPLES_WITH_STARTS, zigzag(7), zigzag(60), zigzag(20)];
        starts.extend(1.5f64.to_be_bytes());
        starts.extend([zigzag(1), zigzag(2), 1]);
        starts.extend(2.5f64.to_be_bytes());
        starts.extend([zigzag(1), zigzag(2), 2, zigzag(-5)]);
        starts.extend(3.5f64.to_be_bytes());
        let wanted = vec![(7, float(60, 20, 1.5)), (8, float(62, 20, 2.5)), (9, float(62, 15, 3.5))];
        assert_eq!(decode(&starts, 0), Ok(Record::Samples(wanted)));

        for record in [&series, &floats, &starts] {
            assert!(decode(&record[..record.len() - 1], 0).is_err());
        }
        assert_eq!(decode(&[99, 1, 2], 0), Ok(Record::Unknown(99)));
    }

    #[test]
    fn hostile_counts_take_no_memory() {
        let mut hostile = vec![kind::HISTOGRAMS];
        hostile.extend([0; 16]);
        hostile.extend([0, 0, 0, 0]);
        hostile.extend([0; 8]);
        hostile.extend([0, 0]);
        hostile.extend([0; 8]);
        hostile.extend([0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
        let error = decode(&hostile, 0).unwrap_err();
        assert_eq!(error.fault, Fault::Malformed("a count is larger than what follows can hold"));
    }
}
