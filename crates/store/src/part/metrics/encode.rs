//! Writes lanes: looks for the form in which the numbers of a series take least.

use super::lanes::{AS_BITS, HAS_ODD, HAS_SAME, HAS_SHIFT, HAS_UNARY, HAS_WIDE, IS_DELTA, MAX_WIDTH, SCALES, zigzag};
use crate::part::index::put;

/// Bits that an entry of the list of wide numbers costs, beside those of the number.
const WIDE_BITS: usize = 13;
/// A number that would take this many zeros stands in the list instead.
const MAX_ZEROS: u32 = 16;

/// Widest lane with something in unary above it: sums of wider numbers could overflow.
const MAX_UNARY_WIDTH: usize = 32;

/// Buffers for encoding, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    whole: Vec<i64>,
    odd: Vec<(usize, u64)>,
    steps: Vec<i64>,
    changes: Vec<i64>,
    order: Vec<i64>,
}

/// How numbers are told: around `middle`, without `shift` zero bits, the lowest `width` bits of each in the lane, those above
/// in unary or in a list.
#[derive(Debug, Clone, Copy)]
struct Form {
    middle: i64,
    shift: u32,
    width: u32,
    is_unary: bool,
    cost: usize,
}

impl Scratch {
    /// Appends the lane of float values.
    pub(crate) fn values(&mut self, out: &mut Vec<u8>, values: &[f64]) {
        let scale = SCALES.iter().position(|scale| self.scale(values, *scale)).map_or(AS_BITS, |scale| scale as u8);
        if scale == AS_BITS {
            self.odd.clear();
            self.whole.clear();
            self.whole.extend(values.iter().map(|value| value.to_bits() as i64));
        }
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
        let Self { whole, odd, steps, changes, order } = self;
        steps.clear();
        steps.extend(whole.windows(2).map(|two| two[1].wrapping_sub(two[0])));
        let (of_values, of_steps) = (spread(whole), spread(steps));
        let (mut flags, mut form, mut numbers) = (scale | IS_DELTA, choose(steps, order), &*steps);
        // Values that lie much wider apart than their steps cannot be told shorter by themselves.
        if of_values < of_steps + 2 {
            let plain = choose(whole, order);
            if plain.cost < form.cost {
                (flags, form, numbers) = (scale, plain, &*whole);
            }
        }
        let same = steps.iter().filter(|step| **step == 0).count();
        if same > steps.len() / 4 && form.cost > steps.len() {
            changes.clear();
            changes.extend(steps.iter().copied().filter(|step| *step != 0));
            let changed = choose(changes, order);
            if changed.cost + steps.len() < form.cost {
                (flags, form, numbers) = (scale | IS_DELTA | HAS_SAME, changed, changes);
            }
        }
        let has_wide = numbers.iter().any(|number| form.zeros(form.raw(*number)).is_none());
        let flag = |on: bool, flag: u8| if on { flag } else { 0 };
        flags |= flag(has_wide, HAS_WIDE) | flag(!odd.is_empty(), HAS_ODD) | flag(form.is_unary, HAS_UNARY);
        out.push(flags);
        out.push(form.width as u8 | flag(form.shift > 0, HAS_SHIFT));
        if form.shift > 0 {
            put(out, u64::from(form.shift));
        }
        if flags & IS_DELTA > 0 {
            put(out, zigzag(whole.first().copied().unwrap_or(0)));
        }
        put(out, zigzag(form.middle));
        if flags & HAS_SAME > 0 {
            put(out, numbers.len() as u64);
            put_changes(out, steps);
        }
        if has_wide {
            form.put_wide(out, numbers);
        }
        if !odd.is_empty() {
            put(out, odd.len() as u64);
            for (at, bits) in odd {
                put(out, *at as u64);
                out.extend_from_slice(&bits.to_le_bytes());
            }
        }
        if form.is_unary {
            form.put_unary(out, numbers);
        }
        form.pack(out, numbers);
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

/// Bits of the distance between the least and the greatest.
fn spread(numbers: &[i64]) -> u32 {
    let (min, max) = numbers.iter().fold((i64::MAX, i64::MIN), |(min, max), n| (min.min(*n), max.max(*n)));
    64 - (max.wrapping_sub(min) as u64).leading_zeros()
}

/// The form that costs least for these numbers.
fn choose(numbers: &[i64], order: &mut Vec<i64>) -> Form {
    let mut best = Form { middle: 0, shift: 0, width: 0, is_unary: false, cost: usize::MAX };
    if numbers.is_empty() {
        return Form { cost: 0, ..best };
    }
    order.clear();
    order.extend_from_slice(numbers);
    best.middle = *order.select_nth_unstable(numbers.len() / 2).1;
    let all = numbers.iter().fold(0, |all, number| all | number.wrapping_sub(best.middle));
    best.shift = if all == 0 { 0 } else { all.trailing_zeros() };
    // How many numbers are so many bits wide, and their sum.
    let (mut count_of, mut sum_of) = ([0usize; 65], [0usize; 65]);
    let mut widest = 0;
    for number in numbers {
        let raw = best.raw(*number);
        let bits = (64 - raw.leading_zeros()) as usize;
        count_of[bits] += 1;
        sum_of[bits] = sum_of[bits].wrapping_add(raw as usize);
        widest = widest.max(bits);
    }
    let mut wider = Tail::default();
    count_of.iter().enumerate().for_each(|(bits, count)| wider.add(*count, bits));
    // Those that would be told in unary: up to MAX_ZEROS times as large as the lane holds.
    let reach = MAX_ZEROS.ilog2() as usize;
    let (mut near, mut near_sum) = (Tail::default(), 0usize);
    for bits in 1..=reach {
        near.add(count_of[bits], bits);
        near_sum = near_sum.wrapping_add(sum_of[bits]);
    }
    for width in 0..=(MAX_WIDTH as usize).min(widest) {
        wider.remove(count_of[width], width);
        let fixed = numbers.len() * width + wider.cost(width);
        if fixed < best.cost {
            (best.width, best.is_unary, best.cost) = (width as u32, false, fixed);
        }
        if width > MAX_UNARY_WIDTH {
            continue;
        }
        // On average half of the step is lost in each division.
        let zeros = (near_sum >> width).saturating_sub(near.count / 2);
        let far = Tail { count: wider.count - near.count, bits: wider.bits - near.bits };
        let unary = numbers.len() * (width + 1) + zeros + far.cost(width) + 8;
        // It takes longer to read, so it has to be worth it.
        if unary + unary / 32 < best.cost {
            (best.width, best.is_unary, best.cost) = (width as u32, true, unary);
        }
        let (out, into) = (width + 1, width + 1 + reach);
        near.remove(count_of[out], out);
        near.add(count_of[into], into);
        near_sum = near_sum.wrapping_sub(sum_of[out]).wrapping_add(sum_of[into]);
    }
    best
}

/// Numbers that a lane does not hold: how many, and how many bits they have in all.
#[derive(Debug, Default, Clone, Copy)]
struct Tail {
    count: usize,
    bits: usize,
}

impl Tail {
    fn add(&mut self, count: usize, bits: usize) {
        self.count += count;
        self.bits += count * bits;
    }

    fn remove(&mut self, count: usize, bits: usize) {
        self.count -= count;
        self.bits -= count * bits;
    }

    /// Bits that the list of them costs, roughly.
    fn cost(&self, width: usize) -> usize {
        self.count * WIDE_BITS + (self.bits - self.count * width) * 8 / 7
    }
}

impl Form {
    #[inline]
    fn raw(&self, number: i64) -> u64 {
        zigzag(number.wrapping_sub(self.middle) >> self.shift)
    }

    /// How often the lane is full in a number, `None` where the list has to tell it.
    #[inline]
    fn zeros(&self, raw: u64) -> Option<u32> {
        let high = raw >> self.width;
        if high == 0 || self.is_unary && high < u64::from(MAX_ZEROS) { Some(high as u32) } else { None }
    }

    fn put_wide(&self, out: &mut Vec<u8>, numbers: &[i64]) {
        let raw = numbers.iter().map(|number| self.raw(*number)).enumerate();
        let wide: Vec<(usize, u64)> = raw.filter(|(_, raw)| self.zeros(*raw).is_none()).collect();
        put(out, wide.len() as u64);
        let mut last = 0;
        for (at, raw) in wide {
            put(out, (at - last) as u64);
            put(out, raw >> self.width);
            last = at;
        }
    }

    fn put_unary(&self, out: &mut Vec<u8>, numbers: &[i64]) {
        let zeros = numbers.iter().map(|number| self.zeros(self.raw(*number)).unwrap_or(0));
        let bits: usize = zeros.clone().map(|zeros| zeros as usize + 1).sum();
        put(out, bits.div_ceil(8) as u64);
        let (mut held, mut used) = (0u64, 0u32);
        for zeros in zeros {
            used += zeros;
            if used >= 64 {
                out.extend_from_slice(&held.to_le_bytes());
                (held, used) = (0, used - 64);
            }
            held |= 1 << used;
            used += 1;
            if used == 64 {
                out.extend_from_slice(&held.to_le_bytes());
                (held, used) = (0, 0);
            }
        }
        out.extend_from_slice(&held.to_le_bytes()[..used.div_ceil(8) as usize]);
    }

    fn pack(&self, out: &mut Vec<u8>, numbers: &[i64]) {
        if self.width == 0 {
            return;
        }
        let (mut held, mut bits) = (0u64, 0u32);
        for number in numbers {
            let low = self.raw(*number) & ((1u64 << self.width) - 1);
            held |= low << bits;
            bits += self.width;
            if bits >= 64 {
                out.extend_from_slice(&held.to_le_bytes());
                bits -= 64;
                held = if bits == 0 { 0 } else { low >> (self.width - bits) };
            }
        }
        out.extend_from_slice(&held.to_le_bytes()[..bits.div_ceil(8) as usize]);
    }
}

/// A bit a step, set where there is one.
fn put_changes(out: &mut Vec<u8>, steps: &[i64]) {
    for eight in steps.chunks(8) {
        out.push(eight.iter().enumerate().fold(0, |bits, (i, step)| bits | u8::from(*step != 0) << i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::metrics::lanes::{Header, PADDING};
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
        let pages: Vec<f64> = counter.iter().map(|value| value * 4096.0).collect();
        assert!(values(&pages) < 240, "zero bits below are left out");
        let rare: Vec<f64> = (0..240).map(|i| f64::from(i / 20 * 7_777_777)).collect();
        assert!(values(&rare) < 80, "what stays the same is a bit");
        let mut ended = counter;
        ended[239] = f64::from_bits(gw_batch::STALE_NAN_BITS);
        assert!(values(&ended) < 260);
        for odd in [&[][..], &[-0.0, 0.0, f64::NAN], &[f64::INFINITY, f64::MIN_POSITIVE, 1e300, -1e300, 5e-324]] {
            values(odd);
        }
        for edge in [1e15, -1e15, 1e15 + 2.0, 9_007_199_254_740_993.0, 0.1, 1e-9, 123_456.789_012] {
            values(&[edge, 0.0, edge, edge, -edge]);
        }
    }

    /// Steps spread as a Poisson counter's: what a lane takes beside what the numbers hold.
    #[test]
    fn counters_take_little_more_than_their_entropy() {
        let (mut seed, mut value) = (1u64, 0.0);
        let mut normal = || -> f64 {
            let uniform = |_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 11) as f64 / (1u64 << 53) as f64
            };
            (0..12).map(uniform).sum::<f64>() - 6.0
        };
        for deviation in [9.0, 11.0, 13.0, 15.0, 17.0] {
            let counter: Vec<f64> = std::iter::repeat_with(|| {
                value += f64::round(normal() * deviation + 20.0 * deviation);
                value
            })
            .take(5000)
            .collect();
            let entropy = (2.0 * std::f64::consts::PI * std::f64::consts::E).sqrt() * deviation;
            let bits = values(&counter) as f64 * 8.0 / 5000.0;
            assert!(bits < entropy.log2() + 0.35, "{bits} bits instead of {}", entropy.log2());
        }
    }

    proptest! {
        #[test]
        fn every_bit_survives(kinds in proptest::collection::vec((any::<u64>(), 0u8..8), 0..300), base in any::<i32>()) {
            let mut last = f64::from(base);
            let list: Vec<f64> = kinds.iter().map(|(bits, kind)| {
                last = match kind {
                    0 => f64::from_bits(*bits),
                    1 => (bits % 1_000_000) as f64 / 100.0,
                    2 => -((bits >> 11) as f64),
                    3 | 4 => last,
                    5 => last + (bits % 64) as f64 * 4096.0,
                    _ => (bits % 1000) as f64,
                };
                last
            }).collect();
            for length in [list.len(), list.len() / 2, 1] {
                values(&list[..length.min(list.len())]);
            }
            for kind in 0..8 {
                let alike = kinds.iter().zip(&list).filter(|((_, of), _)| *of == kind).map(|(_, value)| *value);
                values(&alike.collect::<Vec<_>>());
            }
            let mut times: Vec<i64> = kinds.iter().map(|(bits, _)| (*bits >> 3) as i64 - (1 << 59)).collect();
            times.sort_unstable();
            let mut bytes = Vec::new();
            Scratch::default().times(&mut bytes, &times);
            bytes.extend([0; PADDING]);
            let mut found = Vec::new();
            Header::take(&mut bytes.as_slice(), times.len()).unwrap().times(&mut found).unwrap();
            prop_assert_eq!(found, times);
        }

        #[test]
        fn hostile_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), count in 0usize..300) {
            if let Some(header) = Header::take(&mut bytes.as_slice(), count) {
                let _values = header.values(&mut Vec::new(), &mut Vec::new());
                let _times = header.times(&mut Vec::new());
            }
        }
    }
}
