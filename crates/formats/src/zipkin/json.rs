//! Zipkin's v2 JSON list, taken span by span so that a body costs no more memory than its rows.

use std::borrow::Cow;
use std::fmt;

use gw_batch::SpanKind;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::span::{Endpoint, Rows, Span};
use crate::FormatError;
use crate::json::Text;

/// Most tags or annotations of one span that are read.
const MAX_ITEMS: usize = 8192;
/// Key of v1 spans that v2 has not.
const V1_KEY: &str = "binaryAnnotations";

pub(super) fn decode(body: &[u8], rows: &mut Rows) -> Result<(), FormatError> {
    let body = body.trim_ascii();
    if body.is_empty() {
        return Ok(());
    }
    if body[0] != b'[' {
        return Err(FormatError::malformed("Expected a JSON_V2 encoded list"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    Spans { rows }.deserialize(&mut json).and_then(|()| json.end()).map_err(|error| {
        let v1 = memchr::memmem::find(body, V1_KEY.as_bytes()).is_some();
        FormatError::malformed(if v1 {
            "Expected a JSON_V2 encoded list, but received: JSON_V1".to_owned()
        } else {
            format!("Cannot decode spans due to {error}")
        })
    })
}

struct Spans<'r> {
    rows: &'r mut Rows,
}

impl<'de> DeserializeSeed<'de> for Spans<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Spans<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of spans")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut spans: A) -> Result<(), A::Error> {
        while let Some(span) = spans.next_element::<JsonSpan<'de>>()? {
            self.rows.push(&span.into_span());
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSpan<'a> {
    #[serde(borrow)]
    trace_id: Text<'a>,
    #[serde(borrow, default)]
    parent_id: Option<Text<'a>>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(default)]
    timestamp: Option<Micros>,
    #[serde(default)]
    duration: Option<Micros>,
    #[serde(borrow, default)]
    local_endpoint: Option<JsonEndpoint<'a>>,
    #[serde(borrow, default)]
    remote_endpoint: Option<JsonEndpoint<'a>>,
    #[serde(borrow, default)]
    annotations: Option<Annotations<'a>>,
    #[serde(borrow, default)]
    tags: Option<Tags<'a>>,
    #[serde(default)]
    debug: Option<bool>,
    #[serde(default)]
    shared: Option<bool>,
    #[serde(rename = "binaryAnnotations", default)]
    _v1: Option<Never>,
}

impl<'a> JsonSpan<'a> {
    fn into_span(self) -> Span<'a> {
        let text = |text: Option<Text<'a>>| text.map_or(Cow::Borrowed(""), |text| text.0);
        Span {
            trace: self.trace_id.0,
            parent: text(self.parent_id),
            id: self.id.0,
            kind: self.kind.map_or(SpanKind::Unspecified, |kind| kind_of(kind.as_ref())),
            name: text(self.name),
            timestamp: self.timestamp.unwrap_or_default().0,
            duration: self.duration.unwrap_or_default().0,
            local: self.local_endpoint.map(JsonEndpoint::into_endpoint).unwrap_or_default(),
            remote: self.remote_endpoint.map(JsonEndpoint::into_endpoint).unwrap_or_default(),
            annotations: self.annotations.map(|list| list.0).unwrap_or_default(),
            tags: self.tags.map(|list| list.0).unwrap_or_default(),
            debug: self.debug.unwrap_or(false),
            shared: self.shared.unwrap_or(false),
        }
    }
}

fn kind_of(word: &str) -> SpanKind {
    match word {
        "CLIENT" => SpanKind::Client,
        "SERVER" => SpanKind::Server,
        "PRODUCER" => SpanKind::Producer,
        "CONSUMER" => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonEndpoint<'a> {
    #[serde(borrow, default)]
    service_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    ipv4: Option<Text<'a>>,
    #[serde(borrow, default)]
    ipv6: Option<Text<'a>>,
    #[serde(default)]
    port: Option<i64>,
}

impl<'a> JsonEndpoint<'a> {
    fn into_endpoint(self) -> Endpoint<'a> {
        let text = |text: Option<Text<'a>>| text.map_or(Cow::Borrowed(""), |text| text.0);
        Endpoint {
            service: text(self.service_name),
            ipv4: text(self.ipv4),
            ipv6: text(self.ipv6),
            port: self.port.and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
        }
    }
}

/// Microseconds, as a number or, from JavaScript clients, as digits in a string.
#[derive(Debug, Clone, Copy, Default)]
struct Micros(u64);

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MicrosVisitor;
        impl Visitor<'_> for MicrosVisitor {
            type Value = Micros;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("microseconds")
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Micros, E> {
                Ok(Micros(value))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Micros, E> {
                Ok(Micros(u64::try_from(value).unwrap_or(0)))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Micros, E> {
                Ok(Micros(value as u64))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Micros, E> {
                text.parse().ok().map(Micros).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(MicrosVisitor)
    }
}

/// A key that must not be there.
#[derive(Debug)]
struct Never;

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom("a version 1 span"))
    }
}

/// `tags`: an object of texts.
struct Tags<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Tags<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagsVisitor;
        impl<'de> Visitor<'de> for TagsVisitor {
            type Value = Tags<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut tags = Vec::new();
                while let Some((key, value)) = map.next_entry::<Text<'de>, Text<'de>>()? {
                    if tags.len() >= MAX_ITEMS {
                        return Err(de::Error::custom(format_args!("a span has more than {MAX_ITEMS} tags")));
                    }
                    tags.push((key.0, value.0));
                }
                Ok(Tags(tags))
            }
        }
        deserializer.deserialize_map(TagsVisitor)
    }
}

/// `annotations`: a list of times and texts.
struct Annotations<'a>(Vec<(u64, Cow<'a, str>)>);

#[derive(serde::Deserialize)]
struct Annotation<'a> {
    timestamp: Micros,
    #[serde(borrow)]
    value: Text<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnnotationsVisitor;
        impl<'de> Visitor<'de> for AnnotationsVisitor {
            type Value = Annotations<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of annotations")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut annotations = Vec::new();
                while let Some(Annotation { timestamp, value }) = list.next_element()? {
                    if annotations.len() >= MAX_ITEMS {
                        return Err(de::Error::custom(format_args!("a span has more than {MAX_ITEMS} annotations")));
                    }
                    annotations.push((timestamp.0, value.0));
                }
                Ok(Annotations(annotations))
            }
        }
        deserializer.deserialize_seq(AnnotationsVisitor)
    }
}
