//! The trace-id object beside a spans part: which blocks of rows hold spans of a trace.
//!
//! Trace ids are random, so 40 bits of each tell apart what one part holds well enough; a false hit costs one block read.

use std::ops::Range;

use gw_base::{Set, TraceId};

use super::index::{BLOCK_ROWS, put, take};
use crate::StoreError;

const MAGIC: [u8; 8] = *b"GwTrace\x01";

/// Collects rows in their final order.
#[derive(Debug, Default)]
pub(crate) struct TracesBuilder {
    pairs: Vec<(u64, u32)>,
    row: usize,
}

impl TracesBuilder {
    /// Adds the trace of the next row.
    pub(crate) fn push(&mut self, trace: &[u8]) {
        let block = (self.row / BLOCK_ROWS) as u32;
        self.row += 1;
        self.pairs.push((short(trace), block));
        // Sorting now and then keeps the list near its final size when traces repeat within a block.
        if self.pairs.len().is_power_of_two() && self.pairs.len() > 1 << 16 {
            self.pairs.sort_unstable();
            self.pairs.dedup();
        }
    }

    /// The object's bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        let mut bytes = MAGIC.to_vec();
        let groups = self.pairs.chunk_by(|a, b| a.0 == b.0);
        put(&mut bytes, groups.clone().count() as u64);
        let mut previous = 0;
        for group in groups {
            put(&mut bytes, group[0].0 - previous);
            previous = group[0].0;
            put(&mut bytes, group.len() as u64);
            let mut last = 0;
            for (_, block) in group {
                put(&mut bytes, u64::from(block - last));
                last = *block;
            }
        }
        bytes
    }
}

/// The row ranges that may hold spans of `traces`, rising.
pub(crate) fn find(path: &str, bytes: &[u8], traces: &[TraceId], rows: usize) -> Result<Vec<Range<usize>>, StoreError> {
    let wanted: Set<u64> = traces.iter().map(|trace| short(&trace.0)).collect();
    let blocks = blocks(bytes, &wanted).ok_or_else(|| StoreError::damaged(path, "trace index does not decode"))?;
    let range = |block: usize| (block * BLOCK_ROWS).min(rows)..((block + 1) * BLOCK_ROWS).min(rows);
    Ok(blocks.into_iter().map(range).filter(|range| !range.is_empty()).collect())
}

fn blocks(bytes: &[u8], wanted: &Set<u64>) -> Option<std::collections::BTreeSet<usize>> {
    let mut rest = bytes.strip_prefix(&MAGIC)?;
    let mut found = std::collections::BTreeSet::new();
    let mut id = 0u64;
    for _ in 0..take(&mut rest)? {
        id = id.checked_add(take(&mut rest)?)?;
        let hit = wanted.contains(&id);
        let mut block = 0u64;
        for _ in 0..take(&mut rest)? {
            block = block.checked_add(take(&mut rest)?)?;
            if hit {
                found.insert(usize::try_from(block).ok()?);
            }
        }
    }
    rest.is_empty().then_some(found)
}

/// The upper 40 bits of a hash: Jaeger's and Zipkin's 64-bit ids leave half of the id zero.
fn short(trace: &[u8]) -> u64 {
    gw_base::labels::hash_bytes(trace) >> 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trace_is_found_in_its_blocks() {
        let id = |n: usize| TraceId(((n as u128) << 64).to_be_bytes());
        let mut builder = TracesBuilder::default();
        let rows = 3 * BLOCK_ROWS + 10;
        (0..rows).for_each(|row| builder.push(&id(row % 1000).0));
        let bytes = builder.finish();
        let all = find("x", &bytes, &[id(150)], rows).unwrap();
        assert_eq!(all, [0..2048, 2048..4096, 4096..6144, 6144..6154]);
        assert_eq!(find("x", &bytes, &[id(11)], rows).unwrap().len(), 3);
        assert!(find("x", &bytes, &[id(5000)], rows).unwrap().is_empty());
        assert!(find("x", &bytes[..bytes.len() - 1], &[id(5)], rows).is_err());
    }
}
