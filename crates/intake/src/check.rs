//! Checks a batch against the limits and takes out the rows that pass one.

use arrow_array::{Array as _, BinaryArray, BooleanArray};
use arrow_select::filter::filter_record_batch;
use gw_base::{Labels, Limits};
use gw_batch::{Attributes, Batch, EventsView, LogsView, MetricsView, SpansView};

use crate::{Reason, Refusal};

/// The rows of a batch that keep within the limits (`None` when there is none), and the refusals.
pub(crate) fn check(batch: Batch, limits: &Limits) -> (Option<Batch>, Vec<Refusal>) {
    let mut verdict = Verdict { keep: Vec::new(), refusals: Vec::new(), rows: batch.rows() };
    if let Some(view) = MetricsView::of(&batch) {
        verdict.labels(view.keys, view.series, limits);
    } else if let Some(view) = LogsView::of(&batch) {
        verdict.labels(view.keys, view.streams, limits);
        verdict.lines(&view, limits.line_bytes);
    } else if let Some(view) = EventsView::of(&batch) {
        verdict.labels(view.keys, view.subjects, limits);
    } else if let Some(view) = SpansView::of(&batch) {
        verdict.attributes(&view, limits.attributes);
    }
    verdict.apply(batch)
}

struct Verdict {
    /// One flag a row, empty while every row is good.
    keep: Vec<bool>,
    refusals: Vec<Refusal>,
    rows: usize,
}

impl Verdict {
    fn refuse(&mut self, row: usize, reason: Reason, message: impl FnOnce() -> String) {
        if self.keep.is_empty() {
            self.keep = vec![true; self.rows];
        }
        if !std::mem::replace(&mut self.keep[row], false) {
            return;
        }
        match self.refusals.iter_mut().find(|refusal| refusal.reason == reason) {
            Some(refusal) => refusal.rows += 1,
            None => self.refusals.push(Refusal { reason, rows: 1, message: message() }),
        }
    }

    fn labels(&mut self, keys: &[u32], sets: &BinaryArray, limits: &Limits) {
        let bad: Vec<Option<(Reason, String)>> =
            (0..sets.len()).map(|i| label_fault(sets.value(i), limits)).collect();
        if bad.iter().all(Option::is_none) {
            return;
        }
        for (row, key) in keys.iter().enumerate() {
            if let Some((reason, message)) = &bad[*key as usize] {
                self.refuse(row, *reason, || message.clone());
            }
        }
    }

    fn lines(&mut self, view: &LogsView<'_>, limit: usize) {
        let offsets = view.lines.value_offsets();
        for (row, pair) in offsets.windows(2).enumerate() {
            let length = usize::try_from(pair[1] - pair[0]).unwrap_or(usize::MAX);
            if length > limit {
                let message = || format!("log line of {length} bytes is longer than the limit of {limit}");
                self.refuse(row, Reason::LineTooLong, message);
            }
        }
    }

    fn attributes(&mut self, view: &SpansView<'_>, limit: usize) {
        for row in 0..view.len() {
            let bytes = view.row(row).attributes;
            // An encoded pair takes three bytes at least, so short cells need no counting.
            if bytes.len() / 3 <= limit {
                continue;
            }
            let count = Attributes::new(bytes).iter().count();
            if count > limit {
                let message = || format!("span has {count} attributes, more than the limit of {limit}");
                self.refuse(row, Reason::TooManyAttributes, message);
            }
        }
    }

    fn apply(self, batch: Batch) -> (Option<Batch>, Vec<Refusal>) {
        if self.keep.is_empty() {
            return ((batch.rows() > 0).then_some(batch), self.refusals);
        }
        let kept = filter_record_batch(batch.records(), &BooleanArray::from(self.keep))
            .expect("the mask has one flag a row");
        let batch = (kept.num_rows() > 0).then(|| {
            Batch::new(batch.tenant().clone(), batch.signal(), kept).expect("filtering keeps the schema")
        });
        (batch, self.refusals)
    }
}

fn label_fault(bytes: &[u8], limits: &Limits) -> Option<(Reason, String)> {
    let Ok(labels) = Labels::from_bytes(bytes) else {
        return Some((Reason::MalformedLabels, "label set does not decode".to_owned()));
    };
    let count = labels.len();
    if count > limits.labels_per_series {
        let limit = limits.labels_per_series;
        let metric = labels.metric().unwrap_or("");
        return Some((Reason::TooManyLabels, format!("series {metric:?} has {count} labels, the limit is {limit}")));
    }
    for (name, value) in &labels {
        if name.len() > limits.label_name_bytes {
            let (length, limit) = (name.len(), limits.label_name_bytes);
            let message = format!("label name {:?} has {length} bytes, the limit is {limit}", shortened(name));
            return Some((Reason::LabelNameTooLong, message));
        }
        if value.len() > limits.label_value_bytes {
            let (length, limit) = (value.len(), limits.label_value_bytes);
            let message = format!("value of label {name:?} has {length} bytes, the limit is {limit}");
            return Some((Reason::LabelValueTooLong, message));
        }
    }
    None
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::Tenant;
    use gw_batch::{LogRow, LogsBuilder};

    #[test]
    fn rows_over_a_limit_leave_alone() {
        let limits = Limits { labels_per_series: 2, line_bytes: 5, ..Limits::default() };
        let mut logs = LogsBuilder::default();
        let good = logs.stream(&Labels::from_pairs([("a", "1")]));
        let wide = logs.stream(&Labels::from_pairs([("a", "1"), ("b", "1"), ("c", "1")]));
        for (stream, line) in [(good, "short"), (wide, "short"), (good, "too long"), (wide, "too long")] {
            logs.push(stream, &LogRow { line, ..LogRow::default() });
        }
        let (kept, refusals) = check(logs.finish(Tenant::default()), &limits);
        let kept = kept.unwrap();
        assert_eq!((kept.rows(), LogsView::of(&kept).unwrap().lines.value(0)), (1, "short"));
        let counts: Vec<_> = refusals.iter().map(|r| (r.reason, r.rows)).collect();
        assert_eq!(counts, [(Reason::TooManyLabels, 2), (Reason::LineTooLong, 1)]);
        assert_eq!(refusals[1].message, "log line of 8 bytes is longer than the limit of 5");
    }
}
