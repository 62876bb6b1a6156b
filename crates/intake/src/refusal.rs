//! Why single rows are refused while the rest of their batch is kept.

use std::fmt;

/// Which limit a row passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Its label set does not decode.
    MalformedLabels,
    /// Its series or stream has too many labels.
    TooManyLabels,
    /// A label name is too long.
    LabelNameTooLong,
    /// A label value is too long.
    LabelValueTooLong,
    /// The log line is too long.
    LineTooLong,
    /// It carries too many attributes.
    TooManyAttributes,
    /// The tenant has as many series as it may have, and this is a new one.
    TooManySeries,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::MalformedLabels,
        Self::TooManyLabels,
        Self::LabelNameTooLong,
        Self::LabelValueTooLong,
        Self::LineTooLong,
        Self::TooManyAttributes,
        Self::TooManySeries,
    ];

    /// The word used in self-metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedLabels => "malformed_labels",
            Self::TooManyLabels => "too_many_labels",
            Self::LabelNameTooLong => "label_name_too_long",
            Self::LabelValueTooLong => "label_value_too_long",
            Self::LineTooLong => "line_too_long",
            Self::TooManyAttributes => "too_many_attributes",
            Self::TooManySeries => "too_many_series",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Rows of one call that were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The limit.
    pub reason: Reason,
    /// How many rows.
    pub rows: u64,
    /// What was wrong with the first of them, with the value and the limit.
    pub message: String,
}
