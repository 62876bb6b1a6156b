//! Data directories of Prometheus: all blocks that are in force, and what the head holds beyond them.
//!
//! A data directory, a snapshot, or a single block may be given. Reading is a stream: memory holds a window of a file, a
//! batch, and one entry a series. A running Prometheus' directory can be read; what it is just writing is cut.

mod block;
mod export;
mod file;
mod head;
mod rows;

use std::path::{Path, PathBuf};

use gw_base::Set;
use gw_batch::Batch;

use self::block::Block;
pub use self::export::{BlockWriter, SeriesSamples, ulid};
use self::file::unreadable;
use self::head::Head;
use self::rows::Rows;
pub use self::rows::Summary;
use crate::ImportError;

/// What of a data directory is read.
pub struct DataDir {
    path: PathBuf,
    blocks: Vec<Block>,
    head: Head,
    notes: Vec<String>,
}

impl std::fmt::Debug for DataDir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataDir").field("path", &self.path).field("blocks", &self.blocks).finish_non_exhaustive()
    }
}

/// How far reading has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Block or file that is read now.
    pub reading: &'a Path,
    /// Blocks and files before it.
    pub done: usize,
    /// Blocks and files in all.
    pub of: usize,
}

impl DataDir {
    /// Finds out what is there: a data directory, a snapshot of one, or a single block.
    ///
    /// # Errors
    /// [`ImportError`] when it is none of these, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let mut notes = Vec::new();
        let mut blocks = if path.join("meta.json").is_file() && path.join("index").is_file() {
            vec![Block::open(path)?]
        } else {
            find_blocks(path, &mut notes)?
        };
        let replaced: Set<String> = blocks
            .iter()
            .flat_map(|block| block.meta.compaction.parents.iter().map(|parent| parent.ulid.clone()))
            .collect();
        // A crash may leave a block beside the one that it was compacted into.
        blocks.retain(|block| !block.meta.compaction.deletable && !replaced.contains(&block.meta.ulid));
        blocks.sort_by(|a, b| (a.meta.min_time, &a.meta.ulid).cmp(&(b.meta.min_time, &b.meta.ulid)));
        let in_order = blocks.iter().filter(|block| !block.meta.is_out_of_order());
        let head_from = in_order.map(|block| block.meta.max_time).max().unwrap_or(i64::MIN);
        let head = Head::open(path, head_from)?;
        if blocks.is_empty() && head.files() == 0 {
            return Err(ImportError::wrong(
                &path.display().to_string(),
                "holds no block and no write-ahead log; give a Prometheus data directory, a snapshot or a block",
            ));
        }
        Ok(Self { path: path.to_owned(), blocks, head, notes })
    }

    /// Samples that the blocks say they hold; those of the head are not known before they are read.
    #[must_use]
    pub fn samples_in_blocks(&self) -> u64 {
        self.blocks.iter().map(|block| block.meta.stats.num_samples).sum()
    }

    /// First and last time of the blocks, milliseconds; nothing without blocks.
    #[must_use]
    pub fn block_times(&self) -> Option<(i64, i64)> {
        let first = self.blocks.iter().map(|block| block.meta.min_time).min()?;
        Some((first, self.blocks.iter().map(|block| block.meta.max_time).max()?))
    }

    /// Hands out everything as batches, and says what it was. Damaged pieces are left out and told in the summary.
    ///
    /// # Errors
    /// What `hand_over` says, or a file that cannot be read at all.
    pub fn read(
        self,
        hand_over: &mut dyn FnMut(Batch) -> Result<(), ImportError>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Summary, ImportError> {
        let mut rows = Rows::new(hand_over);
        rows.summary.notes = self.notes;
        let of = self.blocks.len() + self.head.files();
        for (done, block) in self.blocks.iter().enumerate() {
            progress(Progress { reading: &block.folder, done, of });
            match block.read(&mut rows) {
                Err(
                    error @ (ImportError::Storage { .. } | ImportError::Unreadable { .. } | ImportError::Wrong { .. }),
                ) => {
                    rows.damaged(&error);
                }
                result => result?,
            }
        }
        let mut done = self.blocks.len();
        self.head.read(&mut rows, |reading| {
            progress(Progress { reading, done, of });
            done += 1;
        })?;
        rows.finish()
    }
}

/// Folders named by a ULID that hold a block.
fn find_blocks(path: &Path, notes: &mut Vec<String>) -> Result<Vec<Block>, ImportError> {
    let mut blocks = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let folder = entry.map_err(|error| unreadable(path, &error))?.path();
        let named = folder.file_name().and_then(|name| name.to_str()).is_some_and(is_ulid);
        if !named || !folder.is_dir() {
            continue;
        }
        if !folder.join("meta.json").is_file() {
            notes.push(format!("{}: no meta.json: a block whose making was broken off; left out", folder.display()));
            continue;
        }
        blocks.push(Block::open(&folder)?);
    }
    Ok(blocks)
}

/// Whether a name is 26 digits of Crockford's base 32.
fn is_ulid(name: &str) -> bool {
    name.len() == 26 && name.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
