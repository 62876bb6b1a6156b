//! A detector on a stage: its questions are answered by the test, its writes and alerts are caught, its clock is moved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::builder::{BinaryBuilder, Float64Builder, ListBuilder, TimestampNanosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use futures_util::StreamExt;
use gw_base::{Alert, BoxFuture, FakeWorld, Labels, Limits, Timestamp, World};
use gw_batch::{
    Ack, Answer, Batch, MetricsView, Queries, Query, QueryError, Request, Shape, Sink, SinkError, is_stale,
};
use gw_detect::{Detector, GroupView, Options, parse_rules};
use gw_intake::Intake;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) type Vector = Vec<(&'static str, f64)>;

/// The engine of the stage: texts and what they answer from now on. Unknown texts answer nothing.
#[derive(Default)]
pub(crate) struct Engine {
    answers: Mutex<BTreeMap<String, Result<Vector, String>>>,
    /// Answers to range selectors: labels and the time of the last sample.
    windows: Mutex<BTreeMap<String, Vec<(&'static str, Timestamp)>>>,
    pub(crate) asked: Mutex<Vec<(String, Timestamp)>>,
}

impl Engine {
    pub(crate) fn answer(&self, text: &str, vector: Vector) {
        self.answers.lock().unwrap().insert(text.to_owned(), Ok(vector));
    }

    pub(crate) fn fail(&self, text: &str, message: &str) {
        self.answers.lock().unwrap().insert(text.to_owned(), Err(message.to_owned()));
    }

    pub(crate) fn window(&self, text: &str, last: Vec<(&'static str, Timestamp)>) {
        self.windows.lock().unwrap().insert(text.to_owned(), last);
    }
}

impl Queries for Engine {
    fn query(&self, query: Query) -> BoxFuture<'_, Result<Answer, QueryError>> {
        let Request::Expression { text, .. } = query.request else { panic!("only expressions are asked") };
        self.asked.lock().unwrap().push((text.clone(), query.range.end));
        let answered = match self.windows.lock().unwrap().get(&text) {
            Some(last) => Ok((Shape::Samples, samples(last))),
            None if text.ends_with(']') => Ok((Shape::Samples, samples(&[]))),
            None => match self.answers.lock().unwrap().get(&text).cloned().unwrap_or(Ok(Vec::new())) {
                Ok(vector) => Ok((Shape::Matrix, matrix(&vector))),
                Err(message) => Err(QueryError::execute(gw_base::Kind::Internal, message)),
            },
        };
        Box::pin(async move {
            let (shape, batch) = answered?;
            Ok(Answer {
                shape,
                steps: None,
                schema: batch.schema(),
                batches: futures_util::stream::iter([Ok(batch)]).boxed(),
                cost: Arc::default(),
            })
        })
    }
}

/// `a=1,b=2`
pub(crate) fn labels(text: &str) -> Labels {
    Labels::from_pairs(text.split(',').filter_map(|pair| pair.split_once('=')))
}

fn matrix(vector: &[(&str, f64)]) -> RecordBatch {
    let mut keys = BinaryBuilder::new();
    let mut values = ListBuilder::new(Float64Builder::new());
    for (text, value) in vector {
        keys.append_value(labels(text).as_bytes());
        values.values().append_value(*value);
        values.append(true);
    }
    let columns: [(&str, ArrayRef); 2] = [("labels", Arc::new(keys.finish())), ("values", Arc::new(values.finish()))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn samples(last: &[(&str, Timestamp)]) -> RecordBatch {
    let mut keys = BinaryBuilder::new();
    let mut times = ListBuilder::new(TimestampNanosecondBuilder::new());
    for (text, at) in last {
        keys.append_value(labels(text).as_bytes());
        times.values().append_value(at.nanos());
        times.append(true);
    }
    let columns: [(&str, ArrayRef); 2] = [("labels", Arc::new(keys.finish())), ("times", Arc::new(times.finish()))];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// What was written: time, series, value; a stale marker is `None`.
pub(crate) type Written = (Timestamp, String, Option<f64>);

#[derive(Default)]
pub(crate) struct Notebook {
    written: Mutex<Vec<Written>>,
}

impl Sink for Notebook {
    fn append(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<Ack, SinkError>> {
        let mut rows = 0;
        for batch in &batches {
            rows += batch.rows() as u64;
            // Alert transitions are written as events beside the series.
            let Some(view) = MetricsView::of(batch) else { continue };
            for row in 0..batch.rows() {
                let series = Labels::from_pairs(view.labels(row)).to_string();
                let value = view.values.value(row);
                let value = (!is_stale(value)).then_some(value);
                self.written.lock().unwrap().push((Timestamp::from_nanos(view.times[row]), series, value));
            }
        }
        Box::pin(async move { Ok(Ack { rows, ..Ack::default() }) })
    }
}

pub(crate) struct Stage {
    pub(crate) engine: Arc<Engine>,
    notebook: Arc<Notebook>,
    pub(crate) world: FakeWorld,
    pub(crate) detector: Detector,
    pub(crate) alerts: mpsc::Receiver<Vec<Alert>>,
    cancel: CancellationToken,
    running: tokio::task::JoinSet<()>,
}

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);

impl Stage {
    pub(crate) fn new(rules: &str) -> Self {
        Self::at(START, rules)
    }

    pub(crate) fn at(start: Timestamp, rules: &str) -> Self {
        let world = FakeWorld::new(start, 1);
        let (engine, notebook) = (Arc::new(Engine::default()), Arc::new(Notebook::default()));
        let shared: Arc<dyn World> = Arc::new(world.clone());
        let intake = Intake::new(Arc::clone(&notebook) as Arc<dyn Sink>, Limits::default(), Arc::clone(&shared));
        let (sender, alerts) = mpsc::channel(64);
        let options = Options { external_url: "http://gw".to_owned(), ..Options::default() };
        let detector = Detector::new(options, Arc::clone(&engine) as Arc<dyn Queries>, intake, sender, shared);
        let cancel = CancellationToken::new();
        let mut running = tokio::task::JoinSet::new();
        let (runner, token) = (detector.clone(), cancel.clone());
        running.spawn(async move { runner.run(token).await });
        detector.load(parse_rules("rules.yaml", rules).unwrap());
        Self { engine, notebook, world, detector, alerts, cancel, running }
    }

    /// Moves the clock to the next slot of the first group and waits for its evaluation.
    pub(crate) async fn tick(&mut self) -> Arc<GroupView> {
        let group = self.settled().await;
        let before = group.iterations;
        self.world.advance(group.interval);
        loop {
            tokio::task::yield_now().await;
            let group = self.detector.book().groups()[0].clone();
            if group.iterations > before {
                return group;
            }
        }
    }

    /// Waits until the detector has taken its groups, and its tasks sleep.
    pub(crate) async fn settled(&mut self) -> Arc<GroupView> {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.detector.book().groups()[0].clone()
    }

    /// What was written since the last look.
    pub(crate) fn written(&self) -> Vec<(String, Option<f64>)> {
        let written = std::mem::take(&mut *self.notebook.written.lock().unwrap());
        written.into_iter().map(|(_, series, value)| (series, value)).collect()
    }

    /// Times of what was written since the last look.
    pub(crate) fn written_at(&self) -> Vec<Timestamp> {
        std::mem::take(&mut *self.notebook.written.lock().unwrap()).into_iter().map(|(at, _, _)| at).collect()
    }

    pub(crate) fn sent(&mut self) -> Vec<Alert> {
        std::iter::from_fn(|| self.alerts.try_recv().ok()).flatten().collect()
    }

    pub(crate) async fn stop(mut self) {
        self.cancel.cancel();
        while self.running.join_next().await.is_some() {}
    }
}

pub(crate) const MINUTE: Duration = Duration::from_mins(1);
