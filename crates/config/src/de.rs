//! Fills typed structs from the tree, and says file position and key path with every refusal.
//!
//! Every struct is strict: a key that it does not name is an error, with or without `deny_unknown_fields`. A null value
//! counts as not given, as in the Go products whose files are read here. `#[serde(flatten)]` and `untagged` are not
//! supported: both lose positions and unknown keys.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};

use crate::error::Fault;
use crate::layers::Layers;
use crate::spanned;
use crate::tree::{Key, Node, Position, Value};

/// Where in the configuration a value stands, as a chain up the call stack.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Field(&'p Self, &'p str),
    Item(&'p Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct NodeReader<'a, 'p> {
    pub(crate) node: &'a Node,
    pub(crate) path: Path<'p>,
    pub(crate) layers: &'a Layers,
}

impl<'a> NodeReader<'a, '_> {
    fn place(&self, fault: Fault) -> Fault {
        fault.at(self.node.at, &self.node.origin, &self.path.to_string())
    }

    fn expected(&self, what: &str) -> Fault {
        self.place(Fault::new(format!("expected {what}, found {}", self.node.describe())))
    }

    fn text(&self, what: &str) -> Result<&'a str, Fault> {
        match &self.node.value {
            Value::Scalar { text, .. } => Ok(text),
            _ => Err(self.expected(what)),
        }
    }

    fn pairs(&self) -> Result<&'a [(Key, Node)], Fault> {
        match &self.node.value {
            Value::Mapping(pairs) => Ok(pairs),
            _ if self.node.is_null() => Ok(&[]),
            _ => Err(self.expected("a mapping")),
        }
    }

    fn items(&self) -> Result<&'a [Node], Fault> {
        match &self.node.value {
            Value::Sequence(items) => Ok(items),
            _ if self.node.is_null() => Ok(&[]),
            _ => Err(self.expected("a list")),
        }
    }

    fn bool(&self) -> Result<bool, Fault> {
        truth(self.text("true or false")?).ok_or_else(|| self.expected("true or false"))
    }

    fn integer<T: TryFrom<i128>>(&self, low: i128, high: i128) -> Result<T, Fault> {
        let refused = || self.expected(&format!("a whole number from {low} to {high}"));
        let number = integer(self.text("a whole number")?).ok_or_else(refused)?;
        T::try_from(number).ok().ok_or_else(refused)
    }

    fn float(&self) -> Result<f64, Fault> {
        float(self.text("a number")?).ok_or_else(|| self.expected("a number"))
    }
}

/// YAML 1.1's words are accepted because the imitated products' YAML library does.
fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = match (digits.strip_prefix("0x"), digits.strip_prefix("0o")) {
        (Some(hex), _) => u64::from_str_radix(hex, 16).ok()?,
        (_, Some(octal)) => u64::from_str_radix(octal, 8).ok()?,
        _ if digits.starts_with(['+', '-']) => return None,
        _ => digits.replace('_', "").parse().ok()?,
    };
    Some(if negative { -i128::from(magnitude) } else { i128::from(magnitude) })
}

fn float(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        ".inf" | "+.inf" => Some(f64::INFINITY),
        "-.inf" => Some(f64::NEG_INFINITY),
        ".nan" => Some(f64::NAN),
        lower if lower.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-')) => {
            text.parse().ok().or_else(|| integer(text).map(|number| number as f64))
        }
        _ => None,
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = self.integer::<$type>(i128::from($type::MIN), i128::from($type::MAX))?;
            visitor.$visit(number).map_err(|fault| self.place(fault))
        }
    )*};
}

impl<'de> Deserializer<'de> for NodeReader<'_, '_> {
    type Error = Fault;

    integers!(deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let found = match &self.node.value {
            Value::Sequence(_) => return self.deserialize_seq(visitor),
            Value::Mapping(_) => return self.deserialize_map(visitor),
            Value::Scalar { .. } if self.node.is_null() => visitor.visit_unit(),
            Value::Scalar { text, plain: false } => visitor.visit_str(text),
            Value::Scalar { text, plain: true } => match (text.as_str(), integer(text), float(text)) {
                ("true" | "false", ..) => visitor.visit_bool(text == "true"),
                (_, Some(number), _) if u64::try_from(number).is_ok() => visitor.visit_u64(number as u64),
                (_, Some(number), _) if i64::try_from(number).is_ok() => visitor.visit_i64(number as i64),
                (.., Some(number)) => visitor.visit_f64(number),
                _ => visitor.visit_str(text),
            },
        };
        found.map_err(|fault| self.place(fault))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.bool()?).map_err(|fault| self.place(fault))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f64(self.float()?).map_err(|fault| self.place(fault))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text = if self.node.is_null() { "" } else { self.text("a text")? };
        visitor.visit_str(text).map_err(|fault| self.place(fault))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bytes(self.text("a text")?.as_bytes()).map_err(|fault| self.place(fault))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.node.is_null() { visitor.visit_unit() } else { Err(self.expected("nothing")) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let items = Items { reader: self, rest: self.items()?.iter().enumerate() };
        visitor.visit_seq(items).map_err(|fault| self.place(fault))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let pairs = self.pairs()?.iter().map(|(key, node)| Pair { name: &key.text, at: key.at, node }).collect();
        self.visit_pairs(pairs, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == spanned::NAME {
            return visitor.visit_map(spanned::Access::new(self));
        }
        let mut pairs = Vec::new();
        for (key, node) in self.pairs()? {
            if !fields.contains(&key.text.as_str()) {
                let fault = Fault::unknown_key(&key.text, &self.path.to_string(), fields);
                return Err(fault.at(key.at, &self.node.origin, &self.path.to_string()));
            }
            if !node.is_null() {
                pairs.push(Pair { name: &key.text, at: key.at, node });
            }
        }
        for (field, node) in self.layers.overrides(&self.path, fields, |field| pairs.iter().any(|p| p.name == field)) {
            pairs.retain(|pair| pair.name != field);
            pairs.push(Pair { name: field, at: Position::default(), node });
        }
        self.visit_pairs(pairs, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(Choice { reader: self }).map_err(|fault| self.place(fault))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}

impl<'a> NodeReader<'a, '_> {
    fn visit_pairs<'de, V: Visitor<'de>>(self, pairs: Vec<Pair<'a>>, visitor: V) -> Result<V::Value, Fault> {
        let access = Pairs { reader: self, rest: pairs.into_iter(), value: None };
        visitor.visit_map(access).map_err(|fault| self.place(fault))
    }
}

struct Pair<'a> {
    name: &'a str,
    at: Position,
    node: &'a Node,
}

struct Pairs<'a, 'p> {
    reader: NodeReader<'a, 'p>,
    rest: std::vec::IntoIter<Pair<'a>>,
    value: Option<Pair<'a>>,
}

impl<'de> MapAccess<'de> for Pairs<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(pair) = self.rest.next() else { return Ok(None) };
        let (at, node) = (pair.at, pair.node);
        let name = self.value.insert(pair).name;
        seed.deserialize(name.into_deserializer())
            .map(Some)
            .map_err(|fault: Fault| fault.at(at, &node.origin, &self.reader.path.to_string()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let pair = self.value.take().ok_or_else(|| Fault::new("a value was asked for before its key"))?;
        let reader =
            NodeReader { node: pair.node, path: Path::Field(&self.reader.path, pair.name), layers: self.reader.layers };
        seed.deserialize(reader).map_err(|fault| reader.place(fault))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Items<'a, 'p> {
    reader: NodeReader<'a, 'p>,
    rest: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.rest.next() else { return Ok(None) };
        let reader = NodeReader { node, path: Path::Item(&self.reader.path, index), layers: self.reader.layers };
        if node.is_null() {
            return Err(reader.place(Fault::new("this item is empty, fill it in or remove it")));
        }
        seed.deserialize(reader).map(Some).map_err(|fault| reader.place(fault))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// An enum: a word, or one word with a value (`slack: {..}`).
struct Choice<'a, 'p> {
    reader: NodeReader<'a, 'p>,
}

impl<'de, 'a, 'p> EnumAccess<'de> for Choice<'a, 'p> {
    type Error = Fault;
    type Variant = ChoiceValue<'a, 'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, ChoiceValue<'a, 'p>), Fault> {
        let (word, value): (&str, _) = match &self.reader.node.value {
            Value::Scalar { text, .. } => (text, None),
            Value::Mapping(pairs) => match pairs.as_slice() {
                [(key, node)] => (&key.text, Some(node)),
                _ => return Err(self.reader.expected("a word or a mapping of one field")),
            },
            Value::Sequence(_) => return Err(self.reader.expected("a word or a mapping of one field")),
        };
        let variant = seed.deserialize(word.into_deserializer())?;
        Ok((variant, ChoiceValue { reader: self.reader, value }))
    }
}

struct ChoiceValue<'a, 'p> {
    reader: NodeReader<'a, 'p>,
    value: Option<&'a Node>,
}

impl<'a, 'p> ChoiceValue<'a, 'p> {
    fn value(&self) -> Result<NodeReader<'a, 'p>, Fault> {
        let node = self.value.ok_or_else(|| self.reader.expected("a mapping of one field"))?;
        Ok(NodeReader { node, ..self.reader })
    }
}

impl<'de> VariantAccess<'de> for ChoiceValue<'_, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.value {
            Some(node) if !node.is_null() => Err(self.reader.expected("a word alone")),
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self.value()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.value()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.value()?.deserialize_struct("", fields, visitor)
    }
}
