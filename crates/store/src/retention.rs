//! What retention lets go: whole parts by age, by size and by what is left on the disk, single series by rule.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gw_base::time::nanos_of;
use gw_base::{Matcher, Signal, TimeRange, Timestamp};

use crate::erase::Tombstone;
use crate::matching::Conditions;
use crate::part::PartMeta;
use crate::state::State;
use crate::{StoreError, read};

/// Parts with rows younger than this are not given up for free space: it may be someone else who fills the disk.
const TOO_YOUNG_TO_FREE: Duration = Duration::from_hours(24);

/// How long after a day its rollups are made, and how much of the age of samples has to be left then.
const ROLLUP_DELAY: Duration = Duration::from_hours(24);
const LONGEST_ROLL: Duration = Duration::from_hours(36);

/// How long data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Rows older than this are dropped, part by part.
    pub age: Duration,
    /// Parts may take this many bytes in all; the oldest go first. `None` is no bound.
    pub bytes: Option<u64>,
    /// What is to stay free on the disk; the oldest parts go first, those of the last day stay. `None` is no bound.
    pub free: Option<KeepFree>,
    /// Metric series that are kept for less or for more than `age`. The first rule that matches a series holds.
    pub rules: Vec<RetentionRule>,
    /// Rollups of metrics that are made, and how long they are kept.
    pub rollups: Vec<RollupAge>,
}

/// How long rollups over intervals of one length are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollupAge {
    /// Length of the intervals, by which a day can be divided.
    pub length: Duration,
    /// Rollups older than this are dropped, part by part.
    pub age: Duration,
}

/// A part of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepFree {
    /// So many bytes.
    Bytes(u64),
    /// So many hundredths of all.
    Percent(u8),
}

/// How long some metric series are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRule {
    /// Conditions that must all hold on the labels of a series.
    pub matchers: Vec<Matcher>,
    /// Its samples leave once the whole part that they are in is older than this.
    pub age: Duration,
}

impl RetentionRule {
    /// Whether these can be the matchers of a rule.
    ///
    /// # Errors
    /// A bad pattern.
    pub fn check(matchers: &[Matcher]) -> Result<(), StoreError> {
        Conditions::compile(matchers).map(drop)
    }
}

impl Default for Retention {
    /// Fifteen days, as Prometheus keeps by default, and no bound on size.
    fn default() -> Self {
        Self { age: Duration::from_hours(15 * 24), bytes: None, free: None, rules: Vec::new(), rollups: Vec::new() }
    }
}

/// The disk that the store is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    /// Its size.
    pub(crate) total: u64,
    /// What of it can still be written.
    pub(crate) available: u64,
}

impl Space {
    /// Of the disk that holds a folder.
    pub(crate) fn of(dir: &Path) -> Result<Self, StoreError> {
        let disk = rustix::fs::statvfs(dir)
            .map_err(|error| StoreError::disk("ask for free space of", dir.display().to_string(), error))?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Ok(Self { total: bytes(disk.f_blocks), available: bytes(disk.f_bavail) })
    }
}

impl Retention {
    /// The parts that go as a whole: those older than any age that may hold for their rows, then the oldest beyond the bytes
    /// that may be taken, then as many of the oldest as the disk lacks.
    pub(crate) fn parts(
        &self,
        mut parts: Vec<Arc<PartMeta>>,
        now: Timestamp,
        space: Option<Space>,
    ) -> Vec<Arc<PartMeta>> {
        parts.sort_by_key(|part| std::cmp::Reverse(part.max));
        let mut kept_bytes = 0u64;
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for part in parts {
            kept_bytes += part.total_bytes();
            let is_over = self.bytes.is_some_and(|limit| kept_bytes > limit);
            if is_over || is_older(&part, self.longest(&part), now) { gone.push(part) } else { kept.push(part) }
        }
        let mut lacking = space.map_or(0, |space| self.lacking(space));
        lacking = lacking.saturating_sub(gone.iter().map(|part| part.total_bytes()).sum());
        while lacking > 0
            && let Some(oldest) = kept.pop().filter(|part| is_older(part, TOO_YOUNG_TO_FREE, now))
        {
            lacking = lacking.saturating_sub(oldest.total_bytes());
            gone.push(oldest);
        }
        gone
    }

    /// The longest that some rows of a part may stay.
    fn longest(&self, part: &PartMeta) -> Duration {
        let rules = self.rules.iter().filter(|_| part.signal == Signal::Metrics.as_str());
        rules.map(|rule| rule.age).fold(self.age_of(part), Duration::max)
    }

    /// How long rows of a part stay that no rule names. Rollups that are not made any more go.
    fn age_of(&self, part: &PartMeta) -> Duration {
        if !part.is_rollup() {
            return self.age;
        }
        let own = self.rollups.iter().find(|rollup| nanos_of(rollup.length) == part.rollup);
        own.map_or(Duration::ZERO, |rollup| rollup.age)
    }

    /// How long after a day its rollups are made: late, because samples come late, but before retention takes them.
    pub(crate) fn rollup_delay(&self) -> Duration {
        self.age.saturating_sub(LONGEST_ROLL).min(ROLLUP_DELAY)
    }

    /// Bytes that should be free and are not.
    fn lacking(&self, space: Space) -> u64 {
        let wanted = match self.free {
            None => 0,
            Some(KeepFree::Bytes(bytes)) => bytes,
            Some(KeepFree::Percent(percent)) => (u128::from(space.total) * u128::from(percent) / 100) as u64,
        };
        wanted.saturating_sub(space.available)
    }

    /// Which ages a part has passed, those of the rules and the one that holds for the other series: when it changes, series
    /// may have to go.
    pub(crate) fn passed(&self, part: &PartMeta, now: Timestamp) -> usize {
        self.ages(part).filter(|age| is_older(part, *age, now)).count()
    }

    fn ages(&self, part: &PartMeta) -> impl Iterator<Item = Duration> {
        self.rules.iter().map(|rule| rule.age).chain([self.age_of(part)])
    }

    /// The deletions that rules call for in a part of metrics.
    pub(crate) async fn series(
        &self,
        state: &State,
        part: &Arc<PartMeta>,
        now: Timestamp,
    ) -> Result<Vec<Arc<Tombstone>>, StoreError> {
        if self.passed(part, now) == 0 {
            return Ok(Vec::new());
        }
        let Some(opened) = read::open(state, part).await? else { return Ok(Vec::new()) };
        // Whoever no rule matches falls under one that matches all.
        let matchers = self.rules.iter().map(|rule| rule.matchers.as_slice()).chain([&[][..]]);
        let (mut before, mut found) = (Vec::new(), Vec::new());
        for (matchers, age) in matchers.zip(self.ages(part)) {
            let conditions = Arc::new(Conditions::compile(matchers)?);
            if is_older(part, age, now) {
                let tombstone = Tombstone::of_part(part, &conditions, &before);
                let mut labels = Vec::new();
                let mut hits = opened.series().select(&conditions, TimeRange::ALL).into_iter();
                let is_hit = hits.any(|series| {
                    labels.clear();
                    opened.series().labels_into(series, &mut labels);
                    tombstone.accepts(&labels)
                });
                found.extend(is_hit.then(|| Arc::new(tombstone)));
            }
            before.push(conditions);
        }
        Ok(found)
    }
}

fn is_older(part: &PartMeta, age: Duration, now: Timestamp) -> bool {
    part.max < now.offset(-nanos_of(age)).nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str, max: i64, bytes: u64) -> Arc<PartMeta> {
        Arc::new(PartMeta {
            id: id.to_owned(),
            tenant: "default".to_owned(),
            signal: "metrics".to_owned(),
            rows: 1,
            max,
            bytes,
            ..PartMeta::default()
        })
    }

    fn names(retention: &Retention, space: Option<Space>) -> Vec<String> {
        let hour = 3_600_000_000_000;
        let parts = vec![part("a", 10 * hour, 5), part("b", 20 * hour, 5), part("c", 30 * hour, 5)];
        let gone = retention.parts(parts, Timestamp::from_nanos(46 * hour), space);
        gone.iter().map(|part| part.id.clone()).collect()
    }

    #[test]
    fn the_old_go_by_age_and_the_oldest_by_size() {
        let hours = Duration::from_hours;
        assert_eq!(names(&Retention { age: hours(30), ..Retention::default() }, None), ["a"]);
        assert_eq!(names(&Retention { bytes: Some(9), ..Retention::default() }, None), ["b", "a"]);
        assert!(names(&Retention::default(), None).is_empty());
        let rules = vec![RetentionRule { matchers: Vec::new(), age: hours(40) }];
        assert!(names(&Retention { age: hours(30), rules, ..Retention::default() }, None).is_empty());
    }

    #[test]
    fn the_oldest_go_for_free_space_but_not_those_of_the_last_day() {
        let space = |available| Some(Space { total: 100, available });
        let free = |free| Retention { free: Some(free), ..Retention::default() };
        assert!(names(&free(KeepFree::Bytes(20)), space(20)).is_empty());
        assert!(names(&free(KeepFree::Bytes(20)), None).is_empty());
        assert_eq!(names(&free(KeepFree::Bytes(20)), space(18)), ["a"]);
        assert_eq!(names(&free(KeepFree::Percent(20)), space(13)), ["a", "b"]);
        assert_eq!(names(&free(KeepFree::Percent(90)), space(0)), ["a", "b"], "c is too young");
        let both = Retention { bytes: Some(10), ..free(KeepFree::Bytes(20)) };
        assert_eq!(names(&both, space(15)), ["a"], "what goes for its size makes room as well");
    }
}
