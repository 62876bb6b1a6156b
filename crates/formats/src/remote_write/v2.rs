//! Remote write 2.0: `io.prometheus.write.v2.Request`, where every text is a number in one symbol table.
//!
//! Histograms have the layout of 1.0; samples and histograms may tell when their series started. Metadata comes with each
//! series and is kept once a family and request.

use gw_base::{METRIC_NAME, Set, TYPE_LABEL, Timestamp, UNIT_LABEL};
use gw_batch::{Exemplar, MetricType};

use super::Decoder;
use crate::FormatError;
use crate::format::{DecodeContext, Decoded};
use crate::labels::canonical;
use crate::protobuf::{Field, Fields};

/// Suffixes of series names that a family of this type may have beside its own name.
const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Decodes an uncompressed `io.prometheus.write.v2.Request`.
///
/// # Errors
/// [`FormatError::Malformed`] when the bytes are no such message.
pub fn decode_request(message: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
    let typed = context.type_and_unit_labels;
    let mut request = Request { symbols: symbols(message)?, typed, ..Request::default() };
    let mut fields = Fields::new(message);
    while let Some(field) = fields.next_field()? {
        if field.number == 5 {
            request.time_series(field, context.now)?;
        }
    }
    let Request { decoder, .. } = request;
    Ok(Decoded::of(decoder.builder.finish(context.tenant.clone()), decoder.refused))
}

/// The symbol table. Each entry stands in the message in full, so that its size is bounded by the message's.
fn symbols(message: &[u8]) -> Result<Vec<&str>, FormatError> {
    let mut symbols = Vec::new();
    let mut fields = Fields::new(message);
    while let Some(field) = fields.next_field()? {
        if field.number == 4 {
            symbols.push(field.text()?);
        }
    }
    // Wire: number 0 is the empty text, so that an absent reference means an absent text.
    match symbols.first() {
        Some(first) if !first.is_empty() => {
            Err(FormatError::malformed(format!("symbols must start with an empty string, got {first:?}")))
        }
        _ => Ok(symbols),
    }
}

#[derive(Default)]
struct Request<'a> {
    symbols: Vec<&'a str>,
    decoder: Decoder,
    pairs: Vec<(&'a str, &'a str)>,
    references: Vec<u32>,
    described: Set<&'a str>,
    typed: bool,
}

/// What a series says of its metric.
#[derive(Default)]
struct Description<'a> {
    kind: MetricType,
    unit: &'a str,
    help: &'a str,
}

/// The parts of a series that are decoded after its labels are known to be good.
#[derive(Default)]
struct Parts<'a> {
    data: Vec<Field<'a>>,
    exemplars: Vec<Field<'a>>,
    metadata: Option<Field<'a>>,
    start: Option<Timestamp>,
}

impl<'a> Request<'a> {
    fn time_series(&mut self, field: Field<'a>, now: Timestamp) -> Result<(), FormatError> {
        let mut parts = Parts::default();
        self.references.clear();
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => part.varints(&mut self.references, |value| u32::try_from(value).unwrap_or(u32::MAX))?,
                2 | 3 => parts.data.push(part),
                4 => parts.exemplars.push(part),
                5 => parts.metadata = Some(part),
                6 => parts.start = start_of(part.int64()?),
                _ => {}
            }
        }
        let references = std::mem::take(&mut self.references);
        let resolved = resolve(&self.symbols, &references, &mut self.pairs);
        self.references = references;
        let description = match parts.metadata {
            Some(part) => describe(&self.symbols, part)?,
            None => Some(Description::default()),
        };
        if let Some(description) = description.as_ref().filter(|_| self.typed) {
            with_type_and_unit(&mut self.pairs, description);
        }
        let wrong = match resolved {
            Ok(()) => self.decoder.check_labels(&mut self.pairs),
            Err(reason) => Some(reason),
        };
        if let Some(wrong) = wrong {
            self.decoder.refused.add("invalid_labels", parts.data.len().max(1) as u64, || wrong);
            return Ok(());
        }
        let series = self.decoder.builder.fresh_series(&self.decoder.canonical);
        for part in &parts.data {
            match part.number {
                2 => self.sample(series, *part, parts.start)?,
                _ => self.decoder.histogram(series, *part, &self.pairs, parts.start)?,
            }
        }
        for part in &parts.exemplars {
            self.exemplar(series, *part)?;
        }
        self.metadata(description, now);
        Ok(())
    }

    fn sample(&mut self, series: u32, field: Field<'a>, mut start: Option<Timestamp>) -> Result<(), FormatError> {
        let (mut value, mut millis) = (0.0, 0);
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => value = part.double()?,
                2 => millis = part.int64()?,
                3 => start = start_of(part.int64()?).or(start),
                _ => {}
            }
        }
        self.decoder.builder.sample_with(series, Timestamp::from_millis(millis), value, start, None);
        Ok(())
    }

    fn exemplar(&mut self, series: u32, field: Field<'a>) -> Result<(), FormatError> {
        let (mut references, mut value, mut millis) = (Vec::new(), 0.0, 0);
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => part.varints(&mut references, |value| u32::try_from(value).unwrap_or(u32::MAX))?,
                2 => value = part.double()?,
                3 => millis = part.int64()?,
                _ => {}
            }
        }
        let (mut pairs, mut bytes) = (Vec::new(), Vec::new());
        let good = resolve(&self.symbols, &references, &mut pairs)
            .and_then(|()| canonical(&mut pairs, &mut bytes).map_err(|error| error.to_string()));
        match good {
            Ok(()) => {
                let labels = gw_base::Labels::from_bytes(&bytes).expect("canonical writes the canonical form");
                let time = Timestamp::from_millis(millis);
                self.decoder.builder.exemplar(series, time, &Exemplar { labels, value, time: Some(time) });
            }
            Err(reason) => self.decoder.refused.add("exemplar_labels", 1, || format!("invalid exemplar: {reason}")),
        }
        Ok(())
    }

    fn metadata(&mut self, description: Option<Description<'a>>, now: Timestamp) {
        let name = self.pairs.iter().find(|(name, _)| *name == METRIC_NAME).map_or("", |(_, value)| *value);
        let Some(Description { kind, unit, help }) = description else {
            self.decoder.refused.add("invalid_metadata", 1, || {
                format!("metadata of {name:?} refers to a symbol that is not in the table")
            });
            return;
        };
        let family = match kind {
            MetricType::Histogram | MetricType::Summary | MetricType::GaugeHistogram => {
                SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
            }
            _ => name,
        };
        let says_something = kind != MetricType::Unknown || !help.is_empty() || !unit.is_empty();
        if says_something && self.described.insert(family) {
            self.decoder.builder.metadata(family, kind, unit, help, now);
        }
    }
}

/// The metadata of a series; `None` when it refers to a symbol that is not in the table.
fn describe<'a>(symbols: &[&'a str], field: Field<'a>) -> Result<Option<Description<'a>>, FormatError> {
    let (mut kind, mut help, mut unit) = (0u64, 0u64, 0u64);
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => kind = part.varint()?,
            3 => help = part.varint()?,
            4 => unit = part.varint()?,
            _ => {}
        }
    }
    let symbol = |number: u64| match usize::try_from(number) {
        Ok(0) => Some(""),
        Ok(number) => symbols.get(number).copied(),
        Err(_) => None,
    };
    let kind = u8::try_from(kind).ok().and_then(MetricType::from_u8).unwrap_or_default();
    Ok(symbol(help).zip(symbol(unit)).map(|(help, unit)| Description { kind, unit, help }))
}

/// Wire: metadata that says a type or a unit replaces both labels (prometheus `storage/remote/write_handler.go`).
fn with_type_and_unit<'a>(pairs: &mut Vec<(&'a str, &'a str)>, description: &Description<'a>) {
    if description.kind == MetricType::Unknown && description.unit.is_empty() {
        return;
    }
    pairs.retain(|(name, _)| *name != TYPE_LABEL && *name != UNIT_LABEL);
    if description.kind != MetricType::Unknown {
        pairs.push((TYPE_LABEL, description.kind.as_str()));
    }
    pairs.push((UNIT_LABEL, description.unit));
}

/// Wire: zero means that the sender does not know.
pub(super) fn start_of(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}

/// Pairs of symbol numbers as texts.
fn resolve<'a>(symbols: &[&'a str], references: &[u32], pairs: &mut Vec<(&'a str, &'a str)>) -> Result<(), String> {
    pairs.clear();
    let (couples, rest) = references.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(format!("invalid labels: {} label references are no pairs", references.len()));
    }
    let symbol = |number: u32| {
        let found = symbols.get(number as usize).copied();
        found.ok_or_else(|| {
            format!("invalid labels: reference {number} is outside the table of {} symbols", symbols.len())
        })
    };
    for [name, value] in couples {
        pairs.push((symbol(*name)?, symbol(*value)?));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::MessageWriter;
    use gw_base::{Labels, Limits};
    use gw_batch::MetricsView;

    fn packed(writer: &mut MessageWriter, number: u32, references: &[u8]) {
        writer.bytes(number, references);
    }

    #[test]
    fn a_request_with_everything() {
        let mut request = MessageWriter::default();
        request.message(5, |series| {
            packed(series, 1, &[1, 2]);
            series.message(2, |sample| {
                sample.double(1, 4.0).varint(2, 1000);
            });
            series.message(4, |exemplar| {
                exemplar.double(2, 1.5).varint(3, 999);
                packed(exemplar, 1, &[3, 4]);
            });
            series.message(5, |metadata| {
                metadata.varint(1, 1).varint(3, 5);
            });
            series.varint(6, 500);
        });
        request.message(5, |series| {
            packed(series, 1, &[1, 99]);
            series.message(2, |sample| {
                sample.double(1, 4.0).varint(2, 1000);
            });
        });
        // The table may stand behind what refers to it.
        for symbol in ["", METRIC_NAME, "requests_total", "trace_id", "abc", "Requests served."] {
            request.text(4, symbol);
        }
        let limits = Limits::default();
        let decoded = decode_request(&request.finish(), &DecodeContext::new(&limits, Timestamp::EPOCH)).unwrap();
        assert_eq!(decoded.refused_rows(), 1);
        assert!(decoded.refusal_message().unwrap().contains("reference 99 is outside"));
        let view = MetricsView::of(&decoded.batches[0]).unwrap();
        assert_eq!((view.times.len(), view.values.value(0), view.starts.value(0)), (3, 4.0, 500_000_000));
        assert_eq!((view.exemplar_values.value(1), view.helps.value(2)), (1.5, "Requests served."));
    }

    #[test]
    fn type_and_unit_become_labels_where_they_are_wanted() {
        let mut request = MessageWriter::default();
        for (labels, kind, unit) in [(&[1, 2][..], 1, 6), (&[1, 2, 3, 4, 5, 4], 2, 0), (&[1, 2, 3, 4], 0, 0)] {
            request.message(5, |series| {
                packed(series, 1, labels);
                series.message(2, |sample| {
                    sample.double(1, 4.0).varint(2, 1000);
                });
                series.message(5, |metadata| {
                    metadata.varint(1, kind).varint(4, unit);
                });
            });
        }
        for symbol in ["", METRIC_NAME, "size_bytes", TYPE_LABEL, "own", UNIT_LABEL, "bytes"] {
            request.text(4, symbol);
        }
        let (limits, request) = (Limits::default(), request.finish());
        let mut context = DecodeContext::new(&limits, Timestamp::EPOCH);
        let mut found = |typed| {
            context.type_and_unit_labels = typed;
            let decoded = decode_request(&request, &context).unwrap();
            assert_eq!(decoded.refused_rows(), 0);
            let view = MetricsView::of(&decoded.batches[0]).unwrap();
            let samples = (0..view.times.len()).filter(|row| !view.is_metadata(*row));
            samples.map(|row| Labels::from_pairs(view.labels(row)).to_string()).collect::<Vec<_>>()
        };
        let told = r#"size_bytes{__type__="counter", __unit__="bytes"}"#;
        let own = r#"size_bytes{__type__="own"}"#;
        assert_eq!(found(true), [told, r#"size_bytes{__type__="gauge"}"#, own]);
        assert_eq!(found(false), ["size_bytes", r#"size_bytes{__type__="own", __unit__="own"}"#, own]);
    }

    #[test]
    fn the_first_symbol_is_empty() {
        let mut request = MessageWriter::default();
        request.text(4, "up");
        let limits = Limits::default();
        let error = decode_request(&request.finish(), &DecodeContext::new(&limits, Timestamp::EPOCH)).unwrap_err();
        assert!(error.to_string().contains("must start with an empty string"), "{error}");
    }
}
