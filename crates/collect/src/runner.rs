//! One collector's life: wait, run under a deadline and a guard against panics, deliver, report; then retire.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use gw_base::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::board::{CollectorState, CollectorStatus};
use crate::collector::{Collector, Output, Run, Spec};
use crate::outlet::Outlet;
use crate::runtime::Context;
use crate::schedule;

/// What all runners share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) context: Arc<Context>,
    pub(crate) outlet: Outlet,
    pub(crate) permits: Semaphore,
    pub(crate) shutdown: CancellationToken,
}

/// How a run ended.
enum Ending {
    Output(Output),
    Panicked(String),
    TooLong,
}

pub(crate) struct Runner {
    spec: Spec,
    shared: Arc<Shared>,
    retire: CancellationToken,
    collector: Box<dyn Collector>,
    status: CollectorStatus,
}

impl Runner {
    pub(crate) fn new(kind: &'static str, spec: Spec, shared: Arc<Shared>, retire: CancellationToken) -> Self {
        let collector = (spec.build)();
        let status = CollectorStatus { name: spec.id.clone(), kind, ..CollectorStatus::default() };
        Self { spec, shared, retire, collector, status }
    }

    pub(crate) async fn run(mut self) {
        self.report();
        let mut due = true;
        while due {
            let planned = schedule::next_tick(self.now(), self.spec.interval, self.spec.seed);
            due = self.wait_until(planned).await;
            while due && self.run_once(planned).await {
                due = !self.ended();
            }
        }
        if !self.shared.shutdown.is_cancelled() {
            self.say_goodbye().await;
        }
    }

    fn now(&self) -> Timestamp {
        self.shared.context.world.now()
    }

    fn ended(&self) -> bool {
        self.retire.is_cancelled() || self.shared.shutdown.is_cancelled()
    }

    /// Waits, and says whether the run is still wanted then.
    async fn wait_until(&mut self, planned: Timestamp) -> bool {
        let pause = Duration::from_nanos(u64::try_from(planned.since(self.now())).unwrap_or(0));
        tokio::select! {
            () = self.shared.context.world.sleep(pause) => !self.ended(),
            () = self.retire.cancelled() => false,
            () = self.shared.shutdown.cancelled() => false,
        }
    }

    /// Runs, delivers and reports; says whether the collector has more to read at once.
    async fn run_once(&mut self, planned: Timestamp) -> bool {
        let shared = Arc::clone(&self.shared);
        let Ok(permit) = shared.permits.acquire().await else { return false };
        let now = self.now();
        let at = schedule::sample_time(planned, now, self.spec.interval);
        let started = self.shared.context.world.elapsed();
        let ending = self.guarded(Run { at, deadline: self.spec.deadline }).await;
        drop(permit);
        self.status.duration = self.shared.context.world.elapsed().saturating_sub(started);
        self.status.last_run = Some(now);
        self.status.runs += 1;
        let (output, error) = match ending {
            Ending::Output(mut output) => {
                let error = output.error.take();
                (output, error)
            }
            Ending::Panicked(message) => (self.rebuild(), Some(format!("panicked: {message}"))),
            Ending::TooLong => (self.rebuild(), Some(format!("took longer than {:?}", self.spec.deadline))),
        };
        let delivered = self.deliver(output.batches).await;
        self.conclude(error.or(delivered.err()));
        output.more
    }

    async fn guarded(&mut self, run: Run) -> Ending {
        let sleep = self.shared.context.world.sleep(run.deadline);
        // A collector that panicked is thrown away, so no broken state is seen afterwards.
        let guarded = AssertUnwindSafe(self.collector.run(run)).catch_unwind();
        tokio::select! {
            outcome = guarded => match outcome {
                Ok(output) => Ending::Output(output),
                Err(payload) => Ending::Panicked(panic_text(payload.as_ref())),
            },
            () = sleep => Ending::TooLong,
        }
    }

    fn rebuild(&mut self) -> Output {
        self.collector = (self.spec.build)();
        Output::default()
    }

    async fn deliver(&mut self, batches: Vec<gw_batch::Batch>) -> Result<(), String> {
        if batches.is_empty() {
            return Ok(());
        }
        let patience = (!self.spec.keep).then_some(self.spec.interval);
        if self.spec.keep {
            self.status.state = CollectorState::Paused;
            self.report();
        }
        match self.shared.outlet.send(batches, patience, &self.shared.shutdown).await {
            Ok(_ack) => {
                self.collector.delivered().await;
                Ok(())
            }
            Err(error) => {
                if self.spec.keep {
                    // What was not stored must be read again, from the last position that was saved.
                    self.collector = (self.spec.build)();
                }
                Err(error.to_string())
            }
        }
    }

    fn conclude(&mut self, error: Option<String>) {
        self.status.state = if error.is_some() { CollectorState::Failing } else { CollectorState::Ok };
        if let Some(error) = &error {
            self.status.failures += 1;
            if self.status.error.as_ref() != Some(error) {
                tracing::debug!(collector = self.status.kind, id = self.spec.id, error, "collecting fails");
            }
        }
        self.status.error = error;
        self.report();
    }

    fn report(&self) {
        if self.spec.listed {
            self.shared.context.board.set_collector(&self.key(), Some(self.status.clone()));
        }
    }

    fn key(&self) -> String {
        format!("{}/{}", self.status.kind, self.spec.id)
    }

    async fn say_goodbye(mut self) {
        let batches = self.collector.retire(self.now());
        if !batches.is_empty()
            && let Err(error) = self.shared.outlet.send(batches, Some(self.spec.interval), &self.shared.shutdown).await
        {
            tracing::warn!(id = self.spec.id, %error, "the last words of a collector were lost");
        }
        if self.spec.listed {
            self.shared.context.board.set_collector(&self.key(), None);
        }
    }
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
