//! The one place where a `Kind` becomes Loki's status and plain-text error.

use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use http::StatusCode;

/// An error as Loki words it: plain text, no envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LokiError {
    status: StatusCode,
    message: String,
}

impl LokiError {
    /// A parameter or query text is wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// The failure of a push. Wire: a body that is too large is 413 there.
    pub(crate) fn push(error: &gw_serve::IngestError) -> Self {
        let status = match error.kind() {
            Kind::TooMuch => StatusCode::PAYLOAD_TOO_LARGE,
            kind => status_of(kind),
        };
        Self { status, message: error.to_string() }
    }

    /// The text, for the tail's close frame.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

fn status_of(kind: Kind) -> StatusCode {
    match kind {
        // Wire: Loki answers 400 for limits of queries as well as for wrong input.
        Kind::Invalid | Kind::Conflict => StatusCode::BAD_REQUEST,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::TooMuch => StatusCode::BAD_REQUEST,
        Kind::Busy => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Denied => StatusCode::UNAUTHORIZED,
        Kind::Cancelled => StatusCode::GATEWAY_TIMEOUT,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl<E: HasKind + std::fmt::Display> From<E> for LokiError {
    fn from(error: E) -> Self {
        Self { status: status_of(error.kind()), message: error.to_string() }
    }
}

impl IntoResponse for LokiError {
    fn into_response(self) -> Response {
        (self.status, self.message + "\n").into_response()
    }
}
