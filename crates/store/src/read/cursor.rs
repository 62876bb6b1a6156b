//! A stream of metric series in label order: heads and parts merged by label and time, samples decoded into one buffer
//! that is used again for every series, labels as bytes that nobody has to own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gw_base::{TimeRange, Timestamp};
use gw_batch::rollup::{Exact, Rollup, roll_up};

use super::source::Source;
use crate::head::series::settle;
use crate::rollups::Reach;
use crate::{Selection, Series, StoreError};

/// What a cursor came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A series.
    Series,
    /// Pages that are not in memory: [`SeriesCursor::load`] is to be called.
    Load,
    /// The end.
    End,
}

/// Series of one selection, one after the other. It decodes where it is called, so it belongs off the reactor.
#[derive(Debug)]
pub struct SeriesCursor {
    sources: Vec<Source>,
    range: TimeRange,
    /// Whether the newest sample of a series is enough.
    newest: bool,
    key: Vec<u8>,
    /// The sources that have the series of this key.
    having: Vec<usize>,
    samples: Series,
    stand: Stand,
    /// Of the series of this key rollups have been read, and its samples are wanted all the same.
    is_partial: bool,
    /// Up to here the rollups of the series stand for its samples.
    boundary: i64,
    rollups: Vec<Rollup>,
    budget: Arc<Budget>,
    read: usize,
    /// Of them, those that the budget does not know yet.
    unsettled: usize,
    parts: usize,
}

/// How rollups stand for samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// There are none.
    Samples,
    /// As the last sample of each interval.
    Lasts,
    /// As whole intervals of a length.
    Whole(i64, Exact, Reach),
}

/// Samples that may be read, and have been, by all cursors of one selection.
#[derive(Debug)]
struct Budget {
    limit: usize,
    read: AtomicUsize,
}

/// Samples read between two looks at the budget.
const SETTLE_EVERY: usize = 1 << 12;

impl SeriesCursor {
    /// A cursor over sources, the one that was written first in front.
    pub(super) fn new(sources: Vec<Source>, selection: &Selection, stand: Stand) -> Self {
        let parts = sources.iter().filter(|source| source.is_part()).count();
        Self {
            sources,
            range: selection.range,
            newest: selection.newest,
            key: Vec::new(),
            having: Vec::new(),
            samples: Series::default(),
            stand,
            is_partial: false,
            boundary: i64::MIN,
            rollups: Vec::new(),
            budget: Arc::new(Budget { limit: selection.max_rows, read: AtomicUsize::new(0) }),
            read: 0,
            unsettled: 0,
            parts,
        }
    }

    /// Cuts what is to be read into so many cursors or fewer, each of about as many series, which follow each other in label
    /// order. Nothing has been read yet. The budget is that of all together.
    #[must_use]
    pub fn split(mut self, pieces: usize) -> Vec<Self> {
        let mut behind = Vec::new();
        for piece in (1..pieces).rev() {
            // The source of most series says where to cut.
            let Some(most) = self.sources.iter().max_by_key(|source| source.left()) else { break };
            let mut labels = Vec::new();
            most.labels_at(most.left() * piece / (piece + 1), &mut labels);
            let sources = self.sources.iter_mut().map(|source| source.split_off(&labels)).collect();
            behind.push(Self {
                sources,
                key: Vec::new(),
                having: Vec::new(),
                samples: Series::default(),
                rollups: Vec::new(),
                budget: Arc::clone(&self.budget),
                ..self
            });
        }
        behind.push(self);
        behind.reverse();
        behind
    }

    /// Whether a series may have more than float samples.
    #[must_use]
    pub fn any_extras(&self) -> bool {
        self.sources.iter().any(Source::any_extras)
    }

    /// Moves to the next series that has samples in the range.
    ///
    /// # Errors
    /// A passed budget.
    pub fn advance(&mut self) -> Result<Step, StoreError> {
        while self.is_partial || self.find() {
            let gathered = match self.stand {
                Stand::Samples | Stand::Lasts => self.gather(),
                Stand::Whole(length, exact, reach) => self.gather_whole(length, exact, reach),
            };
            if !gathered {
                return Ok(Step::Load);
            }
            let Series { times, histogram_times, rollups, .. } = &self.samples;
            let samples = times.len() + histogram_times.len() + rollups.len();
            self.read += samples;
            self.unsettled += samples;
            if self.unsettled >= SETTLE_EVERY {
                self.settle_budget()?;
            }
            if samples > 0 {
                return Ok(Step::Series);
            }
        }
        self.settle_budget()?;
        Ok(Step::End)
    }

    /// Reads the series of the key; `false` where some of it is not in memory.
    fn gather(&mut self) -> bool {
        // The end of an interval is the time of no sample.
        let newest = self.newest && self.stand == Stand::Samples && self.leave_newest();
        if !self.having.iter().all(|at| self.sources[*at].is_loaded()) {
            return false;
        }
        clear(&mut self.samples);
        for at in &self.having {
            self.sources[*at].take(self.range, newest, &mut self.samples);
        }
        let Self { samples, range, .. } = self;
        for rollup in std::mem::take(&mut samples.rollups) {
            if range.contains(Timestamp::from_nanos(rollup.last_time)) {
                samples.times.push(rollup.last_time);
                samples.values.push(rollup.last);
            }
        }
        // One head may have samples out of order, several sources the same sample twice.
        settle(samples);
        true
    }

    /// Reads the rollups of the series of the key and the samples behind them; then, where rollups would not give the same
    /// answer, the samples that they stand for as far as these are there. `false` where some of it is not in memory.
    fn gather_whole(&mut self, length: i64, exact: Exact, reach: Reach) -> bool {
        if !(0..self.having.len()).all(|place| !self.is_wanted(place) || self.sources[self.having[place]].is_loaded()) {
            return false;
        }
        if !self.is_partial {
            clear(&mut self.samples);
            let is_first = |source: &Source| source.is_rollup() || source.reaches_beyond(reach.until);
            let mut has_more = false;
            for at in &self.having {
                let source = &mut self.sources[*at];
                has_more |= source.next_has_extras();
                if is_first(source) {
                    source.take(self.range, false, &mut self.samples);
                }
            }
            settle(&mut self.samples);
            self.boundary = reach.until;
            let taken: Vec<bool> = self.having.iter().map(|at| is_first(&self.sources[*at])).collect();
            if !has_more && self.is_exact(length, exact, reach) {
                for (at, _) in self.having.iter().zip(&taken).filter(|(_, taken)| !**taken) {
                    self.sources[*at].skip();
                }
                cut(&mut self.samples, reach.until);
                return true;
            }
            let mut taken = taken.into_iter();
            self.having.retain(|_| !taken.next().unwrap_or(false));
            self.is_partial = true;
            return self.gather_whole(length, exact, reach);
        }
        self.is_partial = false;
        for at in &self.having {
            self.sources[*at].take(self.range, false, &mut self.samples);
        }
        settle(&mut self.samples);
        let kept = self.samples.rollups.partition_point(|rollup| rollup.end <= reach.gone);
        self.samples.rollups.truncate(kept);
        self.boundary = if kept > 0 { reach.gone } else { i64::MIN };
        cut(&mut self.samples, self.boundary);
        true
    }

    /// Whether rollups give the answer that samples would give, as far as these are there.
    fn is_exact(&mut self, length: i64, exact: Exact, reach: Reach) -> bool {
        let Self { samples, rollups, .. } = self;
        // Of histograms and of start times of counters rollups know nothing.
        let has_more = !samples.histogram_times.is_empty() || !samples.starts.is_empty();
        if has_more || samples.rollups.is_empty() {
            return false;
        }
        rollups.clear();
        rollups.extend(samples.rollups.iter().filter(|rollup| rollup.end > reach.gone).copied());
        let behind = samples.times.partition_point(|time| *time <= reach.until);
        roll_up((&samples.times[behind..], &samples.values[behind..]), length, rollups);
        exact.holds(rollups)
    }

    /// Whether one of the sources that have the series is read now.
    fn is_wanted(&self, place: usize) -> bool {
        let source = &self.sources[self.having[place]];
        match self.stand {
            Stand::Whole(_, _, reach) if !self.is_partial => source.is_rollup() || source.reaches_beyond(reach.until),
            _ => true,
        }
    }

    fn settle_budget(&mut self) -> Result<(), StoreError> {
        let Budget { limit, read } = &*self.budget;
        let fresh = std::mem::take(&mut self.unsettled);
        if read.fetch_add(fresh, Ordering::Relaxed) + fresh > *limit {
            return Err(StoreError::TooManyRows { limit: *limit });
        }
        Ok(())
    }

    /// Reads what [`Self::advance`] asks for.
    ///
    /// # Errors
    /// A failed read. A damaged part is left out, and set aside.
    pub async fn load(&mut self) -> Result<(), StoreError> {
        for place in 0..self.having.len() {
            let is_wanted = self.is_wanted(place);
            let source = &mut self.sources[self.having[place]];
            if is_wanted && !source.is_loaded() {
                source.load().await?;
            }
        }
        Ok(())
    }

    /// Moves to the next series without reading its samples: it may have none in the range.
    pub fn advance_unread(&mut self) -> bool {
        let found = self.find();
        clear(&mut self.samples);
        for at in &self.having {
            self.sources[*at].skip();
        }
        found
    }

    /// Leaves the source that has the newest sample, if that can be told without reading: then the others need not be read.
    fn leave_newest(&mut self) -> bool {
        let (end, sources) = (self.range.end.nanos(), &self.sources);
        let newest = |at: usize| sources[at].newest().filter(|time| *time <= end);
        if !self.having.iter().all(|at| newest(*at).is_some()) {
            return false;
        }
        // Of equal times the sample written last holds.
        let Some(kept) = self.having.iter().copied().max_by_key(|at| newest(*at)) else { return false };
        self.having.iter().filter(|at| **at != kept).for_each(|at| self.sources[*at].skip());
        self.having.clear();
        self.having.push(kept);
        true
    }

    /// Finds the least label set of all sources, and who has it.
    fn find(&mut self) -> bool {
        self.having.clear();
        let mut least: &[u8] = &[];
        for (at, source) in self.sources.iter().enumerate() {
            let Some(key) = source.key() else { continue };
            if self.having.is_empty() || key < least {
                self.having.clear();
                least = key;
            } else if key != least {
                continue;
            }
            self.having.push(at);
        }
        self.key.clear();
        self.key.extend_from_slice(least);
        !self.having.is_empty()
    }

    /// The canonical label bytes of the series.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.key
    }

    /// Its samples in the range: times rise, one sample a time. The labels are not filled in.
    #[must_use]
    pub const fn samples(&self) -> &Series {
        &self.samples
    }

    /// Up to here the rollups of the series, if it has any, stand for its samples.
    #[must_use]
    pub const fn boundary(&self) -> i64 {
        self.boundary
    }

    /// Samples read so far.
    #[must_use]
    pub const fn samples_read(&self) -> usize {
        self.read
    }

    /// Parts that have series of the selection.
    #[must_use]
    pub const fn parts(&self) -> usize {
        self.parts
    }

    /// Series at most: those of several sources count once for each.
    #[must_use]
    pub fn most_series(&self) -> usize {
        self.sources.iter().map(Source::left).sum()
    }
}

/// Empties the lists; the labels are not filled in.
fn clear(samples: &mut Series) {
    samples.times.clear();
    samples.values.clear();
    samples.histogram_times.clear();
    samples.histograms.clear();
    samples.starts.clear();
    samples.rollups.clear();
}

/// Drops float samples up to a time.
fn cut(samples: &mut Series, until: i64) {
    let behind = samples.times.partition_point(|time| *time <= until);
    samples.times.drain(..behind);
    samples.values.drain(..behind);
}
