//! OTLP logs: `ExportLogsServiceRequest` to a logs batch, in the way Loki maps them: a fixed list of resource attributes
//! becomes the stream's labels, everything else structured metadata.

use std::borrow::Cow;

use gw_base::{SpanId, TraceId};
use gw_batch::{LogRow, LogsBuilder, Value};

use super::attributes::{Scope, UNKNOWN_SERVICE, any_value, each_record, each_scope, key_value, time};
use super::naming::label_name;
use crate::FormatError;
use crate::format::{DecodeContext, Decoded};
use crate::labels::canonical_last_wins;
use crate::level;
use crate::protobuf::{Field, Fields, ProtobufError};

/// Resource attributes that become labels of the stream (grafana/loki: `default_resource_attributes_as_index_labels`).
const INDEXED: [&str; 18] = [
    "cloud.availability_zone",
    "cloud.region",
    "container.name",
    "deployment.environment",
    "deployment.environment.name",
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.cronjob.name",
    "k8s.daemonset.name",
    "k8s.deployment.name",
    "k8s.job.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.replicaset.name",
    "k8s.statefulset.name",
    "service.instance.id",
    "service.name",
    "service.namespace",
];

/// Where a service name is looked for when `service.name` is absent (grafana/loki: `discover_service_name`).
const SERVICE_NAMES: [&str; 13] = [
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
];

/// Most parts of a name that nested maps are flattened to.
const MAX_FLAT_PAIRS: usize = 1024;

type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

pub(super) fn decode(message: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
    let mut decoder = Decoder { builder: LogsBuilder::default(), canonical: Vec::new(), now: context.now };
    let mut fields = Fields::new(message);
    let mut resource = Vec::new();
    while let Some(field) = fields.next_field()? {
        if field.number == 1 {
            each_scope(field, &mut resource, |resource, scopes| decoder.scope_logs(resource, scopes))?;
        }
    }
    Ok(Decoded {
        batches: Decoded::of(decoder.builder.finish(context.tenant.clone()), Default::default()).batches,
        refused: Vec::new(),
    })
}

struct Decoder {
    builder: LogsBuilder,
    canonical: Vec<u8>,
    now: gw_base::Timestamp,
}

impl Decoder {
    fn scope_logs<'a>(&mut self, resource: &[(&'a str, Value<'a>)], field: Field<'a>) -> Result<(), ProtobufError> {
        let (mut labels, mut common) = (Pairs::new(), Pairs::new());
        for (key, value) in resource {
            let indexed = INDEXED.contains(key) && !matches!(value, Value::Map(_));
            flatten(key, value, if indexed { &mut labels } else { &mut common });
        }
        if !labels.iter().any(|(name, value)| name == "service_name" && !value.is_empty()) {
            let found = SERVICE_NAMES.iter().find_map(|wanted| {
                let mut pairs = labels.iter().chain(&common);
                pairs.find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.clone())
            });
            labels.push((Cow::Borrowed("service_name"), found.unwrap_or(Cow::Borrowed(UNKNOWN_SERVICE))));
        }
        canonical_last_wins(&mut labels, &mut self.canonical);
        let stream = self.builder.stream_bytes(&self.canonical);
        let mut scope_added = false;
        let mut metadata = Pairs::new();
        each_record(field, |scope, record| {
            if !scope_added {
                add_scope(scope, &mut common);
                scope_added = true;
            }
            metadata.clear();
            metadata.extend(common.iter().cloned());
            self.record(stream, record, &mut metadata)
        })
    }

    fn record<'a>(&mut self, stream: u32, field: Field<'a>, metadata: &mut Pairs<'a>) -> Result<(), ProtobufError> {
        let mut row = LogRow::default();
        let (mut at, mut observed, mut body) = (0u64, 0u64, Value::Null);
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => at = part.fixed64()?,
                2 => {
                    let number = u8::try_from(part.varint()?).unwrap_or(0);
                    row.severity = Some(number).filter(|number| (1..=24).contains(number));
                    put(metadata, "severity_number", number.to_string(), number != 0);
                }
                3 => {
                    let text = part.text()?;
                    row.severity = row.severity.or_else(|| level::severity_of(text));
                    put(metadata, "severity_text", text, !text.is_empty());
                }
                5 => body = any_value(part, 0)?,
                6 => {
                    let (key, value) = key_value(part)?;
                    flatten(key, &value, metadata);
                }
                7 => put(metadata, "dropped_attributes_count", part.varint()?.to_string(), true),
                8 => {
                    let flags = part.fixed32()?;
                    put(metadata, "flags", flags.to_string(), flags != 0);
                }
                9 => row.trace = part.bytes()?.try_into().ok().map(TraceId).filter(|id| !id.is_zero()),
                10 => row.span = part.bytes()?.try_into().ok().map(SpanId).filter(|id| !id.is_zero()),
                11 => {
                    observed = part.fixed64()?;
                    put(metadata, "observed_timestamp", observed.to_string(), observed != 0);
                }
                12 => put(metadata, "event_name", part.text()?, true),
                _ => {}
            }
        }
        if let Some(trace) = row.trace {
            put(metadata, "trace_id", trace.to_string(), true);
        }
        if let Some(span) = row.span {
            put(metadata, "span_id", span.to_string(), true);
        }
        row.observed = (observed != 0).then(|| time(observed));
        row.time = if at != 0 { time(at) } else { row.observed.unwrap_or(self.now) };
        let line = body.to_text();
        row.severity = row.severity.or_else(|| level::detect(&line));
        canonical_last_wins(metadata, &mut self.canonical);
        self.builder.push_canonical(stream, &LogRow { line: &line, ..row }, &self.canonical);
        Ok(())
    }
}

fn put<'a>(pairs: &mut Pairs<'a>, name: &'static str, value: impl Into<Cow<'a, str>>, wanted: bool) {
    if wanted {
        pairs.push((Cow::Borrowed(name), value.into()));
    }
}

fn add_scope<'a>(scope: &Scope<'a>, pairs: &mut Pairs<'a>) {
    for (key, value) in &scope.attributes {
        flatten(key, value, pairs);
    }
    put(pairs, "scope_name", scope.name, !scope.name.is_empty());
    put(pairs, "scope_version", scope.version, !scope.version.is_empty());
}

/// Appends an attribute; maps are flattened to `outer_inner`, lists become JSON, as Loki does.
fn flatten<'a>(key: &'a str, value: &Value<'a>, pairs: &mut Pairs<'a>) {
    flatten_into(label_name(key), value, pairs);
}

fn flatten_into<'a>(name: Cow<'a, str>, value: &Value<'a>, pairs: &mut Pairs<'a>) {
    if pairs.len() >= MAX_FLAT_PAIRS {
        return;
    }
    match value {
        Value::Map(inner) => {
            for (key, value) in inner {
                flatten_into(Cow::Owned(format!("{name}_{}", label_name(key))), value, pairs);
            }
        }
        Value::Text(text) => pairs.push((name, text.clone())),
        other => pairs.push((name, Cow::Owned(other.to_text().into_owned()))),
    }
}
