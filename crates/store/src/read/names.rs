//! Label sets of logs, spans and events without their rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use gw_base::{Labels, Map, TimeRange};

use super::{matching, off_reactor, open};
use crate::head::TenantHead;
use crate::head::rows::{judge, time_column};
use crate::matching::Conditions;
use crate::state::{Snapshot, State};
use crate::{Selection, StoreError};

/// The label sets that match and have rows in the range, sorted. In parts a label set counts when its first and last row
/// embrace some of the range.
pub(crate) async fn label_sets(
    state: &State,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<Vec<Labels>, StoreError> {
    let range = selection.range;
    let limit = selection.max_rows;
    let mut found: BTreeSet<Labels> = BTreeSet::new();
    for part in &snapshot.parts {
        let Some(opened) = open(state, part).await? else { continue };
        let conditions = Arc::clone(&conditions);
        found = off_reactor(move || {
            let index = opened.index();
            let matching = matching(&opened, &conditions, range).into_iter();
            found.extend(matching.map(|entry| index.labels(&index.entries()[entry])));
            within(found, limit)
        })
        .await?;
    }
    off_reactor(move || {
        let mut verdicts: Map<Labels, bool> = Map::default();
        for head in &snapshot.heads {
            match &**head {
                // Those of metrics are walked by the cursor.
                TenantHead::Metrics(_) => {}
                TenantHead::Rows(head) => {
                    for batch in head.batches() {
                        let (min, max) = batch.bounds();
                        if max < range.start.nanos() || range.end.nanos() < min {
                            continue;
                        }
                        let good: Vec<bool> =
                            batch.labels().iter().map(|set| judge(set, &conditions, &mut verdicts)).collect();
                        let whole = range.start.nanos() <= min && max <= range.end.nanos();
                        collect(&batch, &good, whole, range, &mut found);
                    }
                }
            }
        }
        Ok(within(found, limit)?.into_iter().collect())
    })
    .await
}

fn collect(
    batch: &crate::head::rows::HeadBatch,
    good: &[bool],
    whole: bool,
    range: TimeRange,
    found: &mut BTreeSet<Labels>,
) {
    if whole {
        found.extend(batch.labels().iter().zip(good).filter(|(_, good)| **good).map(|(set, _)| set.clone()));
        return;
    }
    let mut seen = vec![false; good.len()];
    for (key, time) in batch.keys().iter().zip(time_column(batch.records())) {
        let inside = range.start.nanos() <= *time && *time <= range.end.nanos();
        seen[*key as usize] |= inside && good[*key as usize];
    }
    found.extend(batch.labels().iter().zip(seen).filter(|(_, seen)| *seen).map(|(set, _)| set.clone()));
}

fn within(found: BTreeSet<Labels>, limit: usize) -> Result<BTreeSet<Labels>, StoreError> {
    if found.len() > limit { Err(StoreError::TooManyRows { limit }) } else { Ok(found) }
}
