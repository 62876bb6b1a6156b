//! One series out of the series of replicas: two collectors that scrape the same target, each with gaps of its own.
//!
//! The rule is that of Thanos' penalty deduplication (thanos-io/thanos, `pkg/dedup`): stay with the replica that had the last
//! sample, and turn to the other only where it is silent for twice its interval; so two scrapes of one moment never become
//! two samples, and a gap of one replica is filled by the other.

/// The distance that the other replica is kept at before an interval is known: 5 s, in nanoseconds.
const FIRST_PENALTY: i64 = 5_000_000_000;

/// Float samples in rising time, nanoseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// Their times.
    pub times: Vec<i64>,
    /// Their values, as many.
    pub values: Vec<f64>,
}

/// What the values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Any value may follow any other.
    Gauge,
    /// A value that only rises: where the replica changes and the new one lags behind, it is lifted to the last value, so
    /// that the change is not taken for a reset.
    Counter,
}

/// The samples of all replicas as one series; of more than two, the first two are merged and each other into that.
#[must_use]
pub fn merge(replicas: &[Samples], meaning: Meaning) -> Samples {
    let mut replicas = replicas.iter();
    let first = replicas.next().cloned().unwrap_or_default();
    replicas.fold(first, |merged, next| pair(&merged, next, meaning))
}

/// A replica and how far it has been read.
struct Reader<'a> {
    samples: &'a Samples,
    at: usize,
    /// Samples nearer to the last one than this are passed over.
    penalty: i64,
    /// What a lagging counter is lifted by.
    lift: f64,
}

impl<'a> Reader<'a> {
    const fn new(samples: &'a Samples) -> Self {
        Self { samples, at: 0, penalty: 0, lift: 0.0 }
    }

    /// The first sample more than the penalty behind `last`.
    fn seek(&mut self, last: Option<i64>) -> Option<i64> {
        if let Some(last) = last {
            let after = last.saturating_add(self.penalty);
            let rest = self.samples.times.get(self.at..).unwrap_or_default();
            self.at += rest.partition_point(|time| *time <= after);
        }
        self.samples.times.get(self.at).copied()
    }

    fn value(&self) -> f64 {
        self.samples.values.get(self.at).copied().unwrap_or(f64::NAN) + self.lift
    }
}

fn pair(a: &Samples, b: &Samples, meaning: Meaning) -> Samples {
    let (mut readers, mut merged) = ([Reader::new(a), Reader::new(b)], Samples::default());
    let mut chosen = 0;
    loop {
        let last = merged.times.last().copied();
        let [next_a, next_b] = readers.each_mut().map(|reader| reader.seek(last));
        let before = chosen;
        // Of two samples of one time, that of the first replica.
        chosen = match (next_a, next_b) {
            (None, None) => return merged,
            (Some(_), None) => 0,
            (None, Some(_)) => 1,
            (Some(a), Some(b)) => usize::from(b < a),
        };
        let Some(time) = [next_a, next_b][chosen] else { return merged };
        if next_a.is_some() && next_b.is_some() {
            let interval = last.map(|last| time.saturating_sub(last).saturating_mul(2));
            readers[1 - chosen].penalty = interval.unwrap_or(FIRST_PENALTY);
        }
        let reader = &mut readers[chosen];
        reader.penalty = 0;
        if let Some(shown) = merged.values.last().filter(|_| chosen != before && meaning == Meaning::Counter) {
            let behind = shown - reader.value();
            if behind > 0.0 {
                reader.lift += behind;
            }
        }
        merged.times.push(time);
        merged.values.push(reader.value());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(seconds: impl IntoIterator<Item = i64>, value: impl Fn(i64) -> f64) -> Samples {
        let times: Vec<i64> = seconds.into_iter().map(|second| second * 1_000_000_000).collect();
        let values = times.iter().map(|time| value(time / 1_000_000_000)).collect();
        Samples { times, values }
    }

    fn seconds(samples: &Samples) -> Vec<i64> {
        samples.times.iter().map(|time| time / 1_000_000_000).collect()
    }

    #[test]
    fn one_replica_is_kept_while_it_speaks() {
        let a = samples((0..100).step_by(10), |_| 1.0);
        let b = samples((3..100).step_by(10), |_| 2.0);
        let merged = merge(&[a.clone(), b], Meaning::Gauge);
        assert_eq!(merged, a);
        assert_eq!(merge(&[a.clone(), Samples::default()], Meaning::Gauge), a);
        assert_eq!(merge(&[Samples::default(), a.clone()], Meaning::Gauge), a);
        assert_eq!(merge(&[], Meaning::Gauge), Samples::default());
    }

    #[test]
    fn a_gap_is_filled_by_the_other_after_twice_the_interval() {
        let a = samples((0..50).step_by(10).chain((200..250).step_by(10)), |_| 1.0);
        let b = samples((4..300).step_by(10), |_| 2.0);
        let merged = merge(&[a, b], Meaning::Gauge);
        let steps: Vec<i64> = seconds(&merged).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| (10..=24).contains(step)), "{steps:?}");
        assert_eq!(seconds(&merged)[..6], [0, 10, 20, 30, 40, 64]);
        // The replica that came back is not returned to while the other speaks.
        assert!(merged.values[5..].iter().all(|value| *value == 2.0));
    }

    #[test]
    fn a_lagging_counter_does_not_seem_to_reset() {
        let a = samples((0..50).step_by(10), |second| second as f64);
        let b = samples((4..200).step_by(10), |second| second as f64 - 30.0);
        let merged = merge(&[a.clone(), b.clone()], Meaning::Counter);
        assert!(merged.values.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", merged.values);
        let merged = merge(&[a, b], Meaning::Gauge);
        assert!(merged.values.windows(2).any(|pair| pair[0] > pair[1]));
    }
}
