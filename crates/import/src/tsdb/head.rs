//! The head: what a Prometheus holds beyond its blocks, from its write-ahead log, the log of what came out of order, and the
//! files of full chunks.
//!
//! Two walks: the first finds the series, what was deleted of them and which chunks hold what came out of order; the second
//! hands samples out. What is remembered is one entry a series. As Prometheus does when it starts, samples older than its
//! newest block are passed over, since that block holds them or they were deleted from it; and what a full chunk holds is not
//! taken from the log again.

use std::path::{Path, PathBuf};

use gw_base::{Labels, Map};
use gw_formats::tsdb::chunk::{self, Sample};
use gw_formats::tsdb::record::{self, Record, kind};
use gw_formats::tsdb::tombstones::Interval;
use gw_formats::tsdb::{HeadSegment, TsdbError, WalSegment};

use super::file::{FileSource, in_file, numbered};
use super::rows::Rows;
use crate::ImportError;

/// Everything of the head.
pub(super) struct Head {
    /// Segments of checkpoint and log, in order.
    log: Vec<PathBuf>,
    /// Segments of the log of what came out of order.
    out_of_order: Vec<PathBuf>,
    /// Files of chunks.
    chunks: Vec<(u64, PathBuf)>,
    /// Samples before this time are in blocks.
    from: i64,
    known: Known,
}

/// What the first walk found.
#[derive(Default)]
struct Known {
    series: Vec<Labels>,
    by_labels: Map<Labels, usize>,
    by_reference: Map<u64, usize>,
    deleted: Map<usize, Vec<Interval>>,
    /// How often the out-of-order samples of a reference were moved to a chunk.
    markers: Map<u64, u32>,
    /// Last time that in-order chunks hold.
    in_chunks: Map<usize, i64>,
}

impl Head {
    /// Finds the files below a data directory.
    pub(super) fn open(dir: &Path, from: i64) -> Result<Self, ImportError> {
        let log = log_files(&dir.join("wal"))?;
        let paths = |files: Vec<(u64, PathBuf)>| files.into_iter().map(|(_, path)| path).collect();
        let out_of_order = paths(numbered(&dir.join("wbl"))?);
        let chunks = numbered(&dir.join("chunks_head"))?;
        Ok(Self { log, out_of_order, chunks, from, known: Known::default() })
    }

    /// Number of files.
    pub(super) const fn files(&self) -> usize {
        self.log.len() + self.out_of_order.len() + self.chunks.len()
    }

    /// Hands out what blocks do not hold.
    pub(super) fn read(mut self, rows: &mut Rows<'_>, mut progress: impl FnMut(&Path)) -> Result<(), ImportError> {
        let torn_log = self.learn(&self.log.clone(), rows)?;
        let torn_out_of_order = self.learn(&self.out_of_order.clone(), rows)?;
        for (_, path) in std::mem::take(&mut self.chunks) {
            progress(&path);
            self.read_chunks(&path, rows)?;
        }
        for (files, end, out_of_order) in [
            (std::mem::take(&mut self.log), torn_log, false),
            (std::mem::take(&mut self.out_of_order), torn_out_of_order, true),
        ] {
            let mut moved = Map::default();
            for path in files.iter().take(end) {
                progress(path);
                self.read_log(path, out_of_order, &mut moved, rows)?;
                rows.summary.segments += 1;
            }
        }
        Ok(())
    }

    /// The first walk; returns how many of the files may be read, the last of them up to where it is torn.
    fn learn(&mut self, files: &[PathBuf], rows: &mut Rows<'_>) -> Result<usize, ImportError> {
        for (index, path) in files.iter().enumerate() {
            let mut segment = WalSegment::new(FileSource::open(path)?);
            loop {
                let raw = match segment.next_record() {
                    Ok(Some(raw)) => raw,
                    Ok(None) => break,
                    Err(error) => {
                        cut(path, error, files.len() - index - 1, rows);
                        return Ok(index + 1);
                    }
                };
                if matches!(raw.bytes.first(), Some(&(kind::SERIES | kind::TOMBSTONES | kind::MARKERS))) {
                    match record::decode(raw.bytes, raw.offset) {
                        Ok(record) => self.known.learn(record),
                        Err(error) => rows.damaged(&in_file(path)(error)),
                    }
                }
            }
        }
        Ok(files.len())
    }

    fn read_chunks(&mut self, path: &Path, rows: &mut Rows<'_>) -> Result<(), ImportError> {
        let mut segment = match HeadSegment::open(FileSource::open(path)?) {
            Ok(segment) => segment,
            // A file that was made and not written yet.
            Err(error) => {
                rows.note(format!("{}: {error}; left out", path.display()));
                return Ok(());
            }
        };
        loop {
            let head = match segment.next_chunk() {
                Ok(Some(head)) => head,
                Ok(None) => break,
                Err(error) => {
                    cut(path, error, 0, rows);
                    return Ok(());
                }
            };
            let Some(series) = self.known.by_reference.get(&head.series).copied() else {
                rows.summary.passed_over += 1;
                continue;
            };
            if !head.out_of_order && head.max < self.from {
                continue;
            }
            let labels = &self.known.series[series];
            let deleted = self.known.deleted.get(&series).map_or(&[][..], Vec::as_slice);
            let earliest = if head.out_of_order { i64::MIN } else { self.from };
            let emit = |sample: Sample| {
                if sample.time >= earliest {
                    rows.sample(labels.as_bytes(), &sample, deleted);
                }
            };
            if let Err(fault) = chunk::decode(head.chunk.encoding, head.chunk.data, emit) {
                rows.damaged(&in_file(path)(TsdbError::new("head chunk", head.offset, fault)));
                continue;
            }
            if !head.out_of_order {
                let last = self.known.in_chunks.entry(series).or_insert(i64::MIN);
                *last = head.max.max(*last);
            }
            rows.maybe_hand_over()?;
        }
        rows.summary.segments += 1;
        Ok(())
    }

    fn read_log(
        &self,
        path: &Path,
        out_of_order: bool,
        moved: &mut Map<u64, u32>,
        rows: &mut Rows<'_>,
    ) -> Result<(), ImportError> {
        let mut segment = WalSegment::new(FileSource::open(path)?);
        // Where it is torn was said on the first walk.
        while let Ok(Some(raw)) = segment.next_record() {
            if matches!(raw.bytes.first(), Some(&(kind::SERIES | kind::TOMBSTONES))) {
                continue;
            }
            match record::decode(raw.bytes, raw.offset) {
                Ok(Record::Samples(samples)) => {
                    for (reference, sample) in &samples {
                        self.sample(*reference, sample, (out_of_order, moved), rows);
                    }
                }
                Ok(Record::Markers(markers)) => {
                    markers.iter().for_each(|(reference, _)| *moved.entry(*reference).or_default() += 1);
                }
                Ok(other) => self.other(path, other, rows),
                Err(error) => rows.damaged(&in_file(path)(error)),
            }
            rows.maybe_hand_over()?;
        }
        Ok(())
    }

    fn sample(
        &self,
        reference: u64,
        sample: &Sample,
        (out_of_order, moved): (bool, &Map<u64, u32>),
        rows: &mut Rows<'_>,
    ) {
        let Some(series) = self.known.by_reference.get(&reference).copied() else {
            rows.summary.passed_over += 1;
            return;
        };
        let elsewhere = if out_of_order {
            self.known.markers.get(&reference).is_some_and(|all| moved.get(&reference).unwrap_or(&0) < all)
        } else {
            let in_blocks = sample.time < self.from;
            rows.summary.passed_over += u64::from(in_blocks);
            in_blocks || self.known.in_chunks.get(&series).is_some_and(|last| sample.time <= *last)
        };
        if !elsewhere {
            let deleted = self.known.deleted.get(&series).map_or(&[][..], Vec::as_slice);
            rows.sample(self.known.series[series].as_bytes(), sample, deleted);
        }
    }

    fn other(&self, path: &Path, record: Record, rows: &mut Rows<'_>) {
        let labels = |reference: &u64| self.known.by_reference.get(reference).map(|series| &self.known.series[*series]);
        match record {
            Record::Exemplars(exemplars) => {
                for (reference, exemplar) in &exemplars {
                    match labels(reference) {
                        Some(labels) => rows.exemplar(labels, exemplar),
                        None => rows.summary.passed_over += 1,
                    }
                }
            }
            Record::Metadata(all) => {
                for (reference, metadata) in all {
                    if let Some(labels) = labels(&reference) {
                        rows.family(labels, metadata);
                    }
                }
            }
            Record::Unknown(kind) => {
                rows.note(format!("{}: a record of the unknown type {kind} was left out", path.display()));
            }
            _ => {}
        }
    }
}

impl Known {
    fn learn(&mut self, record: Record) {
        match record {
            Record::Series(all) => {
                for (reference, labels) in all {
                    // A series that was dropped and came back has two references and is one.
                    let next = self.series.len();
                    let series = *self.by_labels.entry(labels.clone()).or_insert(next);
                    if series == next {
                        self.series.push(labels);
                    }
                    self.by_reference.insert(reference, series);
                }
            }
            Record::Tombstones(all) => {
                for (reference, interval) in all {
                    if let Some(series) = self.by_reference.get(&reference) {
                        self.deleted.entry(*series).or_default().push(interval);
                    }
                }
            }
            Record::Markers(all) => {
                all.iter().for_each(|(reference, _)| *self.markers.entry(*reference).or_default() += 1);
            }
            _ => {}
        }
    }
}

/// Says where a log was cut: what follows a damaged record cannot be trusted.
fn cut(path: &Path, error: TsdbError, more: usize, rows: &mut Rows<'_>) {
    let error = in_file(path)(error);
    if more == 0 {
        // What a crash, or a writer that is just writing, leaves at the end.
        rows.note(format!("{error}; the torn end was cut"));
    } else {
        rows.damaged(&error);
        rows.note(format!("{more} later segments of the log were left out, as Prometheus would when it repairs it"));
    }
}

/// The newest checkpoint's segments, then those of the log behind it.
fn log_files(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let segments = numbered(folder)?;
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_prefix("checkpoint.")).and_then(|n| n.parse::<u64>().ok());
        if let Some(number) = number.filter(|number| newest.as_ref().is_none_or(|(last, _)| number > last)) {
            newest = Some((number, entry.path()));
        }
    }
    let mut files = Vec::new();
    if let Some((_, checkpoint)) = &newest {
        files.extend(numbered(checkpoint)?.into_iter().map(|(_, path)| path));
    }
    let covered = newest.map(|(number, _)| number);
    files.extend(segments.into_iter().filter(|(n, _)| covered.is_none_or(|last| *n > last)).map(|(_, path)| path));
    Ok(files)
}
