//! Reads Prometheus rule files, with Prometheus' refusals.
//!
//! Wire: checks and words are those of `model/rulefmt`, which `promtool check rules` prints; label names may be any UTF-8.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gw_base::{AlertOrigin, HasKind, Kind, Labels, METRIC_NAME, Set};
use gw_config::{Position, PromDuration, Spanned};
use serde::Deserialize;

use crate::rules::{Alerting, Group, Rule, RuleKind};
use crate::template::Template;

/// One fault of a rule file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct RuleFileError {
    /// The file.
    pub file: String,
    /// Line and column where they are known, then group, rule and what is wrong.
    pub message: String,
}

impl HasKind for RuleFileError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

#[derive(Deserialize)]
struct FileSpec {
    #[serde(default)]
    groups: Vec<Spanned<GroupSpec>>,
}

#[derive(Deserialize)]
struct GroupSpec {
    #[serde(default)]
    name: String,
    interval: Option<PromDuration>,
    query_offset: Option<PromDuration>,
    #[serde(default)]
    limit: usize,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    rules: Vec<Spanned<RuleSpec>>,
}

#[derive(Deserialize)]
struct RuleSpec {
    record: Option<Spanned<String>>,
    alert: Option<Spanned<String>>,
    expr: Option<Spanned<String>>,
    #[serde(rename = "for")]
    hold_for: Option<PromDuration>,
    keep_firing_for: Option<PromDuration>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Reads a rule file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn parse_rules(file: &str, text: &str) -> Result<Vec<Group>, Vec<RuleFileError>> {
    let spec: FileSpec = gw_config::yaml(file, text).map_err(|error| {
        let at = if error.line > 0 { format!("{}:{}: ", error.line, error.column) } else { String::new() };
        let hint = error.suggestion.map_or_else(String::new, |word| format!(" (did you mean \"{word}\"?)"));
        vec![RuleFileError { file: file.to_owned(), message: format!("{at}{}{hint}", error.message) }]
    })?;
    let mut reader = Reader { file, errors: Vec::new() };
    let mut names = Set::default();
    let mut groups = Vec::with_capacity(spec.groups.len());
    for group in spec.groups {
        let at = group.at;
        if group.name.is_empty() {
            reader.refuse(at, "Groupname must not be empty".to_owned());
        }
        if !names.insert(group.name.clone()) {
            reader.refuse(at, format!("groupname: \"{}\" is repeated in the same file", group.name));
        }
        groups.push(reader.group(group.value, at));
    }
    if reader.errors.is_empty() { Ok(groups) } else { Err(reader.errors) }
}

struct Reader<'a> {
    file: &'a str,
    errors: Vec<RuleFileError>,
}

impl Reader<'_> {
    fn refuse(&mut self, at: Position, message: String) {
        let place = if at.line > 0 { format!("{}:{}: ", at.line, at.column) } else { String::new() };
        self.errors.push(RuleFileError { file: self.file.to_owned(), message: format!("{place}{message}") });
    }

    fn group(&mut self, spec: GroupSpec, at: Position) -> Group {
        for message in label_faults(&spec.labels) {
            self.refuse(at, message);
        }
        let mut rules = Vec::with_capacity(spec.rules.len());
        for (index, rule) in spec.rules.into_iter().enumerate() {
            let name = rule.alert.as_ref().or(rule.record.as_ref()).map(|name| name.value.clone());
            let name = name.unwrap_or_default();
            let place = Place { group: &spec.name, rule: index + 1, name, at: rule.at };
            rules.extend(self.rule(rule.value, &spec.labels, &place).map(Arc::new));
        }
        Group {
            file: self.file.to_owned(),
            name: spec.name,
            interval: spec.interval.map(PromDuration::get).filter(|interval| !interval.is_zero()),
            query_offset: spec.query_offset.map(PromDuration::get),
            limit: spec.limit,
            rules,
        }
    }

    /// A rule, or `None` after its faults were noted.
    fn rule(&mut self, spec: RuleSpec, group_labels: &BTreeMap<String, String>, place: &Place<'_>) -> Option<Rule> {
        let before = self.errors.len();
        for (at, message) in faults(&spec, place.at) {
            self.refuse(at, format!("{place}: {message}"));
        }
        // The labels of recording rules are plain texts.
        let is_alert = spec.alert.is_some();
        let label_templates = if is_alert { self.templates("label", &spec.labels, place) } else { Vec::new() };
        let annotation_templates =
            if is_alert { self.templates("annotation", &spec.annotations, place) } else { Vec::new() };
        let expression = spec.expr.as_ref().and_then(|expr| gw_lang::promql::parse(expr).ok());
        let query = expression.map(|expression| expression.to_string()).filter(|_| self.errors.len() == before)?;
        // Wire: the labels of a group are there unless the rule has them too.
        let labels = Labels::from_pairs(group_labels.iter().chain(&spec.labels).map(|(n, v)| (n.as_str(), v.as_str())));
        let name = place.name.clone();
        if !is_alert {
            return Some(Rule { name, query, labels, kind: RuleKind::Recording });
        }
        let duration = |given: Option<PromDuration>| given.map_or(Duration::ZERO, PromDuration::get);
        let hold_for = duration(spec.hold_for);
        let mut inherited: Vec<_> = group_labels
            .iter()
            .filter(|(name, _)| !spec.labels.contains_key(*name))
            .filter_map(|(name, value)| Template::parse(value).ok().map(|template| (name.clone(), template)))
            .collect();
        inherited.extend(label_templates);
        let origin = AlertOrigin { group: place.group.to_owned(), query: query.clone(), hold_for };
        let alerting = Alerting {
            hold_for,
            keep_firing_for: duration(spec.keep_firing_for),
            annotations: Labels::from_pairs(spec.annotations.iter().map(|(n, v)| (n.as_str(), v.as_str()))),
            label_templates: inherited,
            annotation_templates,
            origin: Arc::new(origin),
        };
        Some(Rule { name, query, labels, kind: RuleKind::Alerting(alerting) })
    }

    fn templates(
        &mut self,
        what: &str,
        texts: &BTreeMap<String, String>,
        place: &Place<'_>,
    ) -> Vec<(String, Template)> {
        let mut parsed = Vec::new();
        for (key, text) in texts {
            match Template::parse(text) {
                Ok(template) => parsed.push((key.clone(), template)),
                Err(error) => {
                    let message = format!("{place}: {what} \"{key}\": template: __alert_{}:{error}", place.name);
                    self.refuse(place.at, message);
                }
            }
        }
        parsed
    }
}

struct Place<'a> {
    group: &'a str,
    /// Counted from 1, as upstream does.
    rule: usize,
    name: String,
    at: Position,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "group \"{}\", rule {}, \"{}\"", self.group, self.rule, self.name)
    }
}

/// What is wrong with the fields of a rule, and where.
fn faults(spec: &RuleSpec, at: Position) -> Vec<(Position, String)> {
    let mut found = Vec::new();
    let mut refuse = |at: Position, message: String| found.push((at, message));
    match (&spec.record, &spec.alert) {
        (Some(record), Some(_)) => refuse(record.at, "only one of 'record' and 'alert' must be set".to_owned()),
        (None, None) => refuse(at, "one of 'record' or 'alert' must be set".to_owned()),
        _ => {}
    }
    match spec.expr.as_ref().filter(|expr| !expr.is_empty()) {
        None => refuse(at, "field 'expr' must be set in rule".to_owned()),
        Some(expr) => {
            if let Err(error) = gw_lang::promql::parse(expr) {
                refuse(expr.at, format!("could not parse expression: {error}"));
            }
        }
    }
    if let Some(record) = &spec.record {
        for message in recording_faults(spec, record) {
            refuse(record.at, message);
        }
    }
    for message in label_faults(&spec.labels) {
        refuse(at, message);
    }
    for name in spec.annotations.keys().filter(|name| name.is_empty()) {
        refuse(at, format!("invalid annotation name: {name}"));
    }
    found
}

fn recording_faults(spec: &RuleSpec, record: &str) -> Vec<String> {
    let mut found = Vec::new();
    let alert_only = [
        ("annotations", !spec.annotations.is_empty()),
        ("for", spec.hold_for.is_some_and(|duration| !duration.is_zero())),
        ("keep_firing_for", spec.keep_firing_for.is_some_and(|duration| !duration.is_zero())),
    ];
    for (field, _) in alert_only.into_iter().filter(|(_, set)| *set) {
        found.push(format!("invalid field '{field}' in recording rule"));
    }
    if record.is_empty() {
        found.push(format!("invalid recording rule name: {record}"));
    }
    // Wire: any UTF-8 is a metric name, but braces are nearly always an expression in the wrong field.
    if record.contains(['{', '}']) {
        found.push(format!("braces present in the recording rule name; should it be in expr?: {record}"));
    }
    found
}

fn label_faults(labels: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    labels
        .keys()
        .filter(|name| name.is_empty() || *name == METRIC_NAME)
        .map(|name| format!("invalid label name: {name}"))
}
