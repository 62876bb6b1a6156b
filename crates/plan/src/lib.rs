//! Lowers each syntax tree to the one algebra, and holds the kernels of query functions.
//!
//! Range-vector languages (PromQL, LogQL metrics) become [`algebra::Node`]s over step matrices, log queries become
//! [`logs::Pipeline`]s. Nothing here reads storage or runs a plan: kernels are pure functions of the samples handed in.
//!
//! *Invariants.* The depth of an algebra is bounded by the depth of its syntax tree, which the parser bounds. Every
//! duration in a node is in nanoseconds and every grid has at least one point.

pub mod algebra;
pub mod annotations;
pub mod dedup;
mod error;
pub mod histogram;
pub mod logql;
pub mod logs;
pub mod numeric;
pub mod promql;
pub mod rollups;
pub mod sliding;
pub mod window;

pub use error::PlanError;

/// The default look-back of instant selectors: 5 minutes.
pub const LOOKBACK_NANOS: i64 = 300_000_000_000;

/// Seconds of a time or duration in nanoseconds, exact to the last bit where it is a whole number of milliseconds, as
/// in the products that count in milliseconds.
#[must_use]
pub fn seconds(nanos: i64) -> f64 {
    if nanos % 1_000_000 == 0 { (nanos / 1_000_000) as f64 / 1000.0 } else { nanos as f64 / 1e9 }
}
