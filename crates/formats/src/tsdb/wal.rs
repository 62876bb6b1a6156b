//! Segments of the write-ahead log (`wal/00000000`, `wbl/...`, `checkpoint.*/...`): pages of 32 KiB, in which records lie in
//! fragments with checksums, plain or compressed.

use gw_base::Limits;

use super::source::Source;
use super::window::Window;
use super::{Fault, TsdbError};
use crate::{Encoding, crc32c, decompress};

/// Bytes of a page.
const PAGE_BYTES: u64 = 32 << 10;
/// Bytes before a fragment: type, length, checksum.
const HEADER_BYTES: u64 = 7;
/// Longest record that is believed.
const RECORD_MAX_BYTES: usize = 128 << 20;
/// Bits of the type that say which fragment of a record it is.
const TYPE_MASK: u8 = 0b111;
/// The record is compressed with snappy.
const SNAPPY: u8 = 1 << 3;
/// The record is compressed with zstd.
const ZSTD: u8 = 1 << 4;

/// The rest of the page is empty.
const PAGE_END: u8 = 0;
/// A whole record.
const FULL: u8 = 1;
/// The first fragment of a record.
const FIRST: u8 = 2;
/// A fragment that is neither first nor last.
const MIDDLE: u8 = 3;
/// The last fragment of a record.
const LAST: u8 = 4;

/// Walks the records of a segment.
#[derive(Debug)]
pub struct WalSegment<S> {
    window: Window<S>,
    at: u64,
    record: Vec<u8>,
    /// Where the record began.
    began: u64,
}

/// A record, decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// Where it begins in its segment.
    pub offset: u64,
    /// Its bytes; the first says of which type it is.
    pub bytes: &'a [u8],
}

impl<S: Source> WalSegment<S> {
    /// A segment, from its beginning.
    #[must_use]
    pub const fn new(source: S) -> Self {
        Self { window: Window::new("log record", source), at: 0, record: Vec::new(), began: 0 }
    }

    /// The next record; nothing at the end.
    ///
    /// # Errors
    /// [`TsdbError`] where a record is cut off or damaged: what follows cannot be trusted. At the end of the last segment
    /// that is what a crash, or a writer that is just writing, leaves behind.
    pub fn next_record(&mut self) -> Result<Option<RawRecord<'_>>, TsdbError> {
        let mut flags = None;
        self.record.clear();
        loop {
            let Some((kind, data)) = self.fragment()? else {
                let torn = || self.window.error(self.began, Fault::Truncated);
                return if flags.is_none() { Ok(None) } else { Err(torn()) };
            };
            let begins = matches!(kind & TYPE_MASK, FULL | FIRST);
            if begins != flags.is_none() || self.record.len() + data.len() > RECORD_MAX_BYTES {
                return Err(self.window.error(data.start, Fault::Malformed("fragments of records are out of order")));
            }
            if begins {
                self.began = data.start - HEADER_BYTES;
            }
            flags = Some(kind);
            let bytes = self.window.slice(data.start, data.len() as u64)?;
            self.record.extend_from_slice(bytes);
            if matches!(kind & TYPE_MASK, FULL | LAST) {
                break;
            }
        }
        self.decompress(flags.unwrap_or_default())?;
        Ok(Some(RawRecord { offset: self.began, bytes: &self.record }))
    }

    /// The next fragment with its checksum verified.
    fn fragment(&mut self) -> Result<Option<(u8, Place)>, TsdbError> {
        loop {
            let (at, length) = (self.at, self.window.length());
            if at >= length {
                return Ok(None);
            }
            let page_end = at - at % PAGE_BYTES + PAGE_BYTES;
            if page_end - at < HEADER_BYTES {
                self.at = page_end;
                continue;
            }
            let mut cursor = self.window.cursor(at, HEADER_BYTES.min(length - at))?;
            let kind = cursor.u8()?;
            if kind & TYPE_MASK == PAGE_END {
                self.at = page_end;
                continue;
            }
            let bytes = cursor.take(2)?;
            let size = u64::from(u16::from_be_bytes([bytes[0], bytes[1]]));
            let stored = cursor.u32()?;
            let start = at + HEADER_BYTES;
            if kind & TYPE_MASK > LAST || kind & MIDDLE == 0 && kind & LAST == 0 || start + size > page_end {
                return Err(self.window.error(at, Fault::Malformed("fragment does not fit its page")));
            }
            let computed = crc32c::checksum(self.window.slice(start, size)?);
            if stored != computed {
                return Err(self.window.error(at, Fault::Checksum { stored, computed }));
            }
            self.at = start + size;
            return Ok(Some((kind, Place { start, size })));
        }
    }

    fn decompress(&mut self, flags: u8) -> Result<(), TsdbError> {
        let encoding = match flags & (SNAPPY | ZSTD) {
            0 => return Ok(()),
            SNAPPY => Encoding::Snappy,
            ZSTD => Encoding::Zstd,
            _ => return Err(self.window.error(self.began, Fault::Malformed("record has two compressions"))),
        };
        let limits = Limits { body_bytes: RECORD_MAX_BYTES, decoded_bytes: RECORD_MAX_BYTES, ..Limits::default() };
        let plain = decompress(encoding, &self.record, &limits);
        let plain = plain.map_err(|error| self.window.error(self.began, Fault::Read(error.to_string())))?.into_owned();
        self.record = plain;
        Ok(())
    }
}

/// Where the bytes of a fragment lie.
struct Place {
    start: u64,
    size: u64,
}

impl Place {
    const fn len(&self) -> usize {
        self.size as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lays records out as a writer does.
    fn segment(records: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let page = PAGE_BYTES as usize;
        let mut file = Vec::new();
        for (flags, record) in records {
            let mut rest: &[u8] = record;
            let mut begun = false;
            loop {
                let left = page - file.len() % page;
                if left < HEADER_BYTES as usize {
                    file.resize(file.len() + left, 0);
                    continue;
                }
                let (now, later) = rest.split_at(rest.len().min(left - HEADER_BYTES as usize));
                let kind = match (begun, later.is_empty()) {
                    (false, true) => FULL,
                    (false, false) => FIRST,
                    (true, false) => MIDDLE,
                    (true, true) => LAST,
                };
                file.push(kind | flags);
                file.extend((now.len() as u16).to_be_bytes());
                file.extend(crc32c::checksum(now).to_be_bytes());
                file.extend(now);
                rest = later;
                begun = true;
                if rest.is_empty() {
                    break;
                }
            }
        }
        file
    }

    fn read(file: &[u8]) -> (Vec<Vec<u8>>, Option<TsdbError>) {
        let (mut segment, mut records) = (WalSegment::new(file), Vec::new());
        loop {
            match segment.next_record() {
                Ok(Some(record)) => records.push(record.bytes.to_vec()),
                Ok(None) => return (records, None),
                Err(error) => return (records, Some(error)),
            }
        }
    }

    #[test]
    fn records_cross_pages_and_torn_tails_are_errors() {
        let record = |size: usize| (0..size).map(|i| (i % 251) as u8 + 1).collect::<Vec<u8>>();
        let plain = [record(5), record(100_000), record(32_740), record(20), record(1)];
        let snappy = snap::raw::Encoder::new().compress_vec(&record(50_000)).unwrap();
        let zstd = zstd::stream::encode_all(&record(50_000)[..], 1).unwrap();
        let mut records: Vec<(u8, Vec<u8>)> = plain.iter().map(|record| (0, record.clone())).collect();
        records.extend([(SNAPPY, snappy), (ZSTD, zstd)]);
        let file = segment(&records);
        let (read_back, error) = read(&file);
        assert_eq!(error, None);
        let mut wanted = plain.to_vec();
        wanted.extend([record(50_000), record(50_000)]);
        assert_eq!(read_back, wanted);
        // A file may be longer than what was written.
        let mut padded = file.clone();
        padded.resize(file.len().next_multiple_of(PAGE_BYTES as usize) + PAGE_BYTES as usize, 0);
        assert_eq!(read(&padded).0.len(), wanted.len());
        for cut in [1, 6, 11, 13, 40_000, file.len() - 1] {
            let (whole, error) = read(&file[..cut]);
            assert!(whole.len() < wanted.len());
            assert!(error.is_some(), "cut at {cut}");
        }
        let mut damaged = file;
        damaged[40_000] ^= 1;
        let (whole, error) = read(&damaged);
        assert_eq!((whole.len(), error.unwrap().offset), (1, PAGE_BYTES));
    }
}
