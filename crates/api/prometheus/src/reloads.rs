//! How the last reading of the configuration went, and what people who look at the server are told of it.

use gw_base::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

/// Wire: the words of upstream's `web/api/notifications.go`.
const RELOAD_FAILED: &str = "Configuration reload has failed.";

/// The outcome of the last reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the last reading worked.
    pub successful: bool,
    /// When a reading worked last.
    pub succeeded_at: Timestamp,
    /// When the last reading was.
    pub tried_at: Timestamp,
}

/// Watches the readings.
#[derive(Debug)]
pub struct Reloads(watch::Sender<Outcome>);

impl Reloads {
    /// The first reading, which worked.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(watch::Sender::new(Outcome { successful: true, succeeded_at: at, tried_at: at }))
    }

    /// Notes a reading.
    pub fn note(&self, successful: bool, at: Timestamp) {
        self.0.send_modify(|outcome| {
            outcome.successful = successful;
            outcome.tried_at = at;
            if successful {
                outcome.succeeded_at = at;
            }
        });
    }

    /// How it stands.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        *self.0.borrow()
    }

    /// Follows what comes.
    pub(crate) fn follow(&self) -> watch::Receiver<Outcome> {
        self.0.subscribe()
    }

    /// Streams that follow now.
    pub(crate) fn followers(&self) -> usize {
        self.0.receiver_count()
    }
}

/// The notification that an outcome gives rise to; an inactive one tells that it is over.
pub(crate) fn notification(outcome: Outcome) -> Value {
    json!({"text": RELOAD_FAILED, "date": outcome.tried_at.to_string(), "active": !outcome.successful})
}
