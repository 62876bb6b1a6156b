//! How much CPU time a collector may take: a share of one CPU over time, with room for a start. Who has taken more is left
//! out of readings until the share has caught up, and its last values stay.

use std::time::Duration;

/// What may be saved up, in seconds of CPU time: a first reading may cost more than those after it.
const BURST_SECS: f64 = 1.0;

/// The account of one collector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    share: f64,
    balance_secs: f64,
    /// The time of the last reading, skipped or not.
    last: Option<Duration>,
    /// All CPU time taken.
    spent: Duration,
    /// CPU time of the last reading.
    cost: Duration,
    skips: u64,
    is_held_back: bool,
}

impl Budget {
    /// An account with a share of one CPU, 0 for any.
    pub(super) const fn new(share: f64) -> Self {
        Self {
            share,
            balance_secs: BURST_SECS,
            last: None,
            spent: Duration::ZERO,
            cost: Duration::ZERO,
            skips: 0,
            is_held_back: false,
        }
    }

    /// Whether the collector may run at a time of the monotonic clock.
    pub(super) fn admits(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.last.replace(now).unwrap_or(now));
        self.balance_secs = (self.balance_secs + passed.as_secs_f64() * self.share).min(BURST_SECS);
        self.is_held_back = self.share > 0.0 && self.balance_secs < 0.0;
        self.skips += u64::from(self.is_held_back);
        !self.is_held_back
    }

    /// Books a reading.
    pub(super) fn spend(&mut self, cost: Duration) {
        self.cost = cost;
        self.spent += cost;
        self.balance_secs -= cost.as_secs_f64();
    }

    /// CPU time taken so far.
    pub(super) const fn spent(&self) -> Duration {
        self.spent
    }

    /// Readings that it was left out of.
    pub(super) const fn skips(&self) -> u64 {
        self.skips
    }

    /// Why it was left out of the last reading, if it was.
    pub(super) fn complaint(&self) -> Option<String> {
        let millis = self.cost.as_secs_f64() * 1e3;
        let percent = self.share * 100.0;
        self.is_held_back.then(|| {
            format!(
                "one reading takes {millis:.0} ms of CPU, more than {percent:.1} % over time: run less often, left out \
                 {} times; raise collect.host.collector_budget or switch it off",
                self.skips
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_too_much_runs_less_often() {
        let mut budget = Budget::new(0.05);
        // Every 15 seconds a reading of two seconds: 13 per cent. Five per cent allow one in 40 seconds.
        let mut runs = 0;
        for reading in 0..400u64 {
            if budget.admits(Duration::from_secs(reading * 15)) {
                budget.spend(Duration::from_secs(2));
                runs += 1;
            }
        }
        assert!((148..=153).contains(&runs), "{runs}");
        assert_eq!(budget.skips(), 400 - runs);
        assert_eq!(budget.spent(), Duration::from_secs(2 * runs));
    }

    #[test]
    fn who_keeps_within_it_is_never_left_out() {
        for (share, cost) in [(0.05, Duration::from_millis(700)), (0.0, Duration::from_secs(30))] {
            let mut budget = Budget::new(share);
            for reading in 0..1000u64 {
                assert!(budget.admits(Duration::from_secs(reading * 15)), "{share} {reading}");
                budget.spend(cost);
            }
            assert!(budget.complaint().is_none());
        }
    }
}
