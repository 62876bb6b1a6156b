//! Exposition text to a metrics batch, for everybody who needs no relabelling of his own.

use gw_base::{Labels, Map, Timestamp};
use gw_batch::{MetricType, MetricsBuilder};

use super::{Dialect, Metadata, Sample, Visitor, parse};
use crate::format::{About, DecodeContext, Decoded, Format, Refusals};
use crate::{Encoding, FormatError, decompress};

/// An exposition dialect as an ingest format (samples pushed as text).
#[derive(Debug)]
pub struct Exposition {
    about: About,
    dialect: Dialect,
}

/// Prometheus text exposition.
pub static TEXT: Exposition = Exposition {
    about: About {
        name: "prometheus-text",
        product: "Prometheus",
        summary: "Samples as lines of text, version 0.0.4 or 1.0.0.",
        specification: "prometheus/docs: instrumenting/exposition_formats",
    },
    dialect: Dialect::Text,
};

/// OpenMetrics text.
pub static OPEN_METRICS: Exposition = Exposition {
    about: About {
        name: "openmetrics-text",
        product: "OpenMetrics",
        summary: "Samples as lines of text with exemplars and units, version 1.0.0.",
        specification: "prometheus/OpenMetrics: specification/OpenMetrics.md",
    },
    dialect: Dialect::OpenMetrics,
};

impl Format for Exposition {
    fn about(&self) -> &'static About {
        match self.dialect {
            Dialect::Text => &TEXT.about,
            Dialect::OpenMetrics => &OPEN_METRICS.about,
        }
    }

    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
        let encoding = Encoding::parse(context.content_encoding).ok_or_else(|| FormatError::ContentEncoding {
            given: context.content_encoding.to_owned(),
            expected: "gzip, deflate, zstd or none",
        })?;
        let plain = decompress(encoding, body, context.limits)?;
        decode_with(&plain, self.dialect, context, &mut |sample| {
            sample.to_labels().map(Some).map_err(|error| FormatError::malformed(error.to_string()))
        })
    }
}

/// The labels that a sample shall have, `Ok(None)` to leave it out.
pub type LabelHook<'a> = dyn FnMut(&Sample<'_>) -> Result<Option<Labels>, FormatError> + 'a;

/// Parses a body into a batch; `labels` decides each sample's series. Samples without a time get `context.now`. Metadata
/// rows come last, one a family.
///
/// # Errors
/// What [`parse`] and the hook return.
pub fn decode_with(
    body: &[u8],
    dialect: Dialect,
    context: &DecodeContext<'_>,
    labels: &mut LabelHook<'_>,
) -> Result<Decoded, FormatError> {
    let mut visitor = ToBatch {
        now: context.now,
        labels,
        builder: MetricsBuilder::default(),
        refused: Refusals::default(),
        families: Map::default(),
        order: Vec::new(),
    };
    parse(body, dialect, &mut visitor)?;
    Ok(visitor.finish(context))
}

#[derive(Debug)]
struct Family {
    name: String,
    kind: MetricType,
    unit: String,
    help: String,
}

struct ToBatch<'h, 'f> {
    now: Timestamp,
    labels: &'h mut LabelHook<'f>,
    builder: MetricsBuilder,
    refused: Refusals,
    families: Map<String, usize>,
    order: Vec<Family>,
}

impl ToBatch<'_, '_> {
    fn finish(mut self, context: &DecodeContext<'_>) -> Decoded {
        for family in &self.order {
            self.builder.metadata(&family.name, family.kind, &family.unit, &family.help, self.now);
        }
        Decoded::of(self.builder.finish(context.tenant.clone()), self.refused)
    }
}

impl Visitor for ToBatch<'_, '_> {
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        let Some(labels) = (self.labels)(sample)? else { return Ok(()) };
        let series = self.builder.series(&labels);
        let time = sample.time.unwrap_or(self.now);
        let exemplar = match sample.exemplar.as_ref().map(super::SampleExemplar::to_exemplar) {
            None => None,
            Some(Ok(exemplar)) => Some(exemplar),
            Some(Err(error)) => {
                self.refused.add("exemplar_labels", 1, || format!("exemplar of {:?}: {error}", sample.name));
                None
            }
        };
        self.builder.sample_with(series, time, sample.value, None, exemplar.as_ref());
        Ok(())
    }

    fn metadata(&mut self, family: &str, metadata: Metadata<'_>) -> Result<(), FormatError> {
        let at = match self.families.get(family) {
            Some(at) => *at,
            None => {
                let at = self.order.len();
                self.families.insert(family.to_owned(), at);
                let name = family.to_owned();
                self.order.push(Family { name, kind: MetricType::Unknown, unit: String::new(), help: String::new() });
                at
            }
        };
        let family = &mut self.order[at];
        match metadata {
            Metadata::Type(kind) => family.kind = kind,
            Metadata::Help(help) => family.help = help.into_owned(),
            Metadata::Unit(unit) => family.unit = unit.to_owned(),
        }
        Ok(())
    }
}
