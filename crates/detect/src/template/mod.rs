//! The templates of rule files: Go's `text/template` with Prometheus' functions, as far as alerts use them.
//!
//! A run is pure and bounded. Where a template asks a query the run stops, the query is asked, and the run starts again with
//! the answer; so nothing here waits. Not here: methods of values (`.Format`), `block`, console files.

mod ast;
mod exec;
mod functions;
mod humanize;
mod lexer;
mod parser;
mod print;
pub(crate) mod text;
mod value;

use std::sync::Arc;

use gw_base::Timestamp;

pub use value::{Data, Sample};

use self::exec::{Answers, Context, Stop};
use self::value::Value;

/// Queries that one expansion may ask.
const MAX_QUERIES: usize = 32;

/// Variables that Prometheus defines before the text of an alert's template.
const VARIABLES: [&str; 5] = ["$", "$labels", "$externalLabels", "$externalURL", "$value"];

/// Why a template cannot be read or run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct TemplateError {
    /// Line of the template.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl TemplateError {
    fn parse(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    tree: parser::Tree,
    /// Whether there is anything to run.
    is_plain: bool,
}

/// What an expansion came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expansion {
    /// The text.
    Done(String),
    /// The template asks this query; give its answer to [`Answered`] and expand again.
    Needs(String),
    /// It failed.
    Failed(TemplateError),
}

/// Answers to the queries of templates, shared by the expansions of one evaluation.
#[derive(Debug, Clone, Default)]
pub struct Answered {
    answers: Answers,
}

impl Answered {
    /// Takes the answer of a query, or why there is none.
    pub fn put(&mut self, query: String, answer: Result<Vec<Sample>, String>) {
        self.answers.insert(query, answer);
    }

    /// Whether no more queries may be asked.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.answers.len() >= MAX_QUERIES
    }
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`TemplateError`] with the line and, in upstream's words, what is wrong there.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let tree = parser::parse(text, &VARIABLES)?;
        Ok(Self { tree, is_plain: !text.contains("{{") })
    }

    /// Expands at the time of an evaluation.
    #[must_use]
    pub fn expand(&self, data: &Arc<Data>, now: Timestamp, answered: &Answered) -> Expansion {
        if self.is_plain {
            let text = self.tree.main.iter().map(|node| match &node.kind {
                ast::NodeKind::Text(text) => text.as_str(),
                _ => "",
            });
            return Expansion::Done(text.collect());
        }
        let context = Context { data, now, answers: &answered.answers };
        let values = [
            Value::Data(Arc::clone(data)),
            Value::Labels(data.labels.clone()),
            Value::Labels(data.external_labels.clone()),
            Value::text(data.external_url.as_str()),
            Value::Float(data.value),
        ];
        match exec::run(&self.tree, &context, VARIABLES.into_iter().zip(values).collect()) {
            Ok(text) => Expansion::Done(text),
            Err((Stop::Needs(query), line)) => match answered.is_full() {
                true => {
                    Expansion::Failed(TemplateError { line, message: format!("asks more than {MAX_QUERIES} queries") })
                }
                false => Expansion::Needs(query),
            },
            Err((Stop::Failed(message), line)) => Expansion::Failed(TemplateError { line, message }),
        }
    }
}
