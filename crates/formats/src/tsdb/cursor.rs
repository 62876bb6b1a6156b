//! Walks the bytes of one piece of a file: big-endian numbers, variable-length integers, texts.

use super::{Fault, TsdbError};
use crate::crc32c;
use crate::protobuf::zigzag;

/// A position in bytes that lie at a known place of a file.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    what: &'static str,
    bytes: &'a [u8],
    at: usize,
    /// Offset in the file of the first byte.
    base: u64,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(what: &'static str, base: u64, bytes: &'a [u8]) -> Self {
        Self { what, bytes, at: 0, base }
    }

    pub(super) const fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) const fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(super) const fn error(&self, fault: Fault) -> TsdbError {
        TsdbError::new(self.what, self.offset(), fault)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], TsdbError> {
        let end = self.at.checked_add(length);
        let piece = end.and_then(|end| self.bytes.get(self.at..end)).ok_or(self.error(Fault::Truncated))?;
        self.at += length;
        Ok(piece)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TsdbError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let piece = rest.first_chunk::<N>().ok_or(self.error(Fault::Truncated))?;
        self.at += N;
        Ok(*piece)
    }

    pub(super) fn u8(&mut self) -> Result<u8, TsdbError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32, TsdbError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, TsdbError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, TsdbError> {
        self.u64().map(f64::from_bits)
    }

    pub(super) fn uvarint(&mut self) -> Result<u64, TsdbError> {
        let mut value = 0u64;
        for i in 0..10 {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7F) << (7 * i);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error(Fault::Malformed("a varint has more than ten bytes")))
    }

    pub(super) fn varint(&mut self) -> Result<i64, TsdbError> {
        self.uvarint().map(zigzag)
    }

    /// A number of items that the remaining bytes can hold, each taking at least `item_bytes`.
    pub(super) fn count(&mut self, item_bytes: usize) -> Result<usize, TsdbError> {
        let count = self.uvarint()?;
        self.fitting(count, item_bytes)
    }

    pub(super) fn fitting(&self, count: u64, item_bytes: usize) -> Result<usize, TsdbError> {
        let fits = usize::try_from(count).ok().filter(|count| count.saturating_mul(item_bytes) <= self.left());
        fits.ok_or(self.error(Fault::Malformed("a count is larger than what follows can hold")))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, TsdbError> {
        let length = self.count(1)?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_not_text| self.error(Fault::Malformed("a text is not UTF-8")))
    }

    /// Takes the four bytes of a checksum and compares it with that of `bytes`.
    pub(super) fn checksum(&mut self, bytes: &[u8]) -> Result<(), TsdbError> {
        let at = self.error(Fault::Truncated);
        let (stored, computed) = (self.u32()?, crc32c::checksum(bytes));
        if stored == computed {
            return Ok(());
        }
        Err(TsdbError { fault: Fault::Checksum { stored, computed }, ..at })
    }
}
