//! A Thrift `jaeger.thrift` `Batch` to a spans batch.

use std::borrow::Cow;

use gw_base::{SpanId, Timestamp, TraceId};
use gw_batch::{
    Attributes, AttributesBuilder, SpanEvent, SpanKind, SpanLink, SpanRow, SpanSource, SpanStatus, SpansBuilder, Value,
};

use super::thrift::{Head, Reader, ThriftError};
use super::{FLAGS, REF_TYPE};
use crate::FormatError;
use crate::format::{DecodeContext, Decoded, Refusals};

/// Name of a process that does not say its own.
const UNKNOWN_SERVICE: &str = "unknown_service";

pub(super) fn decode(body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
    let process = find_process(body)?;
    let mut rows = Rows { builder: SpansBuilder::default(), refused: Refusals::default(), process };
    let mut reader = Reader::new(body);
    while let Some(head) = reader.field()? {
        match head.id {
            2 => {
                for _ in 0..reader.structs(head)? {
                    rows.span(&mut reader)?;
                }
            }
            _ => reader.skip(head)?,
        }
    }
    Ok(Decoded::of(rows.builder.finish(context.tenant.clone()), rows.refused))
}

/// The process stands before or after the spans, so it is looked up first.
fn find_process(body: &[u8]) -> Result<Process, ThriftError> {
    let mut reader = Reader::new(body);
    while let Some(head) = reader.field()? {
        if head.id == 1 {
            reader.structure(head)?;
            return Process::read(&mut reader);
        }
        reader.skip(head)?;
    }
    Ok(Process { service: UNKNOWN_SERVICE.to_owned(), resource: AttributesBuilder::default() })
}

struct Process {
    service: String,
    resource: AttributesBuilder,
}

impl Process {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ThriftError> {
        let (mut service, mut tags) = ("", AttributesBuilder::default());
        while let Some(head) = reader.field()? {
            match head.id {
                1 => service = reader.text(head)?,
                2 => read_tags(reader, head, &mut tags)?,
                _ => reader.skip(head)?,
            }
        }
        let mut resource = AttributesBuilder::default();
        if !service.is_empty() {
            resource.push_text("service.name", service);
        }
        for (key, value) in tags.attributes().iter() {
            resource.push(key, &value);
        }
        let service = if service.is_empty() { UNKNOWN_SERVICE } else { service };
        Ok(Self { service: service.to_owned(), resource })
    }
}

/// A reference to another span.
struct Reference {
    follows: bool,
    trace: TraceId,
    span: SpanId,
}

struct Rows {
    builder: SpansBuilder,
    refused: Refusals,
    process: Process,
}

impl Rows {
    fn span(&mut self, reader: &mut Reader<'_>) -> Result<(), ThriftError> {
        let (mut low, mut high, mut id, mut parent) = (0, 0, 0, 0);
        let (mut name, mut flags, mut start, mut duration) = ("", 0, 0, 0);
        let (mut references, mut logs) = (Vec::new(), Vec::new());
        let mut tags = AttributesBuilder::default();
        while let Some(head) = reader.field()? {
            match head.id {
                1 => low = reader.i64(head)?,
                2 => high = reader.i64(head)?,
                3 => id = reader.i64(head)?,
                4 => parent = reader.i64(head)?,
                5 => name = reader.text(head)?,
                6 => {
                    for _ in 0..reader.structs(head)? {
                        references.push(reference(reader)?);
                    }
                }
                7 => flags = reader.i32(head)?,
                8 => start = reader.i64(head)?,
                9 => duration = reader.i64(head)?,
                10 => read_tags(reader, head, &mut tags)?,
                11 => {
                    for _ in 0..reader.structs(head)? {
                        logs.push(log(reader)?);
                    }
                }
                _ => reader.skip(head)?,
            }
        }
        let (trace, span) = (trace_id(low, high), span_id(id));
        if trace.is_zero() || span.is_zero() {
            self.refused.add("invalid_id", 1, || format!("span {name:?} has a trace id or span id of zero"));
            return Ok(());
        }
        if flags != 0 {
            tags.push(FLAGS, &Value::Int(i64::from(flags)));
        }
        let (parent, links) = parent_and_links(trace, span_id(parent), &references);
        let events = events(&logs);
        let stated = Stated::of(tags.attributes());
        self.builder.push(&SpanRow {
            service: &self.process.service,
            start: micros(start),
            duration: duration.saturating_mul(1000),
            trace,
            span,
            parent,
            name,
            kind: stated.kind,
            status: stated.status,
            status_message: stated.message.as_deref(),
            source: SpanSource::Jaeger,
            resource: self.process.resource.as_bytes(),
            attributes: tags.as_bytes(),
            events: events.as_deref(),
            links: links.as_deref(),
            ..SpanRow::default()
        });
        Ok(())
    }
}

/// What tags say that has a column of its own.
#[derive(Default)]
struct Stated {
    kind: SpanKind,
    status: SpanStatus,
    message: Option<String>,
}

impl Stated {
    fn of(tags: Attributes<'_>) -> Self {
        let mut stated = Self::default();
        for (key, value) in tags.iter() {
            match (key, value) {
                ("span.kind", Value::Text(word)) => stated.kind = kind_of(&word),
                ("error", Value::Bool(true)) => stated.status = SpanStatus::Error,
                ("error", Value::Text(word)) if word == "true" => stated.status = SpanStatus::Error,
                ("otel.status_code", Value::Text(word)) if word == "ERROR" => stated.status = SpanStatus::Error,
                ("otel.status_code", Value::Text(word)) if word == "OK" => stated.status = SpanStatus::Ok,
                ("otel.status_description", Value::Text(text)) => stated.message = Some(text.into_owned()),
                _ => {}
            }
        }
        stated
    }
}

fn kind_of(word: &str) -> SpanKind {
    match word {
        "internal" => SpanKind::Internal,
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

fn trace_id(low: i64, high: i64) -> TraceId {
    let number = u128::from(high.cast_unsigned()) << 64 | u128::from(low.cast_unsigned());
    TraceId(number.to_be_bytes())
}

const fn span_id(id: i64) -> SpanId {
    SpanId(id.to_be_bytes())
}

const fn micros(micros: i64) -> Timestamp {
    Timestamp::from_nanos(micros.saturating_mul(1000))
}

/// Reads a list of `Tag`.
fn read_tags(reader: &mut Reader<'_>, head: Head, out: &mut AttributesBuilder) -> Result<(), ThriftError> {
    for _ in 0..reader.structs(head)? {
        let (mut key, mut kind) = ("", 0);
        let (mut text, mut double, mut truth, mut long) = ("", 0.0, false, 0);
        let mut binary: &[u8] = &[];
        while let Some(head) = reader.field()? {
            match head.id {
                1 => key = reader.text(head)?,
                2 => kind = reader.i32(head)?,
                3 => text = reader.text(head)?,
                4 => double = reader.double(head)?,
                5 => truth = reader.bool(head)?,
                6 => long = reader.i64(head)?,
                7 => binary = reader.binary(head)?,
                _ => reader.skip(head)?,
            }
        }
        out.push(
            key,
            &match kind {
                1 => Value::Float(double),
                2 => Value::Bool(truth),
                3 => Value::Int(long),
                4 => Value::Bytes(Cow::Borrowed(binary)),
                _ => Value::text(text),
            },
        );
    }
    Ok(())
}

fn reference(reader: &mut Reader<'_>) -> Result<Reference, ThriftError> {
    let (mut follows, mut low, mut high, mut span) = (false, 0, 0, 0);
    while let Some(head) = reader.field()? {
        match head.id {
            1 => follows = reader.i32(head)? == 1,
            2 => low = reader.i64(head)?,
            3 => high = reader.i64(head)?,
            4 => span = reader.i64(head)?,
            _ => reader.skip(head)?,
        }
    }
    Ok(Reference { follows, trace: trace_id(low, high), span: span_id(span) })
}

/// The first child-of reference inside the trace is the parent; all others, also to other traces, stay as links.
fn parent_and_links(trace: TraceId, parent: SpanId, references: &[Reference]) -> (Option<SpanId>, Option<Vec<u8>>) {
    let is_parent = |reference: &&Reference| !reference.follows && reference.trace == trace;
    let parent = match parent.is_zero() {
        true => references.iter().find(is_parent).map(|reference| reference.span),
        false => Some(parent),
    };
    let attributes = [false, true].map(|follows| {
        let mut attributes = AttributesBuilder::default();
        attributes.push_text(REF_TYPE, if follows { "follows_from" } else { "child_of" });
        attributes
    });
    let links: Vec<SpanLink<'_>> = references
        .iter()
        .filter(|reference| !(is_parent(reference) && Some(reference.span) == parent))
        .map(|reference| SpanLink {
            trace: reference.trace,
            span: reference.span,
            trace_state: "",
            attributes: attributes[usize::from(reference.follows)].as_bytes(),
        })
        .collect();
    (parent.filter(|id| !id.is_zero()), gw_batch::spans::encode_links(&links))
}

/// A log entry of a span: its time and fields.
struct Log {
    time: Timestamp,
    fields: AttributesBuilder,
}

fn log(reader: &mut Reader<'_>) -> Result<Log, ThriftError> {
    let mut log = Log { time: Timestamp::EPOCH, fields: AttributesBuilder::default() };
    while let Some(head) = reader.field()? {
        match head.id {
            1 => log.time = micros(reader.i64(head)?),
            2 => read_tags(reader, head, &mut log.fields)?,
            _ => reader.skip(head)?,
        }
    }
    Ok(log)
}

/// An event is named by the log's `event` field, else by its `message`; all fields stay.
fn events(logs: &[Log]) -> Option<Vec<u8>> {
    let names: Vec<String> = logs
        .iter()
        .map(|log| {
            let fields = log.fields.attributes();
            let name = fields.get("event").or_else(|| fields.get("message"));
            name.map(|name| name.to_text().into_owned()).unwrap_or_default()
        })
        .collect();
    let events: Vec<SpanEvent<'_>> = logs
        .iter()
        .zip(&names)
        .map(|(log, name)| SpanEvent { time: log.time, name, attributes: log.fields.as_bytes() })
        .collect();
    gw_batch::spans::encode_events(&events)
}
