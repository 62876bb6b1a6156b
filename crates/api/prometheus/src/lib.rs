//! Room: Prometheus (port 1002). Its HTTP API v1 as Grafana, promtool and remote writers speak it.
//!
//! It translates parameters to queries and answers to Prometheus JSON; it evaluates nothing and knows no storage.

mod errors;
mod names;
mod params;
mod query;
mod render;
mod room;
mod rules;
mod status;
mod targets;
mod write;

pub use room::{Operations, Reload, room};
