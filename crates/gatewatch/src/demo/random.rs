//! Randomness of the demo: all of it follows from the seed.

/// `SplitMix64` with the few shapes that traffic needs.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in 0..1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound.max(1) as u64) as usize
    }

    /// Whether something of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A duration around `mean` with the long tail that services have.
    pub(super) fn latency(&mut self, mean: f64) -> f64 {
        // A sum of four uniforms is near enough to a normal; its exponent gives the tail.
        let normal = (0..4).map(|_| self.unit()).sum::<f64>() - 2.0;
        mean * (normal * 0.9).exp()
    }

    /// How many of something happen when `mean` are expected.
    pub(super) fn count(&mut self, mean: f64) -> usize {
        let (limit, mut product, mut count) = ((-mean.min(500.0)).exp(), 1.0, 0);
        loop {
            product *= self.unit();
            if product <= limit || count > 1000 {
                return count;
            }
            count += 1;
        }
    }
}
