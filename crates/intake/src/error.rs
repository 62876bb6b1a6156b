//! Why batches did not pass the door.

use gw_base::{HasKind, Kind};
use gw_batch::SinkError;

/// Why nothing of a call was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Too much waits for the store already.
    #[error("ingest is busy: {bytes} bytes do not fit the window of {window} bytes in flight, try again later")]
    Busy {
        /// Size of the call.
        bytes: usize,
        /// Size of the window.
        window: usize,
    },
    /// The store refused.
    #[error(transparent)]
    Sink(SinkError),
}

impl HasKind for IntakeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Busy { .. } => Kind::Busy,
            Self::Sink(error) => error.kind,
        }
    }
}
