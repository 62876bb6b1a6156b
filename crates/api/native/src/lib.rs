//! Room: Gatewatch's own API (on every UI port), `docs/native-api.md`.
//!
//! Page models are made of ordinary queries, so every number on a page has a query that a user can run. It knows no
//! storage and keeps nothing.

mod alerts;
mod ask;
mod auth;
mod cells;
mod containers;
mod explain;
mod firing;
mod gateway;
mod hosts;
mod live;
mod overview;
mod processes;
mod red;
mod room;
mod search;
mod services;
mod silences;
mod sources;
mod sql;
mod tiles;
mod times;
mod tokens;
mod users;

pub use alerts::Alerting;
pub use room::{Accept, Desk, room};
