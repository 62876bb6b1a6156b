//! Samples in rising time order, byte-aligned: delta of delta of times, and values as steps or XOR.
//!
//! One head byte a sample: two bits say how the time follows, six how the value follows. A constant series at a steady
//! interval costs one byte a sample, an integer counter two or three, one of two decimals three. Every bit is kept.

/// Most bytes of one sample.
pub(crate) const MAX_SAMPLE_BYTES: usize = 19;
/// Value codes: 0 same bits; 1..=36 XOR with (leading zero bytes, significant bytes); then steps of 1..=4 bytes of whole
/// numbers, of hundredths and of thousandths.
const XOR_BASE: [u8; 8] = [1, 9, 16, 22, 27, 31, 34, 36];
const STEP_BASE: u8 = 37;
const SCALES: [f64; 3] = [1.0, 100.0, 1000.0];
const MILLI: i64 = 1_000_000;

/// Where a run of samples stands: what the next sample is told relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Time of the last sample.
    pub(crate) time: i64,
    /// Step from the sample before it; zero at the beginning.
    pub(crate) delta: i64,
    /// Bits of its value.
    pub(crate) bits: u64,
}

impl Position {
    /// Behind a first sample, which stands by itself.
    pub(crate) const fn first(time: i64, bits: u64) -> Self {
        Self { time, delta: 0, bits }
    }

    /// Encodes a sample later than the last and moves on; `None` when the step cannot be told.
    #[inline]
    pub(crate) fn encode(&mut self, time: i64, bits: u64, out: &mut [u8; MAX_SAMPLE_BYTES]) -> Option<usize> {
        let delta = time.checked_sub(self.time)?;
        let mut out = Out { bytes: out, length: 1 };
        let time_code = out.put_time(delta.wrapping_sub(self.delta));
        let value_code = out.put_value(self.bits, bits);
        out.bytes[0] = time_code << 6 | value_code;
        let length = out.length;
        *self = Self { time, delta, bits };
        Some(length)
    }

    /// Decodes the next sample and moves on.
    #[inline]
    pub(crate) fn decode(&mut self, rest: &mut &[u8]) -> (i64, f64) {
        let head = take_byte(rest);
        self.delta = self.delta.wrapping_add(take_time(rest, head >> 6));
        self.time = self.time.wrapping_add(self.delta);
        self.bits = take_value(rest, head & 0x3F, self.bits);
        (self.time, f64::from_bits(self.bits))
    }
}

/// Encodes a value as it follows another; gives its code, which has six bits, and how many bytes of `out` belong to it.
#[inline]
pub(crate) fn encode_value(last: u64, bits: u64, out: &mut [u8; MAX_SAMPLE_BYTES]) -> (u8, usize) {
    let mut out = Out { bytes: out, length: 0 };
    let code = out.put_value(last, bits);
    (code, out.length)
}

/// Decodes a value of [`encode_value`] that came from anywhere.
#[inline]
pub(crate) fn decode_value(rest: &mut &[u8], code: u8, last: u64) -> Option<u64> {
    let length = if code >= STEP_BASE {
        usize::from((code - STEP_BASE) % 4) + 1
    } else {
        XOR_BASE.iter().rposition(|base| *base <= code).map_or(0, |lead| usize::from(code - XOR_BASE[lead]) + 1)
    };
    (rest.len() >= length).then(|| take_value(rest, code, last))
}

struct Out<'a> {
    bytes: &'a mut [u8; MAX_SAMPLE_BYTES],
    length: usize,
}

impl Out<'_> {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    fn extend(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    #[inline]
    fn put_time(&mut self, change: i64) -> u8 {
        if change == 0 {
            return 0;
        }
        if change % MILLI != 0 {
            self.put_varint(zigzag(change));
            return 3;
        }
        let millis = change / MILLI;
        if let Ok(small) = i8::try_from(millis) {
            self.push(small as u8);
            1
        } else {
            self.put_varint(zigzag(millis));
            2
        }
    }

    #[inline]
    fn put_value(&mut self, last: u64, bits: u64) -> u8 {
        if bits == last {
            return 0;
        }
        for (kind, scale) in SCALES.into_iter().enumerate() {
            let Some(step) = step(last, bits, scale) else { continue };
            let encoded = zigzag(step);
            let length = 8 - (encoded.leading_zeros() / 8) as usize;
            if length <= 4 {
                self.extend(&encoded.to_le_bytes()[..length]);
                return STEP_BASE + 4 * kind as u8 + length as u8 - 1;
            }
        }
        let xor = bits ^ last;
        let lead = (xor.leading_zeros() / 8) as usize;
        let length = 8 - lead - (xor.trailing_zeros() / 8) as usize;
        self.extend(&xor.to_be_bytes()[lead..lead + length]);
        XOR_BASE[lead] + length as u8 - 1
    }
}

/// The step between two values in units of `1 / scale`, when both are whole in it and the second comes back exactly.
#[inline]
fn step(from: u64, to: u64, scale: f64) -> Option<i64> {
    if scale == 1.0 {
        return Some(integer(to)? - integer(from)?);
    }
    let (from, to) = (scaled(from, scale)?, scaled(to, scale)?);
    Some(to - from)
}

/// A value in units of `1 / scale`, when that says every bit of it.
#[inline]
fn scaled(bits: u64, scale: f64) -> Option<i64> {
    let whole = (f64::from_bits(bits) * scale).round();
    if whole.abs() > 1e15 || whole.is_nan() {
        return None;
    }
    // Through the integer, so that negative zero does not pass.
    let whole = whole as i64;
    ((whole as f64 / scale).to_bits() == bits).then_some(whole)
}

fn integer(bits: u64) -> Option<i64> {
    let value = f64::from_bits(bits);
    let whole = value as i64;
    // Beyond 2^53 neighbouring integers share a float, so a step would not be exact.
    (whole.unsigned_abs() <= 1 << 53 && (whole as f64).to_bits() == bits).then_some(whole)
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
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
        let (kind, length) = ((code - STEP_BASE) / 4, usize::from((code - STEP_BASE) % 4) + 1);
        let mut bytes = [0u8; 8];
        bytes.iter_mut().take(length).for_each(|byte| *byte = take_byte(rest));
        let step = unzigzag(u64::from_le_bytes(bytes));
        if kind == 0 {
            return ((f64::from_bits(previous) as i64).wrapping_add(step) as f64).to_bits();
        }
        let scale = SCALES.get(usize::from(kind)).copied().unwrap_or(1.0);
        let whole = (f64::from_bits(previous) * scale).round() as i64;
        return (whole.wrapping_add(step) as f64 / scale).to_bits();
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
        let mut bytes = Vec::new();
        let (first_time, first) = samples[0];
        let mut position = Position::first(first_time, first.to_bits());
        for (time, value) in &samples[1..] {
            let mut out = [0; MAX_SAMPLE_BYTES];
            let length = position.encode(*time, value.to_bits(), &mut out).unwrap();
            bytes.extend_from_slice(&out[..length]);
        }
        let mut position = Position::first(first_time, first.to_bits());
        let mut rest = bytes.as_slice();
        for (time, value) in &samples[1..] {
            let (found, bits) = position.decode(&mut rest);
            assert_eq!((found, bits.to_bits()), (*time, value.to_bits()));
        }
        assert!(rest.is_empty());
        bytes.len()
    }

    #[test]
    fn steady_series_are_small() {
        let at = |i: i64| i * 15_000 * MILLI;
        let counter: Vec<_> = (0..240).map(|i| (at(i), (i * 37) as f64)).collect();
        assert!(round_trip(&counter) < 2 * 240 + 10);
        let constant: Vec<_> = (0..240).map(|i| (at(i), 0.25)).collect();
        assert!(round_trip(&constant) < 240 + 10);
        let seconds: Vec<_> = (0..240).map(|i| (at(i), (i * 1234) as f64 / 100.0)).collect();
        assert!(round_trip(&seconds) < 3 * 240 + 10);
    }

    proptest! {
        #[test]
        fn every_bit_survives(
            steps in proptest::collection::vec((1i64..1 << 50, any::<u64>(), 0u8..5), 1..600),
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
                        4 => (((bits % 100_000_000) as f64) / 100.0).to_bits(),
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
