//! What a notifier renders: one group of alerts on its way to one receiver.

use gw_base::{Alert, Fingerprint, Labels, Timestamp};

/// A group of alerts at the moment of sending.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Name of the receiver.
    pub receiver: String,
    /// The group: key of its route and its labels.
    pub group_key: String,
    /// Labels that made the group.
    pub group_labels: Labels,
    /// Labels that all alerts share.
    pub common_labels: Labels,
    /// Annotations that all alerts share.
    pub common_annotations: Labels,
    /// Where links lead.
    pub external_url: String,
    /// The alerts.
    pub alerts: Vec<MessageAlert>,
}

/// An alert in a message.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageAlert {
    /// Labels.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: Labels,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when; `None` while it fires.
    pub ends_at: Option<Timestamp>,
    /// The page behind it.
    pub generator_url: String,
    /// Identity.
    pub fingerprint: Fingerprint,
}

impl Message {
    /// A message of alerts as they are at `now`.
    #[must_use]
    pub fn new(envelope: Envelope<'_>, alerts: &[&Alert], now: Timestamp) -> Self {
        let mut sorted: Vec<&Alert> = alerts.to_vec();
        // Wire: alerts are ordered by job, then instance, then all labels (`types.AlertSlice`).
        sorted.sort_by(|a, b| {
            let key = |alert: &Alert, name: &str| alert.labels.get(name).unwrap_or("").to_owned();
            let keys = |alert: &Alert| (key(alert, "job"), key(alert, "instance"));
            keys(a).cmp(&keys(b)).then_with(|| a.labels.iter().cmp(b.labels.iter()))
        });
        let alerts: Vec<MessageAlert> = sorted
            .into_iter()
            .map(|alert| MessageAlert {
                labels: alert.labels.clone(),
                annotations: alert.annotations.clone(),
                starts_at: alert.starts_at,
                ends_at: alert.is_resolved(now).then_some(alert.ends_at),
                generator_url: alert.generator_url.clone(),
                fingerprint: alert.fingerprint(),
            })
            .collect();
        Self {
            receiver: envelope.receiver.to_owned(),
            group_key: envelope.group_key.to_owned(),
            group_labels: envelope.group_labels.clone(),
            common_labels: common(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
            external_url: envelope.external_url.to_owned(),
            alerts,
        }
    }

    /// Whether any alert still fires.
    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.alerts.iter().any(|alert| alert.ends_at.is_none())
    }

    /// `firing` or `resolved`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.is_firing() { "firing" } else { "resolved" }
    }
}

/// Where a message comes from and goes to.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Name of the receiver.
    pub receiver: &'a str,
    /// Key of the group.
    pub group_key: &'a str,
    /// Labels of the group.
    pub group_labels: &'a Labels,
    /// Where links lead.
    pub external_url: &'a str,
}

/// The pairs that all sets have.
fn common<'a>(mut sets: impl Iterator<Item = &'a Labels>) -> Labels {
    let Some(first) = sets.next() else { return Labels::empty() };
    sets.fold(first.clone(), |shared, set| {
        Labels::from_pairs(shared.iter().filter(|(name, value)| set.get(name) == Some(value)))
    })
}
