//! Leaves out rows that pass a limit, whoever made them; formats that check earlier only spare the work.

use arrow_array::{Array, BinaryArray, BooleanArray};
use arrow_select::filter::filter_record_batch;
use gw_base::labels::Iter;
use gw_base::{Limits, Signal};
use gw_batch::{Attributes, Batch, EventsView, LogsView, MetricsView, Refusal, Refusals, SpansView};

/// A batch within limits and what was left out of it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) batch: Option<Batch>,
    pub(crate) refused: Vec<Refusal>,
}

/// Checks every row; a batch that loses no row is passed on untouched.
pub(crate) fn check(batch: Batch, limits: &Limits) -> Checked {
    let mut refusals = Refusals::default();
    let keep = match batch.signal() {
        Signal::Metrics => MetricsView::of(&batch).and_then(|view| {
            // Most batches are of short sets alone, which no limit can touch. The store checks the form of new series itself.
            let short = |set: usize| view.series.value_length(set) as usize <= harmless_bytes(limits);
            if (0..view.series.len()).all(short) {
                return None;
            }
            let good = good_sets(view.series, limits);
            keep_rows(view.keys.iter().map(|key| &good[*key as usize]), &mut refusals)
        }),
        Signal::Logs => LogsView::of(&batch).and_then(|view| {
            let good = good_sets(view.streams, limits);
            let too_long = Verdict::Refused("line_too_long", format!("log line exceeds {} bytes", limits.line_bytes));
            let rows = view.keys.iter().enumerate().map(|(row, key)| {
                let long = view.lines.value_length(row) as usize > limits.line_bytes;
                if long { &too_long } else { &good[*key as usize] }
            });
            keep_rows(rows, &mut refusals)
        }),
        Signal::Events => EventsView::of(&batch).and_then(|view| {
            let good = good_sets(view.subjects, limits);
            keep_rows(view.keys.iter().map(|key| &good[*key as usize]), &mut refusals)
        }),
        Signal::Spans => SpansView::of(&batch).and_then(|view| {
            let too_many =
                Verdict::Refused("too_many_attributes", format!("span exceeds {} attributes", limits.attributes));
            let rows = (0..view.len()).map(|row| {
                if exceeds_attributes(view.row(row).attributes, limits.attributes) { &too_many } else { &Verdict::Kept }
            });
            keep_rows(rows, &mut refusals)
        }),
    };
    let Some(keep) = keep else {
        let batch = (batch.rows() > 0).then_some(batch);
        return Checked { batch, refused: Vec::new() };
    };
    let (tenant, signal) = (batch.tenant().clone(), batch.signal());
    let kept = filter_record_batch(batch.records(), &keep).expect("the mask has a bit a row");
    let batch = (kept.num_rows() > 0).then(|| Batch::new(tenant, signal, kept).expect("filtering keeps the schema"));
    Checked { batch, refused: refusals.into_list() }
}

enum Verdict {
    Kept,
    Refused(&'static str, String),
}

fn good_sets(sets: &BinaryArray, limits: &Limits) -> Vec<Verdict> {
    (0..sets.len()).map(|i| judge(sets.value(i), limits)).collect()
}

/// Sets of at most so many bytes cannot break a limit: a pair takes four bytes at least.
fn harmless_bytes(limits: &Limits) -> usize {
    (4 * limits.labels_per_series).min(limits.label_name_bytes).min(limits.label_value_bytes)
}

fn judge(set: &[u8], limits: &Limits) -> Verdict {
    if !gw_base::labels::is_canonical(set) {
        return Verdict::Refused("malformed_labels", "label set does not decode".to_owned());
    }
    let mut count = 0;
    for (name, value) in Iter::over(set) {
        count += 1;
        if name.len() > limits.label_name_bytes {
            let text = format!("label name of {} bytes exceeds {}", name.len(), limits.label_name_bytes);
            return Verdict::Refused("label_name_too_long", text);
        }
        if value.len() > limits.label_value_bytes {
            let text =
                format!("value of label {name:?} has {} bytes, the limit is {}", value.len(), limits.label_value_bytes);
            return Verdict::Refused("label_value_too_long", text);
        }
    }
    if count > limits.labels_per_series {
        return Verdict::Refused(
            "too_many_labels",
            format!("{count} labels exceed the limit of {}", limits.labels_per_series),
        );
    }
    Verdict::Kept
}

fn exceeds_attributes(cell: &[u8], limit: usize) -> bool {
    // An encoded pair takes two bytes at least, so most cells need no counting.
    cell.len() / 2 > limit && Attributes::new(cell).iter().count() > limit
}

/// The rows to keep, or `None` when it is all of them.
fn keep_rows<'a>(verdicts: impl Iterator<Item = &'a Verdict>, refusals: &mut Refusals) -> Option<BooleanArray> {
    let keep: Vec<bool> = verdicts
        .map(|verdict| match verdict {
            Verdict::Kept => true,
            Verdict::Refused(reason, message) => {
                refusals.add(reason, 1, || message.clone());
                false
            }
        })
        .collect();
    (!refusals.is_empty()).then(|| BooleanArray::from(keep))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{Labels, Tenant, Timestamp};
    use gw_batch::{LogRow, LogsBuilder, MetricsBuilder};

    #[test]
    fn rows_over_a_limit_are_left_out_and_named() {
        let limits = Limits { labels_per_series: 2, line_bytes: 4, ..Limits::default() };
        let mut metrics = MetricsBuilder::default();
        let good = metrics.series(&Labels::from_pairs([("a", "1")]));
        let wide = metrics.series(&Labels::from_pairs([("a", "1"), ("b", "2"), ("c", "3")]));
        for series in [good, wide, wide] {
            metrics.sample(series, Timestamp::EPOCH, 1.0);
        }
        let checked = check(metrics.finish(Tenant::default()), &limits);
        assert_eq!(checked.batch.unwrap().rows(), 1);
        assert_eq!((checked.refused[0].reason, checked.refused[0].rows), ("too_many_labels", 2));

        let mut logs = LogsBuilder::default();
        let stream = logs.stream(&Labels::empty());
        for line in ["long line", "ok"] {
            logs.push(stream, &LogRow { line, ..LogRow::default() });
        }
        let checked = check(logs.finish(Tenant::default()), &limits);
        assert_eq!(checked.batch.unwrap().rows(), 1);
        assert_eq!(checked.refused[0].reason, "line_too_long");
    }

    #[test]
    fn a_good_batch_is_passed_on_untouched() {
        let mut metrics = MetricsBuilder::default();
        let series = metrics.series(&Labels::from_pairs([("a", "1")]));
        metrics.sample(series, Timestamp::EPOCH, 1.0);
        let batch = metrics.finish(Tenant::default());
        let checked = check(batch.clone(), &Limits::default());
        assert_eq!((checked.batch, checked.refused.len()), (Some(batch), 0));
    }
}
