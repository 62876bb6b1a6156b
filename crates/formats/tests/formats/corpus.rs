//! Golden cases in `corpus/formats/FORMAT/*.in`; `UPDATE=1` rewrites the goldens beside them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use gw_base::Limits;
use gw_formats::{FORMATS, access_log};
use gw_testkit::{Suite, check_golden};

use crate::{context, show};

fn folder() -> PathBuf {
    gw_testkit::package().join("../../corpus/formats")
}

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "in"));
    paths.sort();
    paths
}

fn content_type(format: &str) -> &'static str {
    match format {
        "prometheus-text" | "openmetrics-text" => "text/plain",
        _ => "application/json",
    }
}

#[test]
fn formats_match_their_goldens() {
    let mut suite = Suite::new("formats corpus");
    let limits = Limits::default();
    for format in FORMATS {
        let name = format.about().name;
        for path in inputs(&folder().join(name)) {
            suite.case(&format!("{name}/{}", path.display()), || {
                let body = fs::read(&path).context("cannot read the input")?;
                let text = match format.decode(&body, &context(&limits, content_type(name), "")) {
                    Ok(decoded) => show::decoded(&decoded),
                    Err(error) => format!("error: {error}\n"),
                };
                check_golden(&path.with_extension("golden"), &text)
            });
        }
    }
    suite.finish();
}

#[test]
fn access_logs_match_their_goldens() {
    let mut suite = Suite::new("access log corpus");
    for parser in access_log::LINE_PARSERS {
        for path in inputs(&folder().join("access-log").join(parser.about().name)) {
            suite.case(&path.display().to_string(), || access_log_case(&path, *parser));
        }
    }
    suite.finish();
}

fn access_log_case(path: &Path, parser: &dyn access_log::LineParser) -> Result<()> {
    let mut text = String::new();
    for line in fs::read_to_string(path)?.lines() {
        let Some(log) = parser.parse(line) else {
            text.push_str("not taken\n");
            continue;
        };
        let fields: Vec<String> = log.fields().map(|(name, value)| format!("{name}={value:?}")).collect();
        let time = log.time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        writeln!(text, "{time} {}", fields.join(" "))?;
    }
    check_golden(&path.with_extension("golden"), &text)
}
