//! Sequences of points: `1 2+3x2 _ _x3 stale {{..}}x5 {{..}}+{{..}}x4`.

use super::histogram::HistogramSpec;

/// The bits of the NaN that marks the end of a series.
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// More points than any script needs.
const MOST_POINTS: usize = 1_000_000;

/// A point of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum Point {
    /// None at this step.
    Missing,
    /// A float; the stale marker is the NaN of [`STALE_BITS`].
    Float(f64),
    /// A native histogram.
    Histogram(Box<HistogramSpec>),
}

impl Point {
    /// Whether it marks the end of the series.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Float(value) if value.to_bits() == STALE_BITS)
    }
}

/// Reads a whole sequence.
pub(super) fn sequence(text: &str) -> Result<Vec<Point>, String> {
    let mut points = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let item;
        (item, rest) = split_item(rest);
        push_item(&mut points, item).map_err(|fault| format!("{fault} in {item:?}"))?;
        rest = rest.trim_start();
    }
    Ok(points)
}

/// The first item: up to a space that is in no histogram.
fn split_item(text: &str) -> (&str, &str) {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if c.is_whitespace() && depth == 0 => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

fn push_item(points: &mut Vec<Point>, item: &str) -> Result<(), String> {
    if let Some(times) = item.strip_prefix('_') {
        let count = if times.is_empty() { 1 } else { repeats(times)? };
        return extend(points, count, |_| Ok(Point::Missing));
    }
    if item == "stale" {
        points.push(Point::Float(f64::from_bits(STALE_BITS)));
        return Ok(());
    }
    if item.starts_with("{{") {
        return push_histograms(points, item);
    }
    let (first, rest) = leading_number(item)?;
    let (step, times) = match rest.chars().next() {
        None => return extend(points, 1, |_| Ok(Point::Float(first))),
        Some('x') => (0.0, rest),
        _ => leading_number(rest)?,
    };
    // Wire: added up step by step, as upstream does, so that the last bits agree.
    let mut value = first;
    extend(points, repeats(times)? + 1, |index| {
        value += if index == 0 { 0.0 } else { step };
        Ok(Point::Float(value))
    })
}

fn push_histograms(points: &mut Vec<Point>, item: &str) -> Result<(), String> {
    let (first, rest) = leading_histogram(item)?;
    let sign = if rest.starts_with('-') { -1.0 } else { 1.0 };
    let (step, times) = match rest.strip_prefix(['+', '-']) {
        Some(step) => leading_histogram(step).map(|(step, times)| (Some(step), times))?,
        None => (None, rest),
    };
    let count = if times.is_empty() { 1 } else { repeats(times)? + 1 };
    let mut value = first;
    extend(points, count, |index| {
        if let (Some(step), true) = (&step, index > 0) {
            value = value.plus(step, sign)?;
        }
        Ok(Point::Histogram(Box::new(value.clone())))
    })
}

fn extend(
    points: &mut Vec<Point>,
    count: usize,
    mut make: impl FnMut(usize) -> Result<Point, String>,
) -> Result<(), String> {
    if points.len() + count > MOST_POINTS {
        return Err(format!("more than {MOST_POINTS} points"));
    }
    for index in 0..count {
        points.push(make(index)?);
    }
    Ok(())
}

/// `x5`.
fn repeats(text: &str) -> Result<usize, String> {
    text.strip_prefix('x')
        .and_then(|digits| digits.parse::<usize>().ok())
        .filter(|count| *count < MOST_POINTS)
        .ok_or_else(|| format!("no repetition at {text:?}"))
}

fn leading_histogram(text: &str) -> Result<(HistogramSpec, &str), String> {
    let inner = text.strip_prefix("{{").ok_or_else(|| format!("no histogram at {text:?}"))?;
    let (inner, rest) = inner.split_once("}}").ok_or_else(|| format!("histogram is not closed: {text:?}"))?;
    Ok((HistogramSpec::parse(inner)?, rest))
}

/// A number or duration with an optional sign at the start of `text`, and what follows.
fn leading_number(text: &str) -> Result<(f64, &str), String> {
    let unsigned = text.trim_start_matches(['+', '-']);
    let sign_length = text.len() - unsigned.len();
    let mut previous = ' ';
    let mut end = unsigned.len();
    for (at, c) in unsigned.char_indices() {
        let exponent_sign = matches!(c, '+' | '-')
            && matches!(previous, 'e' | 'E')
            && unsigned.get(..at - 1).is_some_and(|mantissa| mantissa.parse::<f64>().is_ok());
        if !(c.is_ascii_alphanumeric() || c == '.' || exponent_sign) || c == 'x' {
            end = at;
            break;
        }
        previous = c;
    }
    let (number_text, rest) = text.split_at(sign_length + end);
    Ok((number(number_text)?, rest))
}

/// A number, or a duration in seconds, with an optional sign.
pub(super) fn number(text: &str) -> Result<f64, String> {
    if let Ok(value) = text.parse::<f64>() {
        return Ok(value);
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    duration_millis(unsigned)
        .map(|millis| sign * millis as f64 / 1000.0)
        .ok_or_else(|| format!("no number at {text:?}"))
}

/// A Prometheus duration (`1h30m`, `250ms`) without sign.
fn duration_millis(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let size = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            _ => return None,
        };
        total = digits.parse::<i64>().ok()?.checked_mul(size)?.checked_add(total)?;
        rest = after;
    }
    Some(total)
}

/// A time or distance: a duration, or seconds.
pub(super) fn millis(text: &str) -> Result<i64, String> {
    number(text).map(|secs| (secs * 1000.0).round() as i64)
}
