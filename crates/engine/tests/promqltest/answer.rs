//! Asks the engine, and puts its answers into the terms of scripts.

use arrow_array::cast::AsArray as _;
use futures_util::StreamExt as _;
use gw_base::Labels;
use gw_batch::{Histogram, Queries as _, Query, QueryError, SeriesRow, Shape};
use gw_engine::Engine;
use gw_plan::histogram::ranges;
use gw_testkit::promqltest::{Answer, AnswerKind, AnsweredHistogram, Cell, Cells, CounterResetHint, Inside};

/// Runs a query to its end.
pub(crate) async fn read(engine: &Engine, query: Query) -> Result<Answer, QueryError> {
    let mut answer = engine.query(query).await?;
    let mut kind = match answer.shape {
        Shape::Samples => AnswerKind::RangeVector,
        Shape::Scalar => AnswerKind::Scalar,
        _ => AnswerKind::Series,
    };
    let mut series = Vec::new();
    while let Some(batch) = answer.batches.next().await {
        let batch = batch?;
        if answer.shape == Shape::Text {
            kind = AnswerKind::Text(batch.column(0).as_string::<i32>().value(0).to_owned());
            continue;
        }
        for row in SeriesRow::iter(&batch) {
            let mut cells = Cells::new();
            for i in 0..row.len() {
                let time = match (row.times, answer.steps) {
                    (Some(times), _) => times[i] / 1_000_000,
                    (None, Some(steps)) => steps.at(i).millis(),
                    (None, None) => 0,
                };
                if let Some(value) = row.value(i) {
                    cells.insert(time, Cell::Float(value));
                } else if let Some(histogram) = row.histogram(i) {
                    cells.insert(time, Cell::Histogram(Box::new(answered(&histogram))));
                }
            }
            let labels = Labels::from_bytes(row.labels).expect("labels are canonical");
            let mut pairs: Vec<_> = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            pairs.sort();
            series.push((pairs, cells));
        }
    }
    let (warnings, infos) = answer.cost.remarks().into_iter().partition::<Vec<_>, _>(|remark| remark.warning);
    let heads = |remarks: Vec<gw_batch::Remark>| remarks.into_iter().map(|remark| remark.head).collect();
    Ok(Answer { kind, series, warnings: heads(warnings), infos: heads(infos) })
}

fn answered(histogram: &Histogram) -> AnsweredHistogram {
    AnsweredHistogram {
        count: histogram.count,
        sum: histogram.sum,
        buckets: ranges(histogram).iter().map(|range| [range.lower, range.upper, range.count]).collect(),
        inside: Some(Inside {
            schema: histogram.schema,
            zero_count: histogram.zero_count,
            custom_values: histogram.custom_bounds.clone(),
            counter_reset_hint: match histogram.reset_hint {
                1 => CounterResetHint::Reset,
                2 => CounterResetHint::NotReset,
                3 => CounterResetHint::Gauge,
                _ => CounterResetHint::Unknown,
            },
        }),
    }
}
