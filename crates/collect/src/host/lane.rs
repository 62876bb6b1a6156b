//! The thread that runs collectors, one after the other, and what happens when one of them does not come back.
//!
//! A file can block for ever: a dead network filesystem, a stopped FUSE daemon, a driver that waits for its device. Whoever
//! asks for a page waits for progress, not for the end: when a collector has shown none for a while, it is left behind with
//! its thread, the page keeps the values that it told last, and another thread goes on with the next. A collector that does
//! come back later takes part again. Collectors are never run in parallel: reading procfs from several threads makes some
//! kernels slower.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gw_base::{Timestamp, World};

use super::budget::Budget;
use super::config::HostConfig;
use super::section::Section;
use super::sources::HostSource;
use super::system::{Failure, System};

/// How long a collector may show no progress.
const PATIENCE: Duration = Duration::from_millis(300);
/// The same, once one was left behind in this scrape.
const SHORT_PATIENCE: Duration = Duration::from_millis(100);
/// How often patience may end in one scrape before the rest is left for the next.
const MAX_LEFT_BEHIND: usize = 4;

/// A collector with all that it told.
pub(crate) struct Cell {
    pub(crate) part: usize,
    pub(crate) name: &'static str,
    pub(crate) source: Box<dyn HostSource>,
    pub(crate) section: Section,
    /// How the last scrape went, and how long it took.
    pub(crate) outcome: Result<(), Failure>,
    pub(crate) took: Duration,
    /// CPU time of the last scrape that has not been booked.
    pub(crate) cost: Duration,
    pub(crate) budget: Budget,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cell").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Runs collectors on a thread of their own.
#[derive(Debug)]
pub(crate) struct Lane {
    shared: Arc<Shared>,
    config: Arc<HostConfig>,
    world: Arc<dyn World>,
    has_thread: bool,
}

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    work: Condvar,
    progress: Condvar,
}

#[derive(Debug, Default)]
struct Desk {
    todo: VecDeque<Cell>,
    done: Vec<Cell>,
    /// Whether the thread of this shift has a collector in hand.
    busy: bool,
    finished: u64,
    now: Timestamp,
    /// Threads of older shifts end as soon as they come back.
    shift: u64,
    is_closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    pub(crate) fn new(config: Arc<HostConfig>, world: Arc<dyn World>) -> Self {
        Self { shared: Arc::default(), config, world, has_thread: false }
    }

    /// Runs `cells`, which it takes, and gives back into `cells` those that came back, from this scrape or an earlier
    /// one.
    pub(crate) fn run(&mut self, cells: &mut Vec<Cell>) {
        let shared = Arc::clone(&self.shared);
        let mut desk = shared.lock();
        desk.now = self.world.now();
        desk.todo.extend(cells.drain(..));
        if !self.has_thread {
            self.has_thread = self.start(desk.shift);
        }
        shared.work.notify_one();
        let mut left_behind = 0;
        loop {
            let before = desk.finished;
            let patience = if left_behind == 0 { PATIENCE } else { SHORT_PATIENCE };
            let is_working = |desk: &mut Desk| desk.busy || !desk.todo.is_empty();
            let (guard, waited) =
                shared.progress.wait_timeout_while(desk, patience, is_working).unwrap_or_else(PoisonError::into_inner);
            desk = guard;
            if !waited.timed_out() {
                break;
            }
            if desk.finished != before {
                continue;
            }
            left_behind += 1;
            if desk.busy || !self.has_thread {
                desk.shift += 1;
                desk.busy = false;
                self.has_thread = self.start(desk.shift);
            }
            if left_behind >= MAX_LEFT_BEHIND {
                break;
            }
        }
        cells.append(&mut desk.done);
        while let Some(cell) = desk.todo.pop_front() {
            cells.push(Cell { outcome: Err(Failure::told("not read in time")), ..cell });
        }
    }

    fn start(&self, shift: u64) -> bool {
        let (shared, config, world) = (Arc::clone(&self.shared), Arc::clone(&self.config), Arc::clone(&self.world));
        let work = move || work(&shared, shift, System::new(&config, Arc::clone(&world)), world.as_ref());
        let started = std::thread::Builder::new().name("host".to_owned()).stack_size(512 << 10).spawn(work);
        if let Err(error) = &started {
            tracing::error!(%error, "no thread to read the host with");
        }
        started.is_ok()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.work.notify_all();
    }
}

fn work(shared: &Shared, shift: u64, mut system: System, world: &dyn World) {
    let mut desk = shared.lock();
    loop {
        if desk.is_closed || desk.shift != shift {
            return;
        }
        let Some(mut cell) = desk.todo.pop_front() else {
            desk = shared.work.wait(desk).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        desk.busy = true;
        system.now = desk.now;
        drop(desk);
        let (started, cpu) = (world.elapsed(), thread_cpu());
        cell.section.begin();
        // A panic is a mistake of ours; it costs the page one collector, not the machine's every metric.
        let read = std::panic::AssertUnwindSafe(|| cell.source.read(&system, &mut cell.section));
        cell.outcome = std::panic::catch_unwind(read).unwrap_or_else(|_panic| Err(Failure::told("collector panicked")));
        if cell.section.is_full() {
            cell.outcome = Err(Failure::told("too many series, the rest is left out"));
        }
        cell.took = world.elapsed().saturating_sub(started);
        cell.cost = thread_cpu().saturating_sub(cpu);
        desk = shared.lock();
        desk.done.push(cell);
        desk.finished += 1;
        if desk.shift == shift {
            desk.busy = false;
            if desk.todo.is_empty() {
                shared.progress.notify_one();
            }
        }
    }
}

/// CPU time of the calling thread; zero where the kernel does not say.
fn thread_cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes into `time`, which lives through the call.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    if answer == 0 { Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), nanos) } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use gw_base::FakeWorld;

    use super::*;

    /// Waits for a word before it tells its first sample.
    struct Waits(Option<Receiver<()>>);

    impl HostSource for Waits {
        fn read(&mut self, _: &System, out: &mut Section) -> Result<(), Failure> {
            if let Some(word) = self.0.take() {
                word.recv().map_err(|_gone| Failure::told("nobody is there"))?;
            }
            out.gauge(format_args!("told"), format_args!("Told."), &[], 1.0);
            Ok(())
        }
    }

    fn cell(part: usize, name: &'static str, word: Option<Receiver<()>>) -> Cell {
        let (section, outcome, nothing) = (Section::default(), Ok(()), Duration::ZERO);
        let (source, budget) = (Box::new(Waits(word)), Budget::new(0.0));
        Cell { part, name, source, section, outcome, took: nothing, cost: nothing, budget }
    }

    #[test]
    fn who_does_not_come_back_is_left_behind_and_taken_up_later() {
        let mut lane = Lane::new(Arc::default(), Arc::new(FakeWorld::new(Timestamp::EPOCH, 1)));
        let (first, first_word) = sync_channel(1);
        let (second, second_word) = sync_channel(1);
        let mut cells = vec![
            cell(0, "a", None),
            cell(1, "b", Some(first_word)),
            cell(2, "c", Some(second_word)),
            cell(3, "d", None),
        ];
        lane.run(&mut cells);
        let names = |cells: &[Cell]| cells.iter().map(|cell| cell.name).collect::<Vec<_>>();
        assert_eq!(names(&cells), ["a", "d"]);
        // The next scrapes do not wait for those that still hang.
        lane.run(&mut cells);
        assert_eq!(names(&cells), ["a", "d"]);
        first.send(()).unwrap();
        second.send(()).unwrap();
        while cells.len() < 4 {
            lane.run(&mut cells);
        }
        let mut all = names(&cells);
        all.sort_unstable();
        assert_eq!(all, ["a", "b", "c", "d"]);
    }
}
