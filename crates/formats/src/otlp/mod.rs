//! The OpenTelemetry protocol: traces, logs and metrics as protobuf or JSON, and the answers to them.
//!
//! Protobuf is walked without generated types; JSON is rewritten as protobuf first. Rows without valid ids, and metrics that
//! are not cumulative, are refused one by one and reported as partial success.

mod attributes;
mod buckets;
mod json;
mod logs;
mod metrics;
mod naming;
mod points;
pub mod response;
mod schema;
mod traces;

use gw_base::Signal;

use crate::format::{About, DecodeContext, Decoded, Format};
use crate::{Encoding, FormatError, decompress};

pub use response::{PartialSuccess, Wire};

/// OTLP for one signal.
#[derive(Debug)]
pub struct Otlp {
    signal: Signal,
    about: About,
}

const SPECIFICATION: &str = "open-telemetry/opentelemetry-proto 1.x: docs/specification.md";

/// OTLP traces.
pub static TRACES: Otlp = Otlp {
    signal: Signal::Spans,
    about: About {
        name: "otlp-traces",
        product: "OpenTelemetry",
        summary: "Spans with attributes, events and links, as protobuf or JSON.",
        specification: SPECIFICATION,
    },
};

/// OTLP logs.
pub static LOGS: Otlp = Otlp {
    signal: Signal::Logs,
    about: About {
        name: "otlp-logs",
        product: "OpenTelemetry",
        summary: "Log records, mapped to streams and structured metadata as Loki does, as protobuf or JSON.",
        specification: SPECIFICATION,
    },
};

/// OTLP metrics.
pub static METRICS: Otlp = Otlp {
    signal: Signal::Metrics,
    about: About {
        name: "otlp-metrics",
        product: "OpenTelemetry",
        summary: "Cumulative metrics, named and labelled as Prometheus does, as protobuf or JSON.",
        specification: SPECIFICATION,
    },
};

/// Decodes an uncompressed protobuf message.
type Decode = fn(&[u8], &DecodeContext<'_>) -> Result<Decoded, FormatError>;

impl Otlp {
    /// The signal that this one carries.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// Decodes an uncompressed body in a known encoding, as gRPC delivers it.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] when the bytes are no such request.
    pub fn decode_plain(&self, wire: Wire, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
        let (schema, decode): (_, Decode) = match self.signal {
            Signal::Spans => (&schema::TRACES, traces::decode),
            Signal::Logs => (&schema::LOGS, logs::decode),
            Signal::Metrics | Signal::Events => (&schema::METRICS, metrics::decode),
        };
        match wire {
            Wire::Protobuf => decode(body, context),
            Wire::Json => decode(&json::to_protobuf(body, schema)?, context),
        }
    }
}

impl Format for Otlp {
    fn about(&self) -> &'static About {
        match self.signal {
            Signal::Spans => &TRACES.about,
            Signal::Logs => &LOGS.about,
            Signal::Metrics | Signal::Events => &METRICS.about,
        }
    }

    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
        let wire = Wire::of_content_type(context.content_type).ok_or_else(|| FormatError::ContentType {
            given: context.content_type.to_owned(),
            expected: "application/x-protobuf or application/json",
        })?;
        let encoding = Encoding::parse(context.content_encoding).ok_or_else(|| FormatError::ContentEncoding {
            given: context.content_encoding.to_owned(),
            expected: "gzip, deflate, zstd, snappy or none",
        })?;
        self.decode_plain(wire, &decompress(encoding, body, context.limits)?, context)
    }
}
