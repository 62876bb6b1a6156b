//! What fails, in cAdvisor's words. Everything is status 500 there, but for questions that name no version or no type.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
}

impl ApiError {
    /// Whatever cannot be answered.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: message.into() }
    }

    /// A question that only asks what may be asked.
    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// A path that no group has.
    pub(crate) fn unknown(path: &str) -> Self {
        Self::failed(format!("unknown container {path:?}"))
    }

    /// The same error behind other words.
    pub(crate) fn behind(self, words: &str) -> Self {
        Self { message: format!("{words}{}", self.message), ..self }
    }
}

impl IntoResponse for ApiError {
    /// Wire: upstream answers through Go's `http.Error`.
    fn into_response(self) -> Response {
        let headers =
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (self.status, headers, format!("{}\n", self.message)).into_response()
    }
}
