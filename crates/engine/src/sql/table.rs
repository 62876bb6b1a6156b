//! A signal as a table.

use std::pin::Pin;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gw_base::{Signal, TimeRange, Timestamp};
use gw_batch::{Cost, Direction, QueryError};
use gw_store::Selection;

use crate::run::{Run, read_failed};

/// The column that filters push down on.
const TIME: &str = "time";

/// The rows of one signal within a query's range.
#[derive(Debug)]
pub(super) struct SignalTable {
    signal: Signal,
    range: TimeRange,
    schema: SchemaRef,
    run: Arc<Run>,
}

impl SignalTable {
    pub(super) fn new(signal: Signal, range: TimeRange, run: Arc<Run>) -> Self {
        Self { signal, range, schema: gw_batch::schema(signal), run }
    }
}

type Planned<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>>> + Send + 'a>>;

impl TableProvider for SignalTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    // The trait is written for the `async_trait` macro; this is the form that the macro makes.
    fn scan<'this, 'state, 'projection, 'filters, 'plan>(
        &'this self,
        _: &'state dyn Session,
        projection: Option<&'projection Vec<usize>>,
        filters: &'filters [Expr],
        limit: Option<usize>,
    ) -> Planned<'plan>
    where
        Self: 'plan,
        'this: 'plan,
        'state: 'plan,
        'projection: 'plan,
        'filters: 'plan,
    {
        let range = filters.iter().fold(self.range, narrowed);
        let rows = Rows { signal: self.signal, range, schema: Arc::clone(&self.schema), run: Arc::clone(&self.run) };
        let plan = StreamingTableExec::try_new(
            Arc::clone(&self.schema),
            vec![Arc::new(rows)],
            projection,
            Vec::new(),
            false,
            limit,
        );
        Box::pin(async move { Ok(Arc::new(plan?) as Arc<dyn ExecutionPlan>) })
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // The time range is cut exactly, but other conditions in the same expression are not looked at.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// The part of a range in which a condition can hold.
fn narrowed(range: TimeRange, filter: &Expr) -> TimeRange {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => narrowed(narrowed(range, left), right),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (bound(left), bound(right)) {
            (Side::Time, Side::At(at)) => cut(range, *op, at),
            (Side::At(at), Side::Time) => op.swap().map_or(range, |op| cut(range, op, at)),
            _ => range,
        },
        Expr::Between(Between { expr, negated: false, low, high }) => match (bound(expr), bound(low), bound(high)) {
            (Side::Time, Side::At(low), Side::At(high)) => cut(cut(range, Operator::GtEq, low), Operator::LtEq, high),
            _ => range,
        },
        _ => range,
    }
}

enum Side {
    Time,
    At(i64),
    Other,
}

fn bound(expr: &Expr) -> Side {
    match expr {
        Expr::Column(column) if column.name == TIME => Side::Time,
        Expr::Cast(cast) => bound(&cast.expr),
        Expr::Literal(value, _) => match value {
            ScalarValue::TimestampNanosecond(Some(at), _) => Side::At(*at),
            ScalarValue::TimestampMicrosecond(Some(at), _) => Side::At(at.saturating_mul(1_000)),
            ScalarValue::TimestampMillisecond(Some(at), _) => Side::At(at.saturating_mul(1_000_000)),
            ScalarValue::TimestampSecond(Some(at), _) => Side::At(at.saturating_mul(1_000_000_000)),
            _ => Side::Other,
        },
        _ => Side::Other,
    }
}

fn cut(range: TimeRange, op: Operator, at: i64) -> TimeRange {
    let point = Timestamp::from_nanos(at);
    let (mut start, mut end) = (range.start, range.end);
    match op {
        Operator::Eq => {
            start = start.max(point);
            end = end.min(point);
        }
        Operator::Gt => start = start.max(point.offset(1)),
        Operator::GtEq => start = start.max(point),
        Operator::Lt => end = end.min(point.offset(-1)),
        Operator::LtEq => end = end.min(point),
        _ => {}
    }
    TimeRange::new(start, end)
}

/// The rows of a table, read when the plan runs.
#[derive(Debug)]
struct Rows {
    signal: Signal,
    range: TimeRange,
    schema: SchemaRef,
    run: Arc<Run>,
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let run = Arc::clone(&self.run);
        let selection = Selection::new(run.tenant.clone(), self.signal, self.range).at_most(run.limits.query_samples);
        let failed = |error: QueryError| DataFusionError::External(Box::new(error));
        let rows = async move {
            let stored = run.store.scan(selection, Direction::Backward).await.map_err(|e| failed(read_failed(e)))?;
            Ok::<_, DataFusionError>(stored.map(move |records| {
                run.check().map_err(failed)?;
                let records = records.map_err(|error| failed(read_failed(error)))?;
                Cost::add(&run.cost.rows, records.num_rows());
                Cost::add(&run.cost.bytes, records.get_array_memory_size());
                Ok(records)
            }))
        };
        let batches = stream::once(rows).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}
