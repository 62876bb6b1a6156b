//! Runs plans over store snapshots, with limits, cancellation and statistics.
//!
//! Range-vector queries become trees of our own DataFusion operators over step matrices and never pass through SQL
//! planning; SQL goes through a DataFusion session over one table a signal. CPU work runs on the blocking pool, so that
//! the reactor stays free.
//!
//! *Invariants.* This crate parses no query text: `gw_plan` does. Dropping an answer's stream ends its query at the next
//! block of rows. What one query may read and hold is bounded by its limits.

mod answers;
mod build;
mod engine;
mod exec;
mod logs;
mod matrix;
mod operators;
mod run;
mod sql;

pub use engine::{Engine, EngineOptions};
pub use gw_plan::promql::{Release, Rules, Syntax};
