//! What the operators of a query's plan did, as a tree that fills while the query runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One operator of a plan.
#[derive(Debug, Default)]
pub struct PlanNode {
    /// The operator.
    pub name: &'static str,
    /// What it does.
    pub detail: String,
    /// Line and column in the query text, counted from 1, where it stands for one place.
    pub position: Option<(u32, u32)>,
    /// Its operands.
    pub children: Vec<Arc<PlanNode>>,
    /// Series that it gave so far.
    pub series: AtomicU64,
    /// Samples that it read from storage so far.
    pub samples: AtomicU64,
    /// Nanoseconds in it and its operands so far.
    pub nanos: AtomicU64,
}

impl PlanNode {
    /// Adds time that was spent in the operator, its operands included.
    pub fn spent(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Time in the operator and its operands.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    /// Time in the operator alone.
    #[must_use]
    pub fn own_time(&self) -> Duration {
        self.children.iter().fold(self.time(), |left, child| left.saturating_sub(child.time()))
    }
}
