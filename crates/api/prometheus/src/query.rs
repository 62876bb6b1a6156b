//! `/api/v1/query`, `/api/v1/query_range` and `/api/v1/query_exemplars`.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gw_base::{TimeRange, Timestamp};
use gw_batch::{Direction, Language, Query, Request};
use gw_serve::{Params, Services, collect};

use crate::errors::ApiError;
use crate::{params, render};

/// Evaluates at one point.
pub(crate) async fn instant(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    let at = params::time(&given, "time")?.unwrap_or_else(|| services.world.now());
    run(&services, &given, TimeRange::new(at, at), None).await
}

/// Evaluates at points of a grid.
pub(crate) async fn range(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    let (range, step) = params::grid(&given)?;
    run(&services, &given, range, Some(step)).await
}

async fn run(
    services: &Services,
    given: &Params,
    range: TimeRange,
    step: Option<Duration>,
) -> Result<Response, ApiError> {
    let request = Request::Expression {
        language: Language::PromQl,
        text: given.get("query").unwrap_or("").to_owned(),
        step,
        lookback: params::span(given, "lookback_delta")?,
        direction: Direction::Forward,
        limit: params::limit(given)?,
    };
    let limits = params::limits(given, &services.limits)?;
    let query = Query { tenant: services.default_tenant(), request, range, limits };
    let mut answer = services.queries.query(query).await.map_err(|error| ApiError::query("query", &error))?;
    let batches = collect(&mut answer).await.map_err(|error| ApiError::query("query", &error))?;
    let stats = given.get("stats").is_some();
    Ok(render::evaluation(answer, batches, step.is_some(), params::limit(given)?, stats))
}

/// Exemplars of the series that a query selects.
pub(crate) async fn exemplars(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    let start = params::time(&given, "start")?.unwrap_or(Timestamp::MIN);
    let end = params::time(&given, "end")?.unwrap_or(Timestamp::MAX);
    if end < start {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Exemplars { text: given.get("query").unwrap_or("").to_owned() },
        range: TimeRange::new(start, end),
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await.map_err(|error| ApiError::query("query", &error))?;
    let batches = collect(&mut answer).await.map_err(|error| ApiError::query("query", &error))?;
    Ok(render::exemplars(&batches))
}
