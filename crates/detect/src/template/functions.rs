//! The functions that templates may call: Go's own, and those of Prometheus.

use std::cmp::Ordering;
use std::sync::Arc;

use gw_base::duration;
use gw_base::go_regex::GoRegex;

use super::exec::{Context, Stop};
use super::value::{Sample, Value};
use super::{humanize, print, text};

type Run = fn(&Context<'_>, &[Value]) -> Result<Value, Stop>;

/// A function: name, least and most arguments, and what it does.
struct Function(&'static str, usize, usize, Run);

const ANY: usize = usize::MAX;

/// Sorted by name. `and` and `or` are here for their names; they are run where arguments are not yet evaluated.
const FUNCTIONS: &[Function] = &[
    Function("and", 1, ANY, |_, a| Ok(a[a.len() - 1].clone())),
    Function("args", 0, ANY, args),
    Function("eq", 2, ANY, equal_to_any),
    Function("externalURL", 0, 0, |context, _| Ok(Value::text(context.data.external_url.as_str()))),
    Function("first", 1, 1, first),
    Function("ge", 2, 2, |_, a| Ok(Value::Bool(compare(a)?.is_some_and(Ordering::is_ge)))),
    Function("graphLink", 1, 1, |_, a| Ok(Value::text(text::graph_link(str_of(a, 0)?)))),
    Function("gt", 2, 2, |_, a| Ok(Value::Bool(compare(a)?.is_some_and(Ordering::is_gt)))),
    Function("html", 0, ANY, |_, a| Ok(Value::text(text::escape_html(&print::sprint(a))))),
    Function("humanize", 1, 1, |_, a| Ok(Value::text(humanize::si(number(&a[0])?)))),
    Function("humanize1024", 1, 1, |_, a| Ok(Value::text(humanize::binary(number(&a[0])?)))),
    Function("humanizeDuration", 1, 1, |_, a| Ok(Value::text(humanize::duration(number(&a[0])?)))),
    Function("humanizePercentage", 1, 1, |_, a| Ok(Value::text(humanize::percentage(number(&a[0])?)))),
    Function("humanizeTimestamp", 1, 1, |_, a| Ok(Value::text(humanize::timestamp(number(&a[0])?)?))),
    Function("index", 1, ANY, index),
    Function("label", 2, 2, |_, a| Ok(Value::text(sample_of(a, 1)?.labels.get(str_of(a, 0)?).unwrap_or("")))),
    Function("le", 2, 2, |_, a| Ok(Value::Bool(compare(a)?.is_some_and(Ordering::is_le)))),
    Function("len", 1, 1, length),
    Function("lt", 2, 2, |_, a| Ok(Value::Bool(compare(a)?.is_some_and(Ordering::is_lt)))),
    Function("match", 2, 2, |_, a| Ok(Value::Bool(regex(str_of(a, 0)?)?.is_match(str_of(a, 1)?)))),
    Function("ne", 2, 2, |_, a| Ok(Value::Bool(!equal(&a[0], &a[1])?))),
    Function("not", 1, 1, |_, a| Ok(Value::Bool(!a[0].is_true()))),
    Function("now", 0, 0, |context, _| Ok(Value::Float(context.now.secs_f64()))),
    Function("or", 1, ANY, |_, a| Ok(a[a.len() - 1].clone())),
    Function("parseDuration", 1, 1, parse_duration),
    Function("pathPrefix", 0, 0, |context, _| Ok(Value::text(text::url_path(&context.data.external_url)))),
    Function("print", 0, ANY, |_, a| Ok(Value::text(print::sprint(a)))),
    Function("printf", 1, ANY, |_, a| Ok(Value::text(print::sprintf(str_of(a, 0)?, &a[1..])))),
    Function("println", 0, ANY, println),
    Function("query", 1, 1, |context, a| context.query(str_of(a, 0)?)),
    Function("reReplaceAll", 3, 3, replace_all),
    Function("safeHtml", 1, 1, |_, a| Ok(Value::text(str_of(a, 0)?))),
    Function("sortByLabel", 2, 2, sort_by_label),
    Function("stripDomain", 1, 1, |_, a| Ok(Value::text(text::strip_domain(str_of(a, 0)?)))),
    Function("stripPort", 1, 1, |_, a| Ok(Value::text(text::strip_port(str_of(a, 0)?)))),
    Function("strvalue", 1, 1, |_, a| Ok(Value::text(sample_of(a, 0)?.labels.get("__value__").unwrap_or("")))),
    Function("tableLink", 1, 1, |_, a| Ok(Value::text(text::table_link(str_of(a, 0)?)))),
    Function("title", 1, 1, |_, a| Ok(Value::text(text::title(str_of(a, 0)?)))),
    Function("toDuration", 1, 1, to_duration),
    Function("toLower", 1, 1, |_, a| Ok(Value::text(str_of(a, 0)?.to_lowercase()))),
    Function("toTime", 1, 1, |_, a| Ok(Value::Time(humanize::time(number(&a[0])?)?))),
    Function("toUpper", 1, 1, |_, a| Ok(Value::text(str_of(a, 0)?.to_uppercase()))),
    Function("urlQueryEscape", 1, 1, |_, a| Ok(Value::text(text::query_escape(str_of(a, 0)?)))),
    Function("urlquery", 0, ANY, |_, a| Ok(Value::text(text::query_escape(&print::sprint(a))))),
    Function("value", 1, 1, |_, a| Ok(Value::Float(sample_of(a, 0)?.value))),
];

fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by(|function| function.0.cmp(name)).ok().and_then(|at| FUNCTIONS.get(at))
}

/// Whether there is a function of that name.
pub(super) fn exists(name: &str) -> bool {
    find(name).is_some()
}

/// Calls a function with evaluated arguments.
pub(super) fn call(name: &str, context: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let Some(Function(_, least, most, run)) = find(name) else {
        return Err(Stop::Failed(format!("function {name:?} not defined")));
    };
    let got = arguments.len();
    if got < *least || got > *most {
        let want = if least == most { least.to_string() } else { format!("at least {least}") };
        return Err(Stop::Failed(format!("wrong number of args for {name}: want {want} got {got}")));
    }
    run(context, arguments).map_err(|stop| match stop {
        Stop::Failed(message) => Stop::Failed(format!("error calling {name}: {message}")),
        needs @ Stop::Needs(_) => needs,
    })
}

fn str_of(arguments: &[Value], at: usize) -> Result<&str, String> {
    match &arguments[at] {
        Value::Text(text) => Ok(text),
        other => Err(format!("wrong type for value; expected string; got {}", other.type_name())),
    }
}

fn sample_of(arguments: &[Value], at: usize) -> Result<&Sample, String> {
    match &arguments[at] {
        Value::Sample(sample) => Ok(sample),
        other => Err(format!("wrong type for value; expected *template.sample; got {}", other.type_name())),
    }
}

/// What the `humanize*` functions take: numbers, and texts that hold one.
fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Integer(number) => Ok(*number as f64),
        Value::Duration(nanos) => Ok(*nanos as f64 / 1e9),
        Value::Text(text) => {
            text.parse().ok().ok_or_else(|| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
        }
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

fn args(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let pairs = arguments.iter().enumerate().map(|(i, value)| (format!("arg{i}"), value.clone()));
    Ok(Value::Map(pairs.collect()))
}

fn first(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    match &arguments[0] {
        Value::List(items) => match items.first() {
            Some(item) => Ok(item.clone()),
            None => Err(Stop::Failed("first() called on vector with no elements".to_owned())),
        },
        other => {
            Err(Stop::Failed(format!("wrong type for value; expected template.queryResult; got {}", other.type_name())))
        }
    }
}

fn sort_by_label(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let name = str_of(arguments, 0)?;
    let Value::List(items) = &arguments[1] else {
        let got = arguments[1].type_name();
        return Err(Stop::Failed(format!("wrong type for value; expected template.queryResult; got {got}")));
    };
    let key = |value: &Value| match value {
        Value::Sample(sample) => sample.labels.get(name).unwrap_or("").to_owned(),
        _ => String::new(),
    };
    let mut sorted = items.to_vec();
    sorted.sort_by_key(key);
    Ok(Value::List(Arc::from(sorted)))
}

fn length(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let count = match &arguments[0] {
        Value::Text(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Labels(labels) => labels.len(),
        Value::Map(pairs) => pairs.len(),
        other => return Err(Stop::Failed(format!("len of type {}", other.type_name()))),
    };
    Ok(Value::Integer(count as i64))
}

fn index(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let mut item = arguments[0].clone();
    for key in &arguments[1..] {
        item = match (&item, key) {
            (Value::Labels(_) | Value::Map(_), Value::Text(key)) => item.field(key)?,
            (Value::List(items), Value::Integer(at)) => {
                let found = usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned();
                found.ok_or_else(|| format!("index out of range: {at}"))?
            }
            (Value::Text(text), Value::Integer(at)) => {
                let byte = usize::try_from(*at).ok().and_then(|at| text.as_bytes().get(at).copied());
                Value::Integer(i64::from(byte.ok_or_else(|| format!("index out of range: {at}"))?))
            }
            _ => return Err(Stop::Failed(format!("can't index item of type {}", item.type_name()))),
        };
    }
    Ok(item)
}

fn println(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let texts: Vec<String> = arguments.iter().map(print::print).collect();
    Ok(Value::text(format!("{}\n", texts.join(" "))))
}

fn parse_duration(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let parsed = duration::prometheus(str_of(arguments, 0)?).map_err(|error| error.to_string())?;
    Ok(Value::Float(parsed.as_secs_f64()))
}

fn to_duration(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let nanos = number(&arguments[0])? * 1e9;
    match nanos.is_finite() && nanos.abs() < i64::MAX as f64 {
        true => Ok(Value::Duration(nanos as i64)),
        false => {
            Err(Stop::Failed("cannot be represented as a nanoseconds duration since it overflows int64".to_owned()))
        }
    }
}

fn replace_all(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    let (pattern, replacement, text) = (str_of(arguments, 0)?, str_of(arguments, 1)?, str_of(arguments, 2)?);
    Ok(Value::text(regex(pattern)?.replace_all(text, replacement).into_owned()))
}

fn regex(pattern: &str) -> Result<regex::Regex, String> {
    let checked = GoRegex::new(pattern).map_err(|error| error.to_string())?;
    // A rule file is trusted, but its patterns may be put together from labels that are not.
    regex::RegexBuilder::new(checked.translated()).size_limit(1 << 20).build().map_err(|error| error.to_string())
}

fn equal_to_any(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Stop> {
    for other in &arguments[1..] {
        if equal(&arguments[0], other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// Wire: Go compares basic kinds only, and never an integer with a float.
fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Integer(a), Value::Integer(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Nil, other) | (other, Value::Nil) => Ok(matches!(other, Value::Nil)),
        (Value::Labels(_) | Value::Map(_) | Value::List(_), _) => {
            Err(format!("non-comparable type {}: {}", print::print(a), a.type_name()))
        }
        _ => Err("incompatible types for comparison".to_owned()),
    }
}

/// `None` when one of them is not a number, which is in no order to anything.
fn compare(arguments: &[Value]) -> Result<Option<Ordering>, String> {
    match (&arguments[0], &arguments[1]) {
        (Value::Integer(a), Value::Integer(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
        (Value::Bool(_), Value::Bool(_)) => Err("invalid type for comparison".to_owned()),
        (Value::Integer(_) | Value::Float(_) | Value::Text(_) | Value::Bool(_), _) => {
            Err("incompatible types for comparison".to_owned())
        }
        _ => Err("invalid type for comparison".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
