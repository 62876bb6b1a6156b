//! Monitors and beats as JSON.

use gw_collect::MonitorSpec;
use gw_collect::board::{Beat, MonitorState, MonitorStatus};
use serde_json::{Value, json};

use crate::history::ratio;

/// Beats that a list shows.
const SHOWN_BEATS: usize = 90;

/// What is known of a monitor besides its settings.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) status: Option<&'a MonitorStatus>,
    /// Of the last day, oldest first.
    pub(crate) day: &'a [Beat],
    pub(crate) month: Option<f64>,
}

/// A monitor with its last beats.
pub(crate) fn monitor(spec: &MonitorSpec, known: &Known<'_>) -> Value {
    let settings = &spec.settings;
    let last = known.day.last().or(known.status.map(|status| &status.beat));
    let state = match (settings.paused, last) {
        (true, _) => "paused",
        (false, Some(beat)) if beat.state != MonitorState::Paused => beat.state.as_str(),
        _ => "unknown",
    };
    let since = known.day.iter().rev().take_while(|beat| Some(beat.state) == last.map(|last| last.state)).last();
    let since = since.map(|beat| beat.at).or(known.status.map(|status| status.since));
    let shown = known.day.len().saturating_sub(SHOWN_BEATS);
    json!({
        "id": spec.id,
        "name": settings.name,
        "kind": settings.kind,
        "target": settings.target,
        "interval": settings.interval,
        "timeout": settings.timeout,
        "retries": settings.retries,
        "expect": settings.expect,
        "paused": settings.paused,
        "state": state,
        "since": since.map(|at| at.to_string()),
        "uptime_24h": ratio(known.day),
        "uptime_30d": known.month,
        "response": last.and_then(|beat| beat.seconds),
        "cert_days": known.status.and_then(|status| status.certificate).map(|certificate| certificate.days_left),
        "beats": known.day[shown..].iter().map(beat).collect::<Vec<_>>(),
    })
}

/// One beat.
pub(crate) fn beat(beat: &Beat) -> Value {
    json!({
        "at": beat.at.to_string(),
        "state": beat.state.as_str(),
        "seconds": beat.seconds,
        "message": beat.message,
    })
}

/// Stretches of beats that were down; one that goes on has no end.
pub(crate) fn incidents(beats: &[Beat]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut open: Option<&Beat> = None;
    for beat in beats {
        match (beat.state, open) {
            (MonitorState::Down, None) => open = Some(beat),
            (MonitorState::Up | MonitorState::Paused, Some(first)) => {
                found.push(incident(first, Some(beat)));
                open = None;
            }
            _ => {}
        }
    }
    found.extend(open.map(|first| incident(first, None)));
    found
}

fn incident(first: &Beat, end: Option<&Beat>) -> Value {
    json!({"start": first.at.to_string(), "end": end.map(|beat| beat.at.to_string()), "reason": first.message})
}

/// Response times of beats that had one.
pub(crate) fn response(beats: &[Beat]) -> Vec<Value> {
    beats.iter().filter_map(|beat| Some(json!([beat.at.to_string(), beat.seconds?]))).collect()
}
