//! What the stored series of a rule's alerts say about the time before a restart.
//!
//! Unlike upstream this also tells which alerts were firing, so that a short `for` and `keep_firing_for` survive too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gw_base::{ALERT_NAME, Labels, Timestamp, duration};

use crate::ask::Reply;
use crate::evaluate::Shared;
use crate::machine::{ALERT_STATE, ALERTS, ALERTS_FOR_STATE, AlertState, Remembered, alert_labels};
use crate::rules::Rule;

/// Asks for the alerts that were active when evaluations stopped, at most the tolerated outage ago.
pub(crate) async fn remembered(
    rule: &Rule,
    slot: Timestamp,
    interval: Duration,
    shared: &Shared,
) -> BTreeMap<Labels, Remembered> {
    match try_remembered(rule, slot, interval, shared).await {
        Ok(remembered) => remembered,
        Err(error) => {
            tracing::warn!(rule = %rule.name, %error, "alerts start anew, their past cannot be read");
            BTreeMap::new()
        }
    }
}

async fn try_remembered(
    rule: &Rule,
    slot: Timestamp,
    interval: Duration,
    shared: &Shared,
) -> Result<BTreeMap<Labels, Remembered>, String> {
    let (asker, queries) = (&shared.asker, &*shared.queries);
    let name = quote(&rule.name);
    let for_state = format!("{ALERTS_FOR_STATE}{{{ALERT_NAME}={name}}}");
    let window = duration::print_prometheus(shared.options.outage_tolerance);
    let last = asker.last_samples(queries, &format!("{for_state}[{window}]"), slot).await?;
    let Some(down_at) = last.iter().map(|sample| sample.time).max() else { return Ok(BTreeMap::new()) };
    // A series that ended before the outage has its stale marker at the slot after its last sample, so the question is
    // what was there at that slot.
    let (alive_at, lookback) = ((down_at + interval).min(slot), interval * 2);
    let alive = asker.vector(queries, &for_state, alive_at, Some(lookback)).await?;
    let firing_state = AlertState::Firing.as_str();
    let firing = format!("{ALERTS}{{{ALERT_NAME}={name},{ALERT_STATE}=\"{firing_state}\"}}");
    let firing = asker.vector(queries, &firing, alive_at, Some(lookback)).await?;
    let firing: BTreeSet<Labels> = firing.iter().map(|reply| alert_labels(&reply.labels)).collect();
    let remember = |reply: Reply| {
        let labels = alert_labels(&reply.labels);
        let active_at = Timestamp::from_secs_f64(reply.value);
        let remembered = Remembered { active_at, was_firing: firing.contains(&labels), down_at };
        (labels, remembered)
    };
    Ok(alive.into_iter().map(remember).collect())
}

/// A PromQL string.
fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
