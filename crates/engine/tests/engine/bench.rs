//! A store with a little of everything, an engine over it, and short ways to ask.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};
use futures_util::StreamExt as _;
use gw_base::{FakeWorld, Labels, Limits, SpanId, Tenant, TimeRange, Timestamp, TraceId};
use gw_batch::{
    Answer, AttributesBuilder, Batch, Direction, EventRow, EventsBuilder, Language, LogRow, LogsBuilder, MetricType,
    MetricsBuilder, Queries as _, Query, QueryError, Request, SeriesRow, Sink as _, SpanKind, SpanRow, SpanStatus,
    SpansBuilder, Value,
};
use gw_engine::{Engine, EngineOptions};
use gw_store::Store;

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
}

pub(crate) fn secs(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

/// Five minutes of two counters, four lines, two traces, two events.
fn batches() -> Vec<Batch> {
    let tenant = Tenant::default;
    let mut metrics = MetricsBuilder::default();
    for (job, slope) in [("a", 1.0), ("b", 3.0)] {
        let series = metrics.series(&labels(&[("__name__", "http_requests_total"), ("job", job)]));
        (0..=20).for_each(|i| metrics.sample(series, secs(i * 15), slope * 15.0 * i as f64));
    }
    metrics.metadata("http_requests_total", MetricType::Counter, "", "requests", secs(0));
    let mut logs = LogsBuilder::default();
    for (i, (app, line)) in [
        ("shop", r#"{"level":"info","status":200}"#),
        ("shop", r#"{"level":"error","status":500}"#),
        ("cart", "level=warn took=250ms"),
        ("shop", r#"{"level":"error","status":503}"#),
    ]
    .into_iter()
    .enumerate()
    {
        let stream = logs.stream(&labels(&[("app", app)]));
        let metadata = labels(&[("pod", "p1")]);
        let row = LogRow { time: secs(i as i64 * 10), line, metadata: Some(&metadata), ..LogRow::default() };
        logs.push(stream, &row);
    }
    let mut events = EventsBuilder::default();
    for (at, kind, title) in [(10, "uptime.beat", "up"), (20, "deploy", "v2")] {
        let row = EventRow { time: secs(at), kind, title, ..EventRow::default() };
        events.push(&labels(&[("monitor", "shop")]), &row);
    }
    vec![metrics.finish(tenant()), logs.finish(tenant()), spans(), events.finish(tenant())]
}

fn spans() -> Batch {
    let mut builder = SpansBuilder::default();
    let mut attributes = AttributesBuilder::default();
    attributes.push("http.status_code", &Value::Int(500));
    for (trace, start) in [(1u8, 100), (2, 200)] {
        let root = SpanRow {
            service: "front",
            name: "GET /",
            kind: SpanKind::Server,
            start: secs(start),
            duration: 2_000_000_000,
            trace: TraceId([trace; 16]),
            span: SpanId([1; 8]),
            ..SpanRow::default()
        };
        let child = SpanRow {
            service: "shop",
            name: "query",
            kind: SpanKind::Client,
            start: secs(start).offset(1),
            duration: 5_000_000,
            trace: TraceId([trace; 16]),
            span: SpanId([2; 8]),
            parent: Some(SpanId([1; 8])),
            status: if trace == 2 { SpanStatus::Error } else { SpanStatus::Ok },
            attributes: if trace == 2 { attributes.as_bytes() } else { &[] },
            ..SpanRow::default()
        };
        builder.push(&child);
        builder.push(&root);
    }
    builder.finish(Tenant::default())
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::over(batches()).await
    }

    /// An engine over these batches alone.
    pub(crate) async fn over(batches: Vec<Batch>) -> Self {
        let world = Arc::new(FakeWorld::new(secs(300), 1));
        let store = Store::in_memory(world.clone()).await.expect("a store in memory opens");
        store.append(batches).await.expect("the store takes the batches");
        Self { engine: Engine::new(store, EngineOptions::new(world)), limits: Limits::default() }
    }

    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, QueryError> {
        self.ask_between(request, secs(0), secs(300)).await
    }

    pub(crate) async fn ask_between(
        &self,
        request: Request,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Answer, QueryError> {
        let range = TimeRange::new(start, end);
        self.engine.query(Query { tenant: Tenant::default(), request, range, limits: self.limits.clone() }).await
    }

    /// The cells of a table, row by row, as text.
    pub(crate) async fn table(&self, request: Request) -> Vec<Vec<String>> {
        let answer = self.ask(request).await.expect("the question has an answer");
        rows(answer).await.iter().flat_map(text_rows).collect()
    }

    /// The values of a PromQL or LogQL query at one point, as `labels value`.
    pub(crate) async fn instant(&self, language: Language, text: &str, at: Timestamp) -> Vec<String> {
        let answer = self.ask_between(expression(language, text, None), at, at).await.expect("the query has an answer");
        let batches = rows(answer).await;
        let of = |row: SeriesRow<'_>| {
            let labels = Labels::from_bytes(row.labels).expect("labels are canonical");
            format!("{labels} {}", row.value(0).map_or("-".to_owned(), |value| value.to_string()))
        };
        batches.iter().flat_map(|batch| SeriesRow::iter(batch).map(of).collect::<Vec<_>>()).collect()
    }
}

/// An engine over these lines alone, one a second.
pub(crate) async fn over_lines(lines: &[String]) -> Bench {
    let mut logs = LogsBuilder::default();
    let stream = logs.stream(&labels(&[("app", "hostile")]));
    for (i, line) in lines.iter().enumerate() {
        logs.push(stream, &LogRow { time: secs(i as i64), line, ..LogRow::default() });
    }
    Bench::over(vec![logs.finish(Tenant::default())]).await
}

pub(crate) fn expression(language: Language, text: &str, step: Option<Duration>) -> Request {
    let (text, direction) = (text.to_owned(), Direction::Forward);
    Request::Expression {
        language,
        text,
        step,
        lookback: None,
        direction,
        limit: None,
        reading: gw_batch::Reading::default(),
    }
}

pub(crate) async fn rows(mut answer: Answer) -> Vec<RecordBatch> {
    let mut found = Vec::new();
    while let Some(batch) = answer.batches.next().await {
        found.push(batch.expect("the query runs to its end"));
    }
    found
}

fn text_rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let cell = |column: usize, row: usize| {
        let array = batch.column(column);
        let text = arrow_cast::cast(array, &arrow_schema::DataType::Utf8).expect("every shown column has a text form");
        let text = text.as_string::<i32>();
        if text.is_valid(row) { text.value(row).to_owned() } else { "null".to_owned() }
    };
    (0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| cell(column, row)).collect()).collect()
}
