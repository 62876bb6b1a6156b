//! Immutable parts: rows of one signal and tenant as a Parquet object, with a small index object beside it.

pub(crate) mod cache;
pub(crate) mod index;
pub(crate) mod metrics;
pub(crate) mod order;
pub(crate) mod reader;
pub(crate) mod tally;
pub(crate) mod traces;
pub(crate) mod writer;

use gw_base::{Signal, Tenant, TimeRange};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// What the catalog knows of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct PartMeta {
    /// Unique name.
    pub(crate) id: String,
    /// Whose rows.
    pub(crate) tenant: String,
    /// Which signal.
    pub(crate) signal: String,
    /// Number of rows.
    pub(crate) rows: u64,
    /// Earliest time.
    pub(crate) min: i64,
    /// Latest time.
    pub(crate) max: i64,
    /// The last record of the write-ahead log that went in. Of samples of one time the part with the higher number wins.
    pub(crate) through: u64,
    /// How often its rows have been merged.
    pub(crate) level: u32,
    /// Size of the Parquet object.
    pub(crate) bytes: u64,
    /// Where the last data page ends, and page indices and footer begin.
    pub(crate) tail: u64,
    /// Size of the index object.
    pub(crate) index_bytes: u64,
    /// CRC-32 of the index object, which in turn holds the checksums of the Parquet object.
    pub(crate) index_crc: u32,
    /// Size and CRC-32 of the trace-id object, for spans.
    pub(crate) traces: Option<(u64, u32)>,
    /// Length of the intervals of rollups in nanoseconds; zero of a part of rows.
    #[serde(default)]
    pub(crate) rollup: i64,
    /// Number of series, streams or other label sets.
    #[serde(default)]
    pub(crate) series: u64,
    /// Days that it has float samples of; none where they are too many to name.
    #[serde(default)]
    pub(crate) days: Vec<i32>,
}

impl PartMeta {
    /// Path of the Parquet object.
    pub(crate) fn data_path(&self) -> String {
        format!("parts/{}/{}/{}.parquet", self.tenant, self.signal, self.id)
    }

    /// Path of the index object.
    pub(crate) fn index_path(&self) -> String {
        format!("parts/{}/{}/{}.index", self.tenant, self.signal, self.id)
    }

    /// Path of the trace-id object.
    pub(crate) fn traces_path(&self) -> String {
        format!("parts/{}/{}/{}.traces", self.tenant, self.signal, self.id)
    }

    /// Every object of the part with its size.
    pub(crate) fn objects(&self) -> Vec<(String, u64)> {
        let mut objects = vec![(self.data_path(), self.bytes), (self.index_path(), self.index_bytes)];
        objects.extend(self.traces.map(|(bytes, _)| (self.traces_path(), bytes)));
        objects
    }

    /// Whether the part is of this tenant and signal.
    pub(crate) fn is_of(&self, tenant: &Tenant, signal: Signal) -> bool {
        self.tenant == tenant.as_str() && self.signal == signal.as_str()
    }

    /// Whether it holds rollups rather than rows.
    pub(crate) const fn is_rollup(&self) -> bool {
        self.rollup > 0
    }

    /// Whether some row may lie in the range.
    pub(crate) fn overlaps(&self, range: TimeRange) -> bool {
        self.min <= range.end.nanos() && range.start.nanos() <= self.max
    }

    /// Size of all objects.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.objects().iter().map(|(_, bytes)| bytes).sum()
    }

    /// Signal and tenant, checked: the manifest is a file that people can edit.
    pub(crate) fn owner(&self) -> Result<(Tenant, Signal), StoreError> {
        let tenant = Tenant::new(&self.tenant).map_err(|error| StoreError::damaged(&self.id, error))?;
        let signal = Signal::parse(&self.signal)
            .ok_or_else(|| StoreError::damaged(&self.id, format!("unknown signal {:?}", self.signal)))?;
        Ok((tenant, signal))
    }
}
