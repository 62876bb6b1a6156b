//! Sine and cosine to the bit as Prometheus has them.
//!
//! Wire: its runtime computes them as the Cephes mathematical library does, by one polynomial for each eighth of a turn, and
//! the platform's library here is right in the last bit where that is not. `count_values` makes a label of that bit, and a
//! comparison a decision.

use std::f64::consts::FRAC_PI_4;

/// Beyond it three pieces of a quarter of pi are too few to find the eighth; the platform's functions stand in.
const FARTHEST: f64 = (1u64 << 29) as f64;

/// A quarter of pi in three pieces, of which the products with whole numbers are exact.
const PIECES: [f64; 3] = [7.853_981_256_484_985e-1, 3.774_894_707_930_798e-8, 2.695_151_429_079_059_5e-15];

/// Coefficients of the sine on an eighth of a turn, the highest power first.
const SINE: [f64; 6] = [
    1.589_623_015_765_465_6e-10,
    -2.505_074_776_285_780_7e-8,
    2.755_731_362_138_572_2e-6,
    -1.984_126_982_958_954e-4,
    8.333_333_333_322_118e-3,
    -1.666_666_666_666_663e-1,
];

/// The same of the cosine.
const COSINE: [f64; 6] = [
    -1.135_853_652_138_768_2e-11,
    2.087_570_084_197_473e-9,
    -2.755_731_417_929_674e-7,
    2.480_158_728_885_170_4e-5,
    -1.388_888_888_887_305_6e-3,
    4.166_666_666_666_659_5e-2,
];

/// The sine.
pub(super) fn sin(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() || x.abs() >= FARTHEST {
        return x.sin();
    }
    let (eighth, rest) = reduced(x.abs());
    let value = if matches!(eighth & 3, 1 | 2) { cosine(rest) } else { sine(rest) };
    if (eighth > 3) == (x < 0.0) { value } else { -value }
}

/// The cosine.
pub(super) fn cos(x: f64) -> f64 {
    if x.is_nan() || x.abs() >= FARTHEST {
        return x.cos();
    }
    let (eighth, rest) = reduced(x.abs());
    let value = if matches!(eighth & 3, 1 | 2) { sine(rest) } else { cosine(rest) };
    if (eighth > 3) == (eighth & 3 > 1) { value } else { -value }
}

/// Which eighth of a turn, rounded to an even one, and how far from it.
fn reduced(x: f64) -> (u64, f64) {
    let eighth = (x * (1.0 / FRAC_PI_4)) as u64;
    let even = eighth + (eighth & 1);
    let turns = even as f64;
    (even & 7, ((x - turns * PIECES[0]) - turns * PIECES[1]) - turns * PIECES[2])
}

fn sine(x: f64) -> f64 {
    let square = x * x;
    x + x * square * polynomial(&SINE, square)
}

fn cosine(x: f64) -> f64 {
    let square = x * x;
    1.0 - 0.5 * square + square * square * polynomial(&COSINE, square)
}

fn polynomial(coefficients: &[f64; 6], x: f64) -> f64 {
    coefficients.iter().copied().reduce(|sum, coefficient| sum * x + coefficient).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_prometheus() {
        // What Prometheus 3.14 answers where the platform's library has another last bit.
        for (x, sine) in [
            (-24.25, 0.7724825579327705),
            (394.545, -0.9623920686722551),
            (831_853.200_000_000_1, -0.301279215480906),
            (-45.625, -0.9974158397270869),
            (109.708, 0.2452163750712798),
            (0.95962099116002, 0.8189741403240837),
        ] {
            assert_eq!(sin(x).to_bits(), f64::to_bits(sine), "sin({x})");
        }
    }

    #[test]
    fn both_stay_near_the_truth() {
        for i in -200_000..200_000 {
            let x = f64::from(i) * 0.37;
            assert!((sin(x) - x.sin()).abs() < 1e-15 && (cos(x) - x.cos()).abs() < 1e-15, "{x}");
        }
        assert!(sin(f64::INFINITY).is_nan() && cos(f64::NAN).is_nan());
        assert_eq!(sin(-0.0).to_bits(), (-0.0_f64).to_bits());
    }
}
