//! Asks the product's queries and reads their answers.

use arrow_array::{Array, StringArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use gw_base::{Signal, Tenant, TimeRange};
use gw_batch::{Batch, Query, Request};
use gw_serve::{Services, collect};

use crate::errors::JaegerError;

async fn run(
    services: &Services,
    tenant: Tenant,
    request: Request,
    range: TimeRange,
) -> Result<Vec<arrow_array::RecordBatch>, JaegerError> {
    let query = Query { tenant, request, range, limits: services.limits.clone() };
    let mut answer = services.queries.query(query).await?;
    Ok(collect(&mut answer).await?)
}

/// The rows of an answer as texts, the first `columns` of each; nulls are empty.
pub(crate) async fn texts(
    services: &Services,
    tenant: Tenant,
    request: Request,
    range: TimeRange,
    columns: usize,
) -> Result<Vec<Vec<String>>, JaegerError> {
    let mut rows = Vec::new();
    for batch in run(services, tenant, request, range).await? {
        let cells: Vec<_> =
            batch.columns().iter().take(columns).filter_map(|column| cast(column, &DataType::Utf8).ok()).collect();
        let cells: Vec<&StringArray> = cells.iter().filter_map(|column| column.as_any().downcast_ref()).collect();
        let text = |column: &StringArray, row| if column.is_null(row) { "" } else { column.value(row) }.to_owned();
        rows.extend((0..batch.num_rows()).map(|row| cells.iter().map(|column| text(column, row)).collect()));
    }
    Ok(rows)
}

/// The spans of an answer.
pub(crate) async fn spans(
    services: &Services,
    tenant: Tenant,
    request: Request,
    range: TimeRange,
) -> Result<Vec<Batch>, JaegerError> {
    let batches = run(services, tenant.clone(), request, range).await?;
    let batches = batches.into_iter().map(|records| Batch::new(tenant.clone(), Signal::Spans, records));
    Ok(batches.collect::<Result<_, _>>()?)
}
