//! SQL over the signals.

use std::sync::Arc;

use gw_base::{Kind, TimeRange};
use gw_batch::{Answer, QueryError};

use crate::run::Run;

/// Answers a SQL text.
pub(crate) async fn sql(_: &str, _: TimeRange, _: Option<usize>, _: Arc<Run>) -> Result<Answer, QueryError> {
    Err(QueryError::execute(Kind::Internal, "sql is not wired yet"))
}
