//! Request parameters to queries, with Jaeger's defaults and error texts (`cmd/query/app/query_parser.go`, v1.50).

use std::time::Duration;

use gw_base::{Map, Tenant, TimeRange, Timestamp, TraceId, duration};
use gw_batch::TraceQuery;
use gw_serve::Params;
use http::HeaderMap;

use crate::errors::JaegerError;

/// Traces of a search by default.
const DEFAULT_LIMIT: usize = 100;
/// How far back a search goes when it does not say.
const DEFAULT_LOOKBACK: Duration = Duration::from_hours(48);
/// How far back dependencies are looked for when the request does not say.
const DEPENDENCIES_LOOKBACK_MS: i64 = 86_400_000;
/// The header that names a tenant.
const TENANT_HEADER: &str = "x-tenant";

/// The tenant of a request; the default one when none is named.
pub(crate) fn tenant(headers: &HeaderMap) -> Result<Tenant, JaegerError> {
    match headers.get(TENANT_HEADER).and_then(|value| value.to_str().ok()) {
        None | Some("") => Ok(Tenant::default()),
        Some(name) => Tenant::new(name).map_err(|error| JaegerError::bad(error.to_string())),
    }
}

fn unable(name: &str, text: &str, what: &str) -> JaegerError {
    JaegerError::bad(format!("unable to parse param '{name}': {what}: parsing {text:?}: invalid syntax"))
}

/// A whole number, or `None` when it is not given.
fn number(given: &Params, name: &str) -> Result<Option<i64>, JaegerError> {
    let Some(text) = given.get(name) else { return Ok(None) };
    text.parse().ok().map(Some).ok_or_else(|| unable(name, text, "strconv.ParseInt"))
}

fn micros(given: &Params, name: &str) -> Result<Option<Timestamp>, JaegerError> {
    Ok(number(given, name)?.map(|micros| Timestamp::from_nanos(micros.saturating_mul(1000))))
}

/// `start` and `end` in microseconds.
pub(crate) fn range(given: &Params, now: Timestamp) -> Result<TimeRange, JaegerError> {
    let start = micros(given, "start")?.unwrap_or(now - DEFAULT_LOOKBACK);
    Ok(TimeRange::new(start, micros(given, "end")?.unwrap_or(now)))
}

/// The times of one trace: all of time unless the request narrows it.
pub(crate) fn trace_range(given: &Params) -> Result<TimeRange, JaegerError> {
    let start = micros(given, "start")?.unwrap_or(Timestamp::MIN);
    Ok(TimeRange::new(start, micros(given, "end")?.unwrap_or(Timestamp::MAX)))
}

/// `endTs` (required) and `lookback`, both in milliseconds.
pub(crate) fn dependency_range(given: &Params) -> Result<TimeRange, JaegerError> {
    let end = number(given, "endTs")?.ok_or_else(|| unable("endTs", "", "strconv.ParseInt"))?;
    let lookback = number(given, "lookback")?.unwrap_or(DEPENDENCIES_LOOKBACK_MS);
    Ok(TimeRange::new(Timestamp::from_millis(end.saturating_sub(lookback)), Timestamp::from_millis(end)))
}

fn go_duration(given: &Params, name: &str) -> Result<Option<Duration>, JaegerError> {
    let Some(text) = given.get(name) else { return Ok(None) };
    let nanos = duration::go(text)
        .ok()
        .ok_or_else(|| JaegerError::bad(format!("unable to parse param '{name}': time: invalid duration {text:?}")))?;
    Ok(u64::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(Duration::from_nanos))
}

/// The ids of `traceID`, which may stand many times.
pub(crate) fn trace_ids(given: &Params) -> Result<Vec<TraceId>, JaegerError> {
    given.all("traceID").map(|text| trace_id(text).map_err(|error| cannot_parse_ids(&error))).collect()
}

fn cannot_parse_ids(error: &JaegerError) -> JaegerError {
    JaegerError::bad(format!("cannot parse traceID param: {}", error.message()))
}

/// A trace id: 1 to 32 hexadecimal digits.
pub(crate) fn trace_id(text: &str) -> Result<TraceId, JaegerError> {
    if text.len() > 32 {
        return Err(JaegerError::bad(format!("TraceID cannot be longer than 32 hex characters: {text}")));
    }
    TraceId::parse(text)
        .ok()
        .ok_or_else(|| JaegerError::bad(format!("strconv.ParseUint: parsing {text:?}: invalid syntax")))
}

/// A search. A service is needed unless traces are named.
pub(crate) fn search(given: &Params) -> Result<TraceQuery, JaegerError> {
    let service = given.get("service").ok_or_else(|| JaegerError::bad("parameter 'service' is required"))?;
    let (min, max) = (go_duration(given, "minDuration")?, go_duration(given, "maxDuration")?);
    if min.zip(max).is_some_and(|(min, max)| max < min) {
        return Err(JaegerError::bad("'maxDuration' should be greater than 'minDuration'"));
    }
    let limit = match number(given, "limit")? {
        Some(limit) => usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(DEFAULT_LIMIT),
        None => DEFAULT_LIMIT,
    };
    Ok(TraceQuery {
        service: Some(service.to_owned()),
        operation: given.get("operation").filter(|name| *name != "all").map(str::to_owned),
        tags: tags(given)?,
        min_duration: min,
        max_duration: max,
        limit,
        ..TraceQuery::default()
    })
}

/// `tag=key:value`, repeatable, and `tags={"key":"value"}`.
fn tags(given: &Params) -> Result<Vec<(String, String)>, JaegerError> {
    let mut pairs = Vec::new();
    for text in given.all("tag") {
        let pair = text.split_once(':');
        let (key, value) = pair.ok_or_else(|| {
            JaegerError::bad(format!("malformed 'tag' parameter, expecting key:value, received: {text}"))
        })?;
        pairs.push((key.to_owned(), value.to_owned()));
    }
    for text in given.all("tags").filter(|text| !text.is_empty()) {
        let object: Map<String, String> = serde_json::from_str(text)
            .map_err(|error| JaegerError::bad(format!("malformed 'tags' parameter, cannot unmarshal JSON: {error}")))?;
        let mut object: Vec<(String, String)> = object.into_iter().collect();
        object.sort_unstable();
        pairs.extend(object);
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T: std::fmt::Debug>(result: Result<T, JaegerError>) -> String {
        result.unwrap_err().message().to_owned()
    }

    #[test]
    fn searches_are_read() {
        let given = Params::parse(
            "service=shop&operation=GET+%2F&tag=error:true&tag=url:http://x&tags=%7B%22a%22%3A%22b%22%7D&minDuration=1.2ms&limit=20",
        );
        let query = search(&given).unwrap();
        assert_eq!(
            (query.service.as_deref(), query.operation.as_deref(), query.limit),
            (Some("shop"), Some("GET /"), 20)
        );
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(query.tags, [pair("error", "true"), pair("url", "http://x"), pair("a", "b")]);
        assert_eq!(query.min_duration, Some(Duration::from_micros(1200)));
    }

    #[test]
    fn wrong_parameters_are_named() {
        let of = |text| error(search(&Params::parse(text)));
        assert_eq!(of("operation=x"), "parameter 'service' is required");
        assert_eq!(of("service=a&minDuration=2s&maxDuration=1s"), "'maxDuration' should be greater than 'minDuration'");
        assert_eq!(of("service=a&tag=x"), "malformed 'tag' parameter, expecting key:value, received: x");
        assert!(of("service=a&tags=x").starts_with("malformed 'tags' parameter, cannot unmarshal JSON: "));
        assert!(of("service=a&minDuration=1x").contains("invalid duration \"1x\""));
        let start = range(&Params::parse("start=x"), Timestamp::EPOCH);
        assert_eq!(error(start), "unable to parse param 'start': strconv.ParseInt: parsing \"x\": invalid syntax");
        assert!(error(dependency_range(&Params::default())).contains("'endTs'"));
        assert!(error(trace_ids(&Params::parse("traceID=xyz"))).starts_with("cannot parse traceID param: "));
    }

    #[test]
    fn times_have_defaults() {
        let now = Timestamp::from_secs(1_000_000);
        assert_eq!(range(&Params::default(), now).unwrap(), TimeRange::new(now - DEFAULT_LOOKBACK, now));
        let given = range(&Params::parse("start=1000&end=2000"), now).unwrap();
        assert_eq!(given, TimeRange::new(Timestamp::from_nanos(1_000_000), Timestamp::from_nanos(2_000_000)));
        assert_eq!(trace_range(&Params::default()).unwrap(), TimeRange::ALL);
    }
}
