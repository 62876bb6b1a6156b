//! The commit thread: the one writer of the write-ahead logs and of the heads.
//!
//! Whatever waits is written as one group and synced once a signal, then applied to the heads in the order of the log, then
//! acknowledged. While a group is being synced the next one gathers, so that the sync time itself sets the group's size.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use gw_base::Signal;
use gw_batch::{Ack, Batch, Refusals};
use tokio::sync::{mpsc, oneshot};

use crate::exemplars::Seen;
use crate::head::{Generation, Prepared};
use crate::state::State;
use crate::wal::Log;
use crate::wal::samples::Scribe;
use crate::{StoreError, StoreStats};

/// Encoded bytes after which a group takes no more appends.
const GROUP_BYTES: usize = 8 << 20;

/// The batches of one append.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) records: Vec<Record>,
    pub(crate) reply: oneshot::Sender<Result<Ack, StoreError>>,
}

/// The batches of one append that belong to one signal, and their encoded form.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) signal: Signal,
    /// For metrics the commit thread encodes it, because the log numbers series in its own order.
    pub(crate) payload: Vec<u8>,
    pub(crate) batches: Vec<Batch>,
    /// For metrics: the series as far as they were known.
    pub(crate) prepared: Vec<Prepared>,
}

/// What the thread is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Make batches durable and visible.
    Append(Pending),
    /// Put the signal's head aside for flushing and start a new one.
    Freeze(Signal, oneshot::Sender<()>),
    /// Remove segments whose records are in parts up to here.
    Release(Signal, u64),
    /// Stop after what came before.
    Close,
}

/// The thread's own state.
#[derive(Debug)]
pub(crate) struct Committer {
    state: Arc<State>,
    logs: [Log; Signal::ALL.len()],
    scribe: Scribe,
    exemplars: Seen,
    /// Bytes of all heads when that of metrics was last put aside.
    full_bytes: usize,
}

impl Committer {
    pub(crate) fn new(state: Arc<State>, logs: [Log; Signal::ALL.len()]) -> Self {
        let mut scribe = Scribe::default();
        scribe.begin(state.world.random());
        let mut exemplars = Seen::new(state.options.exemplars);
        exemplars.learn(&state.view(Signal::Metrics).active);
        let own = Self { state, logs, scribe, exemplars, full_bytes: 0 };
        Signal::ALL.into_iter().for_each(|signal| own.publish(signal));
        own
    }

    /// Tells others how long a log is.
    fn publish(&self, signal: Signal) {
        let (log, after) = (&self.logs[signal as usize], self.state.view(signal).active.after());
        self.state.wal_bytes[signal as usize].store(log.bytes(), Ordering::Relaxed);
        self.state.fresh_wal_bytes[signal as usize].store(log.bytes_behind(after), Ordering::Relaxed);
        if signal == Signal::Metrics {
            self.state.told_wal_bytes.store(self.scribe.told_bytes(), Ordering::Relaxed);
        }
    }

    /// Works until told to close, or until nobody can ask any more.
    pub(crate) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut next = commands.blocking_recv();
        while let Some(command) = next.take() {
            match command {
                Command::Append(first) => {
                    let (group, after) = gather(first, &mut commands);
                    self.commit(group);
                    next = after;
                }
                Command::Freeze(signal, done) => {
                    self.freeze(signal);
                    if done.send(()).is_err() {
                        tracing::debug!(%signal, "nobody waits for the frozen head any more");
                    }
                }
                Command::Release(signal, through) => self.release(signal, through),
                Command::Close => {
                    self.logs.iter_mut().for_each(Log::seal);
                    return;
                }
            }
            if next.is_none() {
                next = commands.blocking_recv();
            }
        }
    }

    fn commit(&mut self, mut group: Vec<Pending>) {
        self.encode_metrics(&mut group);
        if let Err(error) = self.write(&group) {
            // What the log did not take must be told again.
            self.scribe.begin(self.state.world.random());
            self.exemplars.forget();
            StoreStats::add(&self.state.stats.append_errors, group.len() as u64);
            tracing::error!(%error, appends = group.len(), "appends refused");
            for pending in group {
                drop(pending.reply.send(Err(error.clone())));
            }
            return;
        }
        let mut sequences = Signal::ALL.map(|signal| self.logs[signal as usize].last());
        for record in group.iter().flat_map(|pending| &pending.records) {
            sequences[record.signal as usize] -= 1;
        }
        let stats = &self.state.stats;
        for pending in group {
            let (mut ack, mut refused) = (Ack::default(), Refusals::default());
            for record in &pending.records {
                let sequence = &mut sequences[record.signal as usize];
                *sequence += 1;
                let head = self.state.view(record.signal).active;
                let applied = if record.signal == Signal::Metrics {
                    head.apply_prepared(*sequence, &record.batches, &record.prepared)
                } else {
                    head.apply(*sequence, &record.batches, self.state.series_limits())
                };
                ack.rows += applied.rows;
                refused.append(&applied.refused);
            }
            StoreStats::add(&stats.rows_appended, ack.rows);
            StoreStats::add(&stats.rows_refused, refused.rows());
            ack.refused = refused.into_list();
            StoreStats::add(&stats.appends, 1);
            drop(pending.reply.send(Ok(ack)));
        }
        self.settle();
    }

    /// Takes in new series and encodes the metrics of the group in the order in which they will be applied, without exemplars
    /// that are not new.
    fn encode_metrics(&mut self, group: &mut [Pending]) {
        for pending in group {
            for record in pending.records.iter_mut().filter(|record| record.signal == Signal::Metrics) {
                let head = self.state.view(Signal::Metrics).active;
                head.define(&record.batches, &mut record.prepared, self.state.series_limits());
                for (batch, prepared) in record.batches.iter_mut().zip(&record.prepared) {
                    self.exemplars.admit(batch, prepared);
                }
                record.payload = self.scribe.encode(&record.batches, &record.prepared);
            }
        }
    }

    /// Writes and syncs the group in all logs, or in none.
    fn write(&mut self, group: &[Pending]) -> Result<(), StoreError> {
        let marks = Signal::ALL.map(|signal| self.logs[signal as usize].mark());
        let mut result = Ok(());
        for signal in Signal::ALL {
            let records = group.iter().flat_map(|pending| &pending.records).filter(|record| record.signal == signal);
            let payloads: Vec<&[u8]> = records.map(|record| record.payload.as_slice()).collect();
            if payloads.is_empty() || result.is_err() {
                continue;
            }
            let log = &mut self.logs[signal as usize];
            result = log.append(&payloads).and_then(|bytes| log.sync().map(|()| bytes)).map(|bytes| {
                StoreStats::add(&self.state.stats.wal_bytes_written, bytes);
                StoreStats::add(&self.state.stats.wal_syncs, 1);
            });
        }
        if result.is_err() {
            for signal in Signal::ALL {
                self.logs[signal as usize].undo(marks[signal as usize]);
            }
        }
        result.map_err(|error| StoreError::disk("write", "the write-ahead log", error))
    }

    /// Publishes sizes and wakes maintenance when a head is due.
    fn settle(&mut self) {
        for signal in Signal::ALL {
            if self.logs[signal as usize].rotate_if_long() && signal == Signal::Metrics {
                self.scribe.rebase();
            }
            self.publish(signal);
        }
        let head_bytes = self.state.head_bytes();
        self.state.stats.head_bytes.store(head_bytes as u64, Ordering::Relaxed);
        // The index of a part of so many series is large as well, and each query of the last minutes asks for it, most of all
        // when the head has just become a part.
        self.state.reader.cache().allow(self.full_bytes.max(head_bytes) / 2);
        if Signal::ALL.into_iter().any(|signal| self.state.is_full(signal)) {
            self.state.due.notify_one();
        }
    }

    fn freeze(&mut self, signal: Signal) {
        let log = &mut self.logs[signal as usize];
        log.rotate();
        if signal == Signal::Metrics {
            self.scribe.begin(self.state.world.random());
            self.full_bytes = self.state.head_bytes();
        }
        let began = self.state.world.elapsed();
        self.state.edit_view(signal, |view| {
            if !view.active.is_untouched() {
                let next = Arc::new(Generation::new(signal, began, view.active.through()));
                view.frozen.push(std::mem::replace(&mut view.active, next));
            }
        });
        self.publish(signal);
    }

    fn release(&mut self, signal: Signal, through: u64) {
        let log = &mut self.logs[signal as usize];
        if let Err(error) = log.release(through) {
            // Replaying it again would be harmless, the catalog knows that it is in parts.
            tracing::warn!(%error, %signal, "write-ahead log segment stays");
        }
        self.publish(signal);
    }
}

/// The appends that wait behind the first one, and the command that ends them.
fn gather(first: Pending, commands: &mut mpsc::Receiver<Command>) -> (Vec<Pending>, Option<Command>) {
    let rows = |record: &Record| record.batches.iter().map(Batch::rows).sum::<usize>();
    let size = |pending: &Pending| pending.records.iter().map(|r| r.payload.len() + 16 * rows(r)).sum::<usize>();
    let mut bytes = size(&first);
    let mut group = vec![first];
    while bytes < GROUP_BYTES {
        match commands.try_recv() {
            Ok(Command::Append(pending)) => {
                bytes += size(&pending);
                group.push(pending);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}
