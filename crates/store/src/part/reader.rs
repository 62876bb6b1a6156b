//! Reads rows of a part: the index first, then only the pages that hold wanted rows, every byte verified, decoded off the
//! reactor.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use bytes::Bytes;
use gw_base::Signal;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use tokio::sync::OnceCell;

use super::index::{BLOCK_BYTES, Index};
use super::metrics::SeriesIndex;
use super::{PartMeta, cache::PartCache, traces};
use crate::StoreError;
use crate::objects::Objects;

/// Rows of one decoded batch.
const BATCH_ROWS: usize = 16 << 10;

/// A part's index and footer in memory.
#[derive(Debug)]
pub(crate) struct Opened {
    index: Index,
    /// For metrics, which have no use for the other two.
    series: SeriesIndex,
    parquet: Option<ArrowReaderMetadata>,
    bytes: usize,
}

impl Opened {
    /// The index.
    pub(crate) const fn index(&self) -> &Index {
        &self.index
    }

    /// The index of a part of metrics.
    pub(crate) const fn series(&self) -> &SeriesIndex {
        &self.series
    }

    /// Bytes in memory.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Reads parts through one cache.
#[derive(Debug, Clone)]
pub(crate) struct PartReader {
    objects: Objects,
    cache: Arc<PartCache>,
    /// Parts on their way into memory: whoever else asks waits for them.
    loading: Arc<Mutex<BTreeMap<String, Loading>>>,
}

type Loading = Arc<OnceCell<Arc<Opened>>>;

impl PartReader {
    /// A reader of these objects.
    pub(crate) fn new(objects: Objects, cache: Arc<PartCache>) -> Self {
        Self { objects, cache, loading: Arc::default() }
    }

    /// The objects that the parts are.
    pub(crate) const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The cache, to forget parts that are gone.
    pub(crate) fn cache(&self) -> &PartCache {
        &self.cache
    }

    /// A part's index and footer, kept for the next who asks.
    pub(crate) async fn open(&self, part: &PartMeta) -> Result<Arc<Opened>, StoreError> {
        if let Some(opened) = self.cache.get(&part.id) {
            return Ok(opened);
        }
        let opened = self.load_once(part).await?;
        self.cache.put(&part.id, &opened);
        Ok(opened)
    }

    /// The same for one who makes the part go away.
    pub(crate) async fn open_to_replace(&self, part: &PartMeta) -> Result<Arc<Opened>, StoreError> {
        match self.cache.get(&part.id) {
            Some(opened) => Ok(opened),
            None => self.load_once(part).await,
        }
    }

    /// Loads a part, or waits for who is doing so: a large index takes seconds, and several queries ask for it meanwhile.
    async fn load_once(&self, part: &PartMeta) -> Result<Arc<Opened>, StoreError> {
        let loading = Arc::clone(self.loading().entry(part.id.clone()).or_default());
        let opened = loading.get_or_try_init(|| self.load(part)).await.cloned();
        self.loading().remove(&part.id);
        opened
    }

    fn loading(&self) -> MutexGuard<'_, BTreeMap<String, Loading>> {
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load(&self, part: &PartMeta) -> Result<Arc<Opened>, StoreError> {
        let path = part.index_path();
        let bytes = self.objects.get(&path).await?;
        if bytes.len() as u64 != part.index_bytes || crc32fast::hash(&bytes) != part.index_crc {
            return Err(StoreError::damaged(path, "checksum differs"));
        }
        if part.signal == Signal::Metrics.as_str() {
            let decoded = tokio::task::spawn_blocking(move || SeriesIndex::decode(&path, &bytes));
            let series = decoded.await.map_err(|error| StoreError::Internal(error.to_string()))??;
            let bytes = series.bytes() + 1024;
            return Ok(Arc::new(Opened { index: Index::default(), series, parquet: None, bytes }));
        }
        let decoded = tokio::task::spawn_blocking(move || Index::decode(&path, &bytes));
        let index = decoded.await.map_err(|error| StoreError::Internal(error.to_string()))??;
        let tail_range = part.tail..part.bytes;
        let tail = self.fetch(part, &index, std::slice::from_ref(&tail_range)).await?;
        let tail = Tail { start: part.tail, bytes: tail.into_iter().next().unwrap_or_default() };
        let size = tail.bytes.len();
        let parquet = footer(&tail).map_err(|error| StoreError::damaged(part.data_path(), error))?;
        let bytes = index.bytes() + 4 * size + 1024;
        Ok(Arc::new(Opened { index, series: SeriesIndex::default(), parquet: Some(parquet), bytes }))
    }

    /// Rows of a part, in row order. `rows` are rising ranges that do not touch; `columns` of the signal's schema.
    pub(crate) async fn read(
        &self,
        part: &PartMeta,
        opened: &Arc<Opened>,
        rows: Vec<Range<usize>>,
        columns: Option<&[usize]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        let Some(parquet) = opened.parquet.as_ref().filter(|_| !rows.is_empty()) else { return Ok(Vec::new()) };
        let damaged = |error: ParquetError| StoreError::damaged(part.data_path(), error);
        let mask = columns.map_or_else(ProjectionMask::all, |columns| {
            ProjectionMask::roots(parquet.parquet_schema(), columns.iter().copied())
        });
        let selection = RowSelection::from_consecutive_ranges(rows.into_iter(), opened.index.rows());
        let mut decoder = ParquetPushDecoderBuilder::new_with_metadata(parquet.clone())
            .with_projection(mask)
            .with_row_selection(selection)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(damaged)?;
        let mut batches = Vec::new();
        loop {
            let step = tokio::task::spawn_blocking(move || decode(decoder));
            let (back, mut decoded, needed) = step.await.map_err(|error| StoreError::Internal(error.to_string()))?;
            decoder = back;
            batches.append(&mut decoded);
            let needed = needed.map_err(damaged)?;
            if needed.is_empty() {
                return Ok(batches);
            }
            let bytes = self.fetch(part, &opened.index, &needed).await?;
            decoder.push_ranges(needed, bytes).map_err(damaged)?;
        }
    }

    /// The row ranges that may hold spans of these traces.
    pub(crate) async fn find_traces(
        &self,
        part: &PartMeta,
        wanted: &[gw_base::TraceId],
    ) -> Result<Vec<Range<usize>>, StoreError> {
        let rows = usize::try_from(part.rows).unwrap_or(usize::MAX);
        let Some((_, checksum)) = part.traces else { return Ok(std::iter::once(0..rows).collect()) };
        let path = part.traces_path();
        let bytes = self.objects.get(&path).await?;
        if crc32fast::hash(&bytes) != checksum {
            return Err(StoreError::damaged(path, "checksum differs"));
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for range in traces::find(&path, &bytes, wanted, rows)? {
            match ranges.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        Ok(ranges)
    }

    /// Reads byte ranges, widened to whole blocks so that each can be verified.
    async fn fetch(&self, part: &PartMeta, index: &Index, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, StoreError> {
        const BLOCK: u64 = BLOCK_BYTES as u64;
        let path = part.data_path();
        let widened: Vec<Range<u64>> = ranges
            .iter()
            .map(|range| range.start / BLOCK * BLOCK..(range.end.div_ceil(BLOCK) * BLOCK).min(part.bytes))
            .collect();
        let blocks = self.objects.get_ranges(&path, &widened).await?;
        let mut wanted = Vec::with_capacity(ranges.len());
        for ((range, wide), bytes) in ranges.iter().zip(&widened).zip(blocks) {
            let first = usize::try_from(wide.start / BLOCK).unwrap_or(usize::MAX);
            let good = bytes.chunks(BLOCK_BYTES).enumerate().all(|(i, block)| index.verifies(first + i, block));
            let (from, to) = ((range.start - wide.start) as usize, (range.end - wide.start) as usize);
            if !good || to > bytes.len() {
                return Err(StoreError::damaged(path, format!("checksum differs near byte {}", wide.start)));
            }
            wanted.push(bytes.slice(from..to));
        }
        Ok(wanted)
    }
}

/// Decodes until more bytes are needed (their ranges) or all is read (none).
fn decode(
    mut decoder: ParquetPushDecoder,
) -> (ParquetPushDecoder, Vec<RecordBatch>, Result<Vec<Range<u64>>, ParquetError>) {
    let mut batches = Vec::new();
    let needed = loop {
        match decoder.try_decode() {
            Ok(DecodeResult::Data(batch)) => batches.push(batch),
            Ok(DecodeResult::NeedsData(ranges)) => break Ok(ranges),
            Ok(DecodeResult::Finished) => break Ok(Vec::new()),
            Err(error) => break Err(error),
        }
    };
    (decoder, batches, needed)
}

fn footer(tail: &Tail) -> Result<ArrowReaderMetadata, ParquetError> {
    let metadata = ParquetMetaDataReader::new()
        .with_column_index_policy(PageIndexPolicy::Skip)
        .with_offset_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(tail)?;
    ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new())
}

/// The end of a Parquet object, read as if it were the whole.
struct Tail {
    start: u64,
    bytes: Bytes,
}

impl Length for Tail {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Tail {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        use bytes::Buf as _;
        let at = start.checked_sub(self.start).ok_or_else(|| ParquetError::EOF("before the tail".to_owned()))?;
        Ok(self.bytes.slice((at as usize).min(self.bytes.len())..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let at = start.checked_sub(self.start).ok_or_else(|| ParquetError::EOF("before the tail".to_owned()))?;
        let at = at as usize;
        if at + length > self.bytes.len() {
            return Err(ParquetError::EOF("behind the tail".to_owned()));
        }
        Ok(self.bytes.slice(at..at + length))
    }
}
