//! Which rules of PromQL hold: those of a release line, and what that line lets its users switch on or off.

pub use gw_lang::promql::Syntax;

/// A release line of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Release {
    /// The 3.x line.
    #[default]
    V3,
    /// The 2.x line, as of 2.47: windows and look-back hold samples at both ends, `.` matches no line break, and answers carry
    /// no remarks.
    V2,
}

/// Which rules hold. The default are those of the 3.x line with everything switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The release line.
    pub release: Release,
    /// Which parts of the language may be used.
    pub syntax: Syntax,
    /// Whether metric names that go are dropped at the end of the query instead of by each operation.
    pub delayed_name_removal: bool,
    /// Whether counters are taken to begin at the start times that samples carry.
    pub start_timestamps: bool,
    /// Whether the label `__type__` rather than the name says what a counter is.
    pub type_and_unit_labels: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            release: Release::V3,
            syntax: Syntax::default(),
            delayed_name_removal: true,
            start_timestamps: true,
            type_and_unit_labels: false,
        }
    }
}

impl Rules {
    /// Those of Prometheus 2.47.
    #[must_use]
    pub fn v2_47() -> Self {
        Self {
            release: Release::V2,
            syntax: Syntax::v2_47(),
            start_timestamps: false,
            delayed_name_removal: false,
            type_and_unit_labels: false,
        }
    }

    /// Whether the 2.x line's rules hold.
    #[must_use]
    pub const fn is_v2(&self) -> bool {
        matches!(self.release, Release::V2)
    }
}
