//! `/api/v1/query`, `/api/v1/query_range` and `/api/v1/query_exemplars`.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gw_base::{TimeRange, Timestamp};
use gw_batch::{Direction, Language, Query, Request};
use gw_serve::{Params, Services, collect};

use crate::errors::ApiError;
use crate::render::Timings;
use crate::room::Operations;
use crate::{params, render};

/// Evaluates at one point.
pub(crate) async fn instant(operations: Operations, services: Services, given: Params) -> Result<Response, ApiError> {
    let at = params::time(&given, "time")?.unwrap_or_else(|| services.world.now());
    run(&operations, &services, &given, (TimeRange::new(at, at), None)).await
}

/// Evaluates at points of a grid.
pub(crate) async fn range(operations: Operations, services: Services, given: Params) -> Result<Response, ApiError> {
    let (range, step) = params::grid(&given)?;
    run(&operations, &services, &given, (range, Some(step))).await
}

async fn run(
    operations: &Operations,
    services: &Services,
    given: &Params,
    (range, step): (TimeRange, Option<Duration>),
) -> Result<Response, ApiError> {
    let request = Request::Expression {
        language: Language::PromQl,
        text: given.get("query").unwrap_or("").to_owned(),
        step,
        lookback: params::span(given, "lookback_delta")?.or(Some(operations.settings.lookback)),
        direction: Direction::Forward,
        limit: params::limit(given)?,
        reading: params::reading(given, &operations.settings.replica_labels)?,
    };
    let limits = params::limits(given, &services.limits)?;
    let query = Query { tenant: services.default_tenant(), request, range, limits };
    let _running = operations.observed.begin();
    let began = services.world.elapsed();
    let mut answer = services.queries.query(query).await.map_err(|error| ApiError::query("query", &error))?;
    let prepared = services.world.elapsed();
    let batches = collect(&mut answer).await.map_err(|error| ApiError::query("query", &error))?;
    let evaluated = services.world.elapsed().saturating_sub(prepared);
    let timings = Timings::new(prepared.saturating_sub(began), evaluated, &answer.cost);
    operations.observed.query(timings, answer.cost.rows.load(std::sync::atomic::Ordering::Relaxed));
    let stats = given.get("stats").map(|_| timings);
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
