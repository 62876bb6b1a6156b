//! `/api/v1/openapi.yaml`: this room's routes for machines.

use axum::response::{IntoResponse, Response};
use http::header;

static TEXT: &str = include_str!("../openapi.yaml");

/// The description.
pub(crate) async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], TEXT).into_response()
}
