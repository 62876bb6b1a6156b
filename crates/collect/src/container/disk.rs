//! Filesystem usage. The machine's is asked of the filesystems; a container's layer is walked in the background, within
//! bounds, and told as it was at the end of the last walk.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gw_base::{Map, Set, World};
use rustix::fs::{AtFlags, CWD, FileType, statat, statvfs};

use super::config::ContainerPaths;
use super::files::Files;
use super::model::{DiskCounts, FsStats};
use super::mounts;
use super::parse::lines;
use super::read::disk_counts;

/// Files of one layer that are counted; a larger one is not told.
const MAX_FILES: u64 = 1_000_000;
/// Longest walk over all layers; those that it does not reach come first next time.
const MAX_WALK: Duration = Duration::from_secs(20);
/// Distance of walks.
const WALK_EVERY: Duration = Duration::from_secs(60);

/// What layers hold, by path of the container's group.
#[derive(Debug, Default)]
pub(super) struct Layers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    known: Map<String, FsStats>,
    is_walking: bool,
    /// When the last walk began.
    began: Option<Duration>,
}

impl Layers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a layer held at the end of the last walk.
    pub(super) fn get(&self, path: &str) -> Option<FsStats> {
        self.lock().known.get(path).cloned()
    }

    /// Starts a walk over the layers of these groups and processes when the last is old enough, or one is not known yet.
    pub(super) fn refresh(
        self: &Arc<Self>,
        groups: Vec<(String, u32)>,
        paths: &ContainerPaths,
        world: &Arc<dyn World>,
    ) {
        let now = world.elapsed();
        let mut inner = self.lock();
        inner.known.retain(|known, _| groups.iter().any(|(path, _)| path == known));
        let is_old = inner.began.is_none_or(|began| now.saturating_sub(began) >= WALK_EVERY);
        let is_new = groups.iter().any(|(path, _)| !inner.known.contains_key(path));
        let settled = inner.began.is_none_or(|began| now.saturating_sub(began) >= Duration::from_secs(5));
        if groups.is_empty() || inner.is_walking || !(is_old || (is_new && settled)) {
            return;
        }
        inner.is_walking = true;
        inner.began = Some(now);
        drop(inner);
        let (layers, paths, world) = (Arc::clone(self), paths.clone(), Arc::clone(world));
        let walk = move || layers.walk(groups, &paths, world.as_ref());
        if std::thread::Builder::new().name("container-disks".to_owned()).spawn(walk).is_err() {
            self.lock().is_walking = false;
        }
    }

    fn walk(&self, mut groups: Vec<(String, u32)>, paths: &ContainerPaths, world: &dyn World) {
        let began = world.elapsed();
        groups.sort_by_key(|(path, _)| self.lock().known.contains_key(path));
        for (path, pid) in groups {
            let left = MAX_WALK.saturating_sub(world.elapsed().saturating_sub(began));
            if left.is_zero() {
                break;
            }
            if let Some(stats) = layer(paths, pid, (world, began + MAX_WALK)) {
                self.lock().known.insert(path, stats);
            }
        }
        self.lock().is_walking = false;
    }
}

fn layer(paths: &ContainerPaths, pid: u32, deadline: (&dyn World, Duration)) -> Option<FsStats> {
    let (folder, mount) = mounts::layer(paths, pid)?;
    let stat = statvfs(&folder).ok()?;
    let (bytes, files) = usage(&folder, deadline)?;
    Some(FsStats {
        device: mount.device,
        mount_point: mount.point,
        kind: mount.kind,
        limit: stat.f_blocks.saturating_mul(stat.f_frsize),
        usage: bytes,
        base_usage: bytes,
        available: stat.f_bavail.saturating_mul(stat.f_frsize),
        inodes: (stat.f_files > 0).then_some((stat.f_files, stat.f_ffree)),
        inode_usage: files,
        disk: DiskCounts::default(),
    })
}

/// Bytes and files below a folder, on its own filesystem, each file once; `None` past the bounds.
fn usage(folder: &Path, (world, until): (&dyn World, Duration)) -> Option<(u64, u64)> {
    let device = statat(CWD, folder, AtFlags::empty()).ok()?.st_dev;
    let (mut bytes, mut files) = (0u64, 0u64);
    let mut linked: Set<u64> = Set::default();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        if files > MAX_FILES || world.elapsed() > until {
            return None;
        }
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let Ok(stat) = statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            if stat.st_dev != device || (!is_folder && stat.st_nlink > 1 && !linked.insert(stat.st_ino)) {
                continue;
            }
            files += 1;
            bytes = bytes.saturating_add(u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512));
            if is_folder {
                pending.push(path);
            }
        }
    }
    Some((bytes, files))
}

/// The machine's filesystems with the counts of their devices.
pub(super) fn of_the_machine(paths: &ContainerPaths, files: &mut Files) -> Vec<FsStats> {
    let counts: Map<(u32, u32), DiskCounts> = files
        .read_path(&format!("{}/diskstats", paths.procfs))
        .into_iter()
        .flat_map(lines)
        .filter_map(disk_counts)
        .collect();
    let describe = |mount: mounts::Mount| {
        let stat = mounts::ask(paths, &mount)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Some(FsStats {
            disk: counts.get(&mount.numbers).copied().unwrap_or_default(),
            device: mount.device,
            mount_point: mount.point,
            kind: mount.kind,
            limit: bytes(stat.f_blocks),
            usage: bytes(stat.f_blocks.saturating_sub(stat.f_bfree)),
            base_usage: 0,
            available: bytes(stat.f_bavail),
            inodes: (stat.f_files > 0).then_some((stat.f_files, stat.f_ffree)),
            inode_usage: 0,
        })
    };
    mounts::of_the_machine(paths).into_iter().filter_map(describe).collect()
}
