//! Bad input on every port: a clear refusal in the product's own words, never a panic, never lost data.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use gw_testkit::http;

use crate::outside::unix_nanos;
use crate::ports::TABLE;
use crate::product::Gatewatch;
use crate::wire::{self, Series};

/// Whether an answer refuses what was sent, without a fault of the server's own.
fn refused(status: u16) -> bool {
    (400..500).contains(&status)
}

fn millis() -> Result<i64> {
    Ok(i64::try_from(unix_nanos() / 1_000_000)?)
}

#[test]
fn garbage_on_every_port() -> Result<()> {
    let product = Gatewatch::start()?;
    let mut noise = 0x2545_F491_4F6C_DD1D_u64;
    for native in TABLE {
        for length in [1, 7, 300, 70_000] {
            let bytes: Vec<u8> = std::iter::repeat_with(|| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise.to_le_bytes()[3]
            })
            .take(length)
            .collect();
            let mut stream = TcpStream::connect(("127.0.0.1", product.port(*native)))?;
            stream.set_read_timeout(Some(Duration::from_millis(200)))?;
            // The server may hang up in the middle; that is a fine answer to garbage.
            drop(stream.write_all(&bytes));
            let mut seen = [0; 512];
            drop(stream.read(&mut seen));
        }
    }
    ensure!(product.get(1002, "/-/ready")?.status == 200, "it is still ready");
    product.finish()
}

#[test]
fn bodies_that_are_no_payload() -> Result<()> {
    let product = Gatewatch::start()?;
    let doors = [
        (1002, "/api/v1/write", "application/x-protobuf"),
        (1004, "/loki/api/v1/push", "application/json"),
        (1004, "/loki/api/v1/push", "application/x-protobuf"),
        (1014, "/api/v2/spans", "application/json"),
        (4318, "/v1/traces", "application/json"),
        (4318, "/v1/traces", "application/x-protobuf"),
        (4318, "/v1/logs", "application/x-protobuf"),
        (4318, "/v1/metrics", "application/json"),
    ];
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (port, path, kind) in doors {
        for body in
            [&b"{"[..], b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"{\"streams\":[{\"stream\":5}]}", deep.as_bytes()]
        {
            // Wire: OTLP receivers ignore fields that they do not know, so foreign JSON is an empty request to them.
            if port == 4318 && body.starts_with(b"{\"streams\"") {
                continue;
            }
            let answer = http::request(product.port(port), "POST", path, &[("content-type", kind)], body)?;
            let shown = wire::hex(body.get(..body.len().min(16)).unwrap_or_default());
            ensure!(refused(answer.status), "{path} ({kind}) answers {} to {shown}: {}", answer.status, answer.text());
            ensure!(!answer.body.is_empty(), "{path} ({kind}) refuses {shown} without a word");
        }
    }
    product.finish()
}

#[test]
fn bombs_are_refused_before_they_burst() -> Result<()> {
    let product = Gatewatch::start()?;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1 << 20];
    for _ in 0..1024 {
        bomb.write_all(&block)?;
    }
    let gzip = bomb.finish()?;
    let before = product.resident_kib()?;
    for (port, path) in [(1004, "/loki/api/v1/push"), (4318, "/v1/traces"), (1014, "/api/v2/spans")] {
        let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
        let answer = http::request(product.port(port), "POST", path, &headers, &gzip)?;
        ensure!(refused(answer.status), "{path} answers {} to a gzip bomb: {}", answer.status, answer.text());
    }
    // A snappy block that promises four gigabytes.
    let promise = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
    for (port, path) in [(1002, "/api/v1/write"), (1004, "/loki/api/v1/push")] {
        let headers = [("content-type", "application/x-protobuf"), ("content-encoding", "snappy")];
        let answer = http::request(product.port(port), "POST", path, &headers, &promise)?;
        ensure!(refused(answer.status), "{path} answers {} to a snappy bomb: {}", answer.status, answer.text());
    }
    let grown = product.resident_kib()?.saturating_sub(before) / 1024;
    // Each of the three doors may unpack up to the limit of 128 MiB before it refuses, and the allocator keeps some of it.
    ensure!(grown < 450, "the bombs cost {grown} MiB");
    product.finish()
}

#[test]
fn a_line_of_100_megabytes_and_a_series_of_a_million_labels() -> Result<()> {
    let product = Gatewatch::start()?;
    let line = "x".repeat(100 << 20);
    let body = wire::loki_push(&[("job", "huge")], &[(unix_nanos(), line)]);
    let answer =
        http::request(product.port(1004), "POST", "/loki/api/v1/push", &[("content-type", "application/json")], &body)?;
    ensure!(refused(answer.status), "the line is answered with {}: {}", answer.status, answer.text());
    let labels: Vec<(String, String)> =
        (0..1_000_000).map(|number| (format!("l{number:07}"), "v".to_owned())).collect();
    let mut series = Series::new("wide", &[], millis()?, 1.0);
    series.labels.extend(labels);
    let answer = wire::send_remote_write(&mut product.connect(1002)?, &wire::remote_write(&[series])?)?;
    ensure!(refused(answer.status), "a million labels are answered with {}: {}", answer.status, answer.text());
    ensure!(
        product.instant("wide")?.is_empty() && product.lines("{job=\"huge\"}")?.is_empty(),
        "nothing of them is stored"
    );
    product.finish()
}

#[test]
fn queries_that_are_wrong_are_explained() -> Result<()> {
    let product = Gatewatch::start()?;
    let nested = format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000));
    for query in ["sum(", "up{job=~\"(\"}", "rate(up)", "foo[5m", "no_such_function(up)", nested.as_str()] {
        let body = format!("query={}", http::encode(query));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = http::request(product.port(1002), "POST", "/api/v1/query", &headers, body.as_bytes())?;
        let error = answer.json()?;
        let shown: String = query.chars().take(30).collect();
        ensure!(answer.status == 400 && error["errorType"] == "bad_data", "{shown}: {} {error}", answer.status);
        ensure!(error["error"].as_str().is_some_and(|text| !text.is_empty()), "{shown} is refused without a word");
    }
    for query in ["{", "{job=\"a\"} |= ", "sum(rate({job=\"a\"}))", "{}"] {
        let answer = product.get(1004, &format!("/loki/api/v1/query_range?query={}", http::encode(query)))?;
        ensure!(answer.status == 400, "{query}: {} {}", answer.status, answer.text());
    }
    ensure!(product.get(1002, "/api/v1/no-such-route")?.status == 404, "a missing route is 404");
    product.finish()
}

#[test]
fn a_torn_log_tail_is_cut_and_nothing_before_it_is_lost() -> Result<()> {
    let mut product = Gatewatch::start()?;
    for number in 0..20 {
        let body = wire::remote_write(&[Series::new("torn", &[("n", &number.to_string())], millis()?, 1.0)])?;
        wire::send_remote_write(&mut product.connect(1002)?, &body)?.success()?;
        let lines = [(unix_nanos(), format!("line {number}"))];
        let push = wire::loki_push(&[("job", "torn")], &lines);
        product.post_json(1004, "/loki/api/v1/push", &String::from_utf8(push)?)?.success()?;
    }
    product.daemon().kill()?;
    let segments = newest_segments(&product.folder().join("data"))?;
    ensure!(!segments.is_empty(), "no write-ahead log is found below the data folder");
    for segment in &segments {
        File::options().append(true).open(segment)?.write_all(&[0xAB; 1000])?;
    }
    product.restart()?;
    ensure!((product.value("count(torn)")? - 20.0).abs() < f64::EPSILON, "metrics before the tear");
    let lines = product.lines("{job=\"torn\"}")?.len();
    ensure!(lines == 20, "{lines} lines of 20 before the tear");
    let body = wire::remote_write(&[Series::new("after", &[], millis()?, 1.0)])?;
    wire::send_remote_write(&mut product.connect(1002)?, &body)?.success()?;
    product.crash_and_restart()?;
    ensure!(product.instant("after")?.len() == 1, "what was written after the tear survives the next crash");
    product.finish()
}

/// The last file of each folder that holds write-ahead log segments.
fn newest_segments(data: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![data.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let mut newest: Option<PathBuf> = None;
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if folder.ends_with("wal") || path.extension().is_some_and(|kind| kind == "wal") {
                newest = newest.max(Some(path));
            }
        }
        found.extend(newest);
    }
    Ok(found)
}
