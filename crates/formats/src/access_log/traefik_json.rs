//! Traefik's access log as JSON lines.

use std::borrow::Cow;
use std::fmt;

use gw_base::{SpanId, TraceId};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{AccessLog, LineParser};
use crate::About;
use crate::json::Text;

/// Traefik's JSON access log.
#[derive(Debug)]
pub struct TraefikJson;

/// The parser as listed in [`super::LINE_PARSERS`].
pub static TRAEFIK_JSON: TraefikJson = TraefikJson;

static ABOUT: About = About {
    name: "traefik-json",
    product: "Traefik",
    summary: "Access log lines as JSON objects; durations are nanoseconds on the wire and seconds here.",
    specification: "traefik/traefik: docs/content/observe/logs-and-access-logs.md, format json",
};

impl LineParser for TraefikJson {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn parse<'a>(&self, line: &'a str) -> Option<AccessLog<'a>> {
        if !line.trim_start().starts_with('{') {
            return None;
        }
        let Line(log) = serde_json::from_str(line).ok()?;
        (log.status.is_some() || log.method.is_some()).then_some(log)
    }
}

struct Line<'a>(AccessLog<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;
        impl<'de> Visitor<'de> for LineVisitor {
            type Value = Line<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut log = AccessLog::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    take(&mut log, key.as_ref(), &mut map)?;
                }
                Ok(Line(log))
            }
        }
        deserializer.deserialize_map(LineVisitor)
    }
}

fn take<'de, A: MapAccess<'de>>(log: &mut AccessLog<'de>, key: &str, map: &mut A) -> Result<(), A::Error> {
    let field = match key {
        "RequestMethod" => &mut log.method,
        "RequestPath" => &mut log.path,
        "RequestProtocol" => &mut log.protocol,
        "RequestHost" => &mut log.host,
        "ClientHost" => &mut log.client,
        "ClientUsername" => &mut log.user,
        "RouterName" => &mut log.router,
        "ServiceName" => &mut log.service,
        "entryPointName" => &mut log.entrypoint,
        "request_Referer" => &mut log.referer,
        "request_User-Agent" => &mut log.user_agent,
        // Wire: a plain text in some versions, an object with the URL's parts in others.
        "ServiceURL" | "ServiceAddr" => {
            if let Scalar::Text(text) = map.next_value()? {
                log.upstream = log.upstream.take().filter(|_| key == "ServiceAddr").or_else(|| present(text));
            }
            return Ok(());
        }
        _ => return take_number(log, key, map),
    };
    if let Scalar::Text(text) = map.next_value()? {
        *field = present(text);
    }
    Ok(())
}

fn take_number<'de, A: MapAccess<'de>>(log: &mut AccessLog<'de>, key: &str, map: &mut A) -> Result<(), A::Error> {
    match key {
        "DownstreamStatus" => log.status = map.next_value::<Scalar<'de>>()?.number().map(|status| status as u16),
        "DownstreamContentSize" => log.bytes = map.next_value::<Scalar<'de>>()?.number().map(|bytes| bytes as u64),
        "Duration" => log.duration = map.next_value::<Scalar<'de>>()?.number().map(|nanos| nanos / 1e9),
        "StartUTC" => {
            if let Scalar::Text(text) = map.next_value()? {
                log.time = text.parse().ok();
            }
        }
        "TraceId" => {
            if let Scalar::Text(text) = map.next_value()? {
                log.trace = TraceId::parse(&text).ok().filter(|id| !id.is_zero());
            }
        }
        "SpanId" => {
            if let Scalar::Text(text) = map.next_value()? {
                log.span = SpanId::parse(&text).ok().filter(|id| !id.is_zero());
            }
        }
        _ => drop(map.next_value::<IgnoredAny>()?),
    }
    Ok(())
}

fn present(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!text.is_empty() && text != "-").then_some(text)
}

/// A JSON value as far as an access log needs it.
enum Scalar<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Other,
}

impl Scalar<'_> {
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.parse().ok(),
            Self::Other => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(value as f64))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(value))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_fields() {
        let line = r#"{"ClientHost":"10.0.0.7","ClientUsername":"-","DownstreamContentSize":12,"DownstreamStatus":503,"Duration":1500000,"RequestHost":"shop.example","RequestMethod":"POST","RequestPath":"/pay?x=\"1\"","RequestProtocol":"HTTP/1.1","RouterName":"shop@docker","ServiceName":"shop-svc@docker","ServiceURL":{"Scheme":"http","Host":"10.0.0.2:80"},"ServiceAddr":"10.0.0.2:80","StartUTC":"2026-11-23T01:02:03.000000004Z","TraceId":"0af7651916cd43dd8448eb211c80319c","SpanId":"b7ad6b7169203331","entryPointName":"web","level":"info","request_User-Agent":"curl/8"}"#;
        let log = TRAEFIK_JSON.parse(line).unwrap();
        assert_eq!(log.time.unwrap().to_string(), "2026-11-23T01:02:03.000000004Z");
        assert_eq!((log.status, log.bytes, log.duration), (Some(503), Some(12), Some(0.0015)));
        assert_eq!((log.path.as_deref(), log.user.as_deref()), (Some("/pay?x=\"1\""), None));
        assert_eq!((log.upstream.as_deref(), log.service.as_deref()), (Some("10.0.0.2:80"), Some("shop-svc@docker")));
        assert_eq!(log.trace.unwrap().to_string(), "0af7651916cd43dd8448eb211c80319c");
        for line in ["", "{", "{}", "[]", r#"{"msg":"x"}"#, "text"] {
            assert!(TRAEFIK_JSON.parse(line).is_none(), "{line}");
        }
    }
}
