//! Access logs of gateways: one line to typed fields, borrowed from the line.
//!
//! A [`LineParser`] is what the tail collector runs on each line. Its fields have the names of [`FIELD_NAMES`] in every
//! dialect, so that pages and queries need not know which gateway wrote the line.

mod clf;
mod traefik_json;

use std::borrow::Cow;

use gw_base::{SpanId, Timestamp, TraceId};

use crate::About;

pub use clf::{Clf, NGINX, TRAEFIK_CLF};
pub use traefik_json::{TRAEFIK_JSON, TraefikJson};

/// What an access log line says; a field that the dialect lacks, or that is `-`, is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccessLog<'a> {
    /// When the request came (Traefik, nginx) in UTC.
    pub time: Option<Timestamp>,
    /// `GET`.
    pub method: Option<Cow<'a, str>>,
    /// Path with query, as sent.
    pub path: Option<Cow<'a, str>>,
    /// `HTTP/1.1`.
    pub protocol: Option<Cow<'a, str>>,
    /// Status that the client got.
    pub status: Option<u16>,
    /// Seconds from request to end of answer.
    pub duration: Option<f64>,
    /// Bytes of the answer's body.
    pub bytes: Option<u64>,
    /// Client address without port.
    pub client: Option<Cow<'a, str>>,
    /// Authenticated user.
    pub user: Option<Cow<'a, str>>,
    /// `Host` that was asked for.
    pub host: Option<Cow<'a, str>>,
    /// Entry point of the gateway.
    pub entrypoint: Option<Cow<'a, str>>,
    /// Router (Traefik) that took the request.
    pub router: Option<Cow<'a, str>>,
    /// Service that the router chose.
    pub service: Option<Cow<'a, str>>,
    /// Address or URL of the server behind.
    pub upstream: Option<Cow<'a, str>>,
    /// `Referer`.
    pub referer: Option<Cow<'a, str>>,
    /// `User-Agent`.
    pub user_agent: Option<Cow<'a, str>>,
    /// Trace that the request belongs to.
    pub trace: Option<TraceId>,
    /// The gateway's own span.
    pub span: Option<SpanId>,
}

/// Names under which [`AccessLog::fields`] gives its fields.
pub const FIELD_NAMES: [&str; 17] = [
    "method",
    "path",
    "protocol",
    "status",
    "duration",
    "bytes",
    "client",
    "user",
    "host",
    "entrypoint",
    "router",
    "service",
    "upstream",
    "referer",
    "user_agent",
    "trace_id",
    "span_id",
];

impl AccessLog<'_> {
    /// The fields that are there, as text: `duration` in seconds, ids as hexadecimal digits; the time is left out.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let values: [Option<Cow<'_, str>>; 17] = [
            borrowed(&self.method),
            borrowed(&self.path),
            borrowed(&self.protocol),
            self.status.map(|status| Cow::Owned(status.to_string())),
            self.duration.map(|seconds| Cow::Owned(seconds.to_string())),
            self.bytes.map(|bytes| Cow::Owned(bytes.to_string())),
            borrowed(&self.client),
            borrowed(&self.user),
            borrowed(&self.host),
            borrowed(&self.entrypoint),
            borrowed(&self.router),
            borrowed(&self.service),
            borrowed(&self.upstream),
            borrowed(&self.referer),
            borrowed(&self.user_agent),
            self.trace.map(|id| Cow::Owned(id.to_string())),
            self.span.map(|id| Cow::Owned(id.to_string())),
        ];
        FIELD_NAMES.into_iter().zip(values).filter_map(|(name, value)| value.map(|value| (name, value)))
    }
}

fn borrowed<'s>(value: &'s Option<Cow<'_, str>>) -> Option<Cow<'s, str>> {
    value.as_deref().map(Cow::Borrowed)
}

/// Parses lines of one access log dialect.
pub trait LineParser: Send + Sync {
    /// What it is; `name` is what configuration calls it.
    fn about(&self) -> &'static About;

    /// The fields of a line; `None` when the line is not of this dialect.
    fn parse<'a>(&self, line: &'a str) -> Option<AccessLog<'a>>;
}

/// Every access log dialect.
pub static LINE_PARSERS: &[&dyn LineParser] = &[&TRAEFIK_JSON, &TRAEFIK_CLF, &NGINX];

/// The parser that configuration calls `name`.
#[must_use]
pub fn line_parser(name: &str) -> Option<&'static dyn LineParser> {
    LINE_PARSERS.iter().copied().find(|parser| parser.about().name == name)
}

/// The first parser that takes a line, for files whose dialect nobody has said.
#[must_use]
pub fn recognise(line: &str) -> Option<&'static dyn LineParser> {
    LINE_PARSERS.iter().copied().find(|parser| parser.parse(line).is_some())
}
