//! Alerts that begin and cease to fire, as events: what happened when stays to be seen after the alert is gone.

use std::collections::BTreeMap;

use gw_base::{ALERT_NAME, Labels, Timestamp};
use gw_batch::{EventRow, EventsBuilder};

use crate::evaluate::Shared;

/// The kind of these events.
const TRANSITION: &str = "alert.transition";
/// OpenTelemetry's severity numbers: INFO, WARN, ERROR.
const INFO: u8 = 9;
const WARN: u8 = 13;
const ERROR: u8 = 17;

/// Writes an event for each alert that fires now and did not, or the other way round. An event that cannot be stored is
/// lost with a line in the log: rules go on.
pub(crate) async fn tell(
    before: &BTreeMap<Labels, Labels>,
    after: &BTreeMap<Labels, Labels>,
    at: Timestamp,
    shared: &Shared,
) {
    let began = after.iter().filter(|(labels, _)| !before.contains_key(*labels)).map(|alert| (alert, true));
    let ended = before.iter().filter(|(labels, _)| !after.contains_key(*labels)).map(|alert| (alert, false));
    let mut events = EventsBuilder::default();
    let mut any = false;
    for ((labels, annotations), fires) in began.chain(ended) {
        push(&mut events, labels, annotations, (fires, at));
        any = true;
    }
    if !any {
        return;
    }
    let batch = events.finish(shared.asker.tenant.clone());
    if let Err(error) = shared.intake.send(vec![batch]).await {
        tracing::warn!(%error, "alert transitions are not stored");
    }
}

fn push(events: &mut EventsBuilder, labels: &Labels, annotations: &Labels, (fires, time): (bool, Timestamp)) {
    let name = labels.get(ALERT_NAME).unwrap_or("alert");
    let said = annotations.get("summary").unwrap_or(name);
    let title = if fires { said.to_owned() } else { format!("Resolved: {said}") };
    let severity = match (fires, labels.get("severity")) {
        (false, _) | (true, Some("info" | "none")) => INFO,
        (true, Some("crit" | "critical" | "error" | "page")) => ERROR,
        (true, _) => WARN,
    };
    let value = Some(f64::from(u8::from(fires)));
    let body = annotations.get("description").filter(|_| fires);
    events.push(
        labels,
        &EventRow {
            time,
            kind: TRANSITION,
            severity: Some(severity),
            title: &title,
            body,
            value,
            ..EventRow::default()
        },
    );
}
