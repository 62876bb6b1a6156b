//! What can be said of log lines without reading them: how many of which severity, in short runs, and which names their
//! structured metadata has. Counting lines over time needs no more, so it need not touch a data page.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt8Type;
use arrow_array::{Array as _, RecordBatch};
use gw_base::Labels;
use gw_base::labels::Iter;

use super::index::{BLOCK_ROWS, put, take, take_bounds};
use crate::head::rows::time_column;

/// A pause that ends a run, so that one late line does not stretch it over hours.
pub(crate) const PAUSE: i64 = 60_000_000_000;
/// Names after which a list gives up; nobody asks for so many.
const MAX_NAMES: usize = 1024;
/// The severity of a line that says none.
const NONE: u8 = 0;

/// Lines of one stream that follow each other.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// How many.
    pub(crate) rows: u32,
    /// Earliest time.
    pub(crate) min: i64,
    /// Latest time.
    pub(crate) max: i64,
    /// (severity, lines), zero for lines without one.
    severities: Vec<(u8, u32)>,
}

impl Tally {
    /// Lines by severity.
    pub(crate) fn severities(&self) -> impl Iterator<Item = (Option<u8>, u32)> {
        self.severities.iter().map(|(severity, rows)| ((*severity != NONE).then_some(*severity), *rows))
    }

    fn add(&mut self, time: i64, severity: u8) {
        if self.rows == 0 {
            (self.min, self.max) = (time, time);
        }
        (self.min, self.max) = (self.min.min(time), self.max.max(time));
        self.rows += 1;
        match self.severities.iter_mut().find(|(known, _)| *known == severity) {
            Some((_, rows)) => *rows += 1,
            None => self.severities.push((severity, 1)),
        }
    }
}

/// The runs of a part in row order, and the names of structured metadata.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tallies {
    runs: Vec<Tally>,
    /// Row at which the next run begins at the latest.
    rows: usize,
    names: Names,
}

impl Tallies {
    /// Notes log lines that follow in row order; `runs` says how many of them belong to which stream.
    pub(crate) fn push(&mut self, records: &RecordBatch, runs: &[(Labels, usize)], goes_on: bool) {
        let (times, severities) = (time_column(records), records.column(4).as_primitive::<UInt8Type>());
        let mut row = 0;
        for (at, (_, rows)) in runs.iter().enumerate() {
            let mut fresh = at > 0 || !goes_on;
            for (row, time) in (row..).zip(&times[row..row + rows]) {
                let severity = if severities.is_valid(row) { severities.value(row) } else { NONE };
                let last = self.runs.last().map_or(i64::MIN, |run| run.max);
                if fresh || self.rows.is_multiple_of(BLOCK_ROWS) || time.saturating_sub(last) > PAUSE {
                    self.runs.push(Tally::default());
                    fresh = false;
                }
                if let Some(run) = self.runs.last_mut() {
                    run.add(*time, severity);
                }
                self.rows += 1;
            }
            row += rows;
        }
        self.names.note(records);
    }

    /// The runs in row order. Each lies within one stream and one block.
    pub(crate) fn runs(&self) -> &[Tally] {
        &self.runs
    }

    /// The names of structured metadata.
    pub(crate) const fn names(&self) -> &Names {
        &self.names
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.runs.iter().map(|run| size_of::<Tally>() + 8 * run.severities.len()).sum::<usize>() + self.names.bytes()
    }

    pub(super) fn encode(&self, raw: &mut Vec<u8>) {
        put(raw, self.runs.len() as u64);
        for run in &self.runs {
            raw.extend_from_slice(&run.min.to_le_bytes());
            put(raw, run.max.wrapping_sub(run.min) as u64);
            put(raw, run.severities.len() as u64);
            for (severity, rows) in &run.severities {
                raw.push(*severity);
                put(raw, u64::from(*rows));
            }
        }
        put(raw, u64::from(self.names.many));
        put(raw, self.names.names.len() as u64);
        for name in &self.names.names {
            put(raw, name.len() as u64);
            raw.extend_from_slice(name.as_bytes());
        }
    }

    pub(super) fn parse(rest: &mut &[u8]) -> Option<Self> {
        let mut tallies = Self::default();
        for _ in 0..take(rest)? {
            let (min, max) = take_bounds(rest)?;
            let mut run = Tally { min, max, ..Tally::default() };
            for _ in 0..take(rest)? {
                let (severity, tail) = rest.split_first()?;
                *rest = tail;
                let rows = u32::try_from(take(rest)?).ok()?;
                run.rows = run.rows.checked_add(rows)?;
                run.severities.push((*severity, rows));
            }
            tallies.rows += run.rows as usize;
            tallies.runs.push(run);
        }
        tallies.names.many = take(rest)? != 0;
        for _ in 0..take(rest)? {
            let length = usize::try_from(take(rest)?).ok()?;
            let (name, tail) = rest.split_at_checked(length)?;
            *rest = tail;
            tallies.names.names.insert(std::str::from_utf8(name).ok()?.to_owned());
        }
        Some(tallies)
    }
}

/// Names of structured metadata.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    names: BTreeSet<String>,
    /// There are more than the list holds.
    many: bool,
}

impl Names {
    /// Adds those of a batch of log lines.
    pub(crate) fn note(&mut self, records: &RecordBatch) {
        let metadata = records.column(7).as_binary::<i32>();
        if metadata.null_count() == metadata.len() {
            return;
        }
        for pairs in metadata.iter().flatten() {
            for (name, _) in Iter::over(pairs) {
                if self.names.contains(name) {
                    continue;
                }
                self.many |= self.names.len() == MAX_NAMES;
                if !self.many {
                    self.names.insert(name.to_owned());
                }
            }
        }
    }

    /// Whether labels of these names come from the stream or the severity alone; `None` means all labels.
    pub(crate) fn spare(&self, wanted: Option<&[String]>) -> bool {
        match wanted {
            None => self.names.is_empty() && !self.many,
            // A name that a stream has already is set aside under a longer one.
            Some(wanted) => {
                !self.many
                    && wanted.iter().all(|name| {
                        let plain = name.strip_suffix("_extracted").unwrap_or(name);
                        !self.names.contains(name) && !self.names.contains(plain)
                    })
            }
        }
    }

    fn bytes(&self) -> usize {
        self.names.iter().map(|name| name.len() + 48).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gw_base::{Tenant, Timestamp};
    use gw_batch::{LogRow, LogsBuilder};

    fn lines(times: &[i64]) -> RecordBatch {
        let mut builder = LogsBuilder::default();
        let stream = builder.stream(&Labels::from_pairs([("job", "a")]));
        let metadata = Labels::from_pairs([("pod", "p-1")]);
        for time in times {
            let severity = (*time % 3 == 0).then_some(17);
            let time = Timestamp::from_nanos(*time);
            builder.push(stream, &LogRow { time, line: "x", severity, metadata: Some(&metadata), ..LogRow::default() });
        }
        builder.finish(Tenant::default()).records().clone()
    }

    #[test]
    fn runs_end_at_streams_blocks_and_pauses() {
        let mut tallies = Tallies::default();
        let stream = |name: &str, rows| (Labels::from_pairs([("job", name)]), rows);
        let times: Vec<i64> = (0..3000).collect();
        tallies.push(&lines(&times), &[stream("a", 100), stream("b", 2900)], false);
        tallies.push(&lines(&[3000, 3001 + PAUSE]), &[stream("b", 2)], true);
        let rows: Vec<u32> = tallies.runs().iter().map(|run| run.rows).collect();
        assert_eq!(rows, [100, BLOCK_ROWS as u32 - 100, 3001 - BLOCK_ROWS as u32, 1]);
        assert_eq!(tallies.runs()[0].severities().collect::<Vec<_>>(), [(Some(17), 34), (None, 66)]);
        assert_eq!((tallies.runs()[1].min, tallies.runs()[1].max), (100, BLOCK_ROWS as i64 - 1));

        assert!(tallies.names().spare(Some(&["job".to_owned()])));
        assert!(!tallies.names().spare(Some(&["pod".to_owned()])) && !tallies.names().spare(None));
        assert!(!tallies.names().spare(Some(&["pod_extracted".to_owned()])));

        let mut raw = Vec::new();
        tallies.encode(&mut raw);
        assert_eq!(Tallies::parse(&mut raw.as_slice()).unwrap(), tallies);
        for cut in 0..raw.len() {
            assert!(Tallies::parse(&mut &raw[..cut]).is_none());
        }
    }
}
