//! Writes series in label order as a part.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder, TimestampNanosecondBuilder, UInt64Builder};
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use gw_base::Labels;
use gw_batch::Exemplar;
use gw_batch::rollup::Rollup;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::index::{PackAt, Payload, SeriesIndexBuilder};
use super::lanes::Scratch;
use super::{pack, rollups};
use crate::part::writer::Written;
use crate::rollups::day_of;
use crate::{Series, StoreError};

/// A pack is closed at so many bytes, or series: what one series costs to read.
const PACK_BYTES: usize = 48 << 10;
const PACK_SERIES: usize = 512;
/// Where a metric ends the pack is closed earlier, so that its series are not spread over more packs than needed.
const SMALL_PACK_BYTES: usize = 16 << 10;
/// Bytes of packs handed to Parquet at a time, and bytes that it may gather.
const BATCH_BYTES: usize = 1 << 20;
const GROUP_BYTES: usize = 16 << 20;
/// Days that are named at most.
const MAX_DAYS: usize = 400;
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
    /// Of the series of the open pack.
    open: Open,
    metric: Vec<u8>,
    packs: Vec<(PackAt, [Vec<u8>; 2])>,
    samples: u64,
    bounds: (i64, i64),
    days: Days,
    /// Bytes of the packs that are closed.
    bytes: u64,
}

/// The days of float samples.
#[derive(Default)]
struct Days {
    seen: std::collections::BTreeSet<i32>,
    /// First and last day of the series before, which are those of most others.
    last: Option<(i32, i32)>,
}

impl Days {
    fn add(&mut self, times: &[i64]) {
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return };
        let ends = (day_of(*first), day_of(*last));
        // Between a day and the next there is none that could be left out.
        if self.last == Some(ends) && ends.1 - ends.0 < 2 || self.seen.len() > MAX_DAYS {
            return;
        }
        self.last = Some(ends);
        let mut from = 0;
        while let Some(time) = times.get(from).filter(|_| self.seen.len() <= MAX_DAYS) {
            let day = day_of(*time);
            self.seen.insert(day);
            from += times[from..].partition_point(|time| day_of(*time) <= day);
        }
    }

    fn finish(self) -> Vec<i32> {
        if self.seen.len() > MAX_DAYS { Vec::new() } else { self.seen.into_iter().collect() }
    }
}

/// What is known of a pack before it is closed.
struct Open {
    series: usize,
    samples: u64,
    bounds: (i64, i64),
}

impl Default for Open {
    fn default() -> Self {
        Self { series: 0, samples: 0, bounds: (i64::MAX, i64::MIN) }
    }
}

/// Rows on their way to Parquet, one a pack.
struct Rows {
    firsts: StringBuilder,
    lasts: StringBuilder,
    series: UInt64Builder,
    starts: TimestampNanosecondBuilder,
    ends: TimestampNanosecondBuilder,
    samples: UInt64Builder,
    lanes: BinaryBuilder,
    extras: BinaryBuilder,
    bytes: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            firsts: StringBuilder::new(),
            lasts: StringBuilder::new(),
            series: UInt64Builder::new(),
            starts: TimestampNanosecondBuilder::new().with_timezone("UTC"),
            ends: TimestampNanosecondBuilder::new().with_timezone("UTC"),
            samples: UInt64Builder::new(),
            lanes: BinaryBuilder::new(),
            extras: BinaryBuilder::new(),
            bytes: 0,
        }
    }
}

impl Rows {
    fn columns(&mut self) -> Vec<ArrayRef> {
        self.bytes = 0;
        vec![
            Arc::new(self.firsts.finish()),
            Arc::new(self.lasts.finish()),
            Arc::new(self.series.finish()),
            Arc::new(self.starts.finish()),
            Arc::new(self.ends.finish()),
            Arc::new(self.samples.finish()),
            Arc::new(self.lanes.finish()),
            Arc::new(self.extras.finish()),
        ]
    }
}

impl SeriesWriter {
    /// A part, packed harder the higher its level. `expected` bytes are set aside, so that a large part need not move while
    /// it grows.
    pub(crate) fn new(level: u32, expected: u64) -> Result<Self, StoreError> {
        let mut rows = Rows::default();
        let names = ["first", "last", "series", "start", "end", "samples", "lanes", "extras"];
        let types: Vec<DataType> = rows.columns().iter().map(|column| column.data_type().clone()).collect();
        let fields = names.iter().zip(types).map(|(name, of)| Field::new(*name, of, true)).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(fields));
        let data = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
        let parquet = ArrowWriter::try_new(data, Arc::clone(&schema), Some(properties(level)?)).map_err(failed)?;
        Ok(Self {
            index: SeriesIndexBuilder::new(level),
            scratch: Scratch::default(),
            parquet,
            schema,
            rows,
            lanes: Vec::new(),
            extras: Vec::new(),
            open: Open::default(),
            metric: Vec::new(),
            packs: Vec::new(),
            samples: 0,
            bounds: (i64::MAX, i64::MIN),
            days: Days::default(),
            bytes: 0,
        })
    }

    /// Bytes of samples so far.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends the rollups of a series, which follows in label order.
    pub(crate) fn push_rollups(&mut self, canonical: &[u8], rollups: &[Rollup]) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (rollups.first(), rollups.last()) else { return Ok(()) };
        self.begin(canonical)?;
        let ends: Vec<i64> = rollups.iter().map(|rollup| rollup.end).collect();
        self.index.times(&ends, &mut self.scratch);
        rollups::put(&mut self.lanes, rollups, &mut self.scratch);
        self.end(rollups.len() as u64, (first.end, last.end))
    }

    /// Appends a settled series, which follows in label order. One without samples is left out.
    pub(crate) fn push(&mut self, canonical: &[u8], series: &Series, exemplars: &[Exemplar]) -> Result<(), StoreError> {
        let exemplars = pack::believable(exemplars);
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
        self.begin(canonical)?;
        if !series.times.is_empty() {
            self.days.add(&series.times);
            self.index.times(&series.times, &mut self.scratch);
            self.scratch.values(&mut self.lanes, &series.values);
        }
        if moments().next().is_some() || !series.starts.is_empty() {
            let (min, max) = if extra.0 > extra.1 { (min, max) } else { extra };
            self.index.extras(min, max);
            pack::put_extras(&mut self.extras, series, exemplars);
        }
        self.end((series.times.len() + series.histograms.len() + exemplars.len()) as u64, (min, max))
    }

    fn begin(&mut self, canonical: &[u8]) -> Result<(), StoreError> {
        let metric = gw_base::labels::Pair::split(canonical).map_or(canonical, |(pair, _)| pair.bytes);
        if self.lanes.len() + self.extras.len() / 4 >= SMALL_PACK_BYTES && self.metric != metric {
            self.close()?;
        }
        metric.clone_into(&mut self.metric);
        self.index.push(canonical);
        Ok(())
    }

    fn end(&mut self, samples: u64, (min, max): (i64, i64)) -> Result<(), StoreError> {
        self.open.series += 1;
        self.open.samples += samples;
        self.open.bounds = (self.open.bounds.0.min(min), self.open.bounds.1.max(max));
        let bytes = self.lanes.len() + self.extras.len() / 4;
        if bytes >= PACK_BYTES || self.open.series >= PACK_SERIES { self.close() } else { Ok(()) }
    }

    /// Closes the open pack and hands it on.
    fn close(&mut self) -> Result<(), StoreError> {
        let open = std::mem::take(&mut self.open);
        if open.series == 0 {
            return Ok(());
        }
        let (first, last) = (self.index.len() - open.series, self.index.len() - 1);
        pack::seal(&mut self.lanes);
        let extras = if self.extras.is_empty() { Vec::new() } else { pack::seal_extras(&self.extras) };
        let payload = |bytes: &[u8]| Payload { offset: 0, length: bytes.len() as u32, crc: crc32fast::hash(bytes) };
        let at = PackAt { series: first as u32, lanes: payload(&self.lanes), extras: payload(&extras) };
        let probe = |bytes: &[u8]| bytes[..bytes.len().min(PROBE)].to_vec();
        self.packs.push((at, [probe(&self.lanes), probe(&extras)]));
        self.rows.firsts.append_value(self.text(first));
        self.rows.lasts.append_value(self.text(last));
        self.rows.series.append_value(open.series as u64);
        self.rows.starts.append_value(open.bounds.0);
        self.rows.ends.append_value(open.bounds.1);
        self.rows.samples.append_value(open.samples);
        self.rows.lanes.append_value(&self.lanes);
        self.rows.extras.append_option((!extras.is_empty()).then_some(&extras));
        self.rows.bytes += self.lanes.len() + extras.len();
        self.bytes += (self.lanes.len() + extras.len()) as u64;
        self.samples += open.samples;
        self.bounds = (self.bounds.0.min(open.bounds.0), self.bounds.1.max(open.bounds.1));
        self.lanes.clear();
        self.extras.clear();
        if self.rows.bytes >= BATCH_BYTES { self.write() } else { Ok(()) }
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

    /// A series for people to read.
    fn text(&self, series: usize) -> String {
        let mut labels = Vec::new();
        self.index.labels_into(series as u32, &mut labels);
        Labels::from_bytes(&labels).unwrap_or_default().to_string()
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
        let series = self.index.len() as u64;
        let index = self.index.finish(packs);
        let tail = data.len() as u64;
        Ok(Written {
            data: data.into(),
            index: index.into(),
            traces: None,
            rows: self.samples,
            series,
            bounds: self.bounds,
            tail,
            days: self.days.finish(),
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
