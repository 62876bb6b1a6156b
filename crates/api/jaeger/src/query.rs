//! Port 1005: what may be asked.

use axum::extract::{Path, State};
use axum::response::Response;
use gw_base::{TimeRange, TraceId};
use gw_batch::{Request, SpanKind};
use gw_serve::params::percent_decode;
use gw_serve::{Params, Services};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::errors::JaegerError;
use crate::params;
use crate::render::{self, Envelope};

type Answer = Result<Response, JaegerError>;

/// `/api/services`: names of services.
pub(crate) async fn services(State(services): State<Services>, headers: HeaderMap) -> Answer {
    let rows = services.texts(params::tenant(&headers)?, Request::Services, TimeRange::ALL, 1).await?;
    Ok(render::names(rows.into_iter().flatten()))
}

/// `/api/services/S/operations`: names of a service's operations.
pub(crate) async fn operation_names(
    State(services): State<Services>,
    headers: HeaderMap,
    Path(service): Path<String>,
) -> Answer {
    // Wire: upstream unescapes the path once more, so that clients can send a name with a slash.
    let found = operations_of(&services, &headers, percent_decode(&service), None).await?;
    Ok(render::names(found.into_iter().map(|(name, _)| name)))
}

/// `/api/operations?service&spanKind`: operations with their kinds.
pub(crate) async fn operations(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let service = given.get("service").ok_or_else(|| JaegerError::bad("parameter 'service' is required"))?;
    let found = operations_of(&services, &headers, service.to_owned(), given.get("spanKind")).await?;
    let list: Vec<Value> = found.iter().map(|(name, kind)| json!({"name": name, "spanKind": kind})).collect();
    Ok(Envelope::list(list).answer())
}

/// Names and kinds, sorted, once each.
async fn operations_of(
    services: &Services,
    headers: &HeaderMap,
    service: String,
    kind: Option<&str>,
) -> Result<Vec<(String, &'static str)>, JaegerError> {
    let request = Request::Operations { service };
    let rows = services.texts(params::tenant(headers)?, request, TimeRange::ALL, 2).await?;
    let mut found: Vec<(String, &'static str)> = rows
        .into_iter()
        .filter_map(|row| {
            let mut cells = row.into_iter();
            Some((cells.next()?, kind_word(&cells.next().unwrap_or_default())))
        })
        .filter(|(_, own)| kind.is_none_or(|wanted| wanted == *own))
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A kind as the answer has it, by number or by word.
fn kind_word(cell: &str) -> &'static str {
    let by_number = cell.parse().ok().map(SpanKind::from_u8);
    let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    by_number.or_else(|| kinds.into_iter().find(|kind| kind.as_str() == cell)).unwrap_or_default().as_str()
}

/// `/api/traces`: a search, or traces by id.
pub(crate) async fn search(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let ids = params::trace_ids(&given)?;
    let tenant = params::tenant(&headers)?;
    if !ids.is_empty() {
        let batches = services.spans(tenant, Request::Traces(ids.clone()), TimeRange::ALL).await?;
        let traces = render::group(&batches);
        let missing: Vec<TraceId> = ids
            .into_iter()
            .filter(|id| !traces.iter().any(|spans| spans.iter().any(|span| span.trace == *id)))
            .collect();
        return Ok(render::traces(&traces, &missing));
    }
    let query = params::search(&given)?;
    let range = params::range(&given, services.world.now())?;
    let batches = services.spans(tenant, Request::FindTraces(query), range).await?;
    Ok(render::traces(&render::group(&batches), &[]))
}

/// `/api/traces/ID`: one trace; `raw=true` leaves it as it was stored.
pub(crate) async fn trace(
    State(services): State<Services>,
    headers: HeaderMap,
    Path(id): Path<String>,
    given: Params,
) -> Answer {
    let request = Request::Traces(vec![params::trace_id(&id)?]);
    let range = params::trace_range(&given)?;
    let batches = services.spans(params::tenant(&headers)?, request, range).await?;
    let traces = if given.get("raw") == Some("true") { render::group_raw(&batches) } else { render::group(&batches) };
    if traces.is_empty() { Err(JaegerError::trace_not_found()) } else { Ok(render::traces(&traces, &[])) }
}

/// `/api/dependencies`: who calls whom how often.
pub(crate) async fn dependencies(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let range = params::dependency_range(&given)?;
    let rows = services.texts(params::tenant(&headers)?, Request::Dependencies, range, 3).await?;
    let wanted = given.get("service");
    let links = rows.iter().filter_map(|row| {
        let [parent, child, calls] = row.as_slice() else { return None };
        let shown = wanted.is_none_or(|service| service == parent || service == child);
        let calls = calls.parse::<f64>().ok()? as u64;
        shown.then(|| json!({"parent": parent, "child": child, "callCount": calls}))
    });
    Ok(Envelope::list(links.collect()).total(0).answer())
}
