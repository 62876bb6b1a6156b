//! A bounded piece of a file in memory, moved along as it is read: one system call for thousands of small items.

use super::cursor::Cursor;
use super::source::{self, Source};
use super::{Fault, TsdbError};

/// Bytes that are read at once.
const WINDOW_BYTES: u64 = 256 << 10;

/// A source and the piece of it that was read last.
#[derive(Debug)]
pub(super) struct Window<S> {
    what: &'static str,
    source: S,
    buffer: Vec<u8>,
    start: u64,
}

impl<S: Source> Window<S> {
    pub(super) const fn new(what: &'static str, source: S) -> Self {
        Self { what, source, buffer: Vec::new(), start: 0 }
    }

    pub(super) fn length(&self) -> u64 {
        self.source.length()
    }

    pub(super) const fn source(&self) -> &S {
        &self.source
    }

    pub(super) const fn error(&self, offset: u64, fault: Fault) -> TsdbError {
        TsdbError::new(self.what, offset, fault)
    }

    /// `length` bytes from an offset on.
    pub(super) fn slice(&mut self, offset: u64, length: u64) -> Result<&[u8], TsdbError> {
        let end = offset.checked_add(length).filter(|end| *end <= self.length());
        let end = end.ok_or(self.error(offset, Fault::Truncated))?;
        let held = self.start..=self.start + self.buffer.len() as u64;
        if !held.contains(&offset) || !held.contains(&end) {
            let room = self.length() - offset;
            let wanted = length.max(WINDOW_BYTES.min(room));
            // What could not be read is not there.
            self.start = 0;
            source::read(&self.source, self.what, offset, wanted, &mut self.buffer)
                .inspect_err(|_failed| self.buffer.clear())?;
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        self.buffer.get(from..from + length as usize).ok_or(TsdbError::new(self.what, offset, Fault::Truncated))
    }

    /// At most `length` bytes from an offset on; fewer at the end of the file.
    pub(super) fn up_to(&mut self, offset: u64, length: u64) -> Result<&[u8], TsdbError> {
        let left = self.length().saturating_sub(offset);
        self.slice(offset, length.min(left))
    }

    /// A cursor over `length` bytes.
    pub(super) fn cursor(&mut self, offset: u64, length: u64) -> Result<Cursor<'_>, TsdbError> {
        let what = self.what;
        Ok(Cursor::new(what, offset, self.slice(offset, length)?))
    }

    /// Checks the magic number and the version that a file of chunks begins with.
    pub(super) fn header(&mut self, magic: u32, version: u8) -> Result<(), TsdbError> {
        let mut cursor = self.cursor(0, 5)?;
        let (found, numbered) = (cursor.u32()?, cursor.u8()?);
        if found != magic {
            return Err(self.error(0, Fault::Magic(found)));
        }
        if numbered != version {
            return Err(self.error(4, Fault::Version(numbered)));
        }
        Ok(())
    }
}
