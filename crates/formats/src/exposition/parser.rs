//! The parser of both dialects: one pass over the lines, nothing allocated per sample unless a value has escapes.

use std::borrow::Cow;

use gw_base::Timestamp;
use gw_batch::MetricType;
use memchr::memchr;

use super::cursor::{Cursor, LineError, unescape};
use super::{Dialect, Label, Metadata, Sample, SampleExemplar, Visitor};
use crate::FormatError;
use crate::number::parse_float;

/// Most labels of one sample that the parser follows; products set their own, lower limits.
pub const MAX_LABELS: usize = 4096;

/// Parses a body and calls the visitor for every line that says something.
///
/// # Errors
/// [`FormatError::Line`] at the first line that is not of the dialect, or what the visitor returned.
pub fn parse(body: &[u8], dialect: Dialect, visitor: &mut dyn Visitor) -> Result<(), FormatError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let line = body[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        FormatError::Line { line, message: "not UTF-8".to_owned() }
    })?;
    let mut parser = Parser { dialect, labels: Vec::new(), exemplar_labels: Vec::new(), ended: false };
    let (mut rest, mut number) = (text, 0usize);
    while !rest.is_empty() {
        number += 1;
        let (line, after, terminated) = match memchr(b'\n', rest.as_bytes()) {
            Some(end) => (rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default(), true),
            None => (rest, "", false),
        };
        rest = after;
        parser.line(line, terminated, visitor).map_err(|failure| failure.at(number))?;
    }
    if dialect == Dialect::OpenMetrics && !parser.ended {
        return Err(FormatError::Line { line: number + 1, message: "data does not end with # EOF".to_owned() });
    }
    Ok(())
}

/// A wrong line, or what the visitor said.
enum Failure {
    Line(LineError),
    Visitor(FormatError),
}

impl Failure {
    fn at(self, line: usize) -> FormatError {
        match self {
            Self::Line(message) => FormatError::Line { line, message },
            Self::Visitor(FormatError::Malformed { message }) => FormatError::Line { line, message },
            Self::Visitor(error) => error,
        }
    }
}

impl From<LineError> for Failure {
    fn from(message: LineError) -> Self {
        Self::Line(message)
    }
}

struct Parser<'a> {
    dialect: Dialect,
    labels: Vec<Label<'a>>,
    exemplar_labels: Vec<Label<'a>>,
    ended: bool,
}

impl<'a> Parser<'a> {
    fn line(&mut self, line: &'a str, terminated: bool, visitor: &mut dyn Visitor) -> Result<(), Failure> {
        match self.dialect {
            Dialect::Text => {
                // Wire: a carriage return before the line end is white space to many exporters on Windows.
                let line = line.strip_suffix('\r').unwrap_or(line).trim_start_matches([' ', '\t']);
                match line.as_bytes().first() {
                    None => Ok(()),
                    Some(b'#') => self.text_comment(line, visitor),
                    Some(_) => self.sample(line, visitor),
                }
            }
            Dialect::OpenMetrics => {
                if self.ended {
                    return Err("unexpected data after # EOF".to_owned().into());
                }
                if line == "# EOF" {
                    self.ended = true;
                    return Ok(());
                }
                if !terminated {
                    return Err("data does not end with # EOF".to_owned().into());
                }
                match line.as_bytes().first() {
                    None => Err("empty line".to_owned().into()),
                    Some(b'#') => open_metrics_comment(line, visitor),
                    Some(_) => self.sample(line, visitor),
                }
            }
        }
    }

    fn text_comment(&self, line: &'a str, visitor: &mut dyn Visitor) -> Result<(), Failure> {
        let mut cursor = Cursor::new(line);
        cursor.eat(b'#');
        cursor.skip_blanks();
        let word = cursor.token();
        if !matches!(word, "HELP" | "TYPE") || !cursor.skip_blanks() {
            return Ok(());
        }
        let family = family_name(&mut cursor)?;
        let blank = cursor.skip_blanks();
        if !blank && !cursor.at_end() {
            return Err(cursor.expected("a blank after the metric name").into());
        }
        let metadata = match word {
            "HELP" => Metadata::Help(unescape_help(cursor.rest())),
            _ => Metadata::Type(metric_type(cursor.rest().trim_end_matches([' ', '\t']), true)?),
        };
        visitor.metadata(&family, metadata).map_err(Failure::Visitor)
    }

    fn sample(&mut self, line: &'a str, visitor: &mut dyn Visitor) -> Result<(), Failure> {
        let blanks = self.dialect == Dialect::Text;
        let mut cursor = Cursor::new(line);
        self.labels.clear();
        self.exemplar_labels.clear();
        let mut name = Cow::Borrowed(cursor.metric_name());
        let mut series = cursor.before();
        let mut after_name = cursor.clone();
        if blanks {
            after_name.skip_blanks();
        }
        if after_name.eat(b'{') {
            cursor = after_name;
            if let Some(quoted) = cursor.labels(&mut self.labels, blanks)? {
                if !name.is_empty() {
                    return Err(format!("metric name stands twice: {name:?} and {quoted:?}").into());
                }
                name = quoted;
            }
            series = cursor.before();
        }
        if name.is_empty() {
            return Err(cursor.expected("a metric name").into());
        }
        let (value, time, exemplar) = match self.dialect {
            Dialect::Text => {
                let (value, time) = text_value(&mut cursor, !self.labels.is_empty() || series.ends_with('}'))?;
                (value, time, None)
            }
            Dialect::OpenMetrics => open_metrics_value(&mut cursor, &mut self.exemplar_labels)?,
        };
        let exemplar =
            exemplar.map(|(value, time)| SampleExemplar { labels: self.exemplar_labels.as_slice(), value, time });
        let sample = Sample { series, name: &name, labels: &self.labels, value, time, exemplar };
        visitor.sample(&sample).map_err(Failure::Visitor)
    }
}

fn family_name<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, LineError> {
    if cursor.peek() == Some(b'"') {
        return cursor.quoted();
    }
    let name = cursor.metric_name();
    if name.is_empty() { Err(cursor.expected("a metric name")) } else { Ok(Cow::Borrowed(name)) }
}

fn metric_type(word: &str, text: bool) -> Result<MetricType, LineError> {
    let known = MetricType::parse(word).filter(|_| text || word != "untyped");
    known.ok_or_else(|| format!("invalid metric type {word:?}"))
}

fn unescape_help(raw: &str) -> Cow<'_, str> {
    if raw.contains('\\') { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
}

fn number(text: &str) -> Result<f64, LineError> {
    parse_float(text).ok_or_else(|| format!("expected a value, got {:?}", text.chars().take(20).collect::<String>()))
}

fn text_value(cursor: &mut Cursor<'_>, after_brace: bool) -> Result<(f64, Option<Timestamp>), LineError> {
    if !cursor.skip_blanks() && !after_brace {
        return Err(cursor.expected("a value after the metric name"));
    }
    let value = number(cursor.token())?;
    cursor.skip_blanks();
    let stamp = cursor.token();
    cursor.skip_blanks();
    if !cursor.at_end() {
        return Err(cursor.expected("the end of the line"));
    }
    if stamp.is_empty() {
        return Ok((value, None));
    }
    let millis: i64 =
        stamp.parse().ok().ok_or_else(|| format!("expected a timestamp in milliseconds, got {stamp:?}"))?;
    Ok((value, Some(Timestamp::from_millis(millis))))
}

type OpenMetricsValue = (f64, Option<Timestamp>, Option<(f64, Option<Timestamp>)>);

fn open_metrics_value<'a>(
    cursor: &mut Cursor<'a>,
    exemplar_labels: &mut Vec<Label<'a>>,
) -> Result<OpenMetricsValue, LineError> {
    let (value, time) = open_metrics_number(cursor)?;
    if cursor.at_end() {
        return Ok((value, time, None));
    }
    for byte in [b' ', b'#', b' ', b'{'] {
        if !cursor.eat(byte) {
            return Err(cursor.expected("an exemplar ( # {labels} value) or the end of the line"));
        }
    }
    if cursor.labels(exemplar_labels, false)?.is_some() {
        return Err("an exemplar has no metric name".to_owned());
    }
    let exemplar = open_metrics_number(cursor)?;
    if !cursor.at_end() {
        return Err(cursor.expected("the end of the line"));
    }
    Ok((value, time, Some(exemplar)))
}

/// ` value[ seconds]`, each after exactly one space.
fn open_metrics_number(cursor: &mut Cursor<'_>) -> Result<(f64, Option<Timestamp>), LineError> {
    if !cursor.eat(b' ') {
        return Err(cursor.expected("a space and a value"));
    }
    let value = number(cursor.token())?;
    let mut ahead = cursor.clone();
    if !ahead.eat(b' ') || ahead.peek() == Some(b'#') {
        return Ok((value, None));
    }
    let stamp = ahead.token();
    let seconds = parse_float(stamp).filter(|seconds| seconds.is_finite());
    let seconds = seconds.ok_or_else(|| format!("expected a timestamp in seconds, got {stamp:?}"))?;
    *cursor = ahead;
    Ok((value, Some(seconds_to_time(stamp, seconds))))
}

/// Keeps nanoseconds that a float cannot: whole seconds and fraction digits are read apart where the text is plain.
fn seconds_to_time(text: &str, seconds: f64) -> Timestamp {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || whole.is_empty() || whole.len() > 10 || fraction.len() > 9 {
        return Timestamp::from_nanos((seconds * 1e9).round() as i64);
    }
    let digits = |part: &str| part.bytes().fold(0i64, |value, byte| value * 10 + i64::from(byte - b'0'));
    let scale = 10i64.pow(9 - fraction.len() as u32);
    Timestamp::from_nanos((digits(whole).saturating_mul(1_000_000_000)).saturating_add(digits(fraction) * scale))
}

fn open_metrics_comment(line: &str, visitor: &mut dyn Visitor) -> Result<(), Failure> {
    let mut cursor = Cursor::new(line);
    if !(cursor.eat(b'#') && cursor.eat(b' ')) {
        return Err(cursor.expected("a space after #").into());
    }
    let word = cursor.token();
    if !matches!(word, "HELP" | "TYPE" | "UNIT") {
        return Err(
            format!("expected HELP, TYPE, UNIT or EOF, got {:?}", word.chars().take(20).collect::<String>()).into()
        );
    }
    if !cursor.eat(b' ') {
        return Err(cursor.expected("a space and a metric name").into());
    }
    let family = family_name(&mut cursor)?;
    if !cursor.eat(b' ') {
        return Err(cursor.expected("a space and the rest of the line").into());
    }
    let metadata = match word {
        "HELP" => Metadata::Help(unescape_help(cursor.rest())),
        "TYPE" => Metadata::Type(metric_type(cursor.rest(), false)?),
        _ => {
            let unit = cursor.rest();
            if !unit.is_empty() && !family.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_')) {
                return Err(format!("unit {unit:?} is not a suffix of metric {family:?}").into());
            }
            Metadata::Unit(unit)
        }
    };
    visitor.metadata(&family, metadata).map_err(Failure::Visitor)
}
