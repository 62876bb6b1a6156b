//! A run of samples in rising time order, byte-aligned: delta of delta of times, and values as integer steps or XOR.
//!
//! One head byte a sample: two bits say how the time follows, six how the value follows. A constant series at a steady
//! interval costs one byte a sample, an integer counter two or three. Every bit of a value is kept.

/// Samples after which a chunk is closed, so that reads of short ranges skip most of a series.
const MAX_SAMPLES: u32 = 240;
/// Value codes: 0 same bits; 1..=36 XOR with (leading zero bytes, significant bytes); 37..=40 integer step of 1..=4 bytes.
const XOR_BASE: [u8; 8] = [1, 9, 16, 22, 27, 31, 34, 36];
const STEP_BASE: u8 = 37;
const MILLI: i64 = 1_000_000;

/// An append-only chunk.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    count: u32,
    first_time: i64,
    first_value: u64,
    last_time: i64,
    last_delta: i64,
    last_value: u64,
}

impl Chunk {
    /// A chunk of one sample.
    pub(crate) const fn new(time: i64, value: f64) -> Self {
        let bits = value.to_bits();
        Self {
            bytes: Vec::new(),
            count: 1,
            first_time: time,
            first_value: bits,
            last_time: time,
            last_delta: 0,
            last_value: bits,
        }
    }

    /// Appends a sample later than the last; `false` when the chunk is full.
    pub(crate) fn push(&mut self, time: i64, value: f64) -> bool {
        debug_assert!(time > self.last_time, "the caller keeps times rising");
        let Some(delta) = time.checked_sub(self.last_time) else { return false };
        if self.count >= MAX_SAMPLES {
            self.bytes.shrink_to_fit();
            return false;
        }
        let head_at = self.bytes.len();
        self.bytes.push(0);
        let time_code = self.put_time(delta.wrapping_sub(self.last_delta));
        let value_code = self.put_value(value.to_bits());
        self.bytes[head_at] = time_code << 6 | value_code;
        (self.last_time, self.last_delta, self.last_value) = (time, delta, value.to_bits());
        self.count += 1;
        true
    }

    /// First and last time.
    pub(crate) const fn bounds(&self) -> (i64, i64) {
        (self.first_time, self.last_time)
    }

    /// The last value's bits.
    pub(crate) const fn last_bits(&self) -> u64 {
        self.last_value
    }

    /// Encoded bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The samples in time order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, f64)> + '_ {
        let (mut rest, mut time, mut delta, mut bits) =
            (self.bytes.as_slice(), self.first_time, 0i64, self.first_value);
        (0..self.count).map(move |i| {
            if i > 0 {
                let head = take_byte(&mut rest);
                delta = delta.wrapping_add(take_time(&mut rest, head >> 6));
                time = time.wrapping_add(delta);
                bits = take_value(&mut rest, head & 0x3F, bits);
            }
            (time, f64::from_bits(bits))
        })
    }

    fn put_time(&mut self, change: i64) -> u8 {
        if change == 0 {
            0
        } else if change % MILLI == 0 {
            let millis = change / MILLI;
            if let Ok(small) = i8::try_from(millis) {
                self.bytes.push(small as u8);
                1
            } else {
                put_varint(&mut self.bytes, zigzag(millis));
                2
            }
        } else {
            put_varint(&mut self.bytes, zigzag(change));
            3
        }
    }

    fn put_value(&mut self, bits: u64) -> u8 {
        if bits == self.last_value {
            return 0;
        }
        if let Some(step) = integer_step(self.last_value, bits) {
            let encoded = zigzag(step);
            let length = 8 - (encoded.leading_zeros() / 8) as usize;
            if length <= 4 {
                self.bytes.extend_from_slice(&encoded.to_le_bytes()[..length]);
                return STEP_BASE + length as u8 - 1;
            }
        }
        let xor = bits ^ self.last_value;
        let lead = (xor.leading_zeros() / 8) as usize;
        let length = 8 - lead - (xor.trailing_zeros() / 8) as usize;
        self.bytes.extend_from_slice(&xor.to_be_bytes()[lead..lead + length]);
        XOR_BASE[lead] + length as u8 - 1
    }
}

fn integer(bits: u64) -> Option<i64> {
    let value = f64::from_bits(bits);
    let whole = value as i64;
    // Beyond 2^53 neighbouring integers share a float, so a step would not be exact.
    (whole.unsigned_abs() <= 1 << 53 && (whole as f64).to_bits() == bits).then_some(whole)
}

fn integer_step(from: u64, to: u64) -> Option<i64> {
    Some(integer(to)? - integer(from)?)
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_byte(rest: &mut &[u8]) -> u8 {
    let (byte, tail) = rest.split_first().expect("a chunk has the bytes that its head bytes announce");
    *rest = tail;
    *byte
}

fn take_varint(rest: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0u64, 0);
    loop {
        let byte = take_byte(rest);
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return value;
        }
        shift += 7;
    }
}

fn take_time(rest: &mut &[u8], code: u8) -> i64 {
    match code {
        0 => 0,
        1 => i64::from(take_byte(rest) as i8) * MILLI,
        2 => unzigzag(take_varint(rest)).wrapping_mul(MILLI),
        _ => unzigzag(take_varint(rest)),
    }
}

fn take_value(rest: &mut &[u8], code: u8, previous: u64) -> u64 {
    if code == 0 {
        return previous;
    }
    if code >= STEP_BASE {
        let mut bytes = [0u8; 8];
        bytes.iter_mut().take(usize::from(code - STEP_BASE) + 1).for_each(|byte| *byte = take_byte(rest));
        let step = unzigzag(u64::from_le_bytes(bytes));
        return ((f64::from_bits(previous) as i64 + step) as f64).to_bits();
    }
    let lead = XOR_BASE.iter().rposition(|base| *base <= code).unwrap_or(0);
    let length = usize::from(code - XOR_BASE[lead]) + 1;
    let mut bytes = [0u8; 8];
    bytes[lead..lead + length].iter_mut().for_each(|byte| *byte = take_byte(rest));
    previous ^ u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(samples: &[(i64, f64)]) -> usize {
        let mut chunks: Vec<Chunk> = Vec::new();
        for (time, value) in samples {
            if !chunks.last_mut().is_some_and(|chunk| chunk.push(*time, *value)) {
                chunks.push(Chunk::new(*time, *value));
            }
        }
        let back: Vec<(i64, u64)> = chunks.iter().flat_map(Chunk::iter).map(|(t, v)| (t, v.to_bits())).collect();
        let expected: Vec<(i64, u64)> = samples.iter().map(|(t, v)| (*t, v.to_bits())).collect();
        assert_eq!(back, expected);
        chunks.iter().map(Chunk::bytes).sum()
    }

    #[test]
    fn steady_series_are_small() {
        let at = |i: i64| i * 15_000 * MILLI;
        let counter: Vec<_> = (0..240).map(|i| (at(i), (i * 37) as f64)).collect();
        assert!(round_trip(&counter) < 2 * 240 + 10);
        let constant: Vec<_> = (0..240).map(|i| (at(i), 0.25)).collect();
        assert!(round_trip(&constant) < 240 + 10);
    }

    proptest! {
        #[test]
        fn every_bit_survives(
            steps in proptest::collection::vec((1i64..1 << 50, any::<u64>(), 0u8..4), 1..600),
            start in any::<i32>(),
        ) {
            let (mut time, mut previous) = (i64::from(start), 0u64);
            let samples: Vec<(i64, f64)> = steps
                .into_iter()
                .map(|(step, bits, kind)| {
                    time += if kind & 1 == 0 { step } else { (step % 100_000 + 1) * MILLI };
                    let bits = match kind {
                        0 => bits,
                        1 => ((bits % 100_000) as f64).to_bits(),
                        2 => previous,
                        _ => (-((bits >> 12) as f64)).to_bits(),
                    };
                    previous = bits;
                    (time, f64::from_bits(bits))
                })
                .collect();
            round_trip(&samples);
        }
    }
}
