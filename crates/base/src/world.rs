//! Where time and randomness come from, so that tests and the simulator own both.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::{BoxFuture, Timestamp};

/// The outside that a part may ask for: the wall clock, a monotonic clock, waiting, and random bits.
pub trait World: Send + Sync + fmt::Debug {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
    /// Time since some fixed point; never goes back.
    fn elapsed(&self) -> Duration;
    /// Resolves after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// 64 random bits. Good enough for secrets in the real world, seeded in the fake one.
    fn random(&self) -> u64;
}

/// Starts a wait; handed in because this crate knows no async runtime (`|d| Box::pin(tokio::time::sleep(d))`).
pub type Sleeper = fn(Duration) -> BoxFuture<'static, ()>;

/// The real world.
#[derive(Debug)]
pub struct SystemWorld {
    sleeper: Sleeper,
    started: std::time::Instant,
}

impl SystemWorld {
    /// The real clocks, with waits by `sleeper`.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the real clock")]
    pub fn new(sleeper: Sleeper) -> Self {
        Self { sleeper, started: std::time::Instant::now() }
    }
}

impl World for SystemWorld {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the real clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH + since
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        (self.sleeper)(duration)
    }

    fn random(&self) -> u64 {
        getrandom::u64().expect("the kernel's random source cannot fail after boot")
    }
}

/// A world whose clock moves only when told, and whose randomness follows from a seed.
#[derive(Debug, Clone)]
pub struct FakeWorld {
    inner: Arc<FakeInner>,
}

#[derive(Debug)]
struct FakeInner {
    start: Timestamp,
    random: AtomicU64,
    clock: Mutex<FakeClock>,
}

#[derive(Debug, Default)]
struct FakeClock {
    elapsed: Duration,
    next_id: u64,
    sleepers: BTreeMap<(Duration, u64), Option<Waker>>,
}

impl FakeWorld {
    /// A world that starts at `start` and draws its randomness from `seed`.
    #[must_use]
    pub fn new(start: Timestamp, seed: u64) -> Self {
        Self { inner: Arc::new(FakeInner { start, random: AtomicU64::new(seed), clock: Mutex::default() }) }
    }

    /// Moves the clock on and wakes every wait that has passed.
    pub fn advance(&self, by: Duration) {
        let mut clock = self.clock();
        clock.elapsed += by;
        let first_later = (clock.elapsed + Duration::from_nanos(1), 0);
        let later = clock.sleepers.split_off(&first_later);
        let due = std::mem::replace(&mut clock.sleepers, later);
        drop(clock);
        due.into_values().flatten().for_each(Waker::wake);
    }

    fn clock(&self) -> std::sync::MutexGuard<'_, FakeClock> {
        self.inner.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World for FakeWorld {
    fn now(&self) -> Timestamp {
        self.inner.start + self.clock().elapsed
    }

    fn elapsed(&self) -> Duration {
        self.clock().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let world = self.clone();
        let mut clock = self.clock();
        let key = (clock.elapsed + duration, clock.next_id);
        clock.next_id += 1;
        drop(clock);
        Box::pin(std::future::poll_fn(move |context| {
            let mut clock = world.clock();
            if clock.elapsed >= key.0 {
                clock.sleepers.remove(&key);
                return Poll::Ready(());
            }
            clock.sleepers.insert(key, Some(context.waker().clone()));
            Poll::Pending
        }))
    }

    fn random(&self) -> u64 {
        // SplitMix64: one addition of the golden ratio a step, then a mix of the state.
        let state =
            self.inner.random.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fake_time_moves_only_when_told() {
        let world = FakeWorld::new(Timestamp::from_secs(100), 7);
        let mut wait = world.sleep(Duration::from_secs(5));
        let mut context = std::task::Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut context).is_pending());
        world.advance(Duration::from_secs(5));
        assert!(wait.as_mut().poll(&mut context).is_ready());
        assert_eq!(world.now(), Timestamp::from_secs(105));
        assert_eq!(FakeWorld::new(Timestamp::EPOCH, 7).random(), FakeWorld::new(Timestamp::EPOCH, 7).random());
    }
}
