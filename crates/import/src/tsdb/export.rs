//! Writes a block that every Prometheus since 2.0 opens: files of chunks, index, `meta.json`.
//!
//! It is made beside its place and moved there when it is whole, as Prometheus does: whoever looks sees a block or none.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use gw_base::Labels;
use gw_batch::Histogram;
use gw_formats::tsdb::chunk::{HistogramChunk, XOR};
use gw_formats::tsdb::{
    ChunkMeta, Compaction, IndexSeries, Meta, RawChunk, Stats, Tombstones, order, put_chunk, segment_header,
    write_index,
};
use gw_formats::xor_chunk::{SAMPLES_PER_CHUNK, XorEncoder};

use super::file::unreadable;
use crate::ImportError;

/// A file of chunks is closed before it would pass this.
const SEGMENT_MAX_BYTES: u64 = 512 << 20;
/// A chunk of histograms is closed at this many samples.
const HISTOGRAMS_PER_CHUNK: usize = SAMPLES_PER_CHUNK;

/// Samples of one series in rising time; times in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SeriesSamples<'a> {
    /// Floats.
    pub floats: &'a [(i64, f64)],
    /// Histograms.
    pub histograms: &'a [(i64, &'a Histogram)],
}

/// A block that is being written.
#[derive(Debug)]
pub struct BlockWriter {
    ulid: String,
    making: PathBuf,
    place: PathBuf,
    file: BufWriter<File>,
    segment: u64,
    at: u64,
    series: Vec<IndexSeries>,
    stats: Stats,
    times: Option<(i64, i64)>,
    scratch: Vec<u8>,
}

impl BlockWriter {
    /// Begins the block `ulid` in a data directory, which is made when missing.
    ///
    /// # Errors
    /// [`ImportError::Unreadable`] when nothing can be written there.
    pub fn create(dir: &Path, ulid: &str) -> Result<Self, ImportError> {
        let place = dir.join(ulid);
        let making = dir.join(format!("{ulid}.tmp-for-creation"));
        let chunks = making.join("chunks");
        fs::create_dir_all(&chunks).map_err(|error| unreadable(&chunks, &error))?;
        let file = segment(&chunks, 0)?;
        let at = segment_header().len() as u64;
        Ok(Self {
            ulid: ulid.to_owned(),
            making,
            place,
            file,
            segment: 0,
            at,
            series: Vec::new(),
            stats: Stats::default(),
            times: None,
            scratch: Vec::new(),
        })
    }

    /// Adds a series. Series come in the order of their labels ([`gw_formats::tsdb::order`]); one without samples is left out.
    ///
    /// # Errors
    /// [`ImportError::Unreadable`] when the disk refuses, [`ImportError::Wrong`] for a series out of order.
    pub fn push(&mut self, labels: &Labels, samples: SeriesSamples<'_>) -> Result<(), ImportError> {
        if self.series.last().is_some_and(|last| order(&last.labels, labels).is_ge()) {
            return Err(ImportError::wrong(&self.ulid, format!("series {labels} comes out of order")));
        }
        let mut chunks = Vec::new();
        let (mut floats, mut histograms) = (samples.floats, samples.histograms);
        let mut before = None;
        // Floats and histograms may take turns; a chunk holds one kind and no time that another holds.
        loop {
            let chunk = match (floats.first(), histograms.first()) {
                (None, None) => break,
                (Some(float), histogram) if histogram.is_none_or(|histogram| float.0 < histogram.0) => {
                    let until = histogram.map_or(i64::MAX, |histogram| histogram.0);
                    self.put_floats(&mut floats, until)?
                }
                (float, _) => {
                    let until = float.map_or(i64::MAX, |float| float.0);
                    // Of two samples of one time the histogram is kept.
                    if until == histograms.first().map_or(i64::MIN, |histogram| histogram.0) {
                        floats = floats.split_first().map_or(&[], |(_, rest)| rest);
                        continue;
                    }
                    self.put_histograms(&mut histograms, until, &mut before)?
                }
            };
            chunks.push(chunk);
        }
        let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else { return Ok(()) };
        let (min, max) = self.times.unwrap_or((first.min, last.max));
        self.times = Some((min.min(first.min), max.max(last.max)));
        self.stats.num_series += 1;
        self.stats.num_chunks += chunks.len() as u64;
        self.series.push(IndexSeries { labels: labels.clone(), chunks });
        Ok(())
    }

    fn put_floats(&mut self, floats: &mut &[(i64, f64)], until: i64) -> Result<ChunkMeta, ImportError> {
        let count = floats.iter().take(SAMPLES_PER_CHUNK).take_while(|(time, _)| *time < until).count();
        let (now, later) = floats.split_at(count);
        *floats = later;
        let mut encoder = XorEncoder::default();
        for (time, value) in now {
            // Fewer than a chunk can hold, so that none is refused.
            encoder.push(*time, *value);
        }
        self.stats.num_samples += count as u64;
        self.stats.num_float_samples += count as u64;
        let times = now.first().zip(now.last()).map_or((0, 0), |(first, last)| (first.0, last.0));
        self.put(XOR, &encoder.finish(), times)
    }

    fn put_histograms<'a>(
        &mut self,
        histograms: &mut &[(i64, &'a Histogram)],
        until: i64,
        before: &mut Option<&'a Histogram>,
    ) -> Result<ChunkMeta, ImportError> {
        let Some(first) = histograms.first() else {
            return Err(ImportError::wrong(&self.ulid, "a chunk without samples"));
        };
        let mut chunk = HistogramChunk::after(*before, *first);
        let rest = histograms.iter().skip(1).take(HISTOGRAMS_PER_CHUNK - 1).take_while(|(time, _)| *time < until);
        let added = rest.take_while(|(time, histogram)| chunk.push(*time, histogram)).count();
        let (now, later) = histograms.split_at(added + 1);
        *histograms = later;
        *before = now.last().map(|(_, last)| *last);
        self.stats.num_samples += now.len() as u64;
        self.stats.num_histogram_samples += now.len() as u64;
        let (encoding, data) = chunk.finish();
        self.put(encoding, &data, chunk.times().unwrap_or_default())
    }

    fn put(&mut self, encoding: u8, data: &[u8], (min, max): (i64, i64)) -> Result<ChunkMeta, ImportError> {
        self.scratch.clear();
        put_chunk(RawChunk { encoding, data }, &mut self.scratch);
        let folder = self.making.join("chunks");
        let failed = |error: &std::io::Error| unreadable(&folder, error);
        if self.at + self.scratch.len() as u64 > SEGMENT_MAX_BYTES {
            sync(&mut self.file).map_err(|error| failed(&error))?;
            self.segment += 1;
            self.file = segment(&folder, self.segment)?;
            self.at = segment_header().len() as u64;
        }
        let reference = self.segment << 32 | self.at;
        self.file.write_all(&self.scratch).map_err(|error| failed(&error))?;
        self.at += self.scratch.len() as u64;
        Ok(ChunkMeta { min, max, reference })
    }

    /// Writes index and `meta.json` and moves the block to its place; nothing is left of a block without series.
    ///
    /// # Errors
    /// [`ImportError::Unreadable`] when the disk refuses.
    pub fn finish(mut self) -> Result<Option<Meta>, ImportError> {
        let making = self.making.clone();
        let failed = |error: std::io::Error| unreadable(&making, &error);
        sync(&mut self.file).map_err(failed)?;
        let Some((min_time, last)) = self.times else {
            fs::remove_dir_all(&self.making).map_err(failed)?;
            return Ok(None);
        };
        let mut index = BufWriter::new(File::create(self.making.join("index")).map_err(failed)?);
        write_index(&self.series, &mut index).map_err(failed)?;
        sync(&mut index).map_err(failed)?;
        let meta = Meta {
            version: 1,
            ulid: self.ulid.clone(),
            min_time,
            max_time: last.saturating_add(1),
            stats: self.stats,
            compaction: Compaction { level: 1, sources: vec![self.ulid.clone()], ..Compaction::default() },
        };
        fs::write(self.making.join("tombstones"), Tombstones::encode_none()).map_err(failed)?;
        fs::write(self.making.join("meta.json"), meta.encode()).map_err(failed)?;
        fs::rename(&self.making, &self.place).map_err(failed)?;
        Ok(Some(meta))
    }
}

fn segment(folder: &Path, number: u64) -> Result<BufWriter<File>, ImportError> {
    let path = folder.join(format!("{:06}", number + 1));
    let create = || {
        let mut file = BufWriter::with_capacity(256 << 10, File::create(&path)?);
        file.write_all(&segment_header())?;
        Ok(file)
    };
    create().map_err(|error: std::io::Error| unreadable(&path, &error))
}

fn sync(file: &mut BufWriter<File>) -> std::io::Result<()> {
    file.flush()?;
    file.get_ref().sync_data()
}

/// A block's name: 48 bits of time in milliseconds and 80 random ones, in Crockford's base 32.
#[must_use]
pub fn ulid(millis: i64, random: u128) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let time = u128::from(millis.max(0).cast_unsigned() & ((1 << 48) - 1));
    let number = time << 80 | random & ((1 << 80) - 1);
    (0..26).rev().map(|digit| char::from(DIGITS[(number >> (5 * digit)) as usize & 31])).collect()
}
