//! Reads answers of queries for rooms that need all rows before they can render.

use arrow_array::{Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use futures_util::TryStreamExt;
use gw_base::{Kind, Signal, Tenant, TimeRange};
use gw_batch::{Answer, Batch, Query, QueryError, Request};

use crate::Services;

/// All batches of an answer.
///
/// # Errors
/// The first error of the stream.
pub async fn collect(answer: &mut Answer) -> Result<Vec<RecordBatch>, QueryError> {
    let mut batches = Vec::new();
    while let Some(batch) = answer.batches.try_next().await? {
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok(batches)
}

/// Number of rows in all batches.
#[must_use]
pub fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

impl Services {
    /// All batches of the answer to a request within the usual limits.
    async fn ask(&self, tenant: Tenant, request: Request, range: TimeRange) -> Result<Vec<RecordBatch>, QueryError> {
        let query = Query { tenant, request, range, limits: self.limits.clone() };
        let mut answer = self.queries.query(query).await?;
        collect(&mut answer).await
    }

    /// The rows of an answer as texts, the first `columns` of each; nulls are empty.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn texts(
        &self,
        tenant: Tenant,
        request: Request,
        range: TimeRange,
        columns: usize,
    ) -> Result<Vec<Vec<String>>, QueryError> {
        let mut rows = Vec::new();
        for batch in self.ask(tenant, request, range).await? {
            let cells: Vec<_> =
                batch.columns().iter().take(columns).filter_map(|column| cast(column, &DataType::Utf8).ok()).collect();
            let cells: Vec<&StringArray> = cells.iter().filter_map(|column| column.as_any().downcast_ref()).collect();
            let text = |column: &StringArray, row| if column.is_null(row) { "" } else { column.value(row) }.to_owned();
            rows.extend((0..batch.num_rows()).map(|row| cells.iter().map(|column| text(column, row)).collect()));
        }
        Ok(rows)
    }

    /// The spans of an answer.
    ///
    /// # Errors
    /// When the query fails, or answers something else.
    pub async fn spans(&self, tenant: Tenant, request: Request, range: TimeRange) -> Result<Vec<Batch>, QueryError> {
        let batches = self.ask(tenant.clone(), request, range).await?;
        let batches = batches.into_iter().map(|records| Batch::new(tenant.clone(), Signal::Spans, records));
        batches.collect::<Result<_, _>>().map_err(|error| QueryError::execute(Kind::Internal, error.to_string()))
    }
}
