//! The language of LogQL tests, in its short form: `clear`, `load` with lines, `eval` with what it must answer.

use gw_base::Labels;

/// A command.
pub(crate) enum Command {
    Clear,
    Load(Vec<Line>),
    Eval(Eval),
    Unknown(String),
}

/// A line to store.
pub(crate) struct Line {
    pub(crate) stream: Labels,
    pub(crate) metadata: Labels,
    pub(crate) at_millis: i64,
    pub(crate) text: String,
}

/// A query and what it must answer.
pub(crate) struct Eval {
    pub(crate) query: String,
    pub(crate) start_millis: i64,
    pub(crate) end_millis: i64,
    /// `None` asks at a point.
    pub(crate) step_millis: Option<u64>,
    pub(crate) ordered: bool,
    pub(crate) expected: Expected,
}

/// The expected answer.
pub(crate) enum Expected {
    Series(Vec<(Labels, Vec<Option<f64>>)>),
    Fail(Option<String>),
    FailRegex(String),
}

/// The commands with the lines where they begin, counted from 1.
pub(crate) fn parse(text: &str) -> Vec<(usize, Command)> {
    let mut commands: Vec<(usize, Command)> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let indented = raw.starts_with([' ', '\t']);
        let number = index + 1;
        match commands.last_mut() {
            Some((_, Command::Load(lines))) if indented => match stored(line) {
                Some(found) => lines.extend(found),
                None => commands.push((number, Command::Unknown(line.to_owned()))),
            },
            Some((_, Command::Eval(eval))) if indented => {
                if expectation(eval, line).is_none() {
                    commands.push((number, Command::Unknown(line.to_owned())));
                }
            }
            _ => commands.push((number, command(line))),
        }
    }
    commands
}

fn command(line: &str) -> Command {
    if line == "clear" {
        return Command::Clear;
    }
    if line == "load" {
        return Command::Load(Vec::new());
    }
    match eval(line) {
        Some(eval) => Command::Eval(eval),
        None => Command::Unknown(line.to_owned()),
    }
}

fn eval(line: &str) -> Option<Eval> {
    let rest = line.strip_prefix("eval ")?;
    let ((start_millis, end_millis, step_millis), query) = if let Some(rest) = rest.strip_prefix("instant at ") {
        let (at, query) = rest.split_once(' ')?;
        ((millis(at)?, millis(at)?, None), query)
    } else {
        let rest = rest.strip_prefix("range from ")?;
        let (from, rest) = rest.split_once(" to ")?;
        let (to, rest) = rest.split_once(" step ")?;
        let (step, query) = rest.split_once(' ')?;
        ((millis(from)?, millis(to)?, Some(u64::try_from(millis(step)?).ok()?)), query)
    };
    let query = query.rsplit_once(" # ").map_or(query, |(query, _)| query).trim().to_owned();
    Some(Eval { query, start_millis, end_millis, step_millis, ordered: false, expected: Expected::Series(Vec::new()) })
}

fn expectation(eval: &mut Eval, line: &str) -> Option<()> {
    if let Some(rest) = line.strip_prefix("expect ") {
        match rest.trim() {
            "empty" => {}
            "ordered" => eval.ordered = true,
            "fail" => eval.expected = Expected::Fail(None),
            rest => {
                let rest = rest.strip_prefix("fail ")?;
                eval.expected = match rest.split_once(':')? {
                    ("msg", text) => Expected::Fail(Some(text.trim().to_owned())),
                    ("regex", text) => Expected::FailRegex(text.trim().to_owned()),
                    _ => return None,
                };
            }
        }
        return Some(());
    }
    let (labels, rest) = if line.starts_with('{') { braces(line)? } else { (Labels::empty(), line) };
    let mut values = Vec::new();
    for item in rest.split_whitespace().take_while(|item| *item != "#") {
        numbers(item, &mut values)?;
    }
    match &mut eval.expected {
        Expected::Series(list) => list.push((labels, values)),
        _ => return None,
    }
    Some(())
}

/// `5`, `_`, `_x3`, `2+3x2`, `2x4`.
fn numbers(item: &str, values: &mut Vec<Option<f64>>) -> Option<()> {
    if let Some(times) = item.strip_prefix('_') {
        let count = if times.is_empty() { 1 } else { times.strip_prefix('x')?.parse().ok()? };
        values.extend(std::iter::repeat_n(None, count));
        return Some(());
    }
    let Some((head, times)) = item.split_once('x') else {
        values.push(Some(item.parse().ok()?));
        return Some(());
    };
    let times: usize = times.parse().ok()?;
    let at = head.rfind(['+', '-']).filter(|at| *at > 0);
    let (first, step): (f64, f64) = match at {
        Some(at) => (head.get(..at)?.parse().ok()?, head.get(at..)?.parse().ok()?),
        None => (head.parse().ok()?, 0.0),
    };
    values.extend((0..=times).map(|i| Some(first + step * i as f64)));
    Some(())
}

/// A line of `load`, repeated as it says.
fn stored(line: &str) -> Option<Vec<Line>> {
    let (stream, rest) = braces(line)?;
    let (text, raw, rest) = quoted(rest.trim_start())?;
    let rest = rest.trim_start().strip_prefix('@')?.trim_start();
    let (at, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let at = millis(at)?;
    let (mut every, mut count, mut metadata) = (0, 1, Labels::empty());
    while let Some(inside) = rest.trim_start().strip_prefix('[') {
        let (option, tail) = inside.split_once(']')?;
        rest = tail;
        if let Some(repeat) = option.strip_prefix("repeat every ") {
            let (step, times) = repeat.split_once(" for ")?;
            every = millis(step.trim())?;
            count = times.trim().parse().ok()?;
        } else {
            let pairs = option.strip_prefix("metadata ")?;
            metadata = braces(&format!("{{{}}}", spaced(pairs)))?.0;
        }
    }
    let line = |i: i64| Line {
        stream: stream.clone(),
        metadata: metadata.clone(),
        at_millis: at + i * every,
        text: if raw { text.clone() } else { text.replace("{{.i}}", &i.to_string()) },
    };
    Some((0..count).map(line).collect())
}

/// Pairs divided by spaces as pairs divided by commas.
fn spaced(pairs: &str) -> String {
    pairs.replace("\" ", "\",")
}

/// `{a="b", c="d"}` and what follows.
fn braces(text: &str) -> Option<(Labels, &str)> {
    let mut rest = text.strip_prefix('{')?;
    let mut pairs = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(tail) = rest.strip_prefix('}') {
            return Some((Labels::from_pairs(pairs), tail));
        }
        let (name, tail) = rest.split_once('=')?;
        let (value, _, tail) = quoted(tail)?;
        pairs.push((name.trim().to_owned(), value));
        rest = tail;
    }
}

/// A quoted text, whether it stood in backticks, and what follows.
fn quoted(text: &str) -> Option<(String, bool, &str)> {
    if let Some(inside) = text.strip_prefix('`') {
        let (raw, tail) = inside.split_once('`')?;
        return Some((raw.to_owned(), true, tail));
    }
    let inside = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, false, inside.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            c => out.push(c),
        }
    }
    None
}

/// `1m30s`, `20s`, `0`, `1500ms` in milliseconds.
fn millis(text: &str) -> Option<i64> {
    let (mut rest, mut total) = (text, 0i64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let size = match unit {
            "ms" => 1,
            "s" | "" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total += number.parse::<i64>().ok()? * size;
        rest = tail;
    }
    Some(total)
}
