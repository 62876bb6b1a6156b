//! Labels as keys and in order.

use std::cmp::Ordering;

use gw_base::{Labels, METRIC_NAME, Map};

/// The order of label sets in answers: pair by pair, names first.
pub(crate) fn compare(a: &Labels, b: &Labels) -> Ordering {
    a.iter().cmp(b.iter())
}

/// What the name of a metric stands for, and goes with it: `__name__`, `__type__`, `__unit__`.
pub(crate) fn is_metric_label(name: &str) -> bool {
    name == METRIC_NAME || name == "__type__" || name == "__unit__"
}

/// The metric name in label bytes; empty where there is none.
pub(crate) fn metric_of(labels: &[u8]) -> &str {
    gw_base::labels::Iter::over(labels).find(|(name, _)| *name == METRIC_NAME).map_or("", |(_, value)| value)
}

/// The labels without those of the metric name.
pub(crate) fn unnamed(labels: &Labels) -> Labels {
    if labels.iter().any(|(name, _)| is_metric_label(name)) { labels.without(is_metric_label) } else { labels.clone() }
}

/// Writes the labels that agree between partners, or make a group: those named (`keep`), or all others but the metric's
/// name. `names` is sorted.
pub(crate) fn key(labels: &Labels, names: &[String], keep: bool, out: &mut Vec<u8>) {
    key_of(labels.as_bytes(), names, keep, out);
}

/// The same of canonical label bytes.
fn key_of(labels: &[u8], names: &[String], keep: bool, out: &mut Vec<u8>) {
    out.clear();
    if keep && names.is_empty() {
        return;
    }
    let named = |name: &[u8]| names.binary_search_by(|other| other.as_bytes().cmp(name)).is_ok();
    for (name, pair) in pairs(labels) {
        if if keep { named(name) } else { name != METRIC_NAME.as_bytes() && !named(name) } {
            out.extend_from_slice(pair);
        }
    }
}

/// The name, and the whole, of each pair of canonical label bytes. Unlike [`Labels::iter`] it does not look at the texts, so it
/// costs a few nanoseconds a pair.
fn pairs(labels: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = labels;
    std::iter::from_fn(move || {
        let (name_start, name_end) = text(rest, 0)?;
        let (_, end) = text(rest, name_end)?;
        let (pair, tail) = rest.split_at_checked(end)?;
        rest = tail;
        Some((pair.get(name_start..name_end)?, pair))
    })
}

/// Where the text whose length stands at `at` starts and ends.
fn text(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let (mut length, mut shift) = (0usize, 0u32);
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        length |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if byte < 0x80 {
            return Some((at, at.checked_add(length)?));
        }
        shift += 7;
    }
}

/// Numbers label keys in order of first sight.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    numbers: Map<Labels, usize>,
    buffer: Vec<u8>,
    last: usize,
    pub(crate) labels: Vec<Labels>,
}

impl Keys {
    /// The number of a label set's key.
    pub(crate) fn number(&mut self, labels: &Labels, names: &[String], keep: bool) -> usize {
        self.number_of(labels.as_bytes(), names, keep)
    }

    /// The same of canonical label bytes.
    pub(crate) fn number_of(&mut self, labels: &[u8], names: &[String], keep: bool) -> usize {
        key_of(labels, names, keep, &mut self.buffer);
        // Series come in label order, so neighbours often share a key.
        if let Some(last) = self.labels.get(self.last)
            && last.as_bytes() == self.buffer
        {
            return self.last;
        }
        self.last = match self.numbers.get(self.buffer.as_slice()) {
            Some(number) => *number,
            // Keys are made of canonical labels in their order, so they are canonical themselves.
            None => self.of(Labels::of_checked(&self.buffer)),
        };
        self.last
    }

    /// The number of a whole label set.
    pub(crate) fn of(&mut self, labels: Labels) -> usize {
        let next = self.labels.len();
        match self.numbers.entry(labels) {
            std::collections::hash_map::Entry::Occupied(entry) => *entry.get(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                self.labels.push(entry.key().clone());
                entry.insert(next);
                next
            }
        }
    }
}
