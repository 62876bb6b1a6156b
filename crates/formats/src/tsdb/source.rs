//! Where the bytes of a file come from: memory in tests and fuzzing, a file behind a bounded buffer in the product.

use std::io;

use super::{Fault, TsdbError};

/// A file that is read in pieces.
pub trait Source {
    /// Its length in bytes.
    fn length(&self) -> u64;

    /// Reads exactly `into.len()` bytes from an offset on.
    ///
    /// # Errors
    /// The file cannot be read, or is shorter.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
}

impl Source for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let piece = start.checked_add(into.len()).and_then(|end| self.get(start..end));
        into.copy_from_slice(piece.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Reads `length` bytes into `buffer` (which is replaced), after checking that the file has them: a hostile length takes no
/// memory.
pub(super) fn read<S: Source + ?Sized>(
    source: &S,
    what: &'static str,
    offset: u64,
    length: u64,
    buffer: &mut Vec<u8>,
) -> Result<(), TsdbError> {
    let end = offset.checked_add(length).filter(|end| *end <= source.length());
    let length = end.and_then(|_| usize::try_from(length).ok());
    let length = length.ok_or(TsdbError::new(what, offset, Fault::Truncated))?;
    buffer.clear();
    buffer.resize(length, 0);
    source.read_at(offset, buffer).map_err(|error| TsdbError::new(what, offset, Fault::Read(error.to_string())))
}
