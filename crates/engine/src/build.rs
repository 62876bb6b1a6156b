//! The algebra to a tree of operators.

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use gw_batch::QueryError;
use gw_plan::algebra::{AggregateOp, Node};
use gw_plan::promql::Matrix;

use crate::exec::MatrixExec;
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
            let operator = op::Subquery { grid, inner, shift: subquery.shift, range: subquery.range, call };
            leaf(MatrixExec::plan(operator, children, run), grid.count)
        }
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
    let (plan, steps) = match node {
        Node::Map(map) => {
            let (name, grid, kernel, drops_name) = (map.name, map.grid, map.kernel, map.drops_name);
            let mut children = vec![self::node(map.input, run)?];
            children.extend(nodes(map.params, run)?);
            (MatrixExec::plan(op::Map { name, grid, kernel, drops_name }, children, run), grid.count)
        }
        Node::Relabel(input, relabel) => {
            let child = self::node(*input, run)?;
            let steps = child.1;
            (MatrixExec::plan(op::Relabel::new(relabel, steps)?, vec![child], run), steps)
        }
        Node::Sort(input, order) => {
            let child = self::node(*input, run)?;
            let steps = child.1;
            (MatrixExec::plan(op::Sort { order, steps }, vec![child], run), steps)
        }
        Node::Absent(input, labels) => {
            let child = self::node(*input, run)?;
            let steps = child.1;
            (MatrixExec::plan(op::Absent { labels, steps }, vec![child], run), steps)
        }
        Node::ScalarOf(input) => {
            let child = self::node(*input, run)?;
            let steps = child.1;
            (MatrixExec::plan(op::ScalarOf { steps }, vec![child], run), steps)
        }
        Node::Aggregate(aggregate) => {
            let (grouping, steps, position) = (aggregate.grouping, aggregate.grid.count, aggregate.position);
            let mut children = vec![self::node(aggregate.input, run)?];
            children.extend(nodes(aggregate.param.into_iter().collect(), run)?);
            let op = aggregate.op;
            let plan = if is_streaming(&op) {
                MatrixExec::plan(op::Aggregate { op, grouping, steps, position }, children, run)
            } else {
                MatrixExec::plan(op::Choose { op, grouping, steps, position }, children, run)
            };
            (plan, steps)
        }
        Node::ScalarBinary(binary) => {
            let children = vec![self::node(binary.vector, run)?, self::node(binary.scalar, run)?];
            let steps = children[0].1;
            let operator = op::ScalarBinary {
                op: binary.op,
                scalar_left: binary.scalar_left,
                return_bool: binary.return_bool,
                steps,
                position: binary.position,
            };
            (MatrixExec::plan(operator, children, run), steps)
        }
        Node::Join(join) => {
            let steps = join.grid.count;
            let children = vec![self::node(join.left, run)?, self::node(join.right, run)?];
            let operator = op::Join {
                op: join.op,
                matching: join.matching,
                return_bool: join.return_bool,
                loki: join.loki,
                steps,
                position: join.position,
            };
            (MatrixExec::plan(operator, children, run), steps)
        }
        Node::Set(set) => {
            let steps = set.grid.count;
            let children = vec![self::node(set.left, run)?, self::node(set.right, run)?];
            let operator = op::SetOperation { op: set.op, labels: set.labels, on: set.on, steps };
            (MatrixExec::plan(operator, children, run), steps)
        }
        Node::Classic(classic) => {
            let steps = classic.grid.count;
            let mut children = vec![self::node(classic.input, run)?];
            children.extend(nodes(classic.params, run)?);
            let (name, kernel, output, position) = (classic.name, classic.kernel, classic.output, classic.position);
            (MatrixExec::plan(op::Classic { name, kernel, steps, output, position }, children, run), steps)
        }
        leaf => return self::node(leaf, run),
    };
    Ok((plan, steps))
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
