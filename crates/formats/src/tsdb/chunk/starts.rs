//! Start times inside a chunk: when the counter began, written only from the sample on at which it is known or changes.

use super::varbit;
use crate::xor_chunk::{BitReader, ChunkError};

/// What the header byte says, and the start time so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Starts {
    /// Whether the first sample has one.
    first_known: bool,
    /// Index of the first sample from which on every sample has one; 0 is none.
    from: usize,
    /// Start of the sample read last, milliseconds.
    start: i64,
    /// Time of the sample before, less the start.
    distance: i64,
}

impl Starts {
    /// No start times.
    pub(super) const NONE: Self = Self { first_known: false, from: 0, start: 0, distance: 0 };

    /// What the header byte says.
    pub(super) const fn of(header: u8) -> Self {
        Self { first_known: header & 0x80 != 0, from: (header & 0x7F) as usize, ..Self::NONE }
    }

    /// Reads what follows the sample of an index, and gives its start.
    pub(super) fn read(
        &mut self,
        from: &mut BitReader<'_>,
        index: usize,
        (before, time): (i64, i64),
    ) -> Result<i64, ChunkError> {
        if index == 0 {
            if self.first_known {
                self.start = time.wrapping_sub(from.varint()?);
            }
        } else if self.from > 0 && index >= self.from {
            let change = varbit::read_signed(from)?;
            self.distance = if index == self.from { change } else { self.distance.wrapping_add(change) };
            self.start = before.wrapping_sub(self.distance);
        }
        Ok(self.start)
    }
}
