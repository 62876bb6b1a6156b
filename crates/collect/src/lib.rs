//! The collector runtime, and the collectors that need no kernel hooks: scrape, host, containers,
//! inventory, tail, probe, discovery.
//!
//! A [`Collector`] produces batches when it is told to run. Schedules, offsets, deadlines, concurrency, panics, retries of
//! delivery, status and shutdown belong to the [`Runtime`]. What runs is decided by sources, one for each entry of
//! [`COLLECTORS`], which compare what is wanted (configuration, target files, monitors, accepted endpoints) with what was.
//!
//! Deliberately absent: storage and queries (batches go to the intake), and any HTTP face (rooms read the [`Board`]).

pub mod board;
mod client;
mod collector;
pub mod config;
pub mod container;
mod discover;
mod error;
pub mod host;
mod inventory;
mod outlet;
pub mod probe;
mod runner;
mod runtime;
mod schedule;
mod scrape;
mod tail;

pub use board::Board;
pub use collector::{About, Build, COLLECTORS, Collector, CollectorKind, Output, Run, Source, Spec};
pub use config::{CollectConfig, RelabelStep};
pub use container::Containers;
pub use error::CollectError;
pub use host::{HostPages, LiveReading, LiveSeries, PageFilter, Requests, host_collectors};
pub use probe::{MonitorSettings, MonitorSpec};
pub use runtime::{Inputs, Runtime, RuntimeOptions};
