//! The built web UI as embedded, pre-compressed bytes.
//!
//! `ui/dist` is built by `cargo xtask run` before cargo compiles this crate; `build.rs` only lists its files. Without that
//! folder the crate still compiles and every page says how to get the UI. This crate knows nothing of the API: it is a
//! fallback for whatever no room has claimed.
//!
//! *Architecture Invariant:* no request for the UI reads a disk, runs a compressor or leaves the process.
//! *Deliberately absent:* templates. The one thing that differs between ports is the home page, written into one `meta` tag.

mod assets;
mod serve;

pub use serve::router;
