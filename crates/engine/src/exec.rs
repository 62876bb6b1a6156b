//! Operators as DataFusion execution plans, so that one plan serves embedded and, later, distributed queries.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use gw_base::Kind;
use gw_batch::QueryError;

use crate::matrix::{self, Matrix};
use crate::run::Run;

/// Blocks of rows on their way.
pub(crate) type MatrixStream = BoxStream<'static, Result<Matrix, QueryError>>;

/// One operation on step matrices.
pub(crate) trait Operator: fmt::Debug + Send + Sync {
    /// The operator's name in explanations.
    fn name(&self) -> &'static str;

    /// What it does, for explanations.
    fn describe(&self) -> String {
        String::new()
    }

    /// The result over the children's results.
    fn run(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream;
}

/// An operator in its place in a plan.
#[derive(Debug)]
pub(crate) struct MatrixExec {
    operator: Arc<dyn Operator>,
    children: Vec<(Arc<dyn ExecutionPlan>, usize)>,
    properties: Arc<PlanProperties>,
    run: Arc<Run>,
}

impl MatrixExec {
    /// An operator over children, each with its number of steps.
    pub(crate) fn plan(
        operator: impl Operator + 'static,
        children: Vec<(Arc<dyn ExecutionPlan>, usize)>,
        run: &Arc<Run>,
    ) -> Arc<dyn ExecutionPlan> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(matrix::schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Arc::new(Self {
            operator: Arc::new(operator),
            children,
            properties: Arc::new(properties),
            run: Arc::clone(run),
        })
    }
}

impl DisplayAs for MatrixExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.operator.describe();
        f.write_str(self.operator.name())?;
        if text.is_empty() { Ok(()) } else { write!(f, ": {text}") }
    }
}

impl ExecutionPlan for MatrixExec {
    fn name(&self) -> &str {
        self.operator.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.children.iter().map(|(child, _)| child).collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let steps = self.children.iter().map(|(_, steps)| *steps);
        Ok(Arc::new(Self {
            operator: Arc::clone(&self.operator),
            children: children.into_iter().zip(steps).collect(),
            properties: Arc::clone(&self.properties),
            run: Arc::clone(&self.run),
        }))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        let mut inputs = Vec::with_capacity(self.children.len());
        for (child, steps) in &self.children {
            inputs.push(decoded(child.execute(partition, Arc::clone(&context))?, *steps));
        }
        let run = Arc::clone(&self.run);
        let output = self.operator.run(inputs, &self.run).map(move |result| {
            let matrix = result.and_then(|matrix| run.check().map(|()| matrix));
            matrix.map(Matrix::into_batch).map_err(|error| DataFusionError::External(Box::new(error)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(matrix::schema(), output)))
    }
}

/// The matrices of a plan's batches.
pub(crate) fn decoded(batches: SendableRecordBatchStream, steps: usize) -> MatrixStream {
    let decode = move |result: DataFusionResult<_>| {
        let batch = result.map_err(query_error)?;
        Matrix::from_batch(&batch, steps)
            .ok_or_else(|| QueryError::execute(Kind::Internal, "an operator made a malformed step matrix"))
    };
    batches.map(decode).boxed()
}

/// The query error inside an error of DataFusion, or that error as one.
pub(crate) fn query_error(error: DataFusionError) -> QueryError {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<QueryError>() {
            Ok(error) => *error,
            Err(other) => QueryError::execute(Kind::Internal, other.to_string()),
        },
        DataFusionError::Context(_, inner) => query_error(*inner),
        DataFusionError::ResourcesExhausted(text) => QueryError::execute(Kind::TooMuch, text),
        other => QueryError::execute(Kind::Invalid, other.to_string()),
    }
}

/// All rows of a stream as one matrix.
pub(crate) async fn collected(mut stream: MatrixStream, steps: usize, run: &Run) -> Result<Matrix, QueryError> {
    let mut whole = Matrix::new(steps);
    while let Some(block) = stream.next().await {
        let block = block?;
        run.hold(block.bytes())?;
        whole.append(block);
    }
    whole.steps = steps;
    Ok(whole)
}

/// A stream of the one matrix that a future makes.
pub(crate) fn once(make: impl Future<Output = Result<Matrix, QueryError>> + Send + 'static) -> MatrixStream {
    futures_util::stream::once(make).boxed()
}

/// Scalar operands, one list of values a step for each.
#[derive(Debug, Default)]
pub(crate) struct Scalars(Vec<Vec<f64>>);

impl Scalars {
    pub(crate) async fn read(streams: Vec<MatrixStream>, steps: usize, run: &Run) -> Result<Self, QueryError> {
        let mut columns = Vec::with_capacity(streams.len());
        for stream in streams {
            let mut matrix = collected(stream, steps, run).await?;
            matrix.values.resize(steps, f64::NAN);
            columns.push(matrix.values);
        }
        Ok(Self(columns))
    }

    /// One operand that is the same at every step.
    pub(crate) fn constant(value: f64, steps: usize) -> Self {
        Self(vec![vec![value; steps]])
    }

    /// The values at a step, in `buffer`.
    pub(crate) fn at<'b>(&self, step: usize, buffer: &'b mut Vec<f64>) -> &'b [f64] {
        buffer.clear();
        buffer.extend(self.0.iter().map(|column| column[step]));
        buffer
    }

    /// The first operand.
    pub(crate) fn first(&self) -> &[f64] {
        self.0.first().map_or(&[], Vec::as_slice)
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
}
