//! Why a file of another product cannot be taken over.

use gw_base::{HasKind, Kind};
use gw_collect::CollectError;
use gw_config::ConfigError;
use gw_formats::tsdb::TsdbError;

/// Why a file of another product cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read, or is not what the product itself would read.
    #[error("{0}")]
    File(#[from] ConfigError),
    /// Its values do not fit together.
    #[error("{file}: {message}")]
    Wrong {
        /// The file.
        file: String,
        /// What does not fit.
        message: String,
    },
    /// A file or folder cannot be read.
    #[error("{file}: {message}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the operating system said.
        message: String,
    },
    /// A file of the original's storage is damaged, or another file.
    #[error("{file}: {error}")]
    Storage {
        /// The file.
        file: String,
        /// What is wrong, and where in it.
        error: TsdbError,
    },
    /// What was read cannot be kept.
    #[error("{message}")]
    Refused {
        /// What became of it: [`Kind::Busy`] may be tried again.
        kind: Kind,
        /// What the store said.
        message: String,
    },
}

impl ImportError {
    pub(crate) fn wrong(file: &str, message: impl Into<String>) -> Self {
        Self::Wrong { file: file.to_owned(), message: message.into() }
    }

    /// A check of ours, told in the file's own terms: our section's name is taken off.
    pub(crate) fn of_check(file: &str, error: &CollectError) -> Self {
        let text = error.to_string();
        let text =
            text.replace("collect.scrape.configs[", "scrape_configs[").replace("collect.tail[", "scrape_configs[");
        Self::wrong(file, text)
    }
}

impl HasKind for ImportError {
    fn kind(&self) -> Kind {
        match self {
            Self::File(_) | Self::Wrong { .. } => Kind::Invalid,
            Self::Unreadable { .. } => Kind::Unavailable,
            Self::Storage { error, .. } => error.kind(),
            Self::Refused { kind, .. } => *kind,
        }
    }
}
