//! The one algebra of range-vector languages: nodes that yield step matrices (one row a series, one cell a step).
//!
//! A scalar is a matrix of one row without labels that has a value at every step. Series keep their metric name until the
//! end, with a mark that it is to be dropped (so that label functions can still see it), unless a node says that it goes.

mod leaves;
mod operators;

use gw_base::{Labels, Matcher};

use crate::annotations::Position;
use crate::logs::LogWindow;
use crate::promql::functions::{ClassicKernel, MapKernel};
use crate::window::{Refuses, WindowKernel};

pub use leaves::Leaf;
pub use operators::{AggregateOp, BinaryOp, SetOp};

/// Points of evaluation, nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// First point.
    pub start: i64,
    /// Distance of points, zero only where there is one.
    pub step: i64,
    /// Number of points.
    pub count: usize,
}

impl Grid {
    /// The `i`-th point.
    #[must_use]
    pub const fn at(&self, i: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(i as i64))
    }

    /// The last point; the first where the grid is empty.
    #[must_use]
    pub const fn last(&self) -> i64 {
        self.at(self.count.saturating_sub(1))
    }
}

/// When a selector or subquery looks, relative to the point of evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shift {
    /// Fixed time instead of the point of evaluation (`@`).
    pub at: Option<i64>,
    /// How much earlier (`offset`).
    pub offset: i64,
}

impl Shift {
    /// The time looked at from `point`.
    #[must_use]
    pub fn apply(&self, point: i64) -> i64 {
        self.at.unwrap_or(point).saturating_sub(self.offset)
    }
}

/// What a selector takes from the sample it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Take {
    /// The value.
    #[default]
    Value,
    /// The time of the sample in seconds.
    Time,
    /// The start time of the sample in seconds, where it has one.
    StartTime,
}

/// An instant selector.
#[derive(Debug, Clone)]
pub struct Select {
    /// Points of evaluation.
    pub grid: Grid,
    /// Conditions on labels.
    pub matchers: Vec<Matcher>,
    /// When it looks.
    pub shift: Shift,
    /// How far back a sample may lie; the window is open at its old end.
    pub lookback: i64,
    /// What is taken.
    pub take: Take,
    /// Whether only counts, sums and resets of histograms are wanted.
    pub statistics: bool,
    /// Whether the value is interpolated between the neighbouring samples (`smoothed`).
    pub smoothed: bool,
    /// Where the selector stands in the text.
    pub position: Position,
}

/// How the ends of a range selector are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Boundary {
    /// Samples inside only.
    #[default]
    Inside,
    /// The last sample at or before the start stands at the start.
    Anchored,
    /// Values at both ends are interpolated.
    Smoothed,
}

/// A function over the samples of a window that slides over stored series.
#[derive(Debug, Clone)]
pub struct Window {
    /// Points of evaluation.
    pub grid: Grid,
    /// Conditions on labels.
    pub matchers: Vec<Matcher>,
    /// When it looks.
    pub shift: Shift,
    /// Length of the window.
    pub range: i64,
    /// Whether a sample at the old end is inside.
    pub closed: bool,
    /// Whether only counts, sums and resets of histograms are wanted.
    pub statistics: bool,
    /// How far beyond the window the ends may look for a neighbour (`anchored`, `smoothed`).
    pub lookback: i64,
    /// How the ends are treated.
    pub boundary: Boundary,
    /// The function.
    pub call: WindowCall,
}

/// A function over the samples of a window that slides over the points of another node.
#[derive(Debug, Clone)]
pub struct Subquery {
    /// Points of evaluation of the result.
    pub grid: Grid,
    /// What makes the samples, evaluated on `inner`.
    pub input: Box<Node>,
    /// Points of evaluation of `input`.
    pub inner: Grid,
    /// When it looks.
    pub shift: Shift,
    /// Length of the window.
    pub range: i64,
    /// Whether a point at the old end is inside.
    pub closed: bool,
    /// The function.
    pub call: WindowCall,
}

/// A window function with its scalar arguments.
#[derive(Debug, Clone)]
pub struct WindowCall {
    /// Name, for explanations.
    pub name: &'static str,
    /// The function.
    pub kernel: WindowKernel,
    /// Whether the result keeps the metric name.
    pub keeps_name: bool,
    /// Says what is wrong with scalar arguments.
    pub refuses: Option<Refuses>,
    /// Scalar arguments in the order written.
    pub params: Vec<Node>,
    /// Where the range selector stands in the text.
    pub position: Position,
}

/// A range selector that is the whole query: raw samples.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The one point of evaluation.
    pub at: i64,
    /// Conditions on labels.
    pub matchers: Vec<Matcher>,
    /// When it looks.
    pub shift: Shift,
    /// Length of the window, open at its old end.
    pub range: i64,
}

/// A step matrix, or what makes one.
#[derive(Debug, Clone)]
pub enum Node {
    /// A scalar that is the same everywhere.
    Constant(Grid, f64),
    /// A scalar: the time of the point in seconds.
    Time(Grid),
    /// Stored series.
    Select(Select),
    /// A function over windows of stored series.
    Window(Box<Window>),
    /// A function over windows of another node.
    Subquery(Box<Subquery>),
    /// A function over windows of log lines.
    Lines(Box<LogWindow>),
    /// Series whose metric names go now where they are marked to be dropped. Those that become equal are merged; it is an error
    /// where two have a value at one step, or where `strict` wherever two become equal.
    Unnamed {
        /// The series.
        input: Box<Node>,
        /// Whether series that become equal are refused.
        strict: bool,
    },
    /// What is the same at every step: a node of one step, and the number of steps it stands for.
    Repeat(Box<Node>, usize),
    /// A function of each cell alone.
    Map(Box<Map>),
    /// A function of each series' labels.
    Relabel(Box<Node>, Relabel),
    /// The order of the rows of an instant answer.
    Sort(Box<Node>, Order),
    /// One where there is no series, under the given labels.
    Absent(Box<Node>, Labels),
    /// The value of the only series, NaN where there is none or several.
    ScalarOf(Box<Node>),
    /// Aggregation over series.
    Aggregate(Box<Aggregate>),
    /// An operation on a matrix and a scalar, or on two scalars.
    ScalarBinary(Box<ScalarBinary>),
    /// An operation on the paired series of two matrices.
    Join(Box<Join>),
    /// A set operation on the series of two matrices.
    Set(Box<SetOperation>),
    /// A function over native histograms and the buckets of classic ones.
    Classic(Box<Classic>),
    /// Series enriched with the labels of info series.
    Info(Box<Info>),
}

/// A function of each cell alone.
#[derive(Debug, Clone)]
pub struct Map {
    /// Name, for explanations.
    pub name: &'static str,
    /// The series.
    pub input: Node,
    /// Points of evaluation.
    pub grid: Grid,
    /// The function.
    pub kernel: MapKernel,
    /// Scalar arguments.
    pub params: Vec<Node>,
    /// Whether the metric name is dropped.
    pub drops_name: bool,
}

/// A function of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relabel {
    /// `label_replace`.
    Replace {
        /// The label that is set.
        target: String,
        /// What with; `$1` is the first group.
        replacement: String,
        /// The label that is looked at.
        source: String,
        /// The anchored regular expression.
        regex: String,
    },
    /// `label_join`.
    Join {
        /// The label that is set.
        target: String,
        /// What stands between the values.
        separator: String,
        /// The labels whose values are joined.
        sources: Vec<String>,
    },
}

/// The order of the rows of an instant answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// By value.
    Value {
        /// Greatest first.
        descending: bool,
    },
    /// By the values of labels, digits compared as numbers.
    Labels {
        /// The labels, first the most significant.
        names: Vec<String>,
        /// Greatest first.
        descending: bool,
    },
}

/// Which labels make a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grouping {
    /// Label names, sorted.
    pub labels: Vec<String>,
    /// Whether `labels` are those left out.
    pub without: bool,
}

/// Where the pieces of an aggregation stand in the text; remarks name one or the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct AggregatePositions {
    /// The whole operation.
    pub whole: Position,
    /// Its parameter; the input where it has none.
    pub param: Position,
    /// What is aggregated.
    pub input: Position,
}

/// Aggregation over series.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// Which.
    pub op: AggregateOp,
    /// The series.
    pub input: Node,
    /// Points of evaluation.
    pub grid: Grid,
    /// Groups.
    pub grouping: Grouping,
    /// The scalar parameter of operations that take one.
    pub param: Option<Node>,
    /// Where the operation, its parameter (or else its input) and its input stand in the text.
    pub positions: AggregatePositions,
}

/// An operation on a matrix and a scalar, or on two scalars.
#[derive(Debug, Clone)]
pub struct ScalarBinary {
    /// Which.
    pub op: BinaryOp,
    /// The matrix.
    pub vector: Node,
    /// The scalar.
    pub scalar: Node,
    /// Whether the scalar is the left operand.
    pub scalar_left: bool,
    /// Whether a comparison returns 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// Where it stands in the text.
    pub position: Position,
}

/// How many series of each side may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// One of each.
    OneToOne,
    /// Many left series to one right.
    ManyToOne,
    /// One left series to many right.
    OneToMany,
}

/// How series are paired.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// How many of each side may meet.
    pub cardinality: Cardinality,
    /// The labels that must agree (`on`), or those left out, sorted.
    pub labels: Vec<String>,
    /// Whether `labels` are those that must agree.
    pub on: bool,
    /// Labels copied from the "one" side.
    pub include: Vec<String>,
    /// Value of a missing left series.
    pub fill_left: Option<f64>,
    /// Value of a missing right series.
    pub fill_right: Option<f64>,
}

/// An operation on the paired series of two matrices.
#[derive(Debug, Clone)]
pub struct Join {
    /// Which.
    pub op: BinaryOp,
    /// Left operand.
    pub left: Node,
    /// Right operand.
    pub right: Node,
    /// Points of evaluation.
    pub grid: Grid,
    /// How series are paired.
    pub matching: Matching,
    /// Whether a comparison returns 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// Whether errors are in Loki's words.
    pub loki: bool,
    /// Where it stands in the text.
    pub position: Position,
}

/// A set operation on the series of two matrices.
#[derive(Debug, Clone)]
pub struct SetOperation {
    /// Which.
    pub op: SetOp,
    /// Left operand.
    pub left: Node,
    /// Right operand.
    pub right: Node,
    /// Points of evaluation.
    pub grid: Grid,
    /// The labels that must agree (`on`), or those left out, sorted.
    pub labels: Vec<String>,
    /// Whether `labels` are those that must agree.
    pub on: bool,
}

/// A function over native histograms and the buckets of classic ones (`histogram_quantile`, `histogram_fraction`).
#[derive(Debug, Clone)]
pub struct Classic {
    /// Name, for explanations.
    pub name: &'static str,
    /// The function.
    pub kernel: ClassicKernel,
    /// The series.
    pub input: Node,
    /// Points of evaluation.
    pub grid: Grid,
    /// Scalar arguments; one result row for each set where `output` names a label.
    pub params: Vec<Node>,
    /// The label that carries the parameter of each result (`histogram_quantiles`).
    pub output: Option<String>,
    /// Where the first argument stands.
    pub call: Position,
    /// Where the scalar arguments that are quantiles stand.
    pub quantiles: Vec<Position>,
    /// Where the input stands in the text.
    pub position: Position,
}

/// Series enriched with the labels of info series.
#[derive(Debug, Clone)]
pub struct Info {
    /// The series.
    pub input: Node,
    /// The selector of info series.
    pub info: Select,
    /// Conditions on data labels, other than on the metric name.
    pub data_matchers: Vec<Matcher>,
}
