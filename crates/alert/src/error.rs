//! Why alerting refuses something.

use gw_base::{HasKind, Kind};
use gw_state::StateError;

/// Why a configuration, silence or matcher was refused, or could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// A matcher that cannot be read.
    #[error("{0}")]
    Matcher(String),
    /// The `alert:` section does not hold together.
    #[error("alert: {0}")]
    Config(String),
    /// A silence that is not acceptable.
    #[error("silence invalid: {0}")]
    Silence(String),
    /// No silence has that id.
    #[error("silence {0} not found")]
    NoSilence(String),
    /// The state could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl HasKind for AlertError {
    fn kind(&self) -> Kind {
        match self {
            Self::Matcher(_) | Self::Config(_) | Self::Silence(_) => Kind::Invalid,
            Self::NoSilence(_) => Kind::NotFound,
            Self::State(error) => error.kind(),
        }
    }
}
