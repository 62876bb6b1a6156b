//! Translate the originals' configuration files into ours, and read their data directories.
//!
//! What we do as the original does is taken over; what only concerns the original's own running is left out and noted;
//! what would change what is collected is refused, by name and place. Nothing is dropped silently.

mod error;
mod paths;
pub mod prometheus;
pub mod promtail;
pub mod tsdb;

pub use error::ImportError;
