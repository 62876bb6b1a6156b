//! Events and exemplars.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, Float64Builder, TimestampNanosecondBuilder};
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::filter::filter_record_batch;
use futures_util::{StreamExt as _, future};
use gw_base::{Kind, Signal, TimeRange};
use gw_batch::{Answer, Batch, Cost, Direction, EventQuery, EventsView, QueryError, Shape};
use gw_store::Selection;

use super::stream::{guarded, ready};
use crate::run::{Run, read_failed};

/// Events of the kinds wanted, newest first.
pub(crate) async fn events(search: EventQuery, range: TimeRange, run: Arc<Run>) -> Result<Answer, QueryError> {
    let selection = Selection::new(run.tenant.clone(), Signal::Events, range)
        .matching(search.matchers)
        .at_most(run.limits.query_samples);
    let batches = run.store.scan(selection, Direction::Backward).await.map_err(read_failed)?;
    let limit = search.limit.unwrap_or(run.limits.query_rows).min(run.limits.query_rows);
    let (kinds, reading) = (search.kinds, Arc::clone(&run));
    let wanted = move |records: Result<RecordBatch, gw_store::StoreError>| {
        reading.check()?;
        let records = records.map_err(read_failed)?;
        Cost::add(&reading.cost.rows, records.num_rows());
        of_kinds(records, &kinds, &reading)
    };
    // Ends the stream once enough rows have passed.
    let cut = |left: &mut usize, result: Result<RecordBatch, QueryError>| {
        if *left == 0 {
            return future::ready(None);
        }
        let result = result.map(|records| {
            let rows = records.num_rows().min(*left);
            *left -= rows;
            records.slice(0, rows)
        });
        future::ready(Some(result))
    };
    let batches = batches.map(wanted).scan(limit, cut).boxed();
    Ok(Answer {
        shape: Shape::Events,
        steps: None,
        schema: gw_batch::events::schema(),
        cost: Arc::clone(&run.cost),
        batches: guarded(batches, run),
    })
}

fn of_kinds(records: RecordBatch, kinds: &[String], run: &Run) -> Result<RecordBatch, QueryError> {
    if kinds.is_empty() {
        return Ok(records);
    }
    let internal = |text: String| QueryError::execute(Kind::Internal, text);
    let batch = Batch::new(run.tenant.clone(), Signal::Events, records).map_err(|error| internal(error.to_string()))?;
    let Some(view) = EventsView::of(&batch) else { return Err(internal("events are not events".to_owned())) };
    let wanted: Vec<bool> =
        view.kinds.iter().map(|kind| kind.is_some_and(|kind| kinds.iter().any(|k| k == kind))).collect();
    let rows: BooleanArray = view.kind_keys.iter().map(|key| Some(wanted[*key as usize])).collect();
    filter_record_batch(batch.records(), &rows).map_err(|error| internal(error.to_string()))
}

/// Exemplars of the series that a PromQL text selects: columns `labels`, `exemplar_labels`, `value`, `time`.
pub(crate) async fn exemplars(text: &str, range: TimeRange, run: &Run) -> Result<Answer, QueryError> {
    let mut labels = BinaryBuilder::new();
    let mut own = BinaryBuilder::new();
    let mut values = Float64Builder::new();
    let mut times = TimestampNanosecondBuilder::new();
    for matchers in gw_plan::promql::selectors(text)? {
        let selection = Selection::new(run.tenant.clone(), Signal::Metrics, range)
            .matching(matchers)
            .at_most(run.limits.query_samples);
        for series in run.store.exemplars(&selection).await.map_err(read_failed)? {
            for exemplar in &series.exemplars {
                labels.append_value(series.labels.as_bytes());
                own.append_value(exemplar.labels.as_bytes());
                values.append_value(exemplar.value);
                times.append_value(exemplar.time.map_or(0, gw_base::Timestamp::nanos));
            }
        }
    }
    let schema = Arc::new(Schema::new(vec![
        Field::new("labels", DataType::Binary, false),
        Field::new("exemplar_labels", DataType::Binary, false),
        Field::new("value", DataType::Float64, false),
        Field::new("time", gw_batch::time_type(), false),
    ]));
    let columns: Vec<Arc<dyn Array>> = vec![
        Arc::new(labels.finish()),
        Arc::new(own.finish()),
        Arc::new(values.finish()),
        Arc::new(times.finish().with_timezone("UTC")),
    ];
    let batch = RecordBatch::try_new(schema, columns).expect("columns are made row by row");
    Ok(ready(Shape::Exemplars, batch, run))
}
