//! The collector of one target: fetch, read, report, remember.

use std::sync::Arc;

use gw_base::{BoxFuture, Timestamp};
use gw_batch::{Batch, MetricsBuilder};

use super::Job;
use super::exchange::{self, Page};
use super::samples::{self, Counts, Memory, Report};
use super::targets::Target;
use crate::board::{Health, TargetStatus};
use crate::collector::{Collector, Output, Run};
use crate::runtime::Context;

/// Pages larger than this are read on a thread for blocking work, so that the reactor is not held up.
const LARGE_PAGE: usize = 64 << 10;

pub(crate) struct TargetCollector {
    id: String,
    job: Arc<Job>,
    target: Arc<Target>,
    status: TargetStatus,
    context: Arc<Context>,
    memory: Memory,
    reported: bool,
}

impl TargetCollector {
    pub(crate) fn new(
        id: String,
        job: Arc<Job>,
        target: Arc<Target>,
        status: TargetStatus,
        context: Arc<Context>,
    ) -> Self {
        Self { id, job, target, status, context, memory: Memory::default(), reported: false }
    }

    async fn scrape(&mut self, run: Run) -> Output {
        let world = &self.context.world;
        let started = world.elapsed();
        let timeout = self.target.timeout;
        let fetched = tokio::select! {
            page = exchange::fetch(&self.job, &self.target.url, timeout) => page,
            () = world.sleep(timeout) => {
                Err(format!("Get \"{}\": context deadline exceeded", self.target.url))
            }
        };
        let seconds = self.context.world.elapsed().saturating_sub(started);
        let (body_bytes, read) = match fetched {
            Ok(page) => (page.body.len() as i64, self.read(page, run.at).await),
            Err(message) => (-1, Err(message)),
        };
        let up = read.is_ok();
        let (mut rows, counts, error) = match read {
            Ok((rows, counts)) => (rows, counts, None),
            Err(message) => {
                let mut rows = MetricsBuilder::default();
                samples::end_all(&mut self.memory, &mut rows, run.at);
                (rows, Counts::default(), Some(message))
            }
        };
        let report = Report { at: run.at, up, seconds: seconds.as_secs_f64(), body_bytes, counts };
        samples::report(&mut rows, &self.job, &self.target.labels, &report);
        self.reported = true;
        self.status.health = if up { Health::Up } else { Health::Down };
        self.status.error.clone_from(&error);
        self.status.last_scrape = Some(run.at);
        self.status.duration = seconds;
        self.status.samples = counts.scraped;
        self.context.board.tell_target(&self.id, self.status.clone());
        Output { batches: samples::finish(rows, &self.context.options.tenant), more: false, error }
    }

    async fn read(&mut self, page: Page, at: Timestamp) -> Result<(MetricsBuilder, Counts), String> {
        if page.body.len() <= LARGE_PAGE {
            return samples::read_page(
                &mut self.memory,
                &self.job,
                &self.target.labels,
                (&page.body, page.dialect),
                at,
            );
        }
        let mut memory = std::mem::take(&mut self.memory);
        let (job, target) = (Arc::clone(&self.job), Arc::clone(&self.target));
        let work = move || {
            let read = samples::read_page(&mut memory, &job, &target.labels, (&page.body, page.dialect), at);
            (memory, read)
        };
        let (memory, read) =
            tokio::task::spawn_blocking(work).await.map_err(|error| format!("reading the page: {error}"))?;
        self.memory = memory;
        read
    }
}

impl Collector for TargetCollector {
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output> {
        Box::pin(self.scrape(run))
    }

    fn retire(&mut self, at: Timestamp) -> Vec<Batch> {
        let mut rows = MetricsBuilder::default();
        samples::end_all(&mut self.memory, &mut rows, at);
        if self.reported {
            samples::end_report(&mut rows, &self.target.labels, at);
        }
        samples::finish(rows, &self.context.options.tenant)
    }
}
