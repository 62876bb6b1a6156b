//! `/api/v1/status/self_metrics`: the server's own metrics as JSON families.

use std::collections::BTreeMap;

use axum::response::Response;
use gw_batch::MetricType;
use gw_serve::telemetry::Family;
use gw_serve::{Params, Services};
use serde_json::{Map, Value, json};

use crate::errors::ApiError;
use crate::render;

/// Families whose names the pattern matches whole.
pub(crate) fn self_metrics(services: &Services, given: &Params) -> Result<Response, ApiError> {
    let pattern = given.get("metric_name_pattern").unwrap_or(".*");
    let pattern = regex::RegexBuilder::new(&format!("^(?s:{pattern})$")).size_limit(1 << 20).build();
    let pattern = pattern.map_err(|error| ApiError::parameter("metric_name_pattern", error))?;
    let families = services.telemetry.gather();
    let shown: Vec<Value> = families.iter().filter(|family| pattern.is_match(&family.name)).map(show).collect();
    Ok(render::success(&json!(shown).to_string()))
}

/// Wire: the field names of `MetricFamily` in `client_model`.
fn show(family: &Family) -> Value {
    let (word, field) = match family.kind {
        MetricType::Counter => ("COUNTER", "counter"),
        MetricType::Gauge | MetricType::Info | MetricType::StateSet => ("GAUGE", "gauge"),
        MetricType::Histogram => ("HISTOGRAM", "histogram"),
        MetricType::GaugeHistogram => ("GAUGE_HISTOGRAM", "histogram"),
        MetricType::Summary => ("SUMMARY", "summary"),
        MetricType::Unknown => ("UNTYPED", "untyped"),
    };
    let mut metrics: BTreeMap<Vec<(String, String)>, Map<String, Value>> = BTreeMap::new();
    for sample in &family.samples {
        let own = |name: &str| {
            matches!((family.kind, name), (MetricType::Histogram, "le") | (MetricType::Summary, "quantile"))
        };
        let key = sample.labels.iter().filter(|(name, _)| !own(name));
        let key = key.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        put(metrics.entry(key).or_default(), family.kind, sample);
    }
    let metrics: Vec<Value> = metrics
        .into_iter()
        .map(|(labels, value)| {
            let labels: Vec<Value> = labels.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            let mut metric = Map::from_iter([(field.to_owned(), Value::Object(value))]);
            if !labels.is_empty() {
                metric.insert("label".to_owned(), json!(labels));
            }
            Value::Object(metric)
        })
        .collect();
    json!({"name": family.name, "help": family.help, "type": word, "metric": metrics})
}

fn put(fields: &mut Map<String, Value>, kind: MetricType, sample: &gw_serve::telemetry::FamilySample) {
    let parts = match (kind, sample.suffix) {
        (_, "_sum") => return drop(fields.insert("sample_sum".to_owned(), number(sample.value))),
        (_, "_count") => return drop(fields.insert("sample_count".to_owned(), number(sample.value))),
        (MetricType::Histogram, _) => ("bucket", "upper_bound", "cumulative_count", "le"),
        (MetricType::Summary, _) => ("quantile", "quantile", "value", "quantile"),
        _ => return drop(fields.insert("value".to_owned(), number(sample.value))),
    };
    let (list, bound, value, label) = parts;
    let edge = sample.labels.get(label).and_then(|text| text.parse::<f64>().ok()).unwrap_or(f64::INFINITY);
    let entry = json!({bound: number(edge), value: number(sample.value)});
    if let Some(entries) = fields.entry(list).or_insert_with(|| json!([])).as_array_mut() {
        entries.push(entry);
    }
}

/// JSON has no infinities: they are texts, as in protobuf's JSON form.
fn number(value: f64) -> Value {
    if value.is_finite() {
        return if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) };
    }
    json!(if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    })
}
