//! The kernel's files under roots that can be moved, read without allocating.
//!
//! Files of procfs and sysfs are opened once and read again from their start with `pread`: the kernel makes their contents
//! anew for each such read, and opening them costs more than reading. A file that has gone says so when it is read, and is
//! then opened anew. On any other filesystem (a copy of someone's files, a test's) a file could have been replaced, so it is
//! opened each time. Buffers go back to a pool when the text in them is dropped.

use std::cell::RefCell;
use std::fmt::{self, Arguments, Write as _};
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gw_base::{Map, Timestamp, World};
use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::config::{Compat, HostConfig};
use super::section::Bytes;

/// Largest file read; procfs and sysfs files are far smaller.
const MAX_BYTES: usize = 16 << 20;
/// Room that a read begins with: what procfs hands out at a time.
const CHUNK: usize = 4096;
/// Files that are kept open for each root; beyond, files are opened each time.
const MAX_HANDLES: usize = 2048;
/// Most entries of a folder.
const MAX_NAMES: usize = 1 << 20;
const PROC_MAGIC: u64 = 0x9fa0;
const SYSFS_MAGIC: u64 = 0x6265_6572;

/// Why a collector could not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// This machine has nothing of the kind.
    NoData,
    /// A file could not be read.
    Io(Errno),
    /// What was read makes no sense, or something else went wrong.
    Told(String),
}

impl Failure {
    pub(crate) fn told(message: impl Into<String>) -> Self {
        Self::Told(message.into())
    }

    /// Whether the file is just not there.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::NoData | Self::Io(Errno::NOENT | Errno::NOTDIR))
    }

    /// No data where the file is not there, the failure itself otherwise.
    pub(crate) fn or_no_data(self) -> Self {
        if self.is_absent() { Self::NoData } else { self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("collector returned no data"),
            Self::Io(errno) => write!(f, "reading failed: {errno}"),
            Self::Told(message) => f.write_str(message),
        }
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Io(errno)
    }
}

/// Where the kernel's files are, for one reader.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) compat: Compat,
    /// The time of this scrape.
    pub(crate) now: Timestamp,
    pub(crate) proc: Tree,
    pub(crate) sys: Tree,
    pub(crate) udev: Tree,
    pub(crate) root: Tree,
    world: Arc<dyn World>,
}

impl System {
    pub(crate) fn new(config: &HostConfig, world: Arc<dyn World>) -> Self {
        Self {
            compat: config.compat,
            now: Timestamp::EPOCH,
            proc: Tree::new(&config.procfs),
            sys: Tree::new(&config.sysfs),
            udev: Tree::new(&config.udev_data),
            root: Tree::new(&config.rootfs),
            world,
        }
    }

    /// Seconds since the epoch at this very moment, for whoever measures a clock.
    pub(crate) fn seconds(&self) -> f64 {
        self.world.now().nanos() as f64 / 1e9
    }
}

/// One root and what is open below it.
#[derive(Debug)]
pub(crate) struct Tree {
    path: PathBuf,
    folder: Option<OwnedFd>,
    /// Whether files are made anew by the kernel for each read from their start.
    renewed: bool,
    /// Whether one read gives a whole file.
    paged: bool,
    handles: RefCell<Map<Box<[u8]>, OwnedFd>>,
    pool: RefCell<Vec<Vec<u8>>>,
    lists: RefCell<Vec<Vec<(u32, u32)>>>,
}

impl Tree {
    fn new(path: &str) -> Self {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, path, flags, Mode::empty()).ok();
        let magic = folder.as_ref().and_then(|folder| rustix::fs::fstatfs(folder).ok()).map(|stat| stat.f_type as u64);
        Self {
            path: path.into(),
            folder,
            renewed: matches!(magic, Some(PROC_MAGIC | SYSFS_MAGIC)),
            paged: magic == Some(SYSFS_MAGIC),
            handles: RefCell::default(),
            pool: RefCell::default(),
            lists: RefCell::default(),
        }
    }

    /// The root as given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file's text; what is not UTF-8 is replaced.
    pub(crate) fn read(&self, path: Arguments<'_>) -> Result<Text<'_>, Failure> {
        self.text(path, true)
    }

    /// A file's text; the file will not be read again, and is not kept open.
    pub(crate) fn read_once(&self, path: Arguments<'_>) -> Result<Text<'_>, Failure> {
        self.text(path, false)
    }

    /// A file's text without blanks around it.
    pub(crate) fn value(&self, path: Arguments<'_>) -> Result<Text<'_>, Failure> {
        let mut text = self.read(path)?;
        text.trim();
        Ok(text)
    }

    /// The number that a file holds.
    pub(crate) fn number(&self, path: Arguments<'_>) -> Result<f64, Failure> {
        super::parse::number(&self.value(path)?)
    }

    /// The number of a file, `None` where there is none to be read.
    pub(crate) fn some(&self, path: Arguments<'_>) -> Option<f64> {
        self.number(path).ok()
    }

    /// Names in a folder, sorted.
    pub(crate) fn names(&self, path: Arguments<'_>) -> Result<Names<'_>, Failure> {
        let (mut bytes, mut places) = (self.buffer(), self.lists.borrow_mut().pop().unwrap_or_default());
        let listed = self.with_path(path, |path| list(self.folder()?, path, &mut bytes, &mut places));
        let names = Names { tree: self, text: string(bytes), places };
        listed.map(|()| names)
    }

    /// Names in a folder, none where it is not there.
    pub(crate) fn names_if_any(&self, path: Arguments<'_>) -> Names<'_> {
        self.names(path).unwrap_or_else(|_absent| Names { tree: self, text: String::new(), places: Vec::new() })
    }

    /// Whether a path is there.
    pub(crate) fn exists(&self, path: Arguments<'_>) -> bool {
        self.with_path(path, |path| {
            rustix::fs::accessat(self.folder()?, path, Access::EXISTS, AtFlags::empty()).map_err(Failure::Io)
        })
        .is_ok()
    }

    /// Whether a path is a folder, or a link to one.
    pub(crate) fn is_folder(&self, path: Arguments<'_>) -> bool {
        self.with_path(path, |path| rustix::fs::statat(self.folder()?, path, AtFlags::empty()).map_err(Failure::Io))
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
    }

    /// Where a symbolic link points, as it is written.
    pub(crate) fn link(&self, path: Arguments<'_>) -> Result<String, Failure> {
        let target =
            self.with_path(path, |path| rustix::fs::readlinkat(self.folder()?, path, Vec::new()).map_err(Failure::Io))?;
        Ok(String::from_utf8_lossy(target.as_bytes()).into_owned())
    }

    /// The true path behind links, absolute.
    pub(crate) fn true_path(&self, path: Arguments<'_>) -> Result<PathBuf, Failure> {
        let full = self.path.join(path.to_string().trim_start_matches('/'));
        std::fs::canonicalize(&full).map_err(|error| Failure::told(format!("{}: {error}", full.display())))
    }

    fn folder(&self) -> Result<BorrowedFd<'_>, Failure> {
        self.folder.as_ref().map(AsFd::as_fd).ok_or(Failure::Io(Errno::NOENT))
    }

    fn text(&self, path: Arguments<'_>, keep: bool) -> Result<Text<'_>, Failure> {
        let mut bytes = self.buffer();
        let outcome = self.with_path(path, |path| {
            if self.renewed && keep { self.fill_kept(path, &mut bytes) } else { self.fill_once(path, &mut bytes) }
        });
        match outcome {
            Ok(()) => Ok(Text { tree: self, text: string(bytes) }),
            Err(failure) => {
                self.give_back(bytes);
                Err(failure)
            }
        }
    }

    fn fill_kept(&self, path: &[u8], bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let mut handles = self.handles.borrow_mut();
        if let Some(handle) = handles.get(path) {
            if fill(handle.as_fd(), bytes, self.paged).is_ok() {
                return Ok(());
            }
            handles.remove(path);
            bytes.clear();
        }
        let handle = self.open(path)?;
        fill(handle.as_fd(), bytes, self.paged)?;
        if handles.len() < MAX_HANDLES {
            handles.insert(path.into(), handle);
        }
        Ok(())
    }

    fn fill_once(&self, path: &[u8], bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let handle = self.open(path)?;
        if !self.renewed {
            let stat = rustix::fs::fstat(&handle)?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(Failure::told("not a regular file"));
            }
        }
        fill(handle.as_fd(), bytes, self.paged)
    }

    /// Opens without waiting: a FIFO would wait for its writer.
    fn open(&self, path: &[u8]) -> Result<OwnedFd, Failure> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::openat(self.folder()?, path, flags, Mode::empty()).map_err(Failure::Io)
    }

    fn with_path<T>(&self, path: Arguments<'_>, work: impl FnOnce(&[u8]) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut text = self.buffer();
        Bytes(&mut text).write_fmt(path).unwrap_or_default();
        let start = text.iter().position(|byte| *byte != b'/').unwrap_or(0);
        let below: &[u8] = match text.get(start..) {
            Some([] | [b'/']) | None => b".",
            Some(below) => below,
        };
        let outcome = work(below);
        self.give_back(text);
        outcome
    }

    fn buffer(&self) -> Vec<u8> {
        self.pool.borrow_mut().pop().unwrap_or_default()
    }

    fn give_back(&self, mut bytes: Vec<u8>) {
        bytes.clear();
        if bytes.capacity() > 0 {
            self.pool.borrow_mut().push(bytes);
        }
    }
}

fn string(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Reads a file from its start to its end; `paged`: a read that leaves room was the last.
fn fill(file: BorrowedFd<'_>, bytes: &mut Vec<u8>, paged: bool) -> Result<(), Failure> {
    loop {
        if bytes.capacity() - bytes.len() < CHUNK {
            bytes.reserve(bytes.len().max(CHUNK));
        }
        let offset = bytes.len() as u64;
        let read = match rustix::io::pread(file, rustix::buffer::spare_capacity(bytes), offset) {
            Err(Errno::INTR) => continue,
            read => read?,
        };
        if read == 0 || (paged && read < CHUNK) || bytes.len() >= MAX_BYTES {
            return Ok(());
        }
    }
}

fn list(root: BorrowedFd<'_>, path: &[u8], bytes: &mut Vec<u8>, places: &mut Vec<(u32, u32)>) -> Result<(), Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let folder = rustix::fs::openat(root, path, flags, Mode::empty())?;
    let mut room = [std::mem::MaybeUninit::<u8>::uninit(); 8192];
    let mut entries = rustix::fs::RawDir::new(folder, &mut room);
    places.clear();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." || std::str::from_utf8(name).is_err() || places.len() >= MAX_NAMES {
            continue;
        }
        let start = bytes.len() as u32;
        bytes.extend_from_slice(name);
        places.push((start, bytes.len() as u32));
    }
    let name = |place: &(u32, u32)| bytes.get(place.0 as usize..place.1 as usize).unwrap_or_default();
    places.sort_unstable_by(|a, b| name(a).cmp(name(b)));
    Ok(())
}

/// A file's text; its buffer is used again when it is dropped.
pub(crate) struct Text<'a> {
    tree: &'a Tree,
    text: String,
}

impl Text<'_> {
    fn trim(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        let leading = self.text.len() - self.text.trim_start().len();
        if leading > 0 {
            self.text.drain(..leading);
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Drop for Text<'_> {
    fn drop(&mut self) {
        self.tree.give_back(std::mem::take(&mut self.text).into_bytes());
    }
}

/// Names in a folder; their buffers are used again when they are dropped.
pub(crate) struct Names<'a> {
    tree: &'a Tree,
    text: String,
    places: Vec<(u32, u32)>,
}

impl Names<'_> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.places.iter().filter_map(|place| self.text.get(place.0 as usize..place.1 as usize))
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.iter().any(|known| known == name)
    }
}

impl Drop for Names<'_> {
    fn drop(&mut self) {
        self.tree.give_back(std::mem::take(&mut self.text).into_bytes());
        let places = std::mem::take(&mut self.places);
        if places.capacity() > 0 {
            self.tree.lists.borrow_mut().push(places);
        }
    }
}
