//! `/api/v1/format_query` and `/api/v1/parse_query`.

use arrow_array::cast::AsArray;
use axum::extract::State;
use axum::response::Response;
use gw_base::TimeRange;
use gw_batch::{Query, Request};
use gw_serve::{Params, Services, collect};

use crate::errors::ApiError;
use crate::render;

/// The query in its canonical layout.
pub(crate) async fn format(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    let text = ask(&services, &given, false).await?;
    let mut data = String::with_capacity(text.len() + 2);
    gw_serve::text::push_text(&mut data, &text);
    Ok(render::success(&data))
}

/// The query's syntax tree.
pub(crate) async fn parse(State(services): State<Services>, given: Params) -> Result<Response, ApiError> {
    Ok(render::success(&ask(&services, &given, true).await?))
}

async fn ask(services: &Services, given: &Params, tree: bool) -> Result<String, ApiError> {
    let query = Query {
        tenant: services.default_tenant(),
        request: Request::Syntax { text: given.get("query").unwrap_or("").to_owned(), tree },
        range: TimeRange::ALL,
        limits: services.limits.clone(),
    };
    let mut answer = services.queries.query(query).await.map_err(|error| ApiError::query("query", &error))?;
    let batches = collect(&mut answer).await.map_err(|error| ApiError::query("query", &error))?;
    let text = batches
        .first()
        .and_then(|batch| batch.column(0).as_string_opt::<i32>())
        .filter(|a| !arrow_array::Array::is_empty(*a));
    Ok(text.map_or("", |column| column.value(0)).to_owned())
}
