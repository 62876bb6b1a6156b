//! Labels as keys and in order.

use std::cmp::Ordering;

use gw_base::labels::pairs;
use gw_base::{Labels, METRIC_NAME, Map, TYPE_LABEL, UNIT_LABEL};

/// The order of label sets in answers: pair by pair, names first.
pub(crate) fn compare(a: &Labels, b: &Labels) -> Ordering {
    a.iter().cmp(b.iter())
}

/// The places of label sets in that order; equal ones keep theirs.
///
/// Each set becomes bytes that compare as it does, so that a comparison looks at bytes and not at texts: a text ends with two
/// zeros, and a zero inside of it is followed by a one.
pub(crate) fn order<'a>(sets: impl IntoIterator<Item = &'a Labels>) -> Vec<usize> {
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for set in sets {
        for pair in pairs(set.as_bytes()) {
            push_comparable(&mut bytes, pair.name);
            push_comparable(&mut bytes, pair.value);
        }
        ends.push(bytes.len());
    }
    let key = |at: usize| &bytes[at.checked_sub(1).map_or(0, |before| ends[before])..ends[at]];
    let mut order: Vec<usize> = (0..ends.len()).collect();
    if !order.is_sorted_by_key(|at| key(*at)) {
        order.sort_by(|a, b| key(*a).cmp(key(*b)));
    }
    order
}

/// Items in the order of their labels.
pub(crate) fn in_order<T>(items: Vec<T>, labels: impl Fn(&T) -> &Labels) -> Vec<T> {
    let order = order(items.iter().map(labels));
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| items[at].take()).collect()
}

fn push_comparable(out: &mut Vec<u8>, text: &[u8]) {
    if text.contains(&0) {
        text.split_inclusive(|byte| *byte == 0).for_each(|piece| {
            out.extend_from_slice(piece);
            out.extend(piece.ends_with(&[0]).then_some(1));
        });
    } else {
        out.extend_from_slice(text);
    }
    out.extend_from_slice(&[0, 0]);
}

/// What the name of a metric stands for, and goes with it: `__name__`, `__type__`, `__unit__`.
pub(crate) fn is_metric_label(name: &str) -> bool {
    name == METRIC_NAME || name == TYPE_LABEL || name == UNIT_LABEL
}

/// The metric name in label bytes; empty where there is none.
pub(crate) fn metric_of(labels: &[u8]) -> &str {
    gw_base::labels::Iter::over(labels).find(|(name, _)| *name == METRIC_NAME).map_or("", |(_, value)| value)
}

/// The type of the metric as a label says it; empty where none does.
pub(crate) fn type_of(labels: &[u8]) -> &str {
    gw_base::labels::Iter::over(labels).find(|(name, _)| *name == TYPE_LABEL).map_or("", |(_, value)| value)
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
    for pair in pairs(labels) {
        if if keep { named(pair.name) } else { pair.name != METRIC_NAME.as_bytes() && !named(pair.name) } {
            out.extend_from_slice(pair.bytes);
        }
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
