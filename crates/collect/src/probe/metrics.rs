//! The metrics that Uptime Kuma exports, for the store and for the uptime room's page.

use gw_base::{Labels, METRIC_NAME};
use gw_batch::{MetricType, MetricsBuilder};
use gw_formats::exposition::Writer;

use super::config::MonitorSpec;
use crate::board::MonitorStatus;

/// The `job` label of monitors' series in the store.
const JOB: &str = "uptime";

/// Name and help of each metric, as Uptime Kuma writes them.
const FAMILIES: [(&str, &str); 4] = [
    ("monitor_cert_days_remaining", "The number of days remaining until the certificate expires"),
    ("monitor_cert_is_valid", "Is the certificate still valid? (1 = Yes, 0= No)"),
    ("monitor_response_time", "Monitor Response Time (ms)"),
    ("monitor_status", "Monitor Status (1 = UP, 0= DOWN, 2= PENDING, 3= MAINTENANCE)"),
];

/// Writes the page of all monitors.
pub fn write_metrics(monitors: &[(MonitorSpec, MonitorStatus)], writer: &mut Writer) {
    for (index, (name, help)) in FAMILIES.into_iter().enumerate() {
        let mut opened = false;
        for (spec, status) in monitors {
            let Some(value) = values(status)[index] else { continue };
            if !opened {
                writer.family(name, MetricType::Gauge, help);
                opened = true;
            }
            let labels = labels(spec);
            writer.sample(name, labels.iter().map(|(name, value)| (*name, value.as_str())), value);
        }
    }
}

/// The rows of one check.
pub(super) fn rows(spec: &MonitorSpec, status: &MonitorStatus) -> MetricsBuilder {
    let mut rows = MetricsBuilder::default();
    let labels = labels(spec);
    for ((name, _), value) in FAMILIES.into_iter().zip(values(status)) {
        let Some(value) = value else { continue };
        let own = [(METRIC_NAME, name), ("job", JOB)];
        let pairs = labels.iter().map(|(name, value)| (*name, value.as_str()));
        let series = rows.series(&Labels::from_pairs(own.into_iter().chain(pairs)));
        rows.sample(series, status.beat.at, value);
    }
    rows
}

/// Values in the order of [`FAMILIES`].
fn values(status: &MonitorStatus) -> [Option<f64>; 4] {
    [
        status.certificate.map(|certificate| certificate.days_left as f64),
        status.certificate.map(|certificate| f64::from(u8::from(certificate.valid))),
        // Wire: milliseconds, and -1 for a check without an answer, as Kuma's own page has it.
        Some(status.beat.seconds.map_or(-1.0, |seconds| (seconds * 1000.0).round())),
        Some(status.beat.state.number()),
    ]
}

/// Wire: Kuma writes `null` for what a kind of monitor lacks.
fn labels(spec: &MonitorSpec) -> Vec<(&'static str, String)> {
    let settings = &spec.settings;
    let null = || "null".to_owned();
    let (url, host, port) = match settings.kind.as_str() {
        "http" => (settings.target.clone(), null(), null()),
        "tcp" => match settings.target.rsplit_once(':') {
            Some((host, port)) => ("https://".to_owned(), host.to_owned(), port.to_owned()),
            None => ("https://".to_owned(), settings.target.clone(), null()),
        },
        _ => ("https://".to_owned(), settings.target.clone(), null()),
    };
    let kind = if settings.kind == "tcp" { "port".to_owned() } else { settings.kind.clone() };
    vec![
        ("monitor_hostname", host),
        ("monitor_id", spec.id.to_string()),
        ("monitor_name", settings.name.clone()),
        ("monitor_port", port),
        ("monitor_type", kind),
        ("monitor_url", url),
    ]
}
