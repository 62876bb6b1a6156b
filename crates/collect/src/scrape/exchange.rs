//! One HTTP exchange with a target: headers, credentials, bounded body; refusals in the words that Prometheus' users know.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use gw_formats::exposition::{self, Dialect};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::Job;
use super::config::ScrapeProtocol;
use crate::client::deepest;

/// Largest answer where the job sets no limit.
const DEFAULT_BODY_LIMIT: u64 = 128 << 20;

/// A metrics page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) body: Bytes,
    pub(crate) dialect: Dialect,
}

/// Fetches the page of a target.
pub(crate) async fn fetch(job: &Job, url: &str, timeout: Duration) -> Result<Page, String> {
    let headers = headers(job, timeout)?;
    let request = job.client.get(url).headers(headers);
    let request = authorize(job, request)?;
    let answer = request.send().await.map_err(|error| format!("Get \"{url}\": {}", deepest(&error)))?;
    let status = answer.status();
    if status != reqwest::StatusCode::OK {
        let words = status.canonical_reason().unwrap_or_default();
        return Err(format!("server returned HTTP status {} {words}", status.as_u16()).trim_end().to_owned());
    }
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let dialect = dialect(job, content_type)?;
    let limit = match job.config.body_size_limit.0 {
        0 => DEFAULT_BODY_LIMIT,
        limit => limit,
    };
    let mut body = BytesMut::new();
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| format!("reading the answer of {url}: {}", deepest(&error)))?;
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(format!("body size limit exceeded ({limit} bytes)"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Page { body: body.freeze(), dialect })
}

/// Wire: Prometheus 3 refuses answers without a usable `Content-Type` unless `fallback_scrape_protocol` is set; 2 took
/// them as text. We do as 2 for absent types and plain files, because many small exporters send none.
fn dialect(job: &Job, content_type: &str) -> Result<Dialect, String> {
    if let Some(dialect) = Dialect::of_content_type(content_type) {
        return Ok(dialect);
    }
    match job.config.fallback_scrape_protocol {
        Some(ScrapeProtocol::PrometheusText004 | ScrapeProtocol::PrometheusText100) => Ok(Dialect::Text),
        Some(ScrapeProtocol::OpenMetricsText001 | ScrapeProtocol::OpenMetricsText100) => Ok(Dialect::OpenMetrics),
        _ if content_type.starts_with("application/octet-stream") => Ok(Dialect::Text),
        _ => Err(format!(
            "received unsupported Content-Type \"{content_type}\" and no fallback_scrape_protocol specified for target"
        )),
    }
}

fn accept(job: &Job) -> String {
    if job.config.scrape_protocols.is_empty() {
        return exposition::ACCEPT.to_owned();
    }
    let mut weight = job.config.scrape_protocols.len() + 1;
    let mut parts: Vec<String> = Vec::new();
    for protocol in &job.config.scrape_protocols {
        let media_type = match protocol {
            ScrapeProtocol::PrometheusProto => continue,
            ScrapeProtocol::PrometheusText004 => "text/plain;version=0.0.4",
            ScrapeProtocol::PrometheusText100 => "text/plain;version=1.0.0",
            ScrapeProtocol::OpenMetricsText001 => "application/openmetrics-text;version=0.0.1",
            ScrapeProtocol::OpenMetricsText100 => "application/openmetrics-text;version=1.0.0",
        };
        parts.push(format!("{media_type};q=0.{}", weight.min(9)));
        weight -= 1;
    }
    parts.push("*/*;q=0.1".to_owned());
    parts.join(",")
}

fn headers(job: &Job, timeout: Duration) -> Result<HeaderMap, String> {
    let value = |text: &str| HeaderValue::from_str(text.trim_end()).map_err(|error| format!("http_headers: {error}"));
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, value(&accept(job))?);
    let seconds = timeout.as_secs_f64().to_string();
    headers.insert(HeaderName::from_static("x-prometheus-scrape-timeout-seconds"), value(&seconds)?);
    for (name, values) in &job.config.http_headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| format!("http_headers: {name}: {error}"))?;
        for text in &values.values {
            headers.append(&name, value(text)?);
        }
        for secret in &values.secrets {
            headers.append(&name, value(secret.reveal())?);
        }
        for path in &values.files {
            headers.append(&name, value(&read(path)?)?);
        }
    }
    Ok(headers)
}

/// Credential files are read for each request, because they are rotated under running processes.
fn authorize(job: &Job, request: reqwest::RequestBuilder) -> Result<reqwest::RequestBuilder, String> {
    let config = &job.config;
    if let Some(basic) = &config.basic_auth {
        let user = basic.username_file.as_deref().map_or_else(|| Ok(basic.username.clone()), read)?;
        let password = basic.password_file.as_deref().map_or_else(|| Ok(basic.password.reveal().to_owned()), read)?;
        return Ok(request.basic_auth(user.trim_end(), Some(password.trim_end())));
    }
    if let Some(authorization) = &config.authorization {
        let credentials = match &authorization.credentials_file {
            Some(path) => read(path)?,
            None => authorization.credentials.reveal().to_owned(),
        };
        return Ok(request.header("authorization", format!("{} {}", authorization.scheme, credentials.trim_end())));
    }
    let token = match (&config.bearer_token, &config.bearer_token_file) {
        (Some(token), _) => token.reveal().to_owned(),
        (None, Some(path)) => read(path)?,
        (None, None) => return Ok(request),
    };
    Ok(request.bearer_auth(token.trim_end()))
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("unable to read {path}: {error}"))
}
