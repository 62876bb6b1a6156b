//! Alertmanager's own cases: matchers, routes, inhibition.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use gw_alert::{AlertConfig, InhibitConfig, Inhibitor, Matchers, parse_classic, parse_matchers, parse_utf8};
use gw_base::{Alert, Labels, MatchOp, Matcher, Timestamp};
use gw_testkit::{Suite, conformance};
use serde_json::Value;

fn read(path: &Path) -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn labels(value: &Value) -> Labels {
    Labels::from_pairs(value.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())))
}

fn matchers(value: &Value) -> Vec<Matcher> {
    let op = |text: &str| match text {
        "=" => MatchOp::Equal,
        "!=" => MatchOp::NotEqual,
        "=~" => MatchOp::Regex,
        _ => MatchOp::NotRegex,
    };
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = value.as_array().into_iter().flatten();
    items.map(|item| Matcher::new(text(item, "name"), op(&text(item, "op")), text(item, "value"))).collect()
}

type Parser = fn(&str) -> Result<Vec<Matcher>, gw_alert::AlertError>;

fn check_matchers(case: &Value, parse: Parser) -> Result<()> {
    let input = case["input"].as_str().context("no input")?;
    let parsed = parse(input).and_then(|found| Matchers::new(found.clone()).map(|_| found));
    match (parsed, case["error"].as_str()) {
        (Ok(found), None) => ensure!(found == matchers(&case["matchers"]), "{found:?}"),
        // The case of a face that takes one matcher alone, which nothing here does.
        (Ok(found), Some("expected 1 matcher, found 2")) => ensure!(found.len() == 2),
        (Ok(found), Some(error)) => bail!("read as {found:?}, should be refused: {error}"),
        (Err(error), None) => bail!("refused: {error}"),
        (Err(error), Some(words)) => ensure!(error.to_string() == words, "said {error}, not {words}"),
    }
    Ok(())
}

#[test]
fn matcher_texts() {
    let Some(folder) = conformance("alerts/alertmanager-matchers") else { return };
    let mut suite = Suite::new("alertmanager matchers");
    let files: [(&str, Parser); 3] =
        [("classic-parser.json", parse_classic), ("utf8-parser.json", parse_utf8), ("compliance.json", parse_matchers)];
    for (file, parse) in files {
        for (at, case) in read(&folder.join(file)).iter().enumerate() {
            suite.case(&format!("{file}:{at} {}", case["input"]), || check_matchers(case, parse));
        }
    }
    suite.finish();
}

fn check_route(yaml: &str, case: &Value) -> Result<()> {
    let config: AlertConfig = gw_config::yaml("routes", &format!("route:{}\n", yaml.replace('\n', "\n  ")))?;
    let names = ["def", "A", "testing", "productionA", "productionB", "BC"];
    let receiver = |name| gw_alert::ReceiverConfig { name: format!("notify-{name}"), ..Default::default() };
    let plan = AlertConfig { receivers: names.map(receiver).into(), ..config }.plan()?;
    let routes = plan.route(&labels(&case["labels"]));
    let receivers: Vec<Value> = routes.iter().map(|route| route.receiver.as_str().into()).collect();
    ensure!(Value::from(receivers.clone()) == case["receivers"], "{receivers:?}");
    let keys: Vec<Value> = routes.iter().map(|route| route.key.as_str().into()).collect();
    ensure!(Value::from(keys.clone()) == case["route_keys"], "{keys:?}");
    let all = routes.iter().map(|route| Value::from((route.group_by == gw_alert::GroupBy::All).to_string()));
    ensure!(all.collect::<Value>() == case["group_by_all"]);
    Ok(())
}

#[test]
fn routes() {
    let Some(folder) = conformance("alerts/alertmanager-routes") else { return };
    let mut suite = Suite::new("alertmanager routes");
    for test in read(&folder.join("route-cases.json")) {
        let yaml = test["route_yaml"].as_str().unwrap();
        for case in test["cases"].as_array().unwrap().iter().filter(|case| !case["route_keys"].is_null()) {
            let name = format!("{} {}", test["name"].as_str().unwrap(), case["labels"]);
            suite.case(&name, || check_route(yaml, case));
        }
    }
    suite.finish();
}

fn check_inhibition(case: &Value) -> Result<()> {
    let equal = case["equal"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let inhibitor = Inhibitor::new(&[InhibitConfig { equal, ..InhibitConfig::default() }])?;
    let end = |source: &Value| if source["resolved"] == true { Timestamp::EPOCH } else { Timestamp::MAX };
    let sources = case["source_alerts"].as_array().unwrap().iter();
    let sources: Vec<Alert> = sources.map(|source| alert(labels(&source["labels"]), end(source))).collect();
    let muted = !inhibitor.index(sources.iter(), Timestamp::from_secs(5)).by(&labels(&case["target"])).is_empty();
    ensure!(muted == (case["inhibited"] == true), "muted: {muted}");
    Ok(())
}

#[test]
fn inhibition() {
    let Some(folder) = conformance("alerts/alertmanager-inhibit") else { return };
    let mut suite = Suite::new("alertmanager inhibition");
    for case in read(&folder.join("has-equal-cases.json")) {
        suite.case(case["name"].as_str().unwrap(), || check_inhibition(&case));
    }
    suite.finish();
}

fn alert(labels: Labels, ends_at: Timestamp) -> Alert {
    Alert {
        labels,
        annotations: Labels::empty(),
        starts_at: Timestamp::EPOCH,
        ends_at,
        updated_at: Timestamp::EPOCH,
        generator_url: String::new(),
        value: None,
        origin: None,
    }
}

#[test]
fn inhibition_rules_of_configurations() {
    let rules =
        "inhibit_rules:\n- source_match: {severity: crit}\n  target_matchers: ['severity=warn']\n  equal: [host]\n";
    let config: AlertConfig = gw_config::yaml("alert", rules).unwrap();
    let inhibitor = Inhibitor::new(&config.inhibit_rules).unwrap();
    let set = |text: &str| Labels::from_pairs(text.split(',').filter_map(|pair| pair.split_once('=')));
    let ended = alert(set("severity=crit,host=b"), Timestamp::EPOCH);
    let sources = [alert(set("severity=crit,host=a"), Timestamp::MAX), ended];
    let muting = inhibitor.index(sources.iter(), Timestamp::from_secs(5));
    assert_eq!(muting.by(&set("severity=warn,host=a")), [sources[0].fingerprint()]);
    assert!(muting.by(&set("severity=warn,host=b")).is_empty(), "the source has ended");
    assert!(muting.by(&set("severity=crit,host=a")).is_empty(), "an alert does not mute itself");
}
