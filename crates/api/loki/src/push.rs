//! `/loki/api/v1/push`: streams of lines as JSON or snappy protobuf.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gw_formats::loki::LOKI_PUSH;
use gw_serve::{Permission, Principal, Services, Upload, access};
use http::StatusCode;

use crate::errors::LokiError;
use crate::params;

/// Takes lines. Wire: a request of which some lines were refused is answered 400 after the rest has been stored.
pub(crate) async fn push(
    State(services): State<Services>,
    principal: Option<Extension<Principal>>,
    upload: Upload,
) -> Result<Response, Response> {
    access::require(principal.as_deref(), Permission::Write).map_err(IntoResponse::into_response)?;
    let tenant = params::tenant(&upload.headers).map_err(IntoResponse::into_response)?;
    let ingested = services.ingest(&LOKI_PUSH, upload, tenant).await;
    let ingested = ingested.map_err(|error| LokiError::push(&error).into_response())?;
    match ingested.refusal_message() {
        None => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(message) => Err(LokiError::bad(message).into_response()),
    }
}
