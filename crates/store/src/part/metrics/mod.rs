//! Parts of metrics: a row a series in a Parquet object, its samples packed with its neighbours', and an index beside it.
//!
//! The Parquet object is what other readers open: labels as a map, first and last time, number of samples, and the packs as
//! cells of the first series that is in them. Our own reader goes from the index straight to a pack's bytes.

mod cursor;
pub(crate) mod index;
pub(crate) mod lanes;
mod pack;
mod writer;

pub(crate) use cursor::PartSeries;
pub(crate) use index::SeriesIndex;
pub(crate) use writer::SeriesWriter;

#[cfg(test)]
mod tests;
