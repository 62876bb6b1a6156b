//! A scrape of this machine takes no memory from the allocator once the first few have been made: buffers, label sets and
//! the text of values that did not change are kept.

#![cfg(test)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gw_base::{FakeWorld, Timestamp};
use gw_collect::config::HostConfig;
use gw_collect::{HostPages, PageFilter, Requests};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_scrape_takes_no_memory() {
    let world = Arc::new(FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1));
    let pages = HostPages::of(&HostConfig::default(), world).unwrap();
    let (filter, requests) = (PageFilter::default(), Requests::default());
    let mut page = Vec::new();
    let mut scrape = || {
        page.clear();
        pages.write(&filter, Some(&requests), &mut page).unwrap();
        page.len()
    };
    for _ in 0..20 {
        scrape();
    }
    // The machine lives: a device or a mount may come in between, and is then described anew. The quietest scrape counts.
    let counts: Vec<usize> = (0..20)
        .map(|_| {
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            scrape();
            ALLOCATIONS.load(Ordering::Relaxed) - before
        })
        .collect();
    println!("allocations of 20 scrapes of {} bytes: {counts:?}", scrape());
    assert_eq!(counts.iter().min(), Some(&0), "{counts:?}");
}
