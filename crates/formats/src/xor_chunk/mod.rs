//! The XOR chunk of Prometheus' storage, bit by bit: float samples with millisecond times.
//!
//! A chunk is its number of samples (two bytes, big endian) and a stream of bits: times as deltas of deltas, values as the
//! bits that differ from the value before (the coding of Facebook's Gorilla paper with Prometheus' own widths). It is what
//! streamed remote read sends and what a block's chunk files hold. Encoding the same samples gives the same bytes as
//! Prometheus; NaN payloads survive.

mod bits;

pub use bits::{BitReader, BitWriter};

/// Samples of one chunk by convention: Prometheus cuts there.
pub const SAMPLES_PER_CHUNK: usize = 120;
/// Samples that the two bytes of the count can tell.
pub const MAX_SAMPLES: usize = u16::MAX as usize;

/// Bytes of a chunk before its bits.
const HEADER_BYTES: usize = 2;
/// The widths of a delta of deltas, each behind one more set bit.
const DELTA_BITS: [u32; 3] = [14, 17, 20];
/// Wire: five bits tell the leading zeros.
const MOST_LEADING: u32 = 31;

/// Why bytes are not a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// The bytes end before the last sample.
    #[error("chunk is cut off")]
    Truncated,
    /// A variable-length integer of more than ten bytes.
    #[error("chunk varint is too long")]
    Varint,
    /// More than 64 bits for a value.
    #[error("chunk value has {0} leading and {1} significant bits")]
    Width(u32, u32),
}

/// The XOR coding of values: the bits that differ from the value before. Histogram chunks use it for sums.
#[derive(Debug, Clone, Copy, Default)]
pub struct XorValue {
    bits: u64,
    /// Leading and trailing zeros of the window in force; none before the first difference.
    window: Option<(u32, u32)>,
}

impl XorValue {
    /// Starts after a value that stands there in full.
    #[must_use]
    pub const fn after(value: f64) -> Self {
        Self { bits: value.to_bits(), window: None }
    }

    /// The value before.
    #[must_use]
    pub const fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Writes the next value.
    #[inline]
    pub fn write(&mut self, out: &mut BitWriter, value: f64) {
        let difference = value.to_bits() ^ self.bits;
        self.bits = value.to_bits();
        if difference == 0 {
            return out.bit(false);
        }
        let (leading, trailing) = (difference.leading_zeros().min(MOST_LEADING), difference.trailing_zeros());
        match self.window {
            Some((left, right)) if leading >= left && trailing >= right => {
                out.bits(0b10, 2);
                out.bits(difference >> right, 64 - left - right);
            }
            _ => {
                self.window = Some((leading, trailing));
                let significant = 64 - leading - trailing;
                out.bits(0b11, 2);
                out.bits(u64::from(leading), 5);
                // Wire: 64 does not fit into six bits and stands there as 0, which cannot come otherwise.
                out.bits(u64::from(significant), 6);
                out.bits(difference >> trailing, significant);
            }
        }
    }

    /// Reads the next value.
    ///
    /// # Errors
    /// [`ChunkError`] when the bits are none.
    #[inline]
    pub fn read(&mut self, from: &mut BitReader<'_>) -> Result<f64, ChunkError> {
        if !from.bit()? {
            return Ok(self.value());
        }
        let (leading, trailing) = if from.bit()? {
            let leading = from.bits(5)? as u32;
            let significant = match from.bits(6)? as u32 {
                0 => 64,
                bits => bits,
            };
            let trailing = 64u32.checked_sub(leading + significant).ok_or(ChunkError::Width(leading, significant))?;
            *self.window.insert((leading, trailing))
        } else {
            // A first difference without a window is Prometheus' 0xff marker read back: no encoder writes it.
            self.window.ok_or(ChunkError::Width(u32::MAX, 0))?
        };
        self.bits ^= from.bits(64 - leading - trailing)? << trailing;
        Ok(self.value())
    }
}

/// Writes the delta of deltas of a time.
#[inline]
pub fn write_delta_of_delta(out: &mut BitWriter, delta: i64) {
    if delta == 0 {
        return out.bit(false);
    }
    for (i, width) in DELTA_BITS.into_iter().enumerate() {
        let half = 1i64 << (width - 1);
        if (1 - half..=half).contains(&delta) {
            // As many set bits as the width's place, then a clear one.
            let prefix = i as u32 + 1;
            out.bits(((1 << prefix) - 1) << 1, prefix + 1);
            return out.bits(delta.cast_unsigned(), width);
        }
    }
    out.bits(0b1111, 4);
    out.bits(delta.cast_unsigned(), 64);
}

/// Reads the delta of deltas of a time.
///
/// # Errors
/// [`ChunkError::Truncated`].
#[inline]
pub fn read_delta_of_delta(from: &mut BitReader<'_>) -> Result<i64, ChunkError> {
    let mut set = 0;
    while set < 4 && from.bit()? {
        set += 1;
    }
    match set {
        0 => Ok(0),
        4 => Ok(from.bits(64)?.cast_signed()),
        _ => {
            let width = DELTA_BITS[set - 1];
            let bits = from.bits(width)?.cast_signed();
            // Wire: exactly half of the range is positive.
            Ok(if bits > 1 << (width - 1) { bits - (1 << width) } else { bits })
        }
    }
}

/// Builds a chunk sample by sample.
#[derive(Debug, Clone)]
pub struct XorEncoder {
    out: BitWriter,
    count: u16,
    time: i64,
    delta: u64,
    value: XorValue,
}

impl Default for XorEncoder {
    fn default() -> Self {
        let out = BitWriter::after(vec![0; HEADER_BYTES]);
        Self { out, count: 0, time: 0, delta: 0, value: XorValue::default() }
    }
}

impl XorEncoder {
    /// Adds a sample; `false` when the chunk is full. Times are milliseconds and rise.
    pub fn push(&mut self, time: i64, value: f64) -> bool {
        match self.count {
            0 => {
                self.out.varint(time);
                self.out.bits(value.to_bits(), 64);
                self.value = XorValue::after(value);
            }
            1 => {
                self.delta = time.wrapping_sub(self.time).cast_unsigned();
                self.out.uvarint(self.delta);
                self.value.write(&mut self.out, value);
            }
            u16::MAX => return false,
            _ => {
                let delta = time.wrapping_sub(self.time).cast_unsigned();
                write_delta_of_delta(&mut self.out, delta.wrapping_sub(self.delta).cast_signed());
                self.delta = delta;
                self.value.write(&mut self.out, value);
            }
        }
        self.time = time;
        self.count += 1;
        true
    }

    /// Samples so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is no sample.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The finished chunk.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        if let Some(header) = self.out.as_bytes_mut().first_chunk_mut::<HEADER_BYTES>() {
            *header = self.count.to_be_bytes();
        }
        self.out.finish()
    }
}

/// A chunk of samples (time in milliseconds, value). What does not fit after [`MAX_SAMPLES`] is left out: cut before.
#[must_use]
pub fn encode(samples: &[(i64, f64)]) -> Vec<u8> {
    let mut encoder = XorEncoder::default();
    for (time, value) in samples.iter().take(MAX_SAMPLES) {
        encoder.push(*time, *value);
    }
    encoder.finish()
}

/// The samples of a chunk, in its order; ends after the first error.
///
/// # Errors
/// [`ChunkError::Truncated`] for bytes without a header.
pub fn decode(chunk: &[u8]) -> Result<XorDecoder<'_>, ChunkError> {
    let (header, bits) = chunk.split_first_chunk::<HEADER_BYTES>().ok_or(ChunkError::Truncated)?;
    let left = u16::from_be_bytes(*header);
    Ok(XorDecoder { from: BitReader::new(bits), left, read: 0, time: 0, delta: 0, value: XorValue::default() })
}

/// Walks the samples of a chunk.
#[derive(Debug, Clone)]
pub struct XorDecoder<'a> {
    from: BitReader<'a>,
    left: u16,
    read: u16,
    time: i64,
    delta: u64,
    value: XorValue,
}

impl XorDecoder<'_> {
    fn sample(&mut self) -> Result<(i64, f64), ChunkError> {
        let value = match self.read {
            0 => {
                self.time = self.from.varint()?;
                let value = f64::from_bits(self.from.bits(64)?);
                self.value = XorValue::after(value);
                value
            }
            nth => {
                self.delta = if nth == 1 {
                    self.from.uvarint()?
                } else {
                    self.delta.wrapping_add(read_delta_of_delta(&mut self.from)?.cast_unsigned())
                };
                self.time = self.time.wrapping_add(self.delta.cast_signed());
                self.value.read(&mut self.from)?
            }
        };
        self.read += 1;
        Ok((self.time, value))
    }
}

impl Iterator for XorDecoder<'_> {
    type Item = Result<(i64, f64), ChunkError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let sample = self.sample();
        if sample.is_err() {
            self.left = 0;
        }
        Some(sample)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(usize::from(self.left)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(samples: &[(i64, f64)]) {
        let chunk = encode(samples);
        let read: Vec<(i64, u64)> =
            decode(&chunk).unwrap().map(|sample| sample.map(|(t, v)| (t, v.to_bits())).unwrap()).collect();
        let wanted: Vec<(i64, u64)> = samples.iter().map(|(t, v)| (*t, v.to_bits())).collect();
        assert_eq!(read, wanted);
        for cut in 0..chunk.len() {
            let rest = decode(&chunk[..cut]).map(|samples| samples.filter(Result::is_ok).count());
            assert!(rest.is_err() || rest.is_ok_and(|whole| whole < samples.len() || samples.is_empty()), "{cut}");
        }
    }

    #[test]
    fn samples_come_back_with_every_bit() {
        round_trip(&[]);
        round_trip(&[(-5, 1.5)]);
        let stale = f64::from_bits(gw_batch::STALE_NAN_BITS);
        round_trip(&[
            (0, 0.0),
            (15_000, -0.0),
            (30_000, stale),
            (45_001, f64::NAN),
            (45_002, f64::INFINITY),
            (1 << 45, 3.3),
        ]);
        let mut state = 7u64;
        let mut time = 1_700_000_000_000i64;
        let samples: Vec<(i64, f64)> = (0..MAX_SAMPLES / 64)
            .map(|i| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                time += [15_000, 15_001, 1 << 13, (1 << 13) + 15_000, 1 << 16, 1 << 19, 1 << 40][i % 7]
                    + (state >> 61) as i64;
                (time, if i % 3 == 0 { f64::from_bits(state) } else { (state >> 50) as f64 })
            })
            .collect();
        round_trip(&samples);
    }

    #[test]
    fn bits_are_where_the_format_has_them() {
        // Count, time 1000 as varint, 1.0 in full; delta 1000 as uvarint, then a clear bit for the same value; then a set bit
        // pair for no change of the delta and a new window: 1.0 to 2.0 differs in bits 52 to 62.
        let chunk = encode(&[(1000, 1.0), (2000, 1.0), (3000, 2.0)]);
        let mut wanted = vec![0, 3, 0xD0, 0x0F, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xE8, 0x07];
        // 0 | 0 | 11 00001 001011 11111111111
        wanted.extend([0b0011_0000, 0b1001_0111, 0b1111_1111, 0b1100_0000]);
        assert_eq!(chunk, wanted);
    }

    #[test]
    fn hostile_bits_are_errors() {
        // 31 leading and 63 significant bits do not fit into a word.
        let mut out = BitWriter::after(vec![0, 2]);
        out.varint(0);
        out.bits(0, 64);
        out.uvarint(1);
        out.bits(0b11, 2);
        out.bits(31, 5);
        out.bits(63, 6);
        out.bits(0, 64);
        let chunk = out.finish();
        let read: Vec<_> = decode(&chunk).unwrap().collect();
        assert_eq!(read, [Ok((0, 0.0)), Err(ChunkError::Width(31, 63))]);
        assert_eq!(decode(&[0]).err(), Some(ChunkError::Truncated));
    }
}
