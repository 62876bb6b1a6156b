//! A value together with its place, for checks that are made after reading (a PromQL text that does not parse).

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::de::NodeReader;
use crate::error::Fault;
use crate::tree::Position;

/// The struct name by which this crate's reader knows that a position is asked for.
pub(crate) const NAME: &str = "$gw_config::Spanned";
const FIELDS: &[&str] = &["line", "column", "value"];

/// A value and where it stands. Readable from this crate's YAML only; prints as the bare value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Spanned<T> {
    /// Where it stands.
    pub at: Position,
    /// The value.
    pub value: T,
}

impl<T> Spanned<T> {
    /// A value that comes from no file.
    pub fn nowhere(value: T) -> Self {
        Self { at: Position::default(), value }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(NAME, FIELDS, SpannedVisitor(PhantomData))
    }
}

struct SpannedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value in a YAML file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Spanned<T>, A::Error> {
        let mut number = || map.next_entry::<String, usize>().map(|entry| entry.map_or(0, |(_, number)| number));
        let at = Position { line: number()?, column: number()? };
        let value = map.next_entry::<String, T>()?.map(|(_, value)| value);
        value.map(|value| Spanned { at, value }).ok_or_else(|| serde::de::Error::missing_field("value"))
    }
}

/// Answers a [`Spanned`] that asks: line, column, then the value itself.
pub(crate) struct Access<'a, 'p> {
    reader: NodeReader<'a, 'p>,
    next: usize,
}

impl<'a, 'p> Access<'a, 'p> {
    pub(crate) fn new(reader: NodeReader<'a, 'p>) -> Self {
        Self { reader, next: 0 }
    }
}

impl<'de> MapAccess<'de> for Access<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        FIELDS.get(self.next).map(|name| seed.deserialize((*name).into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        self.next += 1;
        let at = self.reader.node.at;
        match self.next {
            1 => seed.deserialize(at.line.into_deserializer()),
            2 => seed.deserialize(at.column.into_deserializer()),
            _ => seed.deserialize(self.reader),
        }
    }
}
