//! Alerts in their groups: what the dispatcher holds, and what the rules hold back as pending.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use gw_alert::{AlertSnapshot, Dispatcher};
use gw_base::{AlertOrigin, Fingerprint, Labels};
use gw_detect::{AlertState, AlertView, RuleBook, RuleView};
use gw_serve::Services;
use serde_json::{Value, json};

/// Whom to ask about alerts.
#[derive(Debug, Clone)]
pub struct Alerting {
    /// Groups, silences.
    pub dispatcher: Dispatcher,
    /// Rules and their alerts.
    pub rules: Arc<RuleBook>,
}

/// The routes.
pub(crate) fn routes(alerting: Alerting) -> Router<Services> {
    Router::new().route("/alerts", get(move || async move { Json(page(&alerting)) }))
}

/// Groups by receiver and labels; each alert once a group.
type Groups = BTreeMap<(Labels, String), BTreeMap<Fingerprint, Value>>;

fn page(alerting: &Alerting) -> Value {
    let mut groups = Groups::new();
    for group in alerting.dispatcher.snapshot() {
        let shown = group.alerts.iter().map(|alert| (alert.alert.fingerprint(), show_held(alert)));
        groups.insert((group.labels, group.receiver), shown.collect());
    }
    for group in alerting.rules.groups() {
        for rule in &group.rules {
            add_waiting(&mut groups, alerting, rule);
        }
    }
    let rendered: Vec<Value> = groups
        .into_iter()
        .map(|((labels, receiver), alerts)| {
            json!({"receiver": receiver, "labels": map(&labels), "alerts": alerts.into_values().collect::<Vec<_>>()})
        })
        .collect();
    json!({"groups": rendered, "rules_loaded": alerting.rules.rules()})
}

/// Alerts of the rules that the dispatcher does not know: pending ones, and those that fire since a moment.
fn add_waiting(groups: &mut Groups, alerting: &Alerting, rule: &RuleView) {
    let origin = rule.rule.alerting().map(gw_detect::Alerting::origin);
    for alert in &rule.alerts {
        for (receiver, labels) in alerting.dispatcher.destinations(&alert.labels) {
            let shown = show_waiting(alert, origin, alerting);
            let alerts = groups.entry((labels, receiver)).or_default();
            alerts.entry(Fingerprint::of(&alert.labels)).or_insert(shown);
        }
    }
}

fn show_held(held: &AlertSnapshot) -> Value {
    let alert = &held.alert;
    json!({
        "fingerprint": alert.fingerprint().to_string(),
        "name": alert.name(),
        "state": if held.is_resolved { "resolved" } else { "firing" },
        "severity": alert.labels.get("severity").unwrap_or(""),
        "labels": map(&alert.labels),
        "annotations": map(&alert.annotations),
        "starts_at": alert.starts_at.to_string(),
        "ends_at": held.is_resolved.then(|| alert.ends_at.to_string()),
        "value": finite(alert.value),
        "silenced_by": held.silenced_by,
        "rule": show_rule(alert.origin.as_deref()),
    })
}

fn show_waiting(alert: &AlertView, origin: Option<&AlertOrigin>, alerting: &Alerting) -> Value {
    json!({
        "fingerprint": Fingerprint::of(&alert.labels).to_string(),
        "name": alert.labels.get(gw_base::ALERT_NAME).unwrap_or(""),
        "state": if alert.state == AlertState::Firing { "firing" } else { "pending" },
        "severity": alert.labels.get("severity").unwrap_or(""),
        "labels": map(&alert.labels),
        "annotations": map(&alert.annotations),
        "starts_at": alert.active_at.to_string(),
        "ends_at": null,
        "value": finite(Some(alert.value)),
        "silenced_by": alerting.dispatcher.silenced_by(&alert.labels),
        "rule": show_rule(origin),
    })
}

fn show_rule(origin: Option<&AlertOrigin>) -> Value {
    origin.map_or(
        Value::Null,
        |origin| json!({"group": origin.group, "query": origin.query, "for": origin.hold_for.as_secs_f64()}),
    )
}

/// JSON has no NaN and no infinity.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

fn map(labels: &Labels) -> BTreeMap<&str, &str> {
    labels.iter().collect()
}
