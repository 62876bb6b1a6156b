//! The metrics of one tenant in the head: an index from labels to series, and the series.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use arrow_array::Array as _;
use gw_base::{Labels, Map, Set, TimeRange, Timestamp};
use gw_batch::{Batch, Exemplar, Histogram, MetricType, MetricsView};
use roaring::RoaringBitmap;

use super::series::{HeadSeries, timed};
use crate::matching::{Condition, Conditions};
use crate::{Family, Series};

/// Shards, so that readers hold up the one writer for a fraction of the index at a time. A power of two.
const SHARDS: usize = 8;

/// All series of one tenant since the head began.
#[derive(Debug, Default)]
pub(crate) struct MetricsHead {
    shards: [RwLock<Shard>; SHARDS],
    families: RwLock<BTreeMap<String, Family>>,
}

#[derive(Debug, Default)]
struct Shard {
    ids: Map<Labels, u32>,
    series: Vec<HeadSeries>,
    postings: BTreeMap<Box<str>, BTreeMap<Box<str>, RoaringBitmap>>,
}

/// What an append did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Applied {
    /// Rows kept.
    pub(crate) rows: u64,
    /// Rows refused.
    pub(crate) refused: u64,
    /// Bytes by which the head grew.
    pub(crate) bytes: usize,
    /// Bytes that it gave back meanwhile.
    pub(crate) freed: usize,
    /// Series that are new.
    pub(crate) series: u64,
}

impl MetricsHead {
    /// Applies a metrics batch; rows of new series beyond `max_series` are refused.
    pub(crate) fn append(&self, batch: &Batch, max_series: usize) -> Applied {
        let Some(view) = MetricsView::of(batch) else { return Applied::default() };
        let mut applied = Applied::default();
        let plan = Plan::of(&view, max_series.div_ceil(SHARDS));
        for (index, shard) in self.shards.iter().enumerate().filter(|(index, _)| plan.touches(*index)) {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.append(&view, &plan, index as u8, &mut applied);
        }
        if view.types.null_count() < view.types.len() {
            applied.rows += self.append_families(&view);
        }
        applied
    }

    fn append_families(&self, view: &MetricsView<'_>) -> u64 {
        let mut families = self.families.write().unwrap_or_else(PoisonError::into_inner);
        let mut rows = 0;
        for row in (0..view.types.len()).filter(|row| view.is_metadata(*row)) {
            rows += 1;
            let Some(metric) = view.labels(row).find(|(name, _)| *name == gw_base::METRIC_NAME) else { continue };
            let text = |array: &arrow_array::StringArray| {
                if array.is_valid(row) { array.value(row).to_owned() } else { String::new() }
            };
            let family = Family {
                metric: metric.1.to_owned(),
                kind: MetricType::from_u8(view.types.value(row)).unwrap_or(MetricType::Unknown),
                unit: text(view.units),
                help: text(view.helps),
            };
            families.insert(family.metric.clone(), family);
        }
        rows
    }

    /// The metric families described since the head began.
    pub(crate) fn families(&self) -> Vec<Family> {
        self.families.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Calls `visit` with each series that matches and may have samples in the range.
    pub(crate) fn visit<E>(
        &self,
        conditions: &Conditions,
        range: TimeRange,
        mut visit: impl FnMut(&HeadSeries) -> Result<(), E>,
    ) -> Result<(), E> {
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            for id in &shard.select(conditions) {
                let series = &shard.series[id as usize];
                if series.overlaps(range) {
                    visit(series)?;
                }
            }
        }
        Ok(())
    }
}

impl MetricsHead {
    /// The numbers of the series that match and may have samples in the range, in label order.
    pub(crate) fn select(&self, conditions: &Conditions, range: TimeRange) -> Vec<u32> {
        let mut found: Vec<(Labels, u32)> = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            let hits = shard.select(conditions);
            let hits = hits.iter().filter(|id| shard.series[*id as usize].overlaps(range));
            found.extend(
                hits.map(|id| (shard.series[id as usize].labels().clone(), id * SHARDS as u32 + number as u32)),
            );
        }
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        found.into_iter().map(|(_, series)| series).collect()
    }

    fn with<T>(&self, series: u32, read: impl FnOnce(&HeadSeries) -> T) -> T {
        let shard = self.shards[series as usize % SHARDS].read().unwrap_or_else(PoisonError::into_inner);
        read(&shard.series[series as usize / SHARDS])
    }

    /// Appends the canonical label bytes of a series.
    pub(crate) fn labels_into(&self, series: u32, out: &mut Vec<u8>) {
        self.with(series, |series| out.extend_from_slice(series.labels().as_bytes()));
    }

    /// Appends the samples of a series in the range to `out`; times may repeat and fall back, the later one holds.
    pub(crate) fn read(&self, series: u32, range: TimeRange, out: &mut Series) {
        self.with(series, |series| series.read(range, out));
    }

    /// Calls `visit` with every series in label order. For frozen heads: it holds all shards at once.
    pub(crate) fn visit_sorted<E>(&self, mut visit: impl FnMut(&HeadSeries) -> Result<(), E>) -> Result<(), E> {
        let shards: Vec<_> =
            self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner)).collect();
        let mut series: Vec<&HeadSeries> = shards.iter().flat_map(|shard| &shard.series).collect();
        series.sort_by(|a, b| a.labels().cmp(b.labels()));
        series.into_iter().try_for_each(&mut visit)
    }
}

/// Where each series of a batch goes.
struct Plan {
    /// Shard of each dictionary value; 255 for values that no sample row uses.
    shard_of: Vec<u8>,
    /// Series that a shard may have.
    max_series: usize,
}

impl Plan {
    fn of(view: &MetricsView<'_>, max_series: usize) -> Self {
        let mut shard_of = vec![u8::MAX; view.series.len()];
        for (row, key) in view.keys.iter().enumerate() {
            let slot = &mut shard_of[*key as usize];
            if *slot == u8::MAX && !view.is_metadata(row) {
                let hash = gw_base::labels::hash_bytes(view.series.value(*key as usize));
                *slot = (hash >> 56) as u8 % SHARDS as u8;
            }
        }
        Self { shard_of, max_series }
    }

    fn touches(&self, shard: usize) -> bool {
        self.shard_of.iter().any(|of| usize::from(*of) == shard)
    }
}

impl Shard {
    fn append(&mut self, view: &MetricsView<'_>, plan: &Plan, index: u8, applied: &mut Applied) {
        let mut ids: Vec<Option<u32>> = vec![None; view.series.len()];
        let mut refused: Set<u32> = Set::default();
        for (row, key) in view.keys.iter().enumerate() {
            if plan.shard_of[*key as usize] != index || view.is_metadata(row) {
                continue;
            }
            let id = match ids[*key as usize] {
                Some(id) => id,
                None if refused.contains(key) => {
                    applied.refused += 1;
                    continue;
                }
                None => match self.resolve(view.series.value(*key as usize), plan.max_series, applied) {
                    Some(id) => *ids[*key as usize].insert(id),
                    None => {
                        refused.insert(*key);
                        applied.refused += 1;
                        continue;
                    }
                },
            };
            applied.rows += 1;
            applied.bytes += push_row(&mut self.series[id as usize], view, row);
        }
    }

    fn resolve(&mut self, canonical: &[u8], max: usize, applied: &mut Applied) -> Option<u32> {
        if let Some(id) = self.ids.get(canonical) {
            return Some(*id);
        }
        if self.series.len() >= max {
            return None;
        }
        let labels = Labels::from_bytes(canonical).ok()?;
        let id = u32::try_from(self.series.len()).ok()?;
        for (name, value) in &labels {
            let values = match self.postings.get_mut(name) {
                Some(values) => values,
                None => self.postings.entry(name.into()).or_default(),
            };
            match values.get_mut(value) {
                Some(ids) => {
                    ids.insert(id);
                }
                None => {
                    values.insert(value.into(), RoaringBitmap::from([id]));
                }
            }
        }
        applied.bytes += HeadSeries::cost(&labels);
        applied.series += 1;
        self.ids.insert(labels.clone(), id);
        self.series.push(HeadSeries::new(labels));
        Some(id)
    }

    fn select(&self, conditions: &Conditions) -> RoaringBitmap {
        let mut selected: Option<RoaringBitmap> = None;
        for condition in conditions.iter() {
            let hits = self.hits(condition);
            match &mut selected {
                Some(selected) => *selected &= hits,
                None => selected = Some(hits),
            }
            if selected.as_ref().is_some_and(RoaringBitmap::is_empty) {
                break;
            }
        }
        selected.unwrap_or_else(|| self.all())
    }

    fn hits(&self, condition: &Condition) -> RoaringBitmap {
        let values = self.postings.get(condition.name.as_str());
        if !condition.accepts("") {
            if let Some(texts) = condition.candidates() {
                let found = texts.iter().filter_map(|text| values?.get(text.as_str()));
                return roaring::MultiOps::union(found);
            }
            let found = values.into_iter().flatten().filter(|(value, _)| condition.accepts(value)).map(|(_, ids)| ids);
            return roaring::MultiOps::union(found);
        }
        // An absent label has the empty value, which is accepted: all series but those whose value is not.
        let refused = values.into_iter().flatten().filter(|(value, _)| !condition.accepts(value)).map(|(_, ids)| ids);
        self.all() - roaring::MultiOps::union(refused)
    }

    fn all(&self) -> RoaringBitmap {
        (0..self.series.len() as u32).collect()
    }
}

fn push_row(series: &mut HeadSeries, view: &MetricsView<'_>, row: usize) -> usize {
    let time = view.times[row];
    let mut bytes = 0;
    if view.values.is_valid(row) {
        bytes += series.push(time, view.values.value(row));
    } else if view.histograms.is_valid(row)
        && let Some(histogram) = Histogram::decode(view.histograms.value(row))
    {
        bytes += series.push_histogram(time, histogram);
    }
    if view.starts.is_valid(row) {
        series.push_start(time, view.starts.value(row));
    }
    if let Some(exemplar) = exemplar_of(view, row) {
        series.push_exemplar(exemplar);
        bytes += 64;
    }
    bytes
}

/// The exemplar that a row carries, with its time filled in.
pub(crate) fn exemplar_of(view: &MetricsView<'_>, row: usize) -> Option<Exemplar> {
    if !view.exemplar_values.is_valid(row) {
        return None;
    }
    let labels = Labels::from_bytes(view.exemplar_labels.value(row)).ok()?;
    let time = view.exemplar_times.is_valid(row).then(|| Timestamp::from_nanos(view.exemplar_times.value(row)));
    Some(timed(Exemplar { labels, value: view.exemplar_values.value(row), time }, view.times[row]))
}
