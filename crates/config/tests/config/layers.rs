//! What reading accepts: merges, types by the field that takes them, variables, flags over variables over the file.

use std::collections::BTreeMap;

use gw_config::{ByteSize, Environment, Loader, PromDuration, Secret, Spanned, print_yaml, yaml};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, Serialize, Default, PartialEq)]
#[serde(default)]
struct Settings {
    listen: Listen,
    store: Store,
    labels: BTreeMap<String, String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
#[serde(default)]
struct Listen {
    address: String,
    native: bool,
    ports: Vec<u16>,
}

impl Default for Listen {
    fn default() -> Self {
        Self { address: "127.0.0.1".to_owned(), native: false, ports: vec![1002] }
    }
}

#[derive(Debug, Deserialize, Serialize, Default, PartialEq)]
#[serde(default)]
struct Store {
    retention: Retention,
    retention_time: PromDuration,
    password: Secret,
}

#[derive(Debug, Deserialize, Serialize, Default, PartialEq)]
#[serde(default)]
struct Retention {
    size: ByteSize,
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
struct Rule {
    expr: Spanned<String>,
}

#[test]
fn flag_beats_variable_beats_file_beats_default() {
    let text = "listen: {address: file, native: no}\nstore:\n  retention_time: 1d\n";
    let environment: Environment = [
        ("GW_LISTEN_ADDRESS", "variable"),
        ("GW_LISTEN_PORTS", "[1, 2]"),
        ("GW_STORE_RETENTION_SIZE", "1GB"),
        ("GW_STORE_RETENTION_TIME", "2d"),
        ("GW_STOER_DIR", "x"),
        ("GW_ADMIN_PASSWORD", "reserved"),
    ]
    .into_iter()
    .collect();
    let loader = Loader::new("f", text).environment(&environment, &["GW_ADMIN_PASSWORD"]);
    let loaded = loader.flag("listen.address", "flag", "--listen").load::<Settings>().unwrap();
    let settings = loaded.value;
    assert_eq!((settings.listen.address.as_str(), settings.listen.native), ("flag", false));
    assert_eq!(settings.listen.ports, [1, 2]);
    assert_eq!(settings.store.retention.size, ByteSize(1 << 30));
    assert_eq!(settings.store.retention_time, PromDuration::from_secs(172_800));
    assert_eq!(loaded.unused, ["GW_STOER_DIR"]);
    assert_eq!(loaded.provenance[0], ("listen.address".to_owned(), "--listen".to_owned()));
    assert_eq!(loaded.provenance.len(), 4);
}

#[test]
fn a_wrong_variable_is_named() {
    let environment: Environment = [("GW_LISTEN_NATIVE", "perhaps")].into_iter().collect();
    let error = Loader::new("f", "").environment(&environment, &[]).load::<Settings>().unwrap_err();
    assert_eq!(error.to_string(), "GW_LISTEN_NATIVE: listen.native: expected true or false, found \"perhaps\"");
}

#[test]
fn variables_expand_in_values_only_where_asked() {
    let text = "labels: {a: '${HOME_DIR}/x', b: '${NONE:-fallback}', c: '$1-${1}-$$5', version: 1.0, answer: yes}";
    let environment: Environment = [("HOME_DIR", "key: value")].into_iter().collect();
    let settings = Loader::new("f", text).environment(&environment, &[]).load::<Settings>().unwrap().value;
    let values: Vec<&str> = settings.labels.values().map(String::as_str).collect();
    assert_eq!(values, ["key: value/x", "yes", "fallback", "$1-${1}-$5", "1.0"]);
    let untouched: Settings = yaml("f", text).unwrap();
    assert_eq!(untouched.labels["a"], "${HOME_DIR}/x");
}

#[test]
fn merges_anchors_and_nulls() {
    let text = "labels: &base {a: '1', b: '2'}\nlisten:\nstore: ~\n";
    let settings: Settings = yaml("f", text).unwrap();
    assert_eq!(settings.listen, Listen::default());
    let merged: BTreeMap<String, BTreeMap<String, String>> =
        yaml("f", "x: &x {a: '1', b: '2'}\ny: &y {c: '3'}\nz: {<<: [*x, *y], a: '9'}").unwrap();
    let pairs: Vec<_> = merged["z"].iter().map(|(k, v)| format!("{k}{v}")).collect();
    assert_eq!(pairs, ["a9", "b2", "c3"]);
    let empty: Settings = yaml("f", "").unwrap();
    assert_eq!(empty, Settings::default());
}

#[test]
fn positions_are_kept_for_later_checks() {
    let settings: Settings = yaml("f", "rules:\n  - expr: up\n  - expr: down\n").unwrap();
    assert_eq!((settings.rules[1].expr.at.line, settings.rules[1].expr.at.column), (3, 11));
    assert_eq!(settings.rules[1].expr.value, "down");
}

#[test]
fn printing_reads_back_without_secrets() {
    let text = "store: {password: hunter2}\nlabels: {a: 'true', b: 'x: y', c: ''}\nrules: [{expr: 'a > 1'}]\n";
    let settings: Settings = yaml("f", text).unwrap();
    let printed = print_yaml(&settings).unwrap();
    assert!(!printed.contains("hunter2") && printed.contains("password: <secret>"), "{printed}");
    assert!(!format!("{settings:?}").contains("hunter2"));
    let again: Settings = yaml("printed", &printed).unwrap();
    assert_eq!(again.labels, settings.labels, "{printed}");
    assert_eq!(again.rules[0].expr.value, "a > 1");
}

#[test]
fn bombs_are_refused() {
    let mut billion = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        billion.extend(["a", &level.to_string(), ": &a", &level.to_string(), " [", &items, "]\n"]);
    }
    let deep = "[".repeat(100_000);
    for text in [billion.as_str(), deep.as_str(), "- - - : :", "%YAML 9.9\n---\n*", "[a"] {
        assert!(yaml::<BTreeMap<String, String>>("f", text).is_err());
    }
}
