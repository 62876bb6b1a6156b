//! Notifiers: each renders a [`Message`] for one product and judges what that product answers. Pure; one sender sends.

mod slack;
mod webhook;

use std::time::Duration;

use gw_config::Secret;

use crate::message::Message;

pub use slack::{Slack, SlackConfig};
pub use webhook::{Webhook, WebhookConfig};

/// A way to carry a message to people or programs.
pub trait Notifier: std::fmt::Debug + Send + Sync {
    /// What it is.
    fn about(&self) -> &'static About;
    /// Whether it also carries the news that alerts ended.
    fn sends_resolved(&self) -> bool;
    /// The request that carries a message.
    fn render(&self, message: &Message) -> Post;
    /// What the answer to that request means.
    fn judge(&self, answer: &Answer) -> Verdict;
}

/// A notifier as pickers and documents show it.
#[derive(Debug, PartialEq, Eq)]
pub struct About {
    /// Name in configuration, without `_configs`.
    pub name: &'static str,
    /// The product it talks to.
    pub product: &'static str,
    /// Release in which it came.
    pub since: &'static str,
    /// One sentence.
    pub doc: &'static str,
}

/// Every kind of notifier.
pub static NOTIFIERS: &[&About] = &[&webhook::ABOUT, &slack::ABOUT];

/// An HTTP POST of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where to; it may hold a secret.
    pub url: Secret,
    /// The body.
    pub body: String,
    /// How long one try may take.
    pub timeout: Option<Duration>,
}

/// The answer to a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Seconds of the `Retry-After` header.
    pub retry_after: Option<Duration>,
    /// The first bytes of the body, as text.
    pub body: String,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Carried out.
    Done,
    /// Not now; try again, not before that long.
    Retry(Option<Duration>),
    /// Never.
    Refused,
}

/// The common reading of a status: 2xx done, 5xx and 429 later, others never.
fn by_status(answer: &Answer) -> Verdict {
    match answer.status {
        200..=299 => Verdict::Done,
        429 | 500..=599 => Verdict::Retry(answer.retry_after),
        _ => Verdict::Refused,
    }
}
