//! What the store's tasks share: for each signal the heads and parts that together are all its rows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gw_base::{Signal, Tenant, TimeRange, World};
use tokio::sync::Notify;

use crate::catalog::Catalog;
use crate::erase::Tombstone;
use crate::head::index::SeriesLimits;
use crate::head::{Generation, TenantHead};
use crate::objects::Objects;
use crate::part::PartMeta;
use crate::part::reader::PartReader;
use crate::rollups::{Rolled, Standing};
use crate::{Family, StoreError, StoreOptions, StoreStats};

/// Bytes of samples, in memory and in the log, that a head may have for each of its series: some ten.
const FRESH_A_SERIES: u64 = 64;
const LOG_A_SERIES: u64 = 56;

/// Everything that is stored of one signal at one moment. A row is in exactly one of its members.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Takes appends.
    pub(crate) active: Arc<Generation>,
    /// On their way into parts, oldest first.
    pub(crate) frozen: Vec<Arc<Generation>>,
    /// Parts by rising `through`.
    pub(crate) parts: Arc<[Arc<PartMeta>]>,
    /// What has been rolled up, by tenant.
    pub(crate) rolled: Arc<BTreeMap<String, Rolled>>,
}

/// The members of a view that one read needs, kept alive until it ends.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Parts of the tenant that overlap the range, by rising `through`.
    pub(crate) parts: Vec<Arc<PartMeta>>,
    /// What stands in for them.
    pub(crate) rollups: Standing,
    /// Heads of the tenant, oldest first.
    pub(crate) heads: Vec<Arc<TenantHead>>,
    /// Deletions that may reach the parts.
    pub(crate) tombstones: Arc<[Arc<Tombstone>]>,
}

/// Shared by the face, the commit thread and the maintenance tasks.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: StoreOptions,
    pub(crate) world: Arc<dyn World>,
    pub(crate) stats: StoreStats,
    pub(crate) objects: Objects,
    pub(crate) reader: PartReader,
    pub(crate) catalog: Catalog,
    /// Families that have been flushed; newer ones are in the heads.
    pub(crate) families: Mutex<BTreeMap<Tenant, BTreeMap<String, Family>>>,
    /// Wakes maintenance when a head is due.
    pub(crate) due: Notify,
    /// Bytes of each write-ahead log.
    pub(crate) wal_bytes: [AtomicU64; Signal::ALL.len()],
    /// Of them, those of records in the active head; the others leave with the heads on their way into parts.
    pub(crate) fresh_wal_bytes: [AtomicU64; Signal::ALL.len()],
    /// Of the fresh ones of metrics, those that tell which series there are.
    pub(crate) told_wal_bytes: AtomicU64,
    views: [RwLock<View>; Signal::ALL.len()],
    /// Parts that the catalog no longer names, kept while some read still uses them.
    graveyard: Mutex<Vec<Arc<PartMeta>>>,
    /// Parts found damaged by a read.
    suspects: Mutex<Vec<Arc<PartMeta>>>,
    tombstones: RwLock<Arc<[Arc<Tombstone>]>>,
}

/// What [`State::new`] is made of.
pub(crate) struct Pieces {
    pub(crate) options: StoreOptions,
    pub(crate) world: Arc<dyn World>,
    pub(crate) stats: StoreStats,
    pub(crate) objects: Objects,
    pub(crate) reader: PartReader,
    pub(crate) catalog: Catalog,
    pub(crate) families: BTreeMap<Tenant, BTreeMap<String, Family>>,
    pub(crate) views: [View; Signal::ALL.len()],
    pub(crate) tombstones: Vec<Arc<Tombstone>>,
}

impl State {
    pub(crate) fn new(pieces: Pieces) -> Self {
        let Pieces { options, world, stats, objects, reader, catalog, families, views, tombstones } = pieces;
        Self {
            options,
            world,
            stats,
            objects,
            reader,
            catalog,
            families: Mutex::new(families),
            due: Notify::new(),
            wal_bytes: Default::default(),
            fresh_wal_bytes: Default::default(),
            told_wal_bytes: AtomicU64::new(0),
            views: views.map(RwLock::new),
            graveyard: Mutex::default(),
            suspects: Mutex::default(),
            tombstones: RwLock::new(tombstones.into()),
        }
    }

    /// The view of a signal now.
    pub(crate) fn view(&self, signal: Signal) -> View {
        self.views[signal as usize].read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the view of a signal in one step.
    pub(crate) fn edit_view<T>(&self, signal: Signal, edit: impl FnOnce(&mut View) -> T) -> T {
        edit(&mut self.views[signal as usize].write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Deletions whose rows are still in parts.
    pub(crate) fn tombstones(&self) -> Arc<[Arc<Tombstone>]> {
        Arc::clone(&self.tombstones.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the list of deletions in one step.
    pub(crate) fn edit_tombstones(&self, edit: impl FnOnce(&mut Vec<Arc<Tombstone>>)) {
        let mut tombstones = self.tombstones.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = tombstones.to_vec();
        edit(&mut all);
        *tombstones = all.into();
    }

    /// What a read of a tenant's rows in a range needs.
    pub(crate) fn snapshot(&self, signal: Signal, tenant: &Tenant, range: TimeRange) -> Snapshot {
        let view = self.view(signal);
        let wanted = |part: &&Arc<PartMeta>| part.is_of(tenant, signal) && part.overlaps(range) && !part.is_rollup();
        let parts = view.parts.iter().filter(wanted).cloned().collect();
        let heads: Vec<Arc<TenantHead>> =
            view.frozen.iter().chain([&view.active]).filter_map(|head| head.get(tenant)).collect();
        let tombstones = self.tombstones();
        let rollups = match view.rolled.get(tenant.as_str()).filter(|_| signal == Signal::Metrics) {
            Some(rolled) => rolled.standing(tenant, (&view.parts, &heads), range, &tombstones),
            None => Standing::default(),
        };
        Snapshot { parts, rollups, heads, tombstones }
    }

    /// Replaces parts in a view: `gone` (by id) by `added`. The gone ones are buried.
    pub(crate) fn replace_parts(
        &self,
        signal: Signal,
        gone: &[Arc<PartMeta>],
        added: Vec<Arc<PartMeta>>,
        rolled: BTreeMap<String, Rolled>,
    ) {
        self.edit_view(signal, |view| {
            let mut parts: Vec<Arc<PartMeta>> =
                view.parts.iter().filter(|part| !gone.iter().any(|g| g.id == part.id)).cloned().collect();
            parts.extend(added);
            parts.sort_by(|a, b| (a.through, &a.id).cmp(&(b.through, &b.id)));
            view.parts = parts.into();
            view.rolled = Arc::new(rolled);
        });
        self.graveyard.lock().unwrap_or_else(PoisonError::into_inner).extend(gone.iter().cloned());
    }

    /// Buried parts that no read uses any more. `Arc::strong_count` cannot rise again once only the graveyard holds one.
    pub(crate) fn unused(&self) -> Vec<Arc<PartMeta>> {
        let mut graveyard = self.graveyard.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *graveyard);
        let (unused, used) = all.into_iter().partition(|part| Arc::strong_count(part) == 1);
        *graveyard = used;
        unused
    }

    /// Bytes of buried parts.
    pub(crate) fn buried_bytes(&self) -> u64 {
        let graveyard = self.graveyard.lock().unwrap_or_else(PoisonError::into_inner);
        graveyard.iter().map(|part| part.total_bytes()).sum()
    }

    /// Notes what a failed read says about a part; answers whether the read can go on without it.
    pub(crate) fn suspect(&self, part: &Arc<PartMeta>, error: &StoreError) -> bool {
        if !matches!(error, StoreError::Damaged { .. }) {
            return false;
        }
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        if !suspects.iter().any(|known| known.id == part.id) {
            tracing::error!(%error, part = part.id, rows = part.rows, "part is damaged and will not be served");
            suspects.push(Arc::clone(part));
            self.due.notify_one();
        }
        true
    }

    /// Parts to be set aside.
    pub(crate) fn take_suspects(&self) -> Vec<Arc<PartMeta>> {
        std::mem::take(&mut *self.suspects.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many series the heads may hold.
    pub(crate) const fn series_limits(&self) -> SeriesLimits {
        SeriesLimits { all: self.options.limits.active_series, metric: self.options.limits.series_per_metric }
    }

    /// Bytes of all heads.
    pub(crate) fn head_bytes(&self) -> usize {
        let of = |signal| {
            let view = self.view(signal);
            view.active.bytes() + view.frozen.iter().map(|head| head.bytes()).sum::<usize>()
        };
        Signal::ALL.into_iter().map(of).sum()
    }

    /// Whether a signal's head, or its log, is as long as it should become.
    pub(crate) fn is_full(&self, signal: Signal) -> bool {
        let active = &self.view(signal).active;
        // Each head and each epoch of the log tells a series anew. Of a million series that alone is more than the limits, and
        // the samples of a round would become a part of their own.
        let is_metrics = signal == Signal::Metrics;
        let series = if is_metrics { active.series() } else { 0 };
        let told = if is_metrics { self.told_wal_bytes.load(Ordering::Relaxed) } else { 0 };
        let wal_bytes = self.fresh_wal_bytes[signal as usize].load(Ordering::Relaxed);
        active.fresh_bytes() as u64 >= (self.options.flush_bytes as u64).max(series * FRESH_A_SERIES)
            || wal_bytes >= self.options.flush_wal_bytes.max(told + series * LOG_A_SERIES)
            // What follows needs some of the room while this is written.
            || active.bytes() >= self.options.head_bytes / 4 * 3
    }

    /// Whether a signal's head should be flushed now.
    pub(crate) fn is_due(&self, signal: Signal) -> bool {
        let view = self.view(signal);
        let active = &view.active;
        if active.is_untouched() {
            return !view.frozen.is_empty();
        }
        !view.frozen.is_empty()
            || self.is_full(signal)
            || self.world.elapsed().saturating_sub(active.began()) >= self.options.flush_age
    }
}
