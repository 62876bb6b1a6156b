//! Appends batches durably; lists and reads what matches.
//!
//! One lifecycle for metrics, logs, spans and events: write-ahead log with group commit, hot head in memory that answers
//! at once, immutable Parquet parts with small indices beside them, a catalog of versioned manifests, compaction and
//! retention. This crate knows no query language, no HTTP and no imitated product.

mod catalog;
mod commit;
mod compact;
mod erase;
mod error;
mod exemplars;
mod flush;
mod head;
mod key;
mod maintain;
mod matching;
mod merge;
mod objects;
mod open;
mod options;
mod part;
mod pattern;
mod read;
mod retention;
mod rollups;
mod selection;
mod snapshot;
mod state;
mod stats;
mod store;
mod wal;

#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use options::StoreOptions;
pub use read::cursor::{SeriesCursor, Step};
pub use retention::{KeepFree, Retention, RetentionRule, RollupAge};
pub use selection::{Counted, Family, Operation, Rollups, Selection, Series, SeriesExemplars, SignalUsage, Texts};
pub use stats::StoreStats;
pub use store::Store;
