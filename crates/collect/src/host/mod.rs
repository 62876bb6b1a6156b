//! This machine, under `node_exporter`'s names: a batch for the store, and the page that scrapers of `node_exporter` expect.
//!
//! Series in the store carry `job="node"` and the machine's name as `instance`.

pub mod config;
mod page;
mod roots;
mod sources;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gw_base::{BoxFuture, Timestamp, World};
use gw_batch::MetricsBuilder;
use gw_formats::exposition::Writer;

use crate::CollectError;
use crate::collector::{About, Collector, CollectorKind, Output, Run, Source, Spec};
use crate::config::CollectConfig;
use crate::runtime::{Context, Inputs};

use config::HostConfig;
use page::Page;
use roots::Roots;
use sources::{HostSource, SOURCES};

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

/// Reads this machine on demand, for the exporter room and for the store alike. Set up by the runtime.
#[derive(Debug, Default)]
pub struct HostPages {
    reader: Mutex<Option<HostReader>>,
}

impl HostPages {
    /// Pages of a machine outside of any runtime (`node_exporter`'s own way of running).
    ///
    /// # Errors
    /// When a pattern or a collector's name is wrong.
    pub fn of(config: &HostConfig) -> Result<Self, CollectError> {
        let pages = Self::default();
        pages.set_up(config)?;
        Ok(pages)
    }

    pub(crate) fn set_up(&self, config: &HostConfig) -> Result<(), CollectError> {
        let reader = HostReader::new(config).map_err(|message| CollectError::config("collect.host", message))?;
        *self.lock() = Some(reader);
        Ok(())
    }

    /// Names of the collectors that are on.
    #[must_use]
    pub fn collectors(&self) -> Vec<&'static str> {
        self.lock().as_ref().map(|reader| reader.sources.iter().map(|(name, _)| *name).collect()).unwrap_or_default()
    }

    /// Reads the machine now and writes the page. Blocks; call it on a thread for blocking work.
    ///
    /// # Errors
    /// In `node_exporter`'s words, when the filter names a collector that is not there or is off.
    pub fn write(&self, filter: &PageFilter, world: &dyn World, writer: &mut Writer) -> Result<(), CollectError> {
        let mut reader = self.lock();
        let Some(reader) = reader.as_mut() else {
            return Err(CollectError::Malformed("collect.host is off".to_owned()));
        };
        let mut page = reader.read(filter, world).map_err(CollectError::Malformed)?;
        page.write(writer);
        Ok(())
    }

    fn rows(&self, at: Timestamp, world: &dyn World, instance: &str, with_metadata: bool) -> (MetricsBuilder, u64) {
        let mut rows = MetricsBuilder::default();
        let mut reader = self.lock();
        let Some(reader) = reader.as_mut() else { return (rows, 0) };
        let Ok(mut page) = reader.read(&PageFilter::default(), world) else { return (rows, 0) };
        page.rows(at, instance, &mut rows, with_metadata);
        (rows, reader.failures)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HostReader>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct HostReader {
    roots: Roots,
    sources: Vec<(&'static str, Box<dyn HostSource>)>,
    failures: u64,
}

impl std::fmt::Debug for HostReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostReader").field("roots", &self.roots).finish_non_exhaustive()
    }
}

impl HostReader {
    fn new(config: &HostConfig) -> Result<Self, String> {
        config.check()?;
        let on = SOURCES.iter().filter(|source| config.is_on(source.name, source.by_default));
        let sources = on.map(|source| source.make(config).map(|made| (source.name, made))).collect::<Result<_, _>>()?;
        Ok(Self { roots: Roots::new(config), sources, failures: 0 })
    }

    fn read(&mut self, filter: &PageFilter, world: &dyn World) -> Result<Page, String> {
        self.check(filter)?;
        self.failures = 0;
        let mut page = Page::default();
        build_info(&mut page);
        for (name, source) in &mut self.sources {
            let excluded = filter.exclude.iter().any(|excluded| excluded == name);
            let wanted = filter.collect.is_empty() || filter.collect.iter().any(|wanted| wanted == name);
            if excluded || !wanted {
                continue;
            }
            let started = world.elapsed();
            let outcome = source.read(&self.roots, world.now(), &mut page);
            let seconds = world.elapsed().saturating_sub(started).as_secs_f64();
            if let Err(error) = &outcome {
                self.failures += 1;
                tracing::debug!(collector = *name, error, "collector failed");
            }
            let help = "node_exporter: Duration of a collector scrape.";
            page.gauge("node_scrape_collector_duration_seconds", help).add(&[("collector", name)], seconds);
            let help = "node_exporter: Whether a collector succeeded.";
            let success = f64::from(u8::from(outcome.is_ok()));
            page.gauge("node_scrape_collector_success", help).add(&[("collector", name)], success);
        }
        Ok(page)
    }

    fn check(&self, filter: &PageFilter) -> Result<(), String> {
        if !filter.collect.is_empty() && !filter.exclude.is_empty() {
            return Err("cannot specify both collect[] and exclude[]".to_owned());
        }
        for name in filter.collect.iter().chain(&filter.exclude) {
            if SOURCES.iter().all(|source| source.name != name) {
                return Err(format!("missing collector: {name}"));
            }
            if self.sources.iter().all(|(on, _)| on != name) {
                return Err(format!("disabled collector: {name}"));
            }
        }
        Ok(())
    }
}

/// The family by which everybody finds node exporters; version and revision are our own.
fn build_info(page: &mut Page) {
    let help = "A metric with a constant '1' value labeled by version, revision, branch, goversion from which \
                node_exporter was built, and the goos and goarch for the build.";
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    page.gauge("node_exporter_build_info", help).add(
        &[
            ("branch", ""),
            ("goarch", architecture),
            ("goos", std::env::consts::OS),
            ("goversion", ""),
            ("revision", "gatewatch"),
            ("tags", ""),
            ("version", env!("CARGO_PKG_VERSION")),
        ],
        1.0,
    );
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
        if let Err(error) = inputs.context.host_pages.set_up(config) {
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
            build: Arc::new(move || Box::new(HostCollector { context: Arc::clone(&context), runs: 0 })),
        }])
    }
}

struct HostCollector {
    context: Arc<Context>,
    runs: u64,
}

impl Collector for HostCollector {
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let with_metadata = self.runs.is_multiple_of(METADATA_EVERY);
            self.runs += 1;
            let context = Arc::clone(&self.context);
            let read = move || {
                let instance = &context.options.host_name;
                context.host_pages.rows(run.at, context.world.as_ref(), instance, with_metadata)
            };
            let (rows, failures) = match tokio::task::spawn_blocking(read).await {
                Ok(read) => read,
                Err(error) => return Output::failed(format!("reading the host: {error}")),
            };
            let error =
                (failures > 0).then(|| format!("{failures} collectors failed, see node_scrape_collector_success"));
            let tenant = self.context.options.tenant.clone();
            let batches = if rows.is_empty() { Vec::new() } else { vec![rows.finish(tenant)] };
            Output { batches, more: false, error }
        })
    }
}
