//! Port 1006: batches of spans as Thrift, and the sampling strategy that clients ask for.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use gw_base::HasKind;
use gw_formats::FormatError;
use gw_formats::jaeger::JAEGER_THRIFT;
use gw_serve::{IngestError, Params, Permission, Principal, Services, Upload, access};
use http::{StatusCode, header};

use crate::params;

/// Takes a batch. Wire: 202 without a body; errors are plain text (`http_thrift_handler.go`).
pub(crate) async fn collect(
    State(services): State<Services>,
    principal: Option<Extension<Principal>>,
    request: Request,
) -> Result<Response, Response> {
    access::require(principal.as_deref(), Permission::Write).map_err(IntoResponse::into_response)?;
    let format = Params::parse(request.uri().query().unwrap_or_default());
    if let Some(other) = format.get("format").filter(|format| *format != "jaeger.thrift") {
        return Err(text(StatusCode::BAD_REQUEST, &format!("Unsupported format type: {other}")));
    }
    let upload = Upload::read(request, &services.limits).await;
    let upload = upload.map_err(|error| text(gw_serve::status_of(error.kind()), &error.to_string()))?;
    let tenant = params::tenant(&upload.headers).map_err(IntoResponse::into_response)?;
    let ingested = services.ingest(&JAEGER_THRIFT, upload, tenant).await.map_err(|error| refusal(&error))?;
    match ingested.refusal_message() {
        None => Ok(StatusCode::ACCEPTED.into_response()),
        Some(message) => Err(text(StatusCode::BAD_REQUEST, &format!("Unable to process request body: {message}"))),
    }
}

fn refusal(error: &IngestError) -> Response {
    let message = match error {
        IngestError::Format(FormatError::ContentType { given, .. }) => format!("Unsupported content type: {given}"),
        IngestError::Format(error) => format!("Unable to process request body: {error}"),
        error => format!("Cannot submit Jaeger batch: {error}"),
    };
    text(gw_serve::status_of(error.kind()), &message)
}

fn text(status: StatusCode, message: &str) -> Response {
    (status, format!("{message}\n")).into_response()
}

const EVERY_TRACE: &str = r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}"#;

/// The strategy of a service: every trace, as upstream's all-in-one answers.
pub(crate) async fn sampling(given: Params) -> Response {
    if given.all("service").count() != 1 {
        return text(StatusCode::BAD_REQUEST, "'service' parameter must be provided once");
    }
    ([(header::CONTENT_TYPE, "application/json")], EVERY_TRACE).into_response()
}
