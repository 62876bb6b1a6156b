//! Log lines as an answer: what is left of them after the pipeline, in the order asked.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::take::take_record_batch;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, future};
use gw_base::{Kind, Signal, TimeRange};
use gw_batch::{Answer, Batch, Cost, Dictionary, Direction, LogsView, QueryError, Shape};
use gw_plan::logs::Pipeline;
use gw_store::{Selection, StoreError};

use super::entry::Entry;
use super::pipeline::Compiled;
use crate::answers::blocking;
use crate::run::{Run, read_failed};

/// The columns of [`Shape::Lines`].
static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let schema = gw_batch::logs::schema();
    let parsed = Arc::new(Field::new("parsed", DataType::Binary, true));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([parsed]).collect::<Vec<_>>()))
});

/// Reads the lines that a pipeline selects.
pub(crate) async fn lines(
    pipeline: Pipeline,
    range: TimeRange,
    (direction, limit): (Direction, Option<usize>),
    run: Arc<Run>,
) -> Result<Answer, QueryError> {
    let compiled = Compiled::new(&pipeline)?;
    let limit = limit.unwrap_or(run.limits.query_rows).min(run.limits.query_rows);
    let stored = scan(&pipeline, range, direction, &run).await?;
    let cost = Arc::clone(&run.cost);
    let reading = Arc::clone(&run);
    let make = move || {
        let through = move |left: &mut usize, records: Result<RecordBatch, StoreError>| {
            if *left == 0 {
                return future::ready(None);
            }
            let result =
                reading.check().and_then(|()| passed(records.map_err(read_failed)?, &compiled, *left, &reading));
            if let Ok(records) = &result {
                *left -= records.num_rows();
            }
            future::ready(Some(result))
        };
        Ok(stored.scan(limit, through).boxed())
    };
    Ok(Answer { shape: Shape::Lines, steps: None, schema: Arc::clone(&SCHEMA), batches: blocking(make, run), cost })
}

/// The stored lines that may pass a pipeline.
pub(super) async fn scan(
    pipeline: &Pipeline,
    range: TimeRange,
    direction: Direction,
    run: &Run,
) -> Result<BoxStream<'static, Result<RecordBatch, StoreError>>, QueryError> {
    let mut selection = Selection::new(run.tenant.clone(), Signal::Logs, range).matching(pipeline.matchers.clone());
    selection.contains.clone_from(&pipeline.contains);
    run.store.scan(selection, direction).await.map_err(read_failed)
}

/// A batch of lines read from the store.
pub(super) fn logs(records: RecordBatch, run: &Run) -> Result<Batch, QueryError> {
    Cost::add(&run.cost.rows, records.num_rows());
    Cost::add(&run.cost.bytes, records.get_array_memory_size());
    Batch::new(run.tenant.clone(), Signal::Logs, records).map_err(|error| internal(&error.to_string()))
}

pub(super) fn internal(text: &str) -> QueryError {
    QueryError::execute(Kind::Internal, text)
}

/// The entry of a row.
pub(super) fn entry<'a>(view: &LogsView<'a>, row: usize) -> Entry<'a> {
    use arrow_array::Array as _;
    let stream = view.streams.value(view.keys[row] as usize);
    let metadata = if view.metadata.is_valid(row) { view.metadata.value(row) } else { &[] };
    let severity = view.severities.is_valid(row).then(|| view.severities.value(row));
    Entry::new(view.times[row], view.lines.value(row), stream, metadata, severity)
}

/// The rows of a batch that pass, at most `limit`, as they leave the pipeline.
fn passed(records: RecordBatch, compiled: &Compiled, limit: usize, run: &Run) -> Result<RecordBatch, QueryError> {
    let batch = logs(records, run)?;
    let view = LogsView::of(&batch).ok_or_else(|| internal("lines are not lines"))?;
    let (mut rows, mut streams, mut keys) = (Vec::new(), Dictionary::default(), Vec::new());
    let (mut texts, mut metadata, mut parsed) = (StringBuilder::new(), BinaryBuilder::new(), BinaryBuilder::new());
    for row in 0..view.times.len() {
        let mut entry = entry(&view, row);
        if !compiled.run(&mut entry) {
            continue;
        }
        rows.push(row as u32);
        keys.push(streams.key(&entry.stream_labels()));
        texts.append_value(&entry.line);
        let own = entry.metadata_labels();
        metadata.append_option((!own.is_empty()).then_some(own));
        let added = entry.parsed_labels();
        parsed.append_option((!added.is_empty()).then_some(added.as_bytes()));
        if rows.len() == limit {
            break;
        }
    }
    let kept = take_record_batch(batch.records(), &UInt32Array::from(rows)).map_err(|e| internal(&e.to_string()))?;
    let mut columns: Vec<ArrayRef> = kept.columns().to_vec();
    for (name, column) in [
        ("stream", streams.into_binary(keys)),
        ("line", Arc::new(texts.finish()) as ArrayRef),
        ("metadata", Arc::new(metadata.finish())),
    ] {
        let at = SCHEMA.index_of(name).map_err(|error| internal(&error.to_string()))?;
        columns[at] = column;
    }
    columns.push(Arc::new(parsed.finish()));
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns).map_err(|error| internal(&error.to_string()))
}
