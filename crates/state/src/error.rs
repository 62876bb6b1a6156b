//! What can go wrong with the state, and who must act.

use std::path::PathBuf;
use std::time::Duration;

use gw_base::{HasKind, Kind};

/// Why the state did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file or folder cannot be made or read.
    #[error("cannot use state file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a sound database.
    #[error(
        "state file {path} is damaged ({detail}); restore a copy of it, or move it away to start with an empty one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// A later release wrote the file.
    #[error("state file {path} has schema {found}, this release knows {known}; start the newer release")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Schema of the file.
        found: i64,
        /// Latest schema of this release.
        known: i64,
    },
    /// The database refused.
    #[error("state database: {0}")]
    Database(#[from] sqlx_core::Error),
    /// A stored document does not have the shape that its reader expects.
    #[error("stored {what} {key:?} cannot be read: {source}")]
    Document {
        /// What kind of document.
        what: &'static str,
        /// Which one.
        key: String,
        /// What the JSON reader said.
        source: serde_json::Error,
    },
    /// Passwords cannot be hashed, which is a fault of ours.
    #[error("password hashing failed: {0}")]
    Hashing(String),
    /// A value is not acceptable.
    #[error("{0}")]
    Refused(String),
    /// Nothing has that name.
    #[error("no {what} named {name:?}")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Its name or id.
        name: String,
    },
    /// The name is taken, or the thing was changed meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// Unknown user, wrong password, or no such session or token.
    #[error("wrong user name or password")]
    WrongCredentials,
    /// Too many wrong passwords.
    #[error("too many failed sign-ins, try again in {} seconds", .0.as_secs().max(1))]
    Throttled(Duration),
    /// Too many sign-ins wait for their turn.
    #[error("too many sign-ins at once, try again")]
    Crowded,
}

impl HasKind for StateError {
    fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } => Kind::Unavailable,
            Self::Damaged { .. } | Self::Newer { .. } | Self::Document { .. } | Self::Hashing(_) => Kind::Internal,
            Self::Database(source) => kind_of_database(source),
            Self::Refused(_) => Kind::Invalid,
            Self::Missing { .. } => Kind::NotFound,
            Self::Conflict(_) => Kind::Conflict,
            Self::WrongCredentials => Kind::Denied,
            Self::Throttled(_) | Self::Crowded => Kind::Busy,
        }
    }
}

fn kind_of_database(error: &sqlx_core::Error) -> Kind {
    match sqlite_code(error) {
        // SQLITE_BUSY, SQLITE_LOCKED: somebody else writes.
        Some(5 | 6) => Kind::Busy,
        // SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL: the disk.
        Some(8 | 10 | 13) => Kind::Unavailable,
        _ if matches!(error, sqlx_core::Error::PoolTimedOut) => Kind::Busy,
        _ if matches!(error, sqlx_core::Error::PoolClosed) => Kind::Unavailable,
        _ => Kind::Internal,
    }
}

/// The primary SQLite result code behind an error, if SQLite is behind it.
pub(crate) fn sqlite_code(error: &sqlx_core::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    // Extended codes carry the primary one in their low byte.
    code.parse::<u32>().ok().map(|code| code & 0xFF)
}

/// Whether a row with that key exists already.
pub(crate) fn is_duplicate(error: &sqlx_core::Error) -> bool {
    error.as_database_error().is_some_and(sqlx_core::error::DatabaseError::is_unique_violation)
}
