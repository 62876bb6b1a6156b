//! The one place where a failure becomes Grafana's JSON error.

use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use http::{StatusCode, header};
use serde_json::json;

/// An error as Grafana words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrafanaError {
    status: StatusCode,
    message: String,
    message_id: &'static str,
}

impl GrafanaError {
    /// A wrong name or password.
    pub(crate) fn wrong_password() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            message: "Invalid username or password".to_owned(),
            message_id: "password-auth.failed",
        }
    }

    /// No route or thing of this name.
    pub(crate) fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, message: "Not found".to_owned(), message_id: "" }
    }

    /// The body is not what the route takes.
    pub(crate) fn bad_request() -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: "bad login data".to_owned(), message_id: "" }
    }
}

impl<E: HasKind + std::fmt::Display> From<E> for GrafanaError {
    fn from(error: E) -> Self {
        match error.kind() {
            Kind::Denied => Self::wrong_password(),
            Kind::Busy => Self {
                status: StatusCode::UNAUTHORIZED,
                message: "too many failed attempts to log in, wait a minute".to_owned(),
                message_id: "password-auth.blocked",
            },
            kind => Self { status: gw_serve::status_of(kind), message: error.to_string(), message_id: "" },
        }
    }
}

impl IntoResponse for GrafanaError {
    fn into_response(self) -> Response {
        let body = if self.message_id.is_empty() {
            json!({"message": self.message})
        } else {
            json!({"message": self.message, "messageId": self.message_id, "statusCode": self.status.as_u16(), "traceID": ""})
        };
        (self.status, [(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body.to_string()).into_response()
    }
}
