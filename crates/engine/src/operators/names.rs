//! Labels as keys and in order.

use std::cmp::Ordering;

use gw_base::labels::{Iter, push_pair};
use gw_base::{Labels, METRIC_NAME, Map};

/// The order of label sets in answers: pair by pair, names first.
pub(crate) fn compare(a: &Labels, b: &Labels) -> Ordering {
    a.iter().cmp(b.iter())
}

/// What the name of a metric stands for, and goes with it: `__name__`, `__type__`, `__unit__`.
pub(crate) fn is_metric_label(name: &str) -> bool {
    name == METRIC_NAME || name == "__type__" || name == "__unit__"
}

/// The labels without those of the metric name.
pub(crate) fn unnamed(labels: &Labels) -> Labels {
    if labels.iter().any(|(name, _)| is_metric_label(name)) { labels.without(is_metric_label) } else { labels.clone() }
}

/// Writes the labels that agree between partners, or make a group: those named (`keep`), or all others but the metric's
/// name. `names` is sorted.
pub(crate) fn key(labels: &Labels, names: &[String], keep: bool, out: &mut Vec<u8>) {
    out.clear();
    let named = |name: &str| names.binary_search_by(|other| other.as_str().cmp(name)).is_ok();
    for (name, value) in Iter::over(labels.as_bytes()) {
        if if keep { named(name) } else { name != METRIC_NAME && !named(name) } {
            push_pair(out, name, value);
        }
    }
}

/// Numbers label keys in order of first sight.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    numbers: Map<Labels, usize>,
    buffer: Vec<u8>,
    pub(crate) labels: Vec<Labels>,
}

impl Keys {
    /// The number of a label set's key.
    pub(crate) fn number(&mut self, labels: &Labels, names: &[String], keep: bool) -> usize {
        key(labels, names, keep, &mut self.buffer);
        // Keys are made of canonical labels in their order, so they are canonical themselves.
        let key = Labels::from_bytes(&self.buffer).unwrap_or_default();
        self.of(key)
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
