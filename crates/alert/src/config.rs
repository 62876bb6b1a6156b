//! The `alert:` section: Alertmanager's format as far as it is carried out.

use std::collections::{BTreeMap, BTreeSet};

use gw_base::{Labels, MatchOp, Matcher};
use gw_config::{PromDuration, Secret};
use serde::{Deserialize, Serialize};

use crate::AlertError;
use crate::inhibit::Inhibitor;
use crate::matchers::{Matchers, parse_matchers};
use crate::notifiers::{Notifier, Slack, SlackConfig, Webhook, WebhookConfig};
use crate::route::Route;

/// The receiver of alerts while none is configured: they are grouped and shown, and sent nowhere.
pub(crate) const NOWHERE: &str = "none";

/// The `alert:` section. Every key may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertConfig {
    /// Defaults of receivers.
    pub global: GlobalConfig,
    /// The routing tree.
    pub route: Option<RouteConfig>,
    /// Where alerts go.
    pub receivers: Vec<ReceiverConfig>,
    /// Alerts that mute others.
    pub inhibit_rules: Vec<InhibitConfig>,
}

/// Defaults of receivers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GlobalConfig {
    /// Slack's incoming webhook, for `slack_configs` without their own.
    pub slack_api_url: Option<Secret>,
    /// How long an alert without an end holds after it was said last.
    pub resolve_timeout: Option<PromDuration>,
}

/// A node of the routing tree; what it leaves out it takes from its parent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RouteConfig {
    /// Name of the receiver.
    pub receiver: Option<String>,
    /// Labels that make groups; `...` alone makes each alert its own.
    pub group_by: Option<Vec<String>>,
    /// How long a new group waits for more alerts.
    pub group_wait: Option<PromDuration>,
    /// How long a group waits after a sending before it sends changes.
    pub group_interval: Option<PromDuration>,
    /// How long until an unchanged group is sent again.
    pub repeat_interval: Option<PromDuration>,
    /// Conditions on labels.
    pub matchers: Vec<String>,
    /// Older form of `=` conditions.
    #[serde(rename = "match")]
    pub equals: BTreeMap<String, String>,
    /// Older form of `=~` conditions.
    pub match_re: BTreeMap<String, String>,
    /// Whether later siblings are tried after this one matched.
    #[serde(rename = "continue")]
    pub continues: bool,
    /// Children.
    pub routes: Vec<Self>,
}

/// A receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiverConfig {
    /// Unique name.
    pub name: String,
    /// Plain HTTP posts.
    pub webhook_configs: Vec<WebhookConfig>,
    /// Slack incoming webhooks.
    pub slack_configs: Vec<SlackConfig>,
}

/// Alerts that match `source` mute those that match `target` and have the same values of the `equal` labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InhibitConfig {
    /// Conditions on the muting alert.
    pub source_matchers: Vec<String>,
    /// Older form of `=` conditions.
    pub source_match: BTreeMap<String, String>,
    /// Older form of `=~` conditions.
    pub source_match_re: BTreeMap<String, String>,
    /// Conditions on the muted alert.
    pub target_matchers: Vec<String>,
    /// Older form of `=` conditions.
    pub target_match: BTreeMap<String, String>,
    /// Older form of `=~` conditions.
    pub target_match_re: BTreeMap<String, String>,
    /// Labels that both must have alike.
    pub equal: Vec<String>,
}

/// A receiver ready to send.
#[derive(Debug)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// Its ways.
    pub notifiers: Vec<Box<dyn Notifier>>,
}

/// A checked configuration.
#[derive(Debug)]
pub struct Plan {
    pub(crate) root: Route,
    pub(crate) receivers: BTreeMap<String, Receiver>,
    pub(crate) inhibitor: Inhibitor,
}

impl Plan {
    /// The routes that an alert with these labels takes.
    #[must_use]
    pub fn route(&self, labels: &Labels) -> Vec<&Route> {
        self.root.of(labels)
    }
}

impl AlertConfig {
    /// Checks the section.
    ///
    /// # Errors
    /// As [`AlertConfig::plan`].
    pub fn check(&self) -> Result<(), AlertError> {
        self.plan().map(drop)
    }

    /// Checks the section and makes it ready.
    ///
    /// # Errors
    /// [`AlertError::Config`] in Alertmanager's words where it has some.
    pub fn plan(&self) -> Result<Plan, AlertError> {
        let mut receivers = BTreeMap::new();
        for config in &self.receivers {
            if config.name.is_empty() {
                return Err(AlertError::Config("missing name in receiver".to_owned()));
            }
            let receiver = self.receiver(config)?;
            if receivers.insert(config.name.clone(), receiver).is_some() {
                return Err(AlertError::Config(format!("notification config name {:?} is not unique", config.name)));
            }
        }
        let root = match &self.route {
            Some(route) => route.clone(),
            None => nowhere(&mut receivers)?,
        };
        check_root(&root)?;
        check_receivers(&root, &receivers)?;
        let inhibitor = Inhibitor::new(&self.inhibit_rules)?;
        Ok(Plan { root: Route::new(&root, None)?, receivers, inhibitor })
    }

    fn receiver(&self, config: &ReceiverConfig) -> Result<Receiver, AlertError> {
        let mut notifiers: Vec<Box<dyn Notifier>> = Vec::new();
        for webhook in &config.webhook_configs {
            notifiers.push(Box::new(Webhook::new(webhook, &config.name)?));
        }
        for slack in &config.slack_configs {
            notifiers.push(Box::new(Slack::new(slack, &self.global, &config.name)?));
        }
        Ok(Receiver { name: config.name.clone(), notifiers })
    }
}

fn nowhere(receivers: &mut BTreeMap<String, Receiver>) -> Result<RouteConfig, AlertError> {
    if !receivers.is_empty() {
        return Err(AlertError::Config("no route provided in config".to_owned()));
    }
    receivers.insert(NOWHERE.to_owned(), Receiver { name: NOWHERE.to_owned(), notifiers: Vec::new() });
    Ok(RouteConfig {
        receiver: Some(NOWHERE.to_owned()),
        group_by: Some(vec!["alertname".to_owned()]),
        ..RouteConfig::default()
    })
}

fn check_root(root: &RouteConfig) -> Result<(), AlertError> {
    let fault = match () {
        () if root.receiver.as_deref().is_none_or(str::is_empty) => "root route must specify a default receiver",
        () if !(root.matchers.is_empty() && root.equals.is_empty() && root.match_re.is_empty()) => {
            "root route must not have any matchers"
        }
        () if root.continues => "cannot have continue in root route",
        () => return Ok(()),
    };
    Err(AlertError::Config(fault.to_owned()))
}

fn check_receivers(route: &RouteConfig, receivers: &BTreeMap<String, Receiver>) -> Result<(), AlertError> {
    if let Some(name) = route.receiver.as_ref().filter(|name| !name.is_empty() && !receivers.contains_key(*name)) {
        return Err(AlertError::Config(format!("undefined receiver {name:?} used in route")));
    }
    for (name, interval) in [("group_interval", route.group_interval), ("repeat_interval", route.repeat_interval)] {
        if interval.is_some_and(|interval| interval.is_zero()) {
            return Err(AlertError::Config(format!("{name} cannot be zero")));
        }
    }
    let labels = route.group_by.iter().flatten();
    let distinct: BTreeSet<_> = labels.clone().collect();
    if distinct.len() > 1 && distinct.contains(&"...".to_owned()) {
        let text = "cannot have wildcard group_by (`...`) and other labels at the same time";
        return Err(AlertError::Config(text.to_owned()));
    }
    if distinct.len() < labels.count() {
        return Err(AlertError::Config("duplicated label in group_by".to_owned()));
    }
    route.routes.iter().try_for_each(|child| check_receivers(child, receivers))
}

/// Matchers from the three forms in which a configuration may write them.
pub(crate) fn all_matchers(
    texts: &[String],
    equals: &BTreeMap<String, String>,
    patterns: &BTreeMap<String, String>,
) -> Result<Matchers, AlertError> {
    let mut found: Vec<Matcher> = equals.iter().map(|(name, value)| Matcher::equal(name, value)).collect();
    // Wire: the older form is shown with its anchors in route keys.
    found.extend(patterns.iter().map(|(name, value)| Matcher::new(name, MatchOp::Regex, format!("^(?:{value})$"))));
    for text in texts {
        found.extend(parse_matchers(text)?);
    }
    Matchers::new(found)
}
