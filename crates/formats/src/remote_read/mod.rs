//! Prometheus remote read 1.0: a snappy block with a `ReadRequest`, answered by samples in one message or by XOR chunks in
//! a stream of frames.
//!
//! Here is the wire alone: who reads the series, and how many at a time, is the room's affair.

mod chunked;
mod samples;

use gw_base::{Limits, MatchOp, Matcher, TimeRange, Timestamp};

pub use chunked::ChunkedWriter;
pub use samples::SamplesWriter;

use crate::protobuf::{Field, Fields, MessageWriter};
use crate::{Encoding, FormatError, decompress};

/// Queries of one request; real clients send one.
pub const MAX_QUERIES: usize = 1_000;
/// Matchers of one query.
pub const MAX_MATCHERS: usize = 1_000;

/// What a client wants to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// The queries, answered in their order.
    pub queries: Vec<ReadQuery>,
    /// The kinds of answer that the client takes, best first; never empty.
    pub accepted: Vec<ResponseType>,
}

/// One selection of series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadQuery {
    /// From when to when, both ends inside.
    pub range: TimeRange,
    /// Conditions on labels.
    pub matchers: Vec<Matcher>,
}

/// A kind of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseType {
    /// One message with all samples.
    Samples,
    /// A stream of frames with XOR chunks.
    StreamedXorChunks,
}

/// Decodes a request body as it was sent.
///
/// # Errors
/// [`FormatError`] when it is no such request or passes a limit.
pub fn decode(body: &[u8], limits: &Limits) -> Result<ReadRequest, FormatError> {
    let message = decompress(Encoding::Snappy, body, limits)?;
    let (mut queries, mut kinds) = (Vec::new(), Vec::new());
    let mut fields = Fields::new(&message);
    while let Some(field) = fields.next_field()? {
        match field.number {
            1 if queries.len() < MAX_QUERIES => queries.push(query(field)?),
            1 => return Err(FormatError::malformed(format!("more than {MAX_QUERIES} queries in one request"))),
            2 => field.varints(&mut kinds, |kind| kind)?,
            _ => {}
        }
    }
    let known = |kind: u64| match kind {
        0 => Some(ResponseType::Samples),
        1 => Some(ResponseType::StreamedXorChunks),
        _ => None,
    };
    let accepted: Vec<ResponseType> = kinds.iter().copied().filter_map(known).collect();
    if accepted.is_empty() && !kinds.is_empty() {
        return Err(FormatError::malformed(format!("none of the requested response types {kinds:?} is supported")));
    }
    let accepted = if accepted.is_empty() { vec![ResponseType::Samples] } else { accepted };
    Ok(ReadRequest { queries, accepted })
}

fn query(field: Field<'_>) -> Result<ReadQuery, FormatError> {
    let (mut start, mut end, mut matchers) = (0, 0, Vec::new());
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => start = part.int64()?,
            2 => end = part.int64()?,
            3 if matchers.len() < MAX_MATCHERS => matchers.push(matcher(part)?),
            3 => return Err(FormatError::malformed(format!("more than {MAX_MATCHERS} matchers in one query"))),
            _ => {}
        }
    }
    // Wire: clients send the least and the greatest int64 for "all of time".
    let time = |millis: i64| Timestamp::from_nanos(millis.saturating_mul(1_000_000));
    Ok(ReadQuery { range: TimeRange::new(time(start), time(end)), matchers })
}

fn matcher(field: Field<'_>) -> Result<Matcher, FormatError> {
    let (mut op, mut name, mut value) = (0, "", "");
    let mut fields = field.message()?;
    while let Some(part) = fields.next_field()? {
        match part.number {
            1 => op = part.varint()?,
            2 => name = part.text()?,
            3 => value = part.text()?,
            _ => {}
        }
    }
    let op = match op {
        0 => MatchOp::Equal,
        1 => MatchOp::NotEqual,
        2 => MatchOp::Regex,
        3 => MatchOp::NotRegex,
        other => return Err(FormatError::malformed(format!("matcher type {other} is unknown"))),
    };
    Ok(Matcher::new(name, op, value))
}

/// Field 1 of a series, repeated: its labels.
fn put_labels<'a>(message: &mut MessageWriter, labels: impl IntoIterator<Item = (&'a str, &'a str)>) {
    for (name, value) in labels {
        message.message(1, |label| {
            label.text(1, name).text(2, value);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back() {
        let mut message = MessageWriter::default();
        message.message(1, |query| {
            query.varint(1, i64::MIN.cast_unsigned()).varint(2, 5000);
            query.message(3, |matcher| {
                matcher.varint(1, 2).text(2, "job").text(3, "a|b");
            });
        });
        message.bytes(2, &[1, 0]);
        let body = crate::remote_write::compress(&message.finish()).unwrap();
        let request = decode(&body, &Limits::default()).unwrap();
        assert_eq!(request.accepted, [ResponseType::StreamedXorChunks, ResponseType::Samples]);
        assert_eq!(request.queries[0].range, TimeRange::new(Timestamp::MIN, Timestamp::from_secs(5)));
        assert_eq!(request.queries[0].matchers, [Matcher::new("job", MatchOp::Regex, "a|b")]);
        let mut unknown = MessageWriter::default();
        unknown.varint(2, 7);
        let body = crate::remote_write::compress(&unknown.finish()).unwrap();
        assert!(decode(&body, &Limits::default()).is_err());
    }
}
