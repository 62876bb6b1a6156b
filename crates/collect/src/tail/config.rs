//! One entry of `collect.tail`.

use std::collections::BTreeMap;

use gw_formats::access_log::{LineParser, line_parser};
use serde::{Deserialize, Serialize};

use super::stages::{StageConfig, Stages};

/// Files that are followed.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct TailConfig {
    /// Paths, which may be patterns (`/var/log/*.log`, `/srv/**/access.log`).
    pub paths: Vec<String>,
    /// Patterns of paths that are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Labels of the lines' streams, besides `filename`.
    pub labels: BTreeMap<String, String>,
    /// How lines are read: `none`, `json`, `logfmt`, or an access log dialect such as `traefik`, `clf`, `nginx`.
    pub parser: Parser,
    /// Parsed fields that become labels; the others become structured metadata.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_fields: Vec<String>,
    /// Promtail pipeline stages, applied after the parser.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageConfig>,
}

/// The name of a way to read lines; checked by [`TailConfig::check`].
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Parser(pub String);

impl Default for Parser {
    fn default() -> Self {
        Self("none".to_owned())
    }
}

/// A way to read lines.
#[derive(Clone)]
pub(crate) enum LineReader {
    /// Lines are texts.
    None,
    /// Lines are JSON objects.
    Json,
    /// Lines are logfmt.
    Logfmt,
    /// Lines are access log entries in one of these dialects.
    Access(Vec<&'static dyn LineParser>),
}

impl Parser {
    pub(crate) fn reader(&self) -> Result<LineReader, String> {
        let named = |names: &[&str]| -> Vec<_> { names.iter().filter_map(|name| line_parser(name)).collect() };
        let dialects = match self.0.as_str() {
            "none" | "" => return Ok(LineReader::None),
            "json" => return Ok(LineReader::Json),
            "logfmt" => return Ok(LineReader::Logfmt),
            "traefik" => named(&["traefik-json", "traefik"]),
            "clf" => named(&["traefik", "nginx"]),
            name => named(&[name]),
        };
        match dialects.is_empty() {
            true => Err(format!(
                "parser \"{}\" is not known, use none, json, logfmt, {}",
                self.0,
                gw_formats::access_log::LINE_PARSERS
                    .iter()
                    .map(|parser| parser.about().name)
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
            false => Ok(LineReader::Access(dialects)),
        }
    }
}

impl TailConfig {
    /// Checks what types alone cannot; says what is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.paths.is_empty() {
            return Err("paths is empty".to_owned());
        }
        for path in self.paths.iter().chain(&self.exclude) {
            glob::Pattern::new(path).map_err(|error| format!("path \"{path}\": {error}"))?;
        }
        self.parser.reader()?;
        Stages::compile(&self.stages).map(drop)
    }
}
