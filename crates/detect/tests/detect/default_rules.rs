//! The rules that come with the product: they read, they are whole, and upstream's own tester finds them right.

use std::process::Command;

use anyhow::{Context as _, ensure};
use gw_detect::default_groups;
use gw_testkit::{Suite, under_ci};

#[test]
fn every_alert_has_its_labels_and_words() {
    let groups = default_groups().unwrap();
    let rules = groups.iter().flat_map(|group| &group.rules);
    let alerts: Vec<_> = rules.filter_map(|rule| rule.alerting().map(|alerting| (rule, alerting))).collect();
    assert!(alerts.len() > 40);
    for (rule, alerting) in alerts {
        assert!(matches!(rule.labels.get("severity"), Some("crit" | "warn")), "{}", rule.name);
        let area = rule.labels.get("area");
        assert!(matches!(area, Some("gateway" | "services" | "infrastructure" | "uptime")), "{}", rule.name);
        for name in ["summary", "summary_ko", "description", "description_ko"] {
            let text = alerting.annotations.get(name).unwrap_or("");
            assert!(!text.is_empty(), "{} has no {name}", rule.name);
            let has_korean = text.chars().any(|c| ('가'..='힣').contains(&c));
            assert_eq!(has_korean, name.ends_with("_ko"), "{} {name}", rule.name);
        }
    }
}

/// Runs the cases beside the rules with `promtool test rules`, which no line of ours has a part in.
#[test]
fn upstreams_tester_agrees() {
    let folder = gw_testkit::package().join("rules/tests");
    if Command::new("promtool").arg("--version").output().is_err() {
        assert!(!under_ci(), "promtool is not installed");
        return;
    }
    let mut suite = Suite::new("default rules by promtool");
    for name in ["containers.test.yaml", "gateway.test.yaml", "host.test.yaml", "watch.test.yaml"] {
        suite.case(name, || {
            let ran = Command::new("promtool").args(["test", "rules", name]).current_dir(&folder).output();
            let ran = ran.context("promtool does not start")?;
            ensure!(
                ran.status.success(),
                "{}{}",
                String::from_utf8_lossy(&ran.stdout),
                String::from_utf8_lossy(&ran.stderr)
            );
            Ok(())
        });
    }
    suite.finish();
}
