//! The seam into storage.

use gw_base::{BoxFuture, HasKind, Kind};

use crate::{Batch, Refusal};

/// What has been made durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ack {
    /// Rows kept.
    pub rows: u64,
    /// Rows refused for a reason of their own (over a limit), which the sender should not send again as they are.
    pub refused: Vec<Refusal>,
}

/// Why batches were not kept. Nothing of the call is durable then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    /// Who must act.
    pub kind: Kind,
    /// What failed, with the value and the remedy.
    pub message: String,
}

impl HasKind for SinkError {
    fn kind(&self) -> Kind {
        self.kind
    }
}

/// Takes batches and answers when they are durable: after the answer no crash loses them.
pub trait Sink: Send + Sync {
    /// Appends all batches or none.
    fn append(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<Ack, SinkError>>;
}
