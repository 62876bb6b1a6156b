//! Notifiers: pure functions from a notification to the request that carries it. One sender sends for all of them.

pub mod slack;
pub mod webhook;

use gw_base::{Alert, Labels, Timestamp};

use crate::config::{AlertConfig, HttpConfig, ReceiverConfig};

/// What a notifier is, for pickers and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Name, as in `NAME_configs`.
    pub name: &'static str,
    /// Product that takes the message.
    pub product: &'static str,
    /// First version of ours that has it.
    pub since: &'static str,
    /// One sentence.
    pub summary: &'static str,
}

/// What is to be told.
#[derive(Debug, Clone)]
pub struct Notification<'a> {
    /// Receiver's name.
    pub receiver: &'a str,
    /// Identity of the group.
    pub group_key: &'a str,
    /// Labels that make the group.
    pub group_labels: &'a Labels,
    /// The alerts, firing ones first, then by start.
    pub alerts: &'a [Alert],
    /// When it is told.
    pub now: Timestamp,
    /// How users reach the product.
    pub external_url: &'a str,
}

impl Notification<'_> {
    /// `firing` while any alert fires.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.alerts.iter().any(|alert| !alert.is_resolved(self.now)) { "firing" } else { "resolved" }
    }

    /// Labels that all alerts share.
    #[must_use]
    pub fn common_labels(&self) -> Labels {
        common(self.alerts.iter().map(|alert| &alert.labels))
    }

    /// Annotations that all alerts share.
    #[must_use]
    pub fn common_annotations(&self) -> Labels {
        common(self.alerts.iter().map(|alert| &alert.annotations))
    }
}

fn common<'a>(mut sets: impl Iterator<Item = &'a Labels>) -> Labels {
    let Some(first) = sets.next() else { return Labels::empty() };
    sets.fold(first.clone(), |shared, set| {
        Labels::from_pairs(shared.iter().filter(|(name, value)| set.get(name) == Some(value)))
    })
}

/// A request that carries a notification.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Where to; may hold a secret.
    pub url: String,
    /// JSON body.
    pub body: serde_json::Value,
    /// How the request is made.
    pub http: HttpConfig,
}

/// Renders notifications for one product.
pub trait Notifier: Send + Sync {
    /// What it is.
    fn about(&self) -> &'static About;
    /// Whether each of its endpoints in a receiver wants to know of resolved alerts; its length is their number.
    fn endpoints(&self, receiver: &ReceiverConfig) -> Vec<bool>;
    /// The request for one endpoint.
    fn render(
        &self,
        notification: &Notification<'_>,
        config: &AlertConfig,
        receiver: &ReceiverConfig,
        endpoint: usize,
    ) -> Option<Message>;
}

/// All notifiers.
pub static NOTIFIERS: &[&dyn Notifier] = &[&webhook::WEBHOOK, &slack::SLACK];
