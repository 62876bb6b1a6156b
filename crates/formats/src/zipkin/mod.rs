//! Zipkin v2 spans: JSON and protobuf in, JSON out.
//!
//! What Zipkin has and OpenTelemetry lacks is kept in attributes of other types than Zipkin's own tags (which are texts), so
//! that a span comes back as it was sent: [`SHARED`], [`DEBUG`] and [`NO_TIMESTAMP`] are booleans, endpoints are maps.

mod encode;
mod json;
mod protobuf;
mod span;

use crate::format::{About, DecodeContext, Decoded, Format};
use crate::{Encoding, FormatError, decompress};

pub use encode::write_span;

/// Attribute of a span whose id is shared between client and server.
pub const SHARED: &str = "zipkin.shared";
/// Attribute of a span that must be kept whatever the sampler says.
pub const DEBUG: &str = "zipkin.debug";
/// Attribute of a span that came without a timestamp; its stored start is that of its first annotation, or of receipt.
pub const NO_TIMESTAMP: &str = "zipkin.no_timestamp";
/// Resource attribute: addresses of the reporting service.
pub const LOCAL_ENDPOINT: &str = "zipkin.local_endpoint";
/// Attribute: the other side of a request.
pub const REMOTE_ENDPOINT: &str = "zipkin.remote_endpoint";
/// Attribute that follows [`REMOTE_ENDPOINT`] and repeats its service name for searches across products.
pub const PEER_SERVICE: &str = "peer.service";

/// Zipkin's v2 span list.
#[derive(Debug)]
pub struct ZipkinSpans;

/// The format as listed in [`crate::FORMATS`].
pub static ZIPKIN: ZipkinSpans = ZipkinSpans;

static ABOUT: About = About {
    name: "zipkin-v2",
    product: "Zipkin",
    summary: "A list of spans as JSON or protobuf.",
    specification: "openzipkin/zipkin-api: zipkin2-api.yaml, zipkin.proto",
};

impl Format for ZipkinSpans {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
        let encoding = Encoding::parse(context.content_encoding).ok_or_else(|| FormatError::ContentEncoding {
            given: context.content_encoding.to_owned(),
            expected: "gzip or none",
        })?;
        let plain = decompress(encoding, body, context.limits)?;
        let mut rows = span::Rows::new(context.now);
        // Wire: any content type but protobuf's is taken as JSON, as zipkin-server does.
        if context.media_type() == "application/x-protobuf" {
            protobuf::decode(&plain, &mut rows)?;
        } else {
            json::decode(&plain, &mut rows)?;
        }
        Ok(rows.finish(context))
    }
}
