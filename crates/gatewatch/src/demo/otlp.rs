//! Sends spans and log lines the way the services' SDKs would: OTLP over HTTP, as JSON, to the product's own port.

use gw_base::Timestamp;
use gw_batch::{SpanKind, Value};
use serde_json::{Value as Json, json};

use super::play::{Exchange, Line, Severity, Span};
use super::shop::Service;

/// The bodies of one export.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) traces: Json,
    pub(super) logs: Json,
}

/// Everything that these exchanges recorded.
pub(super) fn export(exchanges: &[(Timestamp, Exchange)]) -> Export {
    let names: Vec<&str> = ["traefik"].into_iter().chain(Service::ALL.map(Service::name)).collect();
    let (mut traces, mut logs) = (Vec::new(), Vec::new());
    for name in names {
        let mut spans = Vec::new();
        let mut records = Vec::new();
        for (began, exchange) in exchanges {
            let own = exchange.spans.iter().filter(|span| span.service == name);
            spans.extend(own.map(|span| span_json(*began, exchange, span)));
            let own = exchange.lines.iter().filter(|line| line.service == name);
            records.extend(own.map(|line| line_json(*began, exchange, line)));
        }
        let resource = json!({"attributes": [
            text("service.name", name),
            text("service.namespace", "shop"),
            text("service.instance.id", &format!("{name}-1")),
        ]});
        let scope = json!({"name": "gatewatch.demo"});
        if !spans.is_empty() {
            traces
                .push(json!({"resource": resource.clone(), "scopeSpans": [{"scope": scope.clone(), "spans": spans}]}));
        }
        if !records.is_empty() {
            logs.push(json!({"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}));
        }
    }
    Export { traces: json!({ "resourceSpans": traces }), logs: json!({ "resourceLogs": logs }) }
}

fn span_json(began: Timestamp, exchange: &Exchange, span: &Span) -> Json {
    let attributes: Vec<Json> = span.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    let mut json = json!({
        "traceId": exchange.trace.to_string(),
        "spanId": span.id.to_string(),
        "parentSpanId": span.parent.map(|id| id.to_string()).unwrap_or_default(),
        "name": span.name,
        // Wire: OTLP's numbers of span kinds.
        "kind": match span.kind {
            SpanKind::Unspecified => 0,
            SpanKind::Internal => 1,
            SpanKind::Server => 2,
            SpanKind::Client => 3,
            SpanKind::Producer => 4,
            SpanKind::Consumer => 5,
        },
        "startTimeUnixNano": began.offset(span.start).nanos().to_string(),
        "endTimeUnixNano": began.offset(span.end).nanos().to_string(),
        "attributes": attributes,
    });
    if let Some(message) = &span.error {
        json["status"] = json!({"code": 2, "message": message});
    }
    json
}

fn line_json(began: Timestamp, exchange: &Exchange, line: &Line) -> Json {
    let (number, word) = match line.severity {
        Severity::Info => (9, "INFO"),
        Severity::Warn => (13, "WARN"),
        Severity::Error => (17, "ERROR"),
    };
    let at = began.offset(line.at).nanos().to_string();
    json!({
        "timeUnixNano": at,
        "observedTimeUnixNano": at,
        "severityNumber": number,
        "severityText": word,
        "body": {"stringValue": line.text},
        "traceId": exchange.trace.to_string(),
        "spanId": line.span.to_string(),
    })
}

fn text(key: &str, value: &str) -> Json {
    json!({"key": key, "value": {"stringValue": value}})
}

fn attribute(key: &str, value: &Value<'_>) -> Json {
    match value {
        Value::Int(number) => json!({"key": key, "value": {"intValue": number.to_string()}}),
        other => text(key, &other.to_text()),
    }
}
