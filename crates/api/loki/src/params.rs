//! Request parameters to times, steps, limits and tenants, with Loki's defaults and error texts.

use std::time::Duration;

use gw_base::{Tenant, TimeRange, Timestamp, duration};
use gw_batch::Direction;
use gw_serve::Params;
use http::HeaderMap;

use crate::errors::LokiError;

const DEFAULT_LIMIT: usize = 100;
const MOST_ENTRIES: usize = 5000;
const DEFAULT_SINCE: Duration = Duration::from_hours(1);
const MOST_POINTS: i64 = 11_000;

/// The tenant of `X-Scope-OrgID`; without the header the default one.
///
/// Wire: upstream calls its only tenant "fake" when authentication is off.
pub(crate) fn tenant(headers: &HeaderMap) -> Result<Tenant, LokiError> {
    match headers.get("x-scope-orgid").and_then(|value| value.to_str().ok()).filter(|name| !name.is_empty()) {
        None | Some("fake" | "anonymous") => Ok(Tenant::default()),
        Some(name) => Tenant::new(name).map_err(|error| LokiError::bad(error.to_string())),
    }
}

/// A time: RFC 3339, float seconds, seconds of at most 10 digits, or nanoseconds.
pub(crate) fn time(params: &Params, name: &str) -> Result<Option<Timestamp>, LokiError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let refused = || LokiError::bad(format!("could not parse '{name}' parameter: cannot parse {text:?} as a time"));
    if text.contains('.')
        && let Ok(secs) = text.parse::<f64>()
    {
        return Ok(Some(Timestamp::from_nanos((secs * 1e9).round() as i64)));
    }
    match text.parse::<i64>() {
        Ok(secs) if text.len() <= 10 => Ok(Some(Timestamp::from_secs(secs))),
        Ok(nanos) => Ok(Some(Timestamp::from_nanos(nanos))),
        Err(_not_an_integer) => text.parse().ok().map(Some).ok_or_else(refused),
    }
}

/// `start` and `end` with their defaults: the last hour, or `since`, up to now.
pub(crate) fn range(params: &Params, now: Timestamp) -> Result<TimeRange, LokiError> {
    let end = time(params, "end")?.unwrap_or(now);
    let since = span(params, "since")?.unwrap_or(DEFAULT_SINCE);
    let start = time(params, "start")?.unwrap_or_else(|| end.min(now) - since);
    if end < start {
        return Err(LokiError::bad("end timestamp must not be before or equal to start time"));
    }
    Ok(TimeRange::new(start, end))
}

fn span(params: &Params, name: &str) -> Result<Option<Duration>, LokiError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let refused = || LokiError::bad(format!("cannot parse {text:?} to a valid duration"));
    let parsed = duration::seconds_or_prometheus(text);
    let parsed = parsed.ok().or_else(|| Some(Duration::from_nanos(u64::try_from(duration::go(text).ok()?).ok()?)));
    parsed.map(Some).ok_or_else(refused)
}

/// The step of a metric query: given, or a 250th of the range, at least a second.
pub(crate) fn step(params: &Params, range: TimeRange) -> Result<Duration, LokiError> {
    let seconds = range.end.since(range.start) / 1_000_000_000;
    let default = Duration::from_secs(u64::try_from((seconds / 250).max(1)).unwrap_or(1));
    let step = span(params, "step")?.unwrap_or(default);
    let nanos = gw_base::time::nanos_of(step);
    if nanos <= 0 {
        return Err(LokiError::bad(
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if range.end.since(range.start) / nanos > MOST_POINTS {
        return Err(LokiError::bad(
            "exceeded maximum resolution of 11,000 points per timeseries. Try increasing the value of the step parameter",
        ));
    }
    Ok(step)
}

/// Entries wanted: 100 unless given, 5,000 at most.
pub(crate) fn limit(params: &Params) -> Result<usize, LokiError> {
    let Some(text) = params.get("limit") else { return Ok(DEFAULT_LIMIT) };
    let limit: u32 = text.parse().map_err(|error| LokiError::bad(format!("parsing limit {text:?}: {error}")))?;
    if limit == 0 {
        return Err(LokiError::bad("limit must be a positive value"));
    }
    let limit = limit as usize;
    if limit > MOST_ENTRIES {
        return Err(LokiError::bad(format!(
            "max entries limit per query exceeded, limit > max_entries_limit ({limit} > {MOST_ENTRIES})"
        )));
    }
    Ok(limit)
}

/// Order of entries: newest first unless `forward`.
pub(crate) fn direction(params: &Params) -> Result<Direction, LokiError> {
    match params.get("direction") {
        None => Ok(Direction::Backward),
        Some(text) if text.eq_ignore_ascii_case("backward") => Ok(Direction::Backward),
        Some(text) if text.eq_ignore_ascii_case("forward") => Ok(Direction::Forward),
        Some(text) => Err(LokiError::bad(format!("invalid direction '{text}'"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_spellings() {
        let of = |text: &str| time(&Params::parse(&format!("t={text}")), "t").unwrap().unwrap();
        assert_eq!(of("1700000000"), Timestamp::from_secs(1_700_000_000));
        assert_eq!(of("1700000000000000001"), Timestamp::from_nanos(1_700_000_000_000_000_001));
        assert_eq!(of("1700000000.5"), Timestamp::from_millis(1_700_000_000_500));
        assert_eq!(of("2023-11-14T22:13:20Z"), Timestamp::from_secs(1_700_000_000));
        assert!(time(&Params::parse("t=x"), "t").is_err());
    }

    #[test]
    fn defaults_and_bounds() {
        let range = range(&Params::parse(""), Timestamp::from_secs(7200)).unwrap();
        assert_eq!(range, TimeRange::new(Timestamp::from_secs(3600), Timestamp::from_secs(7200)));
        assert_eq!(step(&Params::parse(""), range).unwrap(), Duration::from_secs(14));
        assert_eq!(limit(&Params::parse("")).unwrap(), 100);
        for bad in ["limit=0", "limit=-1", "limit=5001", "limit=99999999999"] {
            assert!(limit(&Params::parse(bad)).is_err(), "{bad}");
        }
        assert!(direction(&Params::parse("direction=sideways")).is_err());
    }
}
