//! The language of PromQL tests (`*.test` files): parsed and judged here, evaluated by who has an engine.
//!
//! A script is a list of commands: `load` adds series, `clear` forgets them, `eval` asks a query and tells what it must
//! answer. Upstream describes it in promql/promqltest/README.md; the forms of 2.47 (`eval_fail`, `eval_ordered`) are read too.
//!
//! All times are milliseconds since the epoch: scripts begin in 1970. Queries are kept as text, series as plain pairs, so that
//! nothing of the product is needed to read a script.

mod custom;
mod histogram;
mod labels;
mod points;
mod script;
mod verdict;

pub use histogram::{CounterResetHint, HistogramSpec};
pub use points::{Point, STALE_BITS};
pub use script::{ScriptError, parse};
pub use verdict::{Answer, AnswerKind, AnsweredHistogram, Cell, Cells, Inside, Matches, judge};

/// A label set, `__name__` included, in rising name order.
pub type LabelPairs = Vec<(String, String)>;

/// A command and the line where it begins, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Line.
    pub line: usize,
    /// What it does.
    pub kind: CommandKind,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq)]
pub enum CommandKind {
    /// Forgets all series.
    Clear,
    /// Adds series.
    Load(Load),
    /// Asks a query.
    Eval(Eval),
}

/// `load 5m`, `load_with_nhcb 5m`.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Distance of the points; the first lies at 0.
    pub step_millis: i64,
    /// Whether classic histograms (`_bucket`, `_count`, `_sum`) are to be added as native ones with custom buckets, too.
    pub with_nhcb: bool,
    /// The series.
    pub series: Vec<LoadedSeries>,
}

impl Load {
    /// Everything that is to be added: the series, and the native histograms that are to be made of classic ones.
    #[must_use]
    pub fn all_series(&self) -> Vec<LoadedSeries> {
        let converted = if self.with_nhcb { custom::converted(&self.series) } else { Vec::new() };
        self.series.iter().cloned().chain(converted).collect()
    }
}

/// A series to add.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedSeries {
    /// Its labels.
    pub labels: LabelPairs,
    /// Its points, one a step.
    pub points: Vec<Point>,
    /// From a line `series@st ...`: where the counting of each point started, in milliseconds relative to the point's own time;
    /// `None`, or beyond the end of the list, where it is not known.
    pub start_offsets_millis: Vec<Option<i64>>,
}

/// A query and what it must answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Eval {
    /// The query.
    pub query: String,
    /// When it is asked.
    pub time: EvalTime,
    /// Expected failures, annotations and order. None of a kind is no demand, except that without [`Expectation::Fail`] the
    /// query must succeed.
    pub expectations: Vec<Expectation>,
    /// The expected answer.
    pub expected: Expected,
}

/// When a query is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvalTime {
    /// `eval instant at 5m`.
    Instant {
        /// When.
        at_millis: i64,
    },
    /// `eval range from 0 to 1h step 5m`.
    Range(Window),
}

/// Equidistant times, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First.
    pub start_millis: i64,
    /// Last.
    pub end_millis: i64,
    /// Distance.
    pub step_millis: i64,
}

/// What is expected besides values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// The query must fail.
    Fail(TextMatch),
    /// At least one warning, and none that no expectation matches.
    Warn(TextMatch),
    /// At least one info, and none that no expectation matches.
    Info(TextMatch),
    /// No warning.
    NoWarn,
    /// No info.
    NoInfo,
    /// The series in the order listed.
    Ordered,
}

/// How a message must read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMatch {
    /// In any way.
    Any,
    /// Exactly so.
    Exact(String),
    /// As the regular expression, somewhere in it.
    Regex(String),
}

/// The expected answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// An instant vector (one point a series) or, of a range query, a matrix (one point a step). May be empty.
    Series(Vec<ExpectedSeries>),
    /// `expect range vector from .. to .. step ..`: an instant query that answers a range vector; points are given at the times
    /// of the window.
    RangeVector(Window, Vec<ExpectedSeries>),
    /// A number alone.
    Scalar(f64),
    /// `expect string "text"`.
    String(String),
}

/// A series of the expected answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedSeries {
    /// Its labels.
    pub labels: LabelPairs,
    /// Its points, one a step; [`Point::Missing`] where there must be none, as beyond the end of the list.
    pub points: Vec<Point>,
    /// The line, counted from 1.
    pub line: usize,
}
