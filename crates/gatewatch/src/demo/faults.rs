//! What goes wrong in the shop, and when. Every few minutes one fault begins, lasts a while and ends.

use std::time::Duration;

use super::random::Random;

/// Something that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Queries take twenty times as long.
    SlowDatabase,
    /// The card company does not answer, so payments fail.
    PaymentErrors,
    /// The cart keeps what it should forget, until it is killed and starts again.
    CartLeak,
    /// The shop's certificate was not renewed and is about to expire.
    OldCertificate,
}

const ALL: [Fault; 4] = [Fault::SlowDatabase, Fault::PaymentErrors, Fault::CartLeak, Fault::OldCertificate];
/// Calm at the start, long enough to see what normal looks like.
const FIRST: u64 = 75;
const CALM: u64 = 90;
const LASTS: u64 = 100;

/// When each fault is on.
#[derive(Debug)]
pub(super) struct Schedule {
    order: [Fault; 4],
}

impl Schedule {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xFA17);
        let mut order = ALL;
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
        Self { order }
    }

    /// The fault that is on, and for how long it has been.
    pub(super) fn at(&self, since_start: Duration) -> Option<(Fault, Duration)> {
        let into = since_start.as_secs().checked_sub(FIRST)?;
        let (turn, second) = (into / (LASTS + CALM), into % (LASTS + CALM));
        let fault = self.order[(turn % 4) as usize];
        (second < LASTS)
            .then(|| (fault, Duration::from_secs(second) + Duration::from_nanos(u64::from(since_start.subsec_nanos()))))
    }
}

impl Fault {
    /// What a log line calls it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::SlowDatabase => "slow database",
            Self::PaymentErrors => "payment errors",
            Self::CartLeak => "memory leak in cart",
            Self::OldCertificate => "certificate near expiry",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_turn_and_the_start_is_calm() {
        let schedule = Schedule::new(7);
        assert_eq!(schedule.at(Duration::from_secs(FIRST - 1)), None);
        let mut seen: Vec<Fault> = Vec::new();
        for second in 0..FIRST + 4 * (LASTS + CALM) {
            if let Some((fault, _)) = schedule.at(Duration::from_secs(second)).filter(|(f, _)| seen.last() != Some(f)) {
                seen.push(fault);
            }
        }
        assert_eq!(seen, schedule.order);
        assert!(ALL.iter().all(|fault| seen.contains(fault)));
    }
}
