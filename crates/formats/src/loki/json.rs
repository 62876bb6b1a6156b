//! Loki's JSON push: `{"streams":[{"stream":{..},"values":[["<ns>","line",{metadata}]]}]}` and the older form with a label
//! text and `entries`. Streams are taken one by one, so that a body costs no more memory than its rows.

use std::fmt;

use gw_base::Timestamp;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::labels;
use super::rows::{Rows, Stream};
use crate::FormatError;
use crate::json::Text;

/// Most pairs of one label set or one line's metadata that are read.
const MAX_PAIRS: usize = 4096;

pub(super) fn decode(body: &[u8], rows: &mut Rows) -> Result<(), FormatError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    Push { rows }.deserialize(&mut json).and_then(|()| json.end()).map_err(malformed)
}

fn malformed(error: serde_json::Error) -> FormatError {
    FormatError::malformed(error.to_string())
}

/// A flat JSON object of texts.
struct Pairs<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pairs = Vec::new();
        PairsInto(&mut pairs).deserialize(deserializer)?;
        Ok(Self(pairs))
    }
}

struct PairsInto<'p, 'a>(&'p mut Vec<(Text<'a>, Text<'a>)>);

impl<'de> DeserializeSeed<'de> for PairsInto<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PairsInto<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(pair) = map.next_entry()? {
            if self.0.len() >= MAX_PAIRS {
                return Err(de::Error::custom(format_args!("an object has more than {MAX_PAIRS} labels")));
            }
            self.0.push(pair);
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct RawStream<'a> {
    #[serde(borrow, default)]
    stream: Option<Pairs<'a>>,
    #[serde(borrow, default)]
    labels: Option<Text<'a>>,
    #[serde(borrow, default)]
    values: Option<&'a RawValue>,
    #[serde(borrow, default)]
    entries: Option<&'a RawValue>,
}

/// The whole body.
struct Push<'r> {
    rows: &'r mut Rows,
}

impl<'de> DeserializeSeed<'de> for Push<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Push<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with streams")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if key.as_ref() == "streams" {
                map.next_value_seed(Streams { rows: self.rows })?;
            } else {
                map.next_value::<de::IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Streams<'r> {
    rows: &'r mut Rows,
}

impl<'de> DeserializeSeed<'de> for Streams<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Streams<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of streams")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut streams: A) -> Result<(), A::Error> {
        while let Some(raw) = streams.next_element::<RawStream<'de>>()? {
            one_stream(raw, self.rows).map_err(de::Error::custom)?;
        }
        Ok(())
    }
}

fn one_stream(raw: RawStream<'_>, rows: &mut Rows) -> Result<(), serde_json::Error> {
    let values = raw.values.map_or("[]", RawValue::get);
    let entries = raw.entries.map_or("[]", RawValue::get);
    let count = || {
        let count = |list| serde_json::from_str::<Vec<de::IgnoredAny>>(list).map_or(0, |list| list.len() as u64);
        count(values) + count(entries)
    };
    let stream = match (raw.stream, &raw.labels) {
        (Some(mut pairs), _) => rows.stream(&mut pairs.0, count),
        (None, Some(text)) => {
            let mut pairs = Vec::new();
            match labels::parse(text.as_ref(), &mut pairs) {
                Ok(()) => rows.stream(&mut pairs, count),
                Err(error) => {
                    rows.refuse_labels(count(), &error);
                    None
                }
            }
        }
        (None, None) => rows.stream::<&str>(&mut [], count),
    };
    let Some(stream) = stream else { return Ok(()) };
    let mut json = serde_json::Deserializer::from_str(values);
    Values { rows, stream, line: String::new(), metadata: Vec::new() }.deserialize(&mut json)?;
    for entry in serde_json::from_str::<Vec<OldEntry<'_>>>(entries)? {
        let time = entry.ts.as_ref().parse().ok().ok_or_else(|| de::Error::custom("timestamp is not RFC 3339"))?;
        rows.line::<&str>(stream, time, entry.line.as_ref(), &mut Vec::new());
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct OldEntry<'a> {
    #[serde(borrow, alias = "timestamp")]
    ts: Text<'a>,
    #[serde(borrow)]
    line: Text<'a>,
}

/// The `values` array; holds the buffers that all its entries reuse.
struct Values<'r, 'a> {
    rows: &'r mut Rows,
    stream: Stream,
    line: String,
    metadata: Vec<(Text<'a>, Text<'a>)>,
}

impl<'de> DeserializeSeed<'de> for Values<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Values<'_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of [timestamp, line] entries")
    }
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(Entry(&mut self))?.is_some() {}
        Ok(())
    }
}

struct Entry<'v, 'r, 'a>(&'v mut Values<'r, 'a>);

impl<'de> DeserializeSeed<'de> for Entry<'_, '_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_, '_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[timestamp in nanoseconds as a string, line, optional object of metadata]")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut entry: A) -> Result<(), A::Error> {
        let Values { rows, stream, line, metadata } = self.0;
        line.clear();
        metadata.clear();
        let Some(Nanos(time)) = entry.next_element()? else {
            return Err(de::Error::invalid_length(0, &"a timestamp and a line"));
        };
        if entry.next_element_seed(LineInto(line))?.is_none() {
            return Err(de::Error::invalid_length(1, &"a timestamp and a line"));
        }
        entry.next_element_seed(PairsInto(metadata))?;
        while entry.next_element::<de::IgnoredAny>()?.is_some() {}
        rows.line(*stream, time, line, metadata);
        Ok(())
    }
}

/// Wire: a time is a string of nanoseconds; a JSON number would have lost digits on its way.
struct Nanos(Timestamp);

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NanosVisitor;
        impl Visitor<'_> for NanosVisitor {
            type Value = Nanos;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string of nanoseconds")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Nanos, E> {
                let nanos = text.parse().ok().ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))?;
                Ok(Nanos(Timestamp::from_nanos(nanos)))
            }
        }
        deserializer.deserialize_str(NanosVisitor)
    }
}

/// Copies a text into a buffer that is used again for the next line.
struct LineInto<'b>(&'b mut String);

impl<'de> DeserializeSeed<'de> for LineInto<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for LineInto<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line as a string")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }
}
