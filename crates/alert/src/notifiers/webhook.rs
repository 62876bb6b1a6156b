//! The webhook of Alertmanager, payload version 4.

use std::collections::BTreeMap;
use std::time::Duration;

use gw_base::{Labels, Timestamp};
use gw_config::{PromDuration, Secret};
use serde::{Deserialize, Serialize};

use super::{About, Answer, Notifier, Post, Verdict, by_status};
use crate::AlertError;
use crate::message::{Message, MessageAlert};

pub(super) static ABOUT: About = About {
    name: "webhook",
    product: "any HTTP endpoint that takes Alertmanager's payload",
    since: "0.1.0",
    doc: "Posts the group as JSON, version 4 of Alertmanager's webhook payload.",
};

/// An entry of `webhook_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookConfig {
    /// Where to post.
    pub url: Option<Secret>,
    /// Whether the end of alerts is posted too.
    pub send_resolved: bool,
    /// Most alerts of one post; 0 is no limit.
    pub max_alerts: usize,
    /// How long one try may take.
    pub timeout: Option<PromDuration>,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self { url: None, send_resolved: true, max_alerts: 0, timeout: None }
    }
}

/// A webhook ready to render.
#[derive(Debug)]
pub struct Webhook {
    url: Secret,
    send_resolved: bool,
    max_alerts: usize,
    timeout: Option<Duration>,
}

impl Webhook {
    /// Checks an entry of `receiver`.
    ///
    /// # Errors
    /// [`AlertError::Config`] when there is no usable URL.
    pub fn new(config: &WebhookConfig, receiver: &str) -> Result<Self, AlertError> {
        let url = config.url.clone().filter(|url| !url.is_empty());
        let url = url.ok_or_else(|| AlertError::Config(format!("receiver {receiver:?}: webhook without url")))?;
        check_url(&url, receiver)?;
        Ok(Self {
            url,
            send_resolved: config.send_resolved,
            max_alerts: config.max_alerts,
            timeout: config.timeout.map(PromDuration::get).filter(|timeout| !timeout.is_zero()),
        })
    }
}

/// Refuses what cannot be posted to, without repeating it: it may hold a secret.
pub(super) fn check_url(url: &Secret, receiver: &str) -> Result<(), AlertError> {
    let text = url.reveal();
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)) {
        true => Ok(()),
        false => Err(AlertError::Config(format!(
            "receiver {receiver:?}: unsupported URL, it must begin with http:// or https://"
        ))),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    receiver: &'a str,
    status: &'static str,
    alerts: Vec<PayloadAlert<'a>>,
    group_labels: BTreeMap<&'a str, &'a str>,
    common_labels: BTreeMap<&'a str, &'a str>,
    common_annotations: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayloadAlert<'a> {
    status: &'static str,
    labels: BTreeMap<&'a str, &'a str>,
    annotations: BTreeMap<&'a str, &'a str>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: String,
}

impl<'a> PayloadAlert<'a> {
    fn of(alert: &'a MessageAlert) -> Self {
        Self {
            status: if alert.ends_at.is_some() { "resolved" } else { "firing" },
            labels: pairs(&alert.labels),
            annotations: pairs(&alert.annotations),
            starts_at: go_time(alert.starts_at),
            // Wire: Go's zero time stands for "not yet".
            ends_at: alert.ends_at.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), go_time),
            generator_url: &alert.generator_url,
            fingerprint: alert.fingerprint.to_string(),
        }
    }
}

fn pairs(labels: &Labels) -> BTreeMap<&str, &str> {
    labels.iter().collect()
}

/// RFC 3339 as Go writes it: as few digits of the fraction as there are.
fn go_time(at: Timestamp) -> String {
    let text = at.to_string();
    match text.strip_suffix('Z').filter(|text| text.contains('.')) {
        Some(text) => format!("{}Z", text.trim_end_matches('0')),
        None => text,
    }
}

impl Notifier for Webhook {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn sends_resolved(&self) -> bool {
        self.send_resolved
    }

    fn render(&self, message: &Message) -> Post {
        let shown = if self.max_alerts == 0 { message.alerts.len() } else { self.max_alerts.min(message.alerts.len()) };
        let payload = Payload {
            receiver: &message.receiver,
            status: message.status(),
            alerts: message.alerts.iter().take(shown).map(PayloadAlert::of).collect(),
            group_labels: pairs(&message.group_labels),
            common_labels: pairs(&message.common_labels),
            common_annotations: pairs(&message.common_annotations),
            external_url: &message.external_url,
            version: "4",
            group_key: &message.group_key,
            truncated_alerts: message.alerts.len() - shown,
        };
        let body = serde_json::to_string(&payload).expect("texts and numbers are always JSON");
        Post { url: self.url.clone(), body, timeout: self.timeout }
    }

    fn judge(&self, answer: &Answer) -> Verdict {
        by_status(answer)
    }
}
