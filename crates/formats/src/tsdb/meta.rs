//! `meta.json`: what a block is, which others it was made of, and how much it holds.

use serde::{Deserialize, Serialize};

use super::{Fault, TsdbError};

/// A block's description. Unknown keys, such as those of Thanos, are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Version of the directory's format; 1 is the only one.
    pub version: u8,
    /// The block's name and that of its directory.
    pub ulid: String,
    /// First time, milliseconds, inclusive.
    pub min_time: i64,
    /// Last time, milliseconds, exclusive.
    pub max_time: i64,
    /// How much is in it.
    #[serde(default)]
    pub stats: Stats,
    /// How it came to be.
    #[serde(default)]
    pub compaction: Compaction,
}

/// How much a block holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stats {
    /// Samples of all kinds.
    pub num_samples: u64,
    /// Series.
    pub num_series: u64,
    /// Chunks.
    pub num_chunks: u64,
    /// Deleted ranges, all series together.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_tombstones: u64,
    /// Samples that are floats.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_float_samples: u64,
    /// Samples that are histograms.
    #[serde(skip_serializing_if = "is_zero")]
    pub num_histogram_samples: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references to its predicates")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How a block came to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Compaction {
    /// How many compactions lie behind it.
    pub level: u32,
    /// Blocks of level 1 that are in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Blocks that it replaces; they may still lie beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Parent>,
    /// Remarks, such as that it was made of out-of-order samples.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Whether it may be removed.
    #[serde(skip_serializing_if = "is_false")]
    pub deletable: bool,
    /// Whether its making failed.
    #[serde(skip_serializing_if = "is_false")]
    pub failed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references to its predicates")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A block that another replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parent {
    /// Its name.
    pub ulid: String,
    /// First time, milliseconds.
    #[serde(default)]
    pub min_time: i64,
    /// Last time, milliseconds.
    #[serde(default)]
    pub max_time: i64,
}

/// The hint on blocks that hold what came out of order: they do not move the border between blocks and head.
pub const FROM_OUT_OF_ORDER: &str = "from-out-of-order";

impl Meta {
    /// Reads `meta.json`.
    ///
    /// # Errors
    /// [`Fault::Read`] with what the JSON reader said, [`Fault::Version`] for another version.
    pub fn decode(text: &[u8]) -> Result<Self, TsdbError> {
        let failed = |fault| TsdbError::new("meta.json", 0, fault);
        let meta: Self = serde_json::from_slice(text).map_err(|error| failed(Fault::Read(error.to_string())))?;
        if meta.version == 1 { Ok(meta) } else { Err(failed(Fault::Version(meta.version))) }
    }

    /// Writes `meta.json`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("plain fields are always JSON")
    }

    /// Whether it was made of samples that came out of order.
    #[must_use]
    pub fn is_out_of_order(&self) -> bool {
        self.compaction.hints.iter().any(|hint| hint == FROM_OUT_OF_ORDER)
    }
}
