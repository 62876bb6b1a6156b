//! Room: Loki (port 1004). Push, LogQL queries, labels, series and live tail as Grafana, logcli and Promtail speak them.
//!
//! It translates parameters to queries and answers to Loki JSON; it parses no LogQL and knows no storage.

mod errors;
mod params;
mod push;
mod query;
mod render;
mod room;
mod tail;

pub use room::room;
