//! What the tests of every crate share: where upstream conformance data lies, how a data-driven suite counts and reports,
//! and how golden files are compared.
//!
//! A dev-dependency only. It knows none of the product's crates, so that the lowest of them can use it.

mod conformance;
mod environment;
pub mod fuzz;
mod golden;
pub mod http;
pub mod promql_generator;
pub mod promqltest;
pub mod protobuf;
pub mod remote_write;
mod scripts;
mod suite;

pub use conformance::conformance;
pub use environment::{package, under_ci};
pub use golden::check_golden;
pub use scripts::{Bar, Outcome, run_scripts};
pub use suite::Suite;
