//! Prometheus text exposition and OpenMetrics: a borrowing parser that calls a [`Visitor`], and a writer.
//!
//! The parser hands out [`Sample`]s whose name and labels borrow from the body, so that a scraper can look its series up
//! by [`Sample::series`] (the text as written) and relabel only those that it sees for the first time. [`decode_with`]
//! is the convenient way for everybody else.

mod batch;
mod check;
mod cursor;
mod encode;
mod escape;
mod family;
mod parser;
mod protobuf;

use std::borrow::Cow;

use gw_base::{Labels, METRIC_NAME, Timestamp};
use gw_batch::MetricType;

use crate::FormatError;
use crate::labels::{DuplicateLabel, canonical};

pub use batch::{Exposition, LabelHook, OPEN_METRICS, TEXT, decode_with};
pub use check::check;
pub use encode::{CONTENT_TYPE, Writer};
pub use escape::Escaping;
pub use parser::{MAX_LABELS, parse};
pub use protobuf::{FamilyValue, FamilyWriter, PROTOBUF_CONTENT_TYPE};

/// Which of the two text formats a body is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `text/plain` 0.0.4 and 1.0.0: blanks are free, times in milliseconds.
    Text,
    /// `application/openmetrics-text` 0.0.1 and 1.0.0: single spaces, times in seconds, exemplars, `# EOF`.
    OpenMetrics,
}

impl Dialect {
    /// The dialect of a `Content-Type`; `None` for one that is neither. An empty one is text, as Prometheus 2 took it.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "" | "text/plain" => Some(Self::Text),
            "application/openmetrics-text" => Some(Self::OpenMetrics),
            _ => None,
        }
    }
}

/// The `Accept` header of a scrape that takes both dialects, in Prometheus' order of preference.
pub const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

/// A label as written: name and value without escapes.
pub type Label<'a> = (Cow<'a, str>, Cow<'a, str>);

/// One sample line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// Name and labels as written, escapes and all: the same text is the same series from one scrape to the next.
    pub series: &'a str,
    /// Metric name.
    pub name: &'a str,
    /// Labels in the order written, without the name.
    pub labels: &'a [Label<'a>],
    /// Value; every NaN has Prometheus' ordinary NaN bits.
    pub value: f64,
    /// Its own time, where the line has one.
    pub time: Option<Timestamp>,
    /// Its exemplar.
    pub exemplar: Option<SampleExemplar<'a>>,
}

/// An exemplar as written.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleExemplar<'a> {
    /// Its labels.
    pub labels: &'a [Label<'a>],
    /// Its value.
    pub value: f64,
    /// Its time.
    pub time: Option<Timestamp>,
}

impl Sample<'_> {
    /// The value of a label as written.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_ref())
    }

    /// The series' labels, the name among them.
    ///
    /// # Errors
    /// [`DuplicateLabel`] when a name stands twice.
    pub fn to_labels(&self) -> Result<Labels, DuplicateLabel> {
        to_labels(Some(self.name), self.labels)
    }
}

impl SampleExemplar<'_> {
    /// The exemplar as a batch carries it.
    ///
    /// # Errors
    /// [`DuplicateLabel`] when a label name stands twice.
    pub fn to_exemplar(&self) -> Result<gw_batch::Exemplar, DuplicateLabel> {
        Ok(gw_batch::Exemplar { labels: to_labels(None, self.labels)?, value: self.value, time: self.time })
    }
}

fn to_labels(name: Option<&str>, labels: &[Label<'_>]) -> Result<Labels, DuplicateLabel> {
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(labels.len() + 1);
    pairs.extend(name.map(|name| (METRIC_NAME, name)));
    pairs.extend(labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
    let mut bytes = Vec::new();
    canonical(&mut pairs, &mut bytes)?;
    Ok(Labels::from_bytes(&bytes).expect("canonical writes the canonical form"))
}

/// A metadata line.
#[derive(Debug, Clone, PartialEq)]
pub enum Metadata<'a> {
    /// `# TYPE`.
    Type(MetricType),
    /// `# HELP`.
    Help(Cow<'a, str>),
    /// `# UNIT`.
    Unit(&'a str),
}

/// Receives what [`parse`] reads, in the order of the body.
pub trait Visitor {
    /// A sample.
    ///
    /// # Errors
    /// Any error ends the parse and is returned by it.
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError>;

    /// A metadata line of a family.
    ///
    /// # Errors
    /// Any error ends the parse and is returned by it.
    fn metadata(&mut self, family: &str, metadata: Metadata<'_>) -> Result<(), FormatError> {
        let (_, _) = (family, metadata);
        Ok(())
    }
}
