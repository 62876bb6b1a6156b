//! Lines to commands.

use super::labels::{quoted, series};
use super::points::{Point, millis, number, sequence};
use super::{
    Command, CommandKind, Eval, EvalTime, Expectation, Expected, ExpectedSeries, LabelPairs, Load, LoadedSeries,
    TextMatch, Window,
};

/// Why a script is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ScriptError {}

/// A line that is not empty and no comment, with its number.
type Line<'a> = (usize, &'a str);

/// Parses a script.
///
/// # Errors
/// [`ScriptError`] for the first line that is not of the language.
pub fn parse(text: &str) -> Result<Vec<Command>, ScriptError> {
    let mut commands = Vec::new();
    for block in blocks(text) {
        let Some(((line, head), body)) = block.split_first() else { continue };
        let kind = command(head, body, *line)?;
        commands.push(Command { line: *line, kind });
    }
    Ok(commands)
}

/// Groups each command with the lines that belong to it.
fn blocks(text: &str) -> Vec<Vec<Line<'_>>> {
    let mut blocks: Vec<Vec<Line<'_>>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let word = line.split_whitespace().next().unwrap_or("");
        let begins = matches!(word, "clear" | "load" | "load_with_nhcb" | "eval") || word.starts_with("eval_");
        match blocks.last_mut() {
            Some(block) if !begins => block.push((index + 1, line)),
            _ => blocks.push(vec![(index + 1, line)]),
        }
    }
    blocks
}

fn command(head: &str, body: &[Line<'_>], line: usize) -> Result<CommandKind, ScriptError> {
    let at = |message: String| ScriptError { line, message };
    let (word, rest) = head.split_once(char::is_whitespace).unwrap_or((head, ""));
    match word {
        "clear" if body.is_empty() => Ok(CommandKind::Clear),
        "load" | "load_with_nhcb" => {
            let step_millis = millis(rest.trim()).map_err(at)?;
            let series = loaded(body)?;
            Ok(CommandKind::Load(Load { step_millis, with_nhcb: word == "load_with_nhcb", series }))
        }
        _ if word == "eval" || word.starts_with("eval_") => {
            let (time, query) = eval_head(rest.trim_start()).map_err(at)?;
            let mut eval = Eval {
                query: query.to_owned(),
                time,
                expectations: old_form(word).map_err(at)?,
                expected: Expected::Series(Vec::new()),
            };
            for (line, text) in body {
                eval_line(&mut eval, text, *line).map_err(|message| ScriptError { line: *line, message })?;
            }
            Ok(CommandKind::Eval(eval))
        }
        _ => Err(at(format!("unknown command {word:?}"))),
    }
}

/// What `eval_fail` and the like expect.
fn old_form(word: &str) -> Result<Vec<Expectation>, String> {
    Ok(match word {
        "eval" => Vec::new(),
        "eval_fail" => vec![Expectation::Fail(TextMatch::Any)],
        "eval_warn" => vec![Expectation::Warn(TextMatch::Any)],
        "eval_info" => vec![Expectation::Info(TextMatch::Any)],
        "eval_ordered" => vec![Expectation::Ordered],
        _ => return Err(format!("unknown command {word:?}")),
    })
}

fn loaded(body: &[Line<'_>]) -> Result<Vec<LoadedSeries>, ScriptError> {
    let mut found: Vec<LoadedSeries> = Vec::new();
    let mut starts: Vec<(LabelPairs, Vec<Option<i64>>)> = Vec::new();
    for (line, text) in body {
        let at = |message: String| ScriptError { line: *line, message };
        let (labels, rest) = series(text).map_err(at)?;
        if let Some(offsets) = rest.strip_prefix("@st") {
            starts.push((labels, start_offsets(offsets).map_err(at)?));
            continue;
        }
        let points = sequence(rest).map_err(at)?;
        found.push(LoadedSeries { labels, points, start_offsets_millis: Vec::new() });
    }
    for (labels, offsets) in starts {
        if let Some(series) = found.iter_mut().find(|series| series.labels == labels) {
            series.start_offsets_millis = offsets;
        }
    }
    Ok(found)
}

/// Start timestamps are written as points whose values are durations.
fn start_offsets(text: &str) -> Result<Vec<Option<i64>>, String> {
    let to_millis = |point: Point| match point {
        Point::Missing => Ok(None),
        Point::Float(secs) => Ok(Some((secs * 1000.0).round() as i64)),
        Point::Histogram(_) => Err("a start timestamp cannot be a histogram".to_owned()),
    };
    sequence(text)?.into_iter().map(to_millis).collect()
}

/// `instant at TIME QUERY`, `range from TIME to TIME step DISTANCE QUERY`.
fn eval_head(text: &str) -> Result<(EvalTime, &str), String> {
    if let Some(rest) = keyword(text, "instant") {
        let rest = keyword(rest, "at").ok_or_else(|| format!("expected 'at' in {text:?}"))?;
        let (at, query) = word(rest)?;
        return Ok((EvalTime::Instant { at_millis: millis(at)? }, query));
    }
    let rest = keyword(text, "range").ok_or_else(|| format!("expected 'instant' or 'range' in {text:?}"))?;
    let (window, query) = window(rest)?;
    Ok((EvalTime::Range(window), query))
}

/// `from TIME to TIME step DISTANCE`, and what follows.
fn window(text: &str) -> Result<(Window, &str), String> {
    let mut rest = text;
    let mut values = [0i64; 3];
    for (name, value) in ["from", "to", "step"].into_iter().zip(&mut values) {
        let after = keyword(rest, name).ok_or_else(|| format!("expected '{name}' at {rest:?}"))?;
        let (found, after) = word(after)?;
        *value = millis(found)?;
        rest = after;
    }
    let [start_millis, end_millis, step_millis] = values;
    Ok((Window { start_millis, end_millis, step_millis }, rest))
}

/// What follows a word, if it is the one.
fn keyword<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(keyword)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// The first word and what follows.
fn word(text: &str) -> Result<(&str, &str), String> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() { Err("the line ends too early".to_owned()) } else { Ok((word, rest.trim_start())) }
}

/// A line below an `eval`: an expectation, a series, or a number alone.
fn eval_line(eval: &mut Eval, text: &str, line: usize) -> Result<(), String> {
    if let Some(rest) = keyword(text, "expect") {
        return expect_line(eval, rest);
    }
    for (name, matching) in [
        ("expected_fail_message", TextMatch::Exact as fn(String) -> TextMatch),
        ("expected_fail_regexp", TextMatch::Regex),
    ] {
        if let Some(rest) = keyword(text, name) {
            eval.expectations.retain(|expectation| *expectation != Expectation::Fail(TextMatch::Any));
            eval.expectations.push(Expectation::Fail(matching(rest.to_owned())));
            return Ok(());
        }
    }
    if let Ok(value) = number(text) {
        eval.expected = Expected::Scalar(value);
        return Ok(());
    }
    let (labels, rest) = series(text)?;
    let points = sequence(rest)?;
    let found = ExpectedSeries { labels, points, line };
    match &mut eval.expected {
        Expected::Series(list) | Expected::RangeVector(_, list) => list.push(found),
        Expected::Scalar(_) | Expected::String(_) => return Err("a number or string is expected already".to_owned()),
    }
    Ok(())
}

fn expect_line(eval: &mut Eval, text: &str) -> Result<(), String> {
    if let Some(rest) = keyword(text, "range").and_then(|rest| keyword(rest, "vector")) {
        let (window, _) = window(rest)?;
        eval.expected = Expected::RangeVector(window, Vec::new());
        return Ok(());
    }
    if let Some(rest) = keyword(text, "string") {
        eval.expected = Expected::String(quoted(rest)?.0);
        return Ok(());
    }
    let (kind, rest) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
    let matching = text_match(rest.trim());
    eval.expectations.push(match kind {
        "fail" => Expectation::Fail(matching?),
        "warn" => Expectation::Warn(matching?),
        "info" => Expectation::Info(matching?),
        "no_warn" => Expectation::NoWarn,
        "no_info" => Expectation::NoInfo,
        "ordered" => Expectation::Ordered,
        _ => return Err(format!("unknown expectation {kind:?}")),
    });
    Ok(())
}

/// `msg: TEXT`, `regex: PATTERN`, or nothing.
fn text_match(text: &str) -> Result<TextMatch, String> {
    match text.split_once(':') {
        None if text.is_empty() => Ok(TextMatch::Any),
        Some(("msg", message)) => Ok(TextMatch::Exact(message.trim().to_owned())),
        Some(("regex", pattern)) => Ok(TextMatch::Regex(pattern.trim().to_owned())),
        _ => Err(format!("expected 'msg:' or 'regex:' at {text:?}")),
    }
}
