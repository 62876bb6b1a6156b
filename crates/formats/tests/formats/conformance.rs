//! Upstream's own cases, read in place from the conformance data.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use gw_base::Limits;
use gw_batch::SpansView;
use gw_formats::exposition::{self, Dialect, Metadata, Sample, Visitor};
use gw_formats::loki::LOKI_PUSH;
use gw_formats::otlp::{LOGS, METRICS, TRACES};
use gw_formats::zipkin::{ZIPKIN, write_span};
use gw_formats::{Format, FormatError};
use gw_testkit::{Suite, conformance};
use serde_json::Value;

use crate::context;

fn json(path: &Path) -> Result<Value> {
    serde_json::from_slice(&fs::read(path)?).with_context(|| format!("{} is no JSON", path.display()))
}

#[test]
fn openmetrics_parsers() {
    let Some(folder) = conformance("metrics/openmetrics-parsers") else { return };
    let mut suite = Suite::new("OpenMetrics parsers");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        suite.case(&name, || {
            let test = json(&case.join("test.json"))?;
            let body = fs::read(case.join(test["file"].as_str().context("no file")?))?;
            let checked = exposition::check(&body);
            let good = test["shouldParse"] == Value::Bool(true);
            ensure!(checked.is_ok() == good, "should parse: {good}, said {checked:?}");
            Ok(())
        });
    }
    suite.finish_with(&[(
        "duplicate_timestamps_0",
        "times are kept as whole nanoseconds, and these differ by a tenth of one",
    )]);
}

#[derive(Default)]
struct Counter {
    samples: usize,
    families: usize,
    exemplars: usize,
}

impl Visitor for Counter {
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        self.samples += 1;
        self.exemplars += usize::from(sample.exemplar.is_some());
        Ok(())
    }

    fn metadata(&mut self, _: &str, metadata: Metadata<'_>) -> Result<(), FormatError> {
        self.families += usize::from(matches!(metadata, Metadata::Type(_)));
        Ok(())
    }
}

#[test]
fn prometheus_textparse() {
    let Some(folder) = conformance("metrics/textparse") else { return };
    let mut suite = Suite::new("Prometheus textparse");
    for (file, dialect) in [("alltypes.237mfs.prom.txt", Dialect::Text), ("1histogram.om.txt", Dialect::OpenMetrics)] {
        suite.case(file, || {
            let body = fs::read_to_string(folder.join(file))?;
            let mut counter = Counter::default();
            exposition::parse(body.as_bytes(), dialect, &mut counter)?;
            let lines = |prefix: &str| body.lines().filter(|line| line.starts_with(prefix)).count();
            let samples = body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
            ensure!(counter.samples == samples, "{} samples of {samples}", counter.samples);
            ensure!(counter.families == lines("# TYPE"), "{} families", counter.families);
            let exemplars = body.lines().filter(|line| line.contains(" # {")).count();
            ensure!(counter.exemplars == exemplars, "{} exemplars of {exemplars}", counter.exemplars);
            Ok(())
        });
    }
    suite.finish();
}

/// A body of a Loki case, with the compression that its helper calls name.
fn loki_body(body: &Value) -> Option<Vec<u8>> {
    if let Some(text) = body.as_str() {
        return Some(text.as_bytes().to_vec());
    }
    let text = body["args"][0].as_str()?;
    match body["$call"].as_str()? {
        "gzipString" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).ok()?;
            encoder.finish().ok()
        }
        "deflateString" => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).ok()?;
            encoder.finish().ok()
        }
        _ => None,
    }
}

#[test]
fn loki_push_requests() {
    let Some(path) = conformance("logs/loki_http/cases.json") else { return };
    let mut suite = Suite::new("Loki push requests");
    let limits = Limits::default();
    let cases = json(&path).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    for (i, case) in cases.iter().enumerate().filter(|(_, case)| case["suite"] == "push_push/TestParseRequest") {
        let Some(body) = loki_body(&case["body"]) else { continue };
        suite.case(&format!("case {i}"), || {
            let header = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
            let (content_type, encoding) = (header("contentType"), header("contentEncoding"));
            let decoded = LOKI_PUSH.decode(&body, &context(&limits, &content_type, &encoding));
            let good = case["valid"] == Value::Bool(true);
            ensure!(decoded.is_ok() == good, "valid: {good}, said {decoded:?}");
            if let Ok(decoded) = decoded {
                let lines: u64 =
                    case["expectedLines"].as_object().context("no lines")?.values().filter_map(Value::as_u64).sum();
                ensure!(decoded.rows() == lines, "{} lines of {lines}", decoded.rows());
            }
            Ok(())
        });
    }
    suite.finish();
}

/// The headers and body of a captured request.
fn request(path: &Path) -> Result<(String, String, Vec<u8>)> {
    let bytes = fs::read(path)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no end of the head")?;
    let head = std::str::from_utf8(&bytes[..end])?;
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).next()
    };
    let own = |name| header(name).unwrap_or_default();
    Ok((own("content-type"), own("content-encoding"), bytes[end + 4..].to_vec()))
}

#[test]
fn captured_client_requests() {
    let Some(folder) = conformance("traces/captures") else { return };
    let mut suite = Suite::new("captured client requests");
    let limits = Limits::default();
    let cases: [(&str, &dyn Format); 5] = [
        ("otel-py-traces.http", &TRACES),
        ("otel-js-traces-json.http", &TRACES),
        ("otel-py-logs-gzip.http", &LOGS),
        ("otel-py-metrics.http", &METRICS),
        ("py-zipkin-v2-json.http", &ZIPKIN),
    ];
    for (file, format) in cases {
        suite.case(file, || {
            let (content_type, encoding, body) = request(&folder.join(file))?;
            let decoded = format.decode(&body, &context(&limits, &content_type, &encoding))?;
            ensure!(decoded.rows() > 0 && decoded.refused.is_empty(), "{decoded:?}");
            Ok(())
        });
    }
    suite.finish();
}

/// Counts the objects under any key of that name.
fn count(value: &Value, key: &str) -> usize {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, inner)| if name == key { inner.as_array().map_or(0, Vec::len) } else { count(inner, key) })
            .sum(),
        Value::Array(items) => items.iter().map(|item| count(item, key)).sum(),
        _ => 0,
    }
}

#[test]
fn otlp_json_files() {
    let Some(folder) = conformance("traces") else { return };
    let mut suite = Suite::new("OTLP JSON files");
    let limits = Limits::default();
    let files =
        ["jaeger-otel/otel_traces_01.json", "jaeger-otlp-transform/otlp2jaeger-in.json", "tempo-vulture-trace.json"];
    for file in files {
        suite.case(file, || {
            let path = folder.join(file);
            let decoded = TRACES.decode(&fs::read(&path)?, &context(&limits, "application/json", ""))?;
            let spans = count(&json(&path)?, "spans");
            ensure!(
                spans > 0 && decoded.rows() == spans as u64,
                "{} spans of {spans}: {:?}",
                decoded.rows(),
                decoded.refused
            );
            Ok(())
        });
    }
    suite.finish();
}

/// A Zipkin span as zipkin-server would give it back: names lower-cased, ids padded, empty parts left out.
fn normal(mut span: Value) -> Value {
    let pad = |id: &Value, width: usize| {
        Value::String(format!("{:0>width$}", id.as_str().unwrap_or_default().to_lowercase()))
    };
    for (key, width) in [("traceId", 16), ("id", 16), ("parentId", 16)] {
        if let Some(id) = span.get(key) {
            span[key] = pad(id, width);
        }
    }
    let parts = span.as_object_mut().unwrap();
    parts.retain(|_, value| {
        !(value.is_null()
            || *value == 0
            || *value == false
            || value == &Value::Object(Default::default())
            || value == &Value::Array(Vec::new()))
    });
    let lower = |value: &mut Value| *value = Value::String(value.as_str().unwrap_or_default().to_lowercase());
    if let Some(name) = parts.get_mut("name") {
        lower(name);
    }
    for side in ["localEndpoint", "remoteEndpoint"] {
        if let Some(service) = parts.get_mut(side).and_then(|endpoint| endpoint.get_mut("serviceName")) {
            lower(service);
        }
    }
    span
}

#[test]
fn zipkin_files_come_back() {
    let Some(folder) = conformance("traces/zipkin-spans") else { return };
    let mut suite = Suite::new("Zipkin files");
    let limits = Limits::default();
    for file in ["ascend", "messaging-kafka", "messaging2", "skew", "yelp", "zipkin2-client"] {
        suite.case(file, || {
            let sent = fs::read(folder.join(format!("{file}.json")))?;
            let parsed: Value = serde_json::from_slice(&sent)?;
            // One file holds a single span instead of a list.
            let (body, sent) = match parsed {
                Value::Array(spans) => (sent, spans),
                span => (format!("[{span}]").into_bytes(), vec![span]),
            };
            let decoded = ZIPKIN.decode(&body, &context(&limits, "application/json", ""))?;
            ensure!(decoded.refused.is_empty(), "{:?}", decoded.refused);
            let view = SpansView::of(&decoded.batches[0]).context("no spans")?;
            ensure!(view.len() == sent.len(), "{} spans of {}", view.len(), sent.len());
            for (row, span) in sent.into_iter().enumerate() {
                let mut back = String::new();
                write_span(&mut back, &view.row(row));
                let (back, span) = (serde_json::from_str::<Value>(&back)?, normal(span));
                ensure!(back == span, "sent {span}, got {back}");
            }
            Ok(())
        });
    }
    suite.finish();
}
