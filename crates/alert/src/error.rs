//! What can go wrong between an alert and the people it is for.

use gw_base::{HasKind, Kind};
use gw_state::StateError;

/// Why something of alerting failed.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(String),
    /// A matcher does not parse.
    #[error("bad matcher format: {0}")]
    Matcher(String),
    /// A silence is not valid.
    #[error("{0}")]
    Silence(String),
    /// No silence of this id.
    #[error("silence {0} not found")]
    NoSilence(String),
    /// The state could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The HTTP client could not be made.
    #[error("the client for notifications could not be made: {0}")]
    Client(String),
}

impl HasKind for AlertError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::Matcher(_) | Self::Silence(_) => Kind::Invalid,
            Self::NoSilence(_) => Kind::NotFound,
            Self::State(error) => error.kind(),
            Self::Client(_) => Kind::Internal,
        }
    }
}
