//! Bounded request bodies.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use gw_base::{HasKind, Kind, Limits};
use http::{HeaderMap, header};

/// A request body within limits, still as it was sent.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Request headers.
    pub headers: HeaderMap,
    /// Body bytes as sent; [`Upload::content_encoding`] says how they are compressed.
    pub body: Bytes,
}

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Larger than the limit.
    #[error("request body exceeds {0} bytes")]
    TooLarge(usize),
    /// The client went away.
    #[error("request body ended early: {0}")]
    Broken(String),
}

impl HasKind for UploadError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooLarge(_) => Kind::TooMuch,
            Self::Broken(_) => Kind::Cancelled,
        }
    }
}

impl Upload {
    /// Reads a request's body within `limits.body_bytes`.
    ///
    /// # Errors
    /// [`UploadError`] when it is larger or ends early.
    pub async fn read(request: Request, limits: &Limits) -> Result<Self, UploadError> {
        let limit = limits.body_bytes;
        let (parts, body) = request.into_parts();
        let declared = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(UploadError::TooLarge(limit));
        }
        let body = axum::body::to_bytes(body, limit).await.map_err(|error| {
            let limited = std::error::Error::source(&error).is_some_and(|e| e.is::<http_body_util::LengthLimitError>());
            if limited { UploadError::TooLarge(limit) } else { UploadError::Broken(error.to_string()) }
        })?;
        Ok(Self { headers: parts.headers, body })
    }

    /// The media type without parameters, lower case; empty when none was sent.
    #[must_use]
    pub fn content_type(&self) -> String {
        let full = self.header(header::CONTENT_TYPE.as_str()).unwrap_or("");
        full.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
    }

    /// How the body is compressed; empty when it is not.
    #[must_use]
    pub fn content_encoding(&self) -> &str {
        match self.header(header::CONTENT_ENCODING.as_str()) {
            None | Some("identity") => "",
            Some(encoding) => encoding,
        }
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl FromRequest<crate::Services> for Upload {
    type Rejection = crate::Fault;

    async fn from_request(request: Request, services: &crate::Services) -> Result<Self, crate::Fault> {
        Ok(Self::read(request, &services.limits).await?)
    }
}
