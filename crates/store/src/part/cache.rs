//! Opened parts (index and footer), the least recently used of which leave when their bytes pass a bound.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::reader::Opened;

/// Opened parts by id.
#[derive(Debug)]
pub(crate) struct PartCache {
    limit_bytes: usize,
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
        Self { limit_bytes, inner: Mutex::default() }
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
        while inner.bytes > self.limit_bytes && inner.opened.len() > 1 {
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
