//! The write-ahead log of one signal: numbered segments of checksummed records.
//!
//! Synchronous and single-threaded; the commit thread owns it. Each record has a sequence number, and the catalog says up
//! to which number records are in parts, so replaying after a crash loses nothing and repeats nothing.

pub(crate) mod codec;
pub(crate) mod disk;
pub(crate) mod record;
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod simulated;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use disk::{Disk, DiskFile};
use record::Step;

const SUFFIX: &str = ".wal";

/// The log of one signal.
#[derive(Debug)]
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    closed: VecDeque<Segment>,
    active: Option<Active>,
    next: u64,
}

#[derive(Debug)]
struct Segment {
    name: String,
    last: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Active {
    name: String,
    file: Box<dyn DiskFile>,
    /// Length up to which everything is wanted; the file may be longer after a failed write.
    good: u64,
    length: u64,
}

/// A point to which [`Log::undo`] can return.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    next: u64,
    good: u64,
}

/// A replay under way.
struct Replay<'a> {
    after: u64,
    apply: &'a mut dyn FnMut(u64, &[u8]) -> bool,
    found: Replayed,
}

/// What replaying found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// Records handed over.
    pub(crate) records: u64,
    /// Bytes of an unfinished write cut from the end.
    pub(crate) torn_bytes: u64,
    /// Places inside where a record was damaged and left out: file and offset.
    pub(crate) damages: Vec<(String, u64)>,
}

impl Log {
    /// Opens the log and hands every record behind `after` to `apply`, in order.
    ///
    /// A torn tail is cut. A damaged record inside is reported and left out, what follows it is kept. A segment that holds
    /// nothing behind `after` is removed.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        segment_bytes: u64,
        after: u64,
        mut apply: impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<(Self, Replayed)> {
        let mut names: Vec<(u64, String)> =
            disk.list()?.into_iter().filter_map(|name| Some((first_of(&name)?, name))).collect();
        names.sort();
        let mut log = Self { disk, segment_bytes, closed: VecDeque::new(), active: None, next: after + 1 };
        let mut replay = Replay { after, apply: &mut apply, found: Replayed::default() };
        for (i, (_, name)) in names.iter().enumerate() {
            let following = names.get(i + 1).map(|(first, _)| *first);
            if following.is_some_and(|first| first <= after + 1) {
                log.disk.remove(name)?;
                continue;
            }
            log.replay_segment(name, following.is_none(), &mut replay)?;
        }
        Ok((log, replay.found))
    }

    fn replay_segment(&mut self, name: &str, is_last: bool, replay: &mut Replay<'_>) -> io::Result<()> {
        let Replay { after, apply, found: replayed } = replay;
        let bytes = self.disk.read(name)?;
        let mut length = bytes.len();
        let mut at = 0;
        loop {
            match record::step(&bytes, at) {
                Step::Frame(frame, next) => {
                    // A sequence seen before is a leftover of a write that was undone.
                    if frame.sequence > *after && frame.sequence >= self.next {
                        if apply(frame.sequence, frame.payload) {
                            replayed.records += 1;
                        } else {
                            replayed.damages.push((name.to_owned(), at as u64));
                        }
                    }
                    self.next = self.next.max(frame.sequence + 1);
                    at = next;
                }
                Step::Damage { resume: Some(resume) } => {
                    replayed.damages.push((name.to_owned(), at as u64));
                    at = resume;
                }
                Step::Damage { resume: None } if is_last => {
                    self.disk.truncate(name, at as u64)?;
                    replayed.torn_bytes += (length - at) as u64;
                    length = at;
                    break;
                }
                Step::Damage { resume: None } => {
                    replayed.damages.push((name.to_owned(), at as u64));
                    break;
                }
                Step::End => break,
            }
        }
        if length == 0 {
            return self.disk.remove(name);
        }
        // The next segment is named after the next record, and must not take the name of one that holds only damage.
        self.next = self.next.max(first_of(name).map_or(0, |first| first + 1));
        self.closed.push_back(Segment { name: name.to_owned(), last: self.next - 1, bytes: length as u64 });
        Ok(())
    }

    /// The sequence of the last record, or where the log began.
    pub(crate) const fn last(&self) -> u64 {
        self.next - 1
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.closed.iter().map(|segment| segment.bytes).sum::<u64>() + self.active.as_ref().map_or(0, |a| a.good)
    }

    /// Bytes on disk of segments that end behind a record.
    pub(crate) fn bytes_behind(&self, through: u64) -> u64 {
        let behind = self.closed.iter().filter(|segment| segment.last > through);
        behind.map(|segment| segment.bytes).sum::<u64>() + self.active.as_ref().map_or(0, |active| active.good)
    }

    /// Where the log ends now.
    pub(crate) fn mark(&self) -> Mark {
        Mark { next: self.next, good: self.active.as_ref().map_or(0, |active| active.good) }
    }

    /// Writes one record a payload, without syncing. After an error call [`Log::undo`].
    pub(crate) fn append(&mut self, payloads: &[&[u8]]) -> io::Result<u64> {
        let bytes = payloads.iter().map(|payload| payload.len() + record::HEADER_BYTES).sum();
        let mut buffer = Vec::with_capacity(bytes);
        for (i, payload) in payloads.iter().enumerate() {
            record::write(&mut buffer, self.next + i as u64, payload);
        }
        let active = self.writable()?;
        active.length += buffer.len() as u64;
        active.file.append(&buffer)?;
        active.good = active.length;
        self.next += payloads.len() as u64;
        Ok(buffer.len() as u64)
    }

    /// Makes what was appended survive a crash. After an error call [`Log::undo`].
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.active.as_mut().map_or(Ok(()), |active| active.file.sync())
    }

    /// Takes back everything since `mark`. Where the disk refuses even that, the next append tries again first, so that a
    /// record that was not acknowledged never comes before one that was.
    pub(crate) fn undo(&mut self, mark: Mark) {
        self.next = mark.next;
        if let Some(active) = &mut self.active {
            active.good = mark.good;
            if let Err(error) = active.cut() {
                tracing::warn!(segment = active.name, %error, "cannot take back a failed write yet");
            }
        }
    }

    /// Closes the segment when it is long enough, and says whether it did. Call between groups, never between a mark and
    /// its undo.
    pub(crate) fn rotate_if_long(&mut self) -> bool {
        let is_long = self.active.as_ref().is_some_and(|active| active.good >= self.segment_bytes);
        if is_long {
            self.rotate();
        }
        is_long
    }

    /// Closes the segment, so that it can be removed when its records are in parts.
    pub(crate) fn rotate(&mut self) {
        let settled = self.active.as_ref().is_some_and(|active| active.good > 0 && active.good == active.length);
        if let Some(active) = settled.then(|| self.active.take()).flatten() {
            self.closed.push_back(Segment { name: active.name, last: self.next - 1, bytes: active.good });
        }
    }

    /// Removes segments that hold nothing behind `through`.
    pub(crate) fn release(&mut self, through: u64) -> io::Result<()> {
        while let Some(segment) = self.closed.front().filter(|segment| segment.last <= through) {
            self.disk.remove(&segment.name)?;
            self.closed.pop_front();
        }
        Ok(())
    }

    fn writable(&mut self) -> io::Result<&mut Active> {
        if self.active.is_none() {
            let name = format!("{:020}{SUFFIX}", self.next);
            let file = self.disk.create(&name)?;
            self.active = Some(Active { name, file, good: 0, length: 0 });
        }
        let active = self.active.as_mut().expect("created above");
        active.cut()?;
        Ok(active)
    }
}

impl Active {
    fn cut(&mut self) -> io::Result<()> {
        if self.length != self.good {
            self.file.truncate(self.good)?;
            self.length = self.good;
        }
        Ok(())
    }
}

fn first_of(name: &str) -> Option<u64> {
    name.strip_suffix(SUFFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::simulated::SimulatedDisk;
    use super::*;

    fn reopen(disk: &SimulatedDisk, after: u64) -> (Log, Replayed, Vec<(u64, Vec<u8>)>) {
        let mut found = Vec::new();
        let (log, replayed) = Log::open(Arc::new(disk.clone()), 64, after, |sequence, payload| {
            found.push((sequence, payload.to_vec()));
            true
        })
        .unwrap();
        (log, replayed, found)
    }

    #[test]
    fn what_was_synced_comes_back_and_released_segments_go() {
        let disk = SimulatedDisk::new(1);
        let (mut log, ..) = reopen(&disk, 0);
        for i in 0..10u8 {
            log.append(&[&[i; 30]]).unwrap();
            log.sync().unwrap();
            log.rotate_if_long();
        }
        let (mut log, replayed, found) = reopen(&disk, 3);
        assert_eq!((found.len(), found[0].0, found[6].1[0]), (7, 4, 9));
        assert_eq!(replayed, Replayed { records: 7, ..Replayed::default() });
        let before = log.bytes();
        log.release(8).unwrap();
        assert!(log.bytes() < before && log.last() == 10);
        assert_eq!(reopen(&disk, 8).2.len(), 2);
    }

    #[test]
    fn a_full_disk_leaves_no_trace_of_what_failed() {
        let disk = SimulatedDisk::new(2);
        let (mut log, ..) = reopen(&disk, 0);
        log.append(&[b"kept"]).unwrap();
        log.sync().unwrap();
        disk.fail_next(2);
        let mark = log.mark();
        assert!(log.append(&[b"lost"]).and_then(|_| log.sync()).is_err());
        log.undo(mark);
        log.append(&[b"after"]).unwrap();
        log.sync().unwrap();
        let found: Vec<_> = reopen(&disk, 0).2.into_iter().map(|(_, payload)| payload).collect();
        assert_eq!(found, [b"kept".to_vec(), b"after".to_vec()]);
    }

    #[test]
    fn a_segment_without_a_good_record_lends_its_name_to_no_other() {
        for leftover in [&b""[..], b"torn", b"GwR\x01 damage"] {
            let disk = SimulatedDisk::new(4);
            let (mut log, ..) = reopen(&disk, 4);
            log.append(&[b"five"]).unwrap();
            let name = disk.list().unwrap().remove(0);
            disk.edit(&name, |bytes| *bytes = leftover.to_vec());
            drop(log);
            let (mut log, ..) = reopen(&disk, 4);
            log.append(&[b"new"]).unwrap();
            log.sync().unwrap();
            log.release(4).unwrap();
            let found: Vec<_> = reopen(&disk, 4).2.into_iter().map(|(_, payload)| payload).collect();
            assert_eq!(found, [b"new".to_vec()]);
        }
    }

    #[test]
    fn torn_tails_are_cut_and_inner_damage_is_named() {
        let disk = SimulatedDisk::new(3);
        let (mut log, ..) = reopen(&disk, 0);
        for payload in [&b"one"[..], b"two", b"three"] {
            log.append(&[payload]).unwrap();
        }
        log.sync().unwrap();
        let name = disk.list().unwrap().remove(0);
        disk.edit(&name, |bytes| bytes[record::HEADER_BYTES + 3 + record::HEADER_BYTES] ^= 1);
        disk.edit(&name, |bytes| bytes.truncate(bytes.len() - 1));
        let (_, replayed, found) = reopen(&disk, 0);
        assert_eq!(found, [(1, b"one".to_vec())]);
        assert_eq!(replayed.torn_bytes, 23 + 24, "nothing good follows the damage, so it is a torn tail");
        disk.edit(&name, |bytes| {
            bytes.clear();
            record::write(bytes, 1, b"one");
            record::write(bytes, 2, b"two");
            record::write(bytes, 3, b"three");
            bytes[30] ^= 1;
        });
        let (_, replayed, found) = reopen(&disk, 0);
        assert_eq!(found.len(), 2);
        assert_eq!(replayed.damages, [(name, 23)]);
    }
}
