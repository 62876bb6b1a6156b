//! Upstream's PromQL tests against the built binary: series by remote write, queries by HTTP, `clear` by deleting.
//!
//! Scripts and verdicts are those of `gw_testkit::promqltest`, which the engine's own tests use too. Their times begin in
//! 1970, so the store keeps a hundred years.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use gw_testkit::http::{Connection, encode};
use gw_testkit::promqltest::{
    Answer, AnswerKind, AnsweredHistogram, Cell, Cells, Command, CommandKind, Eval, EvalTime, LabelPairs, judge, parse,
};
use gw_testkit::{Bar, Outcome, conformance, run_scripts};
use serde_json::Value;

use crate::product::Gatewatch;
use crate::written::{Release, write};

const CONFIG: &str = "store: {retention: 100y, admin_api: true}\n";

#[test]
fn upstream_v3_14() {
    suite("metrics/promqltest-v3.14.0", "promqltest.floor", &[]);
}

#[test]
fn upstream_v2_47() {
    suite("metrics/promqltest-v2.47.0", "promqltest-2.47.floor", &["--compat=2.47"]);
}

fn suite(folder: &str, floors: &str, arguments: &[&str]) {
    let Some(folder) = conformance(folder) else { return };
    let floors: PathBuf = gw_testkit::package().join("../corpus/blackbox").join(floors);
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    run_scripts(&format!("{name} over remote write and HTTP"), &folder, "test", Bar::Floors(&floors), |text| {
        let mut outcome = Outcome::default();
        if let Err(error) = run(text, arguments, &mut outcome) {
            outcome.failures.push(format!("the script ended early: {error:#}"));
        }
        outcome
    });
}

fn run(text: &str, arguments: &[&str], outcome: &mut Outcome) -> Result<()> {
    let commands = parse(text)?;
    let product = Gatewatch::start_with(CONFIG, arguments)?;
    let mut connection = product.connect(1002)?;
    let mut release = Release::Two;
    for Command { line, kind } in commands {
        match kind {
            CommandKind::Clear => clear(&mut connection)?,
            CommandKind::Load(load) => {
                // Both releases of the protocol take their turn; start times are in the second alone.
                let starts = load.series.iter().any(|series| !series.start_offsets_millis.is_empty());
                release = if starts || release == Release::One { Release::Two } else { Release::One };
                if let Err(error) = write(&mut connection, &load, release) {
                    outcome.failures.push(format!("{line}: load: {error:#}"));
                }
            }
            CommandKind::Eval(eval) => match evaluate(&mut connection, &eval) {
                Ok(()) => outcome.passed += 1,
                Err(error) => outcome.failures.push(format!("{line}: {}: {error:#}", eval.query)),
            },
        }
    }
    product.finish()
}

fn clear(connection: &mut Connection) -> Result<()> {
    let matching = encode("{__name__=~\".+\"}");
    let path = format!("/api/v1/admin/tsdb/delete_series?match[]={matching}");
    connection.send("POST", &path, &[], b"")?.success().context("cannot delete all series")?;
    Ok(())
}

fn evaluate(connection: &mut Connection, eval: &Eval) -> Result<()> {
    let seconds = |millis: i64| millis as f64 / 1000.0;
    let query = encode(&eval.query);
    let (path, form) = match eval.time {
        EvalTime::Instant { at_millis } => ("/api/v1/query", format!("query={query}&time={}", seconds(at_millis))),
        EvalTime::Range(window) => {
            let [start, end, step] = [window.start_millis, window.end_millis, window.step_millis].map(seconds);
            ("/api/v1/query_range", format!("query={query}&start={start}&end={end}&step={step}"))
        }
    };
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = connection.send("POST", path, &headers, form.as_bytes())?.json()?;
    let matches = |pattern: &str, text: &str| regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
    judge(eval, read(&answer, path == "/api/v1/query")?, matches)
}

/// An answer of the HTTP API, or the message of a failure.
fn read(json: &Value, instant: bool) -> Result<Result<Answer, String>> {
    if json["status"] != "success" {
        let message = json["error"].as_str().with_context(|| format!("no message: {json}"))?;
        return Ok(Err(message.strip_prefix("invalid parameter \"query\": ").unwrap_or(message).to_owned()));
    }
    let result = &json["data"]["result"];
    let kind = match json["data"]["resultType"].as_str() {
        Some("matrix") if instant => AnswerKind::RangeVector,
        Some("vector" | "matrix") => AnswerKind::Series,
        Some("scalar") => AnswerKind::Scalar,
        Some("string") => AnswerKind::Text(result[1].as_str().context("a text")?.to_owned()),
        other => bail!("a result of type {other:?}"),
    };
    let series = match kind {
        AnswerKind::Scalar => vec![(LabelPairs::new(), [cell(result)?].into())],
        AnswerKind::Text(_) => Vec::new(),
        _ => result.as_array().context("a list of series")?.iter().map(row).collect::<Result<_>>()?,
    };
    Ok(Ok(Answer { kind, series, warnings: remarks(&json["warnings"]), infos: remarks(&json["infos"]) }))
}

fn row(row: &Value) -> Result<(LabelPairs, Cells)> {
    let metric = row["metric"].as_object().context("labels")?;
    let mut labels: LabelPairs =
        metric.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    labels.sort();
    let mut cells = Cells::new();
    for one in ["value", "histogram"].iter().filter_map(|key| row.get(key)) {
        cells.extend([cell(one)?]);
    }
    for one in ["values", "histograms"].iter().filter_map(|key| row[*key].as_array()).flatten() {
        cells.extend([cell(one)?]);
    }
    Ok((labels, cells))
}

fn cell(pair: &Value) -> Result<(i64, Cell)> {
    let millis = pair[0].as_f64().context("a time")? * 1000.0;
    let cell = match &pair[1] {
        Value::Object(fields) => {
            let field = |name: &str| number(fields.get(name).unwrap_or(&Value::Null));
            let list = fields.get("buckets").and_then(Value::as_array).cloned().unwrap_or_default();
            let bucket = |bucket: &Value| Ok([number(&bucket[1])?, number(&bucket[2])?, number(&bucket[3])?]);
            Cell::Histogram(Box::new(AnsweredHistogram {
                count: field("count")?,
                sum: field("sum")?,
                buckets: list.iter().map(bucket).collect::<Result<_>>()?,
                inside: None,
            }))
        }
        value => Cell::Float(number(value)?),
    };
    Ok((millis.round() as i64, cell))
}

fn number(value: &Value) -> Result<f64> {
    value.as_str().and_then(|text| text.parse().ok()).with_context(|| format!("no number: {value}"))
}

/// Remarks without the places at their ends, `(1:5)`, and without what repaired counts looked like, which scripts leave out.
fn remarks(list: &Value) -> Vec<String> {
    let place = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let cut = |text: &str| match text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) {
        Some((before, inside)) if place(inside) => before.to_owned(),
        _ => text.to_owned(),
    };
    let head = |text: String| text.split_once(", from buckets ").map_or(text.clone(), |(head, _)| head.to_owned());
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(cut).map(head).collect()
}
