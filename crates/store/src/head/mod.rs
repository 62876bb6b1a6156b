//! The hot head: what has been appended since the last flush, in memory, readable at once.
//!
//! A head is a [`Generation`] of one signal. A flush freezes it, starts the next, writes it as parts and only then lets it
//! go, so that readers always see each row once: in the generation, or in the part that replaced it.

mod chunk;
pub(crate) mod metrics;
pub(crate) mod rows;
pub(crate) mod series;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gw_base::{Signal, Tenant};
use gw_batch::Batch;

use metrics::{Applied, MetricsHead};
use rows::RowsHead;

/// The rows of one signal that the write-ahead log holds behind some record, and up to another.
#[derive(Debug)]
pub(crate) struct Generation {
    signal: Signal,
    tenants: RwLock<BTreeMap<Tenant, Arc<TenantHead>>>,
    bytes: AtomicUsize,
    rows: AtomicU64,
    series: AtomicU64,
    after: u64,
    through: AtomicU64,
    began: Duration,
}

/// One tenant's rows in a generation.
#[derive(Debug)]
pub(crate) enum TenantHead {
    /// Samples by series.
    Metrics(Box<MetricsHead>),
    /// Batches of rows.
    Rows(RowsHead),
}

impl Generation {
    /// An empty head that began at `began` and follows record `after`.
    pub(crate) fn new(signal: Signal, began: Duration, after: u64) -> Self {
        Self {
            signal,
            tenants: RwLock::default(),
            bytes: AtomicUsize::new(0),
            rows: AtomicU64::new(0),
            series: AtomicU64::new(0),
            after,
            through: AtomicU64::new(after),
            began,
        }
    }

    /// Applies the batches of one record. Only the commit thread calls this, in the order of the log.
    pub(crate) fn apply(&self, sequence: u64, batches: &[Batch], max_series: usize) -> Applied {
        let mut total = Applied::default();
        for batch in batches.iter().filter(|batch| batch.rows() > 0) {
            let applied = match &*self.tenant(batch.tenant()) {
                TenantHead::Metrics(head) => head.append(batch, max_series),
                TenantHead::Rows(head) => {
                    let (bytes, freed) = head.append(batch);
                    Applied { rows: batch.rows() as u64, bytes, freed, ..Applied::default() }
                }
            };
            total.rows += applied.rows;
            total.refused += applied.refused;
            total.bytes += applied.bytes;
            total.freed += applied.freed;
            total.series += applied.series;
        }
        self.bytes.fetch_add(total.bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(total.freed, Ordering::Relaxed);
        self.rows.fetch_add(total.rows, Ordering::Relaxed);
        self.series.fetch_add(total.series, Ordering::Relaxed);
        self.through.store(sequence, Ordering::Release);
        total
    }

    fn tenant(&self, tenant: &Tenant) -> Arc<TenantHead> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = tenants.get(tenant) {
            return Arc::clone(head);
        }
        drop(tenants);
        let fresh = || {
            Arc::new(match self.signal {
                Signal::Metrics => TenantHead::Metrics(Box::default()),
                Signal::Logs | Signal::Spans | Signal::Events => TenantHead::Rows(RowsHead::default()),
            })
        };
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant.clone()).or_insert_with(fresh))
    }

    /// A tenant's rows, if it has any here.
    pub(crate) fn get(&self, tenant: &Tenant) -> Option<Arc<TenantHead>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    /// Every tenant's rows.
    pub(crate) fn tenants(&self) -> Vec<(Tenant, Arc<TenantHead>)> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.iter().map(|(tenant, head)| (tenant.clone(), Arc::clone(head))).collect()
    }

    /// Which signal this is a head of.
    pub(crate) const fn signal(&self) -> Signal {
        self.signal
    }

    /// Bytes held, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Rows held.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Series or streams held.
    pub(crate) fn series(&self) -> u64 {
        if self.signal == Signal::Metrics {
            return self.series.load(Ordering::Relaxed);
        }
        let count = |head: &TenantHead| if let TenantHead::Rows(rows) = head { rows.distinct() } else { 0 };
        self.tenants().iter().map(|(_, head)| count(head) as u64).sum()
    }

    /// The last record whose rows are here.
    pub(crate) fn through(&self) -> u64 {
        self.through.load(Ordering::Acquire)
    }

    /// Whether no record has been applied yet.
    pub(crate) fn is_untouched(&self) -> bool {
        self.through() == self.after
    }

    /// When it began, on the world's monotonic clock.
    pub(crate) const fn began(&self) -> Duration {
        self.began
    }
}

impl TenantHead {
    /// The metrics, when it is a head of metrics.
    pub(crate) const fn metrics(&self) -> Option<&MetricsHead> {
        match self {
            Self::Metrics(head) => Some(head),
            Self::Rows(_) => None,
        }
    }

    /// The batches, when it is a head of rows.
    pub(crate) const fn rows(&self) -> Option<&RowsHead> {
        match self {
            Self::Rows(head) => Some(head),
            Self::Metrics(_) => None,
        }
    }
}
