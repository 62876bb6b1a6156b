//! Loki push: JSON (plain, gzip, deflate) and snappy protobuf, both with structured metadata.
//!
//! Streams with labels that Loki refuses are left out with a reason in Loki's words; the others are kept. A level that
//! labels, metadata or the line itself state becomes the row's severity.

mod json;
pub mod labels;
mod protobuf;
mod rows;

use crate::format::{About, DecodeContext, Decoded, Format};
use crate::{Encoding, FormatError, decompress};

/// Loki's push format.
#[derive(Debug)]
pub struct LokiPush;

/// The format as listed in [`crate::FORMATS`].
pub static LOKI_PUSH: LokiPush = LokiPush;

static ABOUT: About = About {
    name: "loki-push",
    product: "Loki",
    summary: "Log lines of streams, as JSON or snappy-compressed protobuf.",
    specification: "grafana/loki: docs/sources/reference/loki-http-api.md, ingest logs",
};

const EXPECTED: &str = "application/json or application/x-protobuf";

impl Format for LokiPush {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
        let wrong_type = || FormatError::ContentType { given: context.content_type.to_owned(), expected: EXPECTED };
        let mut rows = rows::Rows::default();
        match media_type(context.content_type).ok_or_else(wrong_type)?.as_str() {
            "application/json" => {
                let encoding = match Encoding::parse(context.content_encoding) {
                    Some(encoding) if encoding != Encoding::Snappy => encoding,
                    _ => return Err(wrong_encoding(context, "gzip, deflate, zstd or none")),
                };
                json::decode(&decompress(encoding, body, context.limits)?, &mut rows)?;
            }
            "application/x-protobuf" => {
                // Wire: the body is a snappy block whatever the header says; agents send none or `snappy`.
                if !matches!(Encoding::parse(context.content_encoding), Some(Encoding::Identity | Encoding::Snappy)) {
                    return Err(wrong_encoding(context, "snappy"));
                }
                if !body.is_empty() {
                    protobuf::decode(&decompress(Encoding::Snappy, body, context.limits)?, &mut rows)?;
                }
            }
            _ => return Err(wrong_type()),
        }
        Ok(rows.finish(context))
    }
}

fn wrong_encoding(context: &DecodeContext<'_>, expected: &'static str) -> FormatError {
    FormatError::ContentEncoding { given: context.content_encoding.to_owned(), expected }
}

/// Wire: Go's `mime.ParseMediaType` refuses a parameter without `=`, and Loki then refuses the push.
fn media_type(header: &str) -> Option<String> {
    let mut parts = header.split(';');
    let media_type = parts.next()?.trim().to_ascii_lowercase();
    parts.all(|part| part.trim().is_empty() || part.contains('=')).then_some(media_type)
}
