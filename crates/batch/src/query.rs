//! The seam out of storage: what may be asked, and the shape of answers.
//!
//! Rooms and detectors hold a `dyn Queries` and never see plans or parts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow_array::RecordBatch;
use futures_util::stream::BoxStream;
use gw_base::{BoxFuture, HasKind, Kind, Limits, Matcher, Signal, Tenant, TimeRange, Timestamp, TraceId};

use crate::PlanNode;
use crate::notes::{Detail, Note, Remark, Remarks};

/// A query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Prometheus.
    PromQl,
    /// Loki.
    LogQl,
    /// SQL over tables `metrics`, `logs`, `spans`, `events`.
    Sql,
}

/// Which end of the time range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Newest first.
    #[default]
    Backward,
    /// Oldest first.
    Forward,
}

/// Points of evaluation: `start`, `start + step`, ... `count` of them. An instant query has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// First point.
    pub start: Timestamp,
    /// Distance of points; zero only for an instant query.
    pub step: Duration,
    /// Number of points, at least one.
    pub count: usize,
}

impl Steps {
    /// A single point.
    #[must_use]
    pub const fn instant(at: Timestamp) -> Self {
        Self { start: at, step: Duration::ZERO, count: 1 }
    }

    /// The points from `range.start` to `range.end`.
    #[must_use]
    pub fn over(range: TimeRange, step: Duration) -> Self {
        let step_nanos = gw_base::time::nanos_of(step).max(1);
        let count = range.end.since(range.start).max(0) / step_nanos + 1;
        Self { start: range.start, step, count: usize::try_from(count).unwrap_or(usize::MAX) }
    }

    /// The `i`-th point.
    #[must_use]
    pub fn at(&self, i: usize) -> Timestamp {
        self.start.offset(gw_base::time::nanos_of(self.step).saturating_mul(i as i64))
    }
}

/// A question: whose data, what, when, within which limits.
#[derive(Debug, Clone)]
pub struct Query {
    /// Whose data.
    pub tenant: Tenant,
    /// What is asked.
    pub request: Request,
    /// When. For an instant query `start == end`.
    pub range: TimeRange,
    /// Within which limits.
    pub limits: Limits,
}

/// How stored series of metrics are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whether rollups may stand for samples.
    pub rollups: bool,
    /// Labels that tell replicas of one series apart, which are read as one; none where all series are read as they are.
    pub replica_labels: Vec<String>,
}

impl Default for Reading {
    fn default() -> Self {
        Self { rollups: true, replica_labels: Vec::new() }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Request {
    /// A text in a query language.
    Expression {
        /// The language.
        language: Language,
        /// The text.
        text: String,
        /// Distance of points; `None` asks for one point at `range.end`.
        step: Option<Duration>,
        /// Look-back of instant selectors; `None` is the language's default (5 minutes).
        lookback: Option<Duration>,
        /// Order of log lines.
        direction: Direction,
        /// Most log lines or table rows wanted.
        limit: Option<usize>,
        /// How stored series of metrics are read.
        reading: Reading,
    },
    /// Label names, label values or whole label sets of series or streams.
    Names {
        /// Of which signal (metrics or logs).
        signal: Signal,
        /// Which of the three.
        names: Names,
        /// Selectors in the signal's language, any of which may hold; none means all.
        selectors: Vec<String>,
        /// Most rows wanted.
        limit: Option<usize>,
    },
    /// Type, unit and help of metric families.
    Metadata {
        /// One family, or all.
        metric: Option<String>,
        /// Most families wanted.
        limit: Option<usize>,
    },
    /// Stored samples of metrics as they are, stale markers included: what other servers read from us.
    Samples {
        /// A series is wanted that one of them selects.
        selectors: Vec<Selector>,
        /// Only the newest sample of each series.
        newest: bool,
    },
    /// A PromQL text without its answer, as a text: laid out over lines, or its syntax tree as JSON.
    Syntax {
        /// The query.
        text: String,
        /// Whether the tree is wanted.
        tree: bool,
    },
    /// How many series each condition of each selector of a PromQL text leaves: why a query is empty. A [`Shape::Table`]
    /// of one row a condition: `selector` (position among the selectors), `text`, `line`, `column`, `start`, `end` (time),
    /// `matcher` (text), `alone` (series that fulfil this condition), `left` (series that fulfil it and those before).
    Conditions {
        /// The text.
        text: String,
        /// Distance of points; `None` asks about one point at `range.end`.
        step: Option<Duration>,
        /// Look-back of instant selectors; `None` is the language's default (5 minutes).
        lookback: Option<Duration>,
    },
    /// Exemplars of the series that a PromQL text selects.
    Exemplars {
        /// The text.
        text: String,
    },
    /// All spans of these traces.
    Traces(Vec<TraceId>),
    /// All spans of traces of which one span matches.
    FindTraces(TraceQuery),
    /// Names of services that made spans.
    Services,
    /// Operation names and kinds of one service.
    Operations {
        /// The service.
        service: String,
    },
    /// Parent service, child service, number of calls.
    Dependencies,
    /// Events.
    Events(EventQuery),
    /// Rows, bytes and parts a signal.
    Usage,
}

/// A choice of series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A selector in PromQL.
    Text(String),
    /// Conditions that must all hold.
    Matchers(Vec<Matcher>),
}

/// Which names a [`Request::Names`] asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// Label names.
    Labels,
    /// Values of this label.
    Values(String),
    /// Whole label sets.
    Series,
}

/// A search for traces: every given condition must hold on one and the same span.
#[derive(Debug, Clone, Default)]
pub struct TraceQuery {
    /// Service name.
    pub service: Option<String>,
    /// Operation name.
    pub operation: Option<String>,
    /// Tags that the span, its resource or one of its events must carry, as text.
    pub tags: Vec<(String, String)>,
    /// Tag names that must be there with any value.
    pub tag_names: Vec<String>,
    /// Shortest duration.
    pub min_duration: Option<Duration>,
    /// Longest duration.
    pub max_duration: Option<Duration>,
    /// Most traces wanted, newest first.
    pub limit: usize,
}

/// A search for events, newest first.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Kinds wanted; none means all.
    pub kinds: Vec<String>,
    /// Conditions on the subject's labels.
    pub matchers: Vec<Matcher>,
    /// Most events wanted.
    pub limit: Option<usize>,
}

/// What the rows of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One row; columns as [`Shape::Matrix`], labels empty.
    Scalar,
    /// One row a series, values at [`Answer::steps`]: `labels` (binary, canonical), `values` (list of nullable float64, one
    /// item a step), `histograms` (list of nullable binary, [`crate::Histogram::encode`]; null list when there is none).
    /// An instant vector is a matrix of one step.
    Matrix,
    /// One row a series with its raw samples: `labels` (binary), `times` (list of time), `values` (list of nullable
    /// float64), `histograms` (list of nullable binary, or null).
    Samples,
    /// One row, one column `text`.
    Text,
    /// One row a log line, in the order asked: columns of [`crate::logs::schema`] where `stream` is the stream's own
    /// labels and `line` the line after formatting, plus `parsed` (binary, canonical labels; null when none): labels that
    /// the query's parsers added or changed.
    Lines,
    /// Columns of [`crate::spans::schema`]; rows of one trace are neighbours, traces newest first.
    Spans,
    /// Columns of [`crate::events::schema`].
    Events,
    /// One column `name` (text), sorted.
    Names,
    /// One column `labels` (binary, canonical).
    LabelSets,
    /// Columns `labels`, `exemplar_labels` (binary), `value` (float64), `time`.
    Exemplars,
    /// Any columns; see the answer's schema.
    Table,
}

/// An answer on its way: read `batches` to the end, then `cost` is complete.
pub struct Answer {
    /// What the rows are.
    pub shape: Shape,
    /// The points of matrix shapes.
    pub steps: Option<Steps>,
    /// The schema of every batch.
    pub schema: arrow_schema::SchemaRef,
    /// The rows.
    pub batches: BoxStream<'static, Result<RecordBatch, QueryError>>,
    /// What the answer costs, counted while it runs.
    pub cost: Arc<Cost>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("shape", &self.shape).field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// What a query has cost so far, and what it wants to say besides its rows.
#[derive(Debug, Default)]
pub struct Cost {
    /// Samples, lines or spans read.
    pub rows: AtomicU64,
    /// Bytes decoded.
    pub bytes: AtomicU64,
    /// Parts touched.
    pub parts: AtomicU64,
    /// Series or streams selected.
    pub series: AtomicU64,
    /// Nanoseconds for which the query waited for its turn.
    pub queued_nanos: AtomicU64,
    /// Warnings and infos.
    remarks: Remarks,
    /// The operators, where there is a plan of them.
    plan: OnceLock<Arc<PlanNode>>,
}

impl Cost {
    /// Adds to a counter.
    pub fn add(counter: &AtomicU64, amount: usize) {
        counter.fetch_add(amount as u64, Ordering::Relaxed);
    }

    /// Adds a remark without a place, once.
    pub fn note(&self, note: Note) {
        let Note { warning, text: head } = note;
        let print = |remark: &Remark| remark.head.clone();
        self.remark(Remark { warning, head, place: String::new(), order: 0, detail: Detail::Plain, print });
    }

    /// Adds a remark, or joins it to the same one of before.
    pub fn remark(&self, remark: Remark) {
        self.remarks.add(remark);
    }

    /// Names the last operator of the plan; only the first call counts.
    pub fn set_plan(&self, root: Arc<PlanNode>) {
        // A query has one plan; whoever came first has named it.
        drop(self.plan.set(root));
    }

    /// The last operator of the plan, with all others below it.
    #[must_use]
    pub fn plan(&self) -> Option<&Arc<PlanNode>> {
        self.plan.get()
    }

    /// Takes no remarks from now on.
    pub fn mute(&self) {
        self.remarks.mute();
    }

    /// The remarks so far, before they are texts.
    #[must_use]
    pub fn remarks(&self) -> Vec<Remark> {
        self.remarks.all()
    }

    /// The remarks so far.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        self.remarks.notes()
    }
}

/// How far a query came before it failed; products word the two cases differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The text or a parameter is wrong.
    Parse,
    /// It failed while running.
    Execute,
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// Who must act.
    pub kind: Kind,
    /// How far it came.
    pub stage: Stage,
    /// What failed, in the language's own words.
    pub message: String,
}

impl QueryError {
    /// The text or a parameter is wrong.
    pub fn parse(message: impl Into<String>) -> Self {
        Self { kind: Kind::Invalid, stage: Stage::Parse, message: message.into() }
    }

    /// It failed while running.
    pub fn execute(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, stage: Stage::Execute, message: message.into() }
    }
}

impl HasKind for QueryError {
    fn kind(&self) -> Kind {
        self.kind
    }
}

/// Answers questions over everything that is stored. Dropping the answer's stream cancels the query.
pub trait Queries: Send + Sync {
    /// Starts a query.
    fn query(&self, query: Query) -> BoxFuture<'_, Result<Answer, QueryError>>;
}
