//! From lines to rows: parsed fields, level, trace, time, labels and structured metadata.

use std::borrow::Cow;

use gw_base::{Labels, SpanId, Timestamp, TraceId};
use gw_batch::{LogRow, LogsBuilder};
use gw_formats::level;

use super::config::{LineReader, TailConfig};
use super::stages::{Extracted, Stages};

/// Most fields that are kept of one line.
const MOST_FIELDS: usize = 64;
/// Longest value that becomes metadata.
const LONGEST_VALUE: usize = 4096;
/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// What turns lines of one tail into rows.
pub(crate) struct LineWriter {
    reader: LineReader,
    stages: Stages,
    label_fields: Vec<String>,
    labels: Labels,
}

/// One file: the labels of its lines, and the time of the last one.
pub(crate) struct FileRows {
    labels: Labels,
    last: Timestamp,
}

impl FileRows {
    /// The time of the next line, from what it says itself and when it was read.
    ///
    /// Wire: as in Loki, an entry that equals another of its stream in time and text is that other one. Access logs tell whole
    /// seconds and plain lines no time at all, so equal lines of one second move on by a nanosecond each and stay apart.
    fn time(&mut self, own: Option<Timestamp>, read: Timestamp) -> Timestamp {
        let time = own.unwrap_or(read);
        let coarse = own.is_none() || time.nanos() % SECOND == 0;
        let behind = self.last.since(time);
        let taken = behind == 0 || (coarse && (0..SECOND).contains(&behind));
        self.last = if taken { self.last.offset(1) } else { time };
        self.last
    }
}

/// What is known of a line besides its text.
#[derive(Default)]
struct Facts<'a> {
    time: Option<Timestamp>,
    severity: Option<u8>,
    trace: Option<TraceId>,
    span: Option<SpanId>,
    fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl LineWriter {
    pub(crate) fn new(config: &TailConfig) -> Result<Self, String> {
        Ok(Self {
            reader: config.parser.reader()?,
            stages: Stages::compile(&config.stages)?,
            label_fields: config.label_fields.clone(),
            labels: Labels::from_pairs(config.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
        })
    }

    /// A file, with the labels that every line of it has.
    pub(crate) fn source(&self, path: &str) -> FileRows {
        let mut labels = self.labels.to_builder();
        if labels.get("filename").is_none() {
            labels.set("filename", path);
        }
        FileRows { labels: labels.build(), last: Timestamp::EPOCH }
    }

    /// Appends a line that was read at `now`.
    pub(crate) fn write(&self, rows: &mut LogsBuilder, file: &mut FileRows, line: &[u8], now: Timestamp) {
        let line = String::from_utf8_lossy(line);
        let facts = self.facts(&line);
        let mut labels = None;
        let mut metadata = Vec::new();
        for (name, value) in &facts.fields {
            if self.label_fields.iter().any(|wanted| wanted == name) {
                labels.get_or_insert_with(|| file.labels.to_builder()).set(name.as_ref(), value.as_ref());
            } else if value.len() <= LONGEST_VALUE && metadata.len() < MOST_FIELDS {
                metadata.push((name.as_ref(), value.as_ref()));
            }
        }
        let mut time = facts.time;
        if !self.stages.is_empty() {
            let mut extracted = Extracted::new(&line, &facts.fields);
            self.stages.run(&mut extracted);
            for (name, value) in &extracted.labels {
                labels.get_or_insert_with(|| file.labels.to_builder()).set(name.as_str(), value.as_str());
            }
            time = extracted.time.or(time);
        }
        let severity = facts.severity.or_else(|| level::detect(&line));
        let stream = match labels {
            Some(labels) => rows.stream(&labels.build()),
            None => rows.stream(&file.labels),
        };
        let metadata = Labels::from_pairs(metadata);
        rows.push(
            stream,
            &LogRow {
                time: file.time(time, now),
                observed: Some(now),
                line: &line,
                severity,
                trace: facts.trace,
                span: facts.span,
                metadata: Some(&metadata),
            },
        );
    }

    fn facts<'a>(&self, line: &'a str) -> Facts<'a> {
        match &self.reader {
            LineReader::None => Facts::default(),
            LineReader::Json => json(line),
            LineReader::Logfmt => with_known_fields(logfmt(line)),
            LineReader::Access(dialects) => dialects
                .iter()
                .find_map(|dialect| dialect.parse(line))
                .map(|entry| {
                    let fields = entry.fields().map(|(name, value)| (name.into(), value.into_owned().into()));
                    Facts {
                        time: entry.time,
                        severity: entry.status.map(severity_of_status),
                        trace: entry.trace,
                        span: entry.span,
                        fields: fields.filter(|(name, _)| name != "trace_id" && name != "span_id").collect(),
                    }
                })
                .unwrap_or_default(),
        }
    }
}

/// A server's failure is an error, a client's a warning.
const fn severity_of_status(status: u16) -> u8 {
    match status {
        500.. => 17,
        400..=499 => 13,
        _ => 9,
    }
}

fn json(line: &str) -> Facts<'_> {
    let Ok(object) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line) else {
        return Facts::default();
    };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let fields = object
        .into_iter()
        .filter_map(|(name, value)| text(value).map(|value| (Cow::Owned(name), Cow::Owned(value))))
        .take(MOST_FIELDS)
        .collect();
    with_known_fields(fields)
}

/// `key=value` pairs; values may be quoted.
fn logfmt(line: &str) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let mut fields = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && fields.len() < MOST_FIELDS {
        let key_end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(key_end);
        let Some(after) = after.strip_prefix('=') else {
            rest = after.trim_start();
            continue;
        };
        let (value, after) = logfmt_value(after);
        if !key.is_empty() {
            fields.push((Cow::Borrowed(key), value));
        }
        rest = after.trim_start();
    }
    fields
}

fn logfmt_value(text: &str) -> (Cow<'_, str>, &str) {
    let Some(inside) = text.strip_prefix('"') else {
        let (value, after) = text.split_at(text.find(' ').unwrap_or(text.len()));
        return (Cow::Borrowed(value), after);
    };
    let mut value = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (Cow::Owned(value), inside.get(at + 1..).unwrap_or_default()),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, other)) => value.push(other),
                None => {}
            },
            other => value.push(other),
        }
    }
    (Cow::Owned(value), "")
}

fn with_known_fields<'a>(fields: Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Facts<'a> {
    let get = |names: &[&str]| {
        let found = fields.iter().find(|(name, _)| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)));
        found.map(|(_, value)| value.as_ref())
    };
    Facts {
        severity: get(&level::LEVEL_NAMES).and_then(level::severity_of),
        trace: get(&["trace_id", "traceid"]).and_then(|id| TraceId::parse(id).ok()).filter(|id| !id.is_zero()),
        span: get(&["span_id", "spanid"]).and_then(|id| SpanId::parse(id).ok()).filter(|id| !id.is_zero()),
        time: None,
        fields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_move_on_and_precise_ones_stay() {
        let mut source = FileRows { labels: Labels::default(), last: Timestamp::EPOCH };
        let second = |seconds: i64| Some(Timestamp::from_secs(seconds));
        let read = Timestamp::from_secs(500);
        let times = [second(100), second(100), second(100), second(101), None, None];
        let nanos = times.map(|own| source.time(own, read).nanos());
        assert_eq!(
            nanos,
            [100 * SECOND, 100 * SECOND + 1, 100 * SECOND + 2, 101 * SECOND, 500 * SECOND, 500 * SECOND + 1]
        );
        let precise = [Timestamp::from_nanos(600 * SECOND + 50), Timestamp::from_nanos(600 * SECOND + 20)];
        assert_eq!(precise.map(|own| source.time(Some(own), read)), precise, "requests may end out of order");
    }
}
