//! Room: Zipkin (port 1014).
//!
//! See `compat.md` for what is imitated and to which version.

mod errors;
mod params;
mod query;
mod render;
mod room;
mod spans;

pub use room::room;
