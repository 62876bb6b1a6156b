//! The one place where a `Kind` becomes OTLP's statuses, for HTTP and for gRPC.

use gw_base::{HasKind, Kind};
use gw_formats::FormatError;
use gw_formats::otlp::response::grpc_code;
use gw_serve::IngestError;
use http::StatusCode;

/// How long a sender shall wait before it sends again, seconds.
pub(crate) const RETRY_AFTER_SECONDS: u64 = 1;

/// Why an export was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtlpError {
    /// Who must act.
    pub(crate) kind: Kind,
    /// What failed.
    pub(crate) message: String,
    /// The HTTP status, where the kind alone does not tell it.
    status: Option<StatusCode>,
}

impl OtlpError {
    /// A failure of a kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None }
    }

    /// The request is wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// Wire: clients send again on 429, 502, 503 and 504 and on nothing else (opentelemetry-proto specification, failures).
    pub(crate) fn http_status(&self) -> StatusCode {
        self.status.unwrap_or(match self.kind {
            Kind::Busy => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unavailable | Kind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
            kind => gw_serve::status_of(kind),
        })
    }

    /// The canonical gRPC code.
    pub(crate) const fn grpc_code(&self) -> u32 {
        grpc_code(self.kind)
    }

    /// Whether the sender shall try again later.
    pub(crate) const fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }
}

impl From<IngestError> for OtlpError {
    fn from(error: IngestError) -> Self {
        let status = match &error {
            IngestError::Format(FormatError::ContentType { .. } | FormatError::ContentEncoding { .. }) => {
                Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            _ => None,
        };
        Self { kind: error.kind(), message: error.to_string(), status }
    }
}

impl From<gw_serve::Fault> for OtlpError {
    fn from(fault: gw_serve::Fault) -> Self {
        Self { kind: fault.kind, message: fault.message, status: Some(fault.status) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_succeed_later_is_retried() {
        let of = |kind| {
            let error = OtlpError::new(kind, "m");
            (error.http_status().as_u16(), error.grpc_code(), error.is_retryable())
        };
        assert_eq!(of(Kind::Busy), (429, 8, true));
        assert_eq!(of(Kind::TooMuch), (413, 8, false));
        assert_eq!(of(Kind::Unavailable), (503, 14, true));
        assert_eq!(of(Kind::Invalid), (400, 3, false));
        assert_eq!(of(Kind::Internal), (500, 13, false));
    }
}
