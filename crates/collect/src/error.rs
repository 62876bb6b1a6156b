//! What can go wrong while collecting, apart from a source being down, which is data and no error.

use std::path::PathBuf;

use gw_base::{HasKind, Kind};

/// Why something could not be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// A setting is wrong.
    #[error("{path}: {message}")]
    Config {
        /// Key path.
        path: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An HTTP client could not be made from its settings.
    #[error("{0}")]
    Client(String),
    /// What was read is not in the form expected.
    #[error("{0}")]
    Malformed(String),
    /// The intake refused the batches.
    #[error("the intake refused: {message}")]
    Refused {
        /// The intake's kind.
        kind: Kind,
        /// The intake's words.
        message: String,
    },
}

impl CollectError {
    /// A wrong setting at a key path.
    #[must_use]
    pub fn config(path: &str, message: String) -> Self {
        Self::Config { path: path.to_owned(), message }
    }

    /// A file that could not be read or written.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File { path: path.into(), source }
    }
}

impl HasKind for CollectError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config { .. } | Self::Client(_) | Self::Malformed(_) => Kind::Invalid,
            Self::File { .. } => Kind::Unavailable,
            Self::Refused { kind, .. } => *kind,
        }
    }
}
