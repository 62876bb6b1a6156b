//! The allocator, and when it gives back what is free.
//!
//! Each thread keeps what it has freed for its next need and looks at the rest only when it frees again, so a thread that
//! has gone idle would hold the memory of its busiest second for good. Threads of the runtime therefore clean up as they
//! come to rest, once in a while.

use std::cell::Cell;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Time between two clean-ups of a thread: what it needs again at once is not worth giving back.
const EVERY: Duration = Duration::from_millis(500);
/// Time after which a thread for blocking work that has none ends, and gives back all.
const IDLE: Duration = Duration::from_secs(2);

/// Stack of a thread, of which only what is touched takes memory. The deepest query that parses takes 3 MB where code is not
/// optimised.
const STACK: usize = 8 << 20;

thread_local! {
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A runtime whose threads give memory back.
pub(crate) fn runtime() -> tokio::runtime::Builder {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("gatewatch").thread_stack_size(STACK).thread_keep_alive(IDLE);
    builder.on_thread_park(tidy).on_thread_stop(collect);
    builder
}

#[expect(clippy::disallowed_methods, reason = "the allocator belongs to the process, not to a world of tests")]
fn tidy() {
    let now = Instant::now();
    let is_due = |last: &Cell<Option<Instant>>| {
        let due = last.get().is_none_or(|last| now.duration_since(last) >= EVERY);
        if due {
            last.set(Some(now));
        }
        due
    };
    if LAST.with(is_due) {
        collect();
    }
}

fn collect() {
    unsafe extern "C" {
        fn mi_collect(force: bool);
    }
    // SAFETY: the function is part of the allocator that is linked above, and may be called by any thread at any time.
    unsafe { mi_collect(true) }
}
