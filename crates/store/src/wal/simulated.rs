//! A disk in memory that fails and crashes on command, for tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use super::disk::{Disk, DiskFile};

/// Files in memory. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedDisk {
    inner: Arc<Mutex<Inner>>,
    prefix: String,
}

#[derive(Debug)]
struct Inner {
    files: BTreeMap<String, Content>,
    random: u64,
    failures: usize,
    /// Operations left until everything fails.
    fuse: Option<u64>,
}

#[derive(Debug, Default, Clone)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> Self {
        let inner = Inner { files: BTreeMap::new(), random: seed | 1, failures: 0, fuse: None };
        Self { inner: Arc::new(Mutex::new(inner)), prefix: String::new() }
    }

    /// A folder of the same machine: one fuse, one crash for all.
    pub(crate) fn folder(&self, name: &str) -> Self {
        Self { inner: Arc::clone(&self.inner), prefix: format!("{}{name}/", self.prefix) }
    }

    /// An operation on something else of the same machine: whether it fails, and then whether it took effect all the same.
    pub(crate) fn operate(&self) -> Result<(), bool> {
        let mut inner = self.inner.lock().unwrap();
        let heads = inner.draw() & 1 == 0;
        inner.operate().ok().ok_or(heads)
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The next `count` writing operations fail.
    pub(crate) fn fail_next(&self, count: usize) {
        self.inner.lock().unwrap().failures = count;
    }

    /// After `operations` more writing operations all fail, as when the process is gone; `None` mends it.
    pub(crate) fn set_fuse(&self, operations: Option<u64>) {
        self.inner.lock().unwrap().fuse = operations;
    }

    /// Loses what was not synced, except a random beginning of it.
    pub(crate) fn crash(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.fuse = None;
        inner.failures = 0;
        let names: Vec<String> = inner.files.keys().cloned().collect();
        for name in names {
            let random = inner.draw();
            let content = inner.files.get_mut(&name).unwrap();
            let loose = content.bytes.len() - content.synced;
            content.bytes.truncate(content.synced + random % (loose + 1));
            content.synced = content.bytes.len();
        }
    }

    pub(crate) fn edit(&self, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut inner = self.inner.lock().unwrap();
        let content = inner.files.get_mut(&self.path(name)).unwrap();
        edit(&mut content.bytes);
        content.synced = content.bytes.len();
    }
}

impl Inner {
    fn draw(&mut self) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize
    }

    fn operate(&mut self) -> io::Result<()> {
        if self.failures > 0 {
            self.failures -= 1;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        match &mut self.fuse {
            Some(0) => Err(io::Error::other("the simulated machine is off")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Disk for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let inner = self.inner.lock().unwrap();
        Ok(inner.files.keys().filter_map(|path| path.strip_prefix(&self.prefix)).map(str::to_owned).collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let inner = self.inner.lock().unwrap();
        inner
            .files
            .get(&self.path(name))
            .map(|content| content.bytes.clone())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.inner.lock().unwrap();
        inner.operate()?;
        inner.files.insert(self.path(name), Content::default());
        Ok(Box::new(SimulatedFile { name: self.path(name), disk: self.clone() }))
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap();
        inner.operate()?;
        let content = inner.files.get_mut(&self.path(name)).ok_or(io::ErrorKind::NotFound)?;
        content.bytes.truncate(length as usize);
        content.synced = content.bytes.len();
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap();
        inner.operate()?;
        inner.files.remove(&self.path(name)).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[derive(Debug)]
struct SimulatedFile {
    name: String,
    disk: SimulatedDisk,
}

impl SimulatedFile {
    fn with<T>(&self, act: impl FnOnce(&mut Content) -> T) -> io::Result<T> {
        let mut inner = self.disk.inner.lock().unwrap();
        let outcome = inner.operate();
        let content = inner.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        outcome.map(|()| act(content))
    }
}

impl DiskFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let result = self.with(|content| content.bytes.extend_from_slice(bytes));
        if result.is_err() {
            // A failed write may leave any beginning of itself behind.
            let mut inner = self.disk.inner.lock().unwrap();
            if let Some(content) = inner.files.get_mut(&self.name) {
                content.bytes.extend_from_slice(&bytes[..bytes.len() / 2]);
            }
        }
        result
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|content| content.synced = content.bytes.len())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.with(|content| {
            content.bytes.truncate(length as usize);
            content.synced = content.synced.min(content.bytes.len());
        })
    }
}
