//! Room: Jaeger's query API (port 1005) and collector (port 1006).
//!
//! See `compat.md` for what is imitated and to which version.

mod collector;
mod errors;
mod params;
mod query;
mod render;
mod room;
mod shared;
mod span;

pub use room::{collector_room, room};
