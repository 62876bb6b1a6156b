//! Loki's protobuf push: `logproto.PushRequest`.

use std::borrow::Cow;

use gw_base::Timestamp;

use super::labels;
use super::rows::{Rows, Stream};
use crate::FormatError;
use crate::protobuf::{Field, Fields, ProtobufError};

pub(super) fn decode(message: &[u8], rows: &mut Rows) -> Result<(), FormatError> {
    let mut fields = Fields::new(message);
    let (mut pairs, mut metadata) = (Vec::new(), Vec::new());
    while let Some(field) = fields.next_field()? {
        if field.number == 1 {
            one_stream(field, rows, &mut pairs, &mut metadata)?;
        }
    }
    Ok(())
}

fn one_stream<'a>(
    field: Field<'a>,
    rows: &mut Rows,
    pairs: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>,
    metadata: &mut Vec<(&'a str, &'a str)>,
) -> Result<(), ProtobufError> {
    let (mut text, mut lines) = ("", 0);
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => text = part.text()?,
            2 => lines += 1,
            _ => {}
        }
    }
    if let Err(error) = labels::parse(text, pairs) {
        rows.refuse_labels(lines, &error);
        return Ok(());
    }
    let Some(stream) = rows.stream(pairs, || lines) else { return Ok(()) };
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 2 {
            entry(part, rows, stream, metadata)?;
        }
    }
    Ok(())
}

fn entry<'a>(
    field: Field<'a>,
    rows: &mut Rows,
    stream: Stream,
    metadata: &mut Vec<(&'a str, &'a str)>,
) -> Result<(), ProtobufError> {
    metadata.clear();
    let (mut time, mut line) = (Timestamp::EPOCH, "");
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => time = timestamp(part)?,
            2 => line = part.text()?,
            3 => metadata.push(pair(part)?),
            _ => {}
        }
    }
    rows.line(stream, time, line, metadata);
    Ok(())
}

fn timestamp(field: Field<'_>) -> Result<Timestamp, ProtobufError> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => seconds = part.int64()?,
            2 => nanos = part.int64()?,
            _ => {}
        }
    }
    Ok(Timestamp::from_secs(seconds).offset(nanos))
}

fn pair(field: Field<'_>) -> Result<(&str, &str), ProtobufError> {
    let (mut name, mut value) = ("", "");
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => name = part.text()?,
            2 => value = part.text()?,
            _ => {}
        }
    }
    Ok((name, value))
}
