//! Alertmanager's webhook, payload version 4.

use gw_base::{Alert, Labels, Timestamp};
use serde_json::{Map, Value, json};

use super::{About, Message, Notification, Notifier};
use crate::config::{AlertConfig, ReceiverConfig};

/// The notifier.
#[derive(Debug)]
pub struct Webhook;

/// The one instance.
pub static WEBHOOK: Webhook = Webhook;

/// Wire: Go's zero time, the end of alerts that still fire.
const NEVER: &str = "0001-01-01T00:00:00Z";

impl Notifier for Webhook {
    fn about(&self) -> &'static About {
        &About {
            name: "webhook",
            product: "Alertmanager webhook",
            since: "0.1",
            summary: "POSTs the group as JSON, version 4.",
        }
    }

    fn endpoints(&self, receiver: &ReceiverConfig) -> Vec<bool> {
        receiver.webhook_configs.iter().map(|endpoint| endpoint.send_resolved).collect()
    }

    fn render(
        &self,
        notification: &Notification<'_>,
        _config: &AlertConfig,
        receiver: &ReceiverConfig,
        endpoint: usize,
    ) -> Option<Message> {
        let endpoint = receiver.webhook_configs.get(endpoint)?;
        let most = if endpoint.max_alerts == 0 { usize::MAX } else { endpoint.max_alerts };
        let shown: Vec<Value> =
            notification.alerts.iter().take(most).map(|alert| show(alert, notification.now)).collect();
        let body = json!({
            "receiver": notification.receiver,
            "status": notification.status(),
            "truncatedAlerts": notification.alerts.len() - shown.len(),
            "alerts": shown,
            "groupLabels": map(notification.group_labels),
            "commonLabels": map(&notification.common_labels()),
            "commonAnnotations": map(&notification.common_annotations()),
            "externalURL": notification.external_url,
            "version": "4",
            "groupKey": notification.group_key,
        });
        Some(Message { url: endpoint.url.reveal().to_owned(), body, http: endpoint.http_config.clone() })
    }
}

fn show(alert: &Alert, now: Timestamp) -> Value {
    let resolved = alert.is_resolved(now);
    json!({
        "status": if resolved { "resolved" } else { "firing" },
        "labels": map(&alert.labels),
        "annotations": map(&alert.annotations),
        "startsAt": alert.starts_at.to_string(),
        "endsAt": if resolved { alert.ends_at.to_string() } else { NEVER.to_owned() },
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint().to_string(),
    })
}

fn map(labels: &Labels) -> Map<String, Value> {
    labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WebhookConfig;

    #[test]
    fn the_payload_is_alertmanagers() {
        let alert = |pod: &str, ends: i64| Alert {
            labels: Labels::from_pairs([("alertname", "Down"), ("pod", pod)]),
            annotations: Labels::from_pairs([("summary", "it is down")]),
            starts_at: Timestamp::from_secs(60),
            ends_at: Timestamp::from_secs(ends),
            updated_at: Timestamp::from_secs(60),
            generator_url: "http://gw/graph".to_owned(),
            value: Some(1.0),
            origin: None,
        };
        let alerts = [alert("a", 10_000), alert("b", 90)];
        let group_labels = Labels::from_pairs([("alertname", "Down")]);
        let notification = Notification {
            receiver: "ops",
            group_key: "{}:{alertname=\"Down\"}",
            group_labels: &group_labels,
            alerts: &alerts,
            now: Timestamp::from_secs(100),
            external_url: "http://gw",
        };
        let receiver = ReceiverConfig {
            webhook_configs: vec![WebhookConfig {
                url: gw_config::Secret::new("http://hook"),
                ..WebhookConfig::default()
            }],
            ..ReceiverConfig::default()
        };
        let message = WEBHOOK.render(&notification, &AlertConfig::default(), &receiver, 0).unwrap();
        assert_eq!(
            message.body,
            json!({
                "receiver": "ops", "status": "firing", "truncatedAlerts": 0, "version": "4", "externalURL": "http://gw",
                "groupKey": "{}:{alertname=\"Down\"}", "groupLabels": {"alertname": "Down"},
                "commonLabels": {"alertname": "Down"}, "commonAnnotations": {"summary": "it is down"},
                "alerts": [
                    {"status": "firing", "labels": {"alertname": "Down", "pod": "a"}, "annotations": {"summary": "it is down"},
                     "startsAt": "1970-01-01T00:01:00Z", "endsAt": NEVER, "generatorURL": "http://gw/graph",
                     "fingerprint": alerts[0].fingerprint().to_string()},
                    {"status": "resolved", "labels": {"alertname": "Down", "pod": "b"}, "annotations": {"summary": "it is down"},
                     "startsAt": "1970-01-01T00:01:00Z", "endsAt": "1970-01-01T00:01:30Z", "generatorURL": "http://gw/graph",
                     "fingerprint": alerts[1].fingerprint().to_string()},
                ],
            })
        );
    }
}
