//! Values and times of one series as bits: steps around their median, each as wide as most of them need.
//!
//! A value that is whole in units of 1, 1/10, 1/100 or 1/1000 is kept as that number, any other as its bits; what does not
//! fit the others (a stale marker between counts, a NaN) stands in a list of its own. Steps that are wider than the lane
//! stand in a list too. So every bit comes back, and a lane is decoded by shifts and additions alone.

use crate::part::index::{put, take};

/// Scales by which decimal values become whole; the last one stands for the bits themselves.
const SCALES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
const AS_BITS: u8 = 4;
/// Header flags beside the scale.
const IS_DELTA: u8 = 0x08;
const HAS_WIDE: u8 = 0x10;
const HAS_ODD: u8 = 0x20;
/// Widest lane: a value is read with one load of eight bytes.
const MAX_WIDTH: u32 = 56;
/// Bits that one entry of the list of wide steps costs, roughly.
const WIDE_BITS: usize = 48;
/// Bytes behind the last lane, so that every load stays inside.
pub(crate) const PADDING: usize = 8;

/// Buffers for encoding, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    whole: Vec<i64>,
    odd: Vec<(usize, u64)>,
    steps: Vec<i64>,
    order: Vec<i64>,
}

impl Scratch {
    /// Appends the lane of float values.
    pub(crate) fn values(&mut self, out: &mut Vec<u8>, values: &[f64]) {
        let scale = (0..AS_BITS).find(|scale| self.scale(values, SCALES[usize::from(*scale)]));
        let scale = scale.unwrap_or_else(|| {
            self.odd.clear();
            self.whole.clear();
            self.whole.extend(values.iter().map(|value| value.to_bits() as i64));
            AS_BITS
        });
        self.lane(out, scale);
    }

    /// Appends the lane of rising times.
    pub(crate) fn times(&mut self, out: &mut Vec<u8>, times: &[i64]) {
        self.odd.clear();
        self.whole.clear();
        let in_millis = times.iter().all(|time| time % 1_000_000 == 0);
        self.whole.extend(times.iter().map(|time| if in_millis { time / 1_000_000 } else { *time }));
        self.lane(out, u8::from(in_millis));
    }

    /// Fills `whole` with the values in units of `1 / scale`; `false` when too many do not fit.
    fn scale(&mut self, values: &[f64], scale: f64) -> bool {
        self.whole.clear();
        self.odd.clear();
        let allowed = values.len() / 16 + 1;
        let mut last = 0;
        for (at, value) in values.iter().enumerate() {
            match whole(*value, scale) {
                Some(whole) => last = whole,
                None => {
                    self.odd.push((at, value.to_bits()));
                    if self.odd.len() > allowed {
                        return false;
                    }
                }
            }
            self.whole.push(last);
        }
        true
    }

    fn lane(&mut self, out: &mut Vec<u8>, scale: u8) {
        let mut last = self.whole.first().copied().unwrap_or(0);
        let first = last;
        self.steps.clear();
        for value in &self.whole {
            self.steps.push(value.wrapping_sub(last));
            last = *value;
        }
        let (delta, delta_cost) = choose(&self.steps, &mut self.order);
        let (plain, plain_cost) = choose(&self.whole, &mut self.order);
        let is_delta = delta_cost <= plain_cost;
        let (lane, numbers) = if is_delta { (delta, &self.steps) } else { (plain, &self.whole) };
        let has_wide = numbers.iter().any(|number| zigzag(number.wrapping_sub(lane.middle)) >> lane.width > 0);
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        out.push(scale | flag(is_delta, IS_DELTA) | flag(has_wide, HAS_WIDE) | flag(!self.odd.is_empty(), HAS_ODD));
        if is_delta {
            put(out, zigzag(first));
        }
        put(out, zigzag(lane.middle));
        out.push(lane.width as u8);
        if has_wide {
            put_wide(out, lane, numbers);
        }
        if !self.odd.is_empty() {
            put(out, self.odd.len() as u64);
            for (at, bits) in &self.odd {
                put(out, *at as u64);
                out.extend_from_slice(&bits.to_le_bytes());
            }
        }
        pack(out, lane, numbers);
    }
}

/// A value in units of `1 / scale`, when that says every bit of it.
fn whole(value: f64, scale: f64) -> Option<i64> {
    let whole = (value * scale).round();
    if whole.is_nan() || whole.abs() > 1e15 {
        return None;
    }
    // Through the integer, so that negative zero does not pass.
    let whole = whole as i64;
    ((whole as f64 / scale).to_bits() == value.to_bits()).then_some(whole)
}

/// Numbers around `middle`, each in `width` bits.
#[derive(Debug, Clone, Copy)]
struct Lane {
    middle: i64,
    width: u32,
}

/// The lane that costs least for these numbers, and its bits.
fn choose(numbers: &[i64], order: &mut Vec<i64>) -> (Lane, usize) {
    if numbers.is_empty() {
        return (Lane { middle: 0, width: 0 }, 0);
    }
    order.clear();
    order.extend_from_slice(numbers);
    let middle = *order.select_nth_unstable(numbers.len() / 2).1;
    let mut of_width = [0usize; 65];
    for number in numbers {
        of_width[64 - zigzag(number.wrapping_sub(middle)).leading_zeros() as usize] += 1;
    }
    let mut best = (Lane { middle, width: 0 }, usize::MAX);
    let mut wider = numbers.len();
    for width in 0..=MAX_WIDTH {
        wider -= of_width[width as usize];
        let cost = numbers.len() * width as usize + wider * WIDE_BITS.max(width as usize + 16);
        if cost < best.1 {
            best = (Lane { middle, width }, cost);
        }
    }
    best
}

fn put_wide(out: &mut Vec<u8>, lane: Lane, numbers: &[i64]) {
    let wide =
        numbers.iter().enumerate().map(|(at, number)| (at, zigzag(number.wrapping_sub(lane.middle)) >> lane.width));
    let wide: Vec<(usize, u64)> = wide.filter(|(_, high)| *high > 0).collect();
    put(out, wide.len() as u64);
    let mut last = 0;
    for (at, high) in wide {
        put(out, (at - last) as u64);
        put(out, high);
        last = at;
    }
}

fn pack(out: &mut Vec<u8>, lane: Lane, numbers: &[i64]) {
    if lane.width == 0 {
        return;
    }
    let (mut held, mut bits) = (0u64, 0u32);
    for number in numbers {
        let low = zigzag(number.wrapping_sub(lane.middle)) & ((1u64 << lane.width) - 1);
        held |= low << bits;
        bits += lane.width;
        if bits >= 64 {
            out.extend_from_slice(&held.to_le_bytes());
            bits -= 64;
            held = if bits == 0 { 0 } else { low >> (lane.width - bits) };
        }
    }
    out.extend_from_slice(&held.to_le_bytes()[..bits.div_ceil(8) as usize]);
}

/// A lane before its numbers are unpacked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    flags: u8,
    first: i64,
    lane: Lane,
    count: usize,
    wide: &'a [u8],
    odd: &'a [u8],
    packed: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the lane of `count` numbers at the beginning of `rest`, without its numbers, and moves behind it. `rest` ends
    /// with [`PADDING`].
    pub(crate) fn take(rest: &mut &'a [u8], count: usize) -> Option<Self> {
        let (flags, tail) = rest.split_first()?;
        *rest = tail;
        let first = if flags & IS_DELTA > 0 { unzigzag(take(rest)?) } else { 0 };
        let middle = unzigzag(take(rest)?);
        let (width, tail) = rest.split_first()?;
        *rest = tail;
        let width = u32::from(*width);
        if width > MAX_WIDTH || flags & 7 > AS_BITS {
            return None;
        }
        let wide = if flags & HAS_WIDE > 0 { skip(rest, 0)? } else { &[] };
        let odd = if flags & HAS_ODD > 0 { skip(rest, 8)? } else { &[] };
        let bytes = count.checked_mul(width as usize)?.div_ceil(8);
        let packed = rest.get(..bytes + PADDING)?;
        *rest = &rest[bytes..];
        Some(Self { flags: *flags, first, lane: Lane { middle, width }, count, wide, odd, packed })
    }

    /// Unpacks float values, appended to `out`.
    pub(crate) fn values(&self, numbers: &mut Vec<i64>, out: &mut Vec<f64>) -> Option<()> {
        self.numbers(numbers)?;
        let from = out.len();
        match self.flags & 7 {
            AS_BITS => out.extend(numbers.iter().map(|number| f64::from_bits(*number as u64))),
            0 => out.extend(numbers.iter().map(|number| *number as f64)),
            scale => {
                let scale = SCALES[usize::from(scale)];
                out.extend(numbers.iter().map(|number| *number as f64 / scale));
            }
        }
        let mut odd = self.odd;
        if self.flags & HAS_ODD > 0 {
            for _ in 0..take(&mut odd)? {
                let at = usize::try_from(take(&mut odd)?).ok()?;
                let (bits, tail) = odd.split_first_chunk::<8>()?;
                odd = tail;
                *out.get_mut(from.checked_add(at)?)? = f64::from_bits(u64::from_le_bytes(*bits));
            }
        }
        Some(())
    }

    /// Unpacks times into `out`, which is cleared.
    pub(crate) fn times(&self, out: &mut Vec<i64>) -> Option<()> {
        self.numbers(out)?;
        if self.flags & 7 == 1 {
            out.iter_mut().for_each(|time| *time = time.wrapping_mul(1_000_000));
        }
        Some(())
    }

    fn numbers(&self, out: &mut Vec<i64>) -> Option<()> {
        let Lane { middle, width } = self.lane;
        out.clear();
        out.reserve(self.count);
        let mask = (1u64 << width) - 1;
        if self.flags & HAS_WIDE == 0 {
            out.extend(
                (0..self.count).map(|i| unzigzag(low_bits(self.packed, i * width as usize, mask)).wrapping_add(middle)),
            );
        } else {
            let mut wide = self.wide;
            let mut left = take(&mut wide)?;
            let mut next = if left > 0 { usize::try_from(take(&mut wide)?).ok()? } else { usize::MAX };
            for i in 0..self.count {
                let mut bits = low_bits(self.packed, i * width as usize, mask);
                if i == next {
                    bits |= take(&mut wide)?.checked_shl(width)?;
                    left -= 1;
                    next = if left > 0 { i.checked_add(usize::try_from(take(&mut wide)?).ok()?)? } else { usize::MAX };
                }
                out.push(unzigzag(bits).wrapping_add(middle));
            }
        }
        if self.flags & IS_DELTA > 0 {
            let mut last = self.first;
            for number in out {
                last = last.wrapping_add(*number);
                *number = last;
            }
        }
        Some(())
    }
}

#[inline]
fn low_bits(packed: &[u8], bit: usize, mask: u64) -> u64 {
    let at = bit / 8;
    let word =
        packed.get(at..at + 8).and_then(|bytes| bytes.first_chunk::<8>()).map_or(0, |word| u64::from_le_bytes(*word));
    word >> (bit % 8) & mask
}

/// Moves behind a list of `(varint, bytes)` or `(varint, varint)` and gives it.
fn skip<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let whole = *rest;
    for _ in 0..take(rest)? {
        take(rest)?;
        if bytes == 0 {
            take(rest)?;
        } else {
            *rest = rest.get(bytes..)?;
        }
    }
    whole.get(..whole.len() - rest.len())
}

pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(values: &[f64]) -> usize {
        let mut bytes = Vec::new();
        Scratch::default().values(&mut bytes, values);
        let length = bytes.len();
        bytes.extend([0xAA; PADDING]);
        let mut rest = bytes.as_slice();
        let header = Header::take(&mut rest, values.len()).unwrap();
        let mut found = Vec::new();
        header.values(&mut Vec::new(), &mut found).unwrap();
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!((bits(&found), rest.len()), (bits(values), PADDING));
        length
    }

    #[test]
    fn usual_series_take_the_bits_that_they_need() {
        let counter: Vec<f64> = (0..240).map(|i| f64::from(i * 443 + i * i % 64)).collect();
        assert!(values(&counter) < 240);
        assert!(values(&[1.0; 500]) < 8);
        let mut reset = counter.clone();
        reset[100..].iter_mut().for_each(|value| *value -= 44_000.0);
        assert!(values(&reset) < 260, "one reset is one entry");
        let seconds: Vec<f64> = counter.iter().map(|value| value / 100.0).collect();
        assert!(values(&seconds) < 240);
        let mut ended = counter;
        ended[239] = f64::from_bits(gw_batch::STALE_NAN_BITS);
        assert!(values(&ended) < 260);
        for odd in [&[][..], &[-0.0, 0.0, f64::NAN], &[f64::INFINITY, f64::MIN_POSITIVE, 1e300, -1e300, 5e-324]] {
            values(odd);
        }
    }

    proptest! {
        #[test]
        fn every_bit_survives(kinds in proptest::collection::vec((any::<u64>(), 0u8..6), 0..300), base in any::<i32>()) {
            let mut last = f64::from(base);
            let list: Vec<f64> = kinds.iter().map(|(bits, kind)| {
                last = match kind {
                    0 => f64::from_bits(*bits),
                    1 => (bits % 1_000_000) as f64 / 100.0,
                    2 => -((bits >> 11) as f64),
                    3 => last,
                    _ => (bits % 1000) as f64,
                };
                last
            }).collect();
            values(&list);
            let mut times: Vec<i64> = kinds.iter().map(|(bits, _)| (*bits >> 3) as i64 - (1 << 59)).collect();
            times.sort_unstable();
            let mut bytes = Vec::new();
            Scratch::default().times(&mut bytes, &times);
            bytes.extend([0; PADDING]);
            let mut found = Vec::new();
            Header::take(&mut bytes.as_slice(), times.len()).unwrap().times(&mut found).unwrap();
            prop_assert_eq!(found, times);
        }
    }
}
