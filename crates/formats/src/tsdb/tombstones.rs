//! `tombstones`: the time ranges that were deleted from a block's series but still lie in its chunks.

use gw_base::Map;

use super::cursor::Cursor;
use super::{Fault, TsdbError};
use crate::crc32c;

/// First bytes of the file.
const MAGIC: u32 = 0x0130_BA30;
/// The one version.
const VERSION: u8 = 1;
/// Bytes of magic and version.
const HEADER_BYTES: usize = 5;
/// Bytes of the checksum at the end.
const CHECKSUM_BYTES: usize = 4;

/// A deleted range of times, milliseconds, both ends inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// First time.
    pub min: i64,
    /// Last time.
    pub max: i64,
}

/// Deleted ranges by series reference.
#[derive(Debug, Clone, Default)]
pub struct Tombstones {
    by_series: Map<u64, Vec<Interval>>,
}

impl Tombstones {
    /// Reads the file.
    ///
    /// # Errors
    /// [`TsdbError`] when it is another file, damaged or cut off.
    pub fn decode(bytes: &[u8]) -> Result<Self, TsdbError> {
        let what = "tombstones";
        let mut cursor = Cursor::new(what, 0, bytes);
        let magic = cursor.u32()?;
        if magic != MAGIC {
            return Err(TsdbError::new(what, 0, Fault::Magic(magic)));
        }
        let version = cursor.u8()?;
        if version != VERSION {
            return Err(TsdbError::new(what, 4, Fault::Version(version)));
        }
        let end = bytes.len().checked_sub(CHECKSUM_BYTES).filter(|end| *end >= HEADER_BYTES);
        let end = end.ok_or(cursor.error(Fault::Truncated))?;
        let body = cursor.take(end - HEADER_BYTES)?;
        cursor.checksum(body)?;
        let mut stones = Self::default();
        let mut cursor = Cursor::new(what, HEADER_BYTES as u64, body);
        while !cursor.is_empty() {
            let series = cursor.uvarint()?;
            stones.add(series, Interval { min: cursor.varint()?, max: cursor.varint()? });
        }
        Ok(stones)
    }

    /// Writes a file without any.
    #[must_use]
    pub fn encode_none() -> Vec<u8> {
        let mut bytes = MAGIC.to_be_bytes().to_vec();
        bytes.push(VERSION);
        bytes.extend(crc32c::checksum(&[]).to_be_bytes());
        bytes
    }

    /// Adds a deleted range.
    pub fn add(&mut self, series: u64, interval: Interval) {
        self.by_series.entry(series).or_default().push(interval);
    }

    /// The deleted ranges of a series, in the order of the file.
    #[must_use]
    pub fn of(&self, series: u64) -> &[Interval] {
        self.by_series.get(&series).map_or(&[], Vec::as_slice)
    }

    /// Number of deleted ranges.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_series.values().map(Vec::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_series.is_empty()
    }
}

/// Whether one of the ranges holds the time.
#[must_use]
pub fn covers(intervals: &[Interval], time: i64) -> bool {
    intervals.iter().any(|interval| (interval.min..=interval.max).contains(&time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_damage_is_named() {
        assert!(Tombstones::decode(&Tombstones::encode_none()).unwrap().is_empty());
        let body = [0x91, 0x4E, 2, 4];
        let mut file = Tombstones::encode_none();
        file.truncate(HEADER_BYTES);
        file.extend(body);
        file.extend(crc32c::checksum(&body).to_be_bytes());
        let stones = Tombstones::decode(&file).unwrap();
        assert_eq!(stones.of(10_001), [Interval { min: 1, max: 2 }]);
        assert!(covers(stones.of(10_001), 2) && !covers(stones.of(10_001), 3));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(Tombstones::decode(&damaged).is_err(), "byte {at}");
            assert!(Tombstones::decode(&file[..at]).is_err(), "cut at {at}");
        }
    }
}
