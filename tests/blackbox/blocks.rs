//! Prometheus' data directories: what an unmodified Prometheus left behind is imported and answers the same; what we export
//! is opened by Prometheus and `promtool` and answers the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http;
use serde_json::Value;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, program, unix_nanos};
use crate::ports;
use crate::product::{Gatewatch, binary};
use crate::wire::{Series, remote_write, send_remote_write};

/// Old data stays: the snapshot is from 2025.
const CONFIG: &str = "store:\n  retention: 50y\n";
const HOUR: i64 = 3_600_000;

fn gatewatch(folder: &Path, arguments: &[&str]) -> Result<String> {
    let done = Command::new(binary()).args(arguments).current_dir(folder).env("NO_COLOR", "1").output()?;
    let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    ensure!(done.status.success(), "gatewatch {arguments:?}: {text}");
    Ok(text)
}

/// A Prometheus on a data directory.
struct Original {
    daemon: Daemon,
    port: u16,
}

impl Original {
    fn start(program: &Path, folder: &Path, data: &str) -> Result<Self> {
        let config = folder.join("original.yml");
        std::fs::write(&config, "storage:\n  tsdb:\n    out_of_order_time_window: 2h\n")?;
        let port = ports::free()?;
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join(data).display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--storage.tsdb.retention.time=50y", "--web.enable-remote-write-receiver", "--web.enable-admin-api"])
            .arg("--enable-feature=exemplar-storage");
        let mut daemon = Daemon::start(&mut command, &folder.join(format!("{data}.log")))?;
        eventually("Prometheus is ready", PATIENCE, || {
            daemon.check_alive()?;
            Ok(http::request(port, "GET", "/-/ready", &[], b"").ok().filter(|answer| answer.status == 200).map(|_| ()))
        })?;
        Ok(Self { daemon, port })
    }

    fn stop(mut self) -> Result<()> {
        ensure!(self.daemon.stop()?, "Prometheus did not end");
        Ok(())
    }
}

/// The result of an instant query as a map, so that order does not count.
fn ask(port: u16, query: &str, seconds: i64) -> Result<BTreeMap<String, Value>> {
    let path = format!("/api/v1/query?query={}&time={seconds}", http::encode(query));
    let answer = http::request(port, "GET", &path, &[], b"")?.success();
    let answer = answer.with_context(|| format!("port {port}: {query}"))?.json()?;
    let result = answer["data"]["result"].as_array().with_context(|| format!("{query}: {answer}"))?;
    let value = |one: &Value| one.get("value").or_else(|| one.get("values")).cloned().unwrap_or_default();
    Ok(result.iter().map(|one| (one["metric"].to_string(), value(one))).collect())
}

/// Both answer each query the same, and not with nothing.
fn same_answers(ours: u16, theirs: u16, queries: &[&str], seconds: i64) -> Result<()> {
    for query in queries {
        let (mine, other) = (ask(ours, query, seconds)?, ask(theirs, query, seconds)?);
        ensure!(!other.is_empty(), "{query} answers nothing");
        let differs = other.iter().find(|(labels, value)| mine.get(*labels) != Some(value));
        let extra = mine.keys().find(|labels| !other.contains_key(*labels));
        let shown = differs.map(|(labels, value)| (labels, value, mine.get(labels)));
        ensure!(shown.is_none() && extra.is_none(), "{query}: {} and {}: {shown:?} {extra:?}", mine.len(), other.len());
    }
    Ok(())
}

/// Counters and gauges over five hours, written as a sender would; some series end or begin in between.
fn history(start: i64, end: i64) -> Vec<Series> {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    (0..12_i64)
        .map(|i| {
            let name = if i % 3 == 0 { "shop_temperature" } else { "shop_requests_total" };
            let mut labels =
                vec![label("__name__", name), label("instance", &format!("i{i}")), label("room", "ré\"1\n")];
            labels.sort();
            let times = (start + i..end).step_by(15_000).filter(|time| (time / HOUR + i) % 5 != 0);
            let value = |time: i64| ((time / 15_000 * (i + 3)) % 1009) as f64 / if i % 3 == 0 { 7.0 } else { 1.0 };
            Series { labels, samples: times.map(|time| (time, value(time))).collect() }
        })
        .collect()
}

fn write(port: u16, series: &[Series]) -> Result<()> {
    let mut connection = http::Connection::open(port, PATIENCE)?;
    send_remote_write(&mut connection, &remote_write(series)?)?.success()?;
    Ok(())
}

/// A head that is older than its blocks is refused, so samples go in by their time.
fn fill(port: u16, start: i64, end: i64) -> Result<()> {
    let all = history(start, end);
    for slot in (start..end).step_by(600_000) {
        let piece = |series: &Series| {
            let samples = series.samples.iter().filter(|(time, _)| (slot..slot + 600_000).contains(time)).copied();
            Series { labels: series.labels.clone(), samples: samples.collect() }
        };
        write(port, &all.iter().map(piece).filter(|series| !series.samples.is_empty()).collect::<Vec<_>>())?;
    }
    // Out of order, every second one.
    let late = |offset: i64, steps: i64| -> Series {
        let samples = (0..steps).map(|step| (end - HOUR + offset + step * 20_000, (offset + step) as f64)).collect();
        Series { samples, ..Series::new("shop_late", &[], 0, 0.0) }
    };
    write(port, &[late(10_000, 60)])?;
    write(port, &[late(0, 60)])
}

fn delete(port: u16, selector: &str, range: Option<(i64, i64)>) -> Result<()> {
    let range = range.map_or(String::new(), |(start, end)| format!("&start={}&end={}", start / 1000, end / 1000));
    let path = format!("/api/v1/admin/tsdb/delete_series?match[]={}{range}", http::encode(selector));
    http::request(port, "POST", &path, &[], b"")?.success()?;
    Ok(())
}

#[test]
fn a_data_directory_moves_in_and_out() -> Result<()> {
    let Some(prometheus) = program("prometheus")? else { return Ok(()) };
    let folder = Folder::new()?;
    let end = i64::try_from(unix_nanos() / 1_000_000)? / 15_000 * 15_000;
    let (start, seconds) = (end - 5 * HOUR, end / 1000);
    let original = Original::start(&prometheus, folder.path(), "original")?;
    fill(original.port, start, end)?;
    delete(original.port, "shop_temperature{instance=\"i3\"}", None)?;
    delete(original.port, "{instance=~\"i[12]\"}", Some((end - 4 * HOUR, end - 3 * HOUR)))?;
    delete(original.port, "{instance=\"i4\"}", Some((end - HOUR / 2, end - HOUR / 4)))?;
    let queries = [
        "{__name__=~\"shop_.+\"}[6h]",
        "rate(shop_requests_total[10m] offset 1h)",
        "sum by (instance) (count_over_time({__name__=~\"shop_.+\"}[6h]))",
    ];
    let before: Vec<_> = queries.iter().map(|query| ask(original.port, query, seconds)).collect::<Result<_>>()?;
    ensure!(before[0].len() == 12, "{} series", before[0].len());
    original.stop()?;

    for round in ["first", "again"] {
        let told = gatewatch(folder.path(), &["import", "prometheus", "original", "--data", "data"])?;
        ensure!(told.contains("series                                12"), "{round}: {told}");
    }
    let mut product = Gatewatch::start_in(folder, CONFIG, &[])?;
    for (query, wanted) in queries.iter().zip(&before) {
        ensure!(ask(product.port(1002), query, seconds)? == *wanted, "{query} differs after import");
    }
    // A running product keeps its store to itself, and is reached by its address.
    let url = format!("http://127.0.0.1:{}", product.port(1002));
    let refused = Command::new(binary())
        .args(["export", "prometheus", "out", "--data", "data"])
        .current_dir(product.folder())
        .output()?;
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(!refused.status.success() && text.contains("is in use by another gatewatch"), "{text}");
    gatewatch(product.folder(), &["import", "prometheus", "original", "--url", &url])?;
    ensure!(ask(product.port(1002), queries[0], seconds)? == before[0], "a third import changed the answers");

    ensure!(product.daemon().stop()?, "the product did not end");
    let told = gatewatch(
        product.folder(),
        &["export", "prometheus", "exported", "--data", "data", "--match", "{__name__=~\"shop_.+\"}"],
    )?;
    ensure!(told.contains("blocks"), "{told}");
    let reopened = Original::start(&prometheus, product.folder(), "exported")?;
    for (query, wanted) in queries.iter().zip(&before) {
        ensure!(ask(reopened.port, query, seconds)? == *wanted, "{query} differs after export");
    }
    reopened.stop()
}

fn snapshot() -> Option<PathBuf> {
    let snapshots = gw_testkit::conformance("metrics/tsdb-real/prometheus")?.join("snapshots");
    std::fs::read_dir(snapshots).ok()?.flatten().map(|entry| entry.path()).next()
}

#[test]
fn a_real_snapshot_answers_as_prometheus_does() -> Result<()> {
    let (Some(prometheus), Some(snapshot)) = (program("prometheus")?, snapshot()) else { return Ok(()) };
    let folder = Folder::new()?;
    folder.write("gatewatch.yaml", CONFIG)?;
    let told = gatewatch(folder.path(), &["import", "prometheus", &snapshot.display().to_string(), "--data", "data"])?;
    ensure!(told.contains("float samples                      2,434"), "{told}");
    gatewatch(folder.path(), &["export", "prometheus", "exported", "--data", "data"])?;
    let analyzed =
        Command::new("promtool").args(["tsdb", "analyze", "exported"]).current_dir(folder.path()).output()?;
    let text = String::from_utf8_lossy(&[analyzed.stdout, analyzed.stderr].concat()).into_owned();
    ensure!(analyzed.status.success() && text.contains("Series: 2434"), "{text}");
    let reopened = Original::start(&prometheus, folder.path(), "exported")?;
    let product = Gatewatch::start_in(folder, CONFIG, &[])?;
    let queries = [
        "{__name__!=\"\"}",
        "{__name__!=\"\"}[1m]",
        "count by (__name__) ({__name__!=\"\"})",
        "vm_log_messages_total{location=~\".*opentsdb.*\"}[1m]",
        "sum by (job) (go_gc_duration_seconds)",
        "topk(3, go_memstats_heap_inuse_bytes)",
        "histogram_quantile(0.9, sum by (le, job) (go_gc_pauses_seconds_bucket))",
        "absent(nothing_of_this_name)",
        "label_replace(go_info, \"major\", \"$1\", \"version\", \"(go1).*\")",
    ];
    same_answers(product.port(1002), reopened.port, &queries, 1_748_897_925)?;
    reopened.stop()?;
    product.finish()
}
