//! Metric series with their samples, gathered from parts and heads.

use std::collections::BTreeMap;
use std::sync::Arc;

use gw_base::{Labels, Signal, Tenant, TimeRange, Timestamp};
use gw_batch::Exemplar;
use gw_batch::rollup::interval_end;

use super::cursor::{SeriesCursor, Stand, Step};
use super::source::{HeadSource, PartSource, Source};
use super::{off_reactor, open, tolerate};
use crate::erase;
use crate::head::TenantHead;
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::part::metrics::PartSeries;
use crate::part::reader::Opened;
use crate::rollups::Standing;
use crate::selection::Texts;
use crate::state::{Snapshot, State};
use crate::{Rollups, Selection, Series, SeriesExemplars, StoreError};

/// The series that match, in label order, to be read one after the other.
pub(crate) async fn cursor(
    state: &Arc<State>,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<SeriesCursor, StoreError> {
    let range = selection.range;
    let (stand, opened) = open_all(state, &snapshot, selection).await?;
    let state = Arc::clone(state);
    let found = off_reactor(move || {
        let of_part = |(part, opened, range): Reach| {
            let tombstones = erase::reaching(&snapshot.tombstones, &part);
            let series = PartSeries::new((&part, &opened), &conditions, range, tombstones);
            Source::Part(Box::new(PartSource::new(Arc::clone(&state), part, series)))
        };
        let of_head = |head: Arc<TenantHead>| {
            let found = head.metrics().map(|metrics| metrics.select(&conditions, range)).unwrap_or_default();
            Source::Head(HeadSource::new(head, found))
        };
        let sources = opened.into_iter().map(of_part).chain(snapshot.heads.into_iter().map(of_head));
        Ok(sources.filter(|source| source.left() > 0).collect::<Vec<_>>())
    });
    let sources = found.await?;
    Ok(SeriesCursor::new(sources, selection, stand))
}

/// A part, its index, and what is asked of it.
type Reach = (Arc<PartMeta>, Arc<Opened>, TimeRange);

/// The parts that a selection reaches, those that are damaged left out, and how rollups stand for samples.
async fn open_all(
    state: &State,
    snapshot: &Snapshot,
    selection: &Selection,
) -> Result<(Stand, Vec<Reach>), StoreError> {
    let (stand, rollups) = standing(snapshot, selection);
    let parts = snapshot.parts.iter().map(|part| (part, selection.range));
    let mut opened = Vec::new();
    for (part, range) in rollups.iter().map(|(part, range)| (part, *range)).chain(parts) {
        opened.extend(open(state, part).await?.map(|opened| (Arc::clone(part), opened, range)));
    }
    Ok((stand, opened))
}

/// All series of some parts, without what has been deleted.
pub(crate) async fn of_parts(
    state: &Arc<State>,
    parts: &[Arc<PartMeta>],
    range: TimeRange,
) -> Result<SeriesCursor, StoreError> {
    let (parts, tombstones) = (parts.to_vec(), state.tombstones());
    let snapshot = Snapshot { parts, rollups: Standing::default(), heads: Vec::new(), tombstones };
    let selection = Selection::new(Tenant::default(), Signal::Metrics, range);
    cursor(state, snapshot, &selection, Arc::new(Conditions::default())).await
}

/// How rollups stand for samples in a selection, and the parts to be read for it, each between which ends of intervals.
fn standing(snapshot: &Snapshot, selection: &Selection) -> (Stand, Vec<(Arc<PartMeta>, TimeRange)>) {
    let (standing, range) = (&snapshot.rollups, selection.range);
    let (start, end) = (range.start, range.end.nanos());
    let mut sources = Vec::new();
    let mut add = |length: i64, until: i64| {
        let ends = TimeRange::new(start, Timestamp::from_nanos(until));
        let wanted = standing.parts.iter().filter(|part| part.rollup == length && part.overlaps(ends));
        sources.extend(wanted.map(|part| (Arc::clone(part), ends)));
    };
    let stand = match selection.rollups {
        Rollups::Whole { length, exact } => {
            let reach = standing.reach(length, end);
            if reach.until > start.nanos() {
                add(length, reach.until);
                Stand::Whole(length, exact, reach)
            } else {
                Stand::Samples
            }
        }
        Rollups::Lasts => {
            standing.lasts(end).into_iter().for_each(|(length, until)| add(length, interval_end(until, length)));
            Stand::Lasts
        }
        Rollups::Refused => Stand::Samples,
    };
    if sources.is_empty() { (Stand::Samples, sources) } else { (stand, sources) }
}

/// The label sets of the series that match, in label order. A series of a part counts when its first and last sample
/// embrace some of the range.
pub(crate) async fn label_sets(
    state: &Arc<State>,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<Vec<Labels>, StoreError> {
    let limit = selection.max_rows;
    let mut cursor = cursor(state, snapshot, selection, conditions).await?;
    off_reactor(move || {
        let mut all = Vec::new();
        while cursor.advance_unread() {
            if all.len() == limit {
                return Err(StoreError::TooManyRows { limit });
            }
            all.push(Labels::of_checked(cursor.labels()));
        }
        Ok(all)
    })
    .await
}

/// The names of the labels that the series that match have, or the values of one label, sorted. Series count as in
/// [`label_sets`].
pub(crate) async fn texts(
    state: &Arc<State>,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
    wanted: Texts,
) -> Result<Vec<String>, StoreError> {
    let range = selection.range;
    let (_, opened) = open_all(state, &snapshot, selection).await?;
    off_reactor(move || {
        let of_part = |(part, opened, range): &Reach| {
            let tombstones = erase::reaching(&snapshot.tombstones, part);
            PartSeries::new((part, opened), &conditions, *range, tombstones)
        };
        let parts: Vec<PartSeries> = opened.iter().map(of_part).collect();
        let mut fresh: Vec<String> = Vec::new();
        for head in snapshot.heads.iter().filter_map(|head| head.metrics()) {
            head.texts(&wanted, (&conditions, range), |text| fresh.push(text.to_owned()));
        }
        let mut found: Vec<(u128, &str)> = fresh.iter().map(|text| (beginning(text), text.as_str())).collect();
        parts.iter().for_each(|series| series.texts(&wanted, |text| found.push((beginning(text), text))));
        // Those of a part are in order but for their lengths. The stable sort merges what is, and looks at each but a few times.
        found.sort();
        found.dedup();
        Ok(found.into_iter().map(|(_, text)| text.to_owned()).collect())
    })
    .await
}

/// The first bytes of a text as a number that is in order before the text is: most comparisons need no look at the text.
fn beginning(text: &str) -> u128 {
    let mut bytes = [0; 16];
    let length = text.len().min(bytes.len());
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    u128::from_be_bytes(bytes)
}

/// The series that match, each settled, in label order, all at once.
pub(crate) async fn series(
    state: &Arc<State>,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<Vec<Series>, StoreError> {
    let mut cursor = cursor(state, snapshot, selection, conditions).await?;
    let mut all = Vec::new();
    loop {
        let (step, back, gathered) = off_reactor(move || {
            let step = loop {
                match cursor.advance()? {
                    Step::Series => {
                        let labels = Labels::of_checked(cursor.labels());
                        all.push(Series { labels, ..cursor.samples().clone() });
                    }
                    step => break step,
                }
            };
            Ok((step, cursor, all))
        })
        .await?;
        (cursor, all) = (back, gathered);
        match step {
            Step::End => return Ok(all),
            Step::Load | Step::Series => cursor.load().await?,
        }
    }
}

/// A way through the series of a part that match; `None` when the part is damaged.
async fn of_part(
    state: &State,
    snapshot: &Snapshot,
    part: &Arc<PartMeta>,
    (conditions, range): (&Arc<Conditions>, TimeRange),
) -> Result<Option<PartSeries>, StoreError> {
    let Some(opened) = open(state, part).await? else { return Ok(None) };
    let tombstones = erase::reaching(&snapshot.tombstones, part);
    let (part, conditions) = (Arc::clone(part), Arc::clone(conditions));
    off_reactor(move || Ok(Some(PartSeries::new((&part, &opened), &conditions, range, tombstones)))).await
}

/// The exemplars of the series that match.
pub(crate) async fn exemplars(
    state: &State,
    snapshot: Snapshot,
    selection: &Selection,
    conditions: Arc<Conditions>,
) -> Result<Vec<SeriesExemplars>, StoreError> {
    let (range, limit) = (selection.range, selection.max_rows);
    let mut found = Found { limit, count: 0, series: BTreeMap::new() };
    for part in &snapshot.parts {
        let Some(cursor) = of_part(state, &snapshot, part, (&conditions, range)).await? else { continue };
        let mut cursor = cursor.with_extras_only();
        loop {
            let loaded = cursor.load(&state.reader).await;
            let Some(true) = tolerate(state, part, loaded)? else { break };
            let collected = collect_exemplars(&mut cursor, &mut found);
            if tolerate(state, part, collected)?.is_none() {
                break;
            }
        }
    }
    for head in snapshot.heads.iter().filter_map(|head| head.metrics()) {
        head.visit(&conditions, range, |series| {
            let fresh = series.exemplars(range);
            found.add(series.labels().clone(), fresh)
        })?;
    }
    Ok(found
        .series
        .into_iter()
        .map(|(labels, mut exemplars)| {
            crate::exemplars::settle(&mut exemplars);
            SeriesExemplars { labels, exemplars }
        })
        .collect())
}

/// Exemplars found so far, and how many there may be.
struct Found {
    limit: usize,
    count: usize,
    series: BTreeMap<Labels, Vec<Exemplar>>,
}

impl Found {
    fn add(&mut self, labels: Labels, exemplars: Vec<Exemplar>) -> Result<(), StoreError> {
        if exemplars.is_empty() {
            return Ok(());
        }
        self.count += exemplars.len();
        if self.count > self.limit {
            return Err(StoreError::TooManyRows { limit: self.limit });
        }
        self.series.entry(labels).or_default().extend(exemplars);
        Ok(())
    }
}

fn collect_exemplars(cursor: &mut PartSeries, found: &mut Found) -> Result<(), StoreError> {
    let (mut labels, mut series) = (Vec::new(), Series::default());
    while cursor.is_ready() {
        labels.clear();
        series.clear();
        cursor.labels_into(&mut labels);
        let mut exemplars = Vec::new();
        cursor.read(&mut series, Some(&mut exemplars))?;
        found.add(Labels::from_bytes(&labels).unwrap_or_default(), exemplars)?;
    }
    Ok(())
}
