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

/// Which rules hold. The default are those of the 3.x line with all of the language switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The release line.
    pub release: Release,
    /// Which parts of the language may be used.
    pub syntax: Syntax,
    /// Whether counters are taken to begin at the start times that samples carry.
    pub start_timestamps: bool,
    /// Whether metric names that an operation drops stay until the end of the query, where label functions can still see them.
    pub delayed_names: bool,
    /// Whether series say their type in a label, by which remarks are then made rather than by names.
    pub type_labels: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            release: Release::V3,
            syntax: Syntax::default(),
            start_timestamps: true,
            delayed_names: true,
            type_labels: false,
        }
    }
}

impl Rules {
    /// Those of Prometheus 3.14 without any feature flag.
    #[must_use]
    pub const fn stable() -> Self {
        Self {
            release: Release::V3,
            syntax: Syntax::stable(),
            start_timestamps: false,
            delayed_names: false,
            type_labels: false,
        }
    }

    /// Switches on what a feature flag of Prometheus names; `false` where it is not about queries.
    pub fn enable(&mut self, feature: &str) -> bool {
        let switch = match feature {
            "promql-experimental-functions" => &mut self.syntax.experimental_functions,
            "promql-duration-expr" => &mut self.syntax.duration_expressions,
            "promql-extended-range-selectors" => &mut self.syntax.extended_ranges,
            "promql-binop-fill-modifiers" => &mut self.syntax.fill_modifiers,
            "promql-delayed-name-removal" => &mut self.delayed_names,
            "use-start-timestamps" => &mut self.start_timestamps,
            "type-and-unit-labels" => &mut self.type_labels,
            _ => return false,
        };
        *switch = true;
        true
    }

    /// Those of Prometheus 2.47.
    #[must_use]
    pub fn v2_47() -> Self {
        Self { release: Release::V2, syntax: Syntax::v2_47(), ..Self::stable() }
    }

    /// Whether the 2.x line's rules hold.
    #[must_use]
    pub const fn is_v2(&self) -> bool {
        matches!(self.release, Release::V2)
    }
}
