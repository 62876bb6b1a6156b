//! The four health tiles of the overview: state, since when, how many problems, the last day as a ribbon.

use std::time::Duration;

use gw_base::{Labels, TimeRange, Timestamp};
use gw_serve::{Fault, Services};
use serde::Serialize;

use crate::ask;

/// How a thing fares; the order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Health {
    /// Nothing is known.
    Unknown,
    /// Good.
    Ok,
    /// Somebody should look today.
    Warn,
    /// Somebody should look now.
    Crit,
}

impl Health {
    /// The health that an alert's `severity` label stands for.
    pub(crate) fn of_severity(severity: &str) -> Self {
        match severity {
            "critical" | "crit" | "page" | "error" => Self::Crit,
            _ => Self::Warn,
        }
    }
}

/// A stretch of the ribbon.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Stretch {
    start: String,
    end: String,
    state: Health,
}

/// A health tile.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Tile {
    pub(crate) id: &'static str,
    pub(crate) state: Health,
    pub(crate) since: Option<String>,
    pub(crate) problems: usize,
    pub(crate) total: usize,
    pub(crate) ribbon: Vec<Stretch>,
}

/// What a tile is about, and the query that tells when there was anything to know.
struct Area {
    id: &'static str,
    presence: &'static str,
}

const AREAS: [Area; 4] = [
    Area {
        id: "gateway",
        presence: "count(traefik_config_reloads_total or caddy_admin_http_requests_total or haproxy_process_start_time_seconds or nginx_connections_accepted)",
    },
    Area { id: "services", presence: "count(traefik_service_requests_total or target_info or up)" },
    Area { id: "infrastructure", presence: "count(node_uname_info)" },
    Area { id: "uptime", presence: "count(monitor_status)" },
];

/// Length of the ribbon and of its pieces.
const DAY: Duration = Duration::from_hours(24);
const PIECE: Duration = Duration::from_mins(15);

/// What is known about an area right now, besides alerts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) total: usize,
    pub(crate) warn: usize,
    pub(crate) crit: usize,
}

/// The area that an alert belongs to: its `area` label, else the services.
pub(crate) fn area_of(labels: &Labels) -> &str {
    labels.get("area").filter(|area| AREAS.iter().any(|known| known.id == *area)).unwrap_or("services")
}

/// The tiles, in the order of [`AREAS`]; `counts` likewise. `alerts` are those firing now.
pub(crate) async fn tiles(
    services: &Services,
    counts: [Count; 4],
    alerts: &[(Labels, Timestamp)],
) -> Result<Vec<Tile>, Fault> {
    let now = services.world.now();
    let piece_nanos = gw_base::time::nanos_of(PIECE);
    let end = Timestamp::from_nanos(now.nanos() / piece_nanos * piece_nanos);
    let range = TimeRange::new(end - DAY, end);
    let past = ask::range(services, "max by (area, severity) (ALERTS{alertstate=\"firing\"})", range, PIECE).await?;
    let mut tiles = Vec::with_capacity(AREAS.len());
    for (area, count) in AREAS.iter().zip(counts) {
        let seen = ask::range(services, area.presence, range, PIECE).await?;
        let mut history = presence(&seen);
        for (labels, values) in past.iter().filter(|(labels, _)| area_of(labels) == area.id) {
            let health = Health::of_severity(labels.get("severity").unwrap_or(""));
            for (state, _firing) in history.iter_mut().zip(values).filter(|(_, value)| value.is_some()) {
                *state = (*state).max(health);
            }
        }
        tiles.push(tile(area.id, count, alerts, &history, range));
    }
    Ok(tiles)
}

fn presence(seen: &[(Labels, Vec<Option<f64>>)]) -> Vec<Health> {
    let pieces = (DAY.as_secs() / PIECE.as_secs()) as usize + 1;
    let at = |i: usize| seen.iter().any(|(_, values)| values.get(i).is_some_and(Option::is_some));
    (0..pieces).map(|i| if at(i) { Health::Ok } else { Health::Unknown }).collect()
}

fn tile(id: &'static str, count: Count, alerts: &[(Labels, Timestamp)], history: &[Health], range: TimeRange) -> Tile {
    let own: Vec<_> = alerts.iter().filter(|(labels, _)| area_of(labels) == id).collect();
    let alerting = own.iter().map(|(labels, _)| Health::of_severity(labels.get("severity").unwrap_or(""))).max();
    let counted = match count {
        Count { crit: 1.., .. } => Health::Crit,
        Count { warn: 1.., .. } => Health::Warn,
        Count { total: 0, .. } => Health::Unknown,
        Count { .. } => Health::Ok,
    };
    let state = alerting.map_or(counted, |alerting| alerting.max(counted));
    let first_alert = own.iter().map(|(_, since)| *since).min().filter(|_| alerting == Some(state));
    let since = first_alert.or_else(|| since_in(history, state, range));
    let problems = own.len().max(count.warn + count.crit);
    Tile {
        id,
        state,
        since: since.map(|at| at.to_string()),
        problems,
        total: count.total,
        ribbon: ribbon(history, range),
    }
}

/// Since when the ribbon has shown this state without a break; `None` when its last piece shows another.
fn since_in(history: &[Health], state: Health, range: TimeRange) -> Option<Timestamp> {
    let unbroken = history.iter().rev().take_while(|health| **health == state).count();
    (unbroken > 0).then(|| range.start + PIECE * u32::try_from(history.len() - unbroken).unwrap_or(0))
}

fn ribbon(history: &[Health], range: TimeRange) -> Vec<Stretch> {
    let at = |i: usize| range.start + PIECE * u32::try_from(i).unwrap_or(0);
    let mut stretches: Vec<(usize, usize, Health)> = Vec::new();
    for (i, health) in history.iter().enumerate() {
        match stretches.last_mut() {
            Some((_, end, state)) if state == health => *end = i + 1,
            _ => stretches.push((i, i + 1, *health)),
        }
    }
    stretches
        .into_iter()
        .map(|(from, to, state)| Stretch { start: at(from).to_string(), end: at(to).to_string(), state })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_tells_since_when() {
        let range = TimeRange::new(Timestamp::EPOCH, Timestamp::EPOCH + DAY);
        let mut history = vec![Health::Ok; 97];
        history[90..].fill(Health::Warn);
        assert_eq!(since_in(&history, Health::Warn, range), Some(Timestamp::EPOCH + PIECE * 90));
        assert_eq!(since_in(&history, Health::Crit, range), None);
        assert_eq!(ribbon(&history, range).len(), 2);
        let labels = Labels::from_pairs([("area", "gateway"), ("severity", "critical")]);
        let alerts = [(labels, Timestamp::from_secs(77))];
        let tile = tile("gateway", Count { total: 1, ..Count::default() }, &alerts, &history, range);
        assert_eq!(
            (tile.state, tile.problems, tile.since.unwrap().as_str()),
            (Health::Crit, 1, "1970-01-01T00:01:17Z")
        );
    }
}
