//! Files of chunks: those of a block (`chunks/000001`), found through its index, and those of the head (`chunks_head/000001`),
//! which tell by themselves whose each chunk is.

use super::chunk::MAX_BYTES;
use super::cursor::Cursor;
use super::index_write::put_uvarint;
use super::source::Source;
use super::window::Window;
use super::{Fault, TsdbError};
use crate::crc32c;

/// First bytes of a block's file.
pub(super) const MAGIC: u32 = 0x85BD_40DD;
/// First bytes of a head's file.
const HEAD_MAGIC: u32 = 0x0130_BC91;
/// The one version of either.
pub(super) const VERSION: u8 = 1;
/// Bytes of magic, version and padding.
pub(super) const HEADER_BYTES: u64 = 8;
/// Bytes of a varint of 32 bits at most.
const VARINT_BYTES: u64 = 5;
/// Reference of the series, first and last time, encoding.
const HEAD_CHUNK_BYTES: u64 = 8 + 8 + 8 + 1;
/// The bit of the encoding that marks what came out of order.
const OUT_OF_ORDER: u8 = 0x80;

/// A chunk as it lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawChunk<'a> {
    /// How it is coded; see [`super::chunk`].
    pub encoding: u8,
    /// Its bytes.
    pub data: &'a [u8],
}

/// A block's file of chunks.
#[derive(Debug)]
pub struct Segment<S> {
    window: Window<S>,
}

impl<S: Source> Segment<S> {
    /// Checks the header.
    ///
    /// # Errors
    /// [`TsdbError`] when it is another file or cut off.
    pub fn open(source: S) -> Result<Self, TsdbError> {
        let mut window = Window::new("chunk", source);
        window.header(MAGIC, VERSION)?;
        Ok(Self { window })
    }

    /// The chunk at an offset.
    ///
    /// # Errors
    /// [`TsdbError`] when no whole chunk is there, or its checksum is wrong.
    pub fn chunk(&mut self, offset: u64) -> Result<RawChunk<'_>, TsdbError> {
        let left = self.window.length().saturating_sub(offset);
        let mut head = self.window.cursor(offset, VARINT_BYTES.min(left))?;
        let length = head.uvarint()?;
        let body = head.offset();
        if length > MAX_BYTES {
            return Err(self.window.error(offset, Fault::Malformed("chunk is longer than any")));
        }
        let bytes = self.window.slice(body, length + 5)?;
        let (checked, stored) = bytes.split_at(length as usize + 1);
        Cursor::new("chunk", body + length + 1, stored).checksum(checked)?;
        let (encoding, data) = checked.split_first().ok_or(TsdbError::new("chunk", offset, Fault::Truncated))?;
        Ok(RawChunk { encoding: *encoding, data })
    }
}

/// A chunk of the head, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadChunk<'a> {
    /// Reference of its series in the write-ahead log.
    pub series: u64,
    /// First time, milliseconds.
    pub min: i64,
    /// Last time.
    pub max: i64,
    /// Whether its samples came out of order.
    pub out_of_order: bool,
    /// Where it lies in its file.
    pub offset: u64,
    /// The chunk.
    pub chunk: RawChunk<'a>,
}

/// A head's file of chunks.
#[derive(Debug)]
pub struct HeadSegment<S> {
    window: Window<S>,
    at: u64,
}

impl<S: Source> HeadSegment<S> {
    /// Checks the header.
    ///
    /// # Errors
    /// [`TsdbError`] when it is another file or cut off.
    pub fn open(source: S) -> Result<Self, TsdbError> {
        let mut window = Window::new("head chunk", source);
        window.header(HEAD_MAGIC, VERSION)?;
        Ok(Self { window, at: HEADER_BYTES })
    }

    /// The next chunk; nothing at the end, or where only zero bytes follow, as in a file that was made larger ahead of use.
    ///
    /// # Errors
    /// [`TsdbError`] when the chunk is cut off or damaged.
    pub fn next_chunk(&mut self) -> Result<Option<HeadChunk<'_>>, TsdbError> {
        let offset = self.at;
        let fixed = HEAD_CHUNK_BYTES + VARINT_BYTES;
        let head = self.window.up_to(offset, fixed)?;
        if head.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let mut cursor = Cursor::new("head chunk", offset, head);
        let series = cursor.u64()?;
        let (min, max) = (cursor.u64()?.cast_signed(), cursor.u64()?.cast_signed());
        let encoding = cursor.u8()?;
        let length = cursor.uvarint()?;
        let body = cursor.offset();
        if length > MAX_BYTES {
            return Err(self.window.error(offset, Fault::Malformed("chunk is longer than any")));
        }
        let bytes = self.window.slice(offset, body - offset + length + 4)?;
        let (checked, stored) = bytes.split_at((body - offset + length) as usize);
        Cursor::new("head chunk", body + length, stored).checksum(checked)?;
        self.at = body + length + 4;
        let data = checked.get((body - offset) as usize..).unwrap_or_default();
        let chunk = RawChunk { encoding: encoding & !OUT_OF_ORDER, data };
        Ok(Some(HeadChunk { series, min, max, out_of_order: encoding & OUT_OF_ORDER != 0, offset, chunk }))
    }
}

/// What a block's file of chunks begins with.
#[must_use]
pub fn segment_header() -> [u8; HEADER_BYTES as usize] {
    let [a, b, c, d] = MAGIC.to_be_bytes();
    [a, b, c, d, VERSION, 0, 0, 0]
}

/// Appends a chunk as it lies in a block's file.
pub fn put_chunk(chunk: RawChunk<'_>, out: &mut Vec<u8>) {
    put_uvarint(out, chunk.data.len() as u64);
    let body = out.len();
    out.push(chunk.encoding);
    out.extend_from_slice(chunk.data);
    let checksum = crc32c::checksum(out.get(body..).unwrap_or_default());
    out.extend(checksum.to_be_bytes());
}
