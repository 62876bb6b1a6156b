//! Values and times of one series as bits: numbers around their median, the low bits of each in a lane of fixed width.
//!
//! A value that is whole in units of a power of ten is kept as that number, any other as its bits; what does not fit the
//! others (a stale marker between counts, a NaN) stands in a list of its own. Numbers are the values themselves or the steps
//! between them; of steps, those of zero may be told by a bit each and left out. What is above the lane is told in unary where
//! most numbers reach over it (Rice's code, cut in two so that its lane is read without looking for its beginning), and in a
//! list where few do. So every bit comes back, and a lane is decoded by shifts and additions.

use super::encode;
use crate::part::index::take;

/// Scales by which decimal values become whole.
pub(super) const SCALES: [f64; 6] = [1.0, 10.0, 100.0, 1e3, 1e6, 1e9];
/// In their place: the numbers are the bits of the values.
pub(super) const AS_BITS: u8 = 7;
const SCALE: u8 = 0x07;
/// Flags beside the scale.
pub(super) const IS_DELTA: u8 = 0x08;
pub(super) const HAS_WIDE: u8 = 0x10;
pub(super) const HAS_ODD: u8 = 0x20;
pub(super) const HAS_UNARY: u8 = 0x40;
/// Steps of zero stand in a bitmap alone.
pub(super) const HAS_SAME: u8 = 0x80;
/// Flag beside the width: all numbers end in so many zero bits, which are left out.
pub(super) const HAS_SHIFT: u8 = 0x40;
/// Widest lane: a value is read with one load of eight bytes.
pub(super) const MAX_WIDTH: u32 = 56;
/// Bytes behind the last lane, so that every load stays inside.
pub(crate) const PADDING: usize = 8;

pub(crate) use encode::Scratch;

macro_rules! of_width {
    ($($width:literal)*) => { [$(unpack::<$width>),*] };
}

/// A lane before its numbers are unpacked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    flags: u8,
    width: u32,
    shift: u32,
    first: i64,
    middle: i64,
    /// How many values there are, and how many numbers tell them.
    count: usize,
    numbers: usize,
    same: &'a [u8],
    wide: &'a [u8],
    odd: &'a [u8],
    unary: &'a [u8],
    packed: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the lane of `count` numbers at the beginning of `rest`, without its numbers, and moves behind it. `rest` ends
    /// with [`PADDING`].
    pub(crate) fn take(rest: &mut &'a [u8], count: usize) -> Option<Self> {
        let ([flags, width], tail) = rest.split_first_chunk::<2>()?;
        *rest = tail;
        let (flags, has_shift, width) = (*flags, width & HAS_SHIFT > 0, u32::from(width & !HAS_SHIFT));
        let has = |flag: u8| flags & flag > 0;
        if width > MAX_WIDTH || usize::from(flags & SCALE) >= SCALES.len() && flags & SCALE != AS_BITS {
            return None;
        }
        let shift = if has_shift { u32::try_from(take(rest)?).ok().filter(|shift| *shift < 64)? } else { 0 };
        let first = if has(IS_DELTA) { unzigzag(take(rest)?) } else { 0 };
        let middle = unzigzag(take(rest)?);
        let steps = if has(IS_DELTA) { count.saturating_sub(1) } else { count };
        let (mut numbers, mut same): (usize, &[u8]) = (steps, &[]);
        if has(HAS_SAME) {
            numbers = usize::try_from(take(rest)?).ok().filter(|numbers| *numbers <= steps && has(IS_DELTA))?;
            (same, *rest) = rest.split_at_checked(steps.div_ceil(8))?;
            // Also bounds what a reader sets up for a lane of no width.
            if same.iter().map(|byte| byte.count_ones() as usize).sum::<usize>() != numbers {
                return None;
            }
        }
        let wide = if has(HAS_WIDE) { skip(rest, 0)? } else { &[] };
        let odd = if has(HAS_ODD) { skip(rest, 8)? } else { &[] };
        let mut unary: &[u8] = &[];
        if has(HAS_UNARY) {
            let length = usize::try_from(take(rest)?).ok()?;
            (unary, *rest) = rest.split_at_checked(length)?;
        }
        let bytes = numbers.checked_mul(width as usize)?.div_ceil(8);
        let packed = rest.get(..bytes.checked_add(PADDING)?)?;
        *rest = &rest[bytes..];
        Some(Self { flags, width, shift, first, middle, count, numbers, same, wide, odd, unary, packed })
    }

    /// Unpacks float values, appended to `out`.
    pub(crate) fn values(&self, numbers: &mut Vec<i64>, out: &mut Vec<f64>) -> Option<()> {
        self.unpack(numbers)?;
        let from = out.len();
        match self.flags & SCALE {
            AS_BITS => out.extend(numbers.iter().map(|number| f64::from_bits(*number as u64))),
            0 => out.extend(numbers.iter().map(|number| float(*number))),
            scale => {
                let scale = SCALES[usize::from(scale)];
                out.extend(numbers.iter().map(|number| float(*number) / scale));
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
        self.unpack(out)?;
        if self.flags & SCALE == 1 {
            out.iter_mut().for_each(|time| *time = time.wrapping_mul(1_000_000));
        }
        Some(())
    }

    fn unpack(&self, out: &mut Vec<i64>) -> Option<()> {
        let is_delta = self.flags & IS_DELTA > 0;
        out.clear();
        out.resize(self.numbers + usize::from(is_delta), 0);
        // Steps stand behind the value from which they lead on.
        let raw = &mut out[usize::from(is_delta)..];
        UNPACK.get(self.width as usize)?(self.packed, raw);
        if self.flags & HAS_UNARY > 0 {
            add_unary(self.unary, self.width, raw)?;
        }
        if self.flags & HAS_WIDE > 0 {
            add_wide(self.wide, self.width, raw)?;
        }
        let (middle, shift) = (self.middle, self.shift);
        if shift == 0 {
            raw.iter_mut().for_each(|raw| *raw = unzigzag(*raw as u64).wrapping_add(middle));
        } else {
            raw.iter_mut().for_each(|raw| *raw = (unzigzag(*raw as u64) << shift).wrapping_add(middle));
        }
        if self.flags & HAS_SAME > 0 {
            self.spread(out);
        }
        if is_delta {
            out[0] = self.first;
            out.truncate(self.count);
            let mut last = 0i64;
            for number in out {
                last = last.wrapping_add(*number);
                *number = last;
            }
        }
        Some(())
    }

    /// Puts steps where the bitmap has them, from behind, so that none is overwritten before it has moved.
    fn spread(&self, out: &mut Vec<i64>) {
        let mut left = out.len();
        out.resize(self.count, 0);
        for at in (1..self.count).rev() {
            let is_step = self.same[(at - 1) / 8] >> ((at - 1) % 8) & 1;
            // As many bits are set as there are steps.
            left -= usize::from(is_step);
            out[at] = out[left] & -i64::from(is_step);
        }
    }
}

/// A number of at most 10^15 as a float: the lowest bits of the fraction of a power of two, which then goes.
#[inline]
fn float(number: i64) -> f64 {
    const POWER: f64 = 6_755_399_441_055_744.0;
    f64::from_bits((POWER.to_bits()).wrapping_add(number as u64)) - POWER
}

/// Adds to each number what stands in unary: as many zeros as a one follows.
fn add_unary(unary: &[u8], width: u32, raw: &mut [i64]) -> Option<()> {
    let (mut ends, mut begin) = (0u64, 0u64);
    let mut raw = raw.iter_mut();
    for chunk in unary.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let mut word = u64::from_le_bytes(word);
        while word > 0 {
            let at = ends + u64::from(word.trailing_zeros());
            word &= word - 1;
            *raw.next()? |= ((at - begin) << width) as i64;
            begin = at + 1;
        }
        ends += 64;
    }
    raw.next().is_none().then_some(())
}

/// Adds what stands in the list of numbers that are wider than most.
fn add_wide(mut wide: &[u8], width: u32, raw: &mut [i64]) -> Option<()> {
    let mut at = 0usize;
    for _ in 0..take(&mut wide)? {
        at = at.checked_add(usize::try_from(take(&mut wide)?).ok()?)?;
        *raw.get_mut(at)? |= (take(&mut wide)? << width) as i64;
    }
    Some(())
}

/// Fills a slice with the numbers of a lane.
type Unpack = fn(&[u8], &mut [i64]);

/// Of each width.
const UNPACK: [Unpack; MAX_WIDTH as usize + 1] = of_width!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42
    43 44 45 46 47 48 49 50 51 52 53 54 55 56
);

/// Unpacks numbers of `WIDTH` bits: eight of them begin and end with a byte.
fn unpack<const WIDTH: usize>(packed: &[u8], out: &mut [i64]) {
    if WIDTH == 0 {
        return;
    }
    let mask = (1u64 << WIDTH) - 1;
    let (eights, rest) = out.as_chunks_mut::<8>();
    for (eight, bytes) in eights.iter_mut().zip(packed.windows(WIDTH + PADDING).step_by(WIDTH)) {
        for (i, number) in eight.iter_mut().enumerate() {
            *number = low_bits(bytes, i * WIDTH, mask) as i64;
        }
    }
    let first = eights.len() * 8;
    for (i, number) in rest.iter_mut().enumerate() {
        *number = low_bits(packed, (first + i) * WIDTH, mask) as i64;
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
