//! Answers over HTTP, in the encoding of the request.

use axum::response::{IntoResponse, Response};
use gw_base::Signal;
use gw_formats::otlp::{PartialSuccess, Wire, response};
use gw_serve::Ingested;
use http::{HeaderValue, StatusCode, header};

use crate::errors::{OtlpError, RETRY_AFTER_SECONDS};

/// What was left out of an export.
pub(crate) fn partial(ingested: &Ingested) -> PartialSuccess {
    PartialSuccess { rejected: ingested.refused_rows(), message: ingested.refusal_message().unwrap_or_default() }
}

/// The answer to an export of which something was taken.
pub(crate) fn success(wire: Wire, signal: Signal, ingested: &Ingested) -> Response {
    let body = response::export_response(wire, signal, &partial(ingested));
    (StatusCode::OK, [(header::CONTENT_TYPE, wire.content_type())], body).into_response()
}

/// The answer to an export that was not taken: a `google.rpc.Status`.
pub(crate) fn failure(wire: Wire, error: &OtlpError) -> Response {
    let body = response::status(wire, error.grpc_code(), &error.message);
    let mut answer = (error.http_status(), [(header::CONTENT_TYPE, wire.content_type())], body).into_response();
    if error.is_retryable() {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    answer
}
