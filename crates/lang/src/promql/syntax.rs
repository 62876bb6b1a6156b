//! Which parts of the language may be used: upstream keeps young ones behind feature flags.

/// Parts of the language that can be switched off. By default all are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// Functions and aggregations that upstream calls experimental (`promql-experimental-functions`).
    pub experimental_functions: bool,
    /// Arithmetic in durations.
    pub duration_expressions: bool,
    /// `anchored` and `smoothed` (`promql-extended-range-selectors`).
    pub extended_ranges: bool,
    /// `fill`, `fill_left`, `fill_right` (`promql-binop-fill-modifiers`).
    pub fill_modifiers: bool,
    /// Whether functions are those of the 2.x line: `holt_winters` by its old name, none that came with 3.x.
    pub v2_functions: bool,
}

impl Default for Syntax {
    fn default() -> Self {
        Self {
            experimental_functions: true,
            duration_expressions: true,
            extended_ranges: true,
            fill_modifiers: true,
            v2_functions: false,
        }
    }
}

impl Syntax {
    /// What Prometheus 3.14 allows without any feature flag.
    #[must_use]
    pub const fn stable() -> Self {
        Self {
            experimental_functions: false,
            duration_expressions: true,
            extended_ranges: false,
            fill_modifiers: false,
            v2_functions: false,
        }
    }

    /// What Prometheus 2.47 knows.
    #[must_use]
    pub const fn v2_47() -> Self {
        Self { duration_expressions: false, v2_functions: true, ..Self::stable() }
    }

    /// Whether a function exists, by its name and whether it is young.
    pub(super) fn knows(self, name: &str, experimental: bool) -> bool {
        let old_name = name == "holt_winters";
        if self.v2_functions { old_name || !experimental } else { !old_name }
    }
}
