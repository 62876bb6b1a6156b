//! Evaluate rules on data; asks through `dyn Queries`.
//!
//! [`parse_rules`] reads Prometheus rule files, a [`Detector`] evaluates their groups at slots of time, writes recordings,
//! `ALERTS` and `ALERTS_FOR_STATE` through the intake, and hands alerts to whoever dispatches them. The [`RuleBook`] shows
//! what is going on. The life of alerts is a state machine without clock or waiting (`machine.rs`); so are templates.
//!
//! Deliberately absent: storage, routing and sending of alerts, and any query engine of its own.

mod ask;
mod book;
mod config;
mod defaults;
mod detector;
mod evaluate;
mod events;
mod files;
mod machine;
mod restore;
mod rulefile;
mod rules;
mod schedule;
pub mod template;

pub use book::{AlertView, GroupView, Health, RuleBook, RuleView};
pub use config::DetectConfig;
pub use defaults::default_groups;
pub use detector::{Detector, Options};
pub use files::read_rule_files;
pub use machine::AlertState;
pub use rulefile::{RuleFileError, parse_rules};
pub use rules::{Alerting, Group, GroupKey, Rule, RuleKind};
pub use schedule::Schedule;
