//! Label names, label values and label sets of series and streams.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{BinaryArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use gw_base::{Labels, Matcher, Signal, TimeRange};
use gw_batch::{Answer, Cost, Names, Note, QueryError, Shape};
use gw_plan::{logql, promql};
use gw_store::{Selection, Texts};

use super::stream::ready;
use crate::operators::in_order;
use crate::run::{Run, read_failed};

/// Answers [`gw_batch::Request::Names`].
pub(crate) async fn names(
    signal: Signal,
    names: &Names,
    (selectors, range): (&[String], TimeRange),
    limit: Option<usize>,
    run: Arc<Run>,
) -> Result<Answer, QueryError> {
    let mut wanted: Vec<Vec<Matcher>> = Vec::with_capacity(selectors.len().max(1));
    for selector in selectors {
        wanted.push(match signal {
            Signal::Logs => logql::selector(selector)?,
            _ => promql::selector(selector)?,
        });
    }
    if selectors.is_empty() {
        wanted.push(Vec::new());
    }
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let of_pairs = match names {
        Names::Labels => Some(Texts::Names),
        Names::Values(label) => Some(Texts::Values(label.clone())),
        Names::Series => None,
    };
    if let Some(texts_wanted) = of_pairs.filter(|_| signal == Signal::Metrics) {
        let mut found: Vec<String> = Vec::new();
        for matchers in wanted {
            let selection = Selection::new(run.tenant.clone(), signal, range).matching(matchers);
            found.extend(run.store.label_texts(&selection, texts_wanted.clone()).await.map_err(read_failed)?);
        }
        found.sort_unstable();
        found.dedup();
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        return Ok(texts(cut(found, limit, &run), &run));
    }
    let mut sets: Vec<Labels> = Vec::new();
    for matchers in wanted {
        let selection = Selection::new(run.tenant.clone(), signal, range).matching(matchers);
        sets.extend(run.store.label_sets(&selection).await.map_err(read_failed)?);
    }
    Cost::add(&run.cost.series, sets.len());
    Ok(match names {
        Names::Series => {
            let mut sets = in_order(sets, |set| set);
            sets.dedup();
            label_sets(cut(sets, limit, &run), &run)
        }
        Names::Labels => {
            let found: BTreeSet<&str> = sets.iter().flat_map(|set| set.iter().map(|(name, _)| name)).collect();
            texts(cut(found.into_iter().collect(), limit, &run), &run)
        }
        Names::Values(label) => {
            let found: BTreeSet<&str> = sets.iter().filter_map(|set| set.get(label)).collect();
            texts(cut(found.into_iter().collect(), limit, &run), &run)
        }
    })
}

fn cut<T>(mut found: Vec<T>, limit: usize, run: &Run) -> Vec<T> {
    if found.len() > limit {
        found.truncate(limit);
        // Wire: Prometheus' own words (web/api/v1/api.go).
        run.cost.note(Note { warning: true, text: "results truncated due to limit".to_owned() });
    }
    found
}

fn texts(found: Vec<&str>, run: &Run) -> Answer {
    let schema = Arc::new(Schema::new(vec![Field::new("name", DataType::Utf8, false)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(StringArray::from(found))])
        .expect("the texts are the rows of one column");
    ready(Shape::Names, batch, run)
}

fn label_sets(found: Vec<Labels>, run: &Run) -> Answer {
    let schema = Arc::new(Schema::new(vec![Field::new("labels", DataType::Binary, false)]));
    let column = BinaryArray::from_iter_values(found.iter().map(Labels::as_bytes));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(column)]).expect("the sets are the rows of one column");
    ready(Shape::LabelSets, batch, run)
}
