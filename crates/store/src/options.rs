//! Where the store lives and how much it may hold.

use std::path::PathBuf;
use std::time::Duration;

use gw_base::Limits;

use crate::Retention;

/// How to open a store. `StoreOptions::new(dir)` has defaults that one small machine bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// The data directory; created when missing.
    pub dir: PathBuf,
    /// Limits that hold for all tenants.
    pub limits: Limits,
    /// How long data is kept.
    pub retention: Retention,
    /// So many exemplars that came last are known, so that one that is sent again is kept once; with none, none is kept.
    pub exemplars: usize,
    /// A signal's head is flushed to a part when it holds this many bytes.
    pub flush_bytes: usize,
    /// A signal's head is flushed when its write-ahead log is this long, which bounds restart time.
    pub flush_wal_bytes: u64,
    /// A signal's head is flushed when its oldest row waits this long.
    pub flush_age: Duration,
    /// Appends are refused as busy while all heads together hold more than this.
    pub head_bytes: usize,
    /// A write-ahead log segment is closed at this size.
    pub segment_bytes: u64,
    /// Parts are merged until they reach this size.
    pub part_bytes: u64,
    /// Indices and footers of parts kept in memory for the next read.
    pub cache_bytes: usize,
}

impl StoreOptions {
    /// The defaults, in a directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            limits: Limits::default(),
            retention: Retention::default(),
            exemplars: 100_000,
            flush_bytes: 16 << 20,
            flush_wal_bytes: 15 << 20,
            flush_age: Duration::from_hours(1),
            head_bytes: 768 << 20,
            segment_bytes: 8 << 20,
            part_bytes: 48 << 20,
            cache_bytes: 32 << 20,
        }
    }
}
