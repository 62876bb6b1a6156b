//! Prints a configuration as YAML, for `gatewatch config show`. Secrets print as `<secret>`, keys in name order.

use serde::Serialize;
use serde_json::Value;

/// The YAML text of a value.
///
/// # Errors
/// When a map of the value has keys that are no texts.
pub fn print_yaml<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let value = serde_json::to_value(value)?;
    let mut out = String::new();
    write_block(&mut out, &value, 0);
    Ok(out.trim_start_matches('\n').to_owned() + "\n")
}

/// Writes a value after its key; blocks begin with a line break.
fn write_block(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(pairs) if !pairs.is_empty() => {
            for (key, value) in pairs {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                write_pair(out, key, value, indent);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                out.push_str("- ");
                write_item(out, item, indent + 2);
            }
        }
        scalar => out.push_str(&scalar_text(scalar)),
    }
}

fn write_pair(out: &mut String, key: &str, value: &Value, indent: usize) {
    out.push_str(&text(key));
    out.push(':');
    if is_inline(value) {
        out.push(' ');
    }
    write_block(out, value, indent + 2);
}

/// An item of a list: a mapping's first pair stands on the dash's own line.
fn write_item(out: &mut String, item: &Value, indent: usize) {
    let Value::Object(pairs) = item else { return write_block(out, item, indent) };
    if pairs.is_empty() {
        out.push_str("{}");
    }
    for (i, (key, value)) in pairs.iter().enumerate() {
        if i > 0 {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
        }
        write_pair(out, key, value, indent);
    }
}

fn is_inline(value: &Value) -> bool {
    match value {
        Value::Object(pairs) => pairs.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        other => other.to_string(),
    }
}

/// Plain where that is safe, else as a JSON string, which is YAML too.
fn text(string: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '<' | '>' | '$' | '=');
    let first_is_letter = string.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/' | '<' | '.'));
    let reserved = ["true", "false", "null", "yes", "no", "on", "off"];
    let number_like = string.starts_with('.') || reserved.contains(&string.to_ascii_lowercase().as_str());
    if first_is_letter && !number_like && string.chars().all(safe) {
        string.to_owned()
    } else {
        Value::String(string.to_owned()).to_string()
    }
}
