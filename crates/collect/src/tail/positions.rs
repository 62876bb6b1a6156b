//! How far each followed file has been read and stored, on disk, so that a restart loses and repeats nothing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::CollectError;

/// Where reading goes on, and of which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Bytes read and stored.
    pub offset: u64,
    /// Device of the file.
    pub device: u64,
    /// Inode of the file.
    pub inode: u64,
    /// Hash of the file's first bytes, because inodes are used again.
    pub fingerprint: u64,
    /// How many bytes the fingerprint covers.
    pub fingerprint_bytes: u64,
}

/// The positions of all followed files.
#[derive(Debug)]
pub struct Positions {
    file: PathBuf,
    known: Mutex<BTreeMap<String, Position>>,
}

impl Positions {
    /// Reads the positions file; a missing one is empty.
    ///
    /// # Errors
    /// When it is there and cannot be read: starting over would store every line again.
    pub fn open(file: &Path) -> Result<Self, CollectError> {
        let known = match std::fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                CollectError::Malformed(format!(
                    "{}: {error}; remove the file to read all logs from their start",
                    file.display()
                ))
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(CollectError::file(file, error)),
        };
        Ok(Self { file: file.to_owned(), known: Mutex::new(known) })
    }

    /// The position of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Position> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    /// The position of a file that was known under another path, before it was renamed.
    #[must_use]
    pub fn find(&self, matches: impl Fn(&Position) -> bool) -> Option<Position> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).values().find(|known| matches(known)).copied()
    }

    /// Remembers positions and writes the file. Blocks.
    ///
    /// # Errors
    /// When it cannot be written; the positions are remembered all the same.
    pub fn save(&self, news: &[(String, Position)]) -> Result<(), CollectError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(news.iter().cloned());
        let bytes = serde_json::to_vec_pretty(&*known).map_err(|error| CollectError::Malformed(error.to_string()))?;
        // The lock is held until the file is in place, so that an older state never replaces a newer one.
        let beside = self.file.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_data()?;
            std::fs::rename(&beside, &self.file)
        };
        write().map_err(|error| CollectError::file(&self.file, error))
    }
}
