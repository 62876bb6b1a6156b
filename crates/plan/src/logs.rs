//! The algebra of log queries: which lines, what happens to them, and which numbers are made of them.

use gw_base::Matcher;

use crate::algebra::{Grid, Grouping};

/// Lines of streams, and the stages that they pass.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// Conditions on stream labels.
    pub matchers: Vec<Matcher>,
    /// Texts that every line must contain; a pre-filter, the stages check again.
    pub contains: Vec<String>,
    /// Stages in order.
    pub stages: Vec<Stage>,
}

/// What happens to a line.
#[derive(Debug, Clone)]
pub enum Stage {
    /// Keeps lines.
    Line(LineFilter),
    /// Fields of a JSON line become labels: all, or (label, path) pairs.
    Json(Vec<(String, String)>),
    /// Fields of a logfmt line become labels: all, or (label, key) pairs.
    Logfmt {
        /// Stop at the first malformed pair and mark the line.
        strict: bool,
        /// Keep keys without a value.
        keep_empty: bool,
        /// (label, key) pairs; all fields when empty.
        fields: Vec<(String, String)>,
    },
    /// Named groups of a regular expression become labels.
    Regexp(String),
    /// Named captures of a pattern become labels.
    Pattern(String),
    /// Fields of a packed line become labels, `_entry` the line.
    Unpack,
    /// ANSI colours are stripped.
    Decolorize,
    /// The line is made from a template.
    LineFormat(String),
    /// Labels are renamed or made from templates.
    LabelFormat(Vec<LabelFormat>),
    /// Keeps lines by their labels.
    Labels(LabelFilter),
    /// Drops labels.
    Drop(Vec<Choice>),
    /// Keeps only these labels.
    Keep(Vec<Choice>),
}

/// A condition on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFilter {
    /// Whether lines that match are refused.
    pub negated: bool,
    /// Patterns of which one must match, and how lines are compared with them.
    pub any: Vec<(LineMatch, String)>,
}

/// How lines are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineMatch {
    /// Contains the text.
    Contains,
    /// Matches the regular expression somewhere.
    Regex,
    /// Matches the pattern.
    Pattern,
    /// Contains an address of the network.
    Ip,
    /// An address where the operator takes none; refused when the pipeline is made ready.
    Nothing,
}

/// One assignment of `label_format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFormat {
    /// The label that is set.
    pub label: String,
    /// The label that is renamed, or the template.
    pub source: String,
    /// Whether `source` is a template.
    pub template: bool,
}

/// A condition on labels.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFilter {
    /// Text comparison.
    Text(Matcher),
    /// An address inside or outside of a network.
    Ip {
        /// Label.
        name: String,
        /// Whether it must lie outside.
        negated: bool,
        /// Address, CIDR or range.
        pattern: String,
    },
    /// Comparison of a number with a threshold.
    Number {
        /// Label.
        name: String,
        /// How the label's text becomes a number.
        unit: Unit,
        /// Comparison.
        op: crate::algebra::BinaryOp,
        /// Threshold: a number, seconds, or bytes.
        value: f64,
    },
    /// Both hold.
    And(Box<Self>, Box<Self>),
    /// One holds.
    Or(Box<Self>, Box<Self>),
}

/// How a label's text becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A float.
    Plain,
    /// A Go duration, in seconds.
    Duration,
    /// A size such as `5MiB`, in bytes.
    Bytes,
}

/// A label of `drop` and `keep`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The label.
    pub name: String,
    /// Only where its value matches.
    pub matcher: Option<Matcher>,
}

/// Takes the value of a label as the sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrap {
    /// The label.
    pub label: String,
    /// How its text becomes a number.
    pub unit: Unit,
    /// Conditions that follow.
    pub filters: Vec<LabelFilter>,
}

/// A number a window of lines.
#[derive(Debug, Clone)]
pub struct LogWindow {
    /// Points of evaluation.
    pub grid: Grid,
    /// The lines.
    pub pipeline: Pipeline,
    /// Length of the window, open at its old end.
    pub range: i64,
    /// How much earlier it looks.
    pub offset: i64,
    /// What is made of the lines.
    pub op: LogOp,
    /// The quantile of [`LogOp::Quantile`].
    pub param: f64,
    /// The label that is the sample; without it lines are counted.
    pub unwrap: Option<Unwrap>,
    /// Groups; `None` groups by every label.
    pub grouping: Option<Grouping>,
}

/// What is made of the lines or unwrapped samples of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOp {
    /// Number of lines.
    Count,
    /// Lines, or the sum of samples, a second.
    Rate,
    /// As PromQL's `rate`.
    RateCounter,
    /// Bytes of lines.
    Bytes,
    /// Bytes of lines a second.
    BytesRate,
    /// Mean.
    Avg,
    /// Sum.
    Sum,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Population standard deviation.
    Stddev,
    /// Population variance.
    Stdvar,
    /// Quantile.
    Quantile,
    /// The first sample.
    First,
    /// The last sample.
    Last,
    /// One where there is no line.
    Absent,
}
