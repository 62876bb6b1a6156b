//! Rule files of upstream, good and bad, and the words in which bad ones are refused.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use gw_detect::{Group, RuleKind, parse_rules};
use gw_testkit::{Suite, conformance};

/// What upstream's own tests expect of files that are refused, by file name.
const REFUSALS: &[(&str, &str)] = &[
    ("invalid_label_name.bad.yaml", "invalid label name: __name__"),
    (
        "invalid_record_name.bad.yaml",
        "braces present in the recording rule name; should it be in expr?: strawberry{flavor=\"sweet\"}",
    ),
    ("no_rec_alert.bad.yaml", "one of 'record' or 'alert' must be set"),
    ("noexpr.bad.yaml", "field 'expr' must be set in rule"),
    ("record_and_alert.bad.yaml", "only one of 'record' and 'alert' must be set"),
    ("record_and_for.bad.yaml", "invalid field 'for' in recording rule"),
    ("record_and_keep_firing_for.bad.yaml", "invalid field 'keep_firing_for' in recording rule"),
    ("invalid_rules.yaml", "unknown field \"unexpected_field\""),
    ("rules-bad.yml", "annotation \"summary\": template: __alert_InstanceDown:1: undefined variable \"$label\""),
];

/// Bad only where label names must be ASCII, which they need not since Prometheus 3.
const GOOD_SINCE_UTF8: &str = "legacy_validation_annotation.bad.yaml";

/// Files of the same folders that are no rule files.
const OTHERS: &[&str] = &[
    "unittest.yml",
    "no-test-group-interval.yml",
    "bad-rules-error-test.yml",
    "bad-rules-syntax-test.yml",
    "at-modifier-test.yml",
    "negative-offset-test.yml",
    "long-period.yml",
    "config_with_rule_files.yml",
    "rules_run.yml",
    "rules_run_extrafields.yml",
    "rules_run_fuzzy.yml",
    "rules_run_no_fuzzy.yml",
    "good-sd-file.yml",
    "good-sd-file.yaml",
];

fn check_file(path: &Path, name: &str) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let outcome = parse_rules(name, &text);
    let refusal = REFUSALS.iter().find(|(file, _)| *file == name).map(|(_, words)| *words);
    match (outcome, refusal) {
        (Ok(groups), None) => ensure!(!groups.is_empty(), "no group"),
        (Ok(_), Some(words)) => bail!("was read, but should be refused: {words}"),
        (Err(errors), None) => bail!("was refused: {errors:?}"),
        (Err(errors), Some(words)) => {
            let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
            ensure!(said.iter().any(|line| line.contains(words)), "said {said:?}, not {words}");
        }
    }
    Ok(())
}

#[test]
fn upstream_rule_files() {
    let mut suite = Suite::new("prometheus rule files");
    for folder in [
        "alerts/prometheus-rules/model/rulefmt/testdata",
        "alerts/prometheus-rules/rules/fixtures",
        "alerts/prometheus-rules/cmd/promtool/testdata",
        "alerts/alert-generator-compliance/alert_generator",
        "metrics/rulefmt",
        "metrics/promtool-v3.14.0",
    ] {
        let Some(folder) = conformance(folder) else { return };
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_rules = name.ends_with(".yml") || name.ends_with(".yaml");
            if !is_rules || OTHERS.contains(&name.as_str()) || name.starts_with("test-") {
                continue;
            }
            suite.case(&path.display().to_string(), || check_file(&path, &name));
        }
    }
    suite.finish();
}

#[test]
fn the_legacy_name_is_not_listed_as_bad() {
    assert!(REFUSALS.iter().all(|(name, _)| *name != GOOD_SINCE_UTF8));
}

fn read(text: &str) -> Vec<Group> {
    parse_rules("rules.yaml", text).unwrap()
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let errors = parse_rules("rules.yaml", text).unwrap_err();
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
}

#[test]
fn a_whole_group() {
    let groups = read(
        "groups:\n- name: g\n  interval: 30s\n  query_offset: 1m\n  limit: 7\n  labels: {team: a, tier: x}\n  rules:\n  - record: job:up:sum\n    expr: sum   by(job)(up)\n    labels: {tier: y}\n  - alert: Down\n    expr: up == 0\n    for: 5m\n    keep_firing_for: 10m\n    annotations: {summary: '{{ $labels.job }} is down'}\n",
    );
    let group = &groups[0];
    assert_eq!((group.interval.unwrap().as_secs(), group.query_offset.unwrap().as_secs(), group.limit), (30, 60, 7));
    assert_eq!(group.rules[0].query, "sum by (job) (up)");
    assert_eq!(group.rules[0].labels.to_string(), r#"{team="a", tier="y"}"#);
    assert_eq!(group.rules[0].kind, RuleKind::Recording);
    let alerting = group.rules[1].alerting().unwrap();
    assert_eq!((alerting.hold_for.as_secs(), alerting.keep_firing_for.as_secs()), (300, 600));
    assert_eq!(group.rules[1].labels.to_string(), r#"{team="a", tier="x"}"#);
}

#[test]
fn every_fault_is_named_with_its_place() {
    refused(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up ==\n  - record: r\n    expr: 1\n    annotations: {a: b}\n- name: g\n",
        &[
            "rules.yaml: 5:11: group \"g\", rule 1, \"A\": could not parse expression: 1:6: parse error: unexpected end of input",
            "rules.yaml: 6:13: group \"g\", rule 2, \"r\": invalid field 'annotations' in recording rule",
            "rules.yaml: 9:3: groupname: \"g\" is repeated in the same file",
        ],
    );
    refused("groups:\n- rules: []\n", &["rules.yaml: 2:3: Groupname must not be empty"]);
    refused(
        "groups:\n- name: g\n  intervall: 5s\n",
        &[
            "rules.yaml: 3:3: unknown field \"intervall\" in groups[0], expected one of name, interval, query_offset, limit, labels, rules (did you mean \"interval\"?)",
        ],
    );
}
