//! Prometheus' storage on disk: blocks (index, chunks, tombstones, `meta.json`), the write-ahead log and the chunks of the
//! head. Read in all versions that Prometheus ever wrote, written so that every Prometheus since 2.0 opens it.
//!
//! Nothing here opens a file: bytes come from a [`Source`], a bounded window at a time, so that memory does not grow with the
//! data. Whatever a file claims (lengths, counts, references) is checked against what it has before memory is taken, and
//! every checksum is verified; an error names the place. Which files there are, and what of them is still in force, is for
//! the importer (`gw-import`).
//!
//! The formats: prometheus/prometheus, `tsdb/docs/format`.

pub mod chunk;
mod cursor;
mod error;
mod index;
mod index_write;
mod meta;
pub mod record;
mod segment;
mod source;
pub mod tombstones;
mod wal;
mod window;

pub use error::{Fault, TsdbError};
pub use index::{ChunkMeta, Entry, Index};
pub use index_write::{IndexSeries, order, write_index};
pub use meta::{Compaction, FROM_OUT_OF_ORDER, Meta, Parent, Stats};
pub use segment::{HeadChunk, HeadSegment, RawChunk, Segment, put_chunk, segment_header};
pub use source::Source;
pub use tombstones::Tombstones;
pub use wal::{RawRecord, WalSegment};
