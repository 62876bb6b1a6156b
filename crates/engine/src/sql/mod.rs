//! SQL over the signals: tables `metrics`, `logs`, `spans`, `events`, and functions that read their encoded cells.

mod functions;
mod present;
mod table;

use std::sync::Arc;

use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures_util::StreamExt as _;
use gw_base::{Kind, Signal, TimeRange};
use gw_batch::{Answer, QueryError, Shape};

use crate::answers::blocking;
use crate::exec::query_error;
use crate::run::Run;

/// Answers a `SELECT`; statements that change anything are refused.
pub(crate) async fn sql(
    text: &str,
    range: TimeRange,
    limit: Option<usize>,
    run: Arc<Run>,
) -> Result<Answer, QueryError> {
    let context = session(range, &run)?;
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let refused = |error: datafusion::error::DataFusionError| QueryError::parse(error.strip_backtrace());
    let frame = context.sql_with_options(text, options).await.map_err(refused)?;
    let limit = limit.unwrap_or(run.limits.query_rows).min(run.limits.query_rows);
    let frame = frame.limit(0, Some(limit)).map_err(refused)?;
    let plan = frame.create_physical_plan().await.map_err(refused)?;
    let schema = present::schema(&plan.schema());
    let (tasks, shown, cost) = (context.task_ctx(), Arc::clone(&schema), Arc::clone(&run.cost));
    let checked = Arc::clone(&run);
    let make = move || {
        let batches = datafusion::physical_plan::execute_stream(plan, tasks).map_err(query_error)?;
        let present = move |result: datafusion::error::Result<_>| {
            checked.check()?;
            let batch = result.map_err(query_error)?;
            present::batch(&batch, &shown).map_err(|error| QueryError::execute(Kind::Internal, error.to_string()))
        };
        Ok(batches.map(present).boxed())
    };
    Ok(Answer { shape: Shape::Table, steps: None, schema, batches: blocking(make, run), cost })
}

/// A session of one query: its tables read for its tenant, within its range and its memory.
fn session(range: TimeRange, run: &Arc<Run>) -> Result<SessionContext, QueryError> {
    let internal = |error: datafusion::error::DataFusionError| QueryError::execute(Kind::Internal, error.to_string());
    let pool = Arc::new(GreedyMemoryPool::new(run.limits.query_bytes));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().map_err(internal)?;
    let config = SessionConfig::new().with_target_partitions(1).with_information_schema(true);
    let context = SessionContext::new_with_config_rt(config, runtime);
    for signal in Signal::ALL {
        let table = table::SignalTable::new(signal, range, Arc::clone(run));
        context.register_table(signal.as_str(), Arc::new(table)).map_err(internal)?;
    }
    context.register_udf(functions::attribute());
    context.register_udf(functions::label());
    Ok(context)
}
