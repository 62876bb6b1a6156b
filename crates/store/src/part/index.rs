//! The index beside a part: its label sets in sorted order with the rows, times and kinds of content of each, and the
//! checksums of the Parquet object, so that label matching reads no data page and every byte read is verified.

use std::ops::Range;

use arrow_array::RecordBatch;
use gw_base::{Labels, TimeRange};

use super::tally::Tallies;
use crate::StoreError;

/// Rows of one block, and of one page of the Parquet object.
pub(crate) const BLOCK_ROWS: usize = 2048;
/// Bytes under one checksum.
pub(crate) const BLOCK_BYTES: usize = 64 << 10;
/// Largest index that a reader believes, decompressed.
const MAX_RAW_BYTES: usize = 1 << 30;
const MAGIC: [u8; 8] = *b"GwIndex\x02";

/// Some row of the label set is a native histogram.
pub(crate) const HAS_HISTOGRAM: u8 = 1;
/// Some row has a start time.
pub(crate) const HAS_START: u8 = 2;
/// Some row has an exemplar.
pub(crate) const HAS_EXEMPLAR: u8 = 4;

/// The rows of one label set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    label_start: u32,
    label_end: u32,
    /// First row.
    pub(crate) row: u32,
    /// Number of rows.
    pub(crate) rows: u32,
    /// Earliest time.
    pub(crate) min: i64,
    /// Latest time.
    pub(crate) max: i64,
    /// What its rows hold.
    pub(crate) flags: u8,
}

impl Entry {
    /// The rows as a range.
    pub(crate) const fn range(&self) -> Range<usize> {
        self.row as usize..(self.row + self.rows) as usize
    }

    /// Whether some row may lie in the time range.
    pub(crate) fn overlaps(&self, range: TimeRange) -> bool {
        self.min <= range.end.nanos() && range.start.nanos() <= self.max
    }
}

/// A part's index in memory.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    labels: Vec<u8>,
    entries: Vec<Entry>,
    /// Earliest and latest time of each block of [`BLOCK_ROWS`] rows.
    marks: Vec<(i64, i64)>,
    marked: usize,
    checksums: Vec<u32>,
    tallies: Tallies,
}

impl Index {
    /// Appends the next label set in order, or extends the last one when it is the same.
    pub(crate) fn push(&mut self, labels: &Labels, rows: u32, bounds: (i64, i64), flags: u8) {
        if let Some(last) = self.entries.last_mut()
            && self.labels[last.label_start as usize..last.label_end as usize] == *labels.as_bytes()
        {
            last.rows += rows;
            last.min = last.min.min(bounds.0);
            last.max = last.max.max(bounds.1);
            last.flags |= flags;
            return;
        }
        let row = self.entries.last().map_or(0, |last| last.row + last.rows);
        let label_start = self.labels.len() as u32;
        self.labels.extend_from_slice(labels.as_bytes());
        let label_end = self.labels.len() as u32;
        self.entries.push(Entry { label_start, label_end, row, rows, min: bounds.0, max: bounds.1, flags });
    }

    /// Notes the times of the next rows in order.
    pub(crate) fn mark(&mut self, times: &[i64]) {
        for time in times {
            if self.marked.is_multiple_of(BLOCK_ROWS) {
                self.marks.push((*time, *time));
            }
            if let Some((min, max)) = self.marks.last_mut() {
                (*min, *max) = ((*min).min(*time), (*max).max(*time));
            }
            self.marked += 1;
        }
    }

    /// The parts of a row range whose blocks may hold rows of the time range, appended to `out` and joined where they meet.
    pub(crate) fn prune(&self, rows: Range<usize>, range: TimeRange, out: &mut Vec<Range<usize>>) {
        let (start, end) = (range.start.nanos(), range.end.nanos());
        let mut at = rows.start;
        while at < rows.end {
            let block = at / BLOCK_ROWS;
            let next = ((block + 1) * BLOCK_ROWS).min(rows.end);
            if self.marks.get(block).is_some_and(|(min, max)| *min <= end && start <= *max) {
                match out.last_mut() {
                    Some(last) if last.end == at => last.end = next,
                    _ => out.push(at..next),
                }
            }
            at = next;
        }
    }

    /// Notes log lines, to be counted without being read. To be called before their label sets are pushed.
    pub(crate) fn tally(&mut self, records: &RecordBatch, runs: &[(Labels, usize)]) {
        let goes_on = runs.first().zip(self.entries.last());
        let goes_on = goes_on.is_some_and(|((labels, _), last)| self.label_bytes(last) == labels.as_bytes());
        self.tallies.push(records, runs, goes_on);
    }

    /// What is known of log lines without reading them.
    pub(crate) const fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// Takes the checksums of the finished Parquet object.
    pub(crate) fn seal(&mut self, data: &[u8]) {
        self.checksums = data.chunks(BLOCK_BYTES).map(crc32fast::hash).collect();
    }

    /// The entries in label order, which is row order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The canonical label bytes of an entry.
    pub(crate) fn label_bytes(&self, entry: &Entry) -> &[u8] {
        &self.labels[entry.label_start as usize..entry.label_end as usize]
    }

    /// The labels of an entry.
    pub(crate) fn labels(&self, entry: &Entry) -> Labels {
        Labels::from_bytes(self.label_bytes(entry)).unwrap_or_default()
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.entries.last().map_or(0, |last| last.range().end)
    }

    /// Whether a block of the Parquet object is as it was written.
    pub(crate) fn verifies(&self, block: usize, bytes: &[u8]) -> bool {
        self.checksums.get(block).is_some_and(|checksum| *checksum == crc32fast::hash(bytes))
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.labels.len()
            + self.entries.len() * size_of::<Entry>()
            + self.checksums.len() * 4
            + self.marks.len() * 16
            + self.tallies.bytes()
    }

    /// The object's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut raw = Vec::with_capacity(self.labels.len() + self.entries.len() * 24);
        put(&mut raw, self.entries.len() as u64);
        for entry in &self.entries {
            let labels = self.label_bytes(entry);
            put(&mut raw, labels.len() as u64);
            raw.extend_from_slice(labels);
            put(&mut raw, u64::from(entry.rows));
            raw.extend_from_slice(&entry.min.to_le_bytes());
            put(&mut raw, entry.max.wrapping_sub(entry.min) as u64);
            raw.push(entry.flags);
        }
        put(&mut raw, self.marks.len() as u64);
        for (min, max) in &self.marks {
            raw.extend_from_slice(&min.to_le_bytes());
            put(&mut raw, max.wrapping_sub(*min) as u64);
        }
        put(&mut raw, self.checksums.len() as u64);
        self.checksums.iter().for_each(|checksum| raw.extend_from_slice(&checksum.to_le_bytes()));
        self.tallies.encode(&mut raw);
        packed(MAGIC, &raw, 3)
    }

    /// Reads [`Index::encode`]'s bytes; `path` is for the error.
    pub(crate) fn decode(path: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let raw = unpacked(path, MAGIC, bytes)?;
        Self::parse(&raw).ok_or_else(|| malformed(path))
    }

    fn parse(mut rest: &[u8]) -> Option<Self> {
        let mut index = Self::default();
        let mut row = 0u32;
        for _ in 0..take(&mut rest)? {
            let length = usize::try_from(take(&mut rest)?).ok()?;
            let (labels, tail) = rest.split_at_checked(length)?;
            rest = tail;
            let label_start = u32::try_from(index.labels.len()).ok()?;
            index.labels.extend_from_slice(labels);
            let rows = u32::try_from(take(&mut rest)?).ok()?;
            let (min, max) = take_bounds(&mut rest)?;
            let (flags, tail) = rest.split_first()?;
            rest = tail;
            let label_end = u32::try_from(index.labels.len()).ok()?;
            index.entries.push(Entry { label_start, label_end, row, rows, min, max, flags: *flags });
            row = row.checked_add(rows)?;
        }
        for _ in 0..take(&mut rest)? {
            index.marks.push(take_bounds(&mut rest)?);
        }
        index.marked = row as usize;
        for _ in 0..take(&mut rest)? {
            let (checksum, tail) = rest.split_first_chunk::<4>()?;
            rest = tail;
            index.checksums.push(u32::from_le_bytes(*checksum));
        }
        index.tallies = Tallies::parse(&mut rest)?;
        index.labels.shrink_to_fit();
        index.entries.shrink_to_fit();
        rest.is_empty().then_some(index)
    }
}

/// An index object: what it is, and its bytes compressed.
pub(super) fn packed(magic: [u8; 8], raw: &[u8], level: i32) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend_from_slice(&zstd::bulk::compress(raw, level).expect("compressing memory to memory cannot fail"));
    bytes
}

/// Reads [`packed`]'s bytes; `path` is for the error.
pub(super) fn unpacked(path: &str, magic: [u8; 8], bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let packed = bytes.strip_prefix(&magic).ok_or_else(|| malformed(path))?;
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten().ok_or_else(|| malformed(path))?;
    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_RAW_BYTES).ok_or_else(|| malformed(path))?;
    zstd::bulk::decompress(packed, size).map_err(|error| StoreError::damaged(path, error))
}

/// An index that cannot be read.
pub(super) fn malformed(path: &str) -> StoreError {
    StoreError::damaged(path, "index does not decode")
}

/// Reads an earliest time and how much later the latest is.
pub(super) fn take_bounds(rest: &mut &[u8]) -> Option<(i64, i64)> {
    let (min, tail) = rest.split_first_chunk::<8>()?;
    *rest = tail;
    let min = i64::from_le_bytes(*min);
    Some((min, min.wrapping_add(take(rest)? as i64)))
}

/// Appends a varint.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads a varint.
pub(crate) fn take(rest: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0u64, 0);
    loop {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7F).checked_shl(shift)?;
        if *byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_refuses_damage() {
        let mut index = Index::default();
        index.push(&Labels::from_pairs([("a", "1")]), 3, (5, i64::MAX), HAS_START);
        index.push(&Labels::from_pairs([("a", "2")]), 2, (-7, 9), 0);
        index.push(&Labels::from_pairs([("a", "2")]), 4, (-9, 3), HAS_HISTOGRAM);
        index.mark(&[5, 6, i64::MAX, -7, 9, 0, -9, 3, 3]);
        index.seal(&vec![1; BLOCK_BYTES + 1]);
        let bytes = index.encode();
        assert_eq!(Index::decode("x", &bytes).unwrap(), index);
        assert_eq!((index.entries().len(), index.rows(), index.entries()[1].min), (2, 9, -9));
        let mut ranges = Vec::new();
        index.prune(2..9, TimeRange::ALL, &mut ranges);
        assert_eq!(ranges.as_slice(), std::slice::from_ref(&(2..9)));
        assert!(index.verifies(1, &[1]) && !index.verifies(1, &[2]) && !index.verifies(2, &[]));
        for cut in 0..bytes.len() {
            assert!(Index::decode("x", &bytes[..cut]).is_err());
        }
    }
}
