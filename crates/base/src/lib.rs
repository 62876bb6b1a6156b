//! The vocabulary that every other crate shares: time, durations, labels, signals, tenants, limits, error kinds, `World`.
//!
//! It exists so that two crates never invent two words for one thing. It does no I/O, knows no async runtime, no Arrow and
//! no imitated product, and it depends on nothing heavier than a hasher.

pub mod alert;
pub mod duration;
pub mod go_regex;
pub mod ids;
pub mod kind;
pub mod labels;
pub mod limits;
pub mod matcher;
pub mod signal;
pub mod tenant;
pub mod time;
pub mod world;

pub use alert::{ALERT_NAME, Alert, AlertOrigin, Fingerprint};
pub use go_regex::{GoRegex, GoRegexError};
pub use ids::{SpanId, TraceId};
pub use kind::{HasKind, Kind};
pub use labels::{Labels, LabelsBuilder, METRIC_NAME, TYPE_LABEL, UNIT_LABEL};
pub use limits::Limits;
pub use matcher::{MatchOp, Matcher};
pub use signal::Signal;
pub use tenant::Tenant;
pub use time::{TimeRange, Timestamp};
pub use world::{FakeWorld, SystemWorld, World};

/// A hash map with a fixed hasher: the same input gives the same iteration order in every run, which the simulator needs.
#[expect(clippy::disallowed_types, reason = "this is the one place that fixes the hasher")]
pub type Map<K, V> = std::collections::HashMap<K, V, rustc_hash::FxBuildHasher>;
/// A hash set with a fixed hasher; see [`Map`].
#[expect(clippy::disallowed_types, reason = "this is the one place that fixes the hasher")]
pub type Set<K> = std::collections::HashSet<K, rustc_hash::FxBuildHasher>;
/// A boxed future that may move between threads; the async face of traits that are used as `dyn`.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
