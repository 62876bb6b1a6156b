//! What can go wrong in the store.

use gw_base::{HasKind, Kind};

/// Why the store could not open, keep or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The data directory is used by another process.
    #[error("data directory {0} is in use by another process, stop it or choose another directory")]
    InUse(String),
    /// The data directory or a file of it cannot be used.
    #[error("{action} {path}: {message}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file or object.
        path: String,
        /// What the operating system said.
        message: String,
    },
    /// An object is not what the catalog says it is.
    #[error("{path} is damaged: {message}")]
    Damaged {
        /// The object.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A matcher's regular expression does not compile.
    #[error("invalid regular expression {pattern:?}: {message}")]
    Pattern {
        /// The expression.
        pattern: String,
        /// What the compiler said.
        message: String,
    },
    /// A read passed its budget.
    #[error("query selects more than {limit} rows, narrow its time range or its matchers")]
    TooManyRows {
        /// The budget.
        limit: usize,
    },
    /// The hot head is full: input comes faster than the disk takes parts.
    #[error("{bytes} bytes wait to be flushed, more than {limit}, send again later")]
    HeadFull {
        /// Bytes in memory.
        bytes: usize,
        /// The cap.
        limit: usize,
    },
    /// Deletions wait to be cleaned.
    #[error("{limit} deletions wait already, clean the tombstones first")]
    TooManyTombstones {
        /// How many may wait.
        limit: usize,
    },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Another writer moved the catalog on.
    #[error("manifest {0} exists already, another process writes to this store")]
    CatalogMoved(u64),
    /// A fault of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl HasKind for StoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::InUse(_) | Self::CatalogMoved(_) => Kind::Conflict,
            Self::Disk { .. } | Self::Closed => Kind::Unavailable,
            Self::Pattern { .. } => Kind::Invalid,
            Self::TooManyRows { .. } | Self::TooManyTombstones { .. } => Kind::TooMuch,
            Self::HeadFull { .. } => Kind::Busy,
            Self::Damaged { .. } | Self::Internal(_) => Kind::Internal,
        }
    }
}

impl StoreError {
    /// An I/O failure on a named file.
    pub(crate) fn disk(action: &'static str, path: impl Into<String>, error: impl std::fmt::Display) -> Self {
        Self::Disk { action, path: path.into(), message: error.to_string() }
    }

    /// A damaged object.
    pub(crate) fn damaged(path: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self::Damaged { path: path.into(), message: message.to_string() }
    }
}
