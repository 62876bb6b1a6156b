//! Makes the rollups of a day from all its samples, in the background.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gw_base::time::nanos_of;
use gw_base::{Signal, Tenant, TimeRange, Timestamp};
use gw_batch::rollup::{Rollup, roll_up};

use super::{day_of, day_start};
use crate::compact::replace;
use crate::flush::{At, put};
use crate::part::PartMeta;
use crate::part::metrics::SeriesWriter;
use crate::part::writer::Written;
use crate::read::cursor::Step;
use crate::read::{off_reactor, series};
use crate::state::State;
use crate::{Series, StoreError, StoreStats};

/// How long nothing may have come for a day before it is rolled up: whoever brings its samples late is done then.
const QUIET: Duration = Duration::from_mins(10);

/// Days that are to be rolled up: up to which record of the log, and since when nothing more has come.
#[derive(Debug, Default)]
pub(crate) struct Waiting(BTreeMap<(String, i32), (u64, Duration)>);

impl Waiting {
    /// The earliest of these days that has waited long enough, and remembers the others.
    fn next(&mut self, due: &BTreeMap<(String, i32), u64>, now: Duration) -> Option<((String, i32), u64)> {
        self.0.retain(|day, (through, _)| due.get(day) == Some(through));
        let mut next = None;
        for (day, through) in due {
            let (_, since) = self.0.entry(day.clone()).or_insert((*through, now));
            if next.is_none() && now.saturating_sub(*since) >= QUIET {
                next = Some((day.clone(), *through));
            }
        }
        next
    }
}

/// Rolls up one day, if one is due.
pub(crate) async fn make(state: &Arc<State>, waiting: &mut Waiting) -> Result<(), StoreError> {
    if state.options.retention.rollups.is_empty() {
        return Ok(());
    }
    let due = due(state);
    let Some(((tenant, day), through)) = waiting.next(&due, state.world.elapsed()) else { return Ok(()) };
    let tenant = Tenant::new(&tenant).map_err(|error| StoreError::Internal(error.to_string()))?;
    roll(state, &tenant, (day, through)).await
}

/// The days of each tenant that are over and have not been rolled up, and up to which record of the log there are samples.
fn due(state: &State) -> BTreeMap<(String, i32), u64> {
    let view = state.view(Signal::Metrics);
    let today = state.world.now().offset(-nanos_of(state.options.retention.rollup_delay()));
    let (today, unrolled) = (day_of(today.nanos()), super::Rolled::default());
    let mut due = BTreeMap::new();
    for part in view.parts.iter().filter(|part| !part.is_rollup()) {
        let rolled = view.rolled.get(&part.tenant).unwrap_or(&unrolled);
        for day in rolled.missing(part).filter(|day| *day < today) {
            let through: &mut u64 = due.entry((part.tenant.clone(), day)).or_default();
            *through = part.through.max(*through);
        }
    }
    due
}

/// A part of rollups of one length on its way.
struct Output {
    length: i64,
    limit: u64,
    writer: SeriesWriter,
    /// Those that are full.
    written: Vec<Written>,
    rollups: Vec<Rollup>,
}

impl Output {
    fn new(length: i64, limit: u64) -> Result<Self, StoreError> {
        Ok(Self { length, limit, writer: SeriesWriter::new(0, 0)?, written: Vec::new(), rollups: Vec::new() })
    }

    fn push(&mut self, labels: &[u8], samples: &Series) -> Result<(), StoreError> {
        self.rollups.clear();
        roll_up((&samples.times, &samples.values), self.length, &mut self.rollups);
        self.writer.push_rollups(labels, &self.rollups)?;
        if self.writer.bytes() >= self.limit { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), StoreError> {
        let written = std::mem::replace(&mut self.writer, SeriesWriter::new(0, 0)?).finish()?;
        self.written.extend((written.rows > 0).then_some(written));
        Ok(())
    }
}

async fn roll(state: &Arc<State>, tenant: &Tenant, (day, through): (i32, u64)) -> Result<(), StoreError> {
    let (start, end) = (day_start(day), day_start(day.saturating_add(1)));
    let view = state.view(Signal::Metrics);
    let own = |part: &&Arc<PartMeta>| part.is_of(tenant, Signal::Metrics);
    let has_day = |part: &&Arc<PartMeta>| {
        !part.is_rollup()
            && if part.days.is_empty() { part.min <= end && start < part.max } else { part.days.contains(&day) }
    };
    let parts: Vec<_> = view.parts.iter().filter(own).filter(has_day).cloned().collect();
    let range = TimeRange::new(Timestamp::from_nanos(start.saturating_add(1)), Timestamp::from_nanos(end));
    let lengths: BTreeSet<i64> = state.options.retention.rollups.iter().map(|rollup| nanos_of(rollup.length)).collect();
    let limit = state.options.part_bytes;
    let outputs = lengths.iter().map(|length| Output::new(*length, limit)).collect::<Result<Vec<_>, _>>()?;
    let added = written(state, tenant, series::of_parts(state, &parts, range).await?, (outputs, through)).await?;
    let replaced = |part: &&Arc<PartMeta>| lengths.contains(&part.rollup) && start < part.min && part.max <= end;
    let gone: Vec<_> = view.parts.iter().filter(own).filter(replaced).cloned().collect();
    let count = added.len();
    replace(state, (tenant, Signal::Metrics), &gone, added, |rolled| rolled.roll(day, through)).await?;
    StoreStats::add(&state.stats.days_rolled_up, 1);
    tracing::debug!(%tenant, day, parts = count, "day rolled up");
    Ok(())
}

/// Reads all series and puts the parts made of them where the catalog will find them.
async fn written(
    state: &Arc<State>,
    tenant: &Tenant,
    mut cursor: crate::SeriesCursor,
    (mut outputs, through): (Vec<Output>, u64),
) -> Result<Vec<PartMeta>, StoreError> {
    let mut added = Vec::new();
    loop {
        let (step, back, mut filled) = off_reactor(move || {
            let step = loop {
                match cursor.advance()? {
                    Step::Series => {
                        for output in &mut outputs {
                            output.push(cursor.labels(), cursor.samples())?;
                        }
                    }
                    step => break step,
                }
            };
            if step == Step::End {
                outputs.iter_mut().try_for_each(Output::close)?;
            }
            Ok((step, cursor, outputs))
        })
        .await?;
        for output in &mut filled {
            for written in output.written.drain(..) {
                let at = At { through, level: 0, rollup: output.length };
                added.push(put(state, (tenant, Signal::Metrics), written, at).await?);
            }
        }
        (cursor, outputs) = (back, filled);
        match step {
            Step::End => return Ok(added),
            Step::Load | Step::Series => cursor.load().await?,
        }
    }
}

/// Has the rollups of these times made again, where samples are all there.
pub(crate) async fn make_again(state: &State, stale: Vec<(String, (i64, i64))>) -> Result<(), StoreError> {
    let mut rolled = BTreeMap::new();
    state
        .catalog
        .commit(|manifest| {
            for (tenant, (start, end)) in &stale {
                if let Some(rolled) = manifest.rolled.get_mut(tenant) {
                    rolled.forget(*start, *end);
                }
            }
            rolled.clone_from(&manifest.rolled);
        })
        .await?;
    state.edit_view(Signal::Metrics, |view| view.rolled = Arc::new(rolled));
    Ok(())
}
