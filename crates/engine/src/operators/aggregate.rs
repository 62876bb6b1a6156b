//! Aggregations that need no more than a running result a group and step: blocks are added as they come, no series of
//! the input is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use gw_base::{Kind, Labels};
use gw_batch::{Cost, PlanNode, QueryError};
use gw_plan::algebra::{AggregateOp, AggregatePositions, Grouping};
use gw_plan::annotations::{Notes, Position};
use gw_plan::histogram::Sum;
use gw_plan::numeric::{Compensated, Mean};
use gw_plan::window::Value;

use super::fold::{Count, Deviation, Fold, Greatest, Least, One, Variance};
use super::leaf::{Leaf, Spec};
use super::names::Keys;
use crate::exec::{MatrixStream, Operator, once};
use crate::matrix::{Cell, Matrix};
use crate::run::Run;

/// `sum`, `avg`, `count`, `min`, `max`, `group`, `stddev`, `stdvar`.
#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) op: AggregateOp,
    pub(crate) grouping: Grouping,
    pub(crate) steps: usize,
    pub(crate) positions: AggregatePositions,
}

/// What happens to histograms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Histograms {
    Combined,
    Counted,
    Ignored(&'static str),
}

impl Operator for Aggregate {
    fn name(&self) -> &'static str {
        "Aggregate"
    }

    fn describe(&self) -> String {
        let clause = if self.grouping.without { "without" } else { "by" };
        format!("{:?} {clause} ({})", self.op, self.grouping.labels.join(", "))
    }

    fn position(&self) -> Position {
        self.positions.whole
    }

    fn run(&self, mut inputs: Vec<MatrixStream>, run: &Arc<Run>) -> MatrixStream {
        self.over(Input::Blocks(inputs.remove(0)), Arc::clone(run))
    }

    fn fold(
        &self,
        spec: &Spec,
        inputs: Vec<MatrixStream>,
        run: &Arc<Run>,
        node: &Arc<PlanNode>,
    ) -> Option<MatrixStream> {
        let leaf = Input::Leaf(Box::new(spec.clone()), inputs, Arc::clone(node));
        Some(self.over(leaf, Arc::clone(run)))
    }
}

/// Where the series come from.
enum Input {
    /// Another operator.
    Blocks(MatrixStream),
    /// Storage: what is read, its scalar arguments, and the node whose work this is.
    Leaf(Box<Spec>, Vec<MatrixStream>, Arc<PlanNode>),
}

impl Aggregate {
    fn over(&self, input: Input, run: Arc<Run>) -> MatrixStream {
        match self.op {
            AggregateOp::Sum => aggregated::<Compensated>(input, Groups::new(self, Histograms::Combined), run),
            AggregateOp::Avg => aggregated::<Mean>(input, Groups::new(self, Histograms::Combined), run),
            AggregateOp::Count => aggregated::<Count>(input, Groups::new(self, Histograms::Counted), run),
            AggregateOp::Group => aggregated::<One>(input, Groups::new(self, Histograms::Counted), run),
            AggregateOp::Min => aggregated::<Least>(input, Groups::new(self, Histograms::Ignored("min")), run),
            AggregateOp::Stddev => {
                aggregated::<Deviation>(input, Groups::new(self, Histograms::Ignored("stddev")), run)
            }
            AggregateOp::Stdvar => aggregated::<Variance>(input, Groups::new(self, Histograms::Ignored("stdvar")), run),
            _ => aggregated::<Greatest>(input, Groups::new(self, Histograms::Ignored("max")), run),
        }
    }
}

/// The groups so far.
struct Groups<F> {
    keys: Keys,
    dropped: Vec<bool>,
    cells: Vec<F>,
    seen: Vec<bool>,
    sums: BTreeMap<usize, Sum>,
    grouping: Grouping,
    steps: usize,
    mean: bool,
    histograms: Histograms,
    positions: AggregatePositions,
}

impl<F: Fold> Groups<F> {
    fn new(aggregate: &Aggregate, histograms: Histograms) -> Self {
        Self {
            keys: Keys::default(),
            dropped: Vec::new(),
            cells: Vec::new(),
            seen: Vec::new(),
            sums: BTreeMap::new(),
            grouping: aggregate.grouping.clone(),
            steps: aggregate.steps,
            mean: aggregate.op == AggregateOp::Avg,
            histograms,
            positions: aggregate.positions,
        }
    }

    fn add(&mut self, block: &Matrix, run: &Run) -> Result<(), QueryError> {
        for row in 0..block.rows() {
            self.add_row(block, row, block.labels[row].as_bytes(), run)?;
        }
        Ok(())
    }

    /// Adds a row of a series with these canonical label bytes.
    fn add_row(&mut self, block: &Matrix, row: usize, labels: &[u8], run: &Run) -> Result<(), QueryError> {
        let group = self.keys.number_of(labels, &self.grouping.labels, !self.grouping.without);
        self.room(group, labels.len(), run)?;
        self.dropped[group] |= block.dropped[row];
        let from = group * self.steps;
        let (values, present) = block.floats(row);
        let cells = self.cells[from..from + self.steps].iter_mut().zip(values);
        let seen = self.seen[from..from + self.steps].iter_mut().zip(present);
        if present.iter().all(|present| *present) {
            // Nearly every row; a loop without conditions adds several cells at once.
            cells.for_each(|(cell, value)| cell.add(*value));
        } else {
            cells.zip(present).filter(|(_, present)| **present).for_each(|((cell, value), _)| cell.add(*value));
        }
        seen.for_each(|(seen, present)| *seen |= present);
        if block.has_histograms() {
            self.add_histograms(block, row, (from, labels), run);
        }
        Ok(())
    }

    /// The same aggregation before the first series.
    fn none_yet(&self) -> Self {
        Self {
            keys: Keys::default(),
            dropped: Vec::new(),
            cells: Vec::new(),
            seen: Vec::new(),
            sums: BTreeMap::new(),
            grouping: self.grouping.clone(),
            ..*self
        }
    }

    /// Makes room for a group that is new.
    fn room(&mut self, group: usize, label_bytes: usize, run: &Run) -> Result<(), QueryError> {
        if group == self.dropped.len() {
            run.hold(self.steps * (size_of::<F>() + 1) + label_bytes)?;
            self.dropped.push(false);
            self.cells.resize((group + 1) * self.steps, F::default());
            self.seen.resize((group + 1) * self.steps, false);
        }
        Ok(())
    }

    /// Adds the groups of series behind those that were added here; series with histograms are not read in pieces.
    fn merge(&mut self, other: Self, run: &Run) -> Result<(), QueryError> {
        let cells = other.cells.chunks(self.steps.max(1)).zip(other.seen.chunks(self.steps.max(1)));
        for ((labels, dropped), (cells, seen)) in other.keys.labels.into_iter().zip(other.dropped).zip(cells) {
            let bytes = labels.as_bytes().len();
            let group = self.keys.of(labels);
            self.room(group, bytes, run)?;
            self.dropped[group] |= dropped;
            let from = group * self.steps;
            for (step, cell) in cells.iter().enumerate().filter(|(step, _)| seen[*step]) {
                self.cells[from + step].merge(cell);
                self.seen[from + step] = true;
            }
        }
        Ok(())
    }

    fn add_histograms(&mut self, block: &Matrix, row: usize, (from, labels): (usize, &[u8]), run: &Run) {
        for step in 0..self.steps {
            let Cell::Histogram(histogram) = block.cell(row, step) else { continue };
            match self.histograms {
                Histograms::Combined => {
                    let mean = self.mean;
                    let empty = || if mean { Sum::for_mean() } else { Sum::default() };
                    if self.sums.entry(from + step).or_insert_with(empty).add(histogram).is_err() {
                        let metric = super::names::metric_of(labels);
                        Notes::new(&run.cost, self.positions.input).about(metric).mixed_schemas();
                    }
                }
                Histograms::Counted => {
                    self.cells[from + step].add(0.0);
                    self.seen[from + step] = true;
                }
                Histograms::Ignored(operation) => {
                    Notes::new(&run.cost, self.positions.input).histogram_ignored_in_aggregation(operation);
                }
            }
        }
    }

    fn finish(mut self, run: &Run) -> Matrix {
        let notes = Notes::new(&run.cost, self.positions.input);
        let mut out = Matrix::new(self.steps);
        for (group, labels) in std::mem::take(&mut self.keys.labels).into_iter().enumerate() {
            let row = out.push(labels, self.dropped[group]);
            for step in 0..self.steps {
                let at = group * self.steps + step;
                match (self.seen[at], self.sums.remove(&at)) {
                    (false, None) => {}
                    (true, None) => out.set_float(row, step, self.cells[at].result()),
                    (true, Some(_)) => notes.mixed_kinds_in_aggregation(),
                    (false, Some(sum)) => {
                        // What does not fit together was said when it came.
                        let Ok((value, remarks)) = (if self.mean { sum.mean() } else { sum.total() }) else { continue };
                        if remarks.reconciled {
                            notes.reconciled_buckets("aggregation");
                        }
                        if remarks.reset_collision {
                            notes.counter_reset_collision("aggregation");
                        }
                        out.set(row, step, Value::Histogram(Arc::new(gw_plan::histogram::compacted(&value))));
                    }
                }
            }
            out.pop_if_empty();
        }
        out
    }
}

fn aggregated<F: Fold>(input: Input, mut groups: Groups<F>, run: Arc<Run>) -> MatrixStream {
    once(async move {
        match input {
            Input::Blocks(mut blocks) => {
                while let Some(block) = blocks.next().await {
                    groups.add(&block?, &run)?;
                }
            }
            Input::Leaf(spec, inputs, node) => {
                let from = run.world.elapsed();
                let leaf = Leaf::open(*spec, inputs, &run, &node).await?;
                groups = read(leaf, groups, &run, &node).await?;
                node.spent(run.world.elapsed().saturating_sub(from));
            }
        }
        Ok(groups.finish(&run))
    })
}

/// Adds all series of a leaf: a large one in pieces, each on a thread of its own.
async fn read<F: Fold>(
    leaf: Leaf,
    mut groups: Groups<F>,
    run: &Arc<Run>,
    node: &Arc<PlanNode>,
) -> Result<Groups<F>, QueryError> {
    let mut pieces = leaf.pieces().into_iter();
    let first = pieces.next();
    let others: Vec<_> = pieces
        .map(|piece| {
            let (groups, run, node) = (groups.none_yet(), Arc::clone(run), Arc::clone(node));
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || runtime.block_on(read_piece(piece, groups, &run, &node)))
        })
        .collect();
    let mut failed = None;
    if let Some(first) = first {
        match read_piece(first, groups.none_yet(), run, node).await {
            Ok(read) => groups = read,
            Err(error) => failed = Some(error),
        }
    }
    for other in others {
        if failed.is_some() {
            // Nobody waits for the others; but they are not left behind.
            run.stop();
        }
        let ended =
            other.await.map_err(|error| QueryError::execute(Kind::Internal, format!("the query broke off: {error}")));
        match ended.and_then(|read| read) {
            Ok(read) if failed.is_none() => groups.merge(read, run)?,
            Ok(_) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(groups), Err)
}

async fn read_piece<F: Fold>(
    mut leaf: Leaf,
    mut groups: Groups<F>,
    run: &Run,
    node: &PlanNode,
) -> Result<Groups<F>, QueryError> {
    let mut row = Matrix::new(groups.steps);
    row.push(Labels::empty(), leaf.drops_name());
    let mut series = 0;
    while leaf.next().await? {
        row.clear_cells();
        leaf.fill(&mut row, 0);
        if !row.is_empty_row(0) {
            groups.add_row(&row, 0, leaf.labels(), run)?;
            series += 1;
        }
    }
    Cost::add(&node.series, series);
    Ok(groups)
}
