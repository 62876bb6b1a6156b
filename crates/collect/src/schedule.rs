//! When a collector runs: every interval, at an offset that its seed decides, so that runs spread out evenly and fall on
//! the same moments after a restart.

use std::time::Duration;

use gw_base::Timestamp;
use gw_base::time::nanos_of;

/// How far a run may be late and still carry the planned time, as Prometheus' `ScrapeTimestampTolerance`.
const TOLERANCE: Duration = Duration::from_millis(2);

const MILLISECOND: i64 = 1_000_000;

/// The first planned time after `now`.
#[must_use]
pub(crate) fn next_tick(now: Timestamp, interval: Duration, seed: u64) -> Timestamp {
    let interval = nanos_of(interval).max(1);
    // Whole milliseconds: that is all that Prometheus' clients see of a time, and it stores smaller.
    let offset = (seed % interval as u64) as i64 / MILLISECOND * MILLISECOND;
    let since = now.offset(-offset).nanos().rem_euclid(interval);
    now.offset(interval - since)
}

/// The time that samples carry: the planned one when the run is on time, because even times store in next to nothing.
#[must_use]
pub(crate) fn sample_time(planned: Timestamp, now: Timestamp, interval: Duration) -> Timestamp {
    let tolerance = nanos_of(TOLERANCE.min(interval / 100));
    if now.since(planned).abs() <= tolerance { planned } else { Timestamp::from_millis(now.millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_an_interval_apart_and_never_now() {
        let interval = Duration::from_secs(15);
        for seed in [0, 1, 7_000_000_000, u64::MAX] {
            let mut now = Timestamp::from_millis(1_700_000_000_123);
            let first = next_tick(now, interval, seed);
            assert!(first > now && first.since(now) <= nanos_of(interval));
            assert_eq!(first.nanos() % MILLISECOND, 0);
            now = first;
            assert_eq!(next_tick(now, interval, seed), first + interval, "{seed}");
        }
    }

    #[test]
    fn only_small_delays_are_hidden() {
        let planned = Timestamp::from_secs(100);
        let interval = Duration::from_secs(15);
        assert_eq!(sample_time(planned, planned + Duration::from_millis(2), interval), planned);
        let late = planned + Duration::from_millis(3);
        assert_eq!(sample_time(planned, late, interval), late);
    }
}
