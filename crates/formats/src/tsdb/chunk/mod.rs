//! The chunks of a block: up to some hundred samples of one series, coded bit by bit, in six encodings.
//!
//! Floats are [`crate::xor_chunk`] (encoding 1) or its successor with start times (4); native histograms have integer (2, 5)
//! and float counts (3, 6), without and with start times. All are read, 1 to 3 are written: those every Prometheus opens.

mod histogram;
mod histogram_encode;
mod starts;
mod varbit;
mod xor2;

use gw_batch::Histogram;

use super::Fault;
use crate::xor_chunk;
pub use histogram_encode::HistogramChunk;

/// Encoding number of float samples.
pub const XOR: u8 = 1;
/// Encoding number of histograms with integer counts.
pub const HISTOGRAM: u8 = 2;
/// Encoding number of histograms with float counts.
pub const FLOAT_HISTOGRAM: u8 = 3;
/// Encoding number of float samples with start times.
pub const XOR2: u8 = 4;
/// Encoding number of histograms with integer counts and start times.
pub const HISTOGRAM_WITH_STARTS: u8 = 5;
/// Encoding number of histograms with float counts and start times.
pub const FLOAT_HISTOGRAM_WITH_STARTS: u8 = 6;

/// Longest chunk that is believed; Prometheus' own have a few kilobytes.
pub const MAX_BYTES: u64 = 4 << 20;

/// One sample; times in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its time.
    pub time: i64,
    /// When its counter began, 0 when nobody said.
    pub start: i64,
    /// What was measured.
    pub value: Value,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A float; the stale marker is one.
    Float(f64),
    /// A native histogram; with the stale marker as its sum it says that the series ended.
    Histogram(Box<Histogram>),
}

impl From<xor_chunk::ChunkError> for Fault {
    fn from(error: xor_chunk::ChunkError) -> Self {
        Self::Chunk(error)
    }
}

/// Hands the samples of a chunk to `emit`, in their order.
///
/// # Errors
/// [`Fault::Version`] for an unknown encoding; what is wrong with the bits, after the samples before it were handed out.
pub fn decode(encoding: u8, data: &[u8], mut emit: impl FnMut(Sample)) -> Result<(), Fault> {
    match encoding {
        XOR => {
            for sample in xor_chunk::decode(data)? {
                let (time, value) = sample?;
                emit(Sample { time, start: 0, value: Value::Float(value) });
            }
            Ok(())
        }
        XOR2 => xor2::decode(data, emit),
        HISTOGRAM => histogram::decode::<histogram::Integers>(data, false, emit),
        HISTOGRAM_WITH_STARTS => histogram::decode::<histogram::Integers>(data, true, emit),
        FLOAT_HISTOGRAM => histogram::decode::<histogram::Floats>(data, false, emit),
        FLOAT_HISTOGRAM_WITH_STARTS => histogram::decode::<histogram::Floats>(data, true, emit),
        unknown => Err(Fault::Version(unknown)),
    }
}

#[cfg(test)]
mod tests;
