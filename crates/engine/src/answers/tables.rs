//! Small tables: metadata, services, operations, dependencies, usage.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampNanosecondArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use futures_util::StreamExt as _;
use gw_base::{Map, Signal, SpanId, TimeRange, TraceId};
use gw_batch::{Answer, Batch, Cost, Direction, QueryError, Shape, SpansView};
use gw_store::Selection;

use super::stream::ready;
use crate::run::{Run, read_failed};

/// A column of texts, counts or times, with its name.
pub(super) enum Column {
    Text(&'static str, Vec<String>),
    Count(&'static str, Vec<u64>),
    Time(&'static str, Vec<i64>),
}

pub(super) fn table(shape: Shape, columns: Vec<Column>, run: &Run) -> Answer {
    let (mut fields, mut arrays): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for column in columns {
        match column {
            Column::Text(name, values) => {
                fields.push(Field::new(name, DataType::Utf8, false));
                arrays.push(Arc::new(StringArray::from(values)));
            }
            Column::Count(name, values) => {
                fields.push(Field::new(name, DataType::UInt64, false));
                arrays.push(Arc::new(UInt64Array::from(values)));
            }
            Column::Time(name, values) => {
                fields.push(Field::new(name, DataType::Timestamp(TimeUnit::Nanosecond, None), false));
                arrays.push(Arc::new(TimestampNanosecondArray::from(values)));
            }
        }
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns are made row by row");
    ready(shape, batch, run)
}

/// Columns `metric`, `type`, `unit`, `help`.
pub(crate) fn metadata(metric: Option<&str>, limit: Option<usize>, run: &Run) -> Result<Answer, QueryError> {
    let mut families = run.store.metadata(&run.tenant);
    families.retain(|family| metric.is_none_or(|metric| family.metric == metric));
    families.truncate(limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX));
    let columns = vec![
        Column::Text("metric", families.iter().map(|family| family.metric.clone()).collect()),
        Column::Text("type", families.iter().map(|family| family.kind.as_str().to_owned()).collect()),
        Column::Text("unit", families.iter().map(|family| family.unit.clone()).collect()),
        Column::Text("help", families.iter().map(|family| family.help.clone()).collect()),
    ];
    Ok(table(Shape::Table, columns, run))
}

/// Column `name`.
pub(crate) async fn services(range: TimeRange, run: &Run) -> Result<Answer, QueryError> {
    let names = run.store.services(&run.tenant, range).await.map_err(read_failed)?;
    Ok(table(Shape::Names, vec![Column::Text("name", names)], run))
}

/// Columns `name` and `kind` (`server`, `client`, ..., empty when unspecified).
pub(crate) async fn operations(service: &str, range: TimeRange, run: &Run) -> Result<Answer, QueryError> {
    let operations = run.store.operations(&run.tenant, service, range).await.map_err(read_failed)?;
    let columns = vec![
        Column::Text("name", operations.iter().map(|operation| operation.name.clone()).collect()),
        Column::Text("kind", operations.iter().map(|operation| operation.kind.as_str().to_owned()).collect()),
    ];
    Ok(table(Shape::Table, columns, run))
}

/// Columns `parent`, `child`, `calls`: how often a span of one service has a child span of another.
pub(crate) async fn dependencies(range: TimeRange, run: Arc<Run>) -> Result<Answer, QueryError> {
    let selection = Selection::new(run.tenant.clone(), Signal::Spans, range).at_most(run.limits.query_samples);
    let mut batches = run.store.scan(selection, Direction::Backward).await.map_err(read_failed)?;
    let mut services: BTreeMap<String, u32> = BTreeMap::new();
    let mut owners: Map<(TraceId, SpanId), u32> = Map::default();
    let mut children: Vec<(TraceId, SpanId, u32)> = Vec::new();
    while let Some(records) = batches.next().await {
        run.check()?;
        let batch = spans(records.map_err(read_failed)?, &run)?;
        let Some(view) = SpansView::of(&batch) else { continue };
        run.hold(view.len() * 64)?;
        Cost::add(&run.cost.rows, view.len());
        for row in 0..view.len() {
            let span = view.row(row);
            let next = services.len() as u32;
            let service = *services.entry(span.service.to_owned()).or_insert(next);
            owners.insert((span.trace, span.span), service);
            if let Some(parent) = span.parent {
                children.push((span.trace, parent, service));
            }
        }
    }
    let mut calls: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for (trace, parent, child) in children {
        if let Some(parent) = owners.get(&(trace, parent)).filter(|parent| **parent != child) {
            *calls.entry((*parent, child)).or_default() += 1;
        }
    }
    let mut names = vec![String::new(); services.len()];
    for (name, number) in services {
        names[number as usize] = name;
    }
    let columns = vec![
        Column::Text("parent", calls.keys().map(|(parent, _)| names[*parent as usize].clone()).collect()),
        Column::Text("child", calls.keys().map(|(_, child)| names[*child as usize].clone()).collect()),
        Column::Count("calls", calls.values().copied().collect()),
    ];
    Ok(table(Shape::Table, columns, &run))
}

/// A batch of spans read from the store.
pub(super) fn spans(records: RecordBatch, run: &Run) -> Result<Batch, QueryError> {
    Batch::new(run.tenant.clone(), Signal::Spans, records)
        .map_err(|error| QueryError::execute(gw_base::Kind::Internal, error.to_string()))
}

/// Columns `signal`, `rows`, `bytes`, `parts`, `head_rows`, `head_bytes`, `head_series`, `wal_bytes`.
pub(crate) fn usage(run: &Run) -> Result<Answer, QueryError> {
    let usage = run.store.usage();
    let count =
        |name: &'static str, of: fn(&gw_store::SignalUsage) -> u64| Column::Count(name, usage.iter().map(of).collect());
    let columns = vec![
        Column::Text("signal", usage.iter().map(|usage| usage.signal.to_string()).collect()),
        count("rows", |usage| usage.rows),
        count("bytes", |usage| usage.bytes),
        count("parts", |usage| usage.parts),
        count("head_rows", |usage| usage.head_rows),
        count("head_bytes", |usage| usage.head_bytes),
        count("head_series", |usage| usage.head_series),
        count("head_chunks", |usage| usage.head_chunks),
        count("wal_bytes", |usage| usage.wal_bytes),
    ];
    Ok(table(Shape::Table, columns, run))
}
