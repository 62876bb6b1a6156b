//! Prometheus' own good and bad configuration files, where they use what is supported.

use std::path::Path;

use anyhow::{Result, bail};
use gw_testkit::Suite;

/// Files that need what is not there yet; each is refused or taken for this reason.
const ALLOWED: &[(&str, &str)] =
    &[("scrape_body_size_limit.bad.yml", "a size without a unit is a number of bytes in all our files")];

/// Files that concern only sections that are left out (remote write, alerting, other discoveries, storage): both outcomes
/// would say nothing about what is taken over.
fn is_elsewhere(name: &str, text: &str) -> bool {
    let sections = ["remote_write", "remote_read", "alerting", "storage", "tracing", "otlp", "agent"];
    let other_discovery = text.replace("file_sd_configs", "").contains("_sd_configs:");
    name.starts_with("otlp")
        || name.starts_with("agent_mode")
        || name == "empty_rw_config.bad.yml"
        || other_discovery
        || sections.iter().any(|section| text.contains(&format!("{section}:")))
}

#[test]
fn good_files_are_taken_and_bad_ones_refused() {
    let Some(folder) = gw_testkit::conformance("metrics/config-v3.14.0") else { return };
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.ends_with(".yml"))
        .collect();
    names.sort();
    let mut suite = Suite::new("prometheus config files");
    let mut elsewhere = Vec::new();
    for name in names {
        let path = folder.join(&name);
        let text = std::fs::read_to_string(&path).unwrap();
        // Some files import jobs from a file that is not among the data.
        let lacks_import =
            text.contains("scrape_config_files.good.yml") && !folder.join("scrape_config_files.good.yml").exists();
        if lacks_import || is_elsewhere(&name, &text) {
            elsewhere.push(name);
            continue;
        }
        suite.case(&name, || check(&path, name.contains(".bad.")));
    }
    println!("not asked, because they concern sections that are left out: {}", elsewhere.join(", "));
    suite.finish_with(ALLOWED);
}

fn check(path: &Path, bad: bool) -> Result<()> {
    match (gw_import::prometheus::load(path), bad) {
        (Ok(_), true) => bail!("accepted"),
        (Err(error), false) => bail!("refused: {error}"),
        _ => Ok(()),
    }
}
