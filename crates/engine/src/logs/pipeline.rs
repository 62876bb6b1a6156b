//! Pipelines ready to run: patterns compiled, templates parsed.

use gw_base::go_regex::GoRegex;
use gw_base::{MatchOp, Matcher};
use gw_batch::QueryError;
use gw_plan::logs::{Choice, LabelFormat, Pipeline, Stage};
use regex::Regex;

use super::entry::Entry;
use super::filter::{LabelTest, LineTest};
use super::template::Template;
use super::{fields, json, pattern};

/// A compiled pipeline.
#[derive(Debug)]
pub(crate) struct Compiled {
    stages: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Line(LineTest),
    Json(Vec<(String, json::Path)>),
    Logfmt { strict: bool, keep_empty: bool, fields: Vec<(String, String)> },
    Regexp(Regex),
    Pattern(pattern::Pattern),
    Unpack,
    Decolorize(Regex),
    LineFormat(Template),
    LabelFormat(Vec<(String, Assignment)>),
    Labels(LabelTest),
    Drop(Vec<(String, Option<Test>)>),
    Keep(Vec<(String, Option<Test>)>),
}

#[derive(Debug)]
enum Assignment {
    Rename(String),
    Template(Template),
}

/// A matcher on one label, compiled.
#[derive(Debug)]
pub(super) struct Test {
    op: MatchOp,
    value: String,
    regex: Option<Regex>,
}

impl Test {
    pub(super) fn new(matcher: &Matcher) -> Result<Self, QueryError> {
        let regex = match matcher.op {
            MatchOp::Regex | MatchOp::NotRegex => Some(regex(&matcher.value, true)?),
            MatchOp::Equal | MatchOp::NotEqual => None,
        };
        Ok(Self { op: matcher.op, value: matcher.value.clone(), regex })
    }

    pub(super) fn accepts(&self, value: &str) -> bool {
        let found = self.regex.as_ref().map_or_else(|| self.value == value, |regex| regex.is_match(value));
        found == matches!(self.op, MatchOp::Equal | MatchOp::Regex)
    }
}

/// A Go regular expression, compiled; `whole` anchors it at both ends.
pub(super) fn regex(pattern: &str, whole: bool) -> Result<Regex, QueryError> {
    let checked = GoRegex::new(pattern).map_err(|error| QueryError::parse(error.to_string()))?;
    let text = if whole { checked.anchored() } else { checked.translated().to_owned() };
    Regex::new(&text).map_err(|error| QueryError::parse(error.to_string()))
}

impl Compiled {
    pub(crate) fn new(pipeline: &Pipeline) -> Result<Self, QueryError> {
        Ok(Self { stages: pipeline.stages.iter().map(compile).collect::<Result<_, _>>()? })
    }

    /// Runs the stages; `false` when the line is filtered out.
    pub(crate) fn run(&self, entry: &mut Entry<'_>) -> bool {
        self.stages.iter().all(|stage| stage.run(entry))
    }
}

fn compile(stage: &Stage) -> Result<Step, QueryError> {
    Ok(match stage {
        Stage::Line(filter) => Step::Line(LineTest::new(filter)?),
        Stage::Json(list) => {
            let path = |(label, path): &(String, String)| Ok((label.clone(), json::Path::parse(path)?));
            Step::Json(list.iter().map(path).collect::<Result<_, QueryError>>()?)
        }
        Stage::Logfmt { strict, keep_empty, fields } => {
            Step::Logfmt { strict: *strict, keep_empty: *keep_empty, fields: fields.clone() }
        }
        Stage::Regexp(pattern) => Step::Regexp(regex(pattern, false)?),
        Stage::Pattern(text) => Step::Pattern(pattern::Pattern::parse(text)?),
        Stage::Unpack => Step::Unpack,
        Stage::Decolorize => Step::Decolorize(regex("\\x1b\\[[0-9;]*[A-Za-z]", false)?),
        Stage::LineFormat(template) => Step::LineFormat(Template::parse(template)?),
        Stage::LabelFormat(list) => Step::LabelFormat(list.iter().map(assignment).collect::<Result<_, _>>()?),
        Stage::Labels(filter) => Step::Labels(LabelTest::new(filter)?),
        Stage::Drop(list) => Step::Drop(list.iter().map(choice).collect::<Result<_, _>>()?),
        Stage::Keep(list) => Step::Keep(list.iter().map(choice).collect::<Result<_, _>>()?),
    })
}

fn assignment(format: &LabelFormat) -> Result<(String, Assignment), QueryError> {
    let source = if format.template {
        Assignment::Template(Template::parse(&format.source)?)
    } else {
        Assignment::Rename(format.source.clone())
    };
    Ok((format.label.clone(), source))
}

fn choice(choice: &Choice) -> Result<(String, Option<Test>), QueryError> {
    Ok((choice.name.clone(), choice.matcher.as_ref().map(Test::new).transpose()?))
}

impl Step {
    fn run(&self, entry: &mut Entry<'_>) -> bool {
        match self {
            Self::Line(test) => return test.accepts(&entry.line),
            Self::Labels(test) => return test.accepts(entry),
            Self::Json(paths) if paths.is_empty() => json::extract_all(entry),
            Self::Json(paths) => json::extract(entry, paths),
            Self::Logfmt { strict, keep_empty, fields } => fields::logfmt(entry, *strict, *keep_empty, fields),
            Self::Regexp(regex) => named_groups(entry, regex),
            Self::Pattern(pattern) => pattern.extract(entry),
            Self::Unpack => json::unpack(entry),
            Self::Decolorize(regex) => {
                let line = regex.replace_all(&entry.line, "").into_owned();
                entry.line = line.into();
            }
            Self::LineFormat(template) => match template.render(entry) {
                Ok(line) => entry.line = line.into(),
                Err(error) => entry.fail("TemplateFormatErr", error),
            },
            Self::LabelFormat(list) => list.iter().for_each(|(label, source)| assign(entry, label, source)),
            Self::Drop(list) => {
                for (name, test) in list {
                    if test.as_ref().is_none_or(|test| test.accepts(entry.get(name).unwrap_or(""))) {
                        entry.remove(name);
                    }
                }
            }
            Self::Keep(list) => {
                for name in entry.names() {
                    let kept = list.iter().any(|(wanted, test)| {
                        *wanted == name && test.as_ref().is_none_or(|test| test.accepts(entry.get(&name).unwrap_or("")))
                    });
                    if !kept {
                        entry.remove(&name);
                    }
                }
            }
        }
        true
    }
}

fn named_groups(entry: &mut Entry<'_>, regex: &Regex) {
    let line = entry.line.clone();
    let Some(captures) = regex.captures(&line) else { return };
    for name in regex.capture_names().flatten() {
        if let Some(found) = captures.name(name) {
            entry.extract(name, found.as_str());
        }
    }
}

fn assign(entry: &mut Entry<'_>, label: &str, source: &Assignment) {
    match source {
        Assignment::Rename(from) => {
            if let Some(value) = entry.get(from).map(str::to_owned) {
                entry.remove(from);
                entry.set(label, value);
            }
        }
        Assignment::Template(template) => match template.render(entry) {
            Ok(value) => entry.set(label, value),
            Err(error) => entry.fail("TemplateFormatErr", error),
        },
    }
}
