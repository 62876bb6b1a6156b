//! Opened parts (index and footer), the least recently used of which leave when their bytes pass a bound.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::reader::Opened;

/// Opened parts by id.
#[derive(Debug)]
pub(crate) struct PartCache {
    limit_bytes: usize,
    /// The limit while it is more than the other.
    allowed_bytes: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    opened: BTreeMap<String, (u64, Arc<Opened>)>,
    uses: BTreeMap<u64, String>,
    clock: u64,
    bytes: usize,
}

impl PartCache {
    /// A cache of so many bytes. A single larger part is kept alone.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, allowed_bytes: AtomicUsize::new(0), inner: Mutex::default() }
    }

    /// Says how many bytes there may be from now on, where that is more than those it was made for.
    pub(crate) fn allow(&self, bytes: usize) {
        self.allowed_bytes.store(bytes, Ordering::Relaxed);
    }

    /// An opened part, if it is here.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Opened>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.clock += 1;
        let now = inner.clock;
        let (used, opened) = inner.opened.get_mut(id)?;
        let before = std::mem::replace(used, now);
        let opened = Arc::clone(opened);
        inner.uses.remove(&before);
        inner.uses.insert(now, id.to_owned());
        Some(opened)
    }

    /// Keeps an opened part.
    pub(crate) fn put(&self, id: &str, opened: &Arc<Opened>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.remove(id);
        inner.clock += 1;
        let now = inner.clock;
        inner.bytes += opened.bytes();
        inner.uses.insert(now, id.to_owned());
        inner.opened.insert(id.to_owned(), (now, Arc::clone(opened)));
        let limit = self.limit_bytes.max(self.allowed_bytes.load(Ordering::Relaxed));
        while inner.bytes > limit && inner.opened.len() > 1 {
            let Some((_, oldest)) = inner.uses.pop_first() else { break };
            inner.remove(&oldest);
        }
    }

    /// Forgets a part that is gone.
    pub(crate) fn remove(&self, id: &str) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Inner {
    fn remove(&mut self, id: &str) {
        if let Some((used, opened)) = self.opened.remove(id) {
            self.uses.remove(&used);
            self.bytes -= opened.bytes();
        }
    }
}
