//! The Prometheus HTTP API as a whole: the documented contract walked path by path, and upstream's compliance suite.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::{conformance, http};

use crate::clients::client;
use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, built_by_go, eventually, program, report};
use crate::ports;
use crate::product::{Gatewatch, binary};

/// A metric of the product itself that has metadata and is never deleted elsewhere.
const METRIC: &str = "process_cpu_seconds_total";

#[test]
fn every_documented_path_answers_as_documented() -> Result<()> {
    let Some(folder) = conformance("metrics/http-api") else { return Ok(()) };
    let product = Gatewatch::start_with("collect: {scrape: {interval: 1s}}\nstore: {admin_api: true}\n", &[])?;
    eventually("the product scrapes itself", PATIENCE, || {
        Ok(Some(()).filter(|()| product.instant(METRIC).is_ok_and(|found| !found.is_empty())))
    })?;
    let golden = folder.join("openapi_3.1_golden.yaml");
    let port = product.port(1002).to_string();
    let Some(answer) = client("http_api.py", &[&golden.display().to_string(), &port, METRIC])? else { return Ok(()) };
    let (head, failures) = answer.split_once('\n').unwrap_or((&answer, ""));
    report(&format!("HTTP API against its OpenAPI description: {head}"));
    ensure!(failures.is_empty(), "{answer}");

    let known: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("features.json"))?)?;
    let ours = product.get(1002, "/api/v1/features")?.success()?.json()?;
    for (category, names) in known.as_object().context("categories")? {
        for name in names.as_object().context("features")?.keys() {
            let told = &ours["data"][category][name];
            // Discovery mechanisms that are not there are left out; all else is answered with yes or no.
            ensure!(told.is_boolean() || category == "service_discovery_providers", "{category}/{name}: {told}");
        }
    }
    product.finish()
}

#[test]
fn remote_write_receiver_compliance() -> Result<()> {
    let Some(suite) = built_by_go("GATEWATCH_TEST_RECEIVER") else { return Ok(()) };
    let product = Gatewatch::start()?;
    let folder = Folder::new()?;
    let url = format!("http://127.0.0.1:{}/api/v1/write", product.port(1002));
    folder.write("config.yml", &format!("remote_write: [{{name: gatewatch, url: '{url}'}}]\n"))?;
    let output = Command::new(suite).arg("-test.v").current_dir(folder.path()).output()?;
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = |word: &str| log.lines().filter(|line| line.trim_start().starts_with(word)).count();
    let (passed, failed) = (count("--- PASS"), count("--- FAIL"));
    report(&format!("remote-write receiver compliance: {passed}/{}", passed + failed));
    let failures: Vec<&str> = log.lines().filter(|line| line.trim_start().starts_with("--- FAIL")).take(20).collect();
    ensure!(output.status.success() && failed == 0 && passed > 400, "{passed} passed, failed: {failures:#?}");
    product.finish()
}

/// Compares with a current Prometheus: the one that Debian has is too old.
#[test]
fn promql_compliance() -> Result<()> {
    let Some(queries) = conformance("metrics/promql-compliance/promql-test-queries.yml") else { return Ok(()) };
    let Some(programs) = built_by_go("GATEWATCH_TEST_PROMETHEUS") else { return Ok(()) };
    let (product, folder, port) = (Gatewatch::start()?, Folder::new()?, ports::free()?);
    let config = folder.write("reference.yml", "storage: {tsdb: {out_of_order_time_window: 6h}}\n")?;
    let mut original = Daemon::start(
        Command::new(programs.join("prometheus"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("reference").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--web.enable-remote-write-receiver"),
        &folder.path().join("reference.log"),
    )?;
    eventually("the reference is ready", PATIENCE, || {
        original.check_alive()?;
        Ok(http::request(port, "GET", "/-/ready", &[], b"").ok().filter(|answer| answer.status == 200))
    })?;
    let ours = product.port(1002).to_string();
    let arguments = [&*queries.display().to_string(), &port.to_string(), &ours];
    let Some(answer) = client("promql_compliance.py", &arguments)? else { return Ok(()) };
    let (head, failures) = answer.split_once('\n').unwrap_or((&answer, ""));
    report(&format!("PromQL compliance queries against a current Prometheus: {head}"));
    ensure!(failures.is_empty(), "{answer}");
    ensure!(original.stop()?, "Prometheus did not end");
    product.finish()
}

fn ask(port: u16, query: &str, time: i64) -> Result<serde_json::Value> {
    let path = format!("/api/v1/query?time={time}&query={}", http::encode(query));
    let answer = http::request(port, "GET", &path, &[], b"")?.success()?.json()?;
    Ok(answer["data"]["result"].clone())
}

fn original(folder: &Folder, name: &str, config: &str) -> Result<Option<(Daemon, u16)>> {
    let Some(prometheus) = program("prometheus")? else { return Ok(None) };
    let port = ports::free()?;
    let config = folder.write(&format!("{name}.yml"), config)?;
    let daemon = Daemon::start(
        Command::new(prometheus)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join(name).display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}")),
        &folder.path().join(format!("{name}.log")),
    )?;
    Ok(Some((daemon, port)))
}

#[test]
fn prometheus_reads_and_federates_from_us() -> Result<()> {
    let product = Gatewatch::start_with("collect: {scrape: {interval: 1s}}\n", &[])?;
    let (folder, us) = (Folder::new()?, product.port(1002));
    let read = format!("remote_read: [{{url: 'http://127.0.0.1:{us}/api/v1/read', read_recent: true}}]\n");
    let Some((mut reader, reading)) = original(&folder, "reader", &read)? else { return Ok(()) };
    let federate = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: federate\n  honor_labels: true\n  metrics_path: /federate\n\
         \x20 params: {{'match[]': ['{{job=\"gatewatch\"}}']}}\n  static_configs: [{{targets: ['127.0.0.1:{us}']}}]\n"
    );
    let Some((mut follower, following)) = original(&folder, "follower", &federate)? else { return Ok(()) };
    eventually("enough was scraped", PATIENCE, || {
        Ok(Some(())
            .filter(|()| product.value(&format!("count_over_time({METRIC}[1m])")).is_ok_and(|count| count > 5.0)))
    })?;
    let time = i64::try_from(crate::outside::unix_nanos() / 1_000_000_000)? - 2;
    for query in [
        "count({job=\"gatewatch\"})",
        "count(count by (__name__) ({job=\"gatewatch\"}))",
        "sum(rate(process_cpu_seconds_total[1m]))",
        "count_over_time(up{job=\"gatewatch\"}[1m])",
        "up{job=~\"gate.*\", instance!=\"\"} offset 1s",
    ] {
        let ours = ask(us, query, time)?;
        eventually(query, PATIENCE, || {
            reader.check_alive()?;
            let theirs = ask(reading, query, time)?;
            ensure!(ours == theirs && ours != serde_json::json!([]), "ours {ours}, by remote read {theirs}");
            Ok(Some(()))
        })?;
    }
    eventually("Prometheus federated every series with its own time", PATIENCE, || {
        follower.check_alive()?;
        let time = i64::try_from(crate::outside::unix_nanos() / 1_000_000_000)? - 2;
        let query = format!("timestamp({METRIC}{{job=\"gatewatch\"}})");
        let (ours, theirs) = (ask(us, &query, time)?, ask(following, &query, time)?);
        let all = "count({job=\"gatewatch\"})";
        let (most, found) = (ask(us, all, time)?, ask(following, all, time)?);
        let fits = |one: &serde_json::Value, other: &serde_json::Value| one[0]["value"][1] == other[0]["value"][1];
        ensure!(fits(&most, &found) && ours[0]["metric"] == theirs[0]["metric"], "{ours} {theirs} {most} {found}");
        Ok(Some(()))
    })?;
    ensure!(reader.stop()? && follower.stop()?, "Prometheus did not end");
    product.finish()
}

#[test]
fn flags_of_prometheus_do_their_work() -> Result<()> {
    let (folder, port) = (Folder::new()?, ports::free()?);
    let config = folder.write("prometheus.yml", "scrape_configs: []\n")?;
    let mut command = Command::new(binary());
    command
        .arg("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(["--web.route-prefix=/metrics-of-ours/", "--query.timeout=7s", "--web.page-title=Ours"])
        .args(["--no-web.enable-remote-write-receiver", "--web.cors.origin=https://a\\.example"]);
    let mut daemon = Daemon::start(command.current_dir(folder.path()), &folder.path().join("log"))?;
    let get = |path: &str| http::request(port, "GET", path, &[("origin", "https://a.example")], b"");
    eventually("it is ready under its prefix", PATIENCE, || {
        daemon.check_alive()?;
        Ok(get("/metrics-of-ours/-/ready").ok().filter(|answer| answer.status == 200))
    })?;
    let flags = get("/metrics-of-ours/api/v1/status/flags")?.success()?;
    ensure!(flags.header("access-control-allow-origin") == Some("https://a.example"), "the origin is allowed");
    let flags = flags.json()?;
    ensure!(flags["data"]["query.timeout"] == "7s" && flags["data"]["web.page-title"] == "Ours", "{flags}");
    let write = http::request(port, "POST", "/metrics-of-ours/api/v1/write", &[], b"")?;
    let text = String::from_utf8_lossy(&write.body).into_owned();
    ensure!(write.status == 404 && text.contains("--web.enable-remote-write-receiver"), "{} {text}", write.status);
    let log = daemon.log();
    ensure!(log.contains("flag=--web.page-title") && !log.contains("flag=--query.timeout"), "{log}");
    ensure!(daemon.stop()?, "it did not end on SIGTERM");
    Ok(())
}

#[test]
fn series_are_deleted_and_snapshots_made() -> Result<()> {
    let product = Gatewatch::start_with("store: {admin_api: true}\n", &[])?;
    let millis = i64::try_from(crate::outside::unix_nanos() / 1_000_000)?;
    let series = ["kept", "gone"].map(|name| crate::wire::Series::new(name, &[("job", "shop")], millis, 1.0));
    crate::wire::send_remote_write(&mut product.connect(1002)?, &crate::wire::remote_write(&series)?)?.success()?;
    let post = |path: &str| http::request(product.port(1002), "POST", path, &[], b"");
    for request in ["delete_series?match[]=gone", "clean_tombstones"] {
        let answer = post(&format!("/api/v1/admin/tsdb/{request}"))?;
        ensure!(answer.status == 204 && answer.body.is_empty(), "{request}: {} {}", answer.status, answer.text());
    }
    ensure!(product.instant("gone")?.is_empty() && product.instant("kept")?.len() == 1, "only what was named is gone");
    let made = post("/api/v1/admin/tsdb/snapshot")?.success()?.json()?;
    let name = made["data"]["name"].as_str().context("a name")?;
    let folder = product.folder().join("data/snapshots").join(name);
    ensure!(Path::new(&folder).join("manifest").exists(), "{} is a store", folder.display());
    product.finish()
}
