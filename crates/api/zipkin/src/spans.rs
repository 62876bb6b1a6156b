//! `POST /api/v2/spans`: the collector.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use gw_formats::zipkin::ZIPKIN;
use gw_serve::{Permission, Principal, Services, Upload, access};
use http::StatusCode;

use crate::errors::ZipkinError;
use crate::params;

/// Takes spans. Wire: 202 without a body, also for an empty list; a list with a span that has no valid ids is answered 400
/// after the others have been stored.
pub(crate) async fn collect(
    State(services): State<Services>,
    principal: Option<Extension<Principal>>,
    request: Request,
) -> Result<Response, Response> {
    access::require(principal.as_deref(), Permission::Write).map_err(IntoResponse::into_response)?;
    take(&services, request).await.map_err(IntoResponse::into_response)
}

async fn take(services: &Services, request: Request) -> Result<Response, ZipkinError> {
    let upload = Upload::read(request, &services.limits).await?;
    let tenant = params::tenant(&upload.headers)?;
    let ingested = services.ingest(&ZIPKIN, upload, tenant).await?;
    match ingested.refusal_message() {
        None => Ok(StatusCode::ACCEPTED.into_response()),
        Some(message) => Err(ZipkinError::bad(format!("Cannot decode spans due to {message}"))),
    }
}
