//! The Loki room beyond what a client library does: live tail, metrics of logs, partial refusals.

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http;
use serde_json::Value;

use crate::outside::unix_nanos;
use crate::product::Gatewatch;
use crate::websocket::Websocket;
use crate::wire;

fn push(product: &Gatewatch, labels: &[(&str, &str)], lines: &[(u128, String)]) -> Result<http::Answer> {
    product.post_json(1004, "/loki/api/v1/push", &String::from_utf8(wire::loki_push(labels, lines))?)
}

#[test]
fn tail_shows_lines_as_they_come() -> Result<()> {
    let product = Gatewatch::start()?;
    let query = http::encode("{job=\"live\"} |= \"wanted\"");
    let mut tail = Websocket::open(product.port(1004), &format!("/loki/api/v1/tail?query={query}"))?;
    let now = unix_nanos();
    let lines = [(now, "not this".to_owned()), (now + 1, "wanted one".to_owned()), (now + 2, "wanted two".to_owned())];
    push(&product, &[("job", "live")], &lines)?.success()?;
    push(&product, &[("job", "other")], &[(now, "wanted elsewhere".to_owned())])?.success()?;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let message: Value = serde_json::from_str(&tail.text()?)?;
        for stream in message["streams"].as_array().context("a list of streams")? {
            ensure!(stream["stream"]["job"] == "live", "{stream}");
            let values = stream["values"].as_array().context("a list of values")?;
            seen.extend(values.iter().map(|entry| entry[1].as_str().unwrap_or_default().to_owned()));
        }
    }
    seen.sort();
    ensure!(seen == ["wanted one", "wanted two"], "{seen:?}");
    product.finish()
}

#[test]
fn logs_are_counted_and_parsed_by_queries() -> Result<()> {
    let product = Gatewatch::start()?;
    let now = unix_nanos() - 30_000_000_000;
    let lines: Vec<_> = (0..40_u128)
        .map(|number| {
            (
                now + number,
                format!("{{\"level\":\"{}\",\"took\":{number}}}", if number % 4 == 0 { "error" } else { "info" }),
            )
        })
        .collect();
    push(&product, &[("job", "json")], &lines)?.success()?;
    let instant = |query: &str| -> Result<Value> {
        Ok(product.get(1004, &format!("/loki/api/v1/query?query={}", http::encode(query)))?.success()?.json()?["data"]
            ["result"]
            .clone())
    };
    let counted = instant("sum by (level) (count_over_time({job=\"json\"} | json [5m]))")?;
    let count = |level: &str| {
        counted
            .as_array()
            .and_then(|rows| rows.iter().find(|row| row["metric"]["level"] == level))
            .map(|row| row["value"][1].clone())
    };
    ensure!(count("error") == Some("10".into()) && count("info") == Some("30".into()), "{counted}");
    ensure!(product.lines("{job=\"json\"} | json | took >= 35")?.len() == 5, "a numeric label filter");
    ensure!(instant("sum(rate({job=\"json\"} |~ \"err.r\" [5m])) > 0")?.as_array().is_some_and(|rows| rows.len() == 1));
    let names = product.get(1004, "/loki/api/v1/label/job/values")?.success()?.json()?;
    ensure!(names["data"] == serde_json::json!(["json"]), "{names}");
    let series = product
        .get(1004, &format!("/loki/api/v1/series?match[]={}", http::encode("{job=\"json\"}")))?
        .success()?
        .json()?;
    ensure!(series["data"].as_array().is_some_and(|all| !all.is_empty()), "{series}");
    product.finish()
}
