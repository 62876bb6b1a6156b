//! Deleting by selector: a tombstone hides what matches at once, cleaning writes the parts again without it.
//!
//! A tombstone reaches the rows that were there when it was made, which are those of parts up to its `through`: the head is
//! flushed first. What is appended later into the same range stays visible, as in Prometheus.

use std::sync::Arc;

use gw_base::{MatchOp, Matcher, Signal, Tenant, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use crate::compact::rewrite;
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::state::State;
use crate::{StoreError, read, rollups};

/// Tombstones that may wait for cleaning; each is looked at for every series that a read meets.
pub(crate) const MAX_TOMBSTONES: usize = 1024;

/// A deletion as the catalog keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deletion {
    /// Whose series.
    pub(crate) tenant: String,
    /// Name, operator, value.
    pub(crate) matchers: Vec<(String, String, String)>,
    /// First time deleted, nanoseconds.
    pub(crate) start: i64,
    /// Last time deleted.
    pub(crate) end: i64,
    /// Parts up to here are meant.
    pub(crate) through: u64,
}

/// A deletion ready to be applied.
#[derive(Debug)]
pub(crate) struct Tombstone {
    pub(crate) deletion: Deletion,
    conditions: Arc<Conditions>,
    /// Series that fulfil these are spared.
    spared: Vec<Arc<Conditions>>,
}

/// Times that are deleted of one series of one part, both ends inside.
pub(crate) type Gaps = Vec<(i64, i64)>;

impl Tombstone {
    /// Compiles a deletion that the catalog holds.
    pub(crate) fn new(deletion: Deletion) -> Result<Self, StoreError> {
        let operators = [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex];
        let matcher = |(name, op, value): &(String, String, String)| {
            let op = operators.into_iter().find(|known| known.as_str() == op);
            let op = op.ok_or_else(|| StoreError::damaged("manifest", "a tombstone has an unknown operator"))?;
            Ok(Matcher::new(name, op, value))
        };
        let matchers = deletion.matchers.iter().map(matcher).collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Self { conditions: Arc::new(Conditions::compile(&matchers)?), spared: Vec::new(), deletion })
    }

    /// Deletes all rows of the series of a part that fulfil conditions, and none of the others.
    pub(crate) fn of_part(part: &PartMeta, conditions: &Arc<Conditions>, spared: &[Arc<Conditions>]) -> Self {
        let deletion = Deletion {
            tenant: part.tenant.clone(),
            matchers: Vec::new(),
            start: part.min,
            end: part.max,
            through: part.through,
        };
        Self { deletion, conditions: Arc::clone(conditions), spared: spared.to_vec() }
    }

    /// Whether it deletes rows of a series.
    pub(crate) fn accepts(&self, labels: &[u8]) -> bool {
        self.conditions.accept(labels) && !self.spared.iter().any(|spared| spared.accept(labels))
    }

    /// Whether it reaches rows of a part.
    pub(crate) fn reaches(&self, part: &PartMeta) -> bool {
        part.signal == Signal::Metrics.as_str()
            && part.tenant == self.deletion.tenant
            && part.through <= self.deletion.through
            // A rollup speaks of what comes before its end.
            && part.min.saturating_sub(part.rollup) <= self.deletion.end
            && self.deletion.start <= part.max
    }
}

/// The tombstones that reach a part.
pub(crate) fn reaching(tombstones: &[Arc<Tombstone>], part: &PartMeta) -> Vec<Arc<Tombstone>> {
    tombstones.iter().filter(|tombstone| tombstone.reaches(part)).cloned().collect()
}

/// What of a series of a part is deleted; of rollups, those of which some samples are.
pub(crate) fn gaps(tombstones: &[Arc<Tombstone>], labels: &[u8], part: &PartMeta) -> Gaps {
    let of = |tombstone: &Arc<Tombstone>| {
        let Deletion { start, end, .. } = tombstone.deletion;
        tombstone.accepts(labels).then_some((start, end.saturating_add((part.rollup - 1).max(0))))
    };
    tombstones.iter().filter_map(of).collect()
}

/// Whether a time is deleted.
pub(crate) fn in_gap(gaps: &[(i64, i64)], time: i64) -> bool {
    gaps.iter().any(|(start, end)| *start <= time && time <= *end)
}

/// Notes a deletion in the catalog and hides what it deletes. The tenant's head has been flushed.
pub(crate) async fn delete(
    state: &State,
    tenant: &Tenant,
    matchers: &[Matcher],
    range: TimeRange,
) -> Result<(), StoreError> {
    let own = |part: &&Arc<PartMeta>| part.is_of(tenant, Signal::Metrics);
    let through = state.view(Signal::Metrics).parts.iter().filter(own).map(|part| part.through).max();
    let Some(through) = through else { return Ok(()) };
    let words = |m: &Matcher| (m.name.clone(), m.op.as_str().to_owned(), m.value.clone());
    let deletion = Deletion {
        tenant: tenant.to_string(),
        matchers: matchers.iter().map(words).collect(),
        start: range.start.nanos(),
        end: range.end.nanos(),
        through,
    };
    let tombstone = Arc::new(Tombstone::new(deletion.clone())?);
    if state.tombstones().len() >= MAX_TOMBSTONES {
        return Err(StoreError::TooManyTombstones { limit: MAX_TOMBSTONES });
    }
    state.catalog.commit(move |manifest| manifest.tombstones.push(deletion)).await?;
    state.edit_tombstones(|all| all.push(tombstone));
    Ok(())
}

/// Writes the parts that tombstones reach again, then forgets the tombstones. The caller lets no other merge run.
pub(crate) async fn clean(state: &State) -> Result<(), StoreError> {
    let done = state.tombstones();
    let parts: Vec<Arc<PartMeta>> = state.view(Signal::Metrics).parts.to_vec();
    for part in parts {
        let reaching = reaching(&done, &part);
        if reaching.is_empty() || !holds_deleted(state, &part, &reaching).await? {
            continue;
        }
        rewrite(state, &part, &[]).await?;
    }
    let gone: Vec<Deletion> = done.iter().map(|tombstone| tombstone.deletion.clone()).collect();
    let again = gone.clone();
    state.catalog.commit(|manifest| manifest.tombstones.retain(|deletion| !gone.contains(deletion))).await?;
    // Rollups have lost whole intervals for single samples.
    let stale = |deletion: &Deletion| (deletion.tenant.clone(), (deletion.start, deletion.end));
    rollups::make_again(state, again.iter().map(stale).collect()).await?;
    state.edit_tombstones(|all| all.retain(|tombstone| !done.iter().any(|d| Arc::ptr_eq(d, tombstone))));
    Ok(())
}

async fn holds_deleted(state: &State, part: &Arc<PartMeta>, tombstones: &[Arc<Tombstone>]) -> Result<bool, StoreError> {
    let Some(opened) = read::open(state, part).await? else { return Ok(false) };
    let hit = |tombstone: &Arc<Tombstone>| {
        let (start, end) = (tombstone.deletion.start, tombstone.deletion.end.saturating_add(part.rollup));
        let range = TimeRange::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
        !opened.series().select(&tombstone.conditions, range).is_empty()
    };
    Ok(tombstones.iter().any(hit))
}
