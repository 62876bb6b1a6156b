//! A stream of metric series in label order: heads and parts merged by label and time, samples decoded into one buffer
//! that is used again for every series, labels as bytes that nobody has to own.

use gw_base::TimeRange;

use super::source::Source;
use crate::head::series::settle;
use crate::{Series, StoreError};

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
    key: Vec<u8>,
    samples: Series,
    limit: usize,
    read: usize,
    parts: usize,
}

impl SeriesCursor {
    /// A cursor over sources, the one that was written first in front.
    pub(super) fn new(sources: Vec<Source>, range: TimeRange, limit: usize) -> Self {
        let parts = sources.iter().filter(|source| source.is_part()).count();
        Self { sources, range, key: Vec::new(), samples: Series::default(), limit, read: 0, parts }
    }

    /// Moves to the next series that has samples in the range.
    ///
    /// # Errors
    /// A passed budget.
    pub fn advance(&mut self) -> Result<Step, StoreError> {
        while self.find() {
            let next = |source: &&Source| source.key() == Some(&self.key);
            if !self.sources.iter().filter(next).all(Source::is_loaded) {
                return Ok(Step::Load);
            }
            clear(&mut self.samples);
            for source in &mut self.sources {
                if source.key() == Some(&self.key) {
                    source.take(self.range, &mut self.samples);
                }
            }
            // One head may have samples out of order, several sources the same sample twice.
            settle(&mut self.samples);
            let samples = self.samples.times.len() + self.samples.histogram_times.len();
            self.read += samples;
            if self.read > self.limit {
                return Err(StoreError::TooManyRows { limit: self.limit });
            }
            if samples > 0 {
                return Ok(Step::Series);
            }
        }
        Ok(Step::End)
    }

    /// Reads what [`Self::advance`] asks for.
    ///
    /// # Errors
    /// A failed read. A damaged part is left out, and set aside.
    pub async fn load(&mut self) -> Result<(), StoreError> {
        for source in &mut self.sources {
            if source.key() == Some(&self.key) && !source.is_loaded() {
                source.load().await?;
            }
        }
        Ok(())
    }

    /// Moves to the next series without reading its samples: it may have none in the range.
    pub fn advance_unread(&mut self) -> bool {
        let found = self.find();
        clear(&mut self.samples);
        for source in &mut self.sources {
            if found && source.key() == Some(&self.key) {
                source.skip();
            }
        }
        found
    }

    /// Finds the least label set of all sources.
    fn find(&mut self) -> bool {
        self.key.clear();
        let least = match &self.sources[..] {
            [only] => only.key(),
            several => several.iter().filter_map(Source::key).min(),
        };
        let Some(least) = least else { return false };
        self.key.extend_from_slice(least);
        true
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

fn clear(samples: &mut Series) {
    samples.times.clear();
    samples.values.clear();
    samples.histogram_times.clear();
    samples.histograms.clear();
    samples.starts.clear();
}
