//! The algebra to a tree of operators.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use gw_batch::QueryError;
use gw_plan::algebra::{AggregateOp, Node};
use gw_plan::promql::Matrix;

use crate::exec::{MatrixExec, Operator};
use crate::operators as op;
use crate::run::Run;

/// A plan and its number of steps.
type Child = (Arc<dyn ExecutionPlan>, usize);

/// The plan of a whole answer.
pub(crate) fn answer(matrix: Matrix, run: &Arc<Run>) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
    let steps = matrix.grid.count;
    let (child, _) = node(matrix.node, run)?;
    let finish = op::Finish { steps, ordered: matrix.ordered };
    Ok(MatrixExec::plan(finish, vec![(child, steps)], run))
}

/// The plan of a node. Recursion is bounded by the parser's bound on nesting.
fn node(node: Node, run: &Arc<Run>) -> Result<Child, QueryError> {
    let leaf = |plan: Arc<dyn ExecutionPlan>, steps: usize| Ok((plan, steps));
    match node {
        Node::Constant(grid, value) => leaf(MatrixExec::plan(op::Constant { grid, value }, vec![], run), grid.count),
        Node::Time(grid) => leaf(MatrixExec::plan(op::Time { grid }, vec![], run), grid.count),
        Node::Select(select) => {
            let steps = select.grid.count;
            leaf(MatrixExec::plan(op::Select(select), vec![], run), steps)
        }
        Node::Window(mut window) => {
            let params = nodes(std::mem::take(&mut window.call.params), run)?;
            let steps = window.grid.count;
            leaf(MatrixExec::plan(op::Window(*window), params, run), steps)
        }
        Node::Subquery(subquery) => {
            let mut call = subquery.call;
            let mut children = vec![self::node(*subquery.input, run)?];
            children.extend(nodes(std::mem::take(&mut call.params), run)?);
            let (grid, inner) = (subquery.grid, subquery.inner);
            let operator = op::Subquery {
                grid,
                inner,
                shift: subquery.shift,
                range: subquery.range,
                closed: subquery.closed,
                call,
            };
            leaf(MatrixExec::plan(operator, children, run), grid.count)
        }
        Node::Repeat(input, steps) => {
            let input = self::node(*input, run)?;
            leaf(MatrixExec::plan(op::Repeat { steps }, vec![input], run), steps)
        }
        Node::Unnamed { input, strict } => over_one(*input, run, |steps| Ok(op::Unnamed { steps, strict })),
        Node::Lines(window) => {
            let steps = window.grid.count;
            leaf(MatrixExec::plan(crate::logs::LogWindowScan::new(*window)?, vec![], run), steps)
        }
        Node::Info(info) => {
            let input = self::node(info.input, run)?;
            let steps = input.1;
            let operator = op::Info { steps, names: info.info.matchers.clone(), data: info.data_matchers };
            let series = Node::Select(info.info.clone());
            let times = Node::Select(gw_plan::algebra::Select { take: gw_plan::algebra::Take::Time, ..info.info });
            let children = vec![input, self::node(series, run)?, self::node(times, run)?];
            leaf(MatrixExec::plan(operator, children, run), steps)
        }
        other => combining(other, run),
    }
}

/// The plan of a node that has children on its own grid.
fn combining(node: Node, run: &Arc<Run>) -> Result<Child, QueryError> {
    match node {
        Node::Map(map) => {
            let operator = op::Map { name: map.name, grid: map.grid, kernel: map.kernel, drops_name: map.drops_name };
            over(operator, map.input, map.params, run)
        }
        Node::Relabel(input, relabel) => over_one(*input, run, |steps| op::Relabel::new(relabel, steps)),
        Node::Sort(input, order) => over_one(*input, run, |steps| Ok(op::Sort { order, steps })),
        Node::Absent(input, labels) => over_one(*input, run, |steps| Ok(op::Absent { labels, steps })),
        Node::ScalarOf(input) => over_one(*input, run, |steps| Ok(op::ScalarOf { steps })),
        Node::Aggregate(aggregate) => {
            let (op, grouping, steps, positions) =
                (aggregate.op, aggregate.grouping, aggregate.grid.count, aggregate.positions);
            let params = aggregate.param.into_iter().collect();
            if is_streaming(&op) {
                over(op::Aggregate { op, grouping, steps, positions }, aggregate.input, params, run)
            } else {
                over(op::Choose { op, grouping, steps, positions }, aggregate.input, params, run)
            }
        }
        Node::Classic(classic) => {
            let operator = op::Classic {
                name: classic.name,
                kernel: classic.kernel,
                grid: classic.grid,
                output: classic.output,
                call: classic.call,
                quantiles: classic.quantiles,
                position: classic.position,
            };
            over(operator, classic.input, classic.params, run)
        }
        other => pairing(other, run),
    }
}

/// The plan of a node with two operands.
fn pairing(node: Node, run: &Arc<Run>) -> Result<Child, QueryError> {
    match node {
        Node::ScalarBinary(binary) => {
            let (op, scalar_left, return_bool, position) =
                (binary.op, binary.scalar_left, binary.return_bool, binary.position);
            let child = self::node(binary.vector, run)?;
            let steps = child.1;
            let operator = op::ScalarBinary { op, scalar_left, return_bool, steps, position };
            let children = vec![child, self::node(binary.scalar, run)?];
            Ok((MatrixExec::plan(operator, children, run), steps))
        }
        Node::Join(join) => {
            let operator = op::Join {
                op: join.op,
                matching: join.matching,
                return_bool: join.return_bool,
                loki: join.loki,
                early_filter: join.loki || run.rules.is_v2(),
                steps: join.grid.count,
                position: join.position,
            };
            over(operator, join.left, vec![join.right], run)
        }
        Node::Set(set) => {
            let operator = op::SetOperation { op: set.op, labels: set.labels, on: set.on, steps: set.grid.count };
            over(operator, set.left, vec![set.right], run)
        }
        leaf => self::node(leaf, run),
    }
}

/// An operator over nodes on one grid.
fn over(
    operator: impl Operator + 'static,
    input: Node,
    others: Vec<Node>,
    run: &Arc<Run>,
) -> Result<Child, QueryError> {
    let mut children = vec![node(input, run)?];
    children.extend(nodes(others, run)?);
    let steps = children[0].1;
    Ok((MatrixExec::plan(operator, children, run), steps))
}

/// An operator over one node, made once its number of steps is known.
fn over_one<O: Operator + 'static>(
    input: Node,
    run: &Arc<Run>,
    make: impl FnOnce(usize) -> Result<O, QueryError>,
) -> Result<Child, QueryError> {
    let child = node(input, run)?;
    let steps = child.1;
    Ok((MatrixExec::plan(make(steps)?, vec![child], run), steps))
}

fn nodes(list: Vec<Node>, run: &Arc<Run>) -> Result<Vec<Child>, QueryError> {
    list.into_iter().map(|one| node(one, run)).collect()
}

/// Whether a running result a group is enough.
const fn is_streaming(op: &AggregateOp) -> bool {
    matches!(
        op,
        AggregateOp::Sum
            | AggregateOp::Avg
            | AggregateOp::Count
            | AggregateOp::Min
            | AggregateOp::Max
            | AggregateOp::Group
            | AggregateOp::Stddev
            | AggregateOp::Stdvar
    )
}
