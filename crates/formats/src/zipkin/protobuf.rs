//! Zipkin's protobuf list: `zipkin.proto3.ListOfSpans`.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use gw_batch::SpanKind;

use super::span::{Endpoint, Rows, Span};
use crate::FormatError;
use crate::protobuf::{Field, Fields, ProtobufError};

pub(super) fn decode(message: &[u8], rows: &mut Rows) -> Result<(), FormatError> {
    let failed = |error: ProtobufError| FormatError::malformed(format!("Cannot decode spans due to {error}"));
    let mut fields = Fields::new(message);
    while let Some(field) = fields.next_field().map_err(failed)? {
        if field.number == 1 {
            rows.push(&span(field).map_err(failed)?);
        }
    }
    Ok(())
}

fn span(field: Field<'_>) -> Result<Span<'_>, ProtobufError> {
    let mut span = Span::default();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => span.trace = hex(part.bytes()?),
            2 => span.parent = hex(part.bytes()?),
            3 => span.id = hex(part.bytes()?),
            4 => span.kind = kind(part.varint()?),
            5 => span.name = Cow::Borrowed(part.text()?),
            6 => span.timestamp = part.fixed64()?,
            7 => span.duration = part.varint()?,
            8 => span.local = endpoint(part)?,
            9 => span.remote = endpoint(part)?,
            10 => span.annotations.push(annotation(part)?),
            11 => span.tags.push(tag(part)?),
            12 => span.debug = part.varint()? != 0,
            13 => span.shared = part.varint()? != 0,
            _ => {}
        }
    }
    Ok(span)
}

/// Ids longer than any are cut, and then refused for their length.
fn hex(bytes: &[u8]) -> Cow<'static, str> {
    Cow::Owned(bytes.iter().take(17).map(|byte| format!("{byte:02x}")).collect())
}

const fn kind(number: u64) -> SpanKind {
    match number {
        1 => SpanKind::Client,
        2 => SpanKind::Server,
        3 => SpanKind::Producer,
        4 => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

fn endpoint(field: Field<'_>) -> Result<Endpoint<'_>, ProtobufError> {
    let mut endpoint = Endpoint::default();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => endpoint.service = Cow::Borrowed(part.text()?),
            2 => {
                let octets: Option<[u8; 4]> = part.bytes()?.try_into().ok();
                endpoint.ipv4 = octets.map(|octets| Ipv4Addr::from(octets).to_string().into()).unwrap_or_default();
            }
            3 => {
                let octets: Option<[u8; 16]> = part.bytes()?.try_into().ok();
                endpoint.ipv6 = octets.map(|octets| Ipv6Addr::from(octets).to_string().into()).unwrap_or_default();
            }
            4 => endpoint.port = u16::try_from(part.varint()?).unwrap_or(0),
            _ => {}
        }
    }
    Ok(endpoint)
}

fn annotation(field: Field<'_>) -> Result<(u64, Cow<'_, str>), ProtobufError> {
    let (mut at, mut value) = (0, "");
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => at = part.fixed64()?,
            2 => value = part.text()?,
            _ => {}
        }
    }
    Ok((at, Cow::Borrowed(value)))
}

fn tag(field: Field<'_>) -> Result<(Cow<'_, str>, Cow<'_, str>), ProtobufError> {
    let (mut key, mut value) = ("", "");
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => key = part.text()?,
            2 => value = part.text()?,
            _ => {}
        }
    }
    Ok((Cow::Borrowed(key), Cow::Borrowed(value)))
}
