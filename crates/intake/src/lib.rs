//! The one door into storage: limits, backpressure, acknowledgement.
//!
//! Rooms and collectors hand batches to [`Intake::send`]. Rows over a limit are left out and named, the rest is durable
//! when the answer comes. It knows no format, no protocol and no storage: behind it is a `dyn Sink`.

mod error;
mod limits;
mod stats;

use std::sync::Arc;

use gw_base::{Limits, World};
use gw_batch::{Batch, MetricCounts, Refusal, Sink};
use tokio::sync::Semaphore;

pub use error::IntakeError;
pub use stats::{IntakeStats, SignalStats};

/// Bytes of batches that may wait for the store at a time; more is [`gw_base::Kind::Busy`].
const IN_FLIGHT_BYTES: usize = 64 << 20;

/// What became of the rows of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Rows that are durable.
    pub rows: u64,
    /// Rows left out, by reason.
    pub refused: Vec<Refusal>,
    /// Of metrics, what the durable rows are.
    pub written: MetricCounts,
}

/// The door. Cloning shares it.
#[derive(Clone)]
pub struct Intake {
    inner: Arc<Inner>,
}

struct Inner {
    sink: Arc<dyn Sink>,
    limits: Limits,
    world: Arc<dyn World>,
    in_flight: Semaphore,
    stats: IntakeStats,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").field("stats", &self.inner.stats).finish_non_exhaustive()
    }
}

impl Intake {
    /// A door in front of `sink`.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, limits: Limits, world: Arc<dyn World>) -> Self {
        let inner =
            Inner { sink, limits, world, in_flight: Semaphore::new(IN_FLIGHT_BYTES), stats: IntakeStats::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Makes batches durable.
    ///
    /// # Errors
    /// [`IntakeError::Busy`] when too much waits already, [`IntakeError::Sink`] when the store refuses. Nothing of the call
    /// is kept then, and it may be tried again.
    pub async fn send(&self, batches: Vec<Batch>) -> Result<Receipt, IntakeError> {
        let inner = &*self.inner;
        let mut receipt = Receipt::default();
        let mut kept = Vec::with_capacity(batches.len());
        for batch in batches {
            let checked = limits::check(batch, &inner.limits);
            inner.stats.refused(&checked.refused);
            receipt.refused.extend(checked.refused);
            kept.extend(checked.batch);
        }
        if kept.is_empty() {
            return Ok(receipt);
        }
        let bytes = kept.iter().map(Batch::bytes).sum::<usize>();
        // One call may be larger than the whole window; it then waits for all of it and passes alone.
        let permits = u32::try_from(bytes.clamp(1, IN_FLIGHT_BYTES)).expect("the window is below 4 GiB");
        let slot = inner.in_flight.try_acquire_many(permits).map_err(|_full| {
            inner.stats.busy();
            IntakeError::Busy { bytes, window: IN_FLIGHT_BYTES }
        })?;
        let rows: Vec<_> = kept.iter().map(|batch| (batch.signal(), batch.rows() as u64)).collect();
        kept.iter().for_each(|batch| receipt.written.add(batch));
        let started = inner.world.elapsed();
        let ack = inner.sink.append(kept).await.map_err(|error| {
            inner.stats.failed();
            IntakeError::Sink(error)
        })?;
        drop(slot);
        let took = inner.world.elapsed().saturating_sub(started);
        receipt.rows = ack.rows;
        // The store does not say of which kind they were; nearly all rows are samples.
        let refused = ack.refused.iter().map(|refusal| refusal.rows).sum();
        receipt.written.samples = receipt.written.samples.saturating_sub(refused);
        inner.stats.refused(&ack.refused);
        receipt.refused.extend(ack.refused);
        inner.stats.appended(&rows, receipt.written, took);
        Ok(receipt)
    }

    /// The door's own counters.
    #[must_use]
    pub fn stats(&self) -> &IntakeStats {
        &self.inner.stats
    }
}
