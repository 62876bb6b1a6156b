//! Operators as DataFusion execution plans, so that one plan serves embedded and, later, distributed queries.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, Stream};
use gw_base::Kind;
use gw_batch::{Cost, PlanNode, QueryError};
use gw_plan::annotations::Position;

use crate::matrix::{self, Matrix};
use crate::operators::Spec;
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

    /// Where it stands in the query text.
    fn position(&self) -> Position {
        Position::default()
    }

    /// The result over the children's results.
    fn run(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream;

    /// What an operator that reads storage reads, where who comes next may read it in its place.
    fn leaf(&self) -> Option<Spec> {
        None
    }

    /// The result straight from storage, without rows in between; `None` where rows are needed. `inputs` are those of the
    /// leaf, `node` is the leaf's.
    fn fold(&self, _: &Spec, _: Vec<MatrixStream>, _: &Arc<Run>, _: &Arc<PlanNode>) -> Option<MatrixStream> {
        None
    }

    /// The same for an operator that reads storage, which counts the samples it reads in its node.
    fn read(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>, _: &Arc<PlanNode>) -> MatrixStream {
        self.run(inputs, run)
    }
}

/// An operator in its place in a plan.
#[derive(Debug)]
pub(crate) struct MatrixExec {
    operator: Arc<dyn Operator>,
    children: Vec<(Arc<dyn ExecutionPlan>, usize)>,
    properties: Arc<PlanProperties>,
    run: Arc<Run>,
    node: Arc<PlanNode>,
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
        let position = operator.position();
        let node = PlanNode {
            name: operator.name(),
            detail: operator.describe(),
            position: (position.line > 0).then_some((position.line, position.column)),
            children: children.iter().filter_map(|(child, _)| own(child)).map(|own| Arc::clone(&own.node)).collect(),
            ..PlanNode::default()
        };
        Arc::new(Self {
            operator: Arc::new(operator),
            children,
            properties: Arc::new(properties),
            run: Arc::clone(run),
            node: Arc::new(node),
        })
    }

    /// The blocks of rows, not brought into Arrow form.
    fn matrices(&self, partition: usize, context: &Arc<TaskContext>) -> DataFusionResult<MatrixStream> {
        let blocks = match self.folded(partition, context)? {
            Some(blocks) => blocks,
            None => self.operator.read(self.inputs(partition, context)?, &self.run, &self.node),
        };
        let output = Timed { blocks, run: Arc::clone(&self.run), node: Arc::clone(&self.node) };
        let run = Arc::clone(&self.run);
        Ok(output.map(move |result| result.and_then(|matrix| run.check().map(|()| matrix))).boxed())
    }

    fn inputs(&self, partition: usize, context: &Arc<TaskContext>) -> DataFusionResult<Vec<MatrixStream>> {
        self.children.iter().map(|(child, steps)| matrices(child, *steps, partition, context)).collect()
    }

    /// The result over an only child that reads storage, where the two can be one.
    fn folded(&self, partition: usize, context: &Arc<TaskContext>) -> DataFusionResult<Option<MatrixStream>> {
        let [(child, _)] = &self.children[..] else { return Ok(None) };
        let Some((child, spec)) = own(child).and_then(|child| Some((child, child.operator.leaf()?))) else {
            return Ok(None);
        };
        Ok(self.operator.fold(&spec, child.inputs(partition, context)?, &self.run, &child.node))
    }

    /// What the operator did so far.
    pub(crate) const fn node(&self) -> &Arc<PlanNode> {
        &self.node
    }
}

/// The operator of a plan, where it is one of ours.
pub(crate) fn own(plan: &Arc<dyn ExecutionPlan>) -> Option<&MatrixExec> {
    let plan: &dyn Any = plan.as_ref();
    plan.downcast_ref()
}

/// The blocks of rows of a plan: as they are from our own operators, decoded from others.
pub(crate) fn matrices(
    plan: &Arc<dyn ExecutionPlan>,
    steps: usize,
    partition: usize,
    context: &Arc<TaskContext>,
) -> DataFusionResult<MatrixStream> {
    match own(plan) {
        Some(exec) => exec.matrices(partition, context),
        None => Ok(decoded(plan.execute(partition, Arc::clone(context))?, steps)),
    }
}

/// Counts the series that an operator gives, and the time that it and its operands take.
struct Timed {
    blocks: MatrixStream,
    run: Arc<Run>,
    node: Arc<PlanNode>,
}

impl Stream for Timed {
    type Item = Result<Matrix, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let from = self.run.world.elapsed();
        let polled = self.blocks.poll_next_unpin(context);
        self.node.spent(self.run.world.elapsed().saturating_sub(from));
        if let Poll::Ready(Some(Ok(matrix))) = &polled {
            Cost::add(&self.node.series, matrix.rows());
        }
        polled
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
            node: Arc::clone(&self.node),
        }))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        let output = self
            .matrices(partition, &context)?
            .map(|result| result.map(Matrix::into_batch).map_err(|error| DataFusionError::External(Box::new(error))));
        Ok(Box::pin(RecordBatchStreamAdapter::new(matrix::schema(), output)))
    }
}

/// The matrices of a plan's batches.
fn decoded(batches: SendableRecordBatchStream, steps: usize) -> MatrixStream {
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
#[derive(Debug, Clone, Default)]
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

    /// Fails with what a function has to say against its operands.
    pub(crate) fn refused_by(&self, refuses: Option<gw_plan::window::Refuses>) -> Result<(), QueryError> {
        let Some(refuses) = refuses else { return Ok(()) };
        let mut buffer = Vec::new();
        let steps = self.0.first().map_or(0, Vec::len);
        match (0..steps).find_map(|step| refuses(self.at(step, &mut buffer))) {
            Some(why) => Err(QueryError::execute(Kind::Invalid, why)),
            None => Ok(()),
        }
    }

    /// The first operand.
    pub(crate) fn first(&self) -> &[f64] {
        self.0.first().map_or(&[], Vec::as_slice)
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
}
