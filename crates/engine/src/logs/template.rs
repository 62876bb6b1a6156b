//! Templates of `line_format` and `label_format`: the part of Go's `text/template` that makes text of labels.
//!
//! Actions are a field (`.label`), a text, a number, or a function over such, piped on by `|`. Control structures are
//! refused.

use std::fmt::Write as _;

use gw_batch::QueryError;

use super::entry::Entry;

/// A parsed template.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    /// Calls, each of which takes the result of the one before as its last argument.
    Action(Vec<Call>),
}

#[derive(Debug)]
struct Call {
    head: Term,
    args: Vec<Term>,
}

#[derive(Debug, Clone)]
enum Term {
    Field(String),
    Literal(String),
    Function(&'static Function),
}

#[derive(Debug)]
struct Function {
    name: &'static str,
    arity: usize,
    run: fn(&[String]) -> Result<String, String>,
}

/// The functions; the last argument is what is piped in.
static FUNCTIONS: &[Function] = &[
    Function { name: "ToLower", arity: 1, run: |args| Ok(args[0].to_lowercase()) },
    Function { name: "lower", arity: 1, run: |args| Ok(args[0].to_lowercase()) },
    Function { name: "ToUpper", arity: 1, run: |args| Ok(args[0].to_uppercase()) },
    Function { name: "upper", arity: 1, run: |args| Ok(args[0].to_uppercase()) },
    Function { name: "TrimSpace", arity: 1, run: |args| Ok(args[0].trim().to_owned()) },
    Function { name: "trim", arity: 1, run: |args| Ok(args[0].trim().to_owned()) },
    Function { name: "Trim", arity: 2, run: |args| Ok(args[0].trim_matches(|c| args[1].contains(c)).to_owned()) },
    Function {
        name: "TrimLeft",
        arity: 2,
        run: |args| Ok(args[0].trim_start_matches(|c| args[1].contains(c)).to_owned()),
    },
    Function {
        name: "TrimRight",
        arity: 2,
        run: |args| Ok(args[0].trim_end_matches(|c| args[1].contains(c)).to_owned()),
    },
    Function {
        name: "TrimPrefix",
        arity: 2,
        run: |args| Ok(args[0].strip_prefix(args[1].as_str()).unwrap_or(&args[0]).to_owned()),
    },
    Function {
        name: "TrimSuffix",
        arity: 2,
        run: |args| Ok(args[0].strip_suffix(args[1].as_str()).unwrap_or(&args[0]).to_owned()),
    },
    Function {
        name: "trimPrefix",
        arity: 2,
        run: |args| Ok(args[1].strip_prefix(args[0].as_str()).unwrap_or(&args[1]).to_owned()),
    },
    Function {
        name: "trimSuffix",
        arity: 2,
        run: |args| Ok(args[1].strip_suffix(args[0].as_str()).unwrap_or(&args[1]).to_owned()),
    },
    Function { name: "replace", arity: 3, run: |args| Ok(args[2].replace(args[0].as_str(), &args[1])) },
    Function {
        name: "default",
        arity: 2,
        run: |args| Ok(if args[1].is_empty() { &args[0] } else { &args[1] }.clone()),
    },
    Function { name: "printf", arity: 1, run: formatted },
    Function { name: "trunc", arity: 2, run: truncate },
    Function { name: "len", arity: 1, run: |args| Ok(args[0].len().to_string()) },
    Function { name: "contains", arity: 2, run: |args| Ok(args[1].contains(args[0].as_str()).to_string()) },
    Function { name: "hasPrefix", arity: 2, run: |args| Ok(args[1].starts_with(args[0].as_str()).to_string()) },
    Function { name: "hasSuffix", arity: 2, run: |args| Ok(args[1].ends_with(args[0].as_str()).to_string()) },
];

fn truncate(args: &[String]) -> Result<String, String> {
    let count: i64 = args[0].parse().map_err(|_malformed| format!("trunc: {:?} is not a number", args[0]))?;
    let length = args[1].chars().count();
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(if count >= 0 {
        args[1].chars().take(wanted).collect()
    } else {
        args[1].chars().skip(length.saturating_sub(wanted)).collect()
    })
}

/// `printf` with the verbs `%s`, `%d`, `%v`, `%q` and `%%`.
fn formatted(args: &[String]) -> Result<String, String> {
    let Some((format, values)) = args.split_first() else { return Err("printf takes a format".to_owned()) };
    let (mut out, mut values, mut chars) = (String::new(), values.iter(), format.chars());
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let verb = chars.next().ok_or("printf: the format ends inside a verb")?;
        if verb == '%' {
            out.push('%');
            continue;
        }
        let value = values.next().ok_or_else(|| format!("printf: no value for %{verb}"))?;
        match verb {
            's' | 'd' | 'v' => out.push_str(value),
            'q' => write!(out, "{value:?}").map_err(|error| error.to_string())?,
            other => return Err(format!("printf: verb %{other} is not supported")),
        }
    }
    Ok(out)
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("{{") {
            let (action, after) =
                tail.split_once("}}").ok_or_else(|| QueryError::parse("invalid line template: unclosed action"))?;
            let before = if action.starts_with("- ") { before.trim_end() } else { before };
            pieces.push(Piece::Text(before.to_owned()));
            let trimmed = action.trim_start_matches("- ").trim_end_matches(" -").trim();
            pieces.push(Piece::Action(calls(trimmed)?));
            rest = if action.ends_with(" -") { after.trim_start() } else { after };
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// The text for a line; an error says what a function refused.
    pub(super) fn render(&self, entry: &Entry<'_>) -> Result<String, String> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Action(calls) => {
                    let mut piped: Option<String> = None;
                    for call in calls {
                        piped = Some(evaluate(call, piped, entry)?);
                    }
                    out.push_str(piped.as_deref().unwrap_or(""));
                }
            }
        }
        Ok(out)
    }
}

fn value(term: &Term, entry: &Entry<'_>) -> String {
    match term {
        Term::Field(name) => entry.get(name).unwrap_or("").to_owned(),
        Term::Literal(text) => text.clone(),
        Term::Function(_) => String::new(),
    }
}

fn evaluate(call: &Call, piped: Option<String>, entry: &Entry<'_>) -> Result<String, String> {
    let Term::Function(function) = &call.head else { return Ok(value(&call.head, entry)) };
    if function.name == "__line__" {
        return Ok(entry.line.to_string());
    }
    let args: Vec<String> = call.args.iter().map(|arg| value(arg, entry)).chain(piped).collect();
    if function.name == "printf" {
        return formatted(&args);
    }
    if args.len() != function.arity {
        return Err(format!("wrong number of args for {}: want {} got {}", function.name, function.arity, args.len()));
    }
    (function.run)(&args)
}

static LINE: Function = Function { name: "__line__", arity: 0, run: |_| Ok(String::new()) };

fn calls(action: &str) -> Result<Vec<Call>, QueryError> {
    let mut calls = Vec::new();
    let mut terms: Vec<Term> = Vec::new();
    let mut rest = action.trim();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('|') {
            let mut given = std::mem::take(&mut terms).into_iter();
            let head =
                given.next().ok_or_else(|| QueryError::parse("invalid line template: missing value for command"))?;
            calls.push(Call { head, args: given.collect() });
            match rest.strip_prefix('|') {
                Some(tail) => rest = tail,
                None => return Ok(calls),
            }
            continue;
        }
        let (term, tail) = term(rest)?;
        terms.push(term);
        rest = tail;
    }
}

fn term(text: &str) -> Result<(Term, &str), QueryError> {
    let open = || QueryError::parse("invalid line template: unterminated quoted string");
    if let Some(inside) = text.strip_prefix('`') {
        let (literal, tail) = inside.split_once('`').ok_or_else(open)?;
        return Ok((Term::Literal(literal.to_owned()), tail));
    }
    if let Some(inside) = text.strip_prefix('"') {
        let (literal, tail) = unquoted(inside).ok_or_else(open)?;
        return Ok((Term::Literal(literal), tail));
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '|').unwrap_or(text.len());
    let (word, tail) = text.split_at(end);
    if let Some(field) = word.strip_prefix('.') {
        return Ok((Term::Field(field.to_owned()), tail));
    }
    if word.parse::<f64>().is_ok() {
        return Ok((Term::Literal(word.to_owned()), tail));
    }
    if word == LINE.name {
        return Ok((Term::Function(&LINE), tail));
    }
    let function = FUNCTIONS.iter().find(|function| function.name == word);
    let function =
        function.ok_or_else(|| QueryError::parse(format!("invalid line template: function {word:?} not defined")))?;
    Ok((Term::Function(function), tail))
}

/// A quoted text up to its closing quote, Go's escapes resolved, and what follows.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, quoted.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'x' => {
                    let digits: String = [chars.next()?.1, chars.next()?.1].into_iter().collect();
                    out.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
                }
                other => out.push(other),
            },
            c => out.push(c),
        }
    }
    None
}
