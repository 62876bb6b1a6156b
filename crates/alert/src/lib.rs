//! Routing, grouping, silences and the notifiers: what happens to an alert after a rule has raised it.
//!
//! The decisions are a synchronous state machine ([`groups`]); [`Dispatcher`] is its async edge. Notifiers are pure: they
//! render a [`notifiers::Message`], and one sender sends, retries and records.
//!
//! *Architecture Invariant:* this crate evaluates no rule and reads no observation.

pub mod config;
mod dispatcher;
mod error;
mod groups;
pub mod matchers;
pub mod notifiers;
pub mod route;
mod sender;
mod silences;

pub use config::AlertConfig;
pub use dispatcher::{Dispatcher, GroupView};
pub use error::AlertError;
pub use silences::{NewSilence, Silences};
