//! OpenTelemetry's attribute values, resources and scopes, from protobuf.

use std::borrow::Cow;

use gw_batch::attributes::MAX_DEPTH;
use gw_batch::{AttributesBuilder, Value};

use crate::protobuf::{Field, ProtobufError};

/// The name of a service that does not say its own.
pub(super) const UNKNOWN_SERVICE: &str = "unknown_service";

/// Reads a `KeyValue`.
pub(super) fn key_value<'a>(field: Field<'a>) -> Result<(&'a str, Value<'a>), ProtobufError> {
    pair(field, 0)
}

fn pair<'a>(field: Field<'a>, depth: usize) -> Result<(&'a str, Value<'a>), ProtobufError> {
    let (mut key, mut value) = ("", Value::Null);
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => key = part.text()?,
            2 => value = any_value(part, depth)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Reads an `AnyValue`; values nested deeper than a batch keeps become null.
pub(super) fn any_value<'a>(field: Field<'a>, depth: usize) -> Result<Value<'a>, ProtobufError> {
    let mut value = Value::Null;
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        value = match part.number {
            1 => Value::text(part.text()?),
            2 => Value::Bool(part.varint()? != 0),
            3 => Value::Int(part.int64()?),
            4 => Value::Float(part.double()?),
            5 | 6 if depth >= MAX_DEPTH => Value::Null,
            5 => list(part, depth + 1)?,
            6 => map(part, depth + 1)?,
            7 => Value::Bytes(Cow::Borrowed(part.bytes()?)),
            _ => continue,
        };
    }
    Ok(value)
}

fn list<'a>(field: Field<'a>, depth: usize) -> Result<Value<'a>, ProtobufError> {
    let mut items = Vec::new();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 1 {
            items.push(any_value(part, depth)?);
        }
    }
    Ok(Value::List(items))
}

fn map<'a>(field: Field<'a>, depth: usize) -> Result<Value<'a>, ProtobufError> {
    let mut pairs = Vec::new();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 1 {
            let (key, value) = pair(part, depth)?;
            pairs.push((Cow::Borrowed(key), value));
        }
    }
    Ok(Value::Map(pairs))
}

/// The attributes of a `Resource`, in order.
pub(super) fn resource<'a>(field: Field<'a>, out: &mut Vec<(&'a str, Value<'a>)>) -> Result<(), ProtobufError> {
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 1 {
            out.push(key_value(part)?);
        }
    }
    Ok(())
}

/// An `InstrumentationScope`.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) attributes: Vec<(&'a str, Value<'a>)>,
}

impl<'a> Scope<'a> {
    pub(super) fn read(field: Field<'a>) -> Result<Self, ProtobufError> {
        let mut scope = Self::default();
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => scope.name = part.text()?,
                2 => scope.version = part.text()?,
                3 => scope.attributes.push(key_value(part)?),
                _ => {}
            }
        }
        Ok(scope)
    }

    /// The scope as a spans batch keeps it: its attributes plus its name and version.
    pub(super) fn encode(&self, out: &mut AttributesBuilder) {
        out.clear();
        for (name, value) in [("otel.scope.name", self.name), ("otel.scope.version", self.version)] {
            if !value.is_empty() {
                out.push_text(name, value);
            }
        }
        self.attributes.iter().for_each(|(key, value)| {
            out.push(key, value);
        });
    }
}

/// The text of an attribute in a list, if it is there and not empty.
pub(super) fn find_text<'p>(pairs: &'p [(&str, Value<'_>)], key: &str) -> Option<Cow<'p, str>> {
    let (_, value) = pairs.iter().find(|(name, _)| *name == key)?;
    Some(value.to_text()).filter(|text| !text.is_empty())
}

/// Two passes over a `Resource*` message, because its fields may come in any order: the resource, then each scope message.
pub(super) fn each_scope<'a, E: From<ProtobufError>>(
    field: Field<'a>,
    resource_attributes: &mut Vec<(&'a str, Value<'a>)>,
    mut visit: impl FnMut(&[(&'a str, Value<'a>)], Field<'a>) -> Result<(), E>,
) -> Result<(), E> {
    resource_attributes.clear();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 1 {
            resource(part, resource_attributes)?;
        }
    }
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 2 {
            visit(resource_attributes, part)?;
        }
    }
    Ok(())
}

/// Two passes over a `Scope*` message: the scope, then each record.
pub(super) fn each_record<'a, E: From<ProtobufError>>(
    field: Field<'a>,
    mut visit: impl FnMut(&Scope<'a>, Field<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let mut scope = Scope::default();
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 1 {
            scope = Scope::read(part)?;
        }
    }
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        if part.number == 2 {
            visit(&scope, part)?;
        }
    }
    Ok(())
}

/// Nanoseconds as the wire has them (unsigned) as a time; saturates in the year 2262.
pub(super) fn time(nanos: u64) -> gw_base::Timestamp {
    gw_base::Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
