//! Jaeger's collector format: a Thrift `Batch` in the binary protocol, as clients post it to `/api/traces`.
//!
//! Tags, logs and references are kept as sent. `span.kind`, `error` and `otel.status_description` fill the columns too; the
//! tags themselves stay, so that the query side gives back exactly what came in.

mod batch;
mod thrift;

use crate::format::{About, DecodeContext, Decoded, Format};
use crate::{Encoding, FormatError, decompress};

/// Attribute that keeps a Jaeger span's flags.
pub const FLAGS: &str = "jaeger.flags";
/// Link attribute that keeps a reference's type, `child_of` or `follows_from`.
pub const REF_TYPE: &str = "opentracing.ref_type";

/// Jaeger Thrift over HTTP.
#[derive(Debug)]
pub struct JaegerThrift;

/// The format as listed in [`crate::FORMATS`].
pub static JAEGER_THRIFT: JaegerThrift = JaegerThrift;

static ABOUT: About = About {
    name: "jaeger-thrift",
    product: "Jaeger",
    summary: "A batch of spans of one process, as Thrift in the binary protocol.",
    specification: "jaegertracing/jaeger-idl: thrift/jaeger.thrift",
};

impl Format for JaegerThrift {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
        let media_type = context.media_type();
        if !matches!(media_type.as_str(), "application/x-thrift" | "application/vnd.apache.thrift.binary") {
            let expected = "application/x-thrift or application/vnd.apache.thrift.binary";
            return Err(FormatError::ContentType { given: context.content_type.to_owned(), expected });
        }
        let encoding = Encoding::parse(context.content_encoding).ok_or_else(|| FormatError::ContentEncoding {
            given: context.content_encoding.to_owned(),
            expected: "gzip or none",
        })?;
        batch::decode(&decompress(encoding, body, context.limits)?, context)
    }
}
