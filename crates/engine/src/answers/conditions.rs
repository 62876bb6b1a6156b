//! Why a query is empty: how many series each condition of its selectors leaves.

use std::sync::Arc;

use gw_base::{METRIC_NAME, Matcher, Signal, TimeRange, Timestamp};
use gw_batch::{Answer, QueryError, Shape};
use gw_plan::algebra::{Leaf, Node};
use gw_plan::annotations::Position;
use gw_store::Selection;

use super::tables::{Column, table};
use crate::run::{Run, read_failed};

/// Selectors looked at; a query of more is not one that somebody reads.
const MOST_SELECTORS: usize = 64;

/// A selector without its node.
struct Selector {
    matchers: Vec<Matcher>,
    position: Position,
    range: TimeRange,
}

impl Selector {
    fn of(leaf: Leaf<'_>) -> Self {
        let (start, end) = (leaf.after.saturating_add(1), leaf.until);
        let range = TimeRange::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
        // The metric's name is what people read first, though the text may have it last.
        let mut matchers = leaf.matchers.to_vec();
        matchers.sort_by_key(|matcher| matcher.name != METRIC_NAME);
        Self { matchers, position: leaf.position, range }
    }
}

/// The rows of [`gw_batch::Request::Conditions`], selectors in the order of the text.
pub(crate) async fn conditions(node: &Node, run: Arc<Run>) -> Result<Answer, QueryError> {
    let mut selectors: Vec<Selector> = node.leaves().into_iter().map(Selector::of).collect();
    selectors.sort_by_key(|selector| (selector.position.line, selector.position.column));
    selectors.truncate(MOST_SELECTORS);
    let mut rows = Rows::default();
    for (number, selector) in selectors.iter().enumerate() {
        for (i, matcher) in selector.matchers.iter().enumerate() {
            run.check()?;
            let alone = count(std::slice::from_ref(matcher), selector.range, &run).await?;
            let left = if i == 0 { alone } else { count(&selector.matchers[..=i], selector.range, &run).await? };
            rows.push(number, selector, matcher, (alone, left));
        }
    }
    Ok(table(Shape::Table, rows.columns(), &run))
}

async fn count(matchers: &[Matcher], range: TimeRange, run: &Run) -> Result<u64, QueryError> {
    let selection = Selection::new(run.tenant.clone(), Signal::Metrics, range).matching(matchers.to_vec());
    let mut cursor = run.store.cursor(&selection).await.map_err(read_failed)?;
    Ok(std::iter::from_fn(|| cursor.advance_unread().then_some(())).count() as u64)
}

#[derive(Default)]
struct Rows {
    selectors: Vec<u64>,
    texts: Vec<String>,
    positions: (Vec<u64>, Vec<u64>),
    bounds: (Vec<i64>, Vec<i64>),
    matchers: Vec<String>,
    alone: Vec<u64>,
    left: Vec<u64>,
}

impl Rows {
    fn push(&mut self, number: usize, selector: &Selector, matcher: &Matcher, (alone, left): (u64, u64)) {
        self.selectors.push(number as u64);
        self.texts.push(crate::operators::described(&selector.matchers));
        self.positions.0.push(u64::from(selector.position.line));
        self.positions.1.push(u64::from(selector.position.column));
        self.bounds.0.push(selector.range.start.nanos());
        self.bounds.1.push(selector.range.end.nanos());
        self.matchers.push(matcher.to_string());
        self.alone.push(alone);
        self.left.push(left);
    }

    fn columns(self) -> Vec<Column> {
        vec![
            Column::Count("selector", self.selectors),
            Column::Text("text", self.texts),
            Column::Count("line", self.positions.0),
            Column::Count("column", self.positions.1),
            Column::Time("start", self.bounds.0),
            Column::Time("end", self.bounds.1),
            Column::Text("matcher", self.matchers),
            Column::Count("alone", self.alone),
            Column::Count("left", self.left),
        ]
    }
}
