//! Request parameters to queries, with Zipkin's defaults and error texts (zipkin2/storage/QueryRequest.java).

use std::time::Duration;

use gw_base::{Tenant, TimeRange, Timestamp, TraceId};
use gw_batch::TraceQuery;
use gw_serve::Params;
use http::HeaderMap;

use crate::errors::ZipkinError;

/// How far back a search goes by default, milliseconds (`QUERY_LOOKBACK`).
const DEFAULT_LOOKBACK: i64 = 86_400_000;
/// Traces of a search by default (`QUERY_LIMIT` of the API).
const DEFAULT_LIMIT: i64 = 10;
/// The header that names a tenant.
const TENANT_HEADER: &str = "x-scope-orgid";

/// The tenant of a request; the default one when none is named.
pub(crate) fn tenant(headers: &HeaderMap) -> Result<Tenant, ZipkinError> {
    match headers.get(TENANT_HEADER).and_then(|value| value.to_str().ok()) {
        None | Some("") => Ok(Tenant::default()),
        Some(name) => Tenant::new(name).map_err(|error| ZipkinError::bad(error.to_string())),
    }
}

/// A whole number, or the default when it is not given.
fn number(given: &Params, name: &str) -> Result<Option<i64>, ZipkinError> {
    let Some(text) = given.get(name) else { return Ok(None) };
    text.parse().ok().map(Some).ok_or_else(|| ZipkinError::bad(format!("{name}: {text:?} is not a whole number")))
}

fn positive(given: &Params, name: &str, default: i64) -> Result<i64, ZipkinError> {
    let value = number(given, name)?.unwrap_or(default);
    if value > 0 { Ok(value) } else { Err(ZipkinError::bad(format!("{name} <= 0"))) }
}

/// `endTs` and `lookback`, both in milliseconds.
pub(crate) fn range(given: &Params, now: Timestamp) -> Result<TimeRange, ZipkinError> {
    let end = positive(given, "endTs", now.millis().max(1))?;
    let lookback = positive(given, "lookback", DEFAULT_LOOKBACK)?;
    // `endTs` names a whole millisecond, and spans that start inside it count.
    let end_nanos = Timestamp::from_millis(end).offset(999_999);
    Ok(TimeRange::new(Timestamp::from_millis(end.saturating_sub(lookback)), end_nanos))
}

/// The range of `/dependencies`, whose `endTs` is required.
pub(crate) fn dependency_range(given: &Params, now: Timestamp) -> Result<TimeRange, ZipkinError> {
    if given.get("endTs").is_none() {
        return Err(ZipkinError::bad("endTs parameter is required"));
    }
    range(given, now)
}

/// A trace search.
pub(crate) fn search(given: &Params) -> Result<TraceQuery, ZipkinError> {
    let micros = |name| Ok::<_, ZipkinError>(number(given, name)?.map(|micros| (name, micros)));
    let (min, max) = (micros("minDuration")?, micros("maxDuration")?);
    for (name, value) in [min, max].into_iter().flatten() {
        if value <= 0 {
            return Err(ZipkinError::bad(format!("{name} <= 0")));
        }
    }
    match (min, max) {
        (None, Some(_)) => return Err(ZipkinError::bad("maxDuration is only valid with minDuration")),
        (Some((_, min)), Some((_, max))) if max < min => return Err(ZipkinError::bad("maxDuration < minDuration")),
        _ => {}
    }
    let duration = |bound: Option<(&str, i64)>| bound.map(|(_, micros)| Duration::from_micros(micros.unsigned_abs()));
    let name = |parameter| given.get(parameter).filter(|value| *value != "all").map(str::to_lowercase);
    let mut query = TraceQuery {
        service: name("serviceName"),
        operation: name("spanName"),
        min_duration: duration(min),
        max_duration: duration(max),
        limit: usize::try_from(positive(given, "limit", DEFAULT_LIMIT)?).unwrap_or(usize::MAX),
        ..TraceQuery::default()
    };
    if let Some(remote) = name("remoteServiceName") {
        query.tags.push((gw_formats::zipkin::PEER_SERVICE.to_owned(), remote));
    }
    for term in annotation_terms(given.get("annotationQuery").unwrap_or_default()) {
        match term.split_once('=') {
            Some((key, value)) => query.tags.push((key.to_owned(), value.to_owned())),
            None => query.tag_names.push(term.to_owned()),
        }
    }
    Ok(query)
}

/// `error and http.method=GET`: terms that must all hold.
fn annotation_terms(text: &str) -> impl Iterator<Item = &str> {
    text.split(" and ").map(str::trim).filter(|term| !term.is_empty())
}

/// A trace id as Zipkin takes it: any case, up to 32 digits, padded on the left.
pub(crate) fn trace_id(text: &str) -> Result<TraceId, ZipkinError> {
    match text.len() {
        0 => Err(ZipkinError::bad("traceId is empty")),
        1..=32 => TraceId::parse(text)
            .ok()
            .ok_or_else(|| ZipkinError::bad(format!("{text} should be lower-hex encoded with no prefix"))),
        _ => Err(ZipkinError::bad("traceId.length > 32")),
    }
}

/// `traceIds` of `/traceMany`.
pub(crate) fn trace_ids(given: &Params) -> Result<Vec<TraceId>, ZipkinError> {
    let Some(list) = given.get("traceIds") else { return Err(ZipkinError::bad("traceIds parameter is empty")) };
    let mut ids = Vec::new();
    for text in list.split(',') {
        let id = trace_id(text)?;
        if ids.contains(&id) {
            return Err(ZipkinError::bad(format!("redundant traceId: {text}")));
        }
        ids.push(id);
    }
    match ids.len() {
        1 => Err(ZipkinError::bad("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace")),
        _ => Ok(ids),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T: std::fmt::Debug>(result: Result<T, ZipkinError>) -> String {
        format!("{:?}", result.unwrap_err())
    }

    #[test]
    fn searches_are_read() {
        let given = Params::parse(
            "serviceName=Shop&spanName=all&remoteServiceName=db&annotationQuery=error+and+http.method%3DGET&minDuration=5&limit=3",
        );
        let query = search(&given).unwrap();
        assert_eq!((query.service.as_deref(), query.operation, query.limit), (Some("shop"), None, 3));
        assert_eq!(query.tags, [("peer.service".into(), "db".into()), ("http.method".into(), "GET".into())]);
        assert_eq!(query.tag_names, ["error"]);
        assert_eq!(query.min_duration, Some(Duration::from_micros(5)));
        assert!(error(search(&Params::parse("maxDuration=5"))).contains("only valid with minDuration"));
        assert!(error(search(&Params::parse("minDuration=5&maxDuration=4"))).contains("maxDuration < minDuration"));
        assert!(error(search(&Params::parse("limit=0"))).contains("limit <= 0"));
        assert!(error(search(&Params::parse("limit=x"))).contains("not a whole number"));
    }

    #[test]
    fn times_have_defaults() {
        let now = Timestamp::from_secs(200_000);
        let day = range(&Params::default(), now).unwrap();
        assert_eq!(day.start, Timestamp::from_secs(200_000 - 86_400));
        assert!(day.contains(now));
        assert!(dependency_range(&Params::default(), now).is_err());
    }

    #[test]
    fn ids_are_normalised() {
        assert_eq!(trace_id("ABC").unwrap().to_string(), "00000000000000000000000000000abc");
        assert!(error(trace_id(&"1".repeat(33))).contains("traceId.length > 32"));
        assert!(error(trace_id("xyz")).contains("lower-hex"));
        assert!(error(trace_ids(&Params::parse("traceIds=a,0a"))).contains("redundant traceId: 0a"));
        assert!(error(trace_ids(&Params::parse("traceIds=a"))).contains("single trace"));
        assert!(error(trace_ids(&Params::parse("traceIds="))).contains("parameter is empty"));
        assert_eq!(trace_ids(&Params::parse("traceIds=a,b")).unwrap().len(), 2);
    }
}
