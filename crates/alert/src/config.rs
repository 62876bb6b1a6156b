//! The `alert` section: Alertmanager's route tree and receivers, as far as they are carried out today.

use std::collections::BTreeMap;

use gw_config::{PromDuration, Secret};
use serde::{Deserialize, Serialize};

use crate::AlertError;
use crate::matchers;

/// Who is told about which alerts.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct AlertConfig {
    /// Settings of all receivers.
    pub global: GlobalConfig,
    /// The route tree; without one, alerts are grouped for the UI and sent to nobody.
    pub route: Option<RouteConfig>,
    /// Receivers that routes name.
    pub receivers: Vec<ReceiverConfig>,
    /// Alerts that keep others from being sent.
    pub inhibit_rules: Vec<InhibitConfig>,
}

/// Settings of all receivers.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalConfig {
    /// When an alert without an end is taken as resolved.
    pub resolve_timeout: PromDuration,
    /// Slack webhook of receivers that name none.
    pub slack_api_url: Option<Secret>,
}

impl Default for GlobalConfig {
    fn default() -> Self {
        Self { resolve_timeout: PromDuration::from_secs(300), slack_api_url: None }
    }
}

/// A node of the route tree.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct RouteConfig {
    /// Who is told; inherited.
    pub receiver: Option<String>,
    /// Labels that make a group; `...` is all of them; inherited.
    pub group_by: Option<Vec<String>>,
    /// Whether alerts that match here also go to later siblings.
    #[serde(rename = "continue")]
    pub goes_on: bool,
    /// Conditions, such as `severity="critical"`.
    pub matchers: Vec<String>,
    /// Equal labels (the older spelling).
    #[serde(rename = "match")]
    pub equal: BTreeMap<String, String>,
    /// Label patterns (the older spelling).
    pub match_re: BTreeMap<String, String>,
    /// How long a new group waits for company; inherited.
    pub group_wait: Option<PromDuration>,
    /// How long a group waits between notifications of changes; inherited.
    pub group_interval: Option<PromDuration>,
    /// How long until an unchanged group is told again; inherited.
    pub repeat_interval: Option<PromDuration>,
    /// Children, tried in order.
    pub routes: Vec<RouteConfig>,
}

/// A receiver: a name and where its notifications go.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ReceiverConfig {
    /// Name that routes use.
    pub name: String,
    /// HTTP endpoints that take Alertmanager's JSON.
    pub webhook_configs: Vec<WebhookConfig>,
    /// Slack incoming webhooks.
    pub slack_configs: Vec<SlackConfig>,
}

/// How requests to a receiver are made.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Name and password.
    pub basic_auth: Option<BasicAuth>,
    /// `Authorization` header.
    pub authorization: Option<Authorization>,
}

/// Name and password of a receiver.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct BasicAuth {
    /// Name.
    pub username: String,
    /// Password.
    pub password: Secret,
}

/// `Authorization` header of a receiver.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Authorization {
    /// Scheme.
    #[serde(rename = "type")]
    pub scheme: String,
    /// What follows the scheme.
    pub credentials: Secret,
}

impl Default for Authorization {
    fn default() -> Self {
        Self { scheme: "Bearer".to_owned(), credentials: Secret::default() }
    }
}

/// An HTTP endpoint that takes Alertmanager's JSON, version 4.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where to.
    pub url: Secret,
    /// Whether resolved alerts are told.
    pub send_resolved: bool,
    /// Alerts in one message; 0 is all.
    pub max_alerts: usize,
    /// How requests are made.
    pub http_config: HttpConfig,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self { url: Secret::default(), send_resolved: true, max_alerts: 0, http_config: HttpConfig::default() }
    }
}

/// A Slack incoming webhook. Texts are plain; templates come with their own issue and are refused until then.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// Where to; `global.slack_api_url` when not given.
    pub api_url: Option<Secret>,
    /// Whether resolved alerts are told.
    pub send_resolved: bool,
    /// Channel or person.
    pub channel: String,
    /// Name that the message carries.
    pub username: Option<String>,
    /// Picture that the message carries.
    pub icon_emoji: Option<String>,
    /// Colour in place of `danger` and `good`.
    pub color: Option<String>,
    /// Title in place of the usual one.
    pub title: Option<String>,
    /// Text in place of a line an alert.
    pub text: Option<String>,
    /// Text of notifications that show no attachments.
    pub fallback: Option<String>,
    /// How requests are made.
    pub http_config: HttpConfig,
}

/// Alerts that keep others from being sent.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct InhibitConfig {
    /// Conditions on the alert that inhibits.
    pub source_matchers: Vec<String>,
    /// Conditions on the alert that is kept back.
    pub target_matchers: Vec<String>,
    /// Labels that both must share.
    pub equal: Vec<String>,
}

impl AlertConfig {
    /// Checks what the types alone cannot say.
    ///
    /// # Errors
    /// [`AlertError::Config`] in upstream's words where it has some.
    pub fn check(&self) -> Result<(), AlertError> {
        let refused = |text: String| Err(AlertError::Config(text));
        let mut names = gw_base::Set::default();
        for receiver in &self.receivers {
            if receiver.name.is_empty() {
                return refused("missing name in receiver".to_owned());
            }
            if !names.insert(receiver.name.as_str()) {
                return refused(format!("notification config name {:?} is not unique", receiver.name));
            }
            self.check_receiver(receiver)?;
        }
        for rule in &self.inhibit_rules {
            for text in rule.source_matchers.iter().chain(&rule.target_matchers) {
                matchers::parse(text)?;
            }
        }
        let Some(root) = &self.route else { return Ok(()) };
        if root.receiver.as_deref().unwrap_or("").is_empty() {
            return refused("root route must specify a default receiver".to_owned());
        }
        if !root.matchers.is_empty() || !root.equal.is_empty() || !root.match_re.is_empty() {
            return refused("root route must not have any matchers".to_owned());
        }
        if root.goes_on {
            return refused("cannot have continue in root route".to_owned());
        }
        check_route(root, &names)
    }

    fn check_receiver(&self, receiver: &ReceiverConfig) -> Result<(), AlertError> {
        let refused = |text: String| Err(AlertError::Config(text));
        for webhook in &receiver.webhook_configs {
            if webhook.url.is_empty() {
                return refused(format!("receiver {:?}: webhook_configs needs a url", receiver.name));
            }
        }
        for slack in &receiver.slack_configs {
            if slack.api_url.is_none() && self.global.slack_api_url.is_none() {
                return refused("no global Slack API URL set either inline or in a file".to_owned());
            }
            let texts = [&slack.username, &slack.icon_emoji, &slack.color, &slack.title, &slack.text, &slack.fallback];
            let texts = texts.into_iter().flatten().chain(std::iter::once(&slack.channel));
            if let Some(text) = texts.into_iter().find(|text| text.contains("{{")) {
                return refused(format!(
                    "receiver {:?}: templates are not carried out yet, leave out {text:?}",
                    receiver.name
                ));
            }
        }
        Ok(())
    }
}

fn check_route(route: &RouteConfig, names: &gw_base::Set<&str>) -> Result<(), AlertError> {
    let refused = |text: String| Err(AlertError::Config(text));
    if let Some(receiver) = route.receiver.as_deref().filter(|name| !names.contains(name)) {
        return refused(format!("undefined receiver {receiver:?} used in route"));
    }
    if let Some(labels) = &route.group_by {
        if labels.iter().any(|label| label == "...") && labels.len() > 1 {
            return refused("cannot have wildcard group_by (`...`) and other labels at the same time".to_owned());
        }
        let mut seen = gw_base::Set::default();
        if let Some(label) = labels.iter().find(|label| !seen.insert(label.as_str())) {
            return refused(format!("duplicated label {label:?} in group_by"));
        }
    }
    for (name, given) in [("group_interval", route.group_interval), ("repeat_interval", route.repeat_interval)] {
        if given.is_some_and(PromDuration::is_zero) {
            return refused(format!("{name} cannot be zero"));
        }
    }
    crate::route::matchers_of(route)?;
    route.routes.iter().try_for_each(|child| check_route(child, names))
}
