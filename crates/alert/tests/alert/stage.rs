//! A dispatcher on a stage: alerts are handed in, posts are caught and answered, the clock is moved, restarts are played.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gw_alert::{AlertConfig, Answer, Dispatcher, Outside, Post, Silences, Transport};
use gw_base::{Alert, BoxFuture, FakeWorld, Labels, Timestamp, World};
use gw_state::State;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// The world's receivers: what they were posted, and what they answer (200 unless told).
#[derive(Default)]
pub(crate) struct Receivers {
    posts: Mutex<Vec<(String, Value)>>,
    pub(crate) answers: Mutex<Vec<u16>>,
}

impl Receivers {
    pub(crate) fn count(&self) -> usize {
        self.posts.lock().unwrap().len()
    }

    pub(crate) fn take(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.posts.lock().unwrap())
    }
}

impl Transport for Receivers {
    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Result<Answer, String>> {
        let body = serde_json::from_str(&post.body).unwrap();
        self.posts.lock().unwrap().push((post.url.reveal().to_owned(), body));
        let status = self.answers.lock().unwrap().pop().unwrap_or(200);
        Box::pin(async move { Ok(Answer { status, retry_after: None, body: "said".to_owned() }) })
    }
}

pub(crate) struct Stage {
    dir: PathBuf,
    config: AlertConfig,
    pub(crate) world: FakeWorld,
    pub(crate) receivers: Arc<Receivers>,
    pub(crate) dispatcher: Dispatcher,
    sender: mpsc::Sender<Vec<Alert>>,
    cancel: CancellationToken,
    running: tokio::task::JoinSet<()>,
    state: State,
}

impl Stage {
    pub(crate) async fn new(name: &str, config: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("gw-alert-{}-{name}", std::process::id()));
        let config: AlertConfig = gw_config::yaml("alert", config).unwrap();
        let world = FakeWorld::new(START, 1);
        Self::start(dir, config, world, Arc::default()).await
    }

    async fn start(dir: PathBuf, config: AlertConfig, world: FakeWorld, receivers: Arc<Receivers>) -> Self {
        let shared: Arc<dyn World> = Arc::new(world.clone());
        let state = State::open(&dir, Arc::clone(&shared)).await.unwrap();
        let outside = Outside {
            state: state.clone(),
            silences: Silences::open(state.clone(), Arc::clone(&shared)).await.unwrap(),
            external_url: "http://gw.example:1003".to_owned(),
            world: shared,
            transport: Arc::clone(&receivers) as Arc<dyn Transport>,
        };
        let dispatcher = Dispatcher::with(config.clone(), outside).await.unwrap();
        let (sender, alerts) = mpsc::channel(16);
        let cancel = CancellationToken::new();
        let mut running = tokio::task::JoinSet::new();
        running.spawn(dispatcher.clone().run(alerts, cancel.clone()));
        Self { dir, config, world, receivers, dispatcher, sender, cancel, running, state }
    }

    /// Ends the process, lets time pass, and starts another one on the same state.
    pub(crate) async fn restart(mut self, after: Duration) -> Self {
        self.end().await;
        self.world.advance(after);
        let (dir, config) = (std::mem::take(&mut self.dir), self.config.clone());
        Self::start(dir, config, self.world.clone(), Arc::clone(&self.receivers)).await
    }

    async fn end(&mut self) {
        self.cancel.cancel();
        while self.running.join_next().await.is_some() {}
        self.state.close().await;
    }

    pub(crate) async fn stop(mut self) {
        self.end().await;
        std::fs::remove_dir_all(&self.dir).unwrap();
    }

    /// Hands alerts over and waits until they are taken.
    pub(crate) async fn fire(&self, alerts: Vec<Alert>) {
        let wanted = self.dispatcher.counters().received + alerts.len() as u64;
        self.sender.send(alerts).await.unwrap();
        self.until(|| self.dispatcher.counters().received >= wanted).await;
        self.settle().await;
    }

    /// Moves the clock in steps of a second, so that nothing is slept over.
    pub(crate) async fn pass(&self, duration: Duration) {
        for _ in 0..duration.as_secs() {
            self.world.advance(Duration::from_secs(1));
            self.settle().await;
        }
    }

    /// Lets everything run that can run without the clock; the state's writes happen on a thread of their own.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn until(&self, mut holds: impl FnMut() -> bool) {
        let wait = async {
            while !holds() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("what is waited for comes within seconds");
    }

    /// Lets time pass until there are that many posts in all, and returns them.
    pub(crate) async fn posts(&self, count: usize, within: Duration) -> Vec<(String, Value)> {
        for _ in 0..within.as_secs() {
            if self.receivers.count() >= count {
                break;
            }
            self.pass(Duration::from_secs(1)).await;
            // The loop writes to the state between two looks at the clock.
            tokio::time::timeout(Duration::from_millis(2), std::future::pending::<()>()).await.unwrap_err();
        }
        self.receivers.take()
    }
}

pub(crate) fn labels(text: &str) -> Labels {
    Labels::from_pairs(text.split(',').filter_map(|pair| pair.split_once('=')))
}

/// An alert that fires since `start` and is said at `now`.
pub(crate) fn firing(text: &str, start: Timestamp, now: Timestamp) -> Alert {
    Alert {
        labels: labels(text),
        annotations: labels("summary=it burns"),
        starts_at: start,
        ends_at: now + MINUTE * 60,
        updated_at: now,
        generator_url: "http://gw.example:1002/graph".to_owned(),
        value: Some(1.0),
        origin: None,
    }
}

/// The same alert, ended at `now`.
pub(crate) fn ended(alert: &Alert, now: Timestamp) -> Alert {
    Alert { ends_at: now, updated_at: now, ..alert.clone() }
}
