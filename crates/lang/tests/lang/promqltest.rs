//! Every query of upstream's promqltest files and of the compliance tester, parsed and printed.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use gw_lang::promql::{self, Syntax};
use gw_testkit::{Suite, conformance};

/// Queries that upstream's parser, too, refuses.
const REFUSED: &[&str] = &["{__name__=~\".*\"}"];

#[test]
fn queries_of_both_versions() {
    let versions = [("metrics/promqltest-v3.14.0", Syntax::default()), ("metrics/promqltest-v2.47.0", Syntax::v2_47())];
    for (version, syntax) in versions {
        let Some(folder) = conformance(version) else { return };
        let mut suite = Suite::new(&format!("{version} queries"));
        for file in test_files(&folder) {
            let text = fs::read_to_string(&file).expect("a test file is readable");
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("?").to_owned();
            for (index, line) in text.lines().enumerate() {
                if let Some(query) = query_of(line) {
                    suite.case(&format!("{name}:{}", index + 1), || parses(query, syntax));
                }
            }
        }
        suite.finish();
    }
}

/// What the variables of the compliance tester's queries stand for; its program holds the lists.
const VARIABLES: [(&str, &[&str]); 14] = [
    ("arithBinOp", &["+", "-", "*", "/", "%", "^"]),
    ("extrapolatedRateFunc", &["delta", "rate", "increase"]),
    ("instantRateFunc", &["idelta", "irate"]),
    ("dateFunc", &["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"]),
    ("clampFunc", &["clamp_min", "clamp_max"]),
    ("range", &["1s", "15s", "1m", "5m", "15m", "1h"]),
    ("offset", &["1m", "5m", "10m"]),
    ("simpleAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar"]),
    ("simpleTimeAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last"]),
    ("topBottomOp", &["topk", "bottomk"]),
    ("quantile", &["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"]),
    ("binOp", &["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="]),
    ("compBinOp", &["==", "!=", "<", ">", "<=", ">="]),
    ("simpleMathFunc", &["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"]),
];

#[test]
fn queries_of_the_compliance_tester() {
    let Some(folder) = conformance("metrics/promql-compliance") else { return };
    let text = fs::read_to_string(folder.join("promql-test-queries.yml")).expect("the file is readable");
    let mut suite = Suite::new("promql-compliance queries");
    for (index, line) in text.lines().enumerate() {
        let Some(query) = line.trim_start().strip_prefix("- query: ") else { continue };
        let query = match query.trim().strip_prefix('\'') {
            Some(quoted) => quoted.trim_end_matches('\'').replace("''", "'"),
            None => query.trim().trim_matches('"').to_owned(),
        };
        for (variant, query) in variants(query).into_iter().enumerate() {
            suite.case(&format!("line {} variant {variant}", index + 1), || parses(&query, Syntax::default()));
        }
    }
    suite.finish();
}

/// The query with all its variables replaced, in every way.
fn variants(query: String) -> Vec<String> {
    for (name, values) in VARIABLES {
        let variable = format!("{{{{.{name}}}}}");
        if query.contains(&variable) {
            return values.iter().flat_map(|value| variants(query.replace(&variable, value))).collect();
        }
    }
    vec![query]
}

/// Parses, prints, parses again: both trees must print the same.
fn parses(query: &str, syntax: Syntax) -> Result<()> {
    let first = promql::parse_with(query, syntax);
    if REFUSED.contains(&query) {
        ensure!(first.is_err(), "accepted: {query}");
        return Ok(());
    }
    let printed = first.map_err(|error| anyhow::anyhow!("{query}: {error}"))?.to_string();
    let again = promql::parse_with(&printed, syntax)
        .map_err(|error| anyhow::anyhow!("printed {printed}: {error}"))?
        .to_string();
    ensure!(printed == again, "not stable: {printed} became {again}");
    Ok(())
}

/// The query of an `eval` line.
pub(crate) fn query_of(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("eval")?;
    let (_, rest) = rest.split_once(char::is_whitespace)?;
    let mut rest = rest.trim_start();
    let skipped = if let Some(after) = rest.strip_prefix("instant") {
        rest = after;
        2
    } else {
        rest = rest.strip_prefix("range")?;
        6
    };
    for _ in 0..skipped {
        let (_, after) = rest.trim_start().split_once(char::is_whitespace)?;
        rest = after;
    }
    Some(rest.trim())
}

/// The `*.test` files of a folder, sorted.
pub(crate) fn test_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}
