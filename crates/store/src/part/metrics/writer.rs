//! Writes series in label order as a part.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, MapBuilder, StringBuilder, TimestampNanosecondBuilder, UInt64Builder};
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use gw_base::labels::Iter;
use gw_batch::Exemplar;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::index::{PackAt, Payload, SeriesIndexBuilder};
use super::lanes::Scratch;
use super::pack;
use crate::part::writer::Written;
use crate::{Series, StoreError};

/// A pack is closed at so many bytes, or series: what one series costs to read.
const PACK_BYTES: usize = 48 << 10;
const PACK_SERIES: usize = 512;
/// Where a metric ends the pack is closed earlier, so that its series are not spread over more packs than needed.
const SMALL_PACK_BYTES: usize = 16 << 10;
/// Rows handed to Parquet at a time, and bytes that it may gather.
const BATCH_ROWS: usize = 8 << 10;
const GROUP_BYTES: usize = 16 << 20;
/// Bytes by which a payload is found in the finished object.
const PROBE: usize = 24;

/// A part of metrics being written into memory.
pub(crate) struct SeriesWriter {
    index: SeriesIndexBuilder,
    scratch: Scratch,
    parquet: ArrowWriter<Vec<u8>>,
    schema: SchemaRef,
    rows: Rows,
    lanes: Vec<u8>,
    extras: Vec<u8>,
    /// First and last time and samples of the series of the open pack.
    open: Vec<(i64, i64, u64)>,
    metric: Vec<u8>,
    packs: Vec<(PackAt, [Vec<u8>; 2])>,
    samples: u64,
    bounds: (i64, i64),
}

struct Rows {
    labels: MapBuilder<StringBuilder, StringBuilder>,
    starts: TimestampNanosecondBuilder,
    ends: TimestampNanosecondBuilder,
    samples: UInt64Builder,
    lanes: BinaryBuilder,
    extras: BinaryBuilder,
    count: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            labels: MapBuilder::new(None, StringBuilder::new(), StringBuilder::new()),
            starts: TimestampNanosecondBuilder::new().with_timezone("UTC"),
            ends: TimestampNanosecondBuilder::new().with_timezone("UTC"),
            samples: UInt64Builder::new(),
            lanes: BinaryBuilder::new(),
            extras: BinaryBuilder::new(),
            count: 0,
        }
    }
}

impl Rows {
    fn columns(&mut self) -> Vec<ArrayRef> {
        self.count = 0;
        vec![
            Arc::new(self.labels.finish()),
            Arc::new(self.starts.finish()),
            Arc::new(self.ends.finish()),
            Arc::new(self.samples.finish()),
            Arc::new(self.lanes.finish()),
            Arc::new(self.extras.finish()),
        ]
    }
}

impl SeriesWriter {
    /// A part, packed harder the higher its level.
    pub(crate) fn new(level: u32) -> Result<Self, StoreError> {
        let mut rows = Rows::default();
        let names = ["labels", "start", "end", "samples", "lanes", "extras"];
        let types: Vec<DataType> = rows.columns().iter().map(|column| column.data_type().clone()).collect();
        let fields = names.iter().zip(types).map(|(name, of)| Field::new(*name, of, true)).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(fields));
        let parquet =
            ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties(level)?)).map_err(failed)?;
        Ok(Self {
            index: SeriesIndexBuilder::default(),
            scratch: Scratch::default(),
            parquet,
            schema,
            rows,
            lanes: Vec::new(),
            extras: Vec::new(),
            open: Vec::new(),
            metric: Vec::new(),
            packs: Vec::new(),
            samples: 0,
            bounds: (i64::MAX, i64::MIN),
        })
    }

    /// Appends a settled series, which follows in label order. One without samples is left out.
    pub(crate) fn push(&mut self, canonical: &[u8], series: &Series, exemplars: &[Exemplar]) -> Result<(), StoreError> {
        let moments = || {
            let of_exemplars = exemplars.iter().filter_map(|exemplar| exemplar.time).map(gw_base::Timestamp::nanos);
            series.histogram_times.iter().copied().chain(of_exemplars)
        };
        let extra = moments().fold((i64::MAX, i64::MIN), |(min, max), time| (min.min(time), max.max(time)));
        let float =
            (series.times.first().copied().unwrap_or(i64::MAX), series.times.last().copied().unwrap_or(i64::MIN));
        let (min, max) = (extra.0.min(float.0), extra.1.max(float.1));
        if min > max {
            return Ok(());
        }
        let metric = crate::head::symbols::split_pair(canonical).map_or(canonical, |(pair, _)| pair);
        if self.lanes.len() + self.extras.len() / 4 >= SMALL_PACK_BYTES && self.metric != metric {
            self.close()?;
        }
        metric.clone_into(&mut self.metric);
        self.index.push(canonical);
        if !series.times.is_empty() {
            self.index.times(&series.times, &mut self.scratch);
            self.scratch.values(&mut self.lanes, &series.values);
        }
        if moments().next().is_some() || !series.starts.is_empty() {
            let (min, max) = if extra.0 > extra.1 { (min, max) } else { extra };
            self.index.extras(min, max);
            pack::put_extras(&mut self.extras, series, exemplars);
        }
        let samples = (series.times.len() + series.histograms.len() + exemplars.len()) as u64;
        self.open.push((min, max, samples));
        self.samples += samples;
        self.bounds = (self.bounds.0.min(min), self.bounds.1.max(max));
        let bytes = self.lanes.len() + self.extras.len() / 4;
        if bytes >= PACK_BYTES || self.open.len() >= PACK_SERIES { self.close() } else { Ok(()) }
    }

    /// Closes the open pack and hands its rows on.
    fn close(&mut self) -> Result<(), StoreError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let first = self.index.len() - self.open.len();
        pack::seal(&mut self.lanes);
        let lanes = std::mem::take(&mut self.lanes);
        let extras = if self.extras.is_empty() { Vec::new() } else { pack::seal_extras(&self.extras) };
        self.extras.clear();
        let payload = |bytes: &[u8]| Payload { offset: 0, length: bytes.len() as u32, crc: crc32fast::hash(bytes) };
        let at = PackAt { series: first as u32, lanes: payload(&lanes), extras: payload(&extras) };
        let probe = |bytes: &[u8]| bytes[..bytes.len().min(PROBE)].to_vec();
        self.packs.push((at, [probe(&lanes), probe(&extras)]));
        let mut labels = Vec::new();
        for (i, (min, max, samples)) in self.open.drain(..).enumerate() {
            labels.clear();
            self.index.labels_into((first + i) as u32, &mut labels);
            for (name, value) in Iter::over(&labels) {
                self.rows.labels.keys().append_value(name);
                self.rows.labels.values().append_value(value);
            }
            self.rows.labels.append(true).map_err(|error| StoreError::Internal(error.to_string()))?;
            self.rows.starts.append_value(min);
            self.rows.ends.append_value(max);
            self.rows.samples.append_value(samples);
            self.rows.lanes.append_option((i == 0).then_some(&lanes));
            self.rows.extras.append_option((i == 0 && !extras.is_empty()).then_some(&extras));
            self.rows.count += 1;
        }
        if self.rows.count >= BATCH_ROWS { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let records = RecordBatch::try_new(Arc::clone(&self.schema), self.rows.columns())
            .map_err(|error| StoreError::Internal(format!("rows of a part: {error}")))?;
        self.parquet.write(&records).map_err(failed)?;
        if self.parquet.in_progress_size() > GROUP_BYTES {
            self.parquet.flush().map_err(failed)?;
        }
        Ok(())
    }

    /// Ends the part.
    pub(crate) fn finish(mut self) -> Result<Written, StoreError> {
        self.close()?;
        self.write()?;
        let data = self.parquet.into_inner().map_err(failed)?;
        let mut packs = Vec::with_capacity(self.packs.len());
        let (mut behind_lanes, mut behind_extras) = (0, 0);
        for (mut pack, [lanes, extras]) in self.packs {
            pack.lanes.offset = locate(&data, &mut behind_lanes, pack.lanes, &lanes)?;
            if pack.extras.length > 0 {
                pack.extras.offset = locate(&data, &mut behind_extras, pack.extras, &extras)?;
            }
            packs.push(pack);
        }
        let index = self.index.finish(packs).encode();
        let tail = data.len() as u64;
        Ok(Written {
            data: data.into(),
            index: index.into(),
            traces: None,
            rows: self.samples,
            bounds: self.bounds,
            tail,
        })
    }
}

/// Finds where a cell lies in the Parquet object. Cells of a plain, uncompressed column lie there as they are, in order.
fn locate(data: &[u8], behind: &mut usize, payload: Payload, probe: &[u8]) -> Result<u64, StoreError> {
    let length = payload.length as usize;
    for offset in memchr::memmem::find_iter(&data[*behind..], probe) {
        let at = *behind + offset;
        if data.get(at..at + length).is_some_and(|bytes| crc32fast::hash(bytes) == payload.crc) {
            *behind = at + length;
            return Ok(at as u64);
        }
    }
    Err(StoreError::Internal("a pack is not in the part that was written".to_owned()))
}

fn failed(error: parquet::errors::ParquetError) -> StoreError {
    StoreError::Internal(format!("writing a part: {error}"))
}

fn properties(level: u32) -> Result<WriterProperties, StoreError> {
    let zstd = ZstdLevel::try_new(if level == 0 { 1 } else { 3 }).map_err(failed)?;
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(zstd))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_page_size_limit(4 << 20);
    for name in ["lanes", "extras"] {
        let column = ColumnPath::from(name);
        builder = builder
            .set_column_compression(column.clone(), Compression::UNCOMPRESSED)
            .set_column_dictionary_enabled(column, false);
    }
    Ok(builder.build())
}
