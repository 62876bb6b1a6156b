//! The originals against us: an unmodified Prometheus writes into us and scrapes us, we scrape it, promtool asks us.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, program};
use crate::ports;
use crate::product::Gatewatch;

#[test]
fn prometheus_writes_into_us_and_scrapes_us() -> Result<()> {
    let Some(prometheus) = program("prometheus")? else { return Ok(()) };
    let product = Gatewatch::start()?;
    let folder = Folder::new()?;
    let port = ports::free()?;
    let config = folder.write(
        "prometheus.yml",
        &format!(
            "global: {{scrape_interval: 1s, external_labels: {{cluster: original}}}}\n\
             scrape_configs:\n\
             - job_name: prometheus\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n\
             - job_name: gatewatch\n  static_configs: [{{targets: ['127.0.0.1:{}']}}]\n\
             remote_write:\n- url: http://127.0.0.1:{}/api/v1/write\n",
            product.port(1007),
            product.port(1002),
        ),
    )?;
    let mut original = Daemon::start(
        Command::new(prometheus)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
        &folder.path().join("prometheus.log"),
    )?;
    eventually("what Prometheus scraped from us came back by remote write", PATIENCE, || {
        original.check_alive()?;
        let up = product.instant("up{job=\"gatewatch\", cluster=\"original\"} == 1")?;
        Ok(Some(()).filter(|()| !up.is_empty()))
    })?;
    let theirs = |query: &str| -> Result<usize> {
        let path = format!("/api/v1/query?query={}", http::encode(query));
        let answer = http::request(port, "GET", &path, &[], b"")?.success()?.json()?;
        Ok(answer["data"]["result"].as_array().map_or(0, Vec::len))
    };
    let query = "count by (__name__) ({job=\"prometheus\"})";
    eventually("we hold every metric that Prometheus holds of itself", PATIENCE, || {
        let (ours, theirs) = (product.instant(query)?.len(), theirs(query)?);
        ensure!(ours >= theirs, "{ours} names here, {theirs} there");
        Ok(Some(()))
    })?;
    ensure!(original.stop()?, "Prometheus did not end");
    product.finish()
}

#[test]
fn we_scrape_prometheus_and_its_federation() -> Result<()> {
    let Some(prometheus) = program("prometheus")? else { return Ok(()) };
    let folder = Folder::new()?;
    let port = ports::free()?;
    let own = folder.write(
        "own.yml",
        &format!("scrape_configs: [{{job_name: own, scrape_interval: 1s, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"),
    )?;
    let mut original = Daemon::start(
        Command::new(prometheus)
            .arg(format!("--config.file={}", own.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
        &folder.path().join("prometheus.log"),
    )?;
    let ours = folder.write(
        "prometheus.yml",
        &format!(
            "global: {{scrape_interval: 1s}}\n\
             scrape_configs:\n\
             - job_name: direct\n  static_configs: [{{targets: ['127.0.0.1:{port}'], labels: {{tier: origin}}}}]\n\
             - job_name: federate\n  honor_labels: true\n  metrics_path: /federate\n  params: {{'match[]': ['{{job=\"own\"}}']}}\n\
             \x20 static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n\
             - job_name: absent\n  static_configs: [{{targets: ['127.0.0.1:1']}}]\n"
        ),
    )?;
    let product = Gatewatch::start_with("", &["--import", &format!("prometheus={}", ours.display())])?;
    for query in
        ["up{job=\"direct\", tier=\"origin\"} == 1", "prometheus_build_info{job=\"own\"}", "up{job=\"absent\"} == 0"]
    {
        eventually(query, PATIENCE, || {
            original.check_alive()?;
            Ok(Some(()).filter(|()| product.instant(query).is_ok_and(|result| !result.is_empty())))
        })?;
    }
    let targets = product.get(1002, "/api/v1/targets")?.success()?.json()?;
    let active = targets["data"]["activeTargets"].as_array().context("a list of targets")?;
    let health =
        |job: &str| active.iter().find(|target| target["labels"]["job"] == job).map(|target| target["health"].clone());
    ensure!(health("direct") == Some("up".into()) && health("absent") == Some("down".into()), "{active:?}");

    ensure!(original.stop()?, "Prometheus did not end");
    eventually("a target that went away is down and its series are stale", PATIENCE, || {
        let gone = product.instant("up{job=\"direct\"} == 0")?.len() == 1;
        let stale = product.instant("prometheus_build_info{job=\"direct\"}")?.is_empty();
        Ok(Some(()).filter(|()| gone && stale))
    })?;
    product.finish()
}

#[test]
fn promtool_asks_us() -> Result<()> {
    let Some(promtool) = program("promtool")? else { return Ok(()) };
    let product = Gatewatch::start()?;
    let millis = i64::try_from(crate::outside::unix_nanos() / 1_000_000)?;
    let samples = (0..10_i32).map(|step| (millis - i64::from(9 - step) * 1000, f64::from(step)));
    let series = crate::wire::Series {
        labels: [("__name__", "asked_total"), ("job", "shop")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec(),
        samples: samples.collect(),
    };
    crate::wire::send_remote_write(&mut product.connect(1002)?, &crate::wire::remote_write(&[series])?)?.success()?;
    let server = format!("http://127.0.0.1:{}", product.port(1002));
    let ask = |arguments: &[&str]| -> Result<String> {
        let output = Command::new(&promtool).arg("query").args(arguments).output()?;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        ensure!(output.status.success(), "promtool query {arguments:?}: {text}");
        Ok(text)
    };
    let instant = ask(&["instant", &server, "asked_total"])?;
    ensure!(instant.contains("asked_total{job=\"shop\"} => 9"), "{instant}");
    let start = (millis / 1000 - 9).to_string();
    let range = ask(&["range", &format!("--start={start}"), "--step=1s", &server, "asked_total"])?;
    ensure!(range.contains("asked_total{job=\"shop\"} =>") && range.contains("8 @["), "{range}");
    let series = ask(&["series", &server, "--match=asked_total"])?;
    ensure!(series.contains("asked_total") && series.contains("shop"), "{series}");
    let values = ask(&["labels", &server, "job"])?;
    ensure!(values.lines().any(|line| line == "shop"), "{values}");
    product.finish()
}
