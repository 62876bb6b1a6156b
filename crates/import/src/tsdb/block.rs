//! One block: its series in order, each with the samples of its chunks.

use std::path::{Path, PathBuf};

use gw_formats::tsdb::{ChunkMeta, Entry, Index, Meta, Segment, Tombstones, chunk};

use super::file::{FileSource, in_file, numbered, unreadable};
use super::rows::Rows;
use crate::ImportError;

/// A block's folder and what it says of itself.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) folder: PathBuf,
    pub(super) meta: Meta,
}

impl Block {
    /// Reads `meta.json`.
    pub(super) fn open(folder: &Path) -> Result<Self, ImportError> {
        let path = folder.join("meta.json");
        let text = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        Ok(Self { folder: folder.to_owned(), meta: Meta::decode(&text).map_err(in_file(&path))? })
    }

    /// Hands out all samples that were not deleted. Damage of single series or chunks is counted and passed over.
    pub(super) fn read(&self, rows: &mut Rows<'_>) -> Result<(), ImportError> {
        let path = self.folder.join("index");
        let mut index = Index::open(FileSource::open(&path)?).map_err(in_file(&path))?;
        let tombstones = self.tombstones()?;
        let mut chunks = Chunks::open(&self.folder.join("chunks"))?;
        let mut entry = Entry::default();
        loop {
            match index.next_series(&mut entry) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    rows.damaged(&in_file(&path)(error));
                    continue;
                }
            }
            let deleted = tombstones.of(entry.reference);
            for meta in &entry.chunks {
                let read = chunks.read(*meta, |sample| rows.sample(&entry.labels, &sample, deleted));
                if let Err(error) = read {
                    rows.damaged(&error);
                }
                rows.maybe_hand_over()?;
            }
        }
        rows.summary.blocks += 1;
        Ok(())
    }

    fn tombstones(&self) -> Result<Tombstones, ImportError> {
        let path = self.folder.join("tombstones");
        match std::fs::read(&path) {
            Ok(bytes) => Tombstones::decode(&bytes).map_err(in_file(&path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Tombstones::default()),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }
}

/// The files of chunks of a block, one open at a time: series refer to them in their order.
struct Chunks {
    files: Vec<PathBuf>,
    open: Option<(usize, Segment<FileSource>)>,
}

impl Chunks {
    fn open(folder: &Path) -> Result<Self, ImportError> {
        // Wire: references count files from 0 in the order of their names, which begin at 000001.
        Ok(Self { files: numbered(folder)?.into_iter().map(|(_, path)| path).collect(), open: None })
    }

    fn read(&mut self, meta: ChunkMeta, emit: impl FnMut(chunk::Sample)) -> Result<(), ImportError> {
        let (number, offset) = ((meta.reference >> 32) as usize, meta.reference & 0xFFFF_FFFF);
        let path = self.files.get(number).ok_or_else(|| ImportError::Wrong {
            file: format!("chunks/{:06}", number + 1),
            message: "the index refers to this file of chunks, which is missing".to_owned(),
        })?;
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            self.open = Some((number, Segment::open(FileSource::open(path)?).map_err(in_file(path))?));
        }
        let Some((_, segment)) = &mut self.open else { return Ok(()) };
        let raw = segment.chunk(offset).map_err(in_file(path))?;
        let at = |fault| in_file(path)(gw_formats::tsdb::TsdbError::new("chunk", offset, fault));
        chunk::decode(raw.encoding, raw.data, emit).map_err(at)
    }
}
