//! Streams of bits, most significant bit first, as the chunks of Prometheus' storage have them.

use super::ChunkError;

/// Appends bits to bytes.
#[derive(Debug, Clone, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are still free.
    free: u32,
}

impl BitWriter {
    /// Continues after whole bytes.
    #[must_use]
    pub const fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, free: 0 }
    }

    /// Appends the lowest `count` bits of `value`, 64 at most.
    #[inline]
    pub fn bits(&mut self, value: u64, count: u32) {
        debug_assert!(count <= 64, "a word has 64 bits");
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let take = left.min(self.free);
            let part = (value >> (left - take)) & ((1 << take) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part as u8) << (self.free - take);
            }
            self.free -= take;
            left -= take;
        }
    }

    /// Appends one bit.
    #[inline]
    pub fn bit(&mut self, set: bool) {
        self.bits(u64::from(set), 1);
    }

    /// Appends an unsigned variable-length integer, byte by byte.
    pub fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bits(value & 0x7F | 0x80, 8);
            value >>= 7;
        }
        self.bits(value, 8);
    }

    /// Appends a signed variable-length integer.
    pub fn varint(&mut self, value: i64) {
        self.uvarint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// The bytes so far; the last one is filled up with zero bits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, to be changed in place.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The finished bytes.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes bits from bytes.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits taken so far.
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Reads from the first bit on.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits, 64 at most, as the lowest bits of a word.
    ///
    /// # Errors
    /// [`ChunkError::Truncated`] when fewer are left; as in all of these.
    #[inline]
    pub fn bits(&mut self, count: u32) -> Result<u64, ChunkError> {
        debug_assert!(count <= 64, "a word has 64 bits");
        let (mut value, mut left) = (0u64, count);
        while left > 0 {
            let byte = *self.bytes.get(self.at / 8).ok_or(ChunkError::Truncated)?;
            let available = 8 - (self.at % 8) as u32;
            let take = left.min(available);
            let part = (u64::from(byte) >> (available - take)) & ((1 << take) - 1);
            value = value << take | part;
            self.at += take as usize;
            left -= take;
        }
        Ok(value)
    }

    /// One bit.
    #[inline]
    pub fn bit(&mut self) -> Result<bool, ChunkError> {
        Ok(self.bits(1)? == 1)
    }

    /// An unsigned variable-length integer.
    pub fn uvarint(&mut self) -> Result<u64, ChunkError> {
        let mut value = 0u64;
        for i in 0..10 {
            let byte = self.bits(8)?;
            value |= (byte & 0x7F) << (7 * i);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ChunkError::Varint)
    }

    /// A signed variable-length integer.
    pub fn varint(&mut self) -> Result<i64, ChunkError> {
        self.uvarint().map(crate::protobuf::zigzag)
    }
}
