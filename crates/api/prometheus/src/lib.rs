//! Room: Prometheus (port 1002). Its HTTP API v1, federation, remote write and remote read, as Grafana, promtool and other
//! servers speak them.
//!
//! It translates parameters to queries and answers to Prometheus JSON; it evaluates nothing and knows no storage.

mod admin;
mod cors;
mod errors;
mod features;
mod federate;
mod fuzzy;
mod names;
mod notifications;
mod observe;
mod openapi;
mod params;
mod query;
mod read;
mod reloads;
mod render;
mod room;
mod rules;
mod search;
mod self_metrics;
mod settings;
mod status;
mod syntax;
mod targets;
mod write;

pub use admin::{Admin, AdminError};
pub use observe::Observed;
pub use reloads::{Outcome, Reloads};
pub use room::{ExternalLabels, Operations, Relabel, Reload, read_slots, room};
pub use settings::{Origins, ReadLimits, Settings};
