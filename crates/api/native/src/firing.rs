//! Alerts that fire now, as the overview shows them.

use std::collections::BTreeMap;

use gw_base::{Labels, Timestamp};
use gw_serve::{Fault, Services};

use crate::ask;
use crate::overview::{Need, Title, label_map};
use crate::tiles::Health;

/// An alert that fires.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Firing {
    pub(crate) labels: Labels,
    pub(crate) since: Timestamp,
}

/// All alerts that fire, from the series that every rule evaluation writes.
pub(crate) async fn alerts(services: &Services) -> Result<Vec<Firing>, Fault> {
    let now = services.world.now();
    let identity = |labels: &Labels| labels.without(|name| matches!(name, "__name__" | "alertstate"));
    let since: BTreeMap<Labels, f64> = ask::instant(services, "ALERTS_FOR_STATE", now)
        .await?
        .into_iter()
        .map(|point| (identity(&point.labels), point.value))
        .collect();
    let firing = ask::instant(services, "ALERTS{alertstate=\"firing\"}", now).await?;
    Ok(firing
        .into_iter()
        .map(|point| {
            let labels = identity(&point.labels);
            let since = since.get(&labels).map_or(now, |secs| Timestamp::from_secs_f64(*secs));
            Firing { labels, since }
        })
        .collect())
}

/// Rows of "what needs you", the worst and oldest first.
pub(crate) fn needs(firing: &[Firing]) -> Vec<Need> {
    let mut rows: Vec<_> =
        firing.iter().map(|alert| (Health::of_severity(alert.labels.get("severity").unwrap_or("")), alert)).collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.since.cmp(&b.1.since)));
    rows.into_iter()
        .map(|(severity, alert)| {
            let name = alert.labels.get("alertname").unwrap_or("").to_owned();
            let detail = alert.labels.without(|label| matches!(label, "alertname" | "severity" | "area"));
            Need {
                id: format!("alert/{:016x}", alert.labels.hash64()),
                kind: "alert",
                severity,
                title: Title { en: name.clone(), ko: name.clone() },
                detail: detail.to_string(),
                since: Some(alert.since.to_string()),
                labels: label_map(&alert.labels),
                value: None,
                query: Some(format!("ALERTS{{alertname={name:?}}}")),
                href: "/alerts".to_owned(),
            }
        })
        .collect()
}
