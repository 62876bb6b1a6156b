//! Where metric names go at once, rather than at the end of the query (`promql-delayed-name-removal` off, and the 2.x line).

use gw_base::{METRIC_NAME, MatchOp, TYPE_LABEL, UNIT_LABEL};

use crate::algebra::{Grouping, Node};

/// The node, and behind it, where it may drop metric names, the one that does so.
pub(super) fn unnamed(node: Node) -> Node {
    let strict = match &node {
        // Wire: what a function over windows gives may hold no two series with the same labels, not even at different steps.
        Node::Window(window) if !window.call.keeps_name => true,
        Node::Subquery(subquery) if !subquery.call.keeps_name => true,
        Node::Map(map) if map.drops_name => false,
        Node::ScalarBinary(_) | Node::Join(_) | Node::Classic(_) => false,
        _ => return node,
    };
    Node::Unnamed { input: Box::new(node), strict }
}

/// The operand of an aggregation, without the node that drops names where nobody could tell: groups do not go by the name, and
/// the series have but one, so that none become equal without it. An aggregation straight over storage is a good deal faster.
pub(super) fn aggregated(operand: Node, grouping: &Grouping) -> Node {
    let by_name = |label: &String| matches!(label.as_str(), METRIC_NAME | TYPE_LABEL | UNIT_LABEL);
    match operand {
        Node::Unnamed { input, .. }
            if !grouping.without && !grouping.labels.iter().any(by_name) && reads_one_metric(&input) =>
        {
            *input
        }
        other => other,
    }
}

fn reads_one_metric(node: &Node) -> bool {
    let Node::Window(window) = node else { return false };
    window.matchers.iter().any(|matcher| matcher.name == METRIC_NAME && matcher.op == MatchOp::Equal)
}
