//! Float samples with start times: one prefix says both how the time's step changed and whether the value did.

use gw_batch::STALE_NAN_BITS;

use super::starts::Starts;
use super::{Fault, Sample, Value};
use crate::xor_chunk::{BitReader, ChunkError};

/// Bytes before the bits: number of samples, header of start times.
const HEADER_BYTES: usize = 3;
/// Leading zeros beyond this cannot be told.
const WORD: u32 = 64;

/// Hands out the samples of a chunk.
pub(super) fn decode(chunk: &[u8], mut emit: impl FnMut(Sample)) -> Result<(), Fault> {
    let (header, bits) = chunk.split_first_chunk::<HEADER_BYTES>().ok_or(ChunkError::Truncated)?;
    let [high, low, starts] = *header;
    let mut reader = Reader { from: BitReader::new(bits), time: 0, step: 0, base: 0, window: None };
    let mut starts = Starts::of(starts);
    for index in 0..usize::from(u16::from_be_bytes([high, low])) {
        let before = reader.time;
        let value = match index {
            0 => reader.first()?,
            1 => {
                let step = reader.from.uvarint()?;
                reader.advance(step.cast_signed());
                reader.value()?
            }
            _ => reader.later()?,
        };
        let start = starts.read(&mut reader.from, index, (before, reader.time))?;
        emit(Sample { time: reader.time, start, value: Value::Float(value) });
    }
    Ok(())
}

struct Reader<'a> {
    from: BitReader<'a>,
    time: i64,
    step: i64,
    /// Bits of the last value that was no stale marker.
    base: u64,
    window: Option<(u32, u32)>,
}

impl Reader<'_> {
    fn first(&mut self) -> Result<f64, ChunkError> {
        self.time = self.from.varint()?;
        let bits = self.from.bits(WORD)?;
        if bits != STALE_NAN_BITS {
            self.base = bits;
        }
        Ok(f64::from_bits(bits))
    }

    fn later(&mut self) -> Result<f64, ChunkError> {
        let mut set = 0;
        while set < 5 && self.from.bit()? {
            set += 1;
        }
        let width = match set {
            2 => 13,
            3 => 20,
            4 => WORD,
            _ => {
                self.advance(0);
                return match set {
                    0 => Ok(f64::from_bits(self.base)),
                    1 => self.changed(),
                    _ => Ok(f64::from_bits(STALE_NAN_BITS)),
                };
            }
        };
        let bits = self.from.bits(width)?;
        let unused = WORD - width;
        self.advance((bits << unused).cast_signed() >> unused);
        self.value()
    }

    /// Moves the time on by a step that is `change` longer than the one before.
    const fn advance(&mut self, change: i64) {
        self.step = self.step.wrapping_add(change);
        self.time = self.time.wrapping_add(self.step);
    }

    /// A value that may be the one before, or the stale marker.
    fn value(&mut self) -> Result<f64, ChunkError> {
        if !self.from.bit()? {
            return Ok(f64::from_bits(self.base));
        }
        if !self.from.bit()? {
            return self.in_window();
        }
        if self.from.bit()? {
            return Ok(f64::from_bits(STALE_NAN_BITS));
        }
        self.new_window()
    }

    /// A value known to differ.
    fn changed(&mut self) -> Result<f64, ChunkError> {
        if self.from.bit()? { self.new_window() } else { self.in_window() }
    }

    fn new_window(&mut self) -> Result<f64, ChunkError> {
        let leading = self.from.bits(5)? as u32;
        let significant = match self.from.bits(6)? as u32 {
            0 => WORD,
            bits => bits,
        };
        let trailing = WORD.checked_sub(leading + significant).ok_or(ChunkError::Width(leading, significant))?;
        self.window = Some((leading, trailing));
        self.in_window()
    }

    fn in_window(&mut self) -> Result<f64, ChunkError> {
        let (leading, trailing) = self.window.ok_or(ChunkError::Width(u32::MAX, 0))?;
        self.base ^= self.from.bits(WORD - leading - trailing)? << trailing;
        Ok(f64::from_bits(self.base))
    }
}
