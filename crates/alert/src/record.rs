//! What the dispatcher remembers across restarts: alerts, and what was sent of each group. JSON values of the state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gw_base::{Alert, AlertOrigin, Fingerprint, Labels, Timestamp};
use serde::{Deserialize, Serialize};

/// Namespace of alerts in the state.
pub(crate) const ALERTS: &str = "alert.alerts";
/// Namespace of the notification log in the state.
pub(crate) const SENT: &str = "alert.sent";

/// What was sent of a group by one notifier last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// Fingerprints of the alerts that fired.
    pub(crate) firing: BTreeSet<u64>,
    /// Fingerprints of those that had ended.
    pub(crate) resolved: BTreeSet<u64>,
    /// When, nanoseconds since the epoch.
    pub(crate) at: i64,
    /// When this may be forgotten.
    pub(crate) expires_at: i64,
}

impl Sent {
    /// Whether this group must be sent again.
    ///
    /// Wire: the cases and their order are those of Alertmanager's `DedupStage.needsUpdate`.
    pub(crate) fn is_outdated(entry: Option<&Self>, news: &News<'_>) -> bool {
        let Some(entry) = entry else { return !news.firing.is_empty() };
        if !news.firing.is_subset(&entry.firing) {
            return true;
        }
        if news.firing.is_empty() {
            return !entry.firing.is_empty();
        }
        if news.sends_resolved && !news.resolved.is_subset(&entry.resolved) {
            return true;
        }
        Timestamp::from_nanos(entry.at) < news.now - news.repeat_interval
    }
}

/// What a group would say now.
pub(crate) struct News<'a> {
    pub(crate) firing: &'a BTreeSet<u64>,
    pub(crate) resolved: &'a BTreeSet<u64>,
    pub(crate) sends_resolved: bool,
    pub(crate) repeat_interval: Duration,
    pub(crate) now: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredAlert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: i64,
    ends_at: i64,
    updated_at: i64,
    generator_url: String,
    value: Option<f64>,
    origin: Option<StoredOrigin>,
}

#[derive(Serialize, Deserialize)]
struct StoredOrigin {
    group: String,
    query: String,
    hold_nanos: u64,
}

fn texts(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Key and value of an alert.
pub(crate) fn write_alert(alert: &Alert) -> (String, Option<Vec<u8>>) {
    let stored = StoredAlert {
        labels: texts(&alert.labels),
        annotations: texts(&alert.annotations),
        starts_at: alert.starts_at.nanos(),
        ends_at: alert.ends_at.nanos(),
        updated_at: alert.updated_at.nanos(),
        generator_url: alert.generator_url.clone(),
        // JSON knows no NaN and no infinity.
        value: alert.value.filter(|value| value.is_finite()),
        origin: alert.origin.as_ref().map(|origin| StoredOrigin {
            group: origin.group.clone(),
            query: origin.query.clone(),
            hold_nanos: u64::try_from(origin.hold_for.as_nanos()).unwrap_or(u64::MAX),
        }),
    };
    (alert.fingerprint().to_string(), serde_json::to_vec(&stored).ok())
}

/// The key under which an alert is forgotten.
pub(crate) fn forget_alert(fingerprint: Fingerprint) -> (String, Option<Vec<u8>>) {
    (fingerprint.to_string(), None)
}

/// An alert from its value.
pub(crate) fn read_alert(value: &[u8]) -> Option<Alert> {
    let stored: StoredAlert = serde_json::from_slice(value).ok()?;
    let origin = stored.origin.map(|origin| AlertOrigin {
        group: origin.group,
        query: origin.query,
        hold_for: Duration::from_nanos(origin.hold_nanos),
    });
    Some(Alert {
        labels: Labels::from_pairs(stored.labels),
        annotations: Labels::from_pairs(stored.annotations),
        starts_at: Timestamp::from_nanos(stored.starts_at),
        ends_at: Timestamp::from_nanos(stored.ends_at),
        updated_at: Timestamp::from_nanos(stored.updated_at),
        generator_url: stored.generator_url,
        value: stored.value,
        origin: origin.map(Arc::new),
    })
}
