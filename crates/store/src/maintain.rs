//! What the store does by itself: flush heads that are due, merge parts, drop what is too old, sweep what is unused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use gw_base::{Map, Signal};
use tokio::sync::{mpsc, oneshot};

use crate::commit::Command;
use crate::compact::{compact, plan, replace, rewrite};
use crate::flush::flush;
use crate::part::PartMeta;
use crate::retention::Space;
use crate::rollups::{Rolled, Waiting, make};
use crate::state::State;
use crate::{StoreError, StoreStats, erase};

/// How often heads are looked at when nobody says that one is due.
const FLUSH_TICK: Duration = Duration::from_secs(5);
/// How often parts are looked at.
const PARTS_TICK: Duration = Duration::from_secs(20);
/// Pause after a failed flush.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// Rows appended between two looks at the parts up to which times are calm: merging then takes CPU that nobody misses.
const CALM_ROWS: u64 = 400_000;
/// A log of at least so many bytes that has grown by less than this share of it for so long is due: what was a flood has
/// ebbed, and it takes less room and time to open in parts.
const EBB_BYTES: u64 = 1 << 20;
const EBB_SHARE: u64 = 128;
const EBB_TIME: Duration = Duration::from_secs(30);

/// The store's own work.
#[derive(Debug)]
pub(crate) struct Maintenance {
    state: Arc<State>,
    commands: mpsc::Sender<Command>,
    /// One flush of a signal at a time, whoever asks.
    flushing: [tokio::sync::Mutex<()>; Signal::ALL.len()],
    /// One round of merging, expiring and cleaning at a time: two would replace the same part.
    tending: tokio::sync::Mutex<()>,
    /// Of each part of metrics, the number of retention rules that it has been looked at for.
    ruled: tokio::sync::Mutex<Map<String, usize>>,
    /// Days that wait for being rolled up.
    unrolled: tokio::sync::Mutex<Waiting>,
    /// Rows that had been appended when parts were looked at last.
    rows_seen: AtomicU64,
}

impl Maintenance {
    pub(crate) fn new(state: Arc<State>, commands: mpsc::Sender<Command>) -> Self {
        Self {
            state,
            commands,
            flushing: Default::default(),
            tending: tokio::sync::Mutex::default(),
            ruled: tokio::sync::Mutex::default(),
            unrolled: tokio::sync::Mutex::default(),
            rows_seen: AtomicU64::new(0),
        }
    }

    /// Works until `cancel` resolves.
    pub(crate) async fn run(&self, cancel: impl Future<Output = ()> + Send) {
        let work = Box::pin(async {
            futures_util::future::join(self.flush_when_due(), self.tend_parts()).await;
        });
        match select(Box::pin(cancel), work).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }

    async fn flush_when_due(&self) {
        let mut marks = [(Duration::ZERO, u64::MAX); Signal::ALL.len()];
        loop {
            let tick = self.state.world.sleep(FLUSH_TICK);
            select(tick, Box::pin(self.state.due.notified())).await;
            for signal in Signal::ALL {
                let has_ebbed = self.has_ebbed(signal, &mut marks[signal as usize]);
                if (has_ebbed || self.state.is_due(signal))
                    && let Err(error) = self.flush(signal).await
                {
                    tracing::error!(%error, %signal, "flush failed, trying again soon");
                    self.state.world.sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    /// Whether a signal's log has hardly grown since the mark, which moves on.
    fn has_ebbed(&self, signal: Signal, (since, bytes): &mut (Duration, u64)) -> bool {
        let now = self.state.world.elapsed();
        let grown = self.state.fresh_wal_bytes[signal as usize].load(Ordering::Relaxed);
        if now.saturating_sub(*since) < EBB_TIME {
            return false;
        }
        let before = std::mem::replace(bytes, grown);
        *since = now;
        grown >= EBB_BYTES && grown.checked_sub(before).is_some_and(|growth| growth < grown / EBB_SHARE)
    }

    async fn tend_parts(&self) {
        loop {
            self.state.world.sleep(PARTS_TICK).await;
            self.tend_once().await;
        }
    }

    /// One round of quarantine, retention, compaction and sweeping.
    pub(crate) async fn tend_once(&self) {
        let _one = self.tending.lock().await;
        self.note(self.quarantine().await, "setting damaged parts aside failed");
        self.note(make(&self.state, &mut *self.unrolled.lock().await).await, "making rollups failed");
        self.note(self.expire().await, "retention failed");
        self.note(self.expire_by_rule().await, "retention by rule failed");
        let rows = self.state.stats.rows_appended.load(Ordering::Relaxed);
        let is_calm = rows - self.rows_seen.swap(rows, Ordering::Relaxed) < CALM_ROWS;
        for signal in Signal::ALL {
            while let Some(parts) = plan(&self.state.view(signal).parts, self.state.options.part_bytes, is_calm) {
                let merged = compact(&self.state, &parts).await;
                if merged.is_err() {
                    StoreStats::add(&self.state.stats.compaction_errors, 1);
                    self.note(merged, "merging parts failed");
                    break;
                }
            }
        }
        self.sweep().await;
    }

    /// Writes parts again without what has been deleted.
    pub(crate) async fn clean(&self) -> Result<(), StoreError> {
        let _one = self.tending.lock().await;
        erase::clean(&self.state).await?;
        self.sweep().await;
        Ok(())
    }

    fn note(&self, result: Result<(), StoreError>, what: &str) {
        if let Err(error) = result {
            tracing::error!(%error, "{what}");
        }
    }

    /// Writes a signal's head as parts.
    pub(crate) async fn flush(&self, signal: Signal) -> Result<(), StoreError> {
        let _one = self.flushing[signal as usize].lock().await;
        let (done, frozen) = oneshot::channel();
        let asked = self.commands.send(Command::Freeze(signal, done)).await.is_ok();
        if !asked || frozen.await.is_err() {
            return Err(StoreError::Closed);
        }
        for head in self.state.view(signal).frozen {
            if let Err(error) = flush(&self.state, &head).await {
                StoreStats::add(&self.state.stats.flush_errors, 1);
                return Err(error);
            }
            let release = Command::Release(signal, head.through());
            self.commands.send(release).await.map_err(|_closed| StoreError::Closed)?;
        }
        Ok(())
    }

    async fn expire(&self) -> Result<(), StoreError> {
        let views = Signal::ALL.map(|signal| self.state.view(signal).parts);
        let parts: Vec<Arc<PartMeta>> = views.iter().flat_map(|parts| parts.iter().cloned()).collect();
        drop(views);
        for part in self.state.options.retention.parts(parts, self.state.world.now(), self.space()?) {
            let (tenant, signal) = part.owner()?;
            let (length, until) = (part.rollup, part.max);
            let note = |rolled: &mut Rolled| rolled.let_go(length, until);
            replace(&self.state, (&tenant, signal), &[part], Vec::new(), note).await?;
            StoreStats::add(&self.state.stats.parts_expired, 1);
        }
        Ok(())
    }

    /// The disk under the store, when something is to stay free on it. What has gone from the catalog and is still being
    /// read counts as free.
    fn space(&self) -> Result<Option<Space>, StoreError> {
        let Some(root) = self.state.objects.root().filter(|_| self.state.options.retention.free.is_some()) else {
            return Ok(None);
        };
        let space = Space::of(root)?;
        Ok(Some(Space { available: space.available.saturating_add(self.state.buried_bytes()), ..space }))
    }

    /// Writes parts again without the series that a rule of retention lets go. A part is looked at once for each of the
    /// ages that it has passed.
    async fn expire_by_rule(&self) -> Result<(), StoreError> {
        let retention = &self.state.options.retention;
        if retention.rules.is_empty() {
            return Ok(());
        }
        let now = self.state.world.now();
        let mut seen = self.ruled.lock().await;
        let parts = self.state.view(Signal::Metrics).parts;
        seen.retain(|id, _| parts.iter().any(|part| part.id == *id));
        for part in parts.iter() {
            let old = retention.passed(part, now);
            if seen.get(&part.id).copied().unwrap_or(0) == old {
                continue;
            }
            seen.insert(part.id.clone(), old);
            let expired = retention.series(&self.state, part, now).await?;
            if !expired.is_empty() {
                rewrite(&self.state, part, &expired).await?;
            }
        }
        Ok(())
    }

    async fn quarantine(&self) -> Result<(), StoreError> {
        for part in self.state.take_suspects() {
            let (tenant, signal) = part.owner()?;
            if !self.state.view(signal).parts.iter().any(|known| known.id == part.id) {
                continue;
            }
            set_aside(&self.state.objects, &part).await?;
            self.state.reader.cache().remove(&part.id);
            replace(&self.state, (&tenant, signal), &[part], Vec::new(), |_| {}).await?;
            StoreStats::add(&self.state.stats.parts_quarantined, 1);
        }
        Ok(())
    }

    /// Removes the objects of parts that nothing reads any more.
    async fn sweep(&self) {
        for part in self.state.unused() {
            self.state.reader.cache().remove(&part.id);
            for (path, _) in part.objects() {
                self.note(self.state.objects.delete(&path).await, "an unused object stays");
            }
        }
    }
}

/// Moves a part's objects to where nobody reads them and people can find them.
pub(crate) async fn set_aside(objects: &crate::objects::Objects, part: &PartMeta) -> Result<(), StoreError> {
    for (path, _) in part.objects() {
        objects.rename(&path, &format!("quarantine/{path}")).await?;
    }
    Ok(())
}
