//! What this machine is made of, as events: its hardware and its packages once after the start, and each change after that.
//!
//! Nothing is told while nothing changes. What changed while nobody looked is not told as a change: the list at the start is
//! whole.

pub(crate) mod config;
mod hardware;
mod packages;
mod rpm;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gw_base::{BoxFuture, Labels, Timestamp};
use gw_batch::{Batch, EventRow, EventsBuilder};

use crate::collector::{About, Collector, CollectorKind, Output, Run, Source, Spec};
use crate::config::CollectConfig;
use crate::runtime::{Context, Inputs};

use packages::PackageList;
use rpm::RpmDatabase;

/// Looking at hardware and packages.
pub(crate) const KIND: CollectorKind = CollectorKind {
    about: About {
        name: "inventory",
        product: "Gatewatch",
        summary: "Tells hardware and packages of this machine as events, at the start and when they change.",
        config_key: "collect.inventory",
    },
    source: || Box::new(InventorySource::default()),
};

/// OpenTelemetry's severity number INFO.
const INFO: u8 = 9;
/// Changes of one look that are told one by one.
const MAX_CHANGES: usize = 200;
/// Longest list of packages in an event.
const MAX_BODY_BYTES: usize = 256 << 10;

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roots {
    pub(crate) procfs: String,
    pub(crate) sysfs: String,
    pub(crate) rootfs: String,
}

/// Things by sort (`disk`, `package`, ...) and name, each with a description.
type Things = BTreeMap<(&'static str, String), String>;

#[derive(Debug, Default)]
struct InventorySource {
    config: Option<Arc<CollectConfig>>,
    versions: u64,
}

impl Source for InventorySource {
    fn plan(&mut self, inputs: &Inputs) -> Option<Vec<Spec>> {
        let before = self.config.replace(Arc::clone(&inputs.config));
        let config = &inputs.config;
        if before.is_some_and(|before| before.inventory == config.inventory && before.host == config.host) {
            return None;
        }
        // Whoever wants nothing of this machine wants no list of it either.
        if !config.inventory.enabled || !config.host.enabled {
            return Some(Vec::new());
        }
        self.versions += 1;
        let (procfs, sysfs) = (config.host.procfs.clone(), config.host.sysfs.clone());
        let roots = Roots { procfs, sysfs, rootfs: config.host.rootfs.clone() };
        let context = Arc::clone(&inputs.context);
        Some(vec![Spec {
            id: "inventory".to_owned(),
            fingerprint: self.versions,
            interval: config.inventory.interval.get(),
            deadline: Duration::from_mins(1),
            seed: 0,
            keep: false,
            listed: true,
            build: Arc::new(move || Box::new(Inventory::new(Arc::clone(&context), roots.clone()))),
        }])
    }
}

struct Inventory {
    context: Arc<Context>,
    rootfs: PathBuf,
    rpm: RpmDatabase,
    state: Arc<Mutex<State>>,
}

/// What was there at the last look.
struct State {
    roots: Roots,
    packages: PackageList,
    known: Option<Things>,
}

impl Inventory {
    fn new(context: Arc<Context>, roots: Roots) -> Self {
        let rootfs = PathBuf::from(&roots.rootfs);
        let state = State { roots, packages: PackageList::default(), known: None };
        Self { context, rootfs, rpm: RpmDatabase::default(), state: Arc::new(Mutex::new(state)) }
    }
}

impl Collector for Inventory {
    fn run(&mut self, run: Run) -> BoxFuture<'_, Output> {
        Box::pin(async move {
            let listed = self.rpm.read(&self.rootfs).await;
            let (state, context) = (Arc::clone(&self.state), Arc::clone(&self.context));
            let look = move || {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(packages) = listed {
                    state.packages.take_from_rpm(packages);
                }
                state.look(run.at, &context)
            };
            match tokio::task::spawn_blocking(look).await {
                Ok(batches) => Output { batches, more: false, error: None },
                Err(error) => Output::failed(format!("reading the inventory: {error}")),
            }
        })
    }
}

impl State {
    fn look(&mut self, at: Timestamp, context: &Context) -> Vec<Batch> {
        let mut now = hardware::read(&self.roots);
        let rootfs = Path::new(&self.roots.rootfs);
        now.extend(self.packages.read(rootfs).iter().map(|(name, version)| {
            // The list is shared with the next look, which mostly finds the file unchanged.
            (("package", name.clone()), version.clone())
        }));
        let mut teller = Teller { at, host: &context.options.host_name, events: EventsBuilder::default() };
        match &self.known {
            None => teller.tell_all(&now, self.packages.manager()),
            Some(before) => teller.tell_changes(before, &now),
        }
        self.known = Some(now);
        let is_silent = teller.events.is_empty();
        if is_silent { Vec::new() } else { vec![teller.events.finish(context.options.tenant.clone())] }
    }
}

/// Words events.
struct Teller<'a> {
    at: Timestamp,
    host: &'a str,
    events: EventsBuilder,
}

impl Teller<'_> {
    fn push(&mut self, kind: &str, sort: &str, (title, body): (&str, Option<&str>), value: Option<f64>) {
        let subject = Labels::from_pairs([("instance", self.host), ("sort", sort)]);
        let row = EventRow { time: self.at, kind, severity: Some(INFO), title, body, value, attributes: None };
        self.events.push(&subject, &row);
    }

    /// Two lists: what the machine is, and what is installed on it.
    fn tell_all(&mut self, now: &Things, manager: &str) {
        let is_package = |(sort, _): &(&str, String)| *sort == "package";
        let (packages, hardware): (Vec<_>, Vec<_>) = now.iter().partition(|(key, _)| is_package(key));
        let lines: Vec<String> =
            hardware.iter().map(|((sort, name), description)| format!("{sort} {name}: {description}")).collect();
        let title = format!("{} is made of {} parts", self.host, hardware.len());
        let body = Some(lines.join("\n"));
        self.push("inventory.hardware", "hardware", (&title, body.as_deref()), Some(hardware.len() as f64));
        if packages.is_empty() {
            return;
        }
        let mut body = String::new();
        for ((_, name), version) in &packages {
            if body.len() + name.len() + version.len() + 2 > MAX_BODY_BYTES {
                break;
            }
            body.extend([name.as_str(), " ", version.as_str(), "\n"]);
        }
        let title = format!("{} has {} packages installed ({manager})", self.host, packages.len());
        self.push("inventory.packages", "package", (&title, Some(body.trim_end())), Some(packages.len() as f64));
    }

    /// An event for each thing that is new, gone or another.
    fn tell_changes(&mut self, before: &Things, now: &Things) {
        let gone = before.keys().filter(|key| !now.contains_key(*key)).map(|key| (key, None));
        let changed = now.iter().filter(|(key, description)| before.get(*key) != Some(*description));
        let changes: Vec<_> = gone.chain(changed.map(|(key, description)| (key, Some(description)))).collect();
        for (key, description) in changes.iter().take(MAX_CHANGES) {
            let (sort, name) = key;
            let title = match (before.get(*key), description) {
                (Some(old), Some(new)) => format!("{sort} {name} on {}: {old} became {new}", self.host),
                (None, Some(new)) => format!("{sort} {name} is new on {}: {new}", self.host),
                (old, _) => {
                    format!("{sort} {name} is gone from {}: {}", self.host, old.map_or("", String::as_str))
                }
            };
            self.push("inventory.change", sort, (&title, None), None);
        }
        if let Some(more) = changes.len().checked_sub(MAX_CHANGES).filter(|more| *more > 0) {
            let title = format!("{more} more changes on {}", self.host);
            self.push("inventory.change", "more", (&title, None), Some(more as f64));
        }
    }
}
