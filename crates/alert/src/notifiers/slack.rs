//! Slack incoming webhooks: one attachment a notification.

use gw_base::Labels;
use gw_base::alert::ALERT_NAME;
use serde_json::{Value, json};

use super::{About, Message, Notification, Notifier};
use crate::config::{AlertConfig, ReceiverConfig, SlackConfig};

/// The notifier.
#[derive(Debug)]
pub struct Slack;

/// The one instance.
pub static SLACK: Slack = Slack;

/// Alerts that the text lists.
const LINES: usize = 10;
/// Characters of a title; Slack cuts later, at a place of its own choice.
const TITLE: usize = 1024;

impl Notifier for Slack {
    fn about(&self) -> &'static About {
        &About { name: "slack", product: "Slack", since: "0.1", summary: "POSTs an attachment to an incoming webhook." }
    }

    fn endpoints(&self, receiver: &ReceiverConfig) -> Vec<bool> {
        receiver.slack_configs.iter().map(|endpoint| endpoint.send_resolved).collect()
    }

    fn render(
        &self,
        notification: &Notification<'_>,
        config: &AlertConfig,
        receiver: &ReceiverConfig,
        endpoint: usize,
    ) -> Option<Message> {
        let endpoint = receiver.slack_configs.get(endpoint)?;
        let url = endpoint.api_url.as_ref().or(config.global.slack_api_url.as_ref())?;
        Some(Message {
            url: url.reveal().to_owned(),
            body: body(notification, endpoint),
            http: endpoint.http_config.clone(),
        })
    }
}

fn body(notification: &Notification<'_>, endpoint: &SlackConfig) -> Value {
    let firing = notification.status() == "firing";
    let title: String = endpoint.title.clone().unwrap_or_else(|| title(notification)).chars().take(TITLE).collect();
    let link = format!("{}/alerts", notification.external_url);
    let mut body = json!({
        "attachments": [{
            "title": title,
            "title_link": link,
            "text": endpoint.text.clone().unwrap_or_else(|| text(notification)),
            "fallback": endpoint.fallback.clone().unwrap_or_else(|| format!("{title} | {link}")),
            "color": endpoint.color.as_deref().unwrap_or(if firing { "danger" } else { "good" }),
            "mrkdwn_in": ["fallback", "pretext", "text"],
        }],
    });
    let named = [
        ("channel", Some(&endpoint.channel)),
        ("username", endpoint.username.as_ref()),
        ("icon_emoji", endpoint.icon_emoji.as_ref()),
    ];
    if let Some(fields) = body.as_object_mut() {
        let given =
            named.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        fields.extend(given.map(|(name, value)| (name.to_owned(), Value::from(value.as_str()))));
    }
    body
}

/// Wire: Alertmanager's title: `[FIRING:2] Down (a b)`, group values, then in parentheses what else all alerts share.
fn title(notification: &Notification<'_>) -> String {
    let firing = notification.alerts.iter().filter(|alert| !alert.is_resolved(notification.now)).count();
    let status = if firing > 0 { format!("FIRING:{firing}") } else { "RESOLVED".to_owned() };
    let values = |labels: &Labels| labels.iter().map(|(_, value)| value.to_owned()).collect::<Vec<_>>().join(" ");
    let more = notification.common_labels().without(|name| notification.group_labels.get(name).is_some());
    let more = if more.is_empty() { String::new() } else { format!(" ({})", values(&more)) };
    format!("[{status}] {}{more}", values(notification.group_labels))
}

fn text(notification: &Notification<'_>) -> String {
    let mut lines: Vec<String> = notification
        .alerts
        .iter()
        .take(LINES)
        .map(|alert| {
            let mark = if alert.is_resolved(notification.now) { "✓" } else { "•" };
            let summary = alert.annotations.get("summary").or_else(|| alert.annotations.get("description"));
            format!(
                "{mark} {}",
                summary.map_or_else(|| alert.labels.without(|name| name == ALERT_NAME).to_string(), str::to_owned)
            )
        })
        .collect();
    let left = notification.alerts.len().saturating_sub(LINES);
    if left > 0 {
        lines.push(format!("… {left} more"));
    }
    lines.join("\n")
}
