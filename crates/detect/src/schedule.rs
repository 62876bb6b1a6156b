//! When a group is evaluated: at slots that follow from its name and interval, not from when the process started.

use std::time::Duration;

use gw_base::{Labels, Timestamp, time::nanos_of};

use crate::rules::GroupKey;

const MILLISECOND: i64 = 1_000_000;

/// The slots of one group: every `interval`, shifted by an offset that spreads groups over the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    interval: i64,
    offset: i64,
}

impl Schedule {
    /// The slots of a group.
    #[must_use]
    pub fn new(key: &GroupKey, interval: Duration) -> Self {
        let interval = nanos_of(interval).max(MILLISECOND);
        let hash = Labels::from_pairs([("file", &key.file), ("name", &key.name)]).hash64();
        let offset = (hash % interval.unsigned_abs()) as i64;
        // Samples are stamped with the slot, and Prometheus clients see milliseconds.
        Self { interval, offset: offset - offset % MILLISECOND }
    }

    /// The distance of slots.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval.unsigned_abs())
    }

    /// The last slot at or before `at`.
    #[must_use]
    pub fn slot(&self, at: Timestamp) -> Timestamp {
        let since_slot = (at.nanos() - self.offset).rem_euclid(self.interval);
        at.offset(-since_slot)
    }

    /// The slot after `slot`.
    #[must_use]
    pub fn after(&self, slot: Timestamp) -> Timestamp {
        slot.offset(self.interval)
    }

    /// The slot to evaluate next when `slot` was the last one and it is `now`, and how many slots were missed between.
    #[must_use]
    pub fn next(&self, slot: Timestamp, now: Timestamp) -> (Timestamp, u64) {
        let missed = (now.since(slot) / self.interval - 1).max(0);
        (slot.offset(self.interval.saturating_mul(missed + 1)), missed.unsigned_abs())
    }
}
