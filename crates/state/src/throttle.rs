//! Counts failed sign-ins a name and address, and says when to refuse before the password is even looked at.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gw_base::Map;

const FAILURES: usize = 10;
const WINDOW: Duration = Duration::from_mins(1);
/// Pairs remembered; beyond, the pair that failed longest ago is forgotten.
const PAIRS: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: Mutex<Map<(String, String), VecDeque<Duration>>>,
}

impl Throttle {
    /// How long to wait before the next try, or `None` to go ahead. `now` is monotonic.
    pub(crate) fn wait(&self, name: &str, address: &str, now: Duration) -> Option<Duration> {
        let failures = self.lock();
        let times = failures.get(&(name.to_owned(), address.to_owned()))?;
        let recent = times.iter().filter(|at| **at + WINDOW > now).count();
        let oldest = times.iter().find(|at| **at + WINDOW > now)?;
        (recent >= FAILURES).then(|| *oldest + WINDOW - now)
    }

    pub(crate) fn failed(&self, name: &str, address: &str, now: Duration) {
        let mut failures = self.lock();
        if failures.len() >= PAIRS {
            forget(&mut failures, now);
        }
        let times = failures.entry((name.to_owned(), address.to_owned())).or_default();
        times.push_back(now);
        if times.len() > FAILURES {
            times.pop_front();
        }
    }

    pub(crate) fn succeeded(&self, name: &str, address: &str) {
        self.lock().remove(&(name.to_owned(), address.to_owned()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Map<(String, String), VecDeque<Duration>>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(failures: &mut Map<(String, String), VecDeque<Duration>>, now: Duration) {
    failures.retain(|_, times| times.back().is_some_and(|last| *last + WINDOW > now));
    if failures.len() >= PAIRS {
        let oldest = failures.iter().min_by_key(|(_, times)| times.back().copied()).map(|(pair, _)| pair.clone());
        oldest.map(|pair| failures.remove(&pair));
    }
}
