//! What the JSON and the protobuf decoder share: checked streams and rows into one logs builder.

use gw_base::{SpanId, Timestamp, TraceId};
use gw_batch::{LogRow, LogsBuilder};

use super::labels::is_name;
use crate::format::{DecodeContext, Decoded, Refusals};
use crate::labels::canonical;
use crate::level;

/// A stream that was accepted: its key, and the severity that its labels state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    key: u32,
    severity: Option<u8>,
}

/// Collects rows of a push.
#[derive(Debug, Default)]
pub(super) struct Rows {
    builder: LogsBuilder,
    refused: Refusals,
    canonical: Vec<u8>,
    metadata: Vec<u8>,
}

impl Rows {
    /// Opens a stream; `None`, with the reason noted for its `lines` lines, when its labels are wrong.
    pub(super) fn stream<T: AsRef<str>>(
        &mut self,
        pairs: &mut [(T, T)],
        lines: impl FnOnce() -> u64,
    ) -> Option<Stream> {
        if let Some((name, _)) = pairs.iter().find(|(name, _)| !is_name(name.as_ref())) {
            let name = name.as_ref();
            self.refused
                .add("invalid_labels", lines(), || format!("error parsing labels: invalid label name {name:?}"));
            return None;
        }
        if let Err(error) = canonical(pairs, &mut self.canonical) {
            self.refused
                .add("duplicate_label_names", lines(), || format!("stream has duplicate label name: '{}'", error.0));
            return None;
        }
        if self.canonical.is_empty() {
            self.refused
                .add("missing_labels", lines(), || "error at least one label pair is required per stream".to_owned());
            return None;
        }
        let severity = stated_severity(pairs);
        Some(Stream { key: self.builder.stream_bytes(&self.canonical), severity })
    }

    /// Refuses the lines of a stream whose label text does not parse.
    pub(super) fn refuse_labels(&mut self, lines: u64, error: &str) {
        self.refused.add("invalid_labels", lines, || format!("error parsing labels: {error}"));
    }

    /// Appends a line. Of structured metadata with one name the last wins.
    pub(super) fn line<T: AsRef<str>>(
        &mut self,
        stream: Stream,
        time: Timestamp,
        line: &str,
        metadata: &mut Vec<(T, T)>,
    ) {
        let mut row = LogRow { time, line, ..LogRow::default() };
        self.metadata.clear();
        if !metadata.is_empty() {
            crate::labels::canonical_last_wins(metadata, &mut self.metadata);
            row.severity = stated_severity(metadata);
            row.trace = find(metadata, "trace_id").filter(|id| id.len() == 32).and_then(|id| TraceId::parse(id).ok());
            row.span = find(metadata, "span_id").filter(|id| id.len() == 16).and_then(|id| SpanId::parse(id).ok());
        }
        row.severity = row.severity.or(stream.severity).or_else(|| level::detect(line));
        self.builder.push_canonical(stream.key, &row, &self.metadata);
    }

    pub(super) fn finish(self, context: &DecodeContext<'_>) -> Decoded {
        Decoded::of(self.builder.finish(context.tenant.clone()), self.refused)
    }
}

fn stated_severity<T: AsRef<str>>(pairs: &[(T, T)]) -> Option<u8> {
    level::LEVEL_NAMES.iter().find_map(|name| find(pairs, name)).and_then(level::severity_of)
}

fn find<'p, T: AsRef<str>>(pairs: &'p [(T, T)], wanted: &str) -> Option<&'p str> {
    pairs.iter().find(|(name, _)| name.as_ref() == wanted).map(|(_, value)| value.as_ref())
}
