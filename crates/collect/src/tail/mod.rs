//! Following log files: whole lines become log rows, positions are saved only when the rows are durable.
//!
//! Reading stops while the intake takes nothing, so a slow store slows reading down and loses no line.

pub(crate) mod config;
mod follow;
mod layout;
pub(crate) mod positions;
mod rows;
pub(crate) mod stages;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gw_base::labels::hash_bytes;
use gw_base::{BoxFuture, Timestamp};
use gw_batch::{Batch, LogsBuilder};

use crate::board::TailStatus;
use crate::collector::{About, Collector, CollectorKind, Output, Run, Source, Spec};
use crate::config::CollectConfig;
use crate::runtime::{Context, Inputs};

use config::TailConfig;
use follow::{Follower, Look};
use positions::Position;
use rows::{FileRows, LineWriter};

/// Following log files.
pub(crate) const KIND: CollectorKind = CollectorKind {
    about: About {
        name: "tail",
        product: "Promtail",
        summary: "Follows log files over rotation and restarts, and parses access logs.",
        config_key: "collect.tail",
    },
    source: || Box::new(TailSource::default()),
};

/// How often files are looked at.
const INTERVAL: Duration = Duration::from_millis(500);
/// Looks between two searches for new files.
const LOOKS_PER_SEARCH: u64 = 10;
/// Longest line; the rest of longer ones is cut off.
const LINE_BYTES: usize = 256 << 10;
/// Rows and bytes of one batch; the rest waits for its acknowledgement.
const BATCH_ROWS: usize = 5_000;
const BATCH_BYTES: usize = 2 << 20;

#[derive(Debug, Default)]
struct TailSource {
    config: Option<Arc<CollectConfig>>,
}

impl Source for TailSource {
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>> {
        let before = self.config.replace(Arc::clone(&inputs.config));
        if before.is_some_and(|before| before.tail == inputs.config.tail) {
            return None;
        }
        let most = inputs.config.limits.tail_files;
        let specs = inputs.config.tail.iter().map(|config| spec(config, most, &inputs.context));
        Some(specs.collect())
    }
}

fn spec(config: &TailConfig, most_files: usize, context: &Arc<Context>) -> Spec {
    // No secret is in here, so the printed form tells two settings apart.
    let fingerprint = hash_bytes(format!("{config:?}").as_bytes());
    let (config, context) = (Arc::new(config.clone()), Arc::clone(context));
    Spec {
        id: format!("{}/{fingerprint:016x}", config.paths.join(",")),
        fingerprint,
        interval: INTERVAL,
        deadline: Duration::from_mins(1),
        seed: fingerprint,
        keep: true,
        listed: true,
        build: Arc::new(move || Box::new(TailCollector::new(Arc::clone(&config), most_files, Arc::clone(&context)))),
    }
}

struct TailCollector {
    context: Arc<Context>,
    /// Away while a thread for blocking work reads; gone for good if that thread panicked.
    files: Option<Files>,
    pending: Vec<(String, Position)>,
}

/// The files of one tail.
struct Files {
    config: Arc<TailConfig>,
    most: usize,
    context: Arc<Context>,
    writer: Result<LineWriter, String>,
    followers: BTreeMap<String, (Follower, FileRows)>,
    looks: u64,
}

/// What one round over the files gave.
struct Round {
    batch: Option<Batch>,
    positions: Vec<(String, Position)>,
    more: bool,
    error: Option<String>,
}

impl TailCollector {
    fn new(config: Arc<TailConfig>, most: usize, context: Arc<Context>) -> Self {
        let writer = LineWriter::new(&config);
        let files = Files { config, most, context: Arc::clone(&context), writer, followers: BTreeMap::new(), looks: 0 };
        Self { context, files: Some(files), pending: Vec::new() }
    }
}

impl Collector for TailCollector {
    fn run(&mut self, _: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let Some(mut files) = self.files.take() else { return Output::failed("the files were lost by a panic") };
            let now = self.context.world.now();
            let work = move || {
                let round = files.round(now);
                (files, round)
            };
            let (files, round) = match tokio::task::spawn_blocking(work).await {
                Ok(done) => done,
                Err(error) => return Output::failed(format!("reading files: {error}")),
            };
            self.files = Some(files);
            self.pending = round.positions;
            Output { batches: round.batch.into_iter().collect(), more: round.more, error: round.error }
        })
    }

    fn delivered(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (context, pending) = (Arc::clone(&self.context), std::mem::take(&mut self.pending));
            let saved = tokio::task::spawn_blocking(move || context.positions.save(&pending)).await;
            match saved {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "positions could not be saved, a restart repeats lines"),
                Err(error) => tracing::error!(%error, "positions could not be saved, a restart repeats lines"),
            }
        })
    }

    fn retire(&mut self, _: Timestamp) -> Vec<Batch> {
        for path in self.files.iter().flat_map(|files| files.followers.keys()) {
            self.context.board.set_tail(path, None);
        }
        Vec::new()
    }
}

impl Files {
    fn round(&mut self, now: Timestamp) -> Round {
        let mut round = Round { batch: None, positions: Vec::new(), more: false, error: None };
        if let Err(message) = &self.writer {
            round.error = Some(message.clone());
            return round;
        }
        if self.looks.is_multiple_of(LOOKS_PER_SEARCH) {
            self.search(&mut round);
        }
        self.looks += 1;
        let mut rows = LogsBuilder::default();
        let mut bytes = 0;
        let paths: Vec<String> = self.followers.keys().cloned().collect();
        for path in paths {
            if rows.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
                round.more = true;
                break;
            }
            if let Err(error) = self.follow(&path, now, (&mut rows, &mut bytes), &mut round) {
                let message = format!("{path}: {error}");
                self.context.board.set_tail(&path, Some(failing(&path, message.clone())));
                self.followers.remove(&path);
                round.error = Some(message);
            }
        }
        if !rows.is_empty() {
            round.batch = Some(rows.finish(self.context.options.tenant.clone()));
        }
        round
    }

    /// Looks for files that are new.
    fn search(&mut self, round: &mut Round) {
        let excluded: Vec<glob::Pattern> =
            self.config.exclude.iter().filter_map(|pattern| glob::Pattern::new(pattern).ok()).collect();
        let found = self.config.paths.iter().filter_map(|pattern| glob::glob(pattern).ok()).flatten();
        for path in found.filter_map(Result::ok) {
            let Some(name) = path.to_str() else { continue };
            let known = self.followers.contains_key(name);
            if known || excluded.iter().any(|pattern| pattern.matches(name)) || !path.is_file() {
                continue;
            }
            if self.followers.len() >= self.most {
                round.error = Some(format!("more than {} files match, raise collect.limits.tail_files", self.most));
                return;
            }
            match Follower::open(name, &self.context.positions) {
                Ok(follower) => {
                    if let Ok(writer) = &self.writer {
                        self.followers.insert(name.to_owned(), (follower, writer.source(name)));
                    }
                }
                Err(error) => {
                    let message = format!("{name}: {error}");
                    self.context.board.set_tail(name, Some(failing(name, message.clone())));
                    round.error = Some(message);
                }
            }
        }
    }

    /// Reads one file until its end, or until the batch is full.
    fn follow(
        &mut self,
        path: &str,
        now: Timestamp,
        (rows, bytes): (&mut LogsBuilder, &mut usize),
        round: &mut Round,
    ) -> std::io::Result<()> {
        let (Ok(writer), Some((follower, source))) = (&self.writer, self.followers.get_mut(path)) else {
            return Ok(());
        };
        let before = follower.position();
        let mut last = Look::More;
        while last == Look::More && rows.len() < BATCH_ROWS && *bytes < BATCH_BYTES {
            last = follower.look(LINE_BYTES, &mut |line| {
                *bytes += line.len();
                writer.write(rows, source, line, now);
            })?;
        }
        if follower.position() != before {
            round.positions.push((path.to_owned(), follower.position()));
        }
        round.more |= last != Look::End;
        self.context.board.set_tail(path, Some(status(follower)));
        if last == Look::Finished {
            let lines = follower.lines;
            let mut next = Follower::open_fresh(path)?;
            next.lines = lines;
            *follower = next;
        } else if last == Look::End && follower.is_gone() {
            self.followers.remove(path);
            self.context.board.set_tail(path, None);
        }
        Ok(())
    }
}

fn status(follower: &Follower) -> TailStatus {
    TailStatus {
        path: follower.path().to_owned(),
        state: "active",
        offset: follower.position().offset,
        size: follower.size(),
        lines: follower.lines,
        error: None,
    }
}

fn failing(path: &str, error: String) -> TailStatus {
    TailStatus { path: path.to_owned(), state: "failing", error: Some(error), ..TailStatus::default() }
}
