//! Being told of groups that come and go: one inotify descriptor over the folders of the watched hierarchies. Nobody waits on
//! it; what happened is fetched when somebody asks for a reading, so that an idle machine costs nothing.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use gw_base::Map;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// Bytes that are fetched at once.
const BUFFER_BYTES: usize = 8 << 10;

/// What happened to a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A group is new.
    Appeared { hierarchy: usize, path: String },
    /// A group is gone.
    Vanished { path: String },
    /// More happened than the kernel could keep: everything must be looked at.
    Lost,
}

/// The descriptor and the folders that it watches.
#[derive(Debug)]
pub(super) struct Watcher {
    descriptor: OwnedFd,
    folders: Map<i32, (u8, Box<str>)>,
    /// Whether a folder could not be watched, so that only looking helps.
    pub(super) is_blind: bool,
}

impl Watcher {
    /// `None` where the system has no such thing.
    pub(super) fn new() -> Option<Self> {
        let descriptor = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        Some(Self { descriptor, folders: Map::default(), is_blind: false })
    }

    /// Watches the folder of a group.
    pub(super) fn add(&mut self, root: &Path, hierarchy: usize, path: &str) {
        let folder = root.join(path.trim_start_matches('/'));
        let wanted = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::ONLYDIR;
        match inotify::add_watch(&self.descriptor, folder, wanted) {
            Ok(watch) => {
                self.folders.insert(watch, (u8::try_from(hierarchy).unwrap_or(u8::MAX), path.into()));
            }
            // It went away meanwhile, and the watch of the folder above will say so.
            Err(Errno::NOENT) => {}
            Err(error) => {
                if !self.is_blind {
                    tracing::warn!(%error, "not every cgroup can be watched (fs.inotify.max_user_watches), looking around instead");
                }
                self.is_blind = true;
            }
        }
    }

    /// Everything that happened since the last time, in order.
    pub(super) fn fetch(&mut self) -> Vec<Happening> {
        let mut happenings = Vec::new();
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = Reader::new(&self.descriptor, &mut buffer);
        while let Ok(event) = reader.next() {
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                happenings.push(Happening::Lost);
                continue;
            }
            if event.events().contains(ReadFlags::IGNORED) {
                self.folders.remove(&event.wd());
                continue;
            }
            let name = event.file_name().and_then(|name| name.to_str().ok());
            let (Some((hierarchy, folder)), Some(name)) = (self.folders.get(&event.wd()), name) else { continue };
            if !event.events().contains(ReadFlags::ISDIR) {
                continue;
            }
            let path = format!("{}/{name}", folder.trim_end_matches('/'));
            if event.events().contains(ReadFlags::CREATE) {
                happenings.push(Happening::Appeared { hierarchy: usize::from(*hierarchy), path });
            } else if event.events().contains(ReadFlags::DELETE) {
                happenings.push(Happening::Vanished { path });
            }
        }
        happenings
    }
}
