//! The way from collectors to the intake, with retries for what the intake cannot take right now.

use std::sync::Arc;
use std::time::Duration;

use gw_base::{HasKind, World};
use gw_batch::Batch;
use gw_intake::{Intake, Receipt};
use tokio_util::sync::CancellationToken;

use crate::CollectError;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Hands batches to the intake.
#[derive(Clone)]
pub(crate) struct Outlet {
    intake: Intake,
    world: Arc<dyn World>,
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

impl Outlet {
    pub(crate) fn new(intake: Intake, world: Arc<dyn World>) -> Self {
        Self { intake, world }
    }

    /// Sends batches, trying again while the intake is busy and `patience` lasts (`None`: until cancelled).
    pub(crate) async fn send(
        &self,
        batches: Vec<Batch>,
        patience: Option<Duration>,
        cancel: &CancellationToken,
    ) -> Result<Receipt, CollectError> {
        let started = self.world.elapsed();
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.intake.send(batches.clone()).await {
                Ok(receipt) => return Ok(receipt),
                Err(error) => error,
            };
            let spent = self.world.elapsed().saturating_sub(started);
            let out_of_patience = patience.is_some_and(|patience| spent + pause > patience);
            if !error.kind().is_retryable() || out_of_patience || cancel.is_cancelled() {
                return Err(CollectError::Refused { kind: error.kind(), message: error.to_string() });
            }
            tokio::select! {
                () = self.world.sleep(pause) => {}
                () = cancel.cancelled() => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
