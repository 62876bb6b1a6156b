//! What may be asked: names, traces, dependencies.

use axum::extract::{Path, State};
use axum::response::Response;
use gw_base::TimeRange;
use gw_batch::Request;
use gw_serve::{Params, Services};
use http::HeaderMap;

use crate::errors::ZipkinError;
use crate::{params, render};

type Answer = Result<Response, ZipkinError>;

/// `/services`: names of services, sorted.
pub(crate) async fn services(State(services): State<Services>, headers: HeaderMap) -> Answer {
    let rows = services.texts(params::tenant(&headers)?, Request::Services, TimeRange::ALL, 1).await?;
    Ok(render::names(rows.into_iter().filter_map(|row| row.into_iter().next())))
}

/// `/spans?serviceName`: names of a service's spans, sorted.
pub(crate) async fn span_names(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let tenant = params::tenant(&headers)?;
    let request = Request::Operations { service: service_name(&given)?.to_lowercase() };
    let rows = services.texts(tenant, request, TimeRange::ALL, 1).await?;
    Ok(render::names(rows.into_iter().filter_map(|row| row.into_iter().next())))
}

/// `/remoteServices?serviceName`: names of services that a service calls, sorted.
pub(crate) async fn remote_services(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let caller = service_name(&given)?.to_lowercase();
    let rows = services.texts(params::tenant(&headers)?, Request::Dependencies, TimeRange::ALL, 2).await?;
    let called = rows.into_iter().filter_map(|row| <[String; 2]>::try_from(row).ok());
    Ok(render::names(called.filter(|[parent, _]| *parent == caller).map(|[_, child]| child)))
}

fn service_name(given: &Params) -> Result<&str, ZipkinError> {
    given.get("serviceName").ok_or_else(|| ZipkinError::bad("serviceName parameter is required"))
}

/// `/traces`: a search.
pub(crate) async fn traces(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let range = params::range(&given, services.world.now())?;
    let request = Request::FindTraces(params::search(&given)?);
    let batches = services.spans(params::tenant(&headers)?, request, range).await?;
    Ok(render::traces(&render::group(&batches)))
}

/// `/trace/ID`: the spans of one trace.
pub(crate) async fn trace(State(services): State<Services>, headers: HeaderMap, Path(text): Path<String>) -> Answer {
    let request = Request::Traces(vec![params::trace_id(&text)?]);
    let batches = services.spans(params::tenant(&headers)?, request, TimeRange::ALL).await?;
    match render::group(&batches).first() {
        Some(spans) => Ok(render::trace(spans)),
        None => Err(ZipkinError::not_found(format!("{text} not found"))),
    }
}

/// `/traceMany?traceIds`: the spans of several traces; those that are not there are left out.
pub(crate) async fn trace_many(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let request = Request::Traces(params::trace_ids(&given)?);
    let batches = services.spans(params::tenant(&headers)?, request, TimeRange::ALL).await?;
    Ok(render::traces(&render::group(&batches)))
}

/// `/dependencies`: who calls whom how often.
pub(crate) async fn dependencies(State(services): State<Services>, headers: HeaderMap, given: Params) -> Answer {
    let range = params::dependency_range(&given, services.world.now())?;
    let rows = services.texts(params::tenant(&headers)?, Request::Dependencies, range, 3).await?;
    Ok(render::dependencies(&rows))
}

/// `/autocompleteKeys`: none, as a zipkin-server without `AUTOCOMPLETE_KEYS` answers.
pub(crate) async fn autocomplete_keys() -> Response {
    render::names([])
}

/// `/autocompleteValues?key`: none.
pub(crate) async fn autocomplete_values(given: Params) -> Answer {
    given.get("key").map(|_| render::names([])).ok_or_else(|| ZipkinError::bad("key parameter is required"))
}
