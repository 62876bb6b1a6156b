//! The closed set of signals.

use std::fmt;

/// What kind of observation a batch holds. The set is closed: products map onto it, never extend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Samples of time series.
    Metrics,
    /// Log lines.
    Logs,
    /// Spans of traces.
    Spans,
    /// Things that happened: uptime beats, deploys, security findings, alert transitions.
    Events,
}

impl Signal {
    /// The signals that have storage today.
    pub const ALL: [Self; 4] = [Self::Metrics, Self::Logs, Self::Spans, Self::Events];

    /// Lower-case name, used for folders, tables and labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Spans => "spans",
            Self::Events => "events",
        }
    }

    /// The signal of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.as_str() == name)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
