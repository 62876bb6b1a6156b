//! Rollups of metrics: parts of their own that hold, of each series and interval, what functions over whole intervals need.
//!
//! They are made day by day from all samples of the day, once it is over and nothing more comes for it, and made again when
//! something does. So up to a horizon rollups are what the samples are, or were before retention let go of them.

mod make;

use std::collections::BTreeMap;
use std::sync::Arc;

use gw_base::{Signal, Tenant, TimeRange};
use gw_batch::rollup::interval_end;
use serde::{Deserialize, Serialize};

use crate::erase::Tombstone;
use crate::head::TenantHead;
use crate::part::PartMeta;

pub(crate) use make::{Waiting, make, make_again};

const DAY_NANOS: i64 = 86_400_000_000_000;
/// Where samples are still there, shorter intervals than this are not worth their while: a rollup says as much as some
/// ten samples.
const WORTH_NANOS: i64 = 3_600_000_000_000;

/// The day in which a time lies; days begin behind midnight, as intervals do, and end with it.
pub(crate) const fn day_of(time: i64) -> i32 {
    time.saturating_sub(1).div_euclid(DAY_NANOS) as i32
}

const fn day_start(day: i32) -> i64 {
    day as i64 * DAY_NANOS
}

/// What has been rolled up of a tenant's samples, and what of them is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rolled {
    /// Days that have been rolled up, each up to which record of the log.
    days: BTreeMap<i32, u64>,
    /// By length of intervals, zero for samples: retention has let go of something up to this time.
    gone: BTreeMap<i64, i64>,
}

/// What can stand for samples in a range.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// The tenant's parts of rollups that may speak of the range.
    pub(crate) parts: Vec<Arc<PartMeta>>,
    gone: BTreeMap<i64, i64>,
    /// Up to here rollups are what the samples are.
    horizon: i64,
    /// From here on something has been deleted that is still there.
    deleted: Option<i64>,
}

/// Up to where rollups of one length stand for samples: in any case, and as long as the answer is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Samples up to here may be gone.
    pub(crate) gone: i64,
    /// Not less than `gone`.
    pub(crate) until: i64,
}

impl Rolled {
    /// Notes that a day has been rolled up.
    pub(crate) fn roll(&mut self, day: i32, through: u64) {
        self.days.insert(day, through);
    }

    /// Notes that retention has let go of rollups of a length, or of samples.
    pub(crate) fn let_go(&mut self, length: i64, until: i64) {
        let gone = self.gone.entry(length).or_insert(until);
        *gone = until.max(*gone);
        let (samples_gone, last) = (self.samples_gone(), self.days.keys().last().copied());
        // Such a day is never rolled up again; the last one says how far rollups reach.
        self.days.retain(|day, _| day_start(*day) >= samples_gone || Some(*day) == last);
    }

    /// Notes that rollups of a time have to be made again where samples are all there.
    pub(crate) fn forget(&mut self, start: i64, end: i64) {
        let samples_gone = self.samples_gone();
        let days = day_of(start)..=day_of(end);
        self.days.retain(|day, _| !days.contains(day) || day_start(*day) < samples_gone);
    }

    fn samples_gone(&self) -> i64 {
        self.gone.get(&0).copied().unwrap_or(i64::MIN)
    }

    /// The days of a part of samples that have not been rolled up with it, and of which all samples are there.
    fn missing(&self, part: &PartMeta) -> impl Iterator<Item = i32> {
        let is_missing = move |day: &i32| {
            day_start(*day) >= self.samples_gone() && self.days.get(day).is_none_or(|known| *known < part.through)
        };
        let unnamed = if part.days.is_empty() { day_of(part.min)..day_of(part.max).saturating_add(1) } else { 0..0 };
        part.days.iter().copied().chain(unnamed).filter(is_missing)
    }

    /// What can stand for the samples of a tenant in a range.
    pub(crate) fn standing(
        &self,
        tenant: &Tenant,
        (parts, heads): (&[Arc<PartMeta>], &[Arc<TenantHead>]),
        range: TimeRange,
        tombstones: &[Arc<Tombstone>],
    ) -> Standing {
        let (start, end) = (range.start.nanos(), range.end.nanos());
        let own = || parts.iter().filter(move |part| part.is_of(tenant, Signal::Metrics));
        let speaks = |part: &&Arc<PartMeta>| {
            part.is_rollup() && start <= part.max && part.min.saturating_sub(part.rollup) <= end
        };
        let rollups: Vec<Arc<PartMeta>> = own().filter(speaks).cloned().collect();
        if rollups.is_empty() {
            return Standing::default();
        }
        let samples_gone = self.samples_gone();
        let rolled = self.days.keys().last().map_or(i64::MIN, |day| day_start(day.saturating_add(1)));
        let mut horizon = rolled.max(samples_gone);
        for part in own().filter(|part| !part.is_rollup()) {
            horizon = self.missing(part).map(day_start).fold(horizon, i64::min);
        }
        for head in heads.iter().filter_map(|head| head.metrics()) {
            let earliest = day_start(day_of(head.earliest()));
            horizon = horizon.min(earliest.max(samples_gone));
        }
        let reaches = |tombstone: &&Arc<Tombstone>| {
            let deletion = &tombstone.deletion;
            deletion.tenant == tenant.as_str() && deletion.end > samples_gone && deletion.start <= end
        };
        let deleted = tombstones.iter().filter(reaches).map(|tombstone| tombstone.deletion.start).min();
        Standing { parts: rollups, gone: self.gone.clone(), horizon, deleted }
    }
}

impl Standing {
    /// How far whole intervals of a length stand for samples up to a time that ends one.
    pub(crate) fn reach(&self, length: i64, end: i64) -> Reach {
        let gone = match self.gone.get(&0) {
            Some(gone) => interval_end(*gone, length).min(end),
            None => i64::MIN,
        };
        let whole = |time: i64| time.saturating_sub(time.rem_euclid(length));
        let mut until = whole(self.horizon).min(end);
        if let Some(deleted) = self.deleted {
            until = until.min(interval_end(deleted, length).saturating_sub(length));
        }
        if length < WORTH_NANOS {
            until = gone;
        }
        Reach { gone, until: until.max(gone) }
    }

    /// Where the last samples of intervals stand for those that are gone: lengths of intervals, and up to which time; the
    /// shortest there are for each time.
    pub(crate) fn lasts(&self, end: i64) -> Vec<(i64, i64)> {
        let mut lengths: Vec<i64> = self.parts.iter().map(|part| part.rollup).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let mut until = self.gone.get(&0).copied().unwrap_or(i64::MIN).min(end);
        let mut found = Vec::new();
        for length in lengths {
            if until > i64::MIN {
                found.push((length, until));
            }
            until = until.min(self.gone.get(&length).copied().unwrap_or(i64::MIN));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = WORTH_NANOS;

    #[test]
    fn days_begin_behind_midnight() {
        assert_eq!([day_of(0), day_of(1), day_of(DAY_NANOS), day_of(DAY_NANOS + 1)], [-1, 0, 0, 1]);
    }

    #[test]
    fn rollups_reach_to_the_horizon_and_short_ones_to_what_is_gone() {
        let standing = Standing { horizon: 50 * HOUR + 1, gone: [(0, 3 * HOUR + 5)].into(), ..Standing::default() };
        assert_eq!(standing.reach(HOUR, 90 * HOUR), Reach { gone: 4 * HOUR, until: 50 * HOUR });
        assert_eq!(standing.reach(HOUR, 2 * HOUR), Reach { gone: 2 * HOUR, until: 2 * HOUR });
        let short = HOUR / 12;
        assert_eq!(standing.reach(short, 90 * HOUR).until, 3 * HOUR + short);
        let deleted = Standing { deleted: Some(20 * HOUR), ..standing };
        assert_eq!(deleted.reach(HOUR, 90 * HOUR).until, 19 * HOUR);
    }

    #[test]
    fn a_day_is_missing_until_it_is_rolled_up_with_all_that_came_for_it() {
        let mut rolled = Rolled::default();
        let part = |through| PartMeta {
            rows: 1,
            min: 1,
            max: 3 * DAY_NANOS,
            through,
            days: vec![0, 2],
            ..PartMeta::default()
        };
        let missing = |rolled: &Rolled, part: &PartMeta| rolled.missing(part).collect::<Vec<_>>();
        assert_eq!(missing(&rolled, &part(5)), [0, 2]);
        rolled.roll(0, 5);
        assert_eq!(missing(&rolled, &part(5)), [2]);
        assert_eq!(missing(&rolled, &part(6)), [0, 2]);
        assert_eq!(missing(&rolled, &PartMeta { days: Vec::new(), ..part(5) }), [1, 2]);
        rolled.let_go(0, DAY_NANOS);
        assert_eq!(missing(&rolled, &part(6)), [2], "what is not whole any more is not rolled up");
    }
}
