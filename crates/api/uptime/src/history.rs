//! Beats and ratios out of storage.

use std::collections::BTreeMap;
use std::time::Duration;

use gw_base::{Matcher, Signal, TimeRange, Timestamp};
use gw_batch::{Batch, Direction, EventQuery, EventsView, Language, Query, QueryError, Request, SeriesRow};
use gw_collect::board::{Beat, MonitorState};
use gw_collect::probe::BEAT;
use gw_serve::{Services, collect};

/// Beats of monitors by number, oldest first.
pub(crate) type Beats = BTreeMap<i64, Vec<Beat>>;

/// Loads the beats of one monitor, or of all.
pub(crate) async fn beats(services: &Services, id: Option<i64>, range: TimeRange) -> Result<Beats, QueryError> {
    let matchers = id.map(|id| Matcher::equal("monitor", id.to_string())).into_iter().collect();
    let limit = Some(services.limits.query_rows);
    let request = Request::Events(EventQuery { kinds: vec![BEAT.to_owned()], matchers, limit });
    let mut answer = services.queries.query(query(services, request, range)).await?;
    let mut found = Beats::new();
    for records in collect(&mut answer).await? {
        let batch = Batch::new(services.default_tenant(), Signal::Events, records)
            .map_err(|error| QueryError::execute(gw_base::Kind::Internal, error.to_string()))?;
        let Some(view) = EventsView::of(&batch) else { continue };
        for row in 0..batch.rows() {
            let subject = gw_base::labels::Iter::over(view.subjects.value(view.keys[row] as usize));
            let number = subject.into_iter().find(|(name, _)| *name == "monitor").and_then(|(_, id)| id.parse().ok());
            if let Some(number) = number {
                found.entry(number).or_default().push(beat(&view, row));
            }
        }
    }
    for list in found.values_mut() {
        list.sort_by_key(|beat| beat.at);
    }
    Ok(found)
}

fn beat(view: &EventsView<'_>, row: usize) -> Beat {
    use arrow_array::Array as _;
    Beat {
        at: Timestamp::from_nanos(view.times[row]),
        state: match view.titles.value(row) {
            "up" => MonitorState::Up,
            "down" => MonitorState::Down,
            "paused" => MonitorState::Paused,
            _ => MonitorState::Pending,
        },
        seconds: view.values.is_valid(row).then(|| view.values.value(row)),
        message: if view.bodies.is_valid(row) { view.bodies.value(row).to_owned() } else { String::new() },
    }
}

/// The share of beats that were up; `None` without beats.
pub(crate) fn ratio(beats: &[Beat]) -> Option<f64> {
    let up = beats.iter().filter(|beat| beat.state == MonitorState::Up).count();
    (!beats.is_empty()).then(|| up as f64 / beats.len() as f64)
}

/// The share of the last 30 days that each monitor was up, from its metric at every hour.
pub(crate) async fn month(services: &Services, now: Timestamp) -> Result<BTreeMap<i64, f64>, QueryError> {
    let request = Request::Expression {
        language: Language::PromQl,
        text: "avg_over_time((monitor_status == bool 1)[30d:1h])".to_owned(),
        step: None,
        lookback: Some(Duration::from_hours(1)),
        direction: Direction::Forward,
        limit: None,
        reading: gw_batch::Reading::default(),
    };
    let mut answer = services.queries.query(query(services, request, TimeRange::new(now, now))).await?;
    let mut found = BTreeMap::new();
    for batch in collect(&mut answer).await? {
        for row in SeriesRow::iter(&batch) {
            let id = gw_base::labels::Iter::over(row.labels).find(|(name, _)| *name == "monitor_id");
            if let (Some(Ok(id)), Some(value)) = (id.map(|(_, id)| id.parse()), row.value(0)) {
                found.insert(id, value);
            }
        }
    }
    Ok(found)
}

fn query(services: &Services, request: Request, range: TimeRange) -> Query {
    Query { tenant: services.default_tenant(), request, range, limits: services.limits.clone() }
}
