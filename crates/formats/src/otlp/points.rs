//! Data points of OTLP metrics as Prometheus samples.

use std::borrow::Cow;

use gw_base::{Labels, SpanId, Timestamp, TraceId};
use gw_batch::{Exemplar, Histogram, STALE_NAN_BITS, Value};

use super::attributes::{key_value, time};
use super::buckets;
use super::metrics::{Family, Pairs, Rows, Target, join_duplicates};
use super::naming::label_name;
use crate::number::float_text;
use crate::protobuf::{Field, ProtobufError};

/// Data point flag: there was nothing to record, which Prometheus writes as the stale marker.
const NO_RECORDED_VALUE: u64 = 1;
/// Width of the zero bucket where the point says none (Prometheus' default).
const ZERO_THRESHOLD: f64 = 1e-128;

/// What all points share.
#[derive(Debug, Default)]
struct Point<'a> {
    attributes: Pairs<'a>,
    start: u64,
    time: u64,
    stale: bool,
    exemplars: Vec<Exemplar>,
}

impl<'a> Point<'a> {
    fn attribute(&mut self, field: Field<'a>) -> Result<(), ProtobufError> {
        let (key, value) = key_value(field)?;
        let text = match value {
            Value::Text(text) => text,
            other => Cow::Owned(other.to_text().into_owned()),
        };
        self.attributes.push((label_name(key), text));
        Ok(())
    }

    /// Puts attributes in order; to be called once all are read.
    fn seal(&mut self) {
        self.attributes = join_duplicates(std::mem::take(&mut self.attributes));
    }

    fn start(&self) -> Option<Timestamp> {
        (self.start != 0).then(|| time(self.start))
    }

    fn value(&self, value: f64) -> f64 {
        if self.stale { f64::from_bits(STALE_NAN_BITS) } else { value }
    }
}

/// A point of a gauge or sum.
pub(super) fn number(
    rows: &mut Rows,
    target: &mut Target,
    family: &Family<'_>,
    field: Field<'_>,
) -> Result<(), ProtobufError> {
    let (mut point, mut value) = (Point::default(), 0.0);
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            2 => point.start = part.fixed64()?,
            3 => point.time = part.fixed64()?,
            4 => value = part.double()?,
            5 => point.exemplars.extend(exemplar(part)?),
            6 => value = part.fixed64()?.cast_signed() as f64,
            7 => point.attribute(part)?,
            8 => point.stale = part.varint()? & NO_RECORDED_VALUE != 0,
            _ => {}
        }
    }
    point.seal();
    let at = rows.time(target, point.time);
    let series = rows.series(&family.name, &point.attributes, target, None);
    rows.builder.sample_with(series, at, point.value(value), point.start(), point.exemplars.first());
    for exemplar in point.exemplars.iter().skip(1) {
        rows.builder.exemplar(series, at, exemplar);
    }
    Ok(())
}

/// A point of a histogram with explicit bounds: classic `_bucket`, `_sum` and `_count` series.
pub(super) fn histogram(
    rows: &mut Rows,
    target: &mut Target,
    family: &Family<'_>,
    field: Field<'_>,
) -> Result<(), ProtobufError> {
    let (mut point, mut count, mut sum) = (Point::default(), 0u64, None);
    let (mut counts, mut bounds): (Vec<u64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            2 => point.start = part.fixed64()?,
            3 => point.time = part.fixed64()?,
            4 => count = part.fixed64()?,
            5 => sum = Some(part.double()?),
            6 => part.fixed64s(&mut counts, |value| value)?,
            7 => part.fixed64s(&mut bounds, f64::from_bits)?,
            8 => point.exemplars.extend(exemplar(part)?),
            9 => point.attribute(part)?,
            10 => point.stale = part.varint()? & NO_RECORDED_VALUE != 0,
            _ => {}
        }
    }
    if !counts.is_empty() && counts.len() != bounds.len() + 1 {
        rows.refused.add("invalid_histogram", 1, || {
            let (buckets, bounds) = (counts.len(), bounds.len());
            format!("histogram {:?} has {buckets} buckets for {bounds} bounds", family.original)
        });
        return Ok(());
    }
    point.seal();
    let at = rows.time(target, point.time);
    if let Some(sum) = sum {
        plain(rows, target, &point, &format!("{}_sum", family.name), (at, sum));
    }
    plain(rows, target, &point, &format!("{}_count", family.name), (at, count as f64));
    let name = format!("{}_bucket", family.name);
    let (mut total, mut below) = (0u64, f64::NEG_INFINITY);
    // The bucket +Inf holds every observation, also where the point gives no buckets at all.
    for (i, bound) in bounds.iter().copied().chain([f64::INFINITY]).enumerate() {
        let last = i == bounds.len();
        total = if last { count } else { total.saturating_add(counts.get(i).copied().unwrap_or(0)) };
        // Wire: Prometheus writes OTLP bounds in plain notation, never with an exponent.
        let le = if last { "+Inf".to_owned() } else { bound.to_string() };
        let series = rows.series(&name, &point.attributes, target, Some(("le", &le)));
        let mut own = point.exemplars.iter().filter(|exemplar| exemplar.value > below && exemplar.value <= bound);
        rows.builder.sample_with(series, at, point.value(total as f64), point.start(), own.next());
        own.for_each(|exemplar| rows.builder.exemplar(series, at, exemplar));
        below = bound;
    }
    Ok(())
}

fn plain(rows: &mut Rows, target: &Target, point: &Point<'_>, name: &str, (at, value): (Timestamp, f64)) {
    let series = rows.series(name, &point.attributes, target, None);
    rows.builder.sample_with(series, at, point.value(value), point.start(), None);
}

/// A point of an exponential histogram: a native histogram.
pub(super) fn exponential(
    rows: &mut Rows,
    target: &mut Target,
    family: &Family<'_>,
    field: Field<'_>,
) -> Result<(), ProtobufError> {
    let mut point = Point::default();
    let mut histogram = Histogram { zero_threshold: ZERO_THRESHOLD, ..Histogram::default() };
    let mut sides = [buckets::Side::default(), buckets::Side::default()];
    let mut scale = 0;
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => point.attribute(part)?,
            2 => point.start = part.fixed64()?,
            3 => point.time = part.fixed64()?,
            4 => histogram.count = part.fixed64()? as f64,
            5 => histogram.sum = part.double()?,
            6 => scale = part.sint32()?,
            7 => histogram.zero_count = part.fixed64()? as f64,
            8 => sides[0] = buckets::Side::read(part)?,
            9 => sides[1] = buckets::Side::read(part)?,
            10 => point.stale = part.varint()? & NO_RECORDED_VALUE != 0,
            11 => point.exemplars.extend(exemplar(part)?),
            14 => {
                histogram.zero_threshold = Some(part.double()?).filter(|width| *width > 0.0).unwrap_or(ZERO_THRESHOLD);
            }
            _ => {}
        }
    }
    let [positive, negative] = sides;
    if let Err(why) = buckets::fill(&mut histogram, scale, &positive, &negative) {
        rows.refused.add("invalid_histogram", 1, || format!("exponential histogram {:?}: {why}", family.original));
        return Ok(());
    }
    if point.stale {
        histogram = Histogram { sum: f64::from_bits(STALE_NAN_BITS), ..Histogram::default() };
    }
    point.seal();
    let at = rows.time(target, point.time);
    let series = rows.series(&family.name, &point.attributes, target, None);
    rows.builder.histogram(series, at, &histogram, point.start());
    point.exemplars.iter().for_each(|exemplar| rows.builder.exemplar(series, at, exemplar));
    Ok(())
}

/// A point of a summary: quantile series, `_sum` and `_count`.
pub(super) fn summary(
    rows: &mut Rows,
    target: &mut Target,
    family: &Family<'_>,
    field: Field<'_>,
) -> Result<(), ProtobufError> {
    let (mut point, mut count, mut sum) = (Point::default(), 0u64, 0.0);
    let mut quantiles = Vec::new();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            2 => point.start = part.fixed64()?,
            3 => point.time = part.fixed64()?,
            4 => count = part.fixed64()?,
            5 => sum = part.double()?,
            6 => quantiles.push(quantile(part)?),
            7 => point.attribute(part)?,
            8 => point.stale = part.varint()? & NO_RECORDED_VALUE != 0,
            _ => {}
        }
    }
    point.seal();
    let at = rows.time(target, point.time);
    plain(rows, target, &point, &format!("{}_sum", family.name), (at, sum));
    plain(rows, target, &point, &format!("{}_count", family.name), (at, count as f64));
    for (quantile, value) in quantiles {
        let text = float_text(quantile);
        let series = rows.series(&family.name, &point.attributes, target, Some(("quantile", &text)));
        rows.builder.sample_with(series, at, point.value(value), point.start(), None);
    }
    Ok(())
}

fn quantile(field: Field<'_>) -> Result<(f64, f64), ProtobufError> {
    let (mut quantile, mut value) = (0.0, 0.0);
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => quantile = part.double()?,
            2 => value = part.double()?,
            _ => {}
        }
    }
    Ok((quantile, value))
}

/// An exemplar; `None` when it says no value.
fn exemplar(field: Field<'_>) -> Result<Option<Exemplar>, ProtobufError> {
    let (mut value, mut at, mut pairs) = (None, 0u64, Vec::new());
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            2 => at = part.fixed64()?,
            3 => value = Some(part.double()?),
            4 => pairs.extend(part.bytes()?.try_into().ok().map(|id| ("span_id".into(), SpanId(id).to_string()))),
            5 => pairs.extend(part.bytes()?.try_into().ok().map(|id| ("trace_id".into(), TraceId(id).to_string()))),
            6 => value = Some(part.fixed64()?.cast_signed() as f64),
            7 => {
                let (key, attribute) = key_value(part)?;
                pairs.push((label_name(key), attribute.to_text().into_owned()));
            }
            _ => {}
        }
    }
    let time = (at != 0).then(|| time(at));
    Ok(value.map(|value| Exemplar { labels: Labels::from_pairs(pairs), value, time }))
}
