//! The write-ahead log of one signal: numbered segments of checksummed records.
//!
//! Synchronous and single-threaded; the commit thread owns it. Each record has a sequence number, and the catalog says up
//! to which number records are in parts, so replaying after a crash loses nothing and repeats nothing.

pub(crate) mod codec;
pub(crate) mod disk;
mod parity;
pub(crate) mod record;
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod simulated;

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;

use disk::{Disk, DiskFile};
use parity::{Found, Parity};
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
    parity: Parity,
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
    /// Damaged records that their neighbours brought back.
    pub(crate) repaired: u64,
}

/// The records of a segment in order, and where between them is damage: offset, and the sequences around it.
#[derive(Default)]
struct Scan<'a> {
    found: Vec<Found<'a>>,
    damages: Vec<(u64, u64, u64)>,
    /// Length up to which there are frames.
    good: usize,
    repaired: BTreeSet<u64>,
}

impl<'a> Scan<'a> {
    /// Reads the frames of a segment that begins behind a record, and brings back what their parity can.
    fn of(bytes: &'a [u8], after: u64) -> Self {
        let (mut scan, mut parities, mut last) = (Self::default(), Vec::new(), after);
        let (mut at, mut open) = (0, None);
        loop {
            match record::step(bytes, at) {
                Step::Frame(frame, next) => {
                    if let Some(offset) = open.take_if(|_| !frame.is_parity) {
                        scan.damages.push((offset, last, frame.sequence));
                    }
                    if frame.is_parity {
                        parities.push(frame.payload);
                    } else {
                        scan.found.push((frame.sequence, at as u64, Cow::Borrowed(frame.payload)));
                        last = frame.sequence;
                    }
                    at = next;
                }
                Step::Damage { resume: Some(resume) } => {
                    open.get_or_insert(at as u64);
                    at = resume;
                }
                Step::Damage { resume: None } | Step::End => break,
            }
        }
        scan.good = at;
        // What was damaged at the end, where only parity follows.
        scan.damages.extend(open.map(|offset| (offset, last, u64::MAX)));
        if !scan.damages.is_empty() {
            // A sequence comes again where a write was undone.
            scan.found.sort_by_key(|(sequence, ..)| *sequence);
            scan.found.dedup_by_key(|(sequence, ..)| *sequence);
            let repaired = parities.into_iter().filter_map(|parity| parity::repair(&mut scan.found, parity));
            scan.repaired = repaired.collect();
        }
        scan
    }

    /// Whether all records of a damaged place have come back.
    fn is_repaired(&self, (_, before, behind): (u64, u64, u64)) -> bool {
        let behind = if behind == u64::MAX { self.repaired.last().map_or(before, |last| last + 1) } else { behind };
        (before + 1..behind).all(|sequence| self.repaired.contains(&sequence))
    }
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
        let scan = Scan::of(&bytes, first_of(name).unwrap_or(self.next).saturating_sub(1));
        let lost = scan.damages.iter().filter(|damage| !scan.is_repaired(**damage));
        replayed.damages.extend(lost.map(|(offset, ..)| (name.to_owned(), *offset)));
        replayed.repaired += scan.repaired.len() as u64;
        for (sequence, offset, payload) in &scan.found {
            // A sequence seen before is a leftover of a write that was undone.
            if *sequence > *after && *sequence >= self.next {
                if apply(*sequence, payload) {
                    replayed.records += 1;
                } else {
                    replayed.damages.push((name.to_owned(), *offset));
                }
            }
            self.next = self.next.max(sequence + 1);
        }
        if scan.good < length {
            if is_last {
                self.disk.truncate(name, scan.good as u64)?;
                replayed.torn_bytes += (length - scan.good) as u64;
                length = scan.good;
            } else {
                replayed.damages.push((name.to_owned(), scan.good as u64));
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
        let (mut buffer, next) = (Vec::with_capacity(bytes), self.next);
        let active = self.writable()?;
        for (payload, sequence) in payloads.iter().zip(next..) {
            record::write(&mut buffer, sequence, payload);
            active.parity.add(sequence, payload);
            if active.parity.is_full(active.good + buffer.len() as u64)
                && let Some((last, parity)) = active.parity.take()
            {
                record::write_parity(&mut buffer, last, &parity);
            }
        }
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
            active.parity.forget();
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
        if settled {
            self.seal();
        }
        if let Some(active) = settled.then(|| self.active.take()).flatten() {
            self.closed.push_back(Segment { name: active.name, last: self.next - 1, bytes: active.good });
        }
    }

    /// Writes the parity of the last records, when nothing is being written.
    pub(crate) fn seal(&mut self) {
        let Some(active) = self.active.as_mut().filter(|active| active.good == active.length) else { return };
        let Some((last, parity)) = active.parity.take() else { return };
        let mut buffer = Vec::with_capacity(parity.len() + record::HEADER_BYTES);
        record::write_parity(&mut buffer, last, &parity);
        active.length += buffer.len() as u64;
        match active.file.append(&buffer).and_then(|()| active.file.sync()) {
            Ok(()) => active.good = active.length,
            Err(error) => {
                tracing::warn!(segment = active.name, %error, "the last records have no parity");
                if let Err(error) = active.cut() {
                    tracing::warn!(segment = active.name, %error, "cannot take back a failed write yet");
                }
            }
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
            self.active = Some(Active { name, file, good: 0, length: 0, parity: Parity::default() });
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
        log.append(&[b"one"]).unwrap();
        log.sync().unwrap();
        let name = disk.list().unwrap().remove(0);
        let write = |damaged: usize, cut: usize| {
            disk.edit(&name, |bytes| {
                bytes.clear();
                [&b"one"[..], b"two", b"three"].iter().zip(1..).for_each(|(p, i)| record::write(bytes, i, p));
                bytes[damaged] ^= 1;
                bytes.truncate(bytes.len() - cut);
            });
        };
        write(record::HEADER_BYTES + 3 + record::HEADER_BYTES, 1);
        let (_, replayed, found) = reopen(&disk, 0);
        assert_eq!(found, [(1, b"one".to_vec())]);
        assert_eq!(replayed.torn_bytes, 23 + 24, "nothing good follows the damage, so it is a torn tail");
        write(30, 0);
        let (_, replayed, found) = reopen(&disk, 0);
        assert_eq!(found.len(), 2);
        assert_eq!((replayed.damages, replayed.repaired), (vec![(name.clone(), 23)], 0), "without parity it is lost");
    }

    /// Writes records of a length and gives the segment with any one byte of some record changed to a reader.
    fn damaged(records: u64, length: usize, sealed: bool) -> Vec<(u64, Replayed, usize)> {
        let disk = SimulatedDisk::new(5);
        let (mut log, ..) = Log::open(Arc::new(disk.clone()), 8 << 20, 0, |_, _| true).unwrap();
        let payload = |i: u64| (0..length).map(|at| (at as u64 * 7 + i * i) as u8).collect::<Vec<u8>>();
        for i in 1..=records {
            log.append(&[&payload(i)]).unwrap();
        }
        if sealed {
            log.seal();
        }
        log.sync().unwrap();
        let name = disk.list().unwrap().remove(0);
        let mut whole = Vec::new();
        disk.edit(&name, |bytes| whole.clone_from(bytes));
        let mut starts = Vec::new();
        let mut at = 0;
        while let Step::Frame(frame, next) = record::step(&whole, at) {
            starts.extend((!frame.is_parity).then_some(at));
            at = next;
        }
        let read = |(i, start): (usize, usize)| {
            disk.edit(&name, |bytes| {
                bytes.clone_from(&whole);
                bytes[start + record::HEADER_BYTES + length / 2] ^= 4;
            });
            let mut good = 0;
            let apply = |sequence: u64, found: &[u8]| {
                good += usize::from(found == payload(sequence));
                true
            };
            let (_, replayed) = Log::open(Arc::new(disk.clone()), 8 << 20, 0, apply).unwrap();
            (i as u64 + 1, replayed, good)
        };
        starts.into_iter().enumerate().map(read).collect()
    }

    #[test]
    fn a_damaged_record_comes_back_from_its_neighbours() {
        // A short log tells each record twice; in a long one it is sixteen that vouch for each other.
        for (records, length, sealed) in [(20, 50, false), (200, 1500, true)] {
            for (record, replayed, good) in damaged(records, length, sealed) {
                assert_eq!(
                    (replayed.records, good as u64, replayed.repaired),
                    (records, records, 1),
                    "record {record}"
                );
                assert!(replayed.damages.is_empty() && replayed.torn_bytes == 0, "record {record}");
            }
        }
        let open = damaged(200, 1500, false);
        let lost = open.iter().filter(|(_, replayed, _)| replayed.repaired == 0).count();
        assert!((1..16).contains(&lost), "only the last ones have no parity yet: {lost}");
    }
}
