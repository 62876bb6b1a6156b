//! What an OTLP receiver answers: export responses with partial success, and `google.rpc.Status` errors.

use gw_base::{Kind, Signal};
use serde_json::json;

use crate::format::Decoded;
use crate::protobuf::MessageWriter;

/// The encoding of request and answer; an answer has its request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

impl Wire {
    /// The encoding that a `Content-Type` names.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The `Content-Type` of an answer.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Rows of an export that were not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartialSuccess {
    /// How many spans, log records or data points.
    pub rejected: u64,
    /// Why, for people; a message without rejected rows is a warning.
    pub message: String,
}

impl PartialSuccess {
    /// What decoding left out.
    #[must_use]
    pub fn of(decoded: &Decoded) -> Self {
        Self { rejected: decoded.refused_rows(), message: decoded.refusal_message().unwrap_or_default() }
    }

    fn is_full(&self) -> bool {
        self.rejected == 0 && self.message.is_empty()
    }
}

/// Encodes `Export{Trace,Logs,Metrics}ServiceResponse`.
#[must_use]
pub fn export_response(wire: Wire, signal: Signal, partial: &PartialSuccess) -> Vec<u8> {
    let rejected = i64::try_from(partial.rejected).unwrap_or(i64::MAX);
    match wire {
        Wire::Protobuf => {
            let mut writer = MessageWriter::default();
            if !partial.is_full() {
                writer.message(1, |inner| {
                    if rejected > 0 {
                        inner.varint(1, rejected.cast_unsigned());
                    }
                    if !partial.message.is_empty() {
                        inner.text(2, &partial.message);
                    }
                });
            }
            writer.finish()
        }
        Wire::Json if partial.is_full() => b"{}".to_vec(),
        Wire::Json => {
            let field = match signal {
                Signal::Spans => "rejectedSpans",
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics | Signal::Events => "rejectedDataPoints",
            };
            // Wire: proto3 JSON writes 64-bit integers as strings.
            json!({"partialSuccess": {field: rejected.to_string(), "errorMessage": partial.message}})
                .to_string()
                .into_bytes()
        }
    }
}

/// Encodes a `google.rpc.Status`.
#[must_use]
pub fn status(wire: Wire, code: u32, message: &str) -> Vec<u8> {
    match wire {
        Wire::Protobuf => {
            let mut writer = MessageWriter::default();
            writer.varint(1, u64::from(code)).text(2, message);
            writer.finish()
        }
        Wire::Json => json!({"code": code, "message": message}).to_string().into_bytes(),
    }
}

/// The canonical gRPC code of a failure.
#[must_use]
pub const fn grpc_code(kind: Kind) -> u32 {
    match kind {
        Kind::Cancelled => 1,
        Kind::Invalid => 3,
        Kind::NotFound => 5,
        Kind::Conflict => 10,
        Kind::Denied => 16,
        Kind::TooMuch | Kind::Busy => 8,
        Kind::Unavailable => 14,
        Kind::Internal => 13,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Fields;

    #[test]
    fn full_success_is_empty() {
        let full = PartialSuccess::default();
        assert_eq!(export_response(Wire::Json, Signal::Spans, &full), b"{}");
        assert!(export_response(Wire::Protobuf, Signal::Spans, &full).is_empty());
    }

    #[test]
    fn partial_success_counts_and_explains() {
        let partial = PartialSuccess { rejected: 3, message: "no id".to_owned() };
        let json = export_response(Wire::Json, Signal::Logs, &partial);
        assert_eq!(json, br#"{"partialSuccess":{"errorMessage":"no id","rejectedLogRecords":"3"}}"#);
        let bytes = export_response(Wire::Protobuf, Signal::Logs, &partial);
        let mut inner = Fields::new(&bytes).next_field().unwrap().unwrap().message().unwrap();
        assert_eq!(inner.next_field().unwrap().unwrap().varint(), Ok(3));
        assert_eq!(inner.next_field().unwrap().unwrap().text(), Ok("no id"));
    }
}
