//! Feeds decoders with damaged inputs: seeds that are mutated again and again from a seeded generator, so that every run can
//! be repeated.
//!
//! It sees no coverage; in its place a target says what became of an input (a kind of error, a shape of success) as a number,
//! and an input with a number that was not seen before becomes a seed. A target panics when something is wrong; a panic, or
//! an input that takes seconds, ends the run with the input written down.
//!
//! A short run is part of every test run. `cargo xtask fuzz TARGET SECONDS` runs longer (`GATEWATCH_FUZZ_SECONDS`).

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::environment::{fuzz_seconds, report};

/// Runs without a time are this long in all.
const SHORT: Duration = Duration::from_millis(1500);
/// An input that takes longer is a finding.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seeds that are kept.
const POOL: usize = 4096;
/// Longest input.
const INPUT_MAX_BYTES: usize = 1 << 18;
/// Mutations of one input at most.
const MUTATIONS: u64 = 6;
/// Numbers at which lengths and counts tend to break.
const EDGES: [u64; 12] =
    [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 33, i64::MAX as u64, u64::MAX];

/// What a target is made of.
pub struct Target<'a> {
    /// Its name, for reports.
    pub name: &'a str,
    /// Inputs that are valid, or nearly so.
    pub seeds: Vec<Vec<u8>>,
    /// Pieces that the format is made of.
    pub words: &'a [&'a [u8]],
    /// Makes a mutated input pass for whole where a checksum would give it away; may leave it as it is.
    pub mend: fn(&mut Vec<u8>),
    /// Takes an input and says what became of it.
    pub check: &'a dyn Fn(&[u8]) -> u64,
}

impl std::fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("name", &self.name).field("seeds", &self.seeds.len()).finish_non_exhaustive()
    }
}

impl Target<'_> {
    /// Runs for the time that the environment gives.
    ///
    /// # Panics
    /// When the target panics or is too slow; the message has the input.
    pub fn run(self) {
        let time = fuzz_seconds().map_or(SHORT, Duration::from_secs);
        let (runs, kinds) = self.run_for(time, 0x6A7E_3A7C);
        report(&format!("measured: fuzz {}: {runs} inputs, {kinds} outcomes, {} s", self.name, time.as_secs_f64()));
    }

    #[expect(clippy::disallowed_methods, reason = "a run is bounded by real time")]
    fn run_for(&self, time: Duration, seed: u64) -> (u64, usize) {
        let begun = Instant::now();
        let mut random = Random(seed);
        let (mut pool, mut seen) = (self.seeds.clone(), BTreeSet::new());
        for seed in &self.seeds {
            seen.insert(self.one(seed));
        }
        let mut runs = self.seeds.len() as u64;
        while begun.elapsed() < time {
            let mut input = pick(&pool, &mut random).to_vec();
            for _ in 0..=random.below(MUTATIONS) {
                self.mutate(&mut input, &pool, &mut random);
            }
            input.truncate(INPUT_MAX_BYTES);
            // Now and then the damage stays visible.
            if random.below(8) != 0 {
                (self.mend)(&mut input);
            }
            if seen.insert(self.one(&input)) {
                if pool.len() < POOL {
                    pool.push(input);
                } else {
                    let place = random.below(POOL as u64) as usize;
                    pool[place] = input;
                }
            }
            runs += 1;
        }
        (runs, seen.len())
    }

    #[expect(clippy::disallowed_methods, reason = "slow inputs are findings, and time is what they take")]
    fn one(&self, input: &[u8]) -> u64 {
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.check)(input)));
        let took = begun.elapsed();
        let told = || -> String { input.iter().map(|byte| format!("{byte:02x}")).collect() };
        assert!(took < PATIENCE, "{}: {took:?} for the input {}", self.name, told());
        assert!(outcome.is_ok(), "{}: panicked on the input {}", self.name, told());
        outcome.unwrap_or_default()
    }

    fn mutate(&self, input: &mut Vec<u8>, pool: &[Vec<u8>], random: &mut Random) {
        let at = random.below(input.len() as u64 + 1) as usize;
        let length = 1 + random.below(16) as usize;
        let end = (at + length).min(input.len());
        match random.below(9) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..end)),
            2 if at < input.len() => input[at] ^= 1 << random.below(8),
            3 if at < input.len() => input[at] = random.next() as u8,
            4 => insert(input, at, &(0..length).map(|_| random.next() as u8).collect::<Vec<_>>()),
            5 => {
                let copy = input[at..end].to_vec();
                let place = random.below(input.len() as u64 + 1) as usize;
                insert(input, place, &copy);
            }
            6 => {
                let edge = EDGES[random.below(EDGES.len() as u64) as usize];
                let bytes = number(edge, random);
                if random.below(2) == 0 { overwrite(input, at, &bytes) } else { insert(input, at, &bytes) }
            }
            7 if !self.words.is_empty() => {
                let word = self.words[random.below(self.words.len() as u64) as usize];
                if random.below(2) == 0 { overwrite(input, at, word) } else { insert(input, at, word) }
            }
            _ => {
                let other = pick(pool, random);
                let from = random.below(other.len() as u64 + 1) as usize;
                let piece = other.get(from..).unwrap_or_default();
                let piece = piece.get(..length * 8).unwrap_or(piece);
                insert(input, at, piece);
            }
        }
    }
}

/// A number for outcomes that are told as text: digits do not count, so that offsets do not make every error another.
#[must_use]
pub fn kind_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.bytes().filter(|byte| !byte.is_ascii_digit()).take(96).for_each(|byte| byte.hash(&mut hasher));
    hasher.finish()
}

fn pick<'a>(pool: &'a [Vec<u8>], random: &mut Random) -> &'a [u8] {
    pool.get(random.below(pool.len().max(1) as u64) as usize).map_or(&[], Vec::as_slice)
}

/// The number in one of the ways that formats write numbers.
fn number(value: u64, random: &mut Random) -> Vec<u8> {
    match random.below(5) {
        0 => vec![value as u8],
        1 => (value as u32).to_be_bytes().to_vec(),
        2 => value.to_be_bytes().to_vec(),
        3 => value.to_le_bytes().to_vec(),
        _ => {
            let (mut bytes, mut rest) = (Vec::new(), value);
            while rest >= 0x80 {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            bytes
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}

fn overwrite(input: &mut [u8], at: usize, bytes: &[u8]) {
    input.iter_mut().skip(at).zip(bytes).for_each(|(old, new)| *old = *new);
}

/// A generator that follows from its seed: one addition a step, then a mix of the state.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_behind_two_conditions_is_found() {
        let check = |input: &[u8]| -> u64 {
            let (first, second) = (input.first() == Some(&b'{'), input.get(2) == Some(&0xFF));
            assert!(!(first && second && input.len() > 40), "found");
            u64::from(first) + 2 * u64::from(second) + 4 * (input.len() as u64 / 8)
        };
        let target =
            Target { name: "sample", seeds: vec![b"abc".to_vec()], words: &[b"{"], mend: |_| {}, check: &check };
        let found = catch_unwind(AssertUnwindSafe(|| target.run_for(Duration::from_secs(20), 1)));
        let payload = found.expect_err("the fault is found");
        let text = payload.downcast_ref::<String>().expect("a message");
        assert!(text.starts_with("sample: panicked on the input 7b"), "{text}");
    }
}
