//! Alerts that fire now, as the overview shows them.

use gw_base::{Labels, Timestamp};
use gw_detect::{AlertState, RuleBook};

use crate::overview::{Need, Title, label_map};
use crate::tiles::Health;

/// An alert that fires.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Firing {
    pub(crate) labels: Labels,
    pub(crate) since: Timestamp,
    annotations: Labels,
    value: f64,
    query: String,
}

/// All alerts that fire.
pub(crate) fn alerts(rules: &RuleBook) -> Vec<Firing> {
    let groups = rules.groups();
    let rules = groups.iter().flat_map(|group| &group.rules);
    let firing = rules.flat_map(|rule| {
        rule.alerts.iter().filter(|alert| alert.state == AlertState::Firing).map(move |alert| (rule, alert))
    });
    firing
        .map(|(rule, alert)| Firing {
            labels: alert.labels.clone(),
            since: alert.active_at,
            annotations: alert.annotations.clone(),
            value: alert.value,
            query: rule.rule.query.clone(),
        })
        .collect()
}

/// Rows of "what needs you", the worst and oldest first.
pub(crate) fn needs(firing: &[Firing]) -> Vec<Need> {
    let severity = |alert: &Firing| Health::of_severity(alert.labels.get("severity").unwrap_or(""));
    let mut rows: Vec<&Firing> = firing.iter().collect();
    rows.sort_by(|a, b| severity(b).cmp(&severity(a)).then_with(|| a.since.cmp(&b.since)));
    rows.into_iter()
        .map(|alert| {
            let name = alert.labels.get("alertname").unwrap_or("");
            let en = alert.annotations.get("summary").unwrap_or(name);
            let ko = alert.annotations.get("summary_ko").unwrap_or(en);
            Need {
                id: format!("alert/{:016x}", alert.labels.hash64()),
                kind: "alert",
                severity: severity(alert),
                title: Title { en: en.to_owned(), ko: ko.to_owned() },
                detail: alert.labels.without(|label| matches!(label, "alertname" | "severity" | "area")).to_string(),
                since: Some(alert.since.to_string()),
                labels: label_map(&alert.labels),
                value: alert.value.is_finite().then_some(alert.value),
                query: Some(alert.query.clone()),
                href: "/alerts".to_owned(),
            }
        })
        .collect()
}
