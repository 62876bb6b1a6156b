//! Prometheus remote write: a snappy block that holds one protobuf message, `prometheus.WriteRequest` (1.0) or
//! `io.prometheus.write.v2.Request` (2.0), as the content type says.
//!
//! Series with labels that Prometheus would refuse (no name, empty or repeated names) are left out with a reason; the others
//! of the request are kept.

mod encode;
mod histogram;
mod labels;
pub mod v2;

use std::borrow::Cow;

use gw_base::{Labels, METRIC_NAME, Timestamp};
use gw_batch::{Exemplar, MetricType, MetricsBuilder};

use crate::format::{About, DecodeContext, Decoded, Format, Refusals};
use crate::labels::canonical;
use crate::protobuf::{Field, Fields, ProtobufError};
use crate::{Encoding, FormatError, decompress};

pub use encode::encode;

/// Remote write 1.0 and 2.0.
#[derive(Debug)]
pub struct RemoteWrite;

/// The format as listed in [`crate::FORMATS`].
pub static REMOTE_WRITE: RemoteWrite = RemoteWrite;

static ABOUT: About = About {
    name: "prometheus-remote-write",
    product: "Prometheus",
    summary: "Samples, native histograms, exemplars and metadata pushed by another server.",
    specification: "prometheus/docs: specs/prw/remote_write_spec.md (1.0) and remote_write_spec_2_0.md",
};

const EXPECTED: &str =
    "application/x-protobuf with proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request";

/// Which message a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

impl Version {
    /// The message that a content type names; without a name it is 1.0's.
    ///
    /// # Errors
    /// [`FormatError::ContentType`].
    pub fn of(content_type: &str) -> Result<Self, FormatError> {
        let mut parts = content_type.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let known = match parts.find_map(|part| part.strip_prefix("proto=")) {
            None | Some("prometheus.WriteRequest") => Some(Self::V1),
            Some("io.prometheus.write.v2.Request") => Some(Self::V2),
            Some(_) => None,
        };
        let good = media_type.is_empty() || media_type.eq_ignore_ascii_case("application/x-protobuf");
        known
            .filter(|_| good)
            .ok_or_else(|| FormatError::ContentType { given: content_type.to_owned(), expected: EXPECTED })
    }
}

impl Format for RemoteWrite {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
        let version = Version::of(context.content_type)?;
        // Wire: senders of 1.0 always compress; an absent header means snappy.
        let encoding = match Encoding::parse(context.content_encoding) {
            Some(Encoding::Identity) | None if context.content_encoding.is_empty() => Encoding::Snappy,
            Some(Encoding::Snappy) => Encoding::Snappy,
            _ => {
                let given = context.content_encoding.to_owned();
                return Err(FormatError::ContentEncoding { given, expected: "snappy" });
            }
        };
        let message = decompress(encoding, body, context.limits)?;
        match version {
            Version::V1 => decode_request(&message, context),
            Version::V2 => v2::decode_request(&message, context),
        }
    }
}

/// Decodes an uncompressed `prometheus.WriteRequest`.
///
/// # Errors
/// [`FormatError::Malformed`] when the bytes are no such message.
pub fn decode_request(message: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
    let mut decoder = Decoder::default();
    let mut fields = Fields::new(message);
    let mut scratch = Vec::new();
    while let Some(field) = fields.next_field()? {
        match field.number {
            1 => decoder.time_series(field, &mut scratch)?,
            3 => decoder.metadata(field, context.now)?,
            _ => {}
        }
    }
    Ok(Decoded::of(decoder.builder.finish(context.tenant.clone()), decoder.refused))
}

#[derive(Default)]
struct Decoder {
    builder: MetricsBuilder,
    canonical: Vec<u8>,
    refused: Refusals,
}

impl Decoder {
    fn time_series<'a>(&mut self, field: Field<'a>, pairs: &mut Vec<(&'a str, &'a str)>) -> Result<(), FormatError> {
        let message = field.bytes()?;
        if let Some(rest) = labels::plain(message, &mut self.canonical)
            && let Some((value, time)) = only_sample(rest)?
        {
            let series = self.builder.fresh_series(&self.canonical);
            self.builder.sample(series, time, value);
            return Ok(());
        }
        pairs.clear();
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            if part.number == 1 {
                pairs.push(label(part)?);
            }
        }
        if let Some(wrong) = self.check_labels(pairs) {
            let rows = count_rows(field)?;
            self.refused.add("invalid_labels", rows, || wrong);
            return Ok(());
        }
        let series = self.builder.fresh_series(&self.canonical);
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                2 => {
                    let (value, time) = sample(part)?;
                    self.builder.sample(series, time, value);
                }
                3 => self.exemplar(series, part)?,
                4 => self.histogram(series, part, pairs, None)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Fills `canonical`; tells what is wrong with the labels instead.
    fn check_labels<'a>(&mut self, pairs: &mut [(&'a str, &'a str)]) -> Option<String> {
        if let Some((_, value)) = pairs.iter().find(|(name, _)| name.is_empty()) {
            return Some(format!("invalid labels: a label with value {value:?} has an empty name"));
        }
        if let Err(error) = canonical(pairs, &mut self.canonical) {
            return Some(format!("invalid labels: {error}"));
        }
        let named = pairs.iter().any(|(name, value)| *name == METRIC_NAME && !value.is_empty());
        (!named).then(|| {
            let labels = Labels::from_bytes(&self.canonical).unwrap_or_default();
            format!("invalid labels: series {labels} has no metric name")
        })
    }

    fn exemplar(&mut self, series: u32, field: Field<'_>) -> Result<(), FormatError> {
        let (mut pairs, mut value, mut time) = (Vec::new(), 0.0, Timestamp::EPOCH);
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => pairs.push(label(part)?),
                2 => value = part.double()?,
                3 => time = Timestamp::from_millis(part.int64()?),
                _ => {}
            }
        }
        let mut bytes = Vec::new();
        match canonical(&mut pairs, &mut bytes) {
            Ok(()) => {
                let labels = Labels::from_bytes(&bytes).expect("canonical writes the canonical form");
                self.builder.exemplar(series, time, &Exemplar { labels, value, time: Some(time) });
            }
            Err(error) => self.refused.add("exemplar_labels", 1, || format!("invalid exemplar: {error}")),
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        series: u32,
        field: Field<'_>,
        pairs: &[(&str, &str)],
        start: Option<Timestamp>,
    ) -> Result<(), FormatError> {
        match histogram::decode(field)? {
            Ok(point) => self.builder.histogram(series, point.time, &point.histogram, point.start.or(start)),
            Err(reason) => self.refused.add("invalid_histogram", 1, || {
                let name = pairs.iter().find(|(name, _)| *name == METRIC_NAME).map_or("", |(_, value)| value);
                format!("invalid native histogram of {name:?}: {reason}")
            }),
        }
        Ok(())
    }

    fn metadata(&mut self, field: Field<'_>, now: Timestamp) -> Result<(), FormatError> {
        let (mut kind, mut family, mut help, mut unit) = (0u64, "", "", "");
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => kind = part.varint()?,
                2 => family = part.text()?,
                4 => help = part.text()?,
                5 => unit = part.text()?,
                _ => {}
            }
        }
        if !family.is_empty() {
            let kind = u8::try_from(kind).ok().and_then(MetricType::from_u8).unwrap_or(MetricType::Unknown);
            self.builder.metadata(family, kind, unit, help, now);
        }
        Ok(())
    }
}

fn label(field: Field<'_>) -> Result<(&str, &str), ProtobufError> {
    let (mut name, mut value) = ("", "");
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => name = part.text()?,
            2 => value = part.text()?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// The sample, when it is all that there is.
fn only_sample(message: &[u8]) -> Result<Option<(f64, Timestamp)>, ProtobufError> {
    let mut fields = Fields::new(message);
    match (fields.next_field()?, fields.next_field()?) {
        (Some(only), None) if only.number == 2 => sample(only).map(Some),
        _ => Ok(None),
    }
}

fn sample(field: Field<'_>) -> Result<(f64, Timestamp), ProtobufError> {
    let (mut value, mut millis) = (0.0, 0);
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => value = part.double()?,
            2 => millis = part.int64()?,
            _ => {}
        }
    }
    Ok((value, Timestamp::from_millis(millis)))
}

fn count_rows(field: Field<'_>) -> Result<u64, ProtobufError> {
    let (mut fields, mut rows) = (field.message()?, 0);
    while let Some(part) = fields.next_field()? {
        rows += u64::from(matches!(part.number, 2 | 4));
    }
    Ok(rows)
}

/// Compresses a message as a sender does; for clients and tests.
///
/// # Errors
/// [`FormatError::Compression`] for a message over 4 GiB.
pub fn compress(message: &[u8]) -> Result<Cow<'static, [u8]>, FormatError> {
    let failed = |error: snap::Error| FormatError::Compression { encoding: "snappy", message: error.to_string() };
    snap::raw::Encoder::new().compress_vec(message).map(Cow::Owned).map_err(failed)
}
