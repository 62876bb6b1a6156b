//! Unmodified Python clients: they send, the public APIs answer what they sent.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::outside::{PATIENCE, eventually, provided};
use crate::product::Gatewatch;
use crate::wire;

/// Where a script is.
pub(crate) fn path(script: &str) -> PathBuf {
    gw_testkit::package().join("clients").join(script)
}

/// Runs a script of `tests/clients`; `None` where there is no Python environment.
pub(crate) fn client(script: &str, arguments: &[&str]) -> Result<Option<String>> {
    let Some(python) = provided("GATEWATCH_TEST_PYTHON")? else { return Ok(None) };
    let output = Command::new(python).arg(path(script)).args(arguments).output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{script} ended with {}:\n{errors}", output.status);
    // The SDKs swallow export errors and only log them.
    ensure!(!errors.contains("Failed to export") && !errors.contains("Transient error"), "{script}:\n{errors}");
    Ok(Some(String::from_utf8(output.stdout)?.trim().to_owned()))
}

/// The spans of a trace, as the Jaeger query API answers.
fn jaeger_spans(product: &Gatewatch, trace: &str) -> Result<Vec<Value>> {
    let answer = product.get(1005, &format!("/api/traces/{trace}"))?.success()?.json()?;
    Ok(answer["data"][0]["spans"].as_array().cloned().unwrap_or_default())
}

fn opentelemetry(protocol: &str, native: u16) -> Result<()> {
    let product = Gatewatch::start()?;
    let port = product.port(native).to_string();
    let Some(trace) = client("opentelemetry_sdk.py", &[protocol, &port, "shop"])? else { return Ok(()) };
    let spans = eventually("the trace is there", PATIENCE, || {
        Ok(Some(jaeger_spans(&product, &trace)?).filter(|spans| spans.len() == 2))
    })?;
    let root = spans.iter().find(|span| span["operationName"] == "GET /cart").context("the server span")?;
    let child = spans.iter().find(|span| span["operationName"] == "SELECT carts").context("the client span")?;
    ensure!(child["references"][0]["spanID"] == root["spanID"], "the child names its parent: {child}");
    ensure!(child["logs"].as_array().is_some_and(|events| events.len() == 1), "the event is kept: {child}");

    let services = product.get(1005, "/api/services")?.success()?.json()?;
    ensure!(services["data"].as_array().is_some_and(|names| names.contains(&"shop".into())), "{services}");
    let found = product
        .get(1005, "/api/traces?service=shop&operation=GET%20%2Fcart&limit=50&lookback=1h")?
        .success()?
        .json()?;
    let count = found["data"].as_array().map_or(0, Vec::len);
    ensure!(count == 10, "{count} traces of ten are found");

    ensure!((product.value("sum(shop_orders_total)")? - 10.0).abs() < f64::EPSILON, "the counter");
    ensure!((product.value("sum(shop_duration_seconds_count)")? - 10.0).abs() < f64::EPSILON, "the histogram");
    let lines = product.lines("{service_name=\"shop\"}")?;
    ensure!(lines.len() == 10 && lines.iter().any(|(_, line)| line == "order 7 accepted"), "{lines:?}");
    product.finish()
}

#[test]
fn opentelemetry_by_grpc() -> Result<()> {
    opentelemetry("grpc", 4317)
}

#[test]
fn opentelemetry_by_http() -> Result<()> {
    opentelemetry("http", 4318)
}

#[test]
fn loki_handler_of_python_logging() -> Result<()> {
    let product = Gatewatch::start()?;
    let port = product.port(1004).to_string();
    if client("loki_handler.py", &[&port, "blue"])?.is_none() {
        return Ok(());
    }
    let lines = product.lines("{application=\"shop\"} |= \"blue\"")?;
    ensure!(lines.len() == 10, "{} lines of ten: {lines:?}", lines.len());
    ensure!(lines.iter().any(|(_, line)| line == "blue line 3 한글"), "{lines:?}");
    ensure!(product.lines("{application=\"shop\", till=\"1\"}")?.len() == 5, "tags become labels");
    ensure!(product.lines("{application=\"shop\"} != \"blue\"")?.is_empty());
    let labels = product.get(1004, "/loki/api/v1/labels")?.success()?.json()?;
    ensure!(labels["data"].as_array().is_some_and(|names| names.contains(&"till".into())), "{labels}");
    product.finish()
}

#[test]
fn zipkin_spans_are_found_by_both_apis() -> Result<()> {
    let product = Gatewatch::start()?;
    let port = product.port(1014).to_string();
    let Some(trace) = client("zipkin_spans.py", &[&port, "till"])? else { return Ok(()) };
    let spans = product.get(1014, &format!("/api/v2/trace/{trace}"))?.success()?.json()?;
    let spans = spans.as_array().context("a list of spans")?;
    ensure!(spans.len() == 2, "{spans:?}");
    let pay = spans.iter().find(|span| span["name"] == "pay").context("the client span")?;
    ensure!(pay["kind"] == "CLIENT" && pay["localEndpoint"]["serviceName"] == "till", "{pay}");
    ensure!(jaeger_spans(&product, &trace)?.len() == 2, "the same trace by the other API");
    let services = product.get(1014, "/api/v2/services")?.success()?.json()?;
    ensure!(services == serde_json::json!(["till"]), "{services}");
    product.finish()
}

#[test]
fn prometheus_api_client_reads_what_was_written() -> Result<()> {
    let product = Gatewatch::start()?;
    let millis = i64::try_from(crate::outside::unix_nanos() / 1_000_000)?;
    let mut series = wire::Series::new("read_back", &[("job", "shop")], millis - 3000, 1.0);
    series.samples.extend([(millis - 2000, 2.0), (millis - 1000, 3.5)]);
    wire::send_remote_write(&mut product.connect(1002)?, &wire::remote_write(&[series])?)?.success()?;
    let port = product.port(1002).to_string();
    let Some(answer) = client("prometheus_api.py", &[&port, "read_back"])? else { return Ok(()) };
    ensure!(answer == "3.5 3 1", "{answer}");
    product.finish()
}
