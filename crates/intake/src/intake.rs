//! The door itself: stages, then limits, then the sink, within a bound on bytes in flight.

use std::fmt;
use std::sync::Arc;

use gw_base::{HasKind, Kind, Limits, Signal, World};
use gw_batch::{Batch, Sink, SinkError};
use tokio::sync::Semaphore;

use crate::check::check;
use crate::{IntakeStats, Reason, Refusal};

/// Bytes of batches that may be on their way to the sink at once.
const IN_FLIGHT_BYTES: usize = 64 << 20;
/// Bytes are counted in units of this, because a semaphore counts in 32 bits.
const UNIT_BYTES: usize = 1 << 10;

/// Changes or routes a batch before the limits are checked: relabelling, pipelines, tenant routing. It runs on the
/// caller's task, so it must not block.
pub type Stage = Arc<dyn Fn(Batch) -> Vec<Batch> + Send + Sync>;

/// What has been made durable of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ack {
    /// Rows kept.
    pub rows: u64,
    /// Rows refused; sending them again would not help.
    pub refused: u64,
    /// Why, one entry a reason.
    pub refusals: Vec<Refusal>,
}

/// Why a whole call failed. None of its rows is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Too many bytes are on their way already.
    #[error("{in_flight} bytes are being written already, more than {limit} may not be, send again later")]
    Busy {
        /// Bytes on their way.
        in_flight: usize,
        /// The bound.
        limit: usize,
    },
    /// The sink did not take them.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl HasKind for IntakeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Busy { .. } => Kind::Busy,
            Self::Sink(error) => error.kind,
        }
    }
}

/// The one door into storage. Cloning is cheap and shares everything.
#[derive(Clone)]
pub struct Intake {
    inner: Arc<Inner>,
}

struct Inner {
    sink: Arc<dyn Sink>,
    limits: Limits,
    world: Arc<dyn World>,
    stages: Vec<Stage>,
    in_flight: Arc<Semaphore>,
    stats: IntakeStats,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("limits", &self.inner.limits).finish_non_exhaustive()
    }
}

impl Intake {
    /// A door to `sink` without stages.
    pub fn new(sink: Arc<dyn Sink>, limits: Limits, world: Arc<dyn World>) -> Self {
        Self::with_stages(sink, limits, world, Vec::new())
    }

    /// A door to `sink` that runs every batch through `stages` in order.
    pub fn with_stages(sink: Arc<dyn Sink>, limits: Limits, world: Arc<dyn World>, stages: Vec<Stage>) -> Self {
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT_BYTES / UNIT_BYTES));
        Self { inner: Arc::new(Inner { sink, limits, world, stages, in_flight, stats: IntakeStats::default() }) }
    }

    /// The limits that rows must keep within.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Counters of what went through.
    #[must_use]
    pub fn stats(&self) -> &IntakeStats {
        &self.inner.stats
    }

    /// Bytes on their way to the sink now.
    #[must_use]
    pub fn in_flight_bytes(&self) -> usize {
        IN_FLIGHT_BYTES - self.inner.in_flight.available_permits() * UNIT_BYTES
    }

    /// Makes the rows that keep within the limits durable. When it answers, no crash loses them.
    ///
    /// # Errors
    /// [`IntakeError::Busy`] when too much is on its way, or what the sink says; no row is acknowledged then.
    pub async fn send(&self, batches: Vec<Batch>) -> Result<Ack, IntakeError> {
        let result = self.admit(batches).await;
        let now = self.inner.world.now();
        match &result {
            Ok(ack) if ack.rows > 0 => self.inner.stats.touch(now),
            Ok(_) => {}
            Err(error) => self.inner.stats.count_error(error.kind(), now),
        }
        result
    }

    async fn admit(&self, batches: Vec<Batch>) -> Result<Ack, IntakeError> {
        let mut ack = Ack::default();
        let mut kept = Vec::with_capacity(batches.len());
        for batch in self.staged(batches) {
            let signal = batch.signal();
            let (good, refusals) = check(batch, &self.inner.limits);
            kept.extend(good);
            refusals.into_iter().for_each(|refusal| self.refuse(&mut ack, signal, refusal));
        }
        if kept.is_empty() {
            return Ok(ack);
        }
        let sizes: Vec<(Signal, u64, usize)> =
            kept.iter().map(|batch| (batch.signal(), batch.rows() as u64, batch.bytes())).collect();
        let _permit = self.reserve(sizes.iter().map(|(_, _, bytes)| bytes).sum())?;
        let written = self.inner.sink.append(kept).await?;
        for (signal, rows, bytes) in &sizes {
            self.inner.stats.count_kept(*signal, *rows, *bytes as u64);
        }
        ack.rows = written.rows;
        if written.refused > 0 {
            let message = format!("{} rows belong to new series of a tenant that may have no more", written.refused);
            let refusal = Refusal { reason: Reason::TooManySeries, rows: written.refused, message };
            self.refuse(&mut ack, Signal::Metrics, refusal);
        }
        Ok(ack)
    }

    fn staged(&self, batches: Vec<Batch>) -> Vec<Batch> {
        self.inner.stages.iter().fold(batches, |batches, stage| batches.into_iter().flat_map(|b| stage(b)).collect())
    }

    fn refuse(&self, ack: &mut Ack, signal: Signal, refusal: Refusal) {
        self.inner.stats.count_refused(signal, refusal.reason, refusal.rows);
        ack.refused += refusal.rows;
        match ack.refusals.iter_mut().find(|known| known.reason == refusal.reason) {
            Some(known) => known.rows += refusal.rows,
            None => ack.refusals.push(refusal),
        }
    }

    /// Takes room for `bytes`; a call larger than the whole bound runs alone.
    fn reserve(&self, bytes: usize) -> Result<tokio::sync::OwnedSemaphorePermit, IntakeError> {
        let units = bytes.div_ceil(UNIT_BYTES).min(IN_FLIGHT_BYTES / UNIT_BYTES);
        let units = u32::try_from(units).expect("the bound is far below 2^32 units");
        let semaphore = Arc::clone(&self.inner.in_flight);
        semaphore.try_acquire_many_owned(units).ok().ok_or_else(|| IntakeError::Busy {
            in_flight: self.in_flight_bytes(),
            limit: IN_FLIGHT_BYTES,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{BoxFuture, FakeWorld, Labels, Tenant, Timestamp};
    use gw_batch::{LogRow, LogsBuilder};
    use std::sync::Mutex;

    #[derive(Default)]
    struct Kept {
        batches: Mutex<Vec<Batch>>,
        gate: Option<Semaphore>,
    }

    impl Sink for Kept {
        fn append(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<gw_batch::Ack, SinkError>> {
            Box::pin(async move {
                if let Some(gate) = &self.gate {
                    drop(gate.acquire().await);
                }
                let rows = batches.iter().map(|batch| batch.rows() as u64).sum();
                self.batches.lock().unwrap().extend(batches);
                Ok(gw_batch::Ack { rows, refused: 0 })
            })
        }
    }

    fn line(text: &str) -> Batch {
        let mut logs = LogsBuilder::default();
        let stream = logs.stream(&Labels::from_pairs([("app", "shop")]));
        logs.push(stream, &LogRow { line: text, ..LogRow::default() });
        logs.finish(Tenant::default())
    }

    fn world() -> Arc<dyn World> {
        Arc::new(FakeWorld::new(Timestamp::from_secs(9), 1))
    }

    #[tokio::test]
    async fn good_rows_pass_and_bad_ones_are_named() {
        let limits = Limits { line_bytes: 8, ..Limits::default() };
        let tenant = Tenant::new("other").unwrap();
        let route: Stage = Arc::new(move |batch| vec![batch.with_tenant(tenant.clone())]);
        let sink = Arc::new(Kept::default());
        let intake = Intake::with_stages(Arc::<Kept>::clone(&sink), limits, world(), vec![route]);
        let ack = intake.send(vec![line("fits"), line("does not fit")]).await.unwrap();
        assert_eq!((ack.rows, ack.refused, ack.refusals[0].reason), (1, 1, Reason::LineTooLong));
        assert_eq!(sink.batches.lock().unwrap()[0].tenant().as_str(), "other");
        assert_eq!(intake.stats().refused(Signal::Logs, Reason::LineTooLong), 1);
        assert_eq!(intake.stats().last_kept(), Timestamp::from_secs(9));
    }

    #[tokio::test]
    async fn a_flood_is_refused_as_busy() {
        let sink = Arc::new(Kept { gate: Some(Semaphore::new(0)), ..Kept::default() });
        let limits = Limits { line_bytes: usize::MAX, ..Limits::default() };
        let intake = Intake::new(Arc::<Kept>::clone(&sink), limits, world());
        let big = "x".repeat(IN_FLIGHT_BYTES);
        let mut first = Box::pin(intake.send(vec![line(&big)]));
        assert!(futures_poll(&mut first).is_pending());
        let refused = intake.send(vec![line("small")]).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Busy);
        sink.gate.as_ref().unwrap().add_permits(1);
        assert_eq!(first.await.unwrap().rows, 1);
        assert_eq!(intake.in_flight_bytes(), 0);
    }

    fn futures_poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::Pin::new(future).poll(&mut context)
    }
}
