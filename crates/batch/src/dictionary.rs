//! Collects repeated byte strings into an Arrow dictionary: the value once, a small key a row.

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, DictionaryArray, UInt32Array};
use gw_base::Map;
use std::sync::Arc;

/// Distinct values in order of first sight.
#[derive(Debug, Default)]
pub struct Dictionary {
    keys: Map<Arc<[u8]>, u32>,
    values: Vec<Arc<[u8]>>,
}

impl Dictionary {
    /// The key of `value`, adding it when new.
    pub fn key(&mut self, value: &[u8]) -> u32 {
        if let Some(key) = self.keys.get(value) {
            return *key;
        }
        let key = u32::try_from(self.values.len()).expect("a batch has fewer than 2^32 distinct values");
        let shared: Arc<[u8]> = Arc::from(value);
        self.values.push(Arc::clone(&shared));
        self.keys.insert(shared, key);
        key
    }

    /// The value behind a key given by [`Dictionary::key`].
    #[must_use]
    pub fn value(&self, key: u32) -> &[u8] {
        &self.values[key as usize]
    }

    /// Number of distinct values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The Arrow column of these row keys, with binary values.
    #[must_use]
    pub fn into_binary(self, rows: Vec<u32>) -> ArrayRef {
        let mut values = BinaryBuilder::new();
        self.values.iter().for_each(|value| values.append_value(value));
        dictionary_array(rows, Arc::new(values.finish()))
    }

    /// The Arrow column of these row keys, with text values; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn into_text(self, rows: Vec<u32>) -> ArrayRef {
        let mut values = StringBuilder::new();
        self.values.iter().for_each(|value| values.append_value(String::from_utf8_lossy(value)));
        dictionary_array(rows, Arc::new(values.finish()))
    }
}

fn dictionary_array(rows: Vec<u32>, values: ArrayRef) -> ArrayRef {
    let keys = UInt32Array::from(rows);
    Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, values).expect("every key came from this dictionary"))
}
