//! Random PromQL asked of us and of an unmodified Prometheus that was fed by the same remote write: the answers must agree.
//!
//! Data and queries follow from a seed, and their times are fixed, so that every run asks the same. Queries on which the two
//! are known to differ are listed with their reasons. `GW_PROMQL_QUERIES` asks more, `GW_PROMQL_SEED` others; the list then
//! does not count.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};
use gw_testkit::Suite;
use gw_testkit::http::{self, Connection};
use gw_testkit::promql_generator::{Dice, STEP_MILLIS, query, series};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::folder::Folder;
use crate::outside::{PATIENCE, built_by_go, eventually, variable};
use crate::product::Gatewatch;
use crate::{ports, wire};

/// Samples of each series: half an hour.
const STEPS: i64 = 120;
/// Height of the queries.
const DEPTH: usize = 3;
/// How far numbers may lie apart, relative to the greater.
const TOLERANCE: f64 = 1e-9;

/// Parts of the language that the original has behind flags.
const FEATURES: &str = "promql-experimental-functions,promql-extended-range-selectors,promql-binop-fill-modifiers";
const DELAYED_NAMES: &str = "promql-delayed-name-removal";

/// The first sample, milliseconds: the start of 2026.
const BEGIN: i64 = 1_767_225_600_000;
const END: i64 = BEGIN + (STEPS - 1) * STEP_MILLIS;

/// What is asked, and of whom.
struct Run {
    /// For the report.
    name: &'static str,
    /// What both have switched on.
    features: String,
    queries: u64,
    seed: u64,
    /// Queries whose answers differ, and why. One that agrees must go from the list.
    known: &'static [(&'static str, &'static str)],
}

#[test]
fn random_queries_are_answered_as_prometheus_answers_them() -> Result<()> {
    compare(&Run {
        name: "random queries against Prometheus",
        features: format!("{FEATURES},{DELAYED_NAMES}"),
        queries: 2_000,
        seed: 1,
        known: &[],
    })
}

#[test]
fn so_they_are_where_names_go_at_each_operation() -> Result<()> {
    compare(&Run {
        name: "random queries without delayed names against Prometheus",
        features: FEATURES.to_owned(),
        queries: 500,
        seed: 2,
        known: &[],
    })
}

fn compare(run: &Run) -> Result<()> {
    let Some(programs) = built_by_go("GATEWATCH_TEST_PROMETHEUS") else { return Ok(()) };
    let number = |name: &str, default: u64| variable(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (count, seed) = (number("GW_PROMQL_QUERIES", run.queries), number("GW_PROMQL_SEED", run.seed));
    let mut dice = Dice::new(seed);
    let folder = Folder::new()?;
    let (_peer, peer) = start_peer(&programs.join("prometheus"), &run.features, &folder)?;
    let config = format!("store: {{retention: 100y}}\nquery: {{features: '{}'}}\n", run.features);
    let ours = Gatewatch::start_with(&config, &[])?;
    let body = wire::generated(&series(&mut dice, STEPS), BEGIN)?;
    let [mut theirs, mut of_ours] = [Connection::open(peer, PATIENCE)?, ours.connect(1002)?];
    for connection in [&mut theirs, &mut of_ours] {
        let answer = wire::send_remote_write(connection, &body)?;
        ensure!(answer.status < 300, "remote write: {} {}", answer.status, answer.text());
    }
    let mut suite = Suite::new(run.name);
    for _ in 0..count {
        let text = query(&mut dice, DEPTH);
        let path = path(&mut dice, &text);
        suite.case(&text, || {
            let ask = |connection: &mut Connection| connection.send("GET", &path, &[], b"")?.json();
            match difference(&ask(&mut theirs)?, &ask(&mut of_ours)?) {
                Some(why) => bail!("{why}\n    {path}"),
                None => Ok(()),
            }
        });
    }
    suite.finish_with(if (count, seed) == (run.queries, run.seed) { run.known } else { &[] });
    ours.finish()
}

fn start_peer(program: &Path, features: &str, folder: &Folder) -> Result<(Daemon, u16)> {
    let port = ports::free()?;
    let config = folder.write("prometheus.yml", "global: {}\n")?;
    let mut command = Command::new(program);
    command.args([
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", folder.path().join("peer").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--web.enable-remote-write-receiver".to_owned(),
        format!("--enable-feature={features}"),
    ]);
    let mut daemon = Daemon::start(&mut command, &folder.path().join("peer.log"))?;
    eventually("the original is ready", PATIENCE, || {
        daemon.check_alive()?;
        Ok(http::request(port, "GET", "/-/ready", &[], b"").ok().filter(|answer| answer.status == 200).map(|_| ()))
    })?;
    Ok((daemon, port))
}

/// An instant or range query at some moment of the data.
fn path(dice: &mut Dice, text: &str) -> String {
    let text = http::encode(text);
    let seconds = |millis: i64| millis as f64 / 1000.0;
    let moment = |dice: &mut Dice| BEGIN + 300_000 + dice.below(1_200) as i64 * 1000;
    if dice.once_in(2) {
        return format!("/api/v1/query?query={text}&time={}", seconds(moment(dice)));
    }
    let (from, step) = (moment(dice), [10, 15, 60, 97][dice.below(4)]);
    let to = (from + step * 1000 * dice.below(12) as i64).min(END);
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
/// Of more than ten it names any ten, so that the number of the others has to do.
fn remarks(list: &Value) -> Vec<String> {
    let text = |remark: &Value| remark.as_str().unwrap_or("").to_owned();
    let cut = |text: String| match text.split_once(", over ").zip(text.rsplit_once(" (")) {
        Some(((before, _), (_, place))) => format!("{before} ({place}"),
        None => text,
    };
    let mut all: Vec<String> = list.as_array().into_iter().flatten().map(|remark| cut(text(remark))).collect();
    all.sort();
    match all.iter().find(|text| text.ends_with("annotations omitted")) {
        Some(omitted) => vec![omitted.clone()],
        None => all,
    }
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
