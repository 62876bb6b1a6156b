//! `Kind` to HTTP status, and the error answer of Gatewatch's own API.

use axum::Json;
use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use http::StatusCode;
use serde_json::json;

/// The status that fits a kind where the imitated product has no opinion of its own.
#[must_use]
pub const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooMuch => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Busy => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Denied => StatusCode::FORBIDDEN,
        // 499 is nginx's "client closed request"; there is no registered status for it.
        Kind::Cancelled => match StatusCode::from_u16(499) {
            Ok(status) => status,
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        },
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A failure in Gatewatch's own words: `{"error":{"kind","message"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Who must act.
    pub kind: Kind,
    /// What failed.
    pub message: String,
    /// The status, when it is not [`status_of`] the kind.
    pub status: StatusCode,
}

impl Fault {
    /// A failure of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: status_of(kind) }
    }

    /// Nobody has signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self { kind: Kind::Denied, message: "sign in first".to_owned(), status: StatusCode::UNAUTHORIZED }
    }
}

impl<E: HasKind + std::fmt::Display> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if self.kind == Kind::Internal {
            tracing::error!(message = self.message, "request failed");
        }
        let body = Json(json!({"error": {"kind": self.kind.as_str(), "message": self.message}}));
        (self.status, body).into_response()
    }
}
