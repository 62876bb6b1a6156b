//! Random PromQL asked of us and of an unmodified Prometheus that was fed by the same remote write: the answers must agree.
//!
//! The program is named by `GATEWATCH_TEST_PROMETHEUS`; without it the test is skipped. `GW_PROMQL_QUERIES` asks more than a few
//! hundred, `GW_PROMQL_SEED` others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use gw_testkit::http::{self, Connection};
use gw_testkit::promql_generator::{Dice, STEP_MILLIS, query, series};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, report, unix_nanos, variable};
use crate::product::Gatewatch;
use crate::{ports, wire};

/// Samples of each series: half an hour.
const STEPS: i64 = 120;
/// Height of the queries.
const DEPTH: usize = 3;
/// How far numbers may lie apart, relative to the greater.
const TOLERANCE: f64 = 1e-9;

/// Parts of the language that the original has behind flags; ours has all of them by default.
const FEATURES: &str = "promql-experimental-functions,promql-extended-range-selectors,promql-binop-fill-modifiers,\
                        promql-delayed-name-removal";

#[test]
fn random_queries_are_answered_as_prometheus_answers_them() -> Result<()> {
    let Some(program) = variable("GATEWATCH_TEST_PROMETHEUS").map(PathBuf::from) else {
        report("skipped: GATEWATCH_TEST_PROMETHEUS names no Prometheus to compare with");
        return Ok(());
    };
    let number = |name: &str, default: u64| variable(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (count, mut dice) = (number("GW_PROMQL_QUERIES", 300), Dice::new(number("GW_PROMQL_SEED", 1)));
    let folder = Folder::new()?;
    let (_peer, port) = start_peer(&program, &folder)?;
    let ours = Gatewatch::start()?;
    let end = i64::try_from(unix_nanos() / 1_000_000)? / STEP_MILLIS * STEP_MILLIS - 60_000;
    let begin = end - (STEPS - 1) * STEP_MILLIS;
    let body = wire::generated(&series(&mut dice, STEPS), begin)?;
    for port in [port, ours.port(1002)] {
        let answer = wire::send_remote_write(&mut Connection::open(port, PATIENCE)?, &body)?;
        ensure!(answer.status < 300, "remote write to port {port}: {} {}", answer.status, answer.text());
    }
    let mut differences = Vec::new();
    for _ in 0..count {
        let text = query(&mut dice, DEPTH);
        let path = path(&mut dice, &text, (begin, end));
        let ask = |port: u16| -> Result<Value> { http::request(port, "GET", &path, &[], b"")?.json() };
        if let Some(why) = difference(&ask(port)?, &ask(ours.port(1002))?) {
            differences.push(format!("{text}\n    {path}\n    {why}"));
        }
    }
    report(&format!("{} of {count} random queries agree with Prometheus", count - differences.len() as u64));
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

fn start_peer(program: &Path, folder: &Folder) -> Result<(Daemon, u16)> {
    let port = ports::free()?;
    let config = folder.write("prometheus.yml", "global: {}\n")?;
    let mut command = Command::new(program);
    command.args([
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", folder.path().join("peer").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--web.enable-remote-write-receiver".to_owned(),
        format!("--enable-feature={FEATURES}"),
    ]);
    let mut daemon = Daemon::start(&mut command, &folder.path().join("peer.log"))?;
    eventually("the original is ready", PATIENCE, || {
        daemon.check_alive()?;
        Ok(http::request(port, "GET", "/-/ready", &[], b"").ok().filter(|answer| answer.status == 200).map(|_| ()))
    })?;
    Ok((daemon, port))
}

/// An instant or range query at some moment of the data.
fn path(dice: &mut Dice, text: &str, (begin, end): (i64, i64)) -> String {
    let text = http::encode(text);
    let seconds = |millis: i64| millis as f64 / 1000.0;
    let moment = |dice: &mut Dice| begin + 300_000 + dice.below(1_200) as i64 * 1000;
    if dice.once_in(2) {
        return format!("/api/v1/query?query={text}&time={}", seconds(moment(dice)));
    }
    let (from, step) = (moment(dice), [10, 15, 60, 97][dice.below(4)]);
    let to = (from + step * 1000 * dice.below(12) as i64).min(end);
    format!("/api/v1/query_range?query={text}&start={}&end={}&step={step}", seconds(from), seconds(to))
}

/// How two answers differ, if they do.
fn difference(theirs: &Value, ours: &Value) -> Option<String> {
    for key in ["status", "errorType"] {
        if theirs[key] != ours[key] {
            let said = |answer: &Value| answer["error"].as_str().unwrap_or("").to_owned();
            return Some(format!("{key}: {} ({}), ours {} ({})", theirs[key], said(theirs), ours[key], said(ours)));
        }
    }
    if theirs["status"] != "success" {
        return None;
    }
    for key in ["warnings", "infos"] {
        let (theirs, ours) = (remarks(&theirs[key]), remarks(&ours[key]));
        if theirs != ours {
            return Some(format!("{key}: {theirs:?}, ours {ours:?}"));
        }
    }
    if theirs["data"]["resultType"] != ours["data"]["resultType"] {
        return Some(format!("{} against {}", theirs["data"]["resultType"], ours["data"]["resultType"]));
    }
    let (theirs, ours) = (rows(&theirs["data"]), rows(&ours["data"]));
    if let Some(labels) = theirs.keys().find(|labels| !ours.contains_key(*labels)) {
        return Some(format!("{labels} is missing of {} series", theirs.len()));
    }
    if let Some(labels) = ours.keys().find(|labels| !theirs.contains_key(*labels)) {
        return Some(format!("{labels} is too much"));
    }
    theirs.iter().find_map(|(labels, theirs)| {
        let ours = &ours[labels];
        (!same(theirs, ours)).then(|| format!("{labels}: {theirs}, ours {ours}"))
    })
}

/// Remarks in one order. How often counts were made to rise is left out: the original counts steps of a range more than once.
fn remarks(list: &Value) -> Vec<String> {
    let text = |remark: &Value| remark.as_str().unwrap_or("").to_owned();
    let cut = |text: String| match text.split_once(", over ").zip(text.rsplit_once(" (")) {
        Some(((before, _), (_, place))) => format!("{before} ({place}"),
        None => text,
    };
    let mut all: Vec<String> = list.as_array().into_iter().flatten().map(|remark| cut(text(remark))).collect();
    all.sort();
    all
}

fn rows(data: &Value) -> BTreeMap<String, Value> {
    let result = &data["result"];
    if data["resultType"] == "scalar" || data["resultType"] == "string" {
        return BTreeMap::from([(String::new(), result.clone())]);
    }
    let row = |row: &Value| {
        let parts: Vec<Value> =
            ["value", "values", "histogram", "histograms"].iter().map(|key| row[*key].clone()).collect();
        (row["metric"].to_string(), Value::from(parts))
    };
    result.as_array().into_iter().flatten().map(row).collect()
}

/// Whether two pieces of an answer say the same; numbers in texts are compared as numbers.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::String(a), Value::String(b)) => a == b || close(a, b),
        (Value::Number(a), Value::Number(b)) => close(&a.to_string(), &b.to_string()),
        (a, b) => a == b,
    }
}

fn close(a: &str, b: &str) -> bool {
    let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) else { return false };
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}
