//! Counters of the store's own work, for the self-metrics that rooms print.

use std::sync::atomic::{AtomicU64, Ordering};

/// Running totals since the store was opened, and a few current sizes. Read with [`StoreStats::read`].
#[derive(Debug, Default)]
pub struct StoreStats {
    /// Rows made durable.
    pub rows_appended: AtomicU64,
    /// Appends acknowledged.
    pub appends: AtomicU64,
    /// Appends that failed, for any reason.
    pub append_errors: AtomicU64,
    /// Rows refused because the tenant holds too many series.
    pub rows_refused: AtomicU64,
    /// Bytes written to the write-ahead log.
    pub wal_bytes_written: AtomicU64,
    /// Syncs of the write-ahead log.
    pub wal_syncs: AtomicU64,
    /// Damaged places found in the write-ahead log.
    pub wal_damages: AtomicU64,
    /// Heads written as parts.
    pub flushes: AtomicU64,
    /// Flushes that failed and will be tried again.
    pub flush_errors: AtomicU64,
    /// Compactions done.
    pub compactions: AtomicU64,
    /// Compactions that failed.
    pub compaction_errors: AtomicU64,
    /// Days of samples rolled up.
    pub days_rolled_up: AtomicU64,
    /// Parts dropped by retention.
    pub parts_expired: AtomicU64,
    /// Parts set aside as damaged.
    pub parts_quarantined: AtomicU64,
    /// Bytes in the heads now.
    pub head_bytes: AtomicU64,
    /// Milliseconds that the last replay of the write-ahead log took.
    pub replay_millis: AtomicU64,
    /// Rows that the last replay brought back.
    pub replay_rows: AtomicU64,
}

impl StoreStats {
    /// Every counter with its name, in a fixed order.
    #[must_use]
    pub fn read(&self) -> [(&'static str, u64); 17] {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("rows_appended", get(&self.rows_appended)),
            ("appends", get(&self.appends)),
            ("append_errors", get(&self.append_errors)),
            ("rows_refused", get(&self.rows_refused)),
            ("wal_bytes_written", get(&self.wal_bytes_written)),
            ("wal_syncs", get(&self.wal_syncs)),
            ("wal_damages", get(&self.wal_damages)),
            ("flushes", get(&self.flushes)),
            ("flush_errors", get(&self.flush_errors)),
            ("compactions", get(&self.compactions)),
            ("compaction_errors", get(&self.compaction_errors)),
            ("days_rolled_up", get(&self.days_rolled_up)),
            ("parts_expired", get(&self.parts_expired)),
            ("parts_quarantined", get(&self.parts_quarantined)),
            ("head_bytes", get(&self.head_bytes)),
            ("replay_millis", get(&self.replay_millis)),
            ("replay_rows", get(&self.replay_rows)),
        ]
    }

    /// Adds to a counter.
    pub(crate) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }
}
