//! A runtime under test: a store that remembers rows, a page server on loopback, a clock that the test moves.

#![expect(clippy::disallowed_methods, reason = "the clock is fake, but sockets and files take real time")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gw_base::{BoxFuture, FakeWorld, Kind, Limits, Tenant, Timestamp};
use gw_batch::{Ack, Batch, EventsView, LogsView, MetricsView, Sink, SinkError, is_stale};
use gw_collect::{CollectConfig, MonitorSpec, Runtime, RuntimeOptions};
use gw_intake::Intake;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A store in memory that can be told to refuse.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) batches: Mutex<Vec<Batch>>,
    pub(crate) refuse: Mutex<bool>,
}

impl Sink for Memory {
    fn append(&self, batches: Vec<Batch>) -> BoxFuture<'_, Result<Ack, SinkError>> {
        Box::pin(async move {
            if *self.refuse.lock().unwrap() {
                return Err(SinkError { kind: Kind::Unavailable, message: "the store is away".to_owned() });
            }
            let rows = batches.iter().map(|batch| batch.rows() as u64).sum();
            self.batches.lock().unwrap().extend(batches);
            Ok(Ack { rows, ..Ack::default() })
        })
    }
}

impl Memory {
    /// Samples in order of arrival: `name{labels} value`, the value `stale` for a marker; without the scrape's duration.
    pub(crate) fn samples(&self) -> Vec<String> {
        let mut found = Vec::new();
        for batch in self.batches.lock().unwrap().iter() {
            let Some(view) = MetricsView::of(batch) else { continue };
            for row in (0..batch.rows()).filter(|row| !view.is_metadata(*row)) {
                let labels: Vec<_> = view.labels(row).collect();
                let name = labels.iter().find(|(name, _)| *name == "__name__").map_or("", |(_, value)| value);
                let rest: Vec<String> = labels
                    .iter()
                    .filter(|(name, _)| *name != "__name__")
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let value = view.values.value(row);
                let value = if is_stale(value) { "stale".to_owned() } else { value.to_string() };
                found.push(format!("{name}{{{}}} {value}", rest.join(",")));
            }
        }
        found.retain(|line| !line.starts_with("scrape_duration_seconds"));
        found
    }

    /// Log lines with their labels: `{labels} line`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut found = Vec::new();
        for batch in self.batches.lock().unwrap().iter() {
            let Some(view) = LogsView::of(batch) else { continue };
            found.extend((0..batch.rows()).map(|row| view.lines.value(row).to_owned()));
        }
        found
    }

    /// Events: title and body.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for batch in self.batches.lock().unwrap().iter() {
            let Some(view) = EventsView::of(batch) else { continue };
            found.extend(
                (0..batch.rows()).map(|row| (view.titles.value(row).to_owned(), view.bodies.value(row).to_owned())),
            );
        }
        found
    }
}

/// A runtime that is running.
pub(crate) struct Rig {
    pub(crate) memory: Arc<Memory>,
    pub(crate) world: FakeWorld,
    pub(crate) runtime: Runtime,
    pub(crate) monitors: watch::Sender<Arc<[MonitorSpec]>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

impl Rig {
    pub(crate) fn start(config: CollectConfig) -> Self {
        Self::start_in(folder(), Arc::default(), config)
    }

    pub(crate) fn start_in(folder: PathBuf, memory: Arc<Memory>, config: CollectConfig) -> Self {
        let world = FakeWorld::new(START, 7);
        let intake = Intake::new(Arc::clone(&memory) as Arc<dyn Sink>, Limits::default(), Arc::new(world.clone()));
        let options = RuntimeOptions { data_dir: folder, tenant: Tenant::default(), host_name: "box".to_owned() };
        let (monitors, receiver) = watch::channel(Arc::default());
        let runtime = Runtime::new(options, config, receiver, intake, Arc::new(world.clone())).unwrap();
        let cancel = CancellationToken::new();
        let task = tokio::spawn(runtime.clone().run(cancel.clone()));
        Self { memory, world, runtime, monitors, cancel, task }
    }

    /// Moves the clock in small steps until `done`; fails after ten real seconds.
    pub(crate) async fn until(&self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !done(self) {
            assert!(Instant::now() < deadline, "waited in vain for {what}: {:#?}", self.memory.samples());
            self.world.advance(Duration::from_millis(20));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.task.is_finished() {
            assert!(Instant::now() < deadline, "the runtime does not stop");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A configuration with nothing on.
pub(crate) fn quiet() -> CollectConfig {
    let mut config = CollectConfig::default();
    config.host.enabled = false;
    config.containers.enabled = false;
    config.discover.enabled = false;
    config
}

/// A folder of this test's own.
pub(crate) fn folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("gw-collect-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// An answer of the page server: status line, content type, body.
pub(crate) type Canned = (u16, &'static str, Vec<u8>);

/// Serves whatever was set last, and remembers the requests.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) answer: Arc<Mutex<Canned>>,
    pub(crate) requests: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer: Arc<Mutex<Canned>> = Arc::new(Mutex::new((200, "text/plain; version=0.0.4", Vec::new())));
        let requests: Arc<Mutex<Vec<BTreeMap<String, String>>>> = Arc::default();
        let (canned, seen) = (Arc::clone(&answer), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (canned, seen) = (Arc::clone(&canned), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream, &canned, &seen));
            }
        });
        Self { address, answer, requests }
    }

    pub(crate) fn say(&self, text: &str) {
        *self.answer.lock().unwrap() = (200, "text/plain; version=0.0.4", text.as_bytes().to_vec());
    }

    /// Requests wait for their answers until what this gives is dropped.
    pub(crate) fn hold(&self) -> Sender<()> {
        let answer = Arc::clone(&self.answer);
        let (release, released) = channel::<()>();
        let (held, holds) = channel();
        std::thread::spawn(move || {
            let _guard = answer.lock().unwrap_or_else(PoisonError::into_inner);
            held.send(()).unwrap();
            released.recv().unwrap_err();
        });
        holds.recv().unwrap();
        release
    }
}

fn serve(stream: std::net::TcpStream, canned: &Mutex<Canned>, seen: &Mutex<Vec<BTreeMap<String, String>>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut request = BTreeMap::new();
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        request.insert("request".to_owned(), line.trim().to_owned());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                break;
            }
            let (name, value) = line.trim().split_once(':').unwrap();
            request.insert(name.to_lowercase(), value.trim().to_owned());
        }
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let (status, kind, body) = canned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let gzip = if body.starts_with(&[0x1f, 0x8b]) { "Content-Encoding: gzip\r\n" } else { "" };
        let head =
            format!("HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\n{gzip}Content-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}
