//! The one place where a `Kind` becomes Zipkin's status and plain-text error.

use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use http::StatusCode;

/// An error as Zipkin words it: plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ZipkinError {
    status: StatusCode,
    message: String,
}

impl ZipkinError {
    /// A parameter or body is wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.into() }
    }
}

impl<E: HasKind + std::fmt::Display> From<E> for ZipkinError {
    fn from(error: E) -> Self {
        let status = match error.kind() {
            // Wire: Zipkin tells senders that it is overloaded with 503, which they drop or retry by their own settings.
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            kind => gw_serve::status_of(kind),
        };
        Self { status, message: error.to_string() }
    }
}

impl IntoResponse for ZipkinError {
    fn into_response(self) -> Response {
        (self.status, self.message).into_response()
    }
}
