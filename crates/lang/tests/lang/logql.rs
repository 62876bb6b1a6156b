//! Upstream's LogQL: the parser's own cases, and every query of the logqltest files.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use gw_lang::logql::{self, Place};
use gw_testkit::{Suite, conformance};
use serde_json::Value;

/// Cases of `parse.json`: they parse or fail as told, errors in the same words, canonical text the same.
#[test]
fn parser_cases() {
    let Some(folder) = conformance("logs/logql") else { return };
    let text = fs::read_to_string(folder.join("parse.json")).expect("the file is readable");
    let cases: Value = serde_json::from_str(&text).expect("the file is JSON");
    let mut suite = Suite::new("logql parse.json");
    for (index, case) in cases["cases"].as_array().expect("cases are a list").iter().enumerate() {
        suite.case(&format!("case {index}"), || check_case(case));
    }
    suite.finish();
}

fn check_case(case: &Value) -> Result<()> {
    let query = case["query"].as_str().context("a case has a query")?;
    match (logql::parse(query), case["valid"].as_bool()) {
        (Ok(expr), Some(true)) => {
            let printed = expr.to_string();
            stable(query, &printed)?;
            if let Some(wanted) = case["canonical"].as_str() {
                ensure!(printed == wanted, "{query}: printed {printed:?}, wanted {wanted:?}");
            }
            Ok(())
        }
        (Err(error), Some(false)) => {
            let Some(wanted) = case["error"]["message"].as_str() else { return Ok(()) };
            ensure!(error.message == wanted, "{query}: {:?}, wanted {wanted:?}", error.message);
            let number = |key: &str| case["error"][key].as_u64().unwrap_or(0) as usize;
            let place = match error.place {
                Place::Query => (0, 0),
                Place::Token { line, column } => (line, column),
            };
            ensure!(place == (number("line"), number("col")), "{query}: at {place:?}");
            Ok(())
        }
        (Ok(expr), _) => bail!("{query}: accepted as {expr}"),
        (Err(error), _) => bail!("{query}: {error}"),
    }
}

/// Cases of `format_query.json`: the multi-line form.
#[test]
fn formatting_cases() {
    let Some(folder) = conformance("logs/logql") else { return };
    let text = fs::read_to_string(folder.join("format_query.json")).expect("the file is readable");
    let cases: Value = serde_json::from_str(&text).expect("the file is JSON");
    let mut suite = Suite::new("logql format_query.json");
    for (index, case) in cases["cases"].as_array().expect("cases are a list").iter().enumerate() {
        suite.case(&format!("case {index}"), || {
            let expr = logql::parse(case["query"].as_str().context("a case has a query")?)?;
            let width = usize::try_from(case["max_chars_per_line"].as_u64().context("and a width")?)?;
            let (found, wanted) = (logql::pretty(&expr, width), case["formatted"].as_str().unwrap_or(""));
            ensure!(found == wanted, "found\n{found}\nwanted\n{wanted}");
            Ok(())
        });
    }
    suite.finish();
}

/// Printed text gives the same tree again. `NaN` can be folded, but not written.
fn stable(query: &str, printed: &str) -> Result<()> {
    if printed == "NaN" {
        return Ok(());
    }
    let again = logql::parse(printed).map_err(|error| anyhow::anyhow!("{query}: printed {printed}: {error}"))?;
    ensure!(printed == again.to_string(), "{query}: {printed} became {again}");
    Ok(())
}

/// Messages of `expect fail` that are told when a query is planned or run, not when it is parsed.
const LATER: &[&str] = &[
    "LabelFilterErr",
    "JSONParserErr",
    "ip: invalid",
    "missing unit in duration",
    "invalid duration",
    "invalid syntax",
    "named captures are not allowed",
    "not defined",
    "multiple matches",
    "duplicate series",
];

/// Queries of the logqltest files: parsed and printed, or refused with the words expected.
#[test]
fn queries() {
    let Some(folder) = conformance("logs/logql/logqltest") else { return };
    let mut suite = Suite::new("logqltest queries");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("readable").filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).expect("a test file is readable");
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            if let Some(query) = query_of(line) {
                let fails = lines.get(index + 1).and_then(|next| next.trim().strip_prefix("expect fail"));
                suite.case(&format!("{name}:{}", index + 1), || check_query(query, fails));
            }
        }
    }
    suite.finish();
}

fn check_query(query: &str, fails: Option<&str>) -> Result<()> {
    match (logql::parse(query), fails) {
        (Ok(expr), None) => stable(query, &expr.to_string()),
        (Ok(expr), Some(message)) => {
            ensure!(LATER.iter().any(|later| message.contains(later)), "{query}: accepted as {expr}, wanted {message}");
            Ok(())
        }
        (Err(error), Some(message)) => {
            let wanted = message.trim().trim_start_matches("msg:").trim_start_matches("regex:").trim();
            ensure!(error.to_string().contains(wanted), "{query}: {error}, wanted {wanted}");
            Ok(())
        }
        (Err(error), None) => bail!("{query}: {error}"),
    }
}

fn query_of(line: &str) -> Option<&str> {
    let mut rest = line.strip_prefix("eval ")?;
    let skipped = if rest.starts_with("instant") { 3 } else { 7 };
    for _ in 0..skipped {
        (_, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    }
    Some(rest.trim())
}
