//! OTLP metrics: `ExportMetricsServiceRequest` to a metrics batch, in the way Prometheus' OTLP receiver maps them.
//!
//! `job` and `instance` come from the resource, the rest of the resource goes to `target_info`. Delta temporality is refused
//! by metric with the remedy in the message: a sum of deltas needs state, which a pure decoder does not have.

use std::borrow::Cow;

use gw_base::{METRIC_NAME, TYPE_LABEL, Timestamp, UNIT_LABEL};
use gw_batch::{MetricType, MetricsBuilder, Value};

use super::attributes::{each_record, each_scope, find_text};
use super::naming::{Naming, label_name, metric_name};
use super::points;
use crate::FormatError;
use crate::format::{DecodeContext, Decoded, Refusals};
use crate::labels::canonical_last_wins;
use crate::protobuf::{Field, Fields, ProtobufError};

/// Attributes that identify a target and therefore do not stand in its `target_info`.
const IDENTIFYING: [&str; 3] = ["service.name", "service.namespace", "service.instance.id"];

/// Label pairs under construction.
pub(super) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

pub(super) fn decode(message: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
    let mut rows = Rows { now: context.now, typed: context.type_and_unit_labels, ..Rows::default() };
    let mut fields = Fields::new(message);
    let mut resource = Vec::new();
    while let Some(field) = fields.next_field()? {
        if field.number != 1 {
            continue;
        }
        let mut target = None;
        each_scope(field, &mut resource, |resource, scopes| {
            let target = target.get_or_insert_with(|| Target::new(resource));
            each_record(scopes, |_, metric| rows.metric(target, metric))
        })?;
        if let Some(target) = target {
            rows.target_info(&target, &resource);
        }
    }
    Ok(Decoded::of(rows.builder.finish(context.tenant.clone()), rows.refused))
}

/// What a resource contributes to each of its series.
#[derive(Debug, Default)]
pub(super) struct Target {
    job: String,
    instance: String,
    /// Latest sample, the time of `target_info`.
    latest: Option<Timestamp>,
}

impl Target {
    fn new(resource: &[(&str, Value<'_>)]) -> Self {
        let text = |key| find_text(resource, key).map(Cow::into_owned).unwrap_or_default();
        let (namespace, name) = (text("service.namespace"), text("service.name"));
        let job = if namespace.is_empty() || name.is_empty() { name } else { format!("{namespace}/{name}") };
        Self { job, instance: text("service.instance.id"), latest: None }
    }
}

/// Collects rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) builder: MetricsBuilder,
    pub(super) refused: Refusals,
    pub(super) now: Timestamp,
    typed: bool,
    /// Labels that tell type and unit of the metric at hand, where they are wanted.
    type_and_unit: Option<(MetricType, String)>,
    canonical: Vec<u8>,
}

/// A metric whose points are being decoded.
#[derive(Debug)]
pub(super) struct Family<'a> {
    /// Prometheus name.
    pub(super) name: String,
    /// Name as sent, for messages.
    pub(super) original: &'a str,
}

/// Aggregation temporality: cumulative, the only one that is kept.
const CUMULATIVE: u64 = 2;

impl Rows {
    fn metric(&mut self, target: &mut Target, field: Field<'_>) -> Result<(), ProtobufError> {
        let (mut name, mut description, mut unit) = ("", "", "");
        let mut data = None;
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => name = part.text()?,
                2 => description = part.text()?,
                3 => unit = part.text()?,
                5 | 7 | 9 | 10 | 11 => data = Some(part),
                _ => {}
            }
        }
        let Some(data) = data else { return Ok(()) };
        let shape = Aggregation::read(data)?;
        let (kind, naming) = match (data.number, shape.monotonic) {
            (7, true) => (MetricType::Counter, Naming::Counter),
            (5, _) => (MetricType::Gauge, Naming::Gauge),
            (7, false) => (MetricType::Gauge, Naming::Other),
            (11, _) => (MetricType::Summary, Naming::Other),
            _ => (MetricType::Histogram, Naming::Other),
        };
        let family = Family { name: metric_name(name, unit, naming), original: name };
        if family.name.is_empty() {
            self.refused.add("invalid_name", shape.points, || format!("metric {name:?} has no usable name"));
            return Ok(());
        }
        if matches!(data.number, 7 | 9 | 10) && shape.temporality != CUMULATIVE {
            self.refused.add("delta_temporality", shape.points, || {
                format!("metric {name:?} is not cumulative; set the exporter's temporality preference to cumulative")
            });
            return Ok(());
        }
        let rows_before = self.builder.len();
        let unit = unit_of(&family.name, unit);
        self.type_and_unit = self.typed.then(|| (kind, unit.clone().into_owned()));
        let mut fields = data.message()?;
        while let Some(part) = fields.next_field()? {
            if part.number == 1 {
                match data.number {
                    5 | 7 => points::number(self, target, &family, part)?,
                    9 => points::histogram(self, target, &family, part)?,
                    10 => points::exponential(self, target, &family, part)?,
                    _ => points::summary(self, target, &family, part)?,
                }
            }
        }
        self.type_and_unit = None;
        if self.builder.len() > rows_before {
            self.builder.metadata(&family.name, kind, &unit, description, self.now);
        }
        Ok(())
    }

    /// The key of a series: name, point attributes, job, instance and `extra` (`le`, `quantile`).
    pub(super) fn series(
        &mut self,
        name: &str,
        attributes: &Pairs<'_>,
        target: &Target,
        extra: Option<(&'static str, &str)>,
    ) -> u32 {
        let Self { canonical, type_and_unit, .. } = self;
        let mut pairs: Pairs<'_> = Vec::with_capacity(attributes.len() + 6);
        pairs.extend(attributes.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(&**value))));
        let mut put = |name, value| {
            if !str::is_empty(value) {
                pairs.push((Cow::Borrowed(name), Cow::Borrowed(value)));
            }
        };
        if let Some((kind, unit)) = type_and_unit {
            put(TYPE_LABEL, kind.as_str());
            put(UNIT_LABEL, unit);
        }
        put("job", &target.job);
        put("instance", &target.instance);
        put(METRIC_NAME, name);
        if let Some((name, value)) = extra {
            put(name, value);
        }
        canonical_last_wins(&mut pairs, canonical);
        self.builder.series_bytes(&self.canonical)
    }

    /// Notes a sample's time for `target_info` and gives it back.
    pub(super) fn time(&self, target: &mut Target, nanos: u64) -> Timestamp {
        let time = if nanos == 0 { self.now } else { super::attributes::time(nanos) };
        target.latest = target.latest.max(Some(time));
        time
    }

    fn target_info(&mut self, target: &Target, resource: &[(&str, Value<'_>)]) {
        let Some(latest) = target.latest else { return };
        let rest = resource.iter().filter(|(key, _)| !IDENTIFYING.contains(key));
        let pairs: Pairs<'_> = join_duplicates(rest.map(|(key, value)| (label_name(key), value.to_text())).collect());
        if pairs.is_empty() || (target.job.is_empty() && target.instance.is_empty()) {
            return;
        }
        let series = self.series("target_info", &pairs, target, None);
        self.builder.sample(series, latest, 1.0);
    }
}

/// What the messages `Gauge`, `Sum`, `Histogram`, ... say besides their points.
#[derive(Debug, Default)]
struct Aggregation {
    points: u64,
    temporality: u64,
    monotonic: bool,
}

impl Aggregation {
    fn read(field: Field<'_>) -> Result<Self, ProtobufError> {
        let mut shape = Self::default();
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => shape.points += 1,
                2 => shape.temporality = part.varint()?,
                3 => shape.monotonic = part.varint()? != 0,
                _ => {}
            }
        }
        Ok(shape)
    }
}

/// The unit as Prometheus' metadata has it: the word that the name carries.
fn unit_of<'a>(name: &str, unit: &'a str) -> Cow<'a, str> {
    let bare = metric_name("x", unit, Naming::Other);
    match bare.strip_prefix("x_") {
        Some(word) if name.contains(word) => Cow::Owned(word.to_owned()),
        _ => Cow::Borrowed(unit),
    }
}

/// Of attributes whose names become the same label, the values are joined by `;` in the order of their first names.
pub(super) fn join_duplicates<'a>(mut pairs: Pairs<'a>) -> Pairs<'a> {
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 = Cow::Owned(format!("{};{}", kept.1, later.1));
        }
        same
    });
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::METRICS;
    use super::*;
    use crate::Format as _;
    use gw_base::{Labels, Limits};
    use gw_batch::MetricsView;

    #[test]
    fn type_and_unit_become_labels_where_they_are_wanted() {
        let body = br#"{"resourceMetrics":[{"resource":{"attributes":[
            {"key":"service.name","value":{"stringValue":"shop"}},{"key":"zone","value":{"stringValue":"a"}}]},
            "scopeMetrics":[{"metrics":[
            {"name":"size","unit":"By","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[
                {"timeUnixNano":"1","asInt":"3","attributes":[{"key":"__type__","value":{"stringValue":"own"}}]}]}},
            {"name":"depth","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"3"}]}}]}]}]}"#;
        let limits = Limits::default();
        let mut context = DecodeContext::new(&limits, Timestamp::EPOCH);
        (context.content_type, context.type_and_unit_labels) = ("application/json", true);
        let decoded = METRICS.decode(body, &context).unwrap();
        let view = MetricsView::of(&decoded.batches[0]).unwrap();
        let samples = (0..view.times.len()).filter(|row| !view.is_metadata(*row));
        let found: Vec<String> = samples.map(|row| Labels::from_pairs(view.labels(row)).to_string()).collect();
        assert_eq!(
            found,
            [
                r#"size_bytes_total{__type__="counter", __unit__="bytes", job="shop"}"#,
                r#"depth{__type__="gauge", job="shop"}"#,
                r#"target_info{job="shop", zone="a"}"#
            ]
        );
    }
}
