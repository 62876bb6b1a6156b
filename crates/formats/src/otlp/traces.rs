//! OTLP traces: `ExportTraceServiceRequest` to a spans batch.

use gw_base::{SpanId, Timestamp, TraceId};
use gw_batch::{AttributesBuilder, SpanEvent, SpanKind, SpanLink, SpanRow, SpanStatus, SpansBuilder, Value};

use super::attributes::{UNKNOWN_SERVICE, each_record, each_scope, find_text, key_value, time};
use crate::FormatError;
use crate::format::{DecodeContext, Decoded, Refusals};
use crate::protobuf::{Field, Fields, ProtobufError};

pub(super) fn decode(message: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, FormatError> {
    let mut decoder = Decoder::default();
    let mut fields = Fields::new(message);
    let mut resource = Vec::new();
    while let Some(field) = fields.next_field()? {
        if field.number == 1 {
            each_scope(field, &mut resource, |resource, scopes| decoder.scope_spans(resource, scopes))?;
        }
    }
    Ok(Decoded::of(decoder.builder.finish(context.tenant.clone()), decoder.refused))
}

#[derive(Default)]
struct Decoder {
    builder: SpansBuilder,
    refused: Refusals,
    resource: AttributesBuilder,
    scope: AttributesBuilder,
    attributes: AttributesBuilder,
}

impl Decoder {
    fn scope_spans<'a>(&mut self, resource: &[(&'a str, Value<'a>)], field: Field<'a>) -> Result<(), ProtobufError> {
        self.resource.clear();
        for (key, value) in resource {
            self.resource.push(key, value);
        }
        let service = find_text(resource, "service.name").unwrap_or(UNKNOWN_SERVICE.into());
        let mut scope_encoded = false;
        each_record(field, |scope, span| {
            if !scope_encoded {
                scope.encode(&mut self.scope);
                scope_encoded = true;
            }
            self.span(&service, span)
        })
    }

    fn span(&mut self, service: &str, field: Field<'_>) -> Result<(), ProtobufError> {
        self.attributes.clear();
        let mut row = SpanRow { service, ..SpanRow::default() };
        let (mut start, mut end) = (0u64, 0u64);
        let (mut trace, mut span): (&[u8], &[u8]) = (&[], &[]);
        let (mut events, mut links) = (Vec::new(), Vec::new());
        let mut fields = field.message()?;
        while let Some(part) = fields.next_field()? {
            match part.number {
                1 => trace = part.bytes()?,
                2 => span = part.bytes()?,
                3 => row.trace_state = Some(part.text()?).filter(|state| !state.is_empty()),
                4 => row.parent = part.bytes()?.try_into().ok().map(SpanId).filter(|id| !id.is_zero()),
                5 => row.name = part.text()?,
                6 => row.kind = SpanKind::from_u8(u8::try_from(part.varint()?).unwrap_or(0)),
                7 => start = part.fixed64()?,
                8 => end = part.fixed64()?,
                9 => {
                    let (key, value) = key_value(part)?;
                    self.attributes.push(key, &value);
                }
                11 => events.push(event(part)?),
                13 => links.push(link(part)?),
                15 => status(part, &mut row)?,
                _ => {}
            }
        }
        let Some((trace, span)) = ids(trace, span) else {
            let name = row.name;
            self.refused.add("invalid_id", 1, || {
                format!("span {name:?} has no valid trace id and span id (16 and 8 bytes, not all zero)")
            });
            return Ok(());
        };
        (row.trace, row.span, row.start) = (trace, span, time(start));
        row.duration = i64::try_from(end.saturating_sub(start)).unwrap_or(i64::MAX);
        let events = encode_events(&events);
        let links = encode_links(&links);
        row.events = events.as_deref();
        row.links = links.as_deref();
        row.resource = self.resource.as_bytes();
        row.scope = self.scope.as_bytes();
        row.attributes = self.attributes.as_bytes();
        self.builder.push(&row);
        Ok(())
    }
}

fn ids(trace: &[u8], span: &[u8]) -> Option<(TraceId, SpanId)> {
    let trace = TraceId(trace.try_into().ok()?);
    let span = SpanId(span.try_into().ok()?);
    (!trace.is_zero() && !span.is_zero()).then_some((trace, span))
}

fn status<'a>(field: Field<'a>, row: &mut SpanRow<'a>) -> Result<(), ProtobufError> {
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            2 => row.status_message = Some(part.text()?).filter(|message| !message.is_empty()),
            3 => row.status = SpanStatus::from_u8(u8::try_from(part.varint()?).unwrap_or(0)),
            _ => {}
        }
    }
    Ok(())
}

struct Event<'a> {
    time: Timestamp,
    name: &'a str,
    attributes: AttributesBuilder,
}

fn event(field: Field<'_>) -> Result<Event<'_>, ProtobufError> {
    let mut event = Event { time: Timestamp::EPOCH, name: "", attributes: AttributesBuilder::default() };
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => event.time = time(part.fixed64()?),
            2 => event.name = part.text()?,
            3 => {
                let (key, value) = key_value(part)?;
                event.attributes.push(key, &value);
            }
            _ => {}
        }
    }
    Ok(event)
}

fn encode_events(events: &[Event<'_>]) -> Option<Vec<u8>> {
    let borrowed: Vec<SpanEvent<'_>> = events
        .iter()
        .map(|event| SpanEvent { time: event.time, name: event.name, attributes: event.attributes.as_bytes() })
        .collect();
    gw_batch::spans::encode_events(&borrowed)
}

struct Link<'a> {
    ids: Option<(TraceId, SpanId)>,
    trace_state: &'a str,
    attributes: AttributesBuilder,
}

fn link(field: Field<'_>) -> Result<Link<'_>, ProtobufError> {
    let (mut trace, mut span): (&[u8], &[u8]) = (&[], &[]);
    let mut link = Link { ids: None, trace_state: "", attributes: AttributesBuilder::default() };
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => trace = part.bytes()?,
            2 => span = part.bytes()?,
            3 => link.trace_state = part.text()?,
            4 => {
                let (key, value) = key_value(part)?;
                link.attributes.push(key, &value);
            }
            _ => {}
        }
    }
    link.ids = ids(trace, span);
    Ok(link)
}

/// A link that points nowhere says nothing and is left out; its span stays.
fn encode_links(links: &[Link<'_>]) -> Option<Vec<u8>> {
    let borrowed: Vec<SpanLink<'_>> = links
        .iter()
        .filter_map(|link| {
            let (trace, span) = link.ids?;
            Some(SpanLink { trace, span, trace_state: link.trace_state, attributes: link.attributes.as_bytes() })
        })
        .collect();
    gw_batch::spans::encode_links(&borrowed)
}
