//! OTLP over HTTP: `POST /v1/{traces,logs,metrics}`, and what browsers ask before they post.

use axum::Extension;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gw_base::HasKind;
use gw_formats::otlp::{Otlp, Wire};
use gw_serve::{Ingested, Permission, Principal, Services, Upload, access};
use http::{HeaderValue, StatusCode, header};

use crate::errors::OtlpError;
use crate::{params, render};

/// How long a browser may remember a pre-flight answer, seconds.
const PREFLIGHT_AGE: &str = "7200";

/// Takes an export.
pub(crate) async fn export(
    services: Services,
    format: &'static Otlp,
    principal: Option<Extension<Principal>>,
    request: Request,
) -> Response {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // Wire: a request of unknown encoding is answered in JSON, which people can read.
    let wire = Wire::of_content_type(content_type.unwrap_or_default()).unwrap_or(Wire::Json);
    match take(&services, format, principal, request).await {
        Ok(ingested) => render::success(wire, format.signal(), &ingested),
        Err(error) => render::failure(wire, &error),
    }
}

async fn take(
    services: &Services,
    format: &'static Otlp,
    principal: Option<Extension<Principal>>,
    request: Request,
) -> Result<Ingested, OtlpError> {
    access::require(principal.as_deref(), Permission::Write)?;
    let upload = Upload::read(request, &services.limits).await;
    let upload = upload.map_err(|error| OtlpError::new(error.kind(), error.to_string()))?;
    let tenant = params::tenant(&upload.headers)?;
    Ok(services.ingest(format, upload, tenant).await?)
}

/// Answers a pre-flight; [`allow_origin`] adds who may read it.
pub(crate) async fn preflight(request: Request) -> Response {
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_AGE));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        asked.unwrap_or(HeaderValue::from_static("content-type, content-encoding")),
    );
    answer
}

/// Lets a page read the answer to its own export. The doorkeeper before this room has already refused foreign pages.
pub(crate) async fn allow_origin(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut answer = next.run(request).await;
    if let Some(origin) = origin {
        answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    }
    answer
}
