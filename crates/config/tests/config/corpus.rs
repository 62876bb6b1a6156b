//! Every file of `corpus/config` is refused, with the position and words that its last line states (`#> LINE:COLUMN: text`).

#![expect(dead_code, reason = "the fields are there to be filled, not to be read")]

use std::collections::BTreeMap;
use std::path::Path;

use gw_config::{ByteSize, Environment, Loader, PromDuration, Secret};
use serde::Deserialize;

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Sample {
    global: Global,
    scrape_configs: Vec<Scrape>,
    limits: Bounds,
    receiver: Receiver,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Global {
    scrape_interval: PromDuration,
}

#[derive(Debug, Deserialize)]
struct Scrape {
    job_name: String,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    ratio: f64,
    #[serde(default)]
    tls_config: Option<Tls>,
    #[serde(default)]
    password: Secret,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Tls {
    ca_file: String,
    insecure_skip_verify: bool,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Bounds {
    body: ByteSize,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum Receiver {
    #[default]
    None,
    Slack,
}

#[test]
fn every_bad_file_is_refused_in_the_right_place() {
    let folder = Path::new("../../corpus/config");
    let environment = Environment::default();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for path in files.iter().filter(|path| path.extension().is_some_and(|ext| ext == "yaml")) {
        let text = std::fs::read_to_string(path).unwrap();
        let expected = text.lines().last().and_then(|line| line.strip_prefix("#> ")).expect("the last line states it");
        let name = path.file_stem().unwrap().to_string_lossy();
        let outcome = Loader::new("f", &text).environment(&environment, &[]).load::<Sample>();
        let said = outcome.map_or_else(|error| error.to_string(), |_| "accepted".to_owned());
        let said = said.strip_prefix("f:").unwrap_or(&said);
        count += 1;
        // A message that ends in a blank comes from the YAML library, whose words may change.
        if if expected.ends_with(' ') { !said.starts_with(expected) } else { said != expected } {
            wrong.push(format!("{name}\n  expected {expected}\n  got      {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 20);
}
