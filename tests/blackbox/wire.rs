//! Payloads of the public wire formats, built by hand so that nothing of the product helps to test itself.

use std::fmt::Write as _;

use anyhow::Result;
use gw_testkit::http::{Answer, Connection};
use gw_testkit::promql_generator::{GeneratedSeries, GeneratedValue};
use gw_testkit::protobuf::{bytes_field, double_field, label, number_field, varint, zigzag};
use gw_testkit::remote_write;
use serde_json::json;

/// A series for remote write: labels (the metric's name as `__name__`) and samples of (milliseconds, value).
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) samples: Vec<(i64, f64)>,
}

impl Series {
    /// One series with one sample.
    pub(crate) fn new(name: &str, labels: &[(&str, &str)], millis: i64, value: f64) -> Self {
        let mut all = vec![("__name__".to_owned(), name.to_owned())];
        all.extend(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        all.sort();
        Self { labels: all, samples: vec![(millis, value)] }
    }
}

/// The body of a Prometheus remote write 1.0 request: protobuf in a snappy block.
pub(crate) fn remote_write(series: &[Series]) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    for one in series {
        let mut body = label_pairs(&one.labels);
        for (millis, value) in &one.samples {
            float_sample(&mut body, u64::from_ne_bytes(millis.to_ne_bytes()), *value);
        }
        bytes_field(&mut request, 1, &body);
    }
    Ok(snap::raw::Encoder::new().compress_vec(&request)?)
}

/// The body of a remote write 1.0 request of generated series that begin at `begin` (milliseconds).
pub(crate) fn generated(series: &[GeneratedSeries], begin: i64) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    for one in series {
        let mut body = label_pairs(&one.labels);
        for (after, value) in &one.samples {
            let millis = u64::try_from(begin + after)?;
            match value {
                GeneratedValue::Float(value) => float_sample(&mut body, millis, *value),
                GeneratedValue::Histogram { zero_count, buckets, sum } => {
                    bytes_field(&mut body, 4, &native_histogram((*zero_count, buckets, *sum), millis)?);
                }
            }
        }
        bytes_field(&mut request, 1, &body);
    }
    Ok(snap::raw::Encoder::new().compress_vec(&request)?)
}

/// The labels of a series: each a field 1.
pub(crate) fn label_pairs(labels: &[(String, String)]) -> Vec<u8> {
    let mut body = Vec::new();
    labels.iter().for_each(|(name, value)| label(&mut body, name, value));
    body
}

fn float_sample(body: &mut Vec<u8>, millis: u64, value: f64) {
    let mut sample = Vec::new();
    double_field(&mut sample, 1, value);
    number_field(&mut sample, 2, millis);
    bytes_field(body, 2, &sample);
}

/// A native histogram of schema 0 with integer counts: fields 1 count, 3 sum, 4 schema, 5 zero threshold, 6 zero count,
/// 11 spans, 12 deltas, 15 time.
fn native_histogram((zero_count, buckets, sum): (u64, &[u64], f64), millis: u64) -> Result<Vec<u8>> {
    let (mut out, mut span) = (Vec::new(), Vec::new());
    number_field(&mut out, 1, zero_count + buckets.iter().sum::<u64>());
    double_field(&mut out, 3, sum);
    number_field(&mut out, 4, 0);
    double_field(&mut out, 5, 0.001);
    number_field(&mut out, 6, zero_count);
    number_field(&mut span, 1, 0);
    number_field(&mut span, 2, buckets.len() as u64);
    bytes_field(&mut out, 11, &span);
    let (mut deltas, mut before) = (Vec::new(), 0i64);
    for bucket in buckets {
        let count = i64::try_from(*bucket)?;
        varint(&mut deltas, zigzag(count - before));
        before = count;
    }
    bytes_field(&mut out, 12, &deltas);
    number_field(&mut out, 15, millis);
    Ok(out)
}

/// Sends a remote write request.
pub(crate) fn send_remote_write(connection: &mut Connection, body: &[u8]) -> Result<Answer> {
    connection.send("POST", "/api/v1/write", &remote_write::HEADERS, body)
}

/// The body of a Loki push request in JSON: one stream with lines of (nanoseconds, text).
pub(crate) fn loki_push(labels: &[(&str, &str)], lines: &[(u128, String)]) -> Vec<u8> {
    let stream: serde_json::Map<_, _> = labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let values: Vec<_> = lines.iter().map(|(nanos, line)| json!([nanos.to_string(), line])).collect();
    json!({"streams": [{"stream": stream, "values": values}]}).to_string().into_bytes()
}

/// The body of an OTLP/HTTP trace request in JSON: each span a trace of its own, of one second.
pub(crate) fn otlp_spans(service: &str, traces: &[(u128, String)]) -> Vec<u8> {
    let spans: Vec<_> = traces
        .iter()
        .map(|(trace, name)| {
            let end = crate::outside::unix_nanos();
            json!({
                "traceId": format!("{trace:032x}"),
                "spanId": format!("{:016x}", trace & u128::from(u64::MAX)),
                "name": name,
                "kind": 2,
                "startTimeUnixNano": (end - 1_000_000_000).to_string(),
                "endTimeUnixNano": end.to_string(),
                "attributes": [{"key": "http.request.method", "value": {"stringValue": "GET"}}],
                "status": {}
            })
        })
        .collect();
    let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": service}}]});
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "test"}, "spans": spans}]}]})
        .to_string()
        .into_bytes()
}

/// A short hexadecimal rendering, for messages.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
