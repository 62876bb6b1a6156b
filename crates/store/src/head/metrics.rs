//! The metrics of one tenant in the head: an index from labels to series, and the samples in shards.
//!
//! The commit thread is the only writer. It takes in new series under the index's lock and appends samples under the lock of
//! one shard at a time; a series' number says its shard, so that the samples of a scrape lie together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arrow_array::Array as _;
use arrow_array::BinaryArray;
use gw_base::{Labels, TimeRange, Timestamp};
use gw_batch::{Exemplar, Histogram, MetricType, MetricsView, Refusals};

use super::index::{Full, HeadIndex};
pub(crate) use super::index::{SeriesLimits, UNKNOWN};
use super::series::timed;
use super::shard::{Grown, Shard};
use crate::key::Key;
use crate::matching::Conditions;
use crate::selection::Texts;
use crate::{Family, Series};

/// Shards, so that readers hold up the one writer for a fraction of the samples at a time. A power of two.
const SHARDS: usize = 16;
/// Neighbouring series in one shard, so that a request takes few locks. A power of two.
const RUN: u32 = 256;
/// What the fields of a series outside of its samples take.
pub(crate) const SERIES_BYTES: usize = 160;

/// All series of one tenant since the head began.
#[derive(Debug, Default)]
pub(crate) struct MetricsHead {
    index: RwLock<HeadIndex>,
    shards: [RwLock<Shard>; SHARDS],
    families: RwLock<BTreeMap<String, Family>>,
    ranks: Mutex<Ranks>,
}

/// Places of series in label order.
#[derive(Debug, Default)]
struct Ranks {
    /// Of the series that there were.
    places: Arc<[u32]>,
    /// Series that have been put in order without, since there have been more of them.
    sorted: usize,
}

/// What an append did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Rows kept.
    pub(crate) rows: u64,
    /// Bytes by which the head grew.
    pub(crate) bytes: usize,
    /// Of them, what samples take when packed tightly: the reason to flush.
    pub(crate) fresh: usize,
    /// Bytes that it gave back meanwhile.
    pub(crate) freed: usize,
    /// Series that are new.
    pub(crate) series: u64,
    /// Rows refused, and why.
    pub(crate) refused: Refusals,
}

impl Applied {
    fn grow(&mut self, grown: Grown) {
        self.bytes += grown.held;
        self.fresh += grown.fresh;
    }
}

/// A series of the head, to be read.
#[derive(Debug)]
pub(crate) struct HeadSeries<'a> {
    labels: Labels,
    series: u32,
    head: &'a MetricsHead,
}

impl HeadSeries<'_> {
    /// Its labels.
    pub(crate) const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The exemplars in the range, in order of arrival.
    pub(crate) fn exemplars(&self, range: TimeRange) -> Vec<Exemplar> {
        self.head.exemplars(self.series, range)
    }
}

/// The shard of a series and its place there.
const fn place(series: u32) -> (usize, u32) {
    let run = series / RUN;
    ((run as usize) % SHARDS, run / SHARDS as u32 * RUN + series % RUN)
}

/// The series of a place in a shard.
const fn series_at(shard: usize, place: u32) -> u32 {
    (place / RUN * SHARDS as u32 + shard as u32) * RUN + place % RUN
}

impl MetricsHead {
    /// The index, to read it.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, HeadIndex> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index, to add to it.
    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, HeadIndex> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of each of these series; [`UNKNOWN`] for those that have none yet.
    pub(crate) fn resolve(&self, sets: &BinaryArray) -> Vec<u32> {
        let index = self.index();
        let mut guess = 0;
        let number = |key: usize| {
            let series = index.find(sets.value(key), guess).unwrap_or(UNKNOWN);
            guess = series.wrapping_add(1);
            series
        };
        (0..sets.len()).map(number).collect()
    }

    /// Takes in the series that `numbers` does not know yet; those over a limit stay unknown, their rows are refused.
    pub(crate) fn define(&self, view: &MetricsView<'_>, numbers: &mut [u32], limits: SeriesLimits) -> Applied {
        let mut applied = Applied::default();
        if !numbers.contains(&UNKNOWN) {
            return applied;
        }
        let mut rows = vec![0u64; numbers.len()];
        let plain = view.types.null_count() == view.types.len();
        for (row, key) in view.keys.iter().enumerate() {
            rows[*key as usize] += u64::from(plain || !view.is_metadata(row));
        }
        let mut index = self.index_mut();
        let text_before = index.symbols().text_bytes();
        for (key, number) in numbers.iter_mut().enumerate() {
            if *number != UNKNOWN || rows[key] == 0 {
                continue;
            }
            let set = view.series.value(key);
            // The batch may name a new series twice.
            let found = index
                .find(set, UNKNOWN)
                .map_or_else(|| index.insert(set, limits).map(|new| (new, true)), |old| Ok((old, false)));
            match found {
                Ok((series, new)) => {
                    *number = series;
                    applied.series += u64::from(new);
                    applied.bytes += if new { SERIES_BYTES } else { 0 };
                }
                Err(full) => refuse(&mut applied.refused, rows[key], &full, limits),
            }
        }
        // Room for growth and the table that finds a pair.
        applied.bytes += 2 * (index.symbols().text_bytes() - text_before);
        applied
    }

    /// Appends the rows of a batch whose series have these numbers.
    pub(crate) fn append(&self, view: &MetricsView<'_>, numbers: &[u32]) -> Applied {
        let mut applied = Applied::default();
        let plain = is_plain(view);
        let mut writer = Writer { head: self, held: None };
        for (row, key) in view.keys.iter().enumerate() {
            let series = numbers[*key as usize];
            if series == UNKNOWN {
                continue;
            }
            let (shard, place) = writer.shard(series);
            applied.rows += 1;
            if plain {
                applied.grow(shard.push(place, view.times[row], view.values.value(row)));
            } else if !view.is_metadata(row) {
                push_row(shard, place, view, row, &mut applied);
            } else {
                applied.rows -= 1;
            }
        }
        drop(writer);
        if !plain && view.types.null_count() < view.types.len() {
            applied.rows += self.append_families(view);
        }
        applied
    }

    /// Appends float samples by number of their series.
    pub(crate) fn append_samples(&self, samples: impl Iterator<Item = (u32, i64, f64)>) -> Applied {
        let mut applied = Applied::default();
        let mut writer = Writer { head: self, held: None };
        for (series, time, value) in samples {
            let (shard, place) = writer.shard(series);
            applied.grow(shard.push(place, time, value));
            applied.rows += 1;
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

    /// The numbers of the series that match and may have samples in the range, in label order.
    pub(crate) fn select(&self, conditions: &Conditions, range: TimeRange) -> Vec<u32> {
        let index = self.index();
        let mut found: Vec<u32> = index.select(conditions).iter().collect();
        let mut reader = Reader { head: self, held: None };
        found.retain(|series| {
            let (shard, place) = reader.shard(*series);
            shard.overlaps(place, range)
        });
        drop(reader);
        match self.ranks(&index, found.len()) {
            // So many that putting each in its place is less than to sort.
            Some(ranks) if found.len() * 16 >= ranks.len() => {
                let mut places = vec![UNKNOWN; ranks.len()];
                found.iter().for_each(|series| places[ranks[*series as usize] as usize] = *series);
                found.clear();
                found.extend(places.into_iter().filter(|series| *series != UNKNOWN));
            }
            Some(ranks) => found.sort_unstable_by_key(|series| ranks[*series as usize]),
            None => found.sort_unstable_by(|a, b| index.compare(*a, *b)),
        }
        found
    }

    /// Whether one of these series has more than float samples in order.
    pub(crate) fn any_extras(&self, series: &[u32]) -> bool {
        let mut reader = Reader { head: self, held: None };
        series.iter().any(|series| {
            let (shard, place) = reader.shard(*series);
            shard.has_extras(place)
        })
    }

    /// Calls `found` with the names of labels, or the values of one, of the series that match and may have samples in the
    /// range.
    pub(crate) fn texts(
        &self,
        wanted: &Texts,
        (conditions, range): (&Conditions, TimeRange),
        mut found: impl FnMut(&str),
    ) {
        let index = self.index();
        let selected = index.select(conditions);
        let mut reader = Reader { head: self, held: None };
        let mut counts = |series: u32| {
            selected.contains(series) && {
                let (shard, place) = reader.shard(series);
                shard.overlaps(place, range)
            }
        };
        match wanted {
            Texts::Values(name) => {
                for pair in index.symbols().named(name) {
                    if index.series_of(*pair).any(&mut counts) {
                        found(std::str::from_utf8(index.symbols().value(*pair)).unwrap_or(""));
                    }
                }
            }
            Texts::Names => {
                for (name, pairs) in index.symbols().names() {
                    if pairs.iter().any(|pair| index.series_of(*pair).any(&mut counts)) {
                        found(name);
                    }
                }
            }
        }
    }

    /// Places in label order, when they are worth their price for so many series.
    fn ranks(&self, index: &HeadIndex, wanted: usize) -> Option<Arc<[u32]>> {
        let mut ranks = self.ranks.lock().unwrap_or_else(PoisonError::into_inner);
        if ranks.places.len() != index.len() {
            // To rank all costs about as much as to sort a sixteenth of them by their labels.
            ranks.sorted += wanted;
            if ranks.sorted * 16 < index.len() {
                return None;
            }
            *ranks = Ranks { places: index.ranks().into(), sorted: 0 };
        }
        Some(Arc::clone(&ranks.places))
    }

    /// Appends the canonical label bytes of a series.
    pub(crate) fn labels_into(&self, series: u32, out: &mut Vec<u8>) {
        self.index().labels_into(series, out);
    }

    /// Makes `key` that of a series.
    pub(crate) fn key_into(&self, series: u32, key: &mut Key) {
        let index = self.index();
        key.become_of(index.pairs(series), |pair| index.symbols().pair(pair));
    }

    /// Appends the samples of a series in the range to `out`; times may repeat and fall back, the later one holds.
    pub(crate) fn read(&self, series: u32, range: TimeRange, out: &mut Series) {
        let (shard, place) = place(series);
        self.shards[shard].read().unwrap_or_else(PoisonError::into_inner).read(place, range, out);
    }

    /// The newest sample of a series of nothing but floats in order.
    pub(crate) fn newest(&self, series: u32) -> Option<(i64, f64)> {
        let (shard, place) = place(series);
        self.shards[shard].read().unwrap_or_else(PoisonError::into_inner).newest(place)
    }

    /// Blocks of samples.
    pub(crate) fn blocks(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).blocks()).sum()
    }

    /// The exemplars of a series in the range, in order of arrival.
    pub(crate) fn exemplars(&self, series: u32, range: TimeRange) -> Vec<Exemplar> {
        let (shard, place) = place(series);
        self.shards[shard].read().unwrap_or_else(PoisonError::into_inner).exemplars(place, range)
    }

    /// Time of the earliest float sample; the greatest time where there is none.
    pub(crate) fn earliest(&self) -> i64 {
        let of = |shard: &RwLock<Shard>| shard.read().unwrap_or_else(PoisonError::into_inner).earliest();
        self.shards.iter().map(of).min().unwrap_or(i64::MAX)
    }

    /// Calls `found` with each exemplar and its series.
    pub(crate) fn each_exemplar(&self, mut found: impl FnMut(u32, &Exemplar)) {
        for (number, shard) in self.shards.iter().enumerate() {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            shard.each_exemplar().for_each(|(place, exemplar)| found(series_at(number, place), exemplar));
        }
    }

    /// Calls `visit` with each series that matches and may have samples in the range, in label order.
    pub(crate) fn visit<E>(
        &self,
        conditions: &Conditions,
        range: TimeRange,
        mut visit: impl FnMut(&HeadSeries<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut bytes = Vec::new();
        for series in self.select(conditions, range) {
            bytes.clear();
            self.labels_into(series, &mut bytes);
            let labels = Labels::from_bytes(&bytes).unwrap_or_default();
            visit(&HeadSeries { labels, series, head: self })?;
        }
        Ok(())
    }
}

/// Whether all rows are float samples and nothing else.
pub(crate) fn is_plain(view: &MetricsView<'_>) -> bool {
    let empty = |column: &dyn arrow_array::Array| column.null_count() == column.len();
    view.values.null_count() == 0
        && empty(view.starts)
        && empty(view.exemplar_values)
        && empty(view.histograms)
        && empty(view.types)
}

/// Writes series after series, keeping the lock of a shard while neighbours are in it.
struct Writer<'a> {
    head: &'a MetricsHead,
    held: Option<(usize, RwLockWriteGuard<'a, Shard>)>,
}

impl Writer<'_> {
    #[inline]
    fn shard(&mut self, series: u32) -> (&mut Shard, u32) {
        let (shard, place) = place(series);
        if self.held.as_ref().is_none_or(|(held, _)| *held != shard) {
            self.held = None;
            let lock = self.head.shards[shard].write().unwrap_or_else(PoisonError::into_inner);
            self.held = Some((shard, lock));
        }
        let (_, held) = self.held.as_mut().expect("locked above");
        held.reserve(place);
        (held, place)
    }
}

/// Reads series after series, keeping the lock of a shard while neighbours are in it.
struct Reader<'a> {
    head: &'a MetricsHead,
    held: Option<(usize, RwLockReadGuard<'a, Shard>)>,
}

impl Reader<'_> {
    fn shard(&mut self, series: u32) -> (&Shard, u32) {
        let (shard, place) = place(series);
        if self.held.as_ref().is_none_or(|(held, _)| *held != shard) {
            self.held = None;
            let lock = self.head.shards[shard].read().unwrap_or_else(PoisonError::into_inner);
            self.held = Some((shard, lock));
        }
        let (_, held) = self.held.as_ref().expect("locked above");
        (held, place)
    }
}

fn refuse(refused: &mut Refusals, rows: u64, full: &Full, limits: SeriesLimits) {
    let SeriesLimits { all, metric } = limits;
    match full {
        Full::All => refused.add("too_many_series", rows, || {
            format!("the tenant may have no more than {all} series, drop labels or raise limits.active_series")
        }),
        Full::Metric(name) => refused.add("too_many_series_of_metric", rows, || {
            format!(
                "metric {name:?} may have no more than {metric} series, drop labels or raise limits.series_per_metric; \
                 other metrics are kept"
            )
        }),
        Full::Malformed => refused.add("malformed_labels", rows, || "label set does not decode".to_owned()),
    }
}

fn push_row(shard: &mut Shard, series: u32, view: &MetricsView<'_>, row: usize, applied: &mut Applied) {
    let time = view.times[row];
    let extra = |bytes: usize| Grown { held: bytes, fresh: bytes };
    if view.values.is_valid(row) {
        applied.grow(shard.push(series, time, view.values.value(row)));
    } else if view.histograms.is_valid(row)
        && let Some(histogram) = Histogram::decode(view.histograms.value(row))
    {
        applied.grow(extra(shard.push_histogram(series, time, histogram)));
    }
    if view.starts.is_valid(row) {
        applied.grow(extra(shard.push_start(series, time, view.starts.value(row))));
    } else if view.values.is_valid(row) || view.histograms.is_valid(row) {
        applied.grow(extra(shard.forget_start(series, time)));
    }
    if let Some(exemplar) = exemplar_of(view, row) {
        applied.grow(extra(shard.push_exemplar(series, exemplar)));
    }
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
