//! What notifiers render (goldens in `corpus/alert`), how they judge answers, and which configurations are refused.

use std::time::Duration;

use gw_alert::{
    AlertConfig, Answer, Envelope, GlobalConfig, Message, NOTIFIERS, Notifier, Slack, SlackConfig, Verdict, Webhook,
    WebhookConfig,
};
use gw_base::{Alert, Labels, Timestamp};
use gw_config::Secret;
use gw_testkit::check_golden;

fn labels(text: &str) -> Labels {
    Labels::from_pairs(text.split(',').filter_map(|pair| pair.split_once('=')))
}

fn message(alerts: usize) -> Message {
    let now: Timestamp = "2026-11-23T01:10:00Z".parse().unwrap();
    let made: Vec<Alert> = (0..alerts)
        .map(|i| Alert {
            labels: labels(&format!("alertname=TargetDown,job=shop,instance=10.0.0.{i},severity=warn")),
            annotations: labels(&format!("summary=<shop> {i} & co is down")),
            starts_at: "2026-11-23T01:02:03.5Z".parse().unwrap(),
            ends_at: if i == 1 { now } else { now + Duration::from_mins(4) },
            updated_at: now,
            generator_url: "http://gw.example:1002/graph?g0.expr=up+%3D%3D+0&g0.tab=1".to_owned(),
            value: Some(0.0),
            origin: None,
        })
        .collect();
    let group_labels = labels("alertname=TargetDown");
    let envelope = Envelope {
        receiver: "people",
        group_key: "{}/{team=\"a\"}:{alertname=\"TargetDown\"}",
        group_labels: &group_labels,
        external_url: "http://gw.example:1003",
    };
    Message::new(envelope, &made.iter().collect::<Vec<_>>(), now)
}

fn golden(name: &str, notifier: &dyn Notifier, message: &Message) {
    let body: serde_json::Value = serde_json::from_str(&notifier.render(message).body).unwrap();
    let path = gw_testkit::package().join("../../corpus/alert").join(name);
    check_golden(&path, &format!("{body:#}\n")).unwrap();
}

fn url() -> Option<Secret> {
    Some(Secret::new("http://hook.example/secret"))
}

#[test]
fn webhook_bodies() {
    let webhook = Webhook::new(&WebhookConfig { url: url(), ..WebhookConfig::default() }, "people").unwrap();
    golden("webhook.golden", &webhook, &message(2));
    let cut = Webhook::new(&WebhookConfig { url: url(), max_alerts: 1, ..WebhookConfig::default() }, "people").unwrap();
    golden("webhook-cut.golden", &cut, &message(3));
    let text = webhook.render(&message(1)).body;
    assert!(
        text.starts_with(r#"{"receiver":"people","status":"firing","alerts":[{"status":"firing","labels":{"#),
        "{text}"
    );
}

#[test]
fn slack_bodies() {
    let config = SlackConfig { api_url: url(), channel: "#ops".to_owned(), ..SlackConfig::default() };
    let slack = Slack::new(&config, &GlobalConfig::default(), "people").unwrap();
    golden("slack.golden", &slack, &message(2));
    golden("slack-many.golden", &slack, &message(14));
    let own = SlackConfig {
        title: Some("T".to_owned()),
        text: Some("words".to_owned()),
        color: Some("#123456".to_owned()),
        ..config
    };
    golden("slack-own.golden", &Slack::new(&own, &GlobalConfig::default(), "people").unwrap(), &message(1));
}

#[test]
fn answers_are_judged() {
    let config = SlackConfig { api_url: url(), ..SlackConfig::default() };
    let slack = Slack::new(&config, &GlobalConfig::default(), "people").unwrap();
    let answer =
        |status, body: &str| Answer { status, retry_after: Some(Duration::from_secs(3)), body: body.to_owned() };
    for (status, body, verdict) in [
        (200, "ok", Verdict::Done),
        (200, "{\"ok\": false, \"error\": \"no_text\"}", Verdict::Refused),
        (429, "", Verdict::Retry(Some(Duration::from_secs(3)))),
        (503, "", Verdict::Retry(Some(Duration::from_secs(3)))),
        (404, "no_service", Verdict::Refused),
    ] {
        assert_eq!(slack.judge(&answer(status, body)), verdict, "{status} {body}");
    }
}

#[test]
fn the_list_is_whole() {
    let names: Vec<_> = NOTIFIERS.iter().map(|about| about.name).collect();
    assert_eq!(names, ["webhook", "slack"]);
}

#[test]
fn configurations_are_refused_in_words() {
    let hook = "receivers: [{name: a, webhook_configs: [{url: 'http://x/'}]}]\n";
    for (text, words) in [
        (hook.to_owned(), "alert: no route provided in config"),
        (format!("{hook}route: {{}}\n"), "alert: root route must specify a default receiver"),
        (format!("{hook}route: {{receiver: b}}\n"), "alert: undefined receiver \"b\" used in route"),
        (format!("{hook}route: {{receiver: a, matchers: [b=c]}}\n"), "alert: root route must not have any matchers"),
        (format!("{hook}route: {{receiver: a, repeat_interval: 0s}}\n"), "alert: repeat_interval cannot be zero"),
        (format!("{hook}route: {{receiver: a, group_by: [x, x]}}\n"), "alert: duplicated label in group_by"),
        (
            format!("{hook}route: {{receiver: a, group_by: [x, '...']}}\n"),
            "alert: cannot have wildcard group_by (`...`) and other labels at the same time",
        ),
        (
            format!("{hook}route: {{receiver: a, routes: [{{match_re: {{x: '('}}}}]}}\n"),
            "invalid regular expression \"^(?:()$\": error parsing regexp: missing closing ): `^(?:()$`",
        ),
        ("receivers: [{name: a}, {name: a}]\n".to_owned(), "alert: notification config name \"a\" is not unique"),
        ("receivers: [{name: a, webhook_configs: [{}]}]\n".to_owned(), "alert: receiver \"a\": webhook without url"),
        (
            "receivers: [{name: a, webhook_configs: [{url: 'ftp://x'}]}]\n".to_owned(),
            "alert: receiver \"a\": unsupported URL, it must begin with http:// or https://",
        ),
        (
            "receivers: [{name: a, slack_configs: [{}]}]\n".to_owned(),
            "alert: receiver \"a\": no Slack API URL set, give api_url or global.slack_api_url",
        ),
        (
            "receivers: [{name: a, slack_configs: [{api_url: 'http://x', title: '{{ .x }}'}]}]\n".to_owned(),
            "alert: receiver \"a\": templates in title of slack_configs are not carried out yet, leave it out",
        ),
    ] {
        let config: AlertConfig = gw_config::yaml("alert", &text).unwrap();
        assert_eq!(config.check().unwrap_err().to_string(), words, "{text}");
    }
    let unknown = gw_config::yaml::<AlertConfig>("alert", "receivers: [{name: a, email_configs: []}]\n").unwrap_err();
    assert!(
        unknown.to_string().contains(
            "unknown field \"email_configs\" in receivers[0], expected one of name, webhook_configs, slack_configs"
        ),
        "{unknown}"
    );
}
