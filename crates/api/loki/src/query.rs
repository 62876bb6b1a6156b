//! `/loki/api/v1/query`, `query_range`, `labels`, `label/NAME/values`, `series`.

use axum::extract::{Path, State};
use axum::response::Response;
use gw_base::{Signal, TimeRange};
use gw_batch::{Language, Names, Query, Request, Shape};
use gw_serve::{Params, Services, collect};
use http::HeaderMap;

use crate::errors::LokiError;
use crate::params;
use crate::render::{self, Encoding};

/// A metric query at one point.
pub(crate) async fn instant(
    State(services): State<Services>,
    headers: HeaderMap,
    given: Params,
) -> Result<Response, LokiError> {
    let at = params::time(&given, "time")?.unwrap_or_else(|| services.world.now());
    let request = Request::Expression {
        language: Language::LogQl,
        text: given.get("query").unwrap_or("").to_owned(),
        step: None,
        lookback: None,
        direction: params::direction(&given)?,
        limit: Some(params::limit(&given)?),
        reading: gw_batch::Reading::default(),
    };
    run(&services, &headers, request, TimeRange::new(at, at)).await
}

/// A log or metric query over a range.
pub(crate) async fn range(
    State(services): State<Services>,
    headers: HeaderMap,
    given: Params,
) -> Result<Response, LokiError> {
    let range = params::range(&given, services.world.now())?;
    let request = Request::Expression {
        language: Language::LogQl,
        text: given.get("query").unwrap_or("").to_owned(),
        step: Some(params::step(&given, range)?),
        lookback: None,
        direction: params::direction(&given)?,
        limit: Some(params::limit(&given)?),
        reading: gw_batch::Reading::default(),
    };
    run(&services, &headers, request, range).await
}

async fn run(
    services: &Services,
    headers: &HeaderMap,
    request: Request,
    range: TimeRange,
) -> Result<Response, LokiError> {
    let is_range = matches!(request, Request::Expression { step: Some(_), .. });
    let started = services.world.elapsed();
    let query = Query { tenant: params::tenant(headers)?, request, range, limits: services.limits.clone() };
    let mut answer = services.queries.query(query).await?;
    if answer.shape == Shape::Lines && !is_range {
        return Err(LokiError::bad(
            "log queries are not supported as an instant query type, please change your query to a range query type",
        ));
    }
    let batches = collect(&mut answer).await?;
    let took = services.world.elapsed().saturating_sub(started);
    Ok(render::answer(&answer, &batches, Encoding::of(headers), is_range, took))
}

/// Label names.
pub(crate) async fn labels(
    State(services): State<Services>,
    headers: HeaderMap,
    given: Params,
) -> Result<Response, LokiError> {
    names(&services, &headers, &given, Names::Labels, given.get("query").map(str::to_owned).into_iter().collect()).await
}

/// Values of one label.
pub(crate) async fn values(
    State(services): State<Services>,
    Path(name): Path<String>,
    headers: HeaderMap,
    given: Params,
) -> Result<Response, LokiError> {
    names(&services, &headers, &given, Names::Values(name), given.get("query").map(str::to_owned).into_iter().collect())
        .await
}

/// Label sets of streams.
pub(crate) async fn series(
    State(services): State<Services>,
    headers: HeaderMap,
    given: Params,
) -> Result<Response, LokiError> {
    let selectors = given.all("match[]").chain(given.all("match")).map(str::to_owned).collect();
    names(&services, &headers, &given, Names::Series, selectors).await
}

async fn names(
    services: &Services,
    headers: &HeaderMap,
    given: &Params,
    names: Names,
    selectors: Vec<String>,
) -> Result<Response, LokiError> {
    let query = Query {
        tenant: params::tenant(headers)?,
        request: Request::Names { signal: Signal::Logs, names, selectors, limit: None },
        range: params::range(given, services.world.now())?,
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await?;
    Ok(render::names(&collect(&mut answer).await?))
}
