//! `/api/v1/write`: the remote-write receiver.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use gw_batch::MetricCounts;
use gw_formats::FormatError;
use gw_formats::remote_write::{REMOTE_WRITE, Version};
use gw_serve::{IngestError, Permission, Principal, Services, Upload, access};
use http::{HeaderName, HeaderValue, StatusCode};

/// Wire: what was written, told for 2.0 alone, and on errors too.
const WRITTEN: [HeaderName; 3] = [
    HeaderName::from_static("x-prometheus-remote-write-samples-written"),
    HeaderName::from_static("x-prometheus-remote-write-histograms-written"),
    HeaderName::from_static("x-prometheus-remote-write-exemplars-written"),
];

/// Takes a remote-write request. Wire: plain-text errors; 4xx tells the sender to drop, 5xx to try again, and a request of
/// which some series were refused is answered 400 after the rest has been stored.
pub(crate) async fn write(
    State(services): State<Services>,
    principal: Option<Extension<Principal>>,
    upload: Upload,
) -> Result<Response, Response> {
    access::require(principal.as_deref(), Permission::Write).map_err(IntoResponse::into_response)?;
    // Wire: senders of 1.0 may take headers that they do not know for a fault, and some do.
    let version = Version::of(upload.header("content-type").unwrap_or("")).unwrap_or(Version::V1);
    let tenant = services.default_tenant();
    let (mut response, written) = match services.ingest(&REMOTE_WRITE, upload, tenant).await {
        Ok(ingested) => {
            let response = match ingested.refusal_message() {
                None => StatusCode::NO_CONTENT.into_response(),
                Some(message) => text(StatusCode::BAD_REQUEST, &message),
            };
            (response, ingested.written)
        }
        Err(error) => (text(status_of(&error), &error.to_string()), MetricCounts::default()),
    };
    if version == Version::V2 {
        let counts = [written.samples, written.histograms, written.exemplars];
        response.headers_mut().extend(WRITTEN.into_iter().zip(counts.map(HeaderValue::from)));
    }
    Ok(response)
}

/// Wire: senders retry on 5xx and, by default, not on 429, so "busy" is 503 here.
fn status_of(error: &IngestError) -> StatusCode {
    match error {
        IngestError::Format(FormatError::ContentType { .. } | FormatError::ContentEncoding { .. }) => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        error => match error.kind() {
            Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            kind => gw_serve::status_of(kind),
        },
    }
}

fn text(status: StatusCode, message: &str) -> Response {
    (status, format!("{message}\n")).into_response()
}
