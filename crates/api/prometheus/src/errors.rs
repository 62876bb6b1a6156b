//! The one place where a `Kind` becomes Prometheus's error type, code and envelope.

use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use gw_batch::{QueryError, Stage};
use http::{StatusCode, header};
use serde_json::json;

/// An error as the API words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    code: u16,
    error_type: &'static str,
    message: String,
}

impl ApiError {
    /// A parameter or query text is wrong.
    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        Self { code: 400, error_type: "bad_data", message: message.into() }
    }

    /// A parameter is wrong, in upstream's frame.
    pub(crate) fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter {name:?}: {why}"))
    }

    /// The failure of a query whose text came in parameter `name`.
    pub(crate) fn query(name: &str, error: &QueryError) -> Self {
        match (error.stage, error.kind) {
            (Stage::Parse, Kind::Invalid) => Self::parameter(name, &error.message),
            // Wire: what fails while running is `execution` (422) whoever is at fault; `bad_data` is for parsing alone.
            (Stage::Execute, Kind::Invalid | Kind::Conflict | Kind::TooMuch | Kind::NotFound) => {
                Self { code: 422, error_type: "execution", message: error.message.clone() }
            }
            (_, kind) => Self::while_running(kind, error.message.clone()),
        }
    }

    /// The server cannot do this now, or not at all as it was started.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { code: 503, error_type: "unavailable", message: message.into() }
    }

    /// What is asked for does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { code: 404, error_type: "not_found", message: message.into() }
    }

    /// Wire: a query that took too long is `timeout`, though it is as unavailable as any other.
    fn while_running(kind: Kind, message: String) -> Self {
        if kind == Kind::Unavailable && message.starts_with("query timed out") {
            return Self { code: 503, error_type: "timeout", message };
        }
        Self::of_kind(kind, message)
    }

    pub(crate) fn of_kind(kind: Kind, message: String) -> Self {
        let (code, error_type) = match kind {
            Kind::Invalid => (400, "bad_data"),
            Kind::NotFound => (404, "not_found"),
            Kind::Conflict | Kind::TooMuch => (422, "execution"),
            Kind::Busy | Kind::Unavailable => (503, "unavailable"),
            Kind::Denied => (403, "bad_data"),
            Kind::Cancelled => (499, "canceled"),
            Kind::Internal => (500, "internal"),
        };
        Self { code, error_type, message }
    }
}

impl<E: HasKind + std::fmt::Display> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self::of_kind(error.kind(), error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"status": "error", "errorType": self.error_type, "error": self.message});
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_words() {
        let of = |kind, stage| {
            let error = ApiError::query("query", &QueryError { kind, stage, message: "m".into() });
            (error.code, error.error_type)
        };
        assert_eq!(of(Kind::Invalid, Stage::Parse), (400, "bad_data"));
        assert_eq!(of(Kind::Invalid, Stage::Execute), (422, "execution"));
        assert_eq!(of(Kind::TooMuch, Stage::Execute), (422, "execution"));
        assert_eq!(of(Kind::Cancelled, Stage::Execute), (499, "canceled"));
        let slow = QueryError::execute(Kind::Unavailable, "query timed out in query execution");
        assert_eq!(ApiError::query("query", &slow).error_type, "timeout");
        assert_eq!(of(Kind::Busy, Stage::Execute), (503, "unavailable"));
        assert_eq!(of(Kind::Internal, Stage::Execute), (500, "internal"));
    }
}
