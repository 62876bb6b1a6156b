//! Promtail pipeline stages `json`, `regex`, `labels` and `timestamp`. Any other stage is refused by name when read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gw_base::Timestamp;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::layout::Layout;

/// A stage as configuration files write it: one key, the stage's name.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum StageConfig {
    /// Takes values out of a JSON text.
    Json(JsonStage),
    /// Takes values out of a text by named groups.
    Regex(RegexStage),
    /// Makes extracted values labels: label name to extracted name (empty: the same).
    Labels(BTreeMap<String, Option<String>>),
    /// Takes the line's time from an extracted value.
    Timestamp(TimestampStage),
}

/// The `json` stage.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct JsonStage {
    /// Extracted name to path (`request.method`; empty: the name itself).
    pub expressions: BTreeMap<String, Option<String>>,
    /// The extracted value that is read in place of the line.
    pub source: Option<String>,
    /// Accepted; lines that are not JSON are left as they are.
    pub drop_malformed: bool,
}

/// The `regex` stage.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct RegexStage {
    /// The expression; every named group becomes an extracted value.
    pub expression: String,
    /// The extracted value that is read in place of the line.
    pub source: Option<String>,
}

/// The `timestamp` stage.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct TimestampStage {
    /// The extracted value.
    pub source: String,
    /// `RFC3339`, `RFC3339Nano`, `Unix`, `UnixMs`, `UnixUs`, `UnixNs`, another name of Go's, or a Go layout.
    pub format: String,
    /// Layouts that are tried when the first does not fit.
    pub fallback_formats: Vec<String>,
    /// Zone of times that name none.
    pub location: Option<String>,
    /// Accepted; a line whose time cannot be read has the time of its reading.
    pub action_on_failure: Option<String>,
}

/// Compiled stages.
#[derive(Default)]
pub(crate) struct Stages(Vec<Stage>);

enum Stage {
    Json { expressions: Vec<(String, Vec<String>)>, source: Option<String> },
    Regex { expression: Regex, source: Option<String> },
    Labels(Vec<(String, String)>),
    Timestamp { source: String, layouts: Vec<Layout> },
}

/// What stages have found out about a line.
pub(crate) struct Extracted<'a> {
    line: &'a str,
    values: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) time: Option<Timestamp>,
}

impl<'a> Extracted<'a> {
    pub(crate) fn new(line: &'a str, fields: &[(Cow<'_, str>, Cow<'_, str>)]) -> Self {
        let values = fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Self { line, values, labels: BTreeMap::new(), time: None }
    }

    fn text(&self, source: Option<&str>) -> Option<&str> {
        match source {
            None => Some(self.line),
            Some(name) => self.values.get(name).map(String::as_str),
        }
    }
}

impl Stages {
    pub(crate) fn compile(configs: &[StageConfig]) -> Result<Self, String> {
        let stage = |(index, config): (usize, &StageConfig)| {
            compile(config).map_err(|message| format!("stages[{index}]: {message}"))
        };
        configs.iter().enumerate().map(stage).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn run(&self, extracted: &mut Extracted<'_>) {
        for stage in &self.0 {
            stage.run(extracted);
        }
    }
}

fn compile(config: &StageConfig) -> Result<Stage, String> {
    match config {
        StageConfig::Json(json) => {
            let path = |(name, path): (&String, &Option<String>)| {
                let path = path.as_deref().filter(|path| !path.is_empty()).unwrap_or(name);
                json_path(path).map(|path| (name.clone(), path))
            };
            let expressions = json.expressions.iter().map(path).collect::<Result<_, _>>()?;
            Ok(Stage::Json { expressions, source: json.source.clone() })
        }
        StageConfig::Regex(regex) => {
            let expression = Regex::new(&regex.expression)
                .map_err(|error| format!("expression \"{}\" does not compile: {error}", regex.expression))?;
            if expression.capture_names().flatten().next().is_none() {
                return Err(format!("expression \"{}\" has no named group", regex.expression));
            }
            Ok(Stage::Regex { expression, source: regex.source.clone() })
        }
        StageConfig::Labels(labels) => {
            let pair = |(label, source): (&String, &Option<String>)| {
                let source = source.clone().filter(|source| !source.is_empty());
                (label.clone(), source.unwrap_or_else(|| label.clone()))
            };
            Ok(Stage::Labels(labels.iter().map(pair).collect()))
        }
        StageConfig::Timestamp(timestamp) => {
            let layouts = std::iter::once(&timestamp.format)
                .chain(&timestamp.fallback_formats)
                .map(|format| Layout::parse(format, timestamp.location.as_deref()))
                .collect::<Result<_, _>>()?;
            Ok(Stage::Timestamp { source: timestamp.source.clone(), layouts })
        }
    }
}

/// A dotted path; parts with blanks or dots stand in double quotes.
fn json_path(path: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = path;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(inside) => inside.split_once('"').ok_or_else(|| format!("path \"{path}\": a quote is not closed"))?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if part.is_empty() || (!rest.starts_with('"') && part.contains(['[', ']', '(', '|', '*', '@', ' '])) {
            return Err(format!("path \"{path}\" is not supported, write names with dots between them"));
        }
        parts.push(part.to_owned());
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(parts),
            None => return Err(format!("path \"{path}\": a dot is missing")),
        }
    }
}

impl Stage {
    fn run(&self, extracted: &mut Extracted<'_>) {
        match self {
            Self::Json { expressions, source } => {
                let Some(text) = extracted.text(source.as_deref()) else { return };
                let Ok(object) = serde_json::from_str::<serde_json::Value>(text) else { return };
                for (name, path) in expressions {
                    let found = path.iter().try_fold(&object, |value, part| value.get(part));
                    if let Some(text) = found.and_then(json_text) {
                        extracted.values.insert(name.clone(), text);
                    }
                }
            }
            Self::Regex { expression, source } => {
                let Some(text) = extracted.text(source.as_deref()) else { return };
                let Some(captures) = expression.captures(text) else { return };
                let named = expression.capture_names().flatten();
                let found: Vec<(String, String)> = named
                    .filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())))
                    .collect();
                extracted.values.extend(found);
            }
            Self::Labels(labels) => {
                for (label, source) in labels {
                    if let Some(value) = extracted.values.get(source) {
                        extracted.labels.insert(label.clone(), value.clone());
                    }
                }
            }
            Self::Timestamp { source, layouts } => {
                let Some(text) = extracted.values.get(source) else { return };
                extracted.time = layouts.iter().find_map(|layout| layout.read(text)).or(extracted.time);
            }
        }
    }
}

fn json_text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
