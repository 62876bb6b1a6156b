//! Remarks on an answer that are not errors: the same remark of many series and steps is one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// A remark on an answer that is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Whether the answer may be wrong because of it (else it is information).
    pub warning: bool,
    /// The remark, in the language's own words.
    pub text: String,
}

/// A remark as it is made. Two with the same `head` are one remark, which keeps the details of both and the place of the
/// one that comes later in the order of evaluation.
#[derive(Debug, Clone)]
pub struct Remark {
    /// Whether the answer may be wrong because of it.
    pub warning: bool,
    /// What is said.
    pub head: String,
    /// Where in the query, as it is to be printed.
    pub place: String,
    /// When the expression that it is about is evaluated, relative to others.
    pub order: u32,
    /// What is counted of it.
    pub detail: Detail,
    /// Makes the text of it.
    pub print: fn(&Self) -> String,
}

/// What is counted of a remark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Detail {
    /// Nothing.
    Plain,
    /// How often it was made.
    Count(u64),
    /// Values that were changed.
    Spread(Spread),
}

/// How far changed values lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The least place of a change.
    pub least: f64,
    /// The greatest place of a change.
    pub greatest: f64,
    /// The greatest change.
    pub difference: f64,
    /// How many were changed.
    pub samples: u64,
    /// The first time of a change, seconds since the epoch.
    pub first_secs: i64,
    /// The last time of a change, seconds since the epoch.
    pub last_secs: i64,
}

impl Detail {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => Self::Count(a.saturating_add(b)),
            (Self::Spread(a), Self::Spread(b)) => Self::Spread(Spread {
                least: a.least.min(b.least),
                greatest: a.greatest.max(b.greatest),
                difference: a.difference.max(b.difference),
                samples: a.samples.saturating_add(b.samples),
                first_secs: a.first_secs.min(b.first_secs),
                last_secs: a.last_secs.max(b.last_secs),
            }),
            (first, _) => first,
        }
    }
}

/// The remarks of one query.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    all: Mutex<Vec<Remark>>,
    muted: AtomicBool,
}

impl Remarks {
    pub(crate) fn mute(&self) {
        self.muted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, remark: Remark) {
        if self.muted.load(Ordering::Relaxed) {
            return;
        }
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = all.iter_mut().find(|known| known.head == remark.head) else {
            all.push(remark);
            return;
        };
        known.detail = known.detail.join(remark.detail);
        if known.order < remark.order {
            (known.order, known.place) = (remark.order, remark.place);
        }
    }

    pub(crate) fn all(&self) -> Vec<Remark> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn notes(&self) -> Vec<Note> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|remark| Note { warning: remark.warning, text: (remark.print)(remark) }).collect()
    }
}
