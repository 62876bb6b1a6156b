//! Leaves: stored series as step matrices, by look-back or by a function over windows.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use gw_base::{Labels, Matcher, Signal, TimeRange, Timestamp};
use gw_batch::{Cost, PlanNode, QueryError};
use gw_plan::algebra;
use gw_plan::annotations::{Notes, Position};
use gw_plan::dedup::Meaning;
use gw_plan::seconds;
use gw_store::{Rollups, Selection, Series};

use super::leaf::{Leaf, Spec};
use super::names::in_order;
use super::replicas::merged;
use crate::exec::{MatrixStream, Operator};
use crate::matrix::Matrix;
use crate::run::{Run, read_failed};

/// Cells of one block: enough to pay for the block, few enough to stop soon and to stay in cache.
const BLOCK_CELLS: usize = 1 << 16;

/// Blocks of rows made of series, a few at a time.
fn blocks(spec: Spec, inputs: Vec<MatrixStream>, run: &Arc<Run>, node: &Arc<PlanNode>) -> MatrixStream {
    let steps = spec.steps();
    let rows = (BLOCK_CELLS / steps.max(1)).clamp(1, 1024);
    let (run, node) = (Arc::clone(run), Arc::clone(node));
    let opened = async move { Leaf::open(spec, inputs, &run, &node).await };
    stream::once(opened)
        .flat_map(move |leaf| {
            stream::unfold(Some(leaf), move |leaf| async move {
                let mut leaf = match leaf? {
                    Ok(leaf) => leaf,
                    Err(error) => return Some((Err(error), None)),
                };
                match block(&mut leaf, steps, rows).await {
                    Ok(None) => None,
                    Ok(Some(block)) => Some((Ok(block), Some(Ok(leaf)))),
                    Err(error) => Some((Err(error), None)),
                }
            })
        })
        .boxed()
}

/// The next rows; none behind the last.
async fn block(leaf: &mut Leaf, steps: usize, rows: usize) -> Result<Option<Matrix>, QueryError> {
    let mut matrix = Matrix::new(steps);
    while matrix.rows() < rows {
        if !leaf.next().await? {
            return Ok((matrix.rows() > 0).then_some(matrix));
        }
        let row = matrix.push(leaf.owned_labels(), leaf.drops_name());
        leaf.fill(&mut matrix, row);
        matrix.pop_if_empty();
    }
    Ok(Some(matrix))
}

/// Matchers as a selector.
pub(crate) fn described(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", texts.join(", "))
}

/// The latest sample of each series within the look-back.
#[derive(Debug)]
pub(crate) struct Select(pub(crate) algebra::Select);

impl Operator for Select {
    fn name(&self) -> &'static str {
        "SeriesScan"
    }

    fn describe(&self) -> String {
        described(&self.0.matchers)
    }

    fn position(&self) -> Position {
        self.0.position
    }

    fn leaf(&self) -> Option<Spec> {
        (!self.0.smoothed).then(|| Spec::Select(self.0.clone()))
    }

    fn run(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        self.read(inputs, run, &Arc::default())
    }

    fn read(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>, node: &Arc<PlanNode>) -> MatrixStream {
        blocks(Spec::Select(self.0.clone()), inputs, run, node)
    }
}

/// A function over windows of stored series.
#[derive(Debug)]
pub(crate) struct Window(pub(crate) algebra::Window);

impl Operator for Window {
    fn name(&self) -> &'static str {
        "Window"
    }

    fn describe(&self) -> String {
        format!("{} over {}[{}s]", self.0.call.name, described(&self.0.matchers), seconds(self.0.range))
    }

    fn position(&self) -> Position {
        self.0.call.position
    }

    fn leaf(&self) -> Option<Spec> {
        (self.0.boundary == algebra::Boundary::Inside).then(|| Spec::Window(self.0.clone()))
    }

    fn run(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        self.read(inputs, run, &Arc::default())
    }

    fn read(&self, inputs: Vec<MatrixStream>, run: &Arc<Run>, node: &Arc<PlanNode>) -> MatrixStream {
        blocks(Spec::Window(self.0.clone()), inputs, run, node)
    }
}

/// Says that a metric with a rate does not have the name of a counter; or not the type, where series say theirs.
pub(super) fn note_doubtful_counter(
    call: &algebra::WindowCall,
    (matrix, row): (&Matrix, usize),
    notes: &Notes<'_>,
    (metric, kind): (&str, Option<&str>),
) {
    if !matches!(call.name, "rate" | "increase") || metric.is_empty() {
        return;
    }
    if let Some(kind) = kind {
        if !matches!(kind, "counter" | "histogram") && matrix.floats(row).1.contains(&true) {
            notes.not_typed_as_counter(kind);
        }
        return;
    }
    let named = ["_total", "_sum", "_count", "_bucket"].iter().any(|end| metric.ends_with(end));
    if !named && matrix.floats(row).1.contains(&true) {
        notes.maybe_not_a_counter();
    }
}

/// The series of replicas as one each.
fn without_replicas(series: Vec<Series>, replica_labels: &[String]) -> Vec<Series> {
    let mut sets: BTreeMap<Labels, Vec<Series>> = BTreeMap::new();
    for series in series {
        let labels = series.labels.without(|name| replica_labels.iter().any(|label| label == name));
        sets.entry(labels).or_default().push(series);
    }
    let one = |(labels, replicas)| Series { labels, ..merged(replicas, Meaning::Gauge) };
    sets.into_iter().map(one).collect()
}

/// The stored series of a range selector that is the whole query, in label order.
pub(crate) async fn raw_samples(run: &Run, raw: &algebra::Raw) -> Result<Vec<Series>, QueryError> {
    let end = raw.shift.apply(raw.at);
    let start = end.saturating_sub(raw.range).saturating_add(1);
    let range = TimeRange::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
    let selection = Selection::new(run.tenant.clone(), Signal::Metrics, range)
        .matching(raw.matchers.clone())
        .with_rollups(if run.reading.rollups { Rollups::Lasts } else { Rollups::Refused })
        .at_most(run.limits.query_samples);
    let mut series = run.store.series(&selection).await.map_err(read_failed)?;
    if !run.reading.replica_labels.is_empty() {
        series = without_replicas(series, &run.reading.replica_labels);
    }
    let samples: usize = series.iter().map(|series| series.times.len() + series.histogram_times.len()).sum();
    Cost::add(&run.cost.series, series.len());
    Cost::add(&run.cost.rows, samples);
    Cost::add(&run.cost.bytes, samples * 16);
    Ok(in_order(series, |series| &series.labels))
}
