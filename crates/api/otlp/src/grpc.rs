//! OTLP over gRPC: unary calls written out by hand.
//!
//! A framework would decode into generated types and decompress without a bound; a unary call is one length-prefixed message
//! each way and a trailer, and its bytes go to the same decoders as those of HTTP.

use axum::Extension;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut, BytesMut};
use futures_util::stream;
use gw_base::{HasKind, Kind, Limits};
use gw_formats::otlp::response::export_response;
use gw_formats::otlp::{Otlp, Wire};
use gw_formats::protobuf::MessageWriter;
use gw_serve::{Permission, Principal, Services, Upload, access};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;

use crate::errors::{OtlpError, RETRY_AFTER_SECONDS};
use crate::{params, render};

/// Bytes before each message: a compression flag and the length.
const PREFIX_BYTES: usize = 5;
/// Encodings that a message may come in.
const ACCEPTED_ENCODINGS: &str = "gzip,zstd,deflate,identity";
const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";
/// gRPC's code for a method that does not exist.
const UNIMPLEMENTED: u32 = 12;

/// Takes an export.
pub(crate) async fn export(
    services: Services,
    format: &'static Otlp,
    principal: Option<Extension<Principal>>,
    request: Request,
) -> Response {
    match take(&services, format, principal, request).await {
        Ok(message) => success(&message),
        Err(error) => failure(&error),
    }
}

async fn take(
    services: &Services,
    format: &'static Otlp,
    principal: Option<Extension<Principal>>,
    request: Request,
) -> Result<Vec<u8>, OtlpError> {
    access::require(principal.as_deref(), Permission::Write)?;
    let upload = unframe(read(request, &services.limits).await?)?;
    let tenant = params::tenant(&upload.headers)?;
    let ingested = services.ingest(format, upload, tenant).await?;
    Ok(export_response(Wire::Protobuf, format.signal(), &render::partial(&ingested)))
}

async fn read(request: Request, limits: &Limits) -> Result<Upload, OtlpError> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.unwrap_or_default().starts_with("application/grpc") {
        return Err(OtlpError::invalid(
            "content type is not application/grpc; plain OTLP over HTTP is served on port 4318",
        ));
    }
    let limits = Limits { body_bytes: limits.body_bytes.saturating_add(PREFIX_BYTES), ..limits.clone() };
    Upload::read(request, &limits).await.map_err(|error| OtlpError::new(error.kind(), error.to_string()))
}

/// Takes the one message out of its frame and says in HTTP's headers what gRPC's said.
fn unframe(mut upload: Upload) -> Result<Upload, OtlpError> {
    let Some((prefix, rest)) = upload.body.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(OtlpError::invalid("grpc message is cut off"));
    };
    let [compressed, length @ ..] = *prefix;
    if u32::from_be_bytes(length) as usize != rest.len() {
        return Err(OtlpError::invalid("grpc body is not exactly one message"));
    }
    let encoding = upload.headers.get("grpc-encoding").cloned().unwrap_or(HeaderValue::from_static("identity"));
    let encoding = if compressed == 0 { HeaderValue::from_static("identity") } else { encoding };
    upload.body = upload.body.slice(PREFIX_BYTES..);
    upload.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Wire::Protobuf.content_type()));
    upload.headers.insert(header::CONTENT_ENCODING, encoding);
    Ok(upload)
}

/// `grpc.health.v1.Health/Check`: serving.
pub(crate) async fn health() -> Response {
    const SERVING: u64 = 1;
    let mut message = MessageWriter::default();
    message.varint(1, SERVING);
    success(message.as_bytes())
}

/// Any other method.
pub(crate) async fn unimplemented(request: Request) -> Response {
    trailers_only(UNIMPLEMENTED, &format!("unknown method {}", request.uri().path()), None)
}

fn success(message: &[u8]) -> Response {
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    let frames = [Ok::<_, std::convert::Infallible>(Frame::data(frame.freeze())), Ok(Frame::trailers(trailers))];
    answer(Body::new(StreamBody::new(stream::iter(frames))))
}

fn failure(error: &OtlpError) -> Response {
    trailers_only(error.grpc_code(), &error.message, details(error).as_deref())
}

/// Wire: `RESOURCE_EXHAUSTED` is retried only when the status carries a `RetryInfo`, so that a body that is too large is not
/// sent for ever (opentelemetry-proto specification, OTLP/gRPC throttling).
fn details(error: &OtlpError) -> Option<String> {
    if error.kind != Kind::Busy {
        return None;
    }
    let mut retry = MessageWriter::default();
    retry.message(1, |delay| {
        delay.varint(1, RETRY_AFTER_SECONDS);
    });
    let mut status = MessageWriter::default();
    status.varint(1, u64::from(error.grpc_code())).text(2, &error.message).message(3, |any| {
        any.text(1, "type.googleapis.com/google.rpc.RetryInfo").bytes(2, retry.as_bytes());
    });
    Some(STANDARD_NO_PAD.encode(status.as_bytes()))
}

fn trailers_only(code: u32, message: &str, details: Option<&str>) -> Response {
    let mut response = answer(Body::empty());
    let headers = response.headers_mut();
    headers.insert(GRPC_STATUS, HeaderValue::from(code));
    if let Ok(message) = HeaderValue::from_str(&percent_encode(message)) {
        headers.insert(GRPC_MESSAGE, message);
    }
    if let Some(Ok(details)) = details.map(HeaderValue::from_str) {
        headers.insert("grpc-status-details-bin", details);
    }
    response
}

fn answer(body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-accept-encoding", HeaderValue::from_static(ACCEPTED_ENCODINGS));
    response
}

/// Wire: `grpc-message` is printable ASCII; other bytes and `%` are percent-encoded.
fn percent_encode(message: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => text.push(byte as char),
            _ => write!(text, "%{byte:02X}").expect("writing to a String cannot fail"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn upload(body: &[u8]) -> Upload {
        Upload { headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) }
    }

    #[test]
    fn one_message_is_taken_out_of_its_frame() {
        let taken = unframe(upload(&[0, 0, 0, 0, 2, 7, 8])).unwrap();
        assert_eq!((&taken.body[..], taken.content_encoding()), (&[7u8, 8][..], ""));
        let mut compressed = upload(&[1, 0, 0, 0, 1, 7]);
        compressed.headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
        assert_eq!(unframe(compressed).unwrap().content_encoding(), "gzip");
        for body in [&[][..], &[0, 0, 0, 0], &[0, 0, 0, 0, 2, 7], &[0, 0, 0, 0, 0, 7], &[0, 0xFF, 0xFF, 0xFF, 0xFF]] {
            assert_eq!(unframe(upload(body)).unwrap_err().kind, Kind::Invalid, "{body:?}");
        }
    }

    #[test]
    fn throttling_says_when_to_come_back() {
        assert!(details(&OtlpError::new(Kind::Busy, "later")).is_some());
        assert!(details(&OtlpError::new(Kind::TooMuch, "never")).is_none());
        let response = failure(&OtlpError::invalid("é%"));
        assert_eq!(response.headers()[GRPC_STATUS], "3");
        assert_eq!(response.headers()[GRPC_MESSAGE], "%C3%A9%25");
    }
}
