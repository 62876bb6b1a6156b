//! What has passed the door, as counters that never go back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gw_base::Signal;
use gw_batch::{MetricCounts, Refusal};

/// Counters of one signal.
#[derive(Debug, Default)]
pub struct SignalStats {
    rows: AtomicU64,
    batches: AtomicU64,
}

impl SignalStats {
    /// Rows made durable.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Batches made durable.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }
}

/// Counters of the door.
#[derive(Debug, Default)]
pub struct IntakeStats {
    signals: [SignalStats; Signal::ALL.len()],
    written: Mutex<MetricCounts>,
    refused: Mutex<Vec<(&'static str, u64)>>,
    busy: AtomicU64,
    failed: AtomicU64,
    append_micros: AtomicU64,
}

impl IntakeStats {
    /// The counters of a signal.
    #[must_use]
    pub fn signal(&self, signal: Signal) -> &SignalStats {
        &self.signals[signal as usize]
    }

    /// Of metrics, what was made durable.
    #[must_use]
    pub fn written(&self) -> MetricCounts {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows left out, by reason.
    #[must_use]
    pub fn refusals(&self) -> Vec<(&'static str, u64)> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls turned away because too much waited.
    #[must_use]
    pub fn turned_away(&self) -> u64 {
        self.busy.load(Ordering::Relaxed)
    }

    /// Calls that the store refused.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Time that calls have waited for the store.
    #[must_use]
    pub fn append_time(&self) -> Duration {
        Duration::from_micros(self.append_micros.load(Ordering::Relaxed))
    }

    pub(crate) fn appended(&self, batches: &[(Signal, u64)], metrics: MetricCounts, took: Duration) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.samples += metrics.samples;
        written.histograms += metrics.histograms;
        written.exemplars += metrics.exemplars;
        drop(written);
        for (signal, rows) in batches {
            self.signals[*signal as usize].rows.fetch_add(*rows, Ordering::Relaxed);
            self.signals[*signal as usize].batches.fetch_add(1, Ordering::Relaxed);
        }
        self.append_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, refusals: &[Refusal]) {
        if refusals.is_empty() {
            return;
        }
        let mut counts = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        for refusal in refusals {
            match counts.iter_mut().find(|(reason, _)| *reason == refusal.reason) {
                Some((_, rows)) => *rows += refusal.rows,
                None => counts.push((refusal.reason, refusal.rows)),
            }
        }
    }

    pub(crate) fn busy(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}
