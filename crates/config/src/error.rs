//! What is wrong with a configuration file, where, and what was probably meant.

use std::fmt;

use gw_base::{HasKind, Kind};

use crate::suggest::closest;
use crate::tree::{Origin, Position};

/// A configuration file that was refused. Prints as `file:line:column: message (did you mean "x"?)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Name of the file as the caller gave it, or of the variable or flag that set the value.
    pub file: String,
    /// Line, from 1; 0 when the value did not come from a file.
    pub line: usize,
    /// Column, from 1; 0 when the value did not come from a file.
    pub column: usize,
    /// Where in the configuration, such as `scrape_configs[0].tls_config`; empty at the top level.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The word that was probably meant.
    pub suggestion: Option<String>,
}

impl ConfigError {
    /// A fault that is found after reading, by whoever checks the values.
    pub fn new(file: &str, at: Position, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            path: path.into(),
            message: message.into(),
            suggestion: None,
        }
    }

    /// A file that could not be read at all.
    pub fn unreadable(file: &str, error: &std::io::Error) -> Self {
        Self::new(file, Position::default(), "", format!("cannot read the file: {error}"))
    }

    pub(crate) fn of(fault: Fault, file: &str) -> Self {
        let file = match &fault.origin {
            Origin::File => file.to_owned(),
            Origin::Override(name) => name.to_string(),
        };
        Self {
            file,
            line: fault.at.line,
            column: fault.at.column,
            path: fault.path,
            message: fault.message,
            suggestion: fault.suggestion,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message)?,
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.message)?,
        }
        match &self.suggestion {
            Some(word) => write!(f, " (did you mean \"{word}\"?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

impl HasKind for ConfigError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// An error on its way up: it gains position and path where they are known.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
    pub(crate) path: String,
    pub(crate) at: Position,
    pub(crate) origin: Origin,
    placed: bool,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            suggestion: None,
            path: String::new(),
            at: Position::default(),
            origin: Origin::File,
            placed: false,
        }
    }

    /// Says where it is, unless something nearer has said so already.
    pub(crate) fn at(mut self, at: Position, origin: &Origin, path: &str) -> Self {
        if !self.placed {
            self.at = at;
            self.origin = origin.clone();
            path.clone_into(&mut self.path);
            if !path.is_empty() && !self.message.contains(path) {
                self.message = format!("{path}: {}", self.message);
            }
            self.placed = true;
        }
        self
    }

    pub(crate) fn unknown_key(key: &str, path: &str, known: &[&str]) -> Self {
        let place = if path.is_empty() { "at the top level".to_owned() } else { format!("in {path}") };
        let mut fault = Self::new(match known {
            [] => format!("unknown field \"{key}\" {place}, no field is expected here"),
            _ => format!("unknown field \"{key}\" {place}, expected one of {}", known.join(", ")),
        });
        fault.suggestion = closest(key, known);
        fault
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut fault = Self::new(format!("unknown value \"{variant}\", expected one of {}", expected.join(", ")));
        fault.suggestion = closest(variant, expected);
        fault
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("field \"{field}\" is missing"))
    }
}
