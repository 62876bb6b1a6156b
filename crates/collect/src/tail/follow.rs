//! Follows one path: reads whole lines, notices renames, replacement, truncation and reused inodes.

use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use gw_base::labels::hash_bytes;

use super::positions::{Position, Positions};

/// Bytes that tell two files apart.
const FINGERPRINT_BYTES: u64 = 256;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// A file that is being read.
#[derive(Debug)]
pub(crate) struct Follower {
    path: String,
    file: File,
    position: Position,
    /// Whether the rest of a line that is over the limit is being skipped.
    skipping: bool,
    /// Whether the path names another file by now, so that this one is read to its end and left.
    replaced: bool,
    pub(crate) lines: u64,
}

/// What one look at a file gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// There is more to read.
    More,
    /// All whole lines have been read.
    End,
    /// The file is finished: the path names another file, which is next.
    Finished,
}

impl Follower {
    /// Opens a path where it was left. A file that was rotated away meanwhile is found by its inode and finished first.
    pub(crate) fn open(path: &str, positions: &Positions) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let fresh = identify(&file, &metadata)?;
        let known = positions.get(path);
        if let Some(known) = known
            && !is_same(&file, &metadata, &known)
            && let Some(rotated) = find_rotated(Path::new(path), &known)
        {
            return Ok(Self::at(path, rotated, known, true));
        }
        let left_at = known
            .filter(|known| is_same(&file, &metadata, known))
            .or_else(|| positions.find(|other| is_same(&file, &metadata, other)))
            .filter(|known| known.offset <= metadata.len());
        let position = Position { offset: left_at.map_or(0, |known| known.offset), ..fresh };
        Ok(Self::at(path, file, position, false))
    }

    /// Opens the file that a path names now, from its start.
    pub(crate) fn open_fresh(path: &str) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let position = identify(&file, &file.metadata()?)?;
        Ok(Self::at(path, file, position, false))
    }

    fn at(path: &str, file: File, position: Position, replaced: bool) -> Self {
        Self { path: path.to_owned(), file, position, skipping: false, replaced, lines: 0 }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) const fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn size(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Reads one chunk and hands out its whole lines, without line ends; longer lines than `limit` are cut.
    pub(crate) fn look(&mut self, limit: usize, take: &mut dyn FnMut(&[u8])) -> std::io::Result<Look> {
        let metadata = self.file.metadata()?;
        self.notice_truncation(&metadata)?;
        // Longer than the limit, so that every line that fits the limit is seen whole.
        let mut buffer = vec![0u8; CHUNK_BYTES.max(limit + 1)];
        let count = self.file.read_at(&mut buffer, self.position.offset)?;
        buffer.truncate(count);
        let whole_buffer = count == CHUNK_BYTES.max(limit + 1);
        let used = self.take_lines(&buffer, limit, whole_buffer, take);
        self.position.offset += used as u64;
        if used > 0 {
            self.refresh_fingerprint(&metadata)?;
        }
        if whole_buffer {
            return Ok(Look::More);
        }
        Ok(self.at_end(&buffer[used..], limit, take))
    }

    /// Hands out whole lines and says how many bytes are done with.
    fn take_lines(&mut self, buffer: &[u8], limit: usize, full: bool, take: &mut dyn FnMut(&[u8])) -> usize {
        let mut used = 0;
        while let Some(end) = buffer[used..].iter().position(|byte| *byte == b'\n') {
            let line = &buffer[used..used + end];
            used += end + 1;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            self.hand_out(line, limit, take);
        }
        let rest = &buffer[used..];
        if self.skipping {
            return buffer.len();
        }
        if full && rest.len() > limit {
            self.hand_out(rest, limit, take);
            self.skipping = true;
            return buffer.len();
        }
        used
    }

    fn hand_out(&mut self, line: &[u8], limit: usize, take: &mut dyn FnMut(&[u8])) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.lines += 1;
        take(line.get(..limit).unwrap_or(line));
    }

    /// At the end of a file that has been replaced, an unfinished last line will never be finished: it is handed out.
    fn at_end(&mut self, rest: &[u8], limit: usize, take: &mut dyn FnMut(&[u8])) -> Look {
        if !self.replaced {
            self.replaced = self.is_replaced();
            // One more look: the writer may have written between our read and its rename.
            return if self.replaced { Look::More } else { Look::End };
        }
        if !rest.is_empty() && !self.skipping {
            self.position.offset += rest.len() as u64;
            self.hand_out(rest, limit, take);
        }
        Look::Finished
    }

    fn is_replaced(&self) -> bool {
        let now = std::fs::metadata(&self.path);
        now.is_ok_and(|now| (now.dev(), now.ino()) != (self.position.device, self.position.inode))
    }

    /// Whether the path names no file any more.
    pub(crate) fn is_gone(&self) -> bool {
        std::fs::metadata(&self.path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    }

    fn notice_truncation(&mut self, metadata: &Metadata) -> std::io::Result<()> {
        if metadata.len() < self.position.offset || !is_same(&self.file, metadata, &self.position) {
            self.position = identify(&self.file, metadata)?;
            self.skipping = false;
        }
        Ok(())
    }

    /// A short file's fingerprint grows with it.
    fn refresh_fingerprint(&mut self, metadata: &Metadata) -> std::io::Result<()> {
        if self.position.fingerprint_bytes < FINGERPRINT_BYTES {
            let offset = self.position.offset;
            self.position = Position { offset, ..identify(&self.file, metadata)? };
        }
        Ok(())
    }
}

/// The position at the start of a file.
fn identify(file: &File, metadata: &Metadata) -> std::io::Result<Position> {
    let fingerprint_bytes = metadata.len().min(FINGERPRINT_BYTES);
    let (fingerprint, fingerprint_bytes) = fingerprint(file, fingerprint_bytes)?;
    Ok(Position { offset: 0, device: metadata.dev(), inode: metadata.ino(), fingerprint, fingerprint_bytes })
}

/// Hash of the first bytes, and how many there were.
fn fingerprint(file: &File, bytes: u64) -> std::io::Result<(u64, u64)> {
    let mut buffer = [0u8; FINGERPRINT_BYTES as usize];
    let wanted = &mut buffer[..bytes.min(FINGERPRINT_BYTES) as usize];
    let count = file.read_at(wanted, 0)?;
    Ok((hash_bytes(&wanted[..count]), count as u64))
}

fn is_same(file: &File, metadata: &Metadata, known: &Position) -> bool {
    (metadata.dev(), metadata.ino()) == (known.device, known.inode)
        && metadata.len() >= known.fingerprint_bytes
        && fingerprint(file, known.fingerprint_bytes).is_ok_and(|(hash, _)| hash == known.fingerprint)
}

/// The file of a position under its new name in the same folder.
fn find_rotated(path: &Path, known: &Position) -> Option<File> {
    let folder = path.parent()?;
    std::fs::read_dir(folder).ok()?.filter_map(Result::ok).find_map(|entry| {
        use std::os::unix::fs::DirEntryExt as _;
        if entry.ino() != known.inode || entry.path() == path {
            return None;
        }
        let file = File::open(entry.path()).ok()?;
        let metadata = file.metadata().ok()?;
        let unread = is_same(&file, &metadata, known) && metadata.len() > known.offset;
        unread.then_some(file)
    })
}
