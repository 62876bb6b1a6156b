//! nginx's `stub_status` text, under the names of nginx-prometheus-exporter.

use gw_base::{Labels, METRIC_NAME, Timestamp};
use gw_batch::{MetricType, MetricsBuilder};

const FAMILIES: [(&str, MetricType, &str); 8] = [
    ("nginx_connections_accepted", MetricType::Counter, "Accepted client connections"),
    ("nginx_connections_active", MetricType::Gauge, "Active client connections"),
    ("nginx_connections_handled", MetricType::Counter, "Handled client connections"),
    ("nginx_connections_reading", MetricType::Gauge, "Connections where NGINX is reading the request header"),
    ("nginx_connections_waiting", MetricType::Gauge, "Idle client connections"),
    (
        "nginx_connections_writing",
        MetricType::Gauge,
        "Connections where NGINX is writing the response back to the client",
    ),
    ("nginx_http_requests_total", MetricType::Counter, "Total http requests"),
    ("nginx_up", MetricType::Gauge, "Status of the last metric scrape"),
];

/// The numbers of a status text.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct StubStatus {
    accepted: f64,
    active: f64,
    handled: f64,
    reading: f64,
    waiting: f64,
    writing: f64,
    requests: f64,
}

/// Reads a status text.
pub(crate) fn parse(text: &str) -> Option<StubStatus> {
    let mut status = StubStatus::default();
    let mut lines = text.lines();
    status.active = lines.next()?.strip_prefix("Active connections:")?.trim().parse().ok()?;
    lines.next().filter(|line| line.contains("accepts"))?;
    let mut totals = lines.next()?.split_ascii_whitespace().map(str::parse);
    status.accepted = totals.next()?.ok()?;
    status.handled = totals.next()?.ok()?;
    status.requests = totals.next()?.ok()?;
    let last: Vec<&str> = lines.next()?.split_ascii_whitespace().collect();
    let ["Reading:", reading, "Writing:", writing, "Waiting:", waiting] = last.as_slice() else { return None };
    status.reading = reading.parse().ok()?;
    status.writing = writing.parse().ok()?;
    status.waiting = waiting.parse().ok()?;
    Some(status)
}

/// The rows of a status, or of a server that gave none.
pub(crate) fn rows(status: Option<StubStatus>, instance: &str, at: Timestamp, with_metadata: bool) -> MetricsBuilder {
    let mut rows = MetricsBuilder::default();
    let own = |name: &str| Labels::from_pairs([(METRIC_NAME, name), ("instance", instance), ("job", "nginx")]);
    let mut put = |name: &str, value: f64| {
        let series = rows.series(&own(name));
        rows.sample(series, at, value);
    };
    let up = f64::from(u8::from(status.is_some()));
    put("up", up);
    put("nginx_up", up);
    if let Some(status) = status {
        put("nginx_connections_accepted", status.accepted);
        put("nginx_connections_active", status.active);
        put("nginx_connections_handled", status.handled);
        put("nginx_connections_reading", status.reading);
        put("nginx_connections_waiting", status.waiting);
        put("nginx_connections_writing", status.writing);
        put("nginx_http_requests_total", status.requests);
    }
    if with_metadata {
        for (name, kind, help) in FAMILIES {
            rows.metadata(name, kind, "", help, at);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_text_is_read_and_others_are_not() {
        let text =
            "Active connections: 2 \nserver accepts handled requests\n 16 15 31 \nReading: 0 Writing: 1 Waiting: 1 \n";
        let status = parse(text).unwrap();
        let expected = StubStatus {
            accepted: 16.0,
            active: 2.0,
            handled: 15.0,
            reading: 0.0,
            waiting: 1.0,
            writing: 1.0,
            requests: 31.0,
        };
        assert_eq!(status, expected);
        for text in ["", "Active connections: x", "Active connections: 2\n\n1 2 3\n", "<html>"] {
            assert_eq!(parse(text), None);
        }
        assert_eq!(rows(None, "i", Timestamp::EPOCH, false).len(), 2);
    }
}
