//! Answers as streams: work runs on the blocking pool and hands batches over a bounded channel.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use futures_util::stream::{BoxStream, Stream};
use futures_util::{StreamExt as _, stream};
use gw_base::Timestamp;
use gw_batch::{Answer, QueryError, SamplesBuilder, Shape, Steps};
use gw_plan::algebra::Raw;
use tokio::sync::mpsc;

use crate::exec::{matrices, own, query_error};
use crate::operators::{Track, raw_samples};
use crate::run::Run;

/// Batches that wait for a slow reader.
const WAITING_BATCHES: usize = 2;

type Batches = BoxStream<'static, Result<RecordBatch, QueryError>>;

/// Runs a stream on the blocking pool. What `make` starts must not block for long inside one poll.
pub(crate) fn blocking(make: impl FnOnce() -> Result<Batches, QueryError> + Send + 'static, run: Arc<Run>) -> Batches {
    let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
    let handle = tokio::runtime::Handle::current();
    let stopped = Arc::clone(&run);
    // The task ends by itself once the receiver is gone, so its handle is not kept.
    drop(tokio::task::spawn_blocking(move || {
        handle.block_on(async move {
            let mut batches = match make() {
                Ok(batches) => batches,
                Err(error) => stream::once(async move { Err(error) }).boxed(),
            };
            while let Some(result) = batches.next().await {
                let failed = result.is_err();
                if sender.send(result).await.is_err() || failed {
                    break;
                }
            }
        });
    }));
    Guarded { batches: stream::unfold(receiver, received).boxed(), run: stopped }.boxed()
}

async fn received(
    mut receiver: mpsc::Receiver<Result<RecordBatch, QueryError>>,
) -> Option<(Result<RecordBatch, QueryError>, mpsc::Receiver<Result<RecordBatch, QueryError>>)> {
    receiver.recv().await.map(|result| (result, receiver))
}

/// The same stream, whose end or drop ends the query.
pub(crate) fn guarded(batches: Batches, run: Arc<Run>) -> Batches {
    Guarded { batches, run }.boxed()
}

/// Tells the operators to stop when the reader goes away.
struct Guarded {
    batches: Batches,
    run: Arc<Run>,
}

impl Stream for Guarded {
    type Item = Result<RecordBatch, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(context)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.run.stop();
    }
}

/// An answer that is there already.
pub(crate) fn ready(shape: Shape, batch: RecordBatch, run: &Run) -> Answer {
    let schema = batch.schema();
    let batches = stream::once(async move { Ok(batch) }).boxed();
    Answer { shape, steps: None, schema, batches, cost: Arc::clone(&run.cost) }
}

/// The answer of a plan of step matrices.
pub(crate) fn matrix(
    plan: Arc<dyn ExecutionPlan>,
    steps: Steps,
    scalar: bool,
    (context, run): (Arc<TaskContext>, Arc<Run>),
) -> Result<Answer, QueryError> {
    let (cost, count) = (Arc::clone(&run.cost), steps.count);
    if let Some(root) = own(&plan) {
        cost.set_plan(Arc::clone(root.node()));
    }
    let make = move || {
        let blocks = matrices(&plan, count, 0, &context).map_err(query_error)?;
        Ok(blocks.map(|result| result.map(crate::matrix::Matrix::into_answer)).boxed())
    };
    let shape = if scalar { Shape::Scalar } else { Shape::Matrix };
    let batches = blocking(make, run);
    Ok(Answer { shape, steps: Some(steps), schema: gw_batch::matrix::matrix_schema(), batches, cost })
}

/// The raw samples of a range selector.
pub(crate) async fn samples(raw: Raw, run: Arc<Run>) -> Result<Answer, QueryError> {
    let mut builder = SamplesBuilder::default();
    // One after the other, so that no more than one series is there twice.
    for series in raw_samples(&run, &raw).await? {
        let (labels, track) = (&series.labels, Track::of(&series));
        if track.times.is_empty() && track.histograms.is_empty() {
            continue;
        }
        let encoded: Vec<Vec<u8>> = track.histograms.iter().map(|histogram| histogram.encode()).collect();
        let floats = track.times.iter().zip(&track.values).map(|(time, value)| (*time, Some(*value), None));
        let histograms = track.histogram_times.iter().zip(&encoded);
        let histograms = histograms.map(|(time, value)| (*time, None, Some(value.as_slice())));
        let mut all: Vec<_> = floats.chain(histograms).collect();
        all.sort_by_key(|(time, _, _)| *time);
        builder.push(labels.as_bytes(), all);
    }
    let mut answer = ready(Shape::Samples, builder.finish(), &run);
    let at = Timestamp::from_nanos(raw.at);
    answer.steps = Some(Steps { start: at, step: Duration::ZERO, count: 1 });
    Ok(answer)
}

/// A text.
pub(crate) fn text(text: String, run: &Run) -> Result<Answer, QueryError> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, false)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(StringArray::from(vec![text]))])
        .expect("one text is one row of one column");
    Ok(ready(Shape::Text, batch, run))
}
