//! Typed attributes (of resources, spans, log records, events) that keep every source's exact types and order.
//!
//! Byte form: for each pair `varint(len) key tag value`; tags and values as in [`Value`]. Nesting is bounded.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Deepest nesting of lists and maps that decoding follows.
pub const MAX_DEPTH: usize = 8;

/// An attribute's value, in OpenTelemetry's terms. Texts and bytes borrow from the batch where they can.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// UTF-8 text.
    Text(Cow<'a, str>),
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A float; every bit is kept.
    Float(f64),
    /// Opaque bytes.
    Bytes(Cow<'a, [u8]>),
    /// Values in order.
    List(Vec<Value<'a>>),
    /// Key-value pairs in order.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// A text value that borrows.
    #[must_use]
    pub const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The value as text, as label matching, tag search and tables see it (lists and maps as JSON).
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Int(value) => Cow::Owned(value.to_string()),
            Self::Float(value) => Cow::Owned(value.to_string()),
            Self::Bytes(_) | Self::List(_) | Self::Map(_) => {
                let mut text = String::new();
                self.write_json(&mut text);
                Cow::Owned(text)
            }
        }
    }

    /// Appends the value as JSON; bytes become a string of hexadecimal digits.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Text(text) => write_json_text(out, text),
            Self::Float(value) if !value.is_finite() => write_json_text(out, &value.to_string()),
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => out.push_str(&self.to_text()),
            Self::Bytes(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                write_json_text(out, &hex);
            }
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Map(pairs) => {
                out.push('{');
                for (i, (key, value)) in pairs.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_json_text(out, key);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_json_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => write!(out, "\\u{:04x}", c as u32).expect("writing to a String cannot fail"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Encoded attributes, borrowed from a batch or a builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Wraps bytes that [`AttributesBuilder`] made.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs in order; stops at the first malformed one.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let key = take_text(&mut rest)?;
            Some((key, take_value(&mut rest, 0)?))
        })
    }

    /// The first value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        self.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    }
}

/// Encodes attributes; reusable (`clear`).
#[derive(Debug, Clone, Default)]
pub struct AttributesBuilder {
    bytes: Vec<u8>,
}

impl AttributesBuilder {
    /// Appends a pair. Duplicates are kept, as the sources may send them.
    pub fn push(&mut self, key: &str, value: &Value<'_>) -> &mut Self {
        put_bytes(&mut self.bytes, key.as_bytes());
        put_value(&mut self.bytes, value);
        self
    }

    /// Appends a text pair.
    pub fn push_text(&mut self, key: &str, value: &str) -> &mut Self {
        self.push(key, &Value::text(value))
    }

    /// The encoded bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pairs so far.
    #[must_use]
    pub fn attributes(&self) -> Attributes<'_> {
        Attributes(&self.bytes)
    }

    /// Forgets all pairs, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => out.push(0),
        Value::Text(text) => {
            out.push(1);
            put_bytes(out, text.as_bytes());
        }
        Value::Bool(value) => out.push(if *value { 3 } else { 2 }),
        Value::Int(value) => {
            out.push(4);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Float(value) => {
            out.push(5);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Value::Bytes(bytes) => {
            out.push(6);
            put_bytes(out, bytes);
        }
        Value::List(items) => {
            out.push(7);
            put_varint(out, items.len() as u64);
            items.iter().for_each(|item| put_value(out, item));
        }
        Value::Map(pairs) => {
            out.push(8);
            put_varint(out, pairs.len() as u64);
            for (key, value) in pairs {
                put_bytes(out, key.as_bytes());
                put_value(out, value);
            }
        }
    }
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0u64, 0u32);
    loop {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7F) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
        shift += 7;
        if shift > 56 {
            return None;
        }
    }
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_varint(rest)?).ok()?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(take_bytes(rest)?).ok()
}

fn take_fixed(rest: &mut &[u8]) -> Option<[u8; 8]> {
    let (head, tail) = rest.split_first_chunk::<8>()?;
    *rest = tail;
    Some(*head)
}

fn take_value<'a>(rest: &mut &'a [u8], depth: usize) -> Option<Value<'a>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (tag, tail) = rest.split_first()?;
    *rest = tail;
    Some(match tag {
        0 => Value::Null,
        1 => Value::text(take_text(rest)?),
        2 => Value::Bool(false),
        3 => Value::Bool(true),
        4 => Value::Int(i64::from_le_bytes(take_fixed(rest)?)),
        5 => Value::Float(f64::from_bits(u64::from_le_bytes(take_fixed(rest)?))),
        6 => Value::Bytes(Cow::Borrowed(take_bytes(rest)?)),
        7 => {
            let count = take_varint(rest)?;
            Value::List((0..count).map(|_| take_value(rest, depth + 1)).collect::<Option<_>>()?)
        }
        8 => {
            let count = take_varint(rest)?;
            let pair = |rest: &mut &'a [u8]| Some((Cow::Borrowed(take_text(rest)?), take_value(rest, depth + 1)?));
            Value::Map((0..count).map(|_| pair(rest)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_order_survive() {
        let mut builder = AttributesBuilder::default();
        let list = Value::List(vec![
            Value::Int(-1),
            Value::Float(f64::NAN),
            Value::Map(vec![("k".into(), Value::Bool(true))]),
        ]);
        builder.push_text("b", "x").push("a", &list).push("b", &Value::Bytes(Cow::Borrowed(&[0xFF])));
        let attributes = builder.attributes();
        assert_eq!(attributes.iter().map(|(k, _)| k).collect::<Vec<_>>(), ["b", "a", "b"]);
        assert_eq!(attributes.get("a").unwrap().to_text(), r#"[-1,"NaN",{"k":true}]"#);
        assert_eq!(attributes.get("b").unwrap(), Value::text("x"));
    }

    #[test]
    fn hostile_bytes_end_quietly() {
        for bytes in [&[1u8, b'a', 7, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F][..], &[0xFF; 12], &[1, b'a', 9], &[1, b'a', 1, 200]]
        {
            assert_eq!(Attributes::new(bytes).iter().count(), 0);
        }
        let deep: Vec<u8> = [1, b'a'].into_iter().chain([7, 1].repeat(1000)).collect();
        assert_eq!(Attributes::new(&deep).iter().count(), 0);
    }
}
