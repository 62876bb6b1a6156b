//! The hot head: what has been appended since the last flush, in memory, readable at once.
//!
//! A head is a [`Generation`] of one signal. A flush freezes it, starts the next, writes it as parts and only then lets it
//! go, so that readers always see each row once: in the generation, or in the part that replaced it.

pub(crate) mod chunk;
pub(crate) mod index;
pub(crate) mod metrics;
mod postings;
pub(crate) mod rows;
pub(crate) mod series;
mod shard;
mod slab;
pub(crate) mod symbols;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gw_base::{Signal, Tenant};
use gw_batch::{Batch, MetricsView};

use index::SeriesLimits;
use metrics::{Applied, MetricsHead};
use rows::RowsHead;

/// The rows of one signal that the write-ahead log holds behind some record, and up to another.
#[derive(Debug)]
pub(crate) struct Generation {
    signal: Signal,
    tenants: RwLock<BTreeMap<Tenant, Arc<TenantHead>>>,
    bytes: AtomicUsize,
    fresh: AtomicUsize,
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

/// The series of a metrics batch, found in a head.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The head that the numbers are of.
    pub(crate) head: Arc<TenantHead>,
    /// A number for each label set of the batch.
    pub(crate) numbers: Vec<u32>,
    /// What taking in the new ones did.
    pub(crate) defined: Applied,
}

impl Generation {
    /// An empty head that began at `began` and follows record `after`.
    pub(crate) fn new(signal: Signal, began: Duration, after: u64) -> Self {
        Self {
            signal,
            tenants: RwLock::default(),
            bytes: AtomicUsize::new(0),
            fresh: AtomicUsize::new(0),
            rows: AtomicU64::new(0),
            series: AtomicU64::new(0),
            after,
            through: AtomicU64::new(after),
            began,
        }
    }

    /// Applies the batches of one record. Only the commit thread calls this, in the order of the log.
    pub(crate) fn apply(&self, sequence: u64, batches: &[Batch], limits: SeriesLimits) -> Applied {
        if self.signal == Signal::Metrics {
            let mut prepared = self.prepare(batches);
            self.define(batches, &mut prepared, limits);
            return self.apply_prepared(sequence, batches, &prepared);
        }
        let mut total = Applied::default();
        for batch in batches.iter().filter(|batch| batch.rows() > 0) {
            if let TenantHead::Rows(head) = &*self.tenant(batch.tenant()) {
                let (bytes, freed) = head.append(batch);
                total.rows += batch.rows() as u64;
                total.bytes += bytes;
                total.freed += freed;
            }
        }
        self.note(sequence, &total);
        total
    }

    /// Finds the series of metrics batches, as far as they are known; anyone may do so.
    pub(crate) fn prepare(&self, batches: &[Batch]) -> Vec<Prepared> {
        let prepare = |batch: &Batch| {
            let head = self.tenant(batch.tenant());
            let sets = MetricsView::of(batch).map(|view| view.series);
            let numbers = head.metrics().zip(sets).map(|(head, sets)| head.resolve(sets)).unwrap_or_default();
            Prepared { head, numbers, defined: Applied::default() }
        };
        batches.iter().map(prepare).collect()
    }

    /// Takes in the series that `prepared` does not know yet, and finds those of another head anew. Only the commit thread
    /// calls this.
    pub(crate) fn define(&self, batches: &[Batch], prepared: &mut Vec<Prepared>, limits: SeriesLimits) {
        if prepared.len() != batches.len() {
            *prepared = self.prepare(batches);
        }
        for (batch, prepared) in batches.iter().zip(prepared) {
            let Some(view) = MetricsView::of(batch) else { continue };
            let current = self.tenant(batch.tenant());
            let Some(head) = current.metrics() else { continue };
            if !Arc::ptr_eq(&current, &prepared.head) {
                prepared.numbers = head.resolve(view.series);
            }
            prepared.defined = head.define(&view, &mut prepared.numbers, limits);
            prepared.head = current;
        }
    }

    /// Applies metrics batches whose series are all defined, or refused.
    pub(crate) fn apply_prepared(&self, sequence: u64, batches: &[Batch], prepared: &[Prepared]) -> Applied {
        let mut total = Applied::default();
        for (batch, prepared) in batches.iter().zip(prepared) {
            let (Some(view), Some(head)) = (MetricsView::of(batch), prepared.head.metrics()) else { continue };
            let applied = head.append(&view, &prepared.numbers);
            total.rows += applied.rows;
            total.bytes += applied.bytes + prepared.defined.bytes;
            total.fresh += applied.fresh;
            total.series += prepared.defined.series;
            total.refused.append(&prepared.defined.refused);
        }
        self.note(sequence, &total);
        total
    }

    /// Counts what a record has done.
    pub(crate) fn note(&self, sequence: u64, applied: &Applied) {
        self.bytes.fetch_add(applied.bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(applied.freed, Ordering::Relaxed);
        self.fresh.fetch_add(applied.fresh, Ordering::Relaxed);
        self.rows.fetch_add(applied.rows, Ordering::Relaxed);
        self.series.fetch_add(applied.series, Ordering::Relaxed);
        self.through.store(sequence, Ordering::Release);
    }

    /// A tenant's rows, begun when it has none.
    pub(crate) fn tenant(&self, tenant: &Tenant) -> Arc<TenantHead> {
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

    /// Bytes that a flush would write, roughly, and give back: what a head keeps per series does not count, since the next
    /// head needs it again.
    pub(crate) fn fresh_bytes(&self) -> usize {
        if self.signal == Signal::Metrics { self.fresh.load(Ordering::Relaxed) } else { self.bytes() }
    }

    /// The record behind which it begins.
    pub(crate) const fn after(&self) -> u64 {
        self.after
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

    /// Blocks of samples, or batches of rows.
    pub(crate) fn chunks(&self) -> u64 {
        let count = |head: &TenantHead| match head {
            TenantHead::Metrics(metrics) => metrics.blocks(),
            TenantHead::Rows(rows) => rows.batches().len(),
        };
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
