//! Stored samples as they are, for remote read and federation.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use futures_util::{StreamExt as _, stream};
use gw_base::{Labels, Signal, TimeRange};
use gw_batch::{Answer, Cost, QueryError, SamplesBuilder, Selector, Shape};
use gw_store::{Selection, Series};

use super::stream::guarded;
use crate::operators::in_order;
use crate::run::{Run, read_failed};

/// Samples of one batch of the answer, so that it is written out piece by piece.
const BATCH_SAMPLES: usize = 1 << 16;

/// Answers [`gw_batch::Request::Samples`]: series in label order, stale markers included.
pub(crate) async fn stored(
    selectors: Vec<Selector>,
    range: TimeRange,
    newest: bool,
    run: Arc<Run>,
) -> Result<Answer, QueryError> {
    let mut found: BTreeMap<Labels, Series> = BTreeMap::new();
    let mut left = run.limits.query_samples;
    for selector in selectors {
        let matchers = match selector {
            Selector::Text(text) => gw_plan::promql::selector(&text)?,
            Selector::Matchers(matchers) => matchers,
        };
        let selection = Selection::new(run.tenant.clone(), Signal::Metrics, range).matching(matchers).at_most(left);
        for mut series in run.store.series(&selection).await.map_err(read_failed)? {
            Cost::add(&run.cost.rows, samples_of(&series));
            if newest {
                keep_newest(&mut series);
            }
            left = left.saturating_sub(samples_of(&series));
            found.insert(series.labels.clone(), series);
        }
        run.check()?;
    }
    Cost::add(&run.cost.series, found.len());
    let series = in_order(found.into_values().collect(), |series: &Series| &series.labels);
    let batches = stream::unfold(series.into_iter(), |mut rest| async move {
        let batch = next_batch(&mut rest)?;
        Some((Ok(batch), rest))
    });
    Ok(Answer {
        shape: Shape::Samples,
        steps: None,
        schema: gw_batch::matrix::samples_schema(),
        cost: Arc::clone(&run.cost),
        batches: guarded(batches.boxed(), run),
    })
}

fn samples_of(series: &Series) -> usize {
    series.times.len() + series.histogram_times.len()
}

fn keep_newest(series: &mut Series) {
    match (series.times.last().copied(), series.histogram_times.last().copied()) {
        (Some(float), Some(histogram)) if float < histogram => series.times.clear(),
        (Some(_), Some(_)) => series.histogram_times.clear(),
        _ => {}
    }
    let cut = series.times.len().saturating_sub(1);
    series.times.drain(..cut);
    series.values.drain(..series.values.len() - series.times.len());
    let cut = series.histogram_times.len().saturating_sub(1);
    series.histogram_times.drain(..cut);
    series.histograms.drain(..series.histograms.len() - series.histogram_times.len());
}

fn next_batch(rest: &mut std::vec::IntoIter<Series>) -> Option<RecordBatch> {
    let (mut builder, mut samples, mut rows) = (SamplesBuilder::default(), 0, 0);
    while samples < BATCH_SAMPLES {
        let Some(series) = rest.next() else { break };
        let encoded: Vec<Vec<u8>> = series.histograms.iter().map(|histogram| histogram.encode()).collect();
        let floats = series.times.iter().zip(&series.values).map(|(time, value)| (*time, Some(*value), None));
        let histograms = series.histogram_times.iter().zip(&encoded);
        let mut all: Vec<_> =
            floats.chain(histograms.map(|(time, bytes)| (*time, None, Some(bytes.as_slice())))).collect();
        all.sort_by_key(|(time, _, _)| *time);
        samples += all.len();
        rows += 1;
        builder.push(series.labels.as_bytes(), all);
    }
    (rows > 0).then(|| builder.finish())
}
