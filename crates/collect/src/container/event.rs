//! What happened to containers, kept for those who ask later.

use std::collections::VecDeque;

use gw_base::Timestamp;

/// Most events that are kept.
const KEPT: usize = 10_000;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A group was made.
    Created,
    /// A group was removed.
    Deleted,
    /// Memory ran out in it.
    OutOfMemory,
    /// A process of it was killed for that.
    Killed {
        /// Its number.
        pid: u32,
        /// Its name.
        process: String,
    },
}

/// Something that happened to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Number that rises from event to event.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Path of the group.
    pub path: String,
    /// Usual name of the container; empty where it has none.
    pub name: String,
    /// What.
    pub kind: EventKind,
}

/// The last events, oldest first.
#[derive(Debug, Default)]
pub(super) struct Events {
    kept: VecDeque<Event>,
    next: u64,
}

impl Events {
    pub(super) fn push(&mut self, time: Timestamp, (path, name): (&str, &str), kind: EventKind) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        let (path, name) = (path.to_owned(), name.to_owned());
        self.kept.push_back(Event { sequence: self.next, time, path, name, kind });
        self.next += 1;
    }

    /// Events from a number on.
    pub(super) fn since(&self, sequence: u64) -> impl Iterator<Item = &Event> {
        self.kept.iter().skip_while(move |event| event.sequence < sequence)
    }

    /// The number that the next event will have.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }
}
