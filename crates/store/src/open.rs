//! Brings a store up: catalog, check of the parts, replay of the write-ahead logs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use gw_base::{Set, Signal, Tenant, World};
use gw_batch::MetricType;

use crate::catalog::{Catalog, Found, Manifest};
use crate::commit::Committer;
use crate::erase::Tombstone;
use crate::head::Generation;
use crate::head::index::SeriesLimits;
use crate::maintain::set_aside;
use crate::objects::Objects;
use crate::part::PartMeta;
use crate::part::cache::PartCache;
use crate::part::reader::PartReader;
use crate::state::{Pieces, State, View};
use crate::wal::disk::Disk;
use crate::wal::samples::{Change, Replayer};
use crate::wal::{Log, Replayed};
use crate::{Family, StoreError, StoreOptions, StoreStats};

/// Records that have been read and wait to be applied.
const RECORDS_AHEAD: usize = 16;

/// What the store stands on.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) objects: Objects,
    pub(crate) disks: [Arc<dyn Disk>; Signal::ALL.len()],
}

/// Opens what `ground` holds.
pub(crate) async fn open(
    options: StoreOptions,
    world: Arc<dyn World>,
    ground: Ground,
) -> Result<(Arc<State>, Committer), StoreError> {
    let started = world.elapsed();
    let stats = StoreStats::default();
    let Found { catalog, mut manifest, fell_back } = Catalog::open(ground.objects.clone()).await?;
    check_parts(&ground.objects, &catalog, &mut manifest, fell_back, &stats).await?;
    let families = load_families(&ground.objects, &manifest).await;
    let began = world.elapsed();
    let mut heads = Vec::new();
    let mut logs = Vec::new();
    for (signal, disk) in Signal::ALL.into_iter().zip(ground.disks) {
        let head = Generation::new(signal, began, manifest.flushed(signal));
        let log = replay(&options, disk, &head, &stats)?;
        stats.replay_rows.fetch_add(head.rows(), Ordering::Relaxed);
        heads.push(Arc::new(head));
        logs.push(log);
    }
    let took = world.elapsed().saturating_sub(started);
    stats.replay_millis.store(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    let cache = Arc::new(PartCache::new(options.cache_bytes));
    let reader = PartReader::new(ground.objects.clone(), cache);
    let views = Signal::ALL.map(|signal| View {
        active: Arc::clone(&heads[signal as usize]),
        frozen: Vec::new(),
        parts: parts_of(&manifest, signal).into(),
        rolled: Arc::new(manifest.rolled.clone()),
    });
    let rows = stats.replay_rows.load(Ordering::Relaxed);
    tracing::info!(parts = manifest.parts.len(), replayed_rows = rows, took_ms = took.as_millis(), "store opened");
    let objects = ground.objects;
    let tombstones = manifest.tombstones.into_iter().map(|d| Tombstone::new(d).map(Arc::new));
    let tombstones = tombstones.collect::<Result<Vec<_>, _>>()?;
    let pieces = Pieces { options, world, stats, objects, reader, catalog, families, views, tombstones };
    let state = Arc::new(State::new(pieces));
    let logs = logs.try_into().ok().ok_or_else(|| StoreError::Internal("one log a signal is needed".to_owned()))?;
    let committer = Committer::new(Arc::clone(&state), logs);
    Ok((state, committer))
}

/// Takes the data directory for this process, until the file is dropped.
pub(crate) fn lock(dir: &Path) -> Result<std::fs::File, StoreError> {
    let path = dir.join("store.lock");
    let shown = path.display().to_string();
    std::fs::create_dir_all(dir).map_err(|error| StoreError::disk("create", dir.display().to_string(), error))?;
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| StoreError::disk("open", shown.as_str(), error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(dir.display().to_string())),
        Err(std::fs::TryLockError::Error(error)) => Err(StoreError::disk("lock", shown, error)),
    }
}

fn parts_of(manifest: &Manifest, signal: Signal) -> Vec<Arc<PartMeta>> {
    let mut parts: Vec<Arc<PartMeta>> =
        manifest.parts.iter().filter(|part| part.signal == signal.as_str()).cloned().map(Arc::new).collect();
    parts.sort_by(|a, b| (a.through, &a.id).cmp(&(b.through, &b.id)));
    parts
}

/// Compares the parts of the manifest with the objects that are there: what is missing or of another size is set aside,
/// what no manifest names (a flush that did not come to its end) is swept.
async fn check_parts(
    objects: &Objects,
    catalog: &Catalog,
    manifest: &mut Manifest,
    fell_back: bool,
    stats: &StoreStats,
) -> Result<(), StoreError> {
    let there: BTreeMap<String, u64> = objects.list("parts").await?.into_iter().collect();
    let whole = |part: &PartMeta| part.objects().iter().all(|(path, bytes)| there.get(path) == Some(bytes));
    let (good, bad): (Vec<PartMeta>, Vec<PartMeta>) = manifest.parts.drain(..).partition(|part| whole(part));
    manifest.parts = good;
    for part in &bad {
        tracing::error!(part = part.data_path(), rows = part.rows, "part is missing or truncated and is set aside");
        set_aside(objects, part).await?;
        StoreStats::add(&stats.parts_quarantined, 1);
    }
    if !bad.is_empty() {
        let kept = manifest.parts.clone();
        catalog.commit(move |next| next.parts = kept).await?;
    }
    let named: Set<String> =
        manifest.parts.iter().flat_map(|part| part.objects().into_iter().map(|(path, _)| path)).collect();
    let set_aside_already = |path: &str| bad.iter().any(|part| part.objects().iter().any(|(p, _)| p == path));
    for path in there.into_keys().filter(|path| !named.contains(path) && !set_aside_already(path)) {
        if fell_back {
            objects.rename(&path, &format!("quarantine/{path}")).await?;
        } else {
            objects.delete(&path).await?;
        }
    }
    Ok(())
}

/// Metric families are descriptions: where they cannot be read the store opens without them.
async fn load_families(objects: &Objects, manifest: &Manifest) -> BTreeMap<Tenant, BTreeMap<String, Family>> {
    let mut all = BTreeMap::new();
    for (tenant, path) in &manifest.families {
        let Ok(tenant) = Tenant::new(tenant) else { continue };
        let list = match objects.get(path).await {
            Ok(bytes) => serde_json::from_slice::<Vec<(String, u8, String, String)>>(&bytes)
                .map_err(|error| StoreError::damaged(path, error)),
            Err(error) => Err(error),
        };
        match list {
            Ok(list) => {
                let family = |(metric, kind, unit, help): (String, u8, String, String)| {
                    let kind = MetricType::from_u8(kind).unwrap_or(MetricType::Unknown);
                    (metric.clone(), Family { metric, kind, unit, help })
                };
                all.insert(tenant, list.into_iter().map(family).collect());
            }
            Err(error) => tracing::warn!(%error, "metric families are unknown until they are sent again"),
        }
    }
    all
}

fn replay(
    options: &StoreOptions,
    disk: Arc<dyn Disk>,
    head: &Generation,
    stats: &StoreStats,
) -> Result<Log, StoreError> {
    let signal = head.signal();
    let limits = SeriesLimits { all: options.limits.active_series, metric: options.limits.series_per_metric };
    let mut replayer = Replayer::default();
    // To read records and to apply them is about the same work, so each has a thread.
    let opened = std::thread::scope(|scope| {
        let (sender, changes) = std::sync::mpsc::sync_channel::<Change>(RECORDS_AHEAD);
        scope.spawn(move || changes.into_iter().for_each(|change| change.apply(head, limits)));
        let apply = |sequence: u64, payload: &[u8]| {
            // A thread that is gone has panicked, and the scope says so.
            let hand_on = |change| sender.send(change).unwrap_or_default();
            replayer.read(sequence, payload, head, hand_on)
        };
        Log::open(disk, options.segment_bytes, head.through(), apply)
    });
    let (log, replayed) =
        opened.map_err(|error| StoreError::disk("replay", format!("write-ahead log of {signal}"), error))?;
    report(signal, &replayed, stats);
    Ok(log)
}

/// Says what was wrong with a log.
fn report(signal: Signal, replayed: &Replayed, stats: &StoreStats) {
    let mended = [
        (replayed.torn_bytes, "bytes of an unfinished write cut from the end"),
        (replayed.repaired, "damaged records repaired"),
    ];
    for (count, what) in mended.into_iter().filter(|(count, _)| *count > 0) {
        tracing::warn!(%signal, count, "write-ahead log: {what}");
    }
    for (file, offset) in &replayed.damages {
        StoreStats::add(&stats.wal_damages, 1);
        tracing::error!(%signal, file, offset, "damaged record left out of the write-ahead log");
    }
}
