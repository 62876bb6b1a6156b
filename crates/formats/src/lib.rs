//! Decode and encode public wire formats, one folder each.
//!
//! A [`Format`] is a pure function from the bytes of a request to [`gw_batch::Batch`]es: no I/O, no async, no clock (the
//! time comes in with [`DecodeContext`]). Every decoder borrows from the wire buffer, checks limits before it allocates,
//! bounds its nesting, and says row by row what it had to refuse.
//!
//! Deliberately absent: HTTP statuses and headers of answers (rooms word those), relabelling (scraping does that through
//! [`exposition::Visitor`]), and storage.

pub mod access_log;
pub mod crc32c;
pub mod decompress;
mod error;
pub mod exposition;
mod format;
pub mod go_string;
pub mod jaeger;
mod json;
pub mod labels;
pub mod level;
pub mod loki;
pub mod number;
pub mod otlp;
pub mod protobuf;
pub mod remote_read;
pub mod remote_write;
pub mod tsdb;
pub mod xor_chunk;
pub mod zipkin;

pub use decompress::{Encoding, decompress};
pub use error::FormatError;
pub use format::{About, DecodeContext, Decoded, Format, Refusal, Refusals};

/// Every ingest format, for the CLI, the documentation, the fuzz targets and the tests.
pub static FORMATS: &[&dyn Format] = &[
    &exposition::TEXT,
    &exposition::OPEN_METRICS,
    &remote_write::REMOTE_WRITE,
    &loki::LOKI_PUSH,
    &otlp::TRACES,
    &otlp::LOGS,
    &otlp::METRICS,
    &zipkin::ZIPKIN,
    &jaeger::JAEGER_THRIFT,
];
