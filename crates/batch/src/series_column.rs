//! The label sets of a batch end to end, with a small table that finds the ones that came before.

use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, BinaryArray, DictionaryArray, UInt32Array};
use arrow_buffer::{Buffer, OffsetBuffer};
use gw_base::labels::hash_bytes;

/// Distinct label sets in order of first sight.
#[derive(Debug)]
pub(crate) struct SeriesColumn {
    bytes: Vec<u8>,
    /// Where each set ends, behind a leading zero.
    ends: Vec<i32>,
    /// Open addressing: key + 1 of a set, 0 where free. Holds only sets that were looked up.
    slots: Vec<u32>,
    used: usize,
}

impl Default for SeriesColumn {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: vec![0], slots: Vec::new(), used: 0 }
    }
}

impl SeriesColumn {
    /// Appends a set without looking whether it is there.
    pub(crate) fn push(&mut self, set: &[u8]) -> u32 {
        let key = u32::try_from(self.ends.len() - 1).expect("a batch has fewer than 2^32 distinct series");
        self.bytes.extend_from_slice(set);
        self.ends.push(i32::try_from(self.bytes.len()).expect("bodies are bounded far below 2 GiB of labels"));
        key
    }

    /// The key of a set, appending it when it is new.
    pub(crate) fn find_or_push(&mut self, set: &[u8]) -> u32 {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = hash_bytes(set) as usize & mask;
        loop {
            match self.slots[at].checked_sub(1) {
                None => break,
                Some(key) if self.set(key) == set => return key,
                Some(_) => at = (at + 1) & mask,
            }
        }
        let key = self.push(set);
        self.slots[at] = key + 1;
        self.used += 1;
        key
    }

    fn set(&self, key: u32) -> &[u8] {
        let key = key as usize;
        &self.bytes[self.ends[key] as usize..self.ends[key + 1] as usize]
    }

    fn grow(&mut self) {
        let length = (self.slots.len() * 2).max(16);
        let old = std::mem::replace(&mut self.slots, vec![0; length]);
        for slot in old.into_iter().filter(|slot| *slot > 0) {
            let mut at = hash_bytes(self.set(slot - 1)) as usize & (length - 1);
            while self.slots[at] > 0 {
                at = (at + 1) & (length - 1);
            }
            self.slots[at] = slot;
        }
    }

    /// The Arrow column of these row keys.
    pub(crate) fn into_array(self, rows: Vec<u32>) -> ArrayRef {
        let offsets = OffsetBuffer::new(self.ends.into());
        let values = BinaryArray::new(offsets, Buffer::from_vec(self.bytes), None);
        let keys = UInt32Array::from(rows);
        Arc::new(
            DictionaryArray::<UInt32Type>::try_new(keys, Arc::new(values)).expect("every key was given by this column"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_that_were_looked_up_are_found_again() {
        let mut column = SeriesColumn::default();
        let name = |i: u32| format!("series {i}").into_bytes();
        let keys: Vec<u32> = (0..1000).map(|i| column.find_or_push(&name(i))).collect();
        assert!((0..1000).all(|i| column.find_or_push(&name(i)) == keys[i as usize]));
        assert_eq!(column.push(&name(1)), 1000, "what is not looked for comes again");
        assert_eq!(column.find_or_push(&name(1)), keys[1]);
    }
}
