//! The process environment as data, and `${NAME}` in configuration values.
//!
//! The only place of the product that reads environment variables.

use gw_base::Map;

use crate::error::Fault;
use crate::tree::{Node, Value};

/// Environment variables.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: Map<String, String>,
}

impl Environment {
    /// The variables of this process; those that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// All variables whose name starts with `prefix`, sorted by name.
    #[must_use]
    pub fn starting_with(&self, prefix: &str) -> Vec<(&str, &str)> {
        let mut found: Vec<_> = self
            .variables
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        found.sort_unstable();
        found
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self { variables: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

/// Replaces `${NAME}`, `${NAME:-default}` and `$$` in every scalar below `node`.
///
/// Expansion happens after parsing, so a variable's value never becomes YAML structure. A `$` before anything but a
/// brace and a name stays as it is: relabelling's `$1` and `${1}` need no escape.
pub(crate) fn expand_tree(node: &mut Node, environment: &Environment) -> Result<(), Fault> {
    match &mut node.value {
        Value::Scalar { text, .. } => {
            if text.contains('$') {
                *text =
                    expand(text, environment).map_err(|message| Fault::new(message).at(node.at, &node.origin, ""))?;
            }
            Ok(())
        }
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| expand_tree(item, environment)),
        Value::Mapping(pairs) => pairs.iter_mut().try_for_each(|(_, node)| expand_tree(node, environment)),
    }
}

fn expand(text: &str, environment: &Environment) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, default, after)) = reference(rest) else {
            out.push('$');
            continue;
        };
        match (environment.get(name), default) {
            // As in a shell, `:-` also stands in for a variable that is set to nothing.
            (Some(""), Some(default)) | (None, Some(default)) => out.push_str(default),
            (Some(value), _) => out.push_str(value),
            (None, None) => {
                return Err(format!("environment variable {name} is not set, set it or write ${{{name}:-default}}"));
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Splits what follows a `$`: the name in braces, its default, and the rest.
fn reference(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (inside, after) = text.strip_prefix('{')?.split_once('}')?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let mut bytes = name.bytes();
    let first_is_letter = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    (first_is_letter && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')).then_some((name, default, after))
}
