//! Reads answers of queries for rooms that need all rows before they can render.

use arrow_array::RecordBatch;
use futures_util::TryStreamExt;
use gw_batch::{Answer, QueryError};

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
