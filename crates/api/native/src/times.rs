//! Times among parameters. The range of a page: `start` and `end` as RFC 3339 or float seconds, the last hour unless given.

use std::time::Duration;

use gw_base::{Kind, TimeRange, Timestamp};
use gw_serve::{Fault, Params};

/// The range of a request.
pub(crate) fn range(given: &Params, now: Timestamp) -> Result<TimeRange, Fault> {
    let end = time(given, "end")?.unwrap_or(now);
    let start = time(given, "start")?.unwrap_or_else(|| end - Duration::from_hours(1));
    if end < start {
        return Err(Fault::new(Kind::Invalid, "end is before start"));
    }
    Ok(TimeRange::new(start, end))
}

/// A time among the parameters.
pub(crate) fn time(given: &Params, name: &str) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = given.get(name) else { return Ok(None) };
    let parsed = match text.parse::<f64>() {
        Ok(secs) if secs.is_finite() => Some(Timestamp::from_secs_f64(secs)),
        _ => text.parse().ok(),
    };
    parsed.map(Some).ok_or_else(|| Fault::new(Kind::Invalid, format!("{name}: cannot parse {text:?} as a time")))
}
