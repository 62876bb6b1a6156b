//! One process a data directory: a lock that the kernel releases however the process ends.

use std::fs::{File, OpenOptions};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

/// Holds the lock while it lives.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

impl DirLock {
    /// Makes the directory if needed and takes its lock.
    ///
    /// # Errors
    /// When the directory cannot be written, or another process holds it.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("data directory {} cannot be made", dir.display()))?;
        let path = dir.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("data directory {} cannot be written", dir.display()))?;
        if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            match error {
                rustix::io::Errno::WOULDBLOCK => bail!(
                    "data directory {} is in use by another gatewatch; stop it or choose --data DIR",
                    dir.display()
                ),
                error => return Err(error).with_context(|| format!("locking {} failed", path.display())),
            }
        }
        Ok(Self { _file: file })
    }
}
