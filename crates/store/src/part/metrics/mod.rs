//! Parts of metrics: the samples of neighbouring series packed, a row a pack in a Parquet object, and an index beside it.
//!
//! The Parquet object is what other readers open: of each pack its first and last series, how many there are, first and last
//! time, number of samples, and the packed bytes as a cell. The labels of each series stand in the index alone. Our own
//! reader goes from the index straight to a pack's bytes.

mod cursor;
mod encode;
pub(crate) mod index;
pub(crate) mod lanes;
mod pack;
mod rollups;
mod select;
mod writer;

pub(crate) use cursor::PartSeries;
pub(crate) use index::SeriesIndex;
pub(crate) use writer::SeriesWriter;

#[cfg(test)]
mod tests;
