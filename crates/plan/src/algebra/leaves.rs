//! The selectors of an algebra: which stored series it reads, and from when to when.

use gw_base::Matcher;

use super::{Boundary, Node, Select, Window};
use crate::annotations::Position;

/// One selector.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// Conditions on labels.
    pub matchers: &'a [Matcher],
    /// Where it stands in the text.
    pub position: Position,
    /// Samples after this time count, nanoseconds.
    pub after: i64,
    /// Samples up to this time count, nanoseconds.
    pub until: i64,
}

impl<'a> Leaf<'a> {
    /// What an instant selector reads.
    #[must_use]
    pub fn of_select(select: &'a Select) -> Self {
        let last = select.shift.apply(select.grid.last());
        Self {
            matchers: &select.matchers,
            position: select.position,
            after: select.shift.apply(select.grid.start).saturating_sub(select.lookback),
            until: if select.smoothed { last.saturating_add(select.lookback) } else { last },
        }
    }

    /// What a function over windows reads.
    #[must_use]
    pub fn of_window(window: &'a Window) -> Self {
        let (before, behind) = match window.boundary {
            Boundary::Inside => (0, 0),
            Boundary::Anchored => (window.lookback, 0),
            Boundary::Smoothed => (window.lookback, window.lookback),
        };
        let first =
            window.shift.apply(window.grid.start).saturating_sub(window.range.saturating_add(i64::from(window.closed)));
        Self {
            matchers: &window.matchers,
            position: window.call.position,
            after: first.saturating_sub(before),
            until: window.shift.apply(window.grid.last()).saturating_add(behind),
        }
    }
}

impl Node {
    /// The selectors of stored series, in no order that matters.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            match node {
                Self::Select(select) => found.push(Leaf::of_select(select)),
                Self::Window(window) => found.push(Leaf::of_window(window)),
                other => waiting.extend(other.operands()),
            }
        }
        found
    }

    /// The nodes that this one is made of.
    #[must_use]
    pub fn operands(&self) -> Vec<&Self> {
        match self {
            Self::Constant(..) | Self::Time(_) | Self::Select(_) | Self::Lines(_) => Vec::new(),
            Self::Window(window) => window.call.params.iter().collect(),
            Self::Subquery(subquery) => std::iter::once(&*subquery.input).chain(&subquery.call.params).collect(),
            Self::Map(map) => std::iter::once(&map.input).chain(&map.params).collect(),
            Self::Relabel(input, _)
            | Self::Sort(input, _)
            | Self::Absent(input, _)
            | Self::ScalarOf(input)
            | Self::Repeat(input, _)
            | Self::Unnamed { input, .. } => vec![input],
            Self::Aggregate(aggregate) => std::iter::once(&aggregate.input).chain(&aggregate.param).collect(),
            Self::ScalarBinary(binary) => vec![&binary.vector, &binary.scalar],
            Self::Join(join) => vec![&join.left, &join.right],
            Self::Set(set) => vec![&set.left, &set.right],
            Self::Classic(classic) => std::iter::once(&classic.input).chain(&classic.params).collect(),
            Self::Info(info) => vec![&info.input],
        }
    }
}
