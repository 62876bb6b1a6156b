//! Writes sorted rows as a part: Parquet bytes, index, and for spans the trace-id object.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};
use bytes::Bytes;
use gw_base::{Labels, Signal};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::index::{BLOCK_ROWS, HAS_EXEMPLAR, HAS_HISTOGRAM, HAS_START, Index};
use super::traces::TracesBuilder;
use crate::StoreError;
use crate::head::rows::time_column;

/// Rows of one row group: what the writer buffers, and what shares a dictionary.
const GROUP_ROWS: usize = 128 * BLOCK_ROWS;
/// Raw bytes after which a row group is closed early.
const GROUP_BYTES: usize = 16 << 20;
/// Bytes after which a column gives up its dictionary in a row group.
const DICTIONARY_BYTES: usize = 4 << 20;

/// A part being written into memory.
pub(crate) struct PartWriter {
    signal: Signal,
    parquet: ArrowWriter<Vec<u8>>,
    index: Index,
    traces: TracesBuilder,
    bounds: (i64, i64),
}

/// A part's objects and what the catalog must know of them.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) data: Bytes,
    pub(crate) index: Bytes,
    pub(crate) traces: Option<Bytes>,
    pub(crate) rows: u64,
    pub(crate) series: u64,
    pub(crate) bounds: (i64, i64),
    pub(crate) tail: u64,
    /// Days of float samples; none where nobody asks for them.
    pub(crate) days: Vec<i32>,
}

impl PartWriter {
    /// A part of a signal, packed harder the higher its level. `expected` bytes are set aside, so that a large part need
    /// not move while it grows.
    pub(crate) fn new(signal: Signal, level: u32, expected: u64) -> Result<Self, StoreError> {
        let properties = properties(signal, level)?;
        let parquet = ArrowWriter::try_new(
            Vec::with_capacity(usize::try_from(expected).unwrap_or(0)),
            gw_batch::schema(signal),
            Some(properties),
        )
        .map_err(failed)?;
        let traces = TracesBuilder::default();
        Ok(Self { signal, parquet, index: Index::default(), traces, bounds: (i64::MAX, i64::MIN) })
    }

    /// Appends rows that follow in order; `runs` says how many of them belong to which label set.
    pub(crate) fn write(&mut self, records: &RecordBatch, runs: &[(Labels, usize)]) -> Result<(), StoreError> {
        if self.signal == Signal::Logs {
            self.index.tally(records, runs);
        }
        let times = time_column(records);
        let mut at = 0;
        for (labels, rows) in runs {
            let slice = &times[at..at + rows];
            let bounds = slice.iter().fold((i64::MAX, i64::MIN), |(min, max), t| (min.min(*t), max.max(*t)));
            self.index.push(labels, *rows as u32, bounds, flags(self.signal, records, at, *rows));
            self.bounds = (self.bounds.0.min(bounds.0), self.bounds.1.max(bounds.1));
            at += rows;
        }
        debug_assert_eq!(at, records.num_rows(), "the runs cover the rows");
        self.index.mark(times);
        if self.signal == Signal::Spans {
            let ids = records.column(3).as_fixed_size_binary();
            (0..ids.len()).for_each(|row| self.traces.push(ids.value(row)));
        }
        self.parquet.write(records).map_err(failed)?;
        if self.parquet.in_progress_size() > GROUP_BYTES {
            self.parquet.flush().map_err(failed)?;
        }
        Ok(())
    }

    /// Ends the part.
    pub(crate) fn finish(mut self) -> Result<Written, StoreError> {
        self.parquet.flush().map_err(failed)?;
        let tail = self.parquet.bytes_written() as u64;
        let (rows, series) = (self.index.rows() as u64, self.index.entries().len() as u64);
        let data = self.parquet.into_inner().map_err(failed)?;
        self.index.seal(&data);
        let traces = (self.signal == Signal::Spans).then(|| Bytes::from(self.traces.finish()));
        Ok(Written {
            data: data.into(),
            index: self.index.encode().into(),
            traces,
            rows,
            series,
            bounds: self.bounds,
            tail,
            days: Vec::new(),
        })
    }
}

fn failed(error: parquet::errors::ParquetError) -> StoreError {
    StoreError::Internal(format!("writing a part: {error}"))
}

fn flags(signal: Signal, records: &RecordBatch, at: usize, rows: usize) -> u8 {
    if signal != Signal::Metrics {
        return 0;
    }
    let any = |column: usize| {
        let array = records.column(column);
        array.null_count() < array.len() && array.slice(at, rows).null_count() < rows
    };
    let flag = |column: usize, flag: u8| if any(column) { flag } else { 0 };
    flag(3, HAS_HISTOGRAM) | flag(4, HAS_START) | flag(6, HAS_EXEMPLAR)
}

fn properties(signal: Signal, level: u32) -> Result<WriterProperties, StoreError> {
    let zstd = ZstdLevel::try_new(if level == 0 { 1 } else { 3 }).map_err(failed)?;
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(zstd))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(BLOCK_ROWS)
        .set_write_batch_size(BLOCK_ROWS)
        .set_data_page_size_limit(usize::MAX >> 1)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::None);
    let delta: &[&str] = match signal {
        Signal::Metrics => &["time"],
        Signal::Logs => &["time", "observed_time"],
        Signal::Spans => &["time", "duration"],
        Signal::Events => &["time"],
    };
    for name in delta {
        let column = ColumnPath::from(*name);
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    // Columns that rarely repeat would only fill a dictionary and then fall back from it.
    let plain: &[&str] = match signal {
        Signal::Metrics => &["value", "histogram"],
        Signal::Logs => &["line", "trace_id", "span_id"],
        Signal::Spans => &["trace_id", "span_id", "parent_id", "attributes", "events", "links"],
        Signal::Events => &["value", "body"],
    };
    for name in plain {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(*name), false);
    }
    if signal == Signal::Metrics {
        builder = builder.set_column_encoding(ColumnPath::from("value"), Encoding::BYTE_STREAM_SPLIT);
    }
    Ok(builder.build())
}

/// Runs of equal label sets in an order of rows.
pub(crate) fn runs_of(ranks: impl Iterator<Item = u32>, names: &[Labels]) -> Vec<(Labels, usize)> {
    let mut runs: Vec<(u32, usize)> = Vec::new();
    for rank in ranks {
        match runs.last_mut() {
            Some((last, rows)) if *last == rank => *rows += 1,
            _ => runs.push((rank, 1)),
        }
    }
    runs.into_iter().map(|(rank, rows)| (names[rank as usize].clone(), rows)).collect()
}

/// Shares a schema-checked batch's columns under the signal's own schema object.
pub(crate) fn as_signal(signal: Signal, records: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let columns = records.columns().iter().map(Arc::clone).collect();
    RecordBatch::try_new(gw_batch::schema(signal), columns)
        .map_err(|error| StoreError::Internal(format!("columns of a part: {error}")))
}
