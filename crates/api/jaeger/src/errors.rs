//! The one place where a `Kind` becomes Jaeger's status and error envelope.

use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use http::{StatusCode, header};
use serde_json::json;

/// An error of the query API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JaegerError {
    status: StatusCode,
    message: String,
}

impl JaegerError {
    /// A parameter is wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// What failed.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// A trace that is not stored.
    pub(crate) fn trace_not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, message: "trace not found".to_owned() }
    }
}

impl<E: HasKind + std::fmt::Display> From<E> for JaegerError {
    fn from(error: E) -> Self {
        let status = match error.kind() {
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            kind => gw_serve::status_of(kind),
        };
        Self { status, message: error.to_string() }
    }
}

impl IntoResponse for JaegerError {
    /// Wire: upstream sends its JSON envelope through Go's `http.Error`, so that it is called plain text.
    fn into_response(self) -> Response {
        let errors = json!([{"code": self.status.as_u16(), "msg": self.message}]);
        let body = format!("{{\"data\":null,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":{errors}}}\n");
        let headers =
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (self.status, headers, body).into_response()
    }
}
