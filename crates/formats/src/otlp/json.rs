//! OTLP's JSON as OTLP's protobuf: the body is rewritten by the tables of [`super::schema`], so that one decoder serves both
//! encodings and they cannot drift apart.
//!
//! Wire: ids are hexadecimal (not base64), 64-bit integers strings or numbers, enums numbers or names, `null` is absent,
//! unknown keys are skipped.

use std::fmt;

use base64::Engine as _;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::schema::{FieldType, Message, Type};
use crate::FormatError;
use crate::json::Text;
use crate::protobuf::MessageWriter;

/// Rewrites a JSON body as the protobuf message that `schema` describes. Nesting is bounded by `serde_json` (128).
pub(super) fn to_protobuf(body: &[u8], schema: &'static Message) -> Result<Vec<u8>, FormatError> {
    let mut out = MessageWriter::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    let done = MessageInto { schema, out: &mut out }.deserialize(&mut json).and_then(|()| json.end());
    done.map_err(|error| FormatError::malformed(format!("invalid OTLP JSON: {error}")))?;
    Ok(out.finish())
}

struct MessageInto<'o> {
    schema: &'static Message,
    out: &'o mut MessageWriter,
}

impl<'de> DeserializeSeed<'de> for MessageInto<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MessageInto<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match self.schema.field(key.as_ref()) {
                Some(field) => map.next_value_seed(FieldInto { field, out: self.out, in_array: false })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// One value of a field, or an array of them.
struct FieldInto<'o> {
    field: &'static FieldType,
    out: &'o mut MessageWriter,
    in_array: bool,
}

impl<'de> DeserializeSeed<'de> for FieldInto<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl FieldInto<'_> {
    fn refuse<E: de::Error>(&self, found: de::Unexpected<'_>) -> E {
        de::Error::custom(format_args!("{}: {}", self.field.0, E::invalid_type(found, self)))
    }

    fn wrong<E: de::Error>(&self, value: &str) -> E {
        let shown: String = value.chars().take(64).collect();
        de::Error::custom(format_args!("{}: {shown:?} is not valid here", self.field.0))
    }
}

impl<'de> Visitor<'de> for FieldInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.field.2 {
            Type::Text | Type::Hex | Type::Base64 => "a string",
            Type::Bool => "a boolean",
            Type::Message(_) => "an object",
            Type::Enum(_) => "an enum number or name",
            _ => "a number",
        })
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        match self.field.2 {
            Type::Bool => {
                self.out.varint(self.field.1, u64::from(value));
                Ok(())
            }
            _ => Err(self.refuse(de::Unexpected::Bool(value))),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        let number = self.field.1;
        match self.field.2 {
            Type::Varint | Type::Enum(_) => self.out.varint(number, value),
            Type::Fixed64 => self.out.fixed64(number, value),
            Type::Fixed32 => self.out.fixed32(number, value as u32),
            Type::Double => self.out.double(number, value as f64),
            Type::Zigzag if i32::try_from(value).is_ok() => self.out.sint64(number, value.cast_signed()),
            _ => return Err(self.refuse(de::Unexpected::Unsigned(value))),
        };
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        let number = self.field.1;
        match self.field.2 {
            Type::Varint => self.out.varint(number, value.cast_unsigned()),
            Type::Fixed64 => self.out.fixed64(number, value.cast_unsigned()),
            Type::Double => self.out.double(number, value as f64),
            Type::Zigzag if i32::try_from(value).is_ok() => self.out.sint64(number, value),
            _ => return Err(self.refuse(de::Unexpected::Signed(value))),
        };
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        if matches!(self.field.2, Type::Double) {
            self.out.double(self.field.1, value);
            return Ok(());
        }
        // Wire: proto3 readers take an integer that was written as `1.0` or `1e3`.
        let whole = value as i64;
        if whole as f64 == value { self.visit_i64(whole) } else { Err(self.refuse(de::Unexpected::Float(value))) }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        let number = self.field.1;
        match &self.field.2 {
            Type::Text => self.out.text(number, text),
            Type::Hex => self.out.bytes(number, &id(text).ok_or_else(|| self.wrong(text))?),
            Type::Base64 => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok();
                self.out.bytes(number, &bytes.ok_or_else(|| self.wrong(text))?)
            }
            Type::Enum(names) => {
                let known = names.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
                self.out.varint(number, known.or_else(|| text.parse().ok()).ok_or_else(|| self.wrong(text))?)
            }
            Type::Double => {
                let value = crate::number::parse_float(text).ok_or_else(|| self.wrong(text))?;
                self.out.double(number, value)
            }
            Type::Varint | Type::Zigzag | Type::Fixed64 | Type::Fixed32 => {
                let value = text.parse::<u64>().ok().map(Ok).or_else(|| text.parse::<i64>().ok().map(Err));
                return match value {
                    Some(Ok(value)) => self.visit_u64(value),
                    Some(Err(value)) => self.visit_i64(value),
                    None => Err(self.wrong(text)),
                };
            }
            Type::Bool | Type::Message(_) => return Err(self.refuse(de::Unexpected::Str(text))),
        };
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.in_array {
            return Err(self.refuse(de::Unexpected::Seq));
        }
        let Self { field, out, .. } = self;
        while items.next_element_seed(FieldInto { field, out, in_array: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Type::Message(schema) = self.field.2 else { return Err(self.refuse(de::Unexpected::Map)) };
        let mark = self.out.open(self.field.1);
        MessageInto { schema, out: self.out }.visit_map(map)?;
        self.out.close(mark);
        Ok(())
    }
}

/// An id. Wire: OTLP says hexadecimal, but plain proto3 JSON writers send base64, which for 16 and 8 bytes has lengths that no
/// hexadecimal id has.
fn id(text: &str) -> Option<Vec<u8>> {
    match text.len() {
        24 | 12 if text.ends_with('=') => base64::engine::general_purpose::STANDARD.decode(text).ok(),
        _ => hex(text),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
