//! `index`, versions 1 and 2: which series a block has, and where their chunks lie.
//!
//! Series are walked in the order of the file, which is that of their labels. Postings and label indices are for lookups,
//! which nobody does here; they are not read.

use std::ops::Range;

use super::cursor::Cursor;
use super::source::{self, Source};
use super::window::Window;
use super::{Fault, TsdbError};
use crate::labels::canonical;

/// First bytes of the file.
pub(super) const MAGIC: u32 = 0xBAAA_D700;
/// Series of version 2 begin at multiples of this, and are referred to by the multiple.
pub(super) const ALIGNMENT: u64 = 16;
/// Bytes of magic and version.
pub(super) const HEADER_BYTES: u64 = 5;
/// Bytes of the table of contents: six offsets and a checksum.
const TOC_BYTES: u64 = 6 * 8 + 4;
/// Bytes of a varint at most.
const VARINT_BYTES: u64 = 10;

/// Where a chunk lies, and the times of its first and last sample, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMeta {
    /// First time.
    pub min: i64,
    /// Last time.
    pub max: i64,
    /// Segment number (upper half, from 0) and offset in it.
    pub reference: u64,
}

/// A series of the index. Its buffers are used again for the next one.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// What tombstones call it.
    pub reference: u64,
    /// Its labels in the canonical form of [`gw_base::Labels`].
    pub labels: Vec<u8>,
    /// Its chunks, in rising time.
    pub chunks: Vec<ChunkMeta>,
}

/// An open index.
#[derive(Debug)]
pub struct Index<S> {
    window: Window<S>,
    version: u8,
    symbols: Symbols,
    series: Range<u64>,
    at: u64,
}

impl<S: Source> Index<S> {
    /// Reads header, table of contents and symbols.
    ///
    /// # Errors
    /// [`TsdbError`] when it is another file, damaged or cut off.
    pub fn open(source: S) -> Result<Self, TsdbError> {
        let mut window = Window::new("index", source);
        let mut cursor = window.cursor(0, HEADER_BYTES)?;
        let (magic, version) = (cursor.u32()?, cursor.u8()?);
        if magic != MAGIC {
            return Err(window.error(0, Fault::Magic(magic)));
        }
        if !matches!(version, 1 | 2) {
            return Err(window.error(4, Fault::Version(version)));
        }
        let toc = Toc::read(&mut window)?;
        let symbols = Symbols::read(&mut window, toc.symbols, version)?;
        let series = toc.series..toc.series_end;
        let at = series.start;
        Ok(Self { window, version, symbols, series, at })
    }

    /// Version of the format.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// Moves on to the next series; `false` after the last.
    ///
    /// # Errors
    /// [`TsdbError`] when the series is damaged. The walk cannot go on behind a damaged length, and can behind other damage.
    pub fn next_series(&mut self, entry: &mut Entry) -> Result<bool, TsdbError> {
        // Wire: the space between entries is filled with zero bytes, which no entry begins with.
        loop {
            if self.series.is_empty() || self.at >= self.series.end {
                return Ok(false);
            }
            let rest = (self.series.end - self.at).min(ALIGNMENT);
            let zeros = self.window.slice(self.at, rest)?.iter().take_while(|byte| **byte == 0).count();
            self.at += zeros as u64;
            if (zeros as u64) < rest {
                break;
            }
        }
        let (start, end) = (self.at, self.series.end);
        // Where the walk stands when the length itself is wrong: at the end.
        self.at = end;
        let mut head = self.window.cursor(start, VARINT_BYTES.min(end - start))?;
        let length = head.uvarint()?;
        let body = head.offset();
        let whole = body.checked_add(length).and_then(|end| end.checked_add(4)).filter(|whole| *whole <= end);
        let whole = whole.ok_or(self.window.error(start, Fault::Truncated))?;
        self.at = whole;
        let what = "index series";
        let bytes = self.window.slice(body, length + 4)?;
        let (bytes, stored) = bytes.split_at(length as usize);
        Cursor::new(what, body + length, stored).checksum(bytes)?;
        entry.reference = if self.version == 1 { start } else { start / ALIGNMENT };
        self.symbols.decode_entry(Cursor::new(what, body, bytes), entry)?;
        Ok(true)
    }
}

/// Where the parts that are read lie.
struct Toc {
    symbols: u64,
    series: u64,
    series_end: u64,
}

impl Toc {
    fn read<S: Source>(window: &mut Window<S>) -> Result<Self, TsdbError> {
        let start = window.length().checked_sub(TOC_BYTES).filter(|start| *start >= HEADER_BYTES);
        let start = start.ok_or(window.error(0, Fault::Truncated))?;
        let bytes = window.slice(start, TOC_BYTES)?;
        let (body, stored) = bytes.split_at(TOC_BYTES as usize - 4);
        Cursor::new("index table of contents", start, stored).checksum(body)?;
        let mut cursor = Cursor::new("index table of contents", start, body);
        let mut offsets = [0u64; 6];
        for offset in &mut offsets {
            *offset = cursor.u64()?;
            if *offset > start {
                return Err(cursor.error(Fault::Malformed("a section lies behind the end of the file")));
            }
        }
        let [symbols, series, ..] = offsets;
        let series_end = offsets.into_iter().skip(2).filter(|offset| *offset >= series).min().unwrap_or(start);
        // A section that does not exist has offset 0, and an index without series has none.
        let series_end = if series == 0 { 0 } else { series_end };
        Ok(Self { symbols, series, series_end })
    }
}

/// The texts that series refer to.
#[derive(Debug)]
struct Symbols {
    version: u8,
    /// Offset of `bytes` in the file.
    base: u64,
    bytes: Vec<u8>,
    /// Where in `bytes` each symbol's length stands (version 2).
    places: Vec<u32>,
}

impl Symbols {
    fn read<S: Source>(window: &mut Window<S>, offset: u64, version: u8) -> Result<Self, TsdbError> {
        let what = "index symbols";
        if offset == 0 {
            return Ok(Self { version, base: 0, bytes: Vec::new(), places: Vec::new() });
        }
        let length = u64::from(window.cursor(offset, 4)?.u32()?);
        let base = offset + 4;
        let mut bytes = Vec::new();
        source::read(window.source(), what, base, length + 4, &mut bytes)?;
        let body = bytes.len() - 4;
        let (text, stored) = bytes.split_at(body);
        Cursor::new(what, base + length, stored).checksum(text)?;
        let mut cursor = Cursor::new(what, base, text);
        let count = u64::from(cursor.u32()?);
        let count = cursor.fitting(count, 1)?;
        let mut places = Vec::with_capacity(if version == 1 { 0 } else { count });
        for _ in 0..count {
            let place = (cursor.offset() - base) as u32;
            cursor.text()?;
            if version != 1 {
                places.push(place);
            }
        }
        bytes.truncate(body);
        Ok(Self { version, base, bytes, places })
    }

    fn get(&self, reference: u64) -> Option<&str> {
        // Wire: version 1 refers to a symbol by its offset in the file, version 2 by its number.
        let place = match self.version {
            1 => usize::try_from(reference.checked_sub(self.base)?).ok()?,
            _ => *self.places.get(usize::try_from(reference).ok()?)? as usize,
        };
        Cursor::new("index symbols", self.base, self.bytes.get(place..)?).text().ok()
    }

    fn decode_entry(&self, mut cursor: Cursor<'_>, entry: &mut Entry) -> Result<(), TsdbError> {
        let labels = cursor.count(2)?;
        let mut pairs = Vec::with_capacity(labels);
        for _ in 0..labels {
            let (name, value) = (cursor.uvarint()?, cursor.uvarint()?);
            let pair = self.get(name).zip(self.get(value));
            pairs.push(pair.ok_or(cursor.error(Fault::Malformed("a label refers to no symbol")))?);
        }
        let twice = |_twice| cursor.error(Fault::Malformed("a label name stands twice"));
        canonical(&mut pairs, &mut entry.labels).map_err(twice)?;
        entry.chunks.clear();
        let chunks = cursor.count(3)?;
        let mut last = ChunkMeta { min: 0, max: 0, reference: 0 };
        for chunk in 0..chunks {
            if chunk == 0 {
                last.min = cursor.varint()?;
                last.max = last.min;
            } else {
                last.min = last.max.wrapping_add(cursor.uvarint()?.cast_signed());
            }
            last.max = last.min.wrapping_add(cursor.uvarint()?.cast_signed());
            last.reference = if chunk == 0 {
                cursor.uvarint()?
            } else {
                last.reference.wrapping_add(cursor.varint()?.cast_unsigned())
            };
            entry.chunks.push(last);
        }
        Ok(())
    }
}
