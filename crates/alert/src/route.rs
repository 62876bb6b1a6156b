//! The route tree: which receivers an alert goes to, and by which labels it is grouped there.

use std::time::Duration;

use gw_base::{Labels, MatchOp, Matcher};

use crate::AlertError;
use crate::config::{AlertConfig, RouteConfig};
use crate::matchers::{self, CompiledMatcher};

/// Wire: Alertmanager's defaults.
const GROUP_WAIT: Duration = Duration::from_secs(30);
const GROUP_INTERVAL: Duration = Duration::from_mins(5);
const REPEAT_INTERVAL: Duration = Duration::from_hours(4);
/// The receiver of a configuration without routes: groups are shown, nobody is told.
pub(crate) const NOBODY: &str = "default";

/// What a route says of the alerts that end there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteOptions {
    /// Who is told.
    pub receiver: String,
    /// Labels that make a group; `None` is all of them.
    pub group_by: Option<Vec<String>>,
    /// How long a new group waits for company.
    pub group_wait: Duration,
    /// How long a group waits between notifications of changes.
    pub group_interval: Duration,
    /// How long until an unchanged group is told again.
    pub repeat_interval: Duration,
}

/// A route with everything that it inherits.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its place in the tree, as Alertmanager prints it: `{}/{severity="critical"}`.
    pub key: String,
    /// What it says.
    pub options: RouteOptions,
    matchers: Vec<CompiledMatcher>,
    goes_on: bool,
    children: Vec<Route>,
}

impl Route {
    /// The tree of a configuration that has been checked.
    ///
    /// # Errors
    /// When a matcher is wrong.
    pub fn of(config: &AlertConfig) -> Result<Self, AlertError> {
        let root = config.route.clone().unwrap_or_else(|| RouteConfig {
            receiver: Some(NOBODY.to_owned()),
            group_by: Some(vec!["alertname".to_owned()]),
            ..RouteConfig::default()
        });
        let defaults = RouteOptions {
            receiver: String::new(),
            group_by: Some(Vec::new()),
            group_wait: GROUP_WAIT,
            group_interval: GROUP_INTERVAL,
            repeat_interval: REPEAT_INTERVAL,
        };
        Self::build(&root, &defaults, "")
    }

    fn build(config: &RouteConfig, parent: &RouteOptions, parent_key: &str) -> Result<Self, AlertError> {
        let options = RouteOptions {
            receiver: config.receiver.clone().unwrap_or_else(|| parent.receiver.clone()),
            group_by: match &config.group_by {
                None => parent.group_by.clone(),
                Some(labels) if labels.iter().any(|label| label == "...") => None,
                Some(labels) => Some(labels.clone()),
            },
            group_wait: config.group_wait.map_or(parent.group_wait, |given| given.get()),
            group_interval: config.group_interval.map_or(parent.group_interval, |given| given.get()),
            repeat_interval: config.repeat_interval.map_or(parent.repeat_interval, |given| given.get()),
        };
        let own = matchers_of(config)?;
        let key = if parent_key.is_empty() { key_of(&own) } else { format!("{parent_key}/{}", key_of(&own)) };
        let children =
            config.routes.iter().map(|child| Self::build(child, &options, &key)).collect::<Result<_, _>>()?;
        Ok(Self { key, options, matchers: matchers::compile(&own)?, goes_on: config.goes_on, children })
    }

    /// The routes at which an alert with these labels ends, in the order they are tried.
    #[must_use]
    pub fn find(&self, labels: &Labels) -> Vec<&Self> {
        if !matchers::all_match(&self.matchers, labels) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for child in &self.children {
            let hits = child.find(labels);
            let matched = !hits.is_empty();
            found.extend(hits);
            if matched && !child.goes_on {
                break;
            }
        }
        if found.is_empty() {
            found.push(self);
        }
        found
    }
}

/// The matchers of a route in all three spellings, sorted by name as upstream does.
///
/// Wire: patterns of `match_re` are anchored by writing the anchors into the pattern, which shows in route keys.
pub(crate) fn matchers_of(config: &RouteConfig) -> Result<Vec<Matcher>, AlertError> {
    let mut all: Vec<Matcher> = config.equal.iter().map(|(name, value)| Matcher::equal(name, value)).collect();
    for (name, pattern) in &config.match_re {
        all.push(Matcher::new(name, MatchOp::Regex, format!("^(?:{pattern})$")));
    }
    for text in &config.matchers {
        all.extend(matchers::parse(text)?);
    }
    matchers::compile(&all)?;
    all.sort_by(|a, b| (&a.name, &a.value, a.op.as_str()).cmp(&(&b.name, &b.value, b.op.as_str())));
    Ok(all)
}

fn key_of(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", texts.join(","))
}

/// The labels that make an alert's group under these options.
#[must_use]
pub fn group_labels(options: &RouteOptions, labels: &Labels) -> Labels {
    match &options.group_by {
        None => labels.clone(),
        Some(names) => labels.without(|name| !names.iter().any(|wanted| wanted == name)),
    }
}
