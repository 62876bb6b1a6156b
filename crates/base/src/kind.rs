//! What went wrong, in nine words that every room maps once to its product's own status and text.

use std::fmt;

/// The closed set of failure kinds. A crate's error says what failed; its kind says who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request or input is wrong and will never succeed as it is.
    Invalid,
    /// The thing named does not exist.
    NotFound,
    /// The thing exists already, or was changed by somebody else meanwhile.
    Conflict,
    /// A limit was passed: size, cardinality, rows, time range.
    TooMuch,
    /// Overloaded now; the same request may succeed later.
    Busy,
    /// A part that is needed is not there: starting, stopping, disk full, peer down.
    Unavailable,
    /// Who asks is unknown or may not do this.
    Denied,
    /// The caller went away or the deadline passed.
    Cancelled,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// The word used in our own API and self-metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooMuch => "too_much",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// Whether the same request may succeed when tried again later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable | Self::Cancelled)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Errors that know their [`Kind`].
pub trait HasKind {
    /// The kind of this error.
    fn kind(&self) -> Kind;
}
