//! `/api/v1/write`: the remote-write receiver.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gw_base::{HasKind, Kind};
use gw_formats::remote_write::REMOTE_WRITE;
use gw_serve::{Permission, Principal, Services, Upload, access};
use http::StatusCode;

/// Takes a remote-write request. Wire: plain-text errors; 4xx tells the sender to drop, 5xx to try again, and a request of
/// which some series were refused is answered 400 after the rest has been stored.
pub(crate) async fn write(
    State(services): State<Services>,
    principal: Option<Extension<Principal>>,
    upload: Upload,
) -> Result<Response, Response> {
    access::require(principal.as_deref(), Permission::Write).map_err(IntoResponse::into_response)?;
    let tenant = services.default_tenant();
    let ingested = services.ingest(&REMOTE_WRITE, upload, tenant).await;
    let ingested = ingested.map_err(|error| text(status_of(error.kind()), &error.to_string()))?;
    match ingested.refusal_message() {
        None => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(message) => Err(text(StatusCode::BAD_REQUEST, &message)),
    }
}

/// Wire: senders retry on 5xx and, by default, not on 429, so "busy" is 503 here.
const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        kind => gw_serve::status_of(kind),
    }
}

fn text(status: StatusCode, message: &str) -> Response {
    (status, format!("{message}\n")).into_response()
}
