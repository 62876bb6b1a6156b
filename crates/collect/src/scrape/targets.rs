//! From configuration to targets: default labels, relabelling, and the URL that is scraped.

use std::collections::BTreeMap;
use std::time::Duration;

use gw_base::labels::hash_bytes;
use gw_base::{Labels, LabelsBuilder, duration};

use super::Job;

/// Addresses with common labels, from the configuration or from a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Group {
    pub(crate) addresses: Vec<String>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// What is scraped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) discovered: Labels,
    pub(crate) labels: Labels,
    pub(crate) url: String,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

impl Target {
    /// Tells targets of one job apart, over restarts too.
    pub(crate) fn hash(&self) -> u64 {
        hash_bytes(&[self.labels.as_bytes(), self.url.as_bytes()].concat())
    }
}

/// What became of one address.
#[derive(Debug)]
pub(crate) enum Outcome {
    Target(Box<Target>),
    Dropped(Labels),
    Refused(String),
}

/// Makes the target of one address of a group.
pub(crate) fn make(job: &Job, group: &Group, address: &str) -> Outcome {
    let mut labels = LabelsBuilder::default();
    for (name, value) in &group.labels {
        labels.set(name, value);
    }
    labels.set("__address__", address);
    let config = &job.config;
    let mut default = |name: &str, value: String| {
        if labels.get(name).is_none() {
            labels.set(name, value);
        }
    };
    default("job", config.job_name.clone());
    default("__scrape_interval__", job.interval.to_string());
    default("__scrape_timeout__", job.timeout.to_string());
    default("__metrics_path__", config.metrics_path.clone());
    default("__scheme__", config.scheme.clone());
    for (name, values) in &config.params {
        default(&format!("__param_{name}"), values.first().cloned().unwrap_or_default());
    }
    let discovered = labels.build();
    if !job.target_rules.apply(&mut labels) {
        return Outcome::Dropped(discovered);
    }
    match finish(job, &discovered, labels) {
        Ok(target) => Outcome::Target(Box::new(target)),
        Err(message) => Outcome::Refused(format!("target {address} of job {}: {message}", config.job_name)),
    }
}

fn finish(job: &Job, discovered: &Labels, mut labels: LabelsBuilder) -> Result<Target, String> {
    let get = |labels: &LabelsBuilder, name: &str| labels.get(name).unwrap_or_default().to_owned();
    let address = get(&labels, "__address__");
    if address.is_empty() {
        return Err("relabelling left no __address__".to_owned());
    }
    if address.contains('/') {
        return Err(format!("\"{address}\" is not a valid hostname"));
    }
    let period = |name: &str| {
        let text = get(&labels, name);
        duration::prometheus(&text).map_err(|error| format!("{name}: {error}"))
    };
    let (interval, timeout) = (period("__scrape_interval__")?, period("__scrape_timeout__")?);
    if interval.is_zero() || timeout.is_zero() {
        return Err("scrape interval and timeout must be above 0".to_owned());
    }
    if timeout > interval {
        return Err(format!("scrape timeout {timeout:?} is longer than the interval {interval:?}"));
    }
    let url = url(job, &labels, &address);
    if labels.get("instance").is_none() {
        labels.set("instance", address);
    }
    let shown = labels.iter().filter(|(name, _)| !name.starts_with("__"));
    Ok(Target { discovered: discovered.clone(), labels: Labels::from_pairs(shown), url, interval, timeout })
}

/// Wire: `__param_NAME` replaces the first value of parameter NAME, later values stay.
fn url(job: &Job, labels: &LabelsBuilder, address: &str) -> String {
    let mut parameters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, values) in &job.config.params {
        parameters.insert(name, values.iter().map(String::as_str).collect());
    }
    for (name, value) in labels.iter() {
        if let Some(name) = name.strip_prefix("__param_") {
            let values = parameters.entry(name).or_default();
            match values.first_mut() {
                Some(first) => *first = value,
                None => values.push(value),
            }
        }
    }
    let mut url = format!(
        "{}://{address}{}",
        labels.get("__scheme__").unwrap_or("http"),
        absolute(labels.get("__metrics_path__").unwrap_or_default())
    );
    let mut separator = if url.contains('?') { '&' } else { '?' };
    for (name, values) in parameters {
        for value in values {
            url.push(separator);
            url.push_str(&escape(name));
            url.push('=');
            url.push_str(&escape(value));
            separator = '&';
        }
    }
    url
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') || path.is_empty() { path.to_owned() } else { format!("/{path}") }
}

/// Percent-encodes as query parameters want it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
    out
}
