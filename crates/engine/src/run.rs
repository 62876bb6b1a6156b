//! What the operators of one query share: storage, limits, costs, and the word to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::EngineOptions;
use gw_base::{HasKind as _, Kind, Limits, Tenant, World};
use gw_batch::{Cost, QueryError, Reading};
use gw_plan::promql::Rules;
use gw_store::{Store, StoreError};
use tokio::sync::OwnedSemaphorePermit;

/// One running query.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) store: Arc<Store>,
    pub(crate) tenant: Tenant,
    pub(crate) limits: Limits,
    pub(crate) cost: Arc<Cost>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) rules: Rules,
    /// How stored series are to be read.
    pub(crate) reading: Reading,
    /// The place among running queries; given up when the last operator is gone.
    _slot: Option<OwnedSemaphorePermit>,
    deadline: Duration,
    stopped: AtomicBool,
    held_bytes: AtomicUsize,
}

impl Run {
    pub(crate) fn new(
        store: Arc<Store>,
        options: &EngineOptions,
        (tenant, reading): (Tenant, Reading),
        limits: Limits,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let world = Arc::clone(&options.world);
        let deadline = world.elapsed() + limits.query_time;
        Self {
            _slot: slot,
            store,
            tenant,
            cost: Arc::new(Cost::default()),
            deadline,
            world,
            rules: options.rules,
            reading,
            stopped: AtomicBool::new(false),
            held_bytes: AtomicUsize::new(0),
            limits,
        }
    }

    /// Ends the query at its next check.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Fails when nobody waits for the answer any more, or when its time is over.
    pub(crate) fn check(&self) -> Result<(), QueryError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(QueryError::execute(Kind::Cancelled, "query was canceled in query execution"));
        }
        if self.world.elapsed() > self.deadline {
            return Err(QueryError::execute(Kind::Unavailable, "query timed out in query execution"));
        }
        Ok(())
    }

    /// Counts bytes that stay in memory until the query ends.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), QueryError> {
        let held = self.held_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held > self.limits.query_bytes {
            let limit = self.limits.query_bytes;
            let text = format!("query needs more than {limit} bytes of memory; narrow its selectors or its time range");
            return Err(QueryError::execute(Kind::TooMuch, text));
        }
        Ok(())
    }
}

/// A failed read in the words of query answers.
pub(crate) fn read_failed(error: StoreError) -> QueryError {
    match error {
        // Wire: clients of Prometheus match this text (promql/engine.go `ErrTooManySamples`).
        StoreError::TooManyRows { .. } => QueryError::execute(
            Kind::TooMuch,
            "query processing would load too many samples into memory in query execution",
        ),
        error => QueryError::execute(error.kind(), error.to_string()),
    }
}
