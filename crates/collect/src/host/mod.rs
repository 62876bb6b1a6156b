//! This machine, under `node_exporter`'s names: a batch for the store, and the page that scrapers of `node_exporter` expect.
//!
//! Series in the store carry `job="node"` and the machine's name as `instance`.

mod budget;
pub mod config;
mod families;
mod lane;
mod live;
pub mod options;
mod own;
mod page;
mod parse;
mod section;
mod sources;
mod system;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gw_base::{BoxFuture, Timestamp, World};
use gw_batch::MetricsBuilder;

use crate::CollectError;
use crate::board::{CollectorState, CollectorStatus};
use crate::collector::{About, Collector, CollectorKind, Output, Run, Source, Spec};
use crate::config::CollectConfig;
use crate::container::{Process, processes};
use crate::runtime::{Context, Inputs};

use budget::Budget;
use config::HostConfig;
use lane::{Cell, Lane};
use live::Live;
pub use live::{LiveReading, LiveSeries};
pub use own::Requests;
use page::Page;
use section::Section;
use sources::{SOURCES, SourceKind};
use system::System;

/// The `job` label of host series in the store.
pub const JOB: &str = "node";
/// Runs between two tellings of types and helps.
const METADATA_EVERY: u64 = 240;

/// Watching this machine.
pub(crate) const KIND: CollectorKind = CollectorKind {
    about: About {
        name: "host",
        product: "node_exporter",
        summary: "Reads CPU, memory, disks, filesystems, network and load of this machine.",
        config_key: "collect.host",
    },
    source: || Box::new(HostPlan::default()),
};

/// Which collectors a page is asked for, as `node_exporter`'s `collect[]` and `exclude[]` say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFilter {
    /// Only these; empty is all that are on.
    pub collect: Vec<String>,
    /// All but these.
    pub exclude: Vec<String>,
}

/// Names of every collector that there is.
pub fn host_collectors() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|source| source.name)
}

/// Reads this machine on demand, for the exporter room and for the store alike. Set up by the runtime.
#[derive(Debug, Default)]
pub struct HostPages {
    reader: Mutex<Option<HostReader>>,
    /// A reader of its own: who looks at the machine each second must not wait for a whole page.
    live: Mutex<Option<Live>>,
    paths: Mutex<Option<ProcessPaths>>,
}

/// Where processes are described.
#[derive(Debug, Clone)]
struct ProcessPaths {
    procfs: String,
    rootfs: String,
}

impl HostPages {
    /// Pages of a machine outside of any runtime (`node_exporter`'s own way of running).
    ///
    /// # Errors
    /// When a pattern or a collector's name is wrong.
    pub fn of(config: &HostConfig, world: Arc<dyn World>) -> Result<Self, CollectError> {
        let pages = Self::default();
        pages.set_up(config, world)?;
        Ok(pages)
    }

    pub(crate) fn set_up(&self, config: &HostConfig, world: Arc<dyn World>) -> Result<(), CollectError> {
        let wrong = |message| CollectError::config("collect.host", message);
        let reader = HostReader::new(config, Arc::clone(&world)).map_err(wrong)?;
        let live = Live::new(config, world).map_err(wrong)?;
        *self.lock() = Some(reader);
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(live);
        let paths = ProcessPaths { procfs: config.procfs.clone(), rootfs: config.rootfs.clone() };
        *self.paths.lock().unwrap_or_else(PoisonError::into_inner) = Some(paths);
        Ok(())
    }

    /// What moves each second, of a reading that is at most so old; `None` where the machine is not watched. Blocks,
    /// though never for long.
    #[must_use]
    pub fn live(&self, max_age: Duration) -> Option<Arc<LiveReading>> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.as_mut().map(|live| live.reading(max_age))
    }

    /// Processes of the machine; `None` where it is not watched. Blocks.
    #[must_use]
    pub fn processes(&self) -> Option<Vec<Process>> {
        let paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(processes::of_machine(&paths.procfs, &paths.rootfs))
    }

    /// Names of the collectors that are on.
    #[must_use]
    pub fn collectors(&self) -> Vec<&'static str> {
        self.lock().as_ref().map(|reader| reader.names.clone()).unwrap_or_default()
    }

    /// Whether a page could be written for a filter.
    ///
    /// # Errors
    /// In `node_exporter`'s words, when the filter names a collector that is not there or is off.
    pub fn check(&self, filter: &PageFilter) -> Result<(), CollectError> {
        match self.lock().as_ref() {
            Some(reader) => reader.check(filter).map_err(CollectError::Malformed),
            None => Err(CollectError::Malformed("collect.host is off".to_owned())),
        }
    }

    /// Reads the machine now and appends the page; with `requests`, the exporter tells of itself too. Blocks, though
    /// never for long; call it on a thread for blocking work.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn write(
        &self,
        filter: &PageFilter,
        requests: Option<&Requests>,
        out: &mut Vec<u8>,
    ) -> Result<(), CollectError> {
        self.check(filter)?;
        if let Some(reader) = self.lock().as_mut() {
            reader.read(filter, Audience::Scraper(requests));
            reader.page.write(out);
        }
        Ok(())
    }

    fn rows(&self, at: Timestamp, instance: &str, with_metadata: bool) -> Reading {
        let mut reading = Reading::default();
        let mut reader = self.lock();
        let Some(reader) = reader.as_mut() else { return reading };
        reader.read(&PageFilter::default(), Audience::Store);
        reader.page.rows(at, instance, &mut reading.rows, with_metadata);
        let failures = reader.cells.iter().filter(|cell| cell.outcome.as_ref().is_err_and(|error| !error.is_absent()));
        reading.failures = failures.count();
        let complaint = |cell: &Cell| Some((cell.name, cell.budget.complaint()?));
        reading.held_back = reader.cells.iter().filter_map(complaint).collect();
        reading
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HostReader>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who a reading is for, which decides what is told of the reading itself.
#[derive(Debug, Clone, Copy)]
enum Audience<'a> {
    /// Who expects the original's page; with what the exporter has answered, when it tells of itself.
    Scraper(Option<&'a Requests>),
    Store,
}

/// What one reading gave for the store.
#[derive(Debug, Default)]
struct Reading {
    rows: MetricsBuilder,
    failures: usize,
    /// Collectors that were left out because they take too much CPU time, and what there is to say of it.
    held_back: Vec<(&'static str, String)>,
}

/// All collectors that are on, and the page of what they told.
#[derive(Debug)]
struct HostReader {
    names: Vec<&'static str>,
    /// Collectors at rest; one that has not come back is missing.
    cells: Vec<Cell>,
    /// Those that a filter or their budget leaves out, for as long as the others run.
    resting: Vec<Cell>,
    world: Arc<dyn World>,
    lane: Lane,
    page: Page,
    /// Success and duration of the collectors, and what the exporter is.
    own: Section,
    /// The kernel that runs this process.
    itself: System,
    took: Vec<Duration>,
    went_well: Vec<bool>,
}

impl HostReader {
    fn new(config: &HostConfig, world: Arc<dyn World>) -> Result<Self, String> {
        config.check()?;
        let own = HostConfig { compat: config.compat, ..HostConfig::default() };
        let on = SOURCES.iter().filter(|source| config.is_on(source.name, source.by_default(config.compat)));
        let cell = |(part, kind): (usize, &SourceKind)| {
            let source = kind.make(config)?;
            let (section, outcome, nothing) = (Section::default(), Ok(()), Duration::ZERO);
            let budget = Budget::new(config.collector_budget);
            Ok(Cell { part, name: kind.name, source, section, outcome, took: nothing, cost: nothing, budget })
        };
        let cells = on.enumerate().map(cell).collect::<Result<Vec<_>, String>>()?;
        Ok(Self {
            names: cells.iter().map(|cell| cell.name).collect(),
            resting: Vec::new(),
            world: Arc::clone(&world),
            lane: Lane::new(Arc::new(config.clone()), Arc::clone(&world)),
            page: Page::with_parts(cells.len() + 1),
            own: Section::default(),
            itself: System::new(&own, world),
            took: vec![Duration::ZERO; cells.len()],
            went_well: vec![false; cells.len()],
            cells,
        })
    }

    fn read(&mut self, filter: &PageFilter, audience: Audience<'_>) {
        let wanted = |name: &str| {
            let named = |list: &[String]| list.iter().any(|known| known == name);
            !named(&filter.exclude) && (filter.collect.is_empty() || named(&filter.collect))
        };
        // Whoever does not come back in time has not gone well.
        self.went_well.fill(false);
        let (mut index, now) = (0, self.world.elapsed());
        while let Some(cell) = self.cells.get_mut(index) {
            let is_wanted = wanted(cell.name);
            if is_wanted && cell.budget.admits(now) {
                index += 1;
                continue;
            }
            if is_wanted {
                // Its last values stand for this reading too.
                self.went_well[cell.part] = cell.outcome.is_ok();
            }
            self.resting.push(self.cells.swap_remove(index));
        }
        self.cells.sort_unstable_by_key(|cell| cell.part);
        self.lane.run(&mut self.cells);
        for cell in &mut self.cells {
            cell.budget.spend(std::mem::take(&mut cell.cost));
            if let Err(error) = &cell.outcome {
                tracing::debug!(collector = cell.name, %error, "collector failed");
            }
            self.went_well[cell.part] = cell.outcome.is_ok();
            self.took[cell.part] = cell.took;
            self.page.update(cell.part, &cell.section);
        }
        self.cells.append(&mut self.resting);
        self.tell_of_itself(wanted, audience);
        let names = &self.names;
        self.page.select(|part| names.get(part).is_none_or(|name| wanted(name)));
    }

    fn tell_of_itself(&mut self, wanted: impl Fn(&str) -> bool, audience: Audience<'_>) {
        self.own.begin();
        own::build(&mut self.own);
        for (part, name) in self.names.iter().enumerate().filter(|(_, name)| wanted(name)) {
            let labels = [("collector", *name)];
            self.own.put("node_scrape_collector_duration_seconds", &labels, self.took[part].as_secs_f64());
            self.own.put("node_scrape_collector_success", &labels, parse::flag(self.went_well[part]));
        }
        for cell in &self.cells {
            let labels = [("collector", cell.name)];
            if matches!(audience, Audience::Store) {
                let spent = cell.budget.spent().as_secs_f64();
                self.own.put("gatewatch_host_collector_cpu_seconds_total", &labels, spent);
            }
            if cell.budget.skips() > 0 {
                self.own.put("gatewatch_host_collector_skips_total", &labels, cell.budget.skips() as f64);
            }
        }
        if let Audience::Scraper(Some(requests)) = audience {
            own::requests(&mut self.own, requests);
            if let Err(error) = own::process(&self.itself, &mut self.own) {
                tracing::debug!(%error, "reading the exporter's own process failed");
            }
        }
        self.page.update(self.names.len(), &self.own);
    }

    fn check(&self, filter: &PageFilter) -> Result<(), String> {
        if !filter.collect.is_empty() && !filter.exclude.is_empty() {
            return Err("cannot specify both collect[] and exclude[]".to_owned());
        }
        for name in filter.collect.iter().chain(&filter.exclude) {
            if SOURCES.iter().all(|source| source.name != name) {
                return Err(format!("missing collector: {name}"));
            }
            if self.names.iter().all(|on| on != name) {
                return Err(format!("disabled collector: {name}"));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct HostPlan {
    config: Option<Arc<CollectConfig>>,
    versions: u64,
}

impl Source for HostPlan {
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>> {
        let before = self.config.replace(Arc::clone(&inputs.config));
        let config = &inputs.config.host;
        if before.is_some_and(|before| before.host == *config) {
            return None;
        }
        if !config.enabled {
            return Some(Vec::new());
        }
        if let Err(error) = inputs.context.host_pages.set_up(config, Arc::clone(&inputs.context.world)) {
            tracing::error!(%error, "the host cannot be watched");
            return Some(Vec::new());
        }
        self.versions += 1;
        let context = Arc::clone(&inputs.context);
        let interval = config.interval.get();
        Some(vec![Spec {
            id: "host".to_owned(),
            fingerprint: self.versions,
            interval,
            // Longer than every mount's own deadline together would be too long; stuck mounts are skipped after one.
            deadline: interval.max(Duration::from_secs(20)),
            seed: 0,
            keep: false,
            listed: true,
            build: Arc::new(move || Box::new(HostCollector::new(Arc::clone(&context)))),
        }])
    }
}

struct HostCollector {
    context: Arc<Context>,
    runs: u64,
    /// Collectors that the board lists as held back.
    held_back: Vec<&'static str>,
}

impl HostCollector {
    fn new(context: Arc<Context>) -> Self {
        Self { context, runs: 0, held_back: Vec::new() }
    }

    /// Lists those that run less often than wished, and no longer those that do not.
    fn report(&mut self, at: Timestamp, held_back: Vec<(&'static str, String)>) {
        let board = &self.context.board;
        let key = |name: &str| format!("host/{name}");
        for name in self.held_back.drain(..) {
            if held_back.iter().all(|(held, _)| *held != name) {
                board.set_collector(&key(name), None);
            }
        }
        for (name, complaint) in held_back {
            let status = CollectorStatus {
                name: name.to_owned(),
                kind: KIND.about.name,
                state: CollectorState::Paused,
                last_run: Some(at),
                error: Some(complaint),
                ..CollectorStatus::default()
            };
            board.set_collector(&key(name), Some(status));
            self.held_back.push(name);
        }
    }
}

impl Collector for HostCollector {
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let with_metadata = self.runs.is_multiple_of(METADATA_EVERY);
            self.runs += 1;
            let context = Arc::clone(&self.context);
            let read = move || {
                let instance = &context.options.host_name;
                context.host_pages.rows(run.at, instance, with_metadata)
            };
            let Reading { rows, failures, held_back } = match tokio::task::spawn_blocking(read).await {
                Ok(read) => read,
                Err(error) => return Output::failed(format!("reading the host: {error}")),
            };
            self.report(run.at, held_back);
            let error =
                (failures > 0).then(|| format!("{failures} collectors failed, see node_scrape_collector_success"));
            let tenant = self.context.options.tenant.clone();
            let batches = if rows.is_empty() { Vec::new() } else { vec![rows.finish(tenant)] };
            Output { batches, more: false, error }
        })
    }

    fn retire(&mut self, at: Timestamp) -> Vec<gw_batch::Batch> {
        self.report(at, Vec::new());
        Vec::new()
    }
}
