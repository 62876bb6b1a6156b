//! Runs every collector: schedule, offset, deadline, concurrency, panic isolation, delivery, status, graceful stop.
//!
//! Sources say which collectors they want; the runtime compares that with those that run, keeps the unchanged ones, and
//! retires and starts the rest. A new configuration, a changed monitor and a changed `file_sd` file all go this way.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gw_base::{Labels, Map, Set, Tenant, World};
use gw_intake::Intake;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::CollectError;
use crate::board::Board;
use crate::client::Clients;
use crate::collector::{COLLECTORS, Source, Spec};
use crate::config::{CollectConfig, RelabelStep};
use crate::container::Containers;
use crate::host::HostPages;
use crate::outlet::Outlet;
use crate::probe::{MonitorSpec, Monitors};
use crate::runner::{Runner, Shared};
use crate::scrape::relabel::Rules;
use crate::tail::positions::Positions;

/// How often sources are asked whether their plan has changed.
const REFRESH: Duration = Duration::from_secs(5);
/// How long a stop waits for runs that are under way.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// What the runtime needs besides its configuration.
#[derive(Debug, Clone)]
pub struct RuntimeOptions {
    /// Where positions are kept.
    pub data_dir: PathBuf,
    /// Whose data it becomes.
    pub tenant: Tenant,
    /// Name of this machine, for `instance` of host metrics and `host` of tailed lines.
    pub host_name: String,
}

/// Everything that sources plan from.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The configuration; another pointer is another configuration.
    pub config: Arc<CollectConfig>,
    /// The monitors; another pointer is another list.
    pub monitors: Arc<[MonitorSpec]>,
    /// Ids of discovered endpoints that somebody accepted; another pointer is another set.
    pub accepted: Arc<Set<String>>,
    /// What collectors share.
    pub context: Arc<Context>,
}

/// What collectors share.
#[derive(Debug)]
pub struct Context {
    /// Time and randomness.
    pub world: Arc<dyn World>,
    /// Where status is posted.
    pub board: Arc<Board>,
    /// HTTP clients, one for each distinct TLS setting.
    pub clients: Clients,
    /// Positions of followed files.
    pub positions: Positions,
    /// The last host page.
    pub host_pages: Arc<HostPages>,
    /// Containers of this machine.
    pub containers: Containers,
    /// Options.
    pub options: RuntimeOptions,
    /// Previous results of monitors, which outlive a changed setting.
    pub(crate) monitors: Monitors,
}

/// The collector runtime. Cloning gives another handle to the same one.
#[derive(Debug, Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: RwLock<Arc<CollectConfig>>,
    accepted: RwLock<Arc<Set<String>>>,
    monitors: watch::Receiver<Arc<[MonitorSpec]>>,
    changed: Notify,
    context: Arc<Context>,
    outlet: Outlet,
}

impl Runtime {
    /// A runtime that will collect what `config` says once [`Runtime::run`] is called.
    ///
    /// # Errors
    /// When the configuration is wrong or the positions file cannot be read.
    pub fn new(
        options: RuntimeOptions,
        config: CollectConfig,
        monitors: watch::Receiver<Arc<[MonitorSpec]>>,
        intake: Intake,
        world: Arc<dyn World>,
    ) -> Result<Self, CollectError> {
        config.check()?;
        let context = Context {
            board: Arc::default(),
            clients: Clients::default(),
            positions: Positions::open(&options.data_dir.join("positions.json"))?,
            host_pages: Arc::default(),
            containers: Containers::default(),
            monitors: Monitors::default(),
            options,
            world: Arc::clone(&world),
        };
        if config.host.enabled {
            // Pages are there before the collector's first run, so that a scrape right after the start finds them.
            context.host_pages.set_up(&config.host, Arc::clone(&world))?;
        }
        if config.containers.enabled {
            context.containers.set_up(&config.containers)?;
        }
        let inner = Inner {
            config: RwLock::new(Arc::new(config)),
            accepted: RwLock::default(),
            monitors,
            changed: Notify::new(),
            context: Arc::new(context),
            outlet: Outlet::new(intake, world),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What every collector is doing.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.inner.context.board)
    }

    /// The host collector's pages, for the exporter room.
    #[must_use]
    pub fn host_pages(&self) -> Arc<HostPages> {
        Arc::clone(&self.inner.context.host_pages)
    }

    /// Containers of this machine, for the cAdvisor room and the UI.
    #[must_use]
    pub fn containers(&self) -> Containers {
        self.inner.context.containers.clone()
    }

    /// Takes another configuration; unchanged collectors go on undisturbed.
    ///
    /// # Errors
    /// When it is wrong; the old one stays then.
    pub fn reload(&self, config: CollectConfig) -> Result<(), CollectError> {
        config.check()?;
        *self.inner.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.inner.changed.notify_one();
        Ok(())
    }

    /// What each target relabelling rule of a scrape job makes of a label set; `None` when there is no such job.
    #[must_use]
    pub fn relabel_steps(&self, job: &str, labels: &Labels) -> Option<Vec<RelabelStep>> {
        let config = Arc::clone(&self.inner.config.read().unwrap_or_else(PoisonError::into_inner));
        let job = config.scrape.configs.iter().find(|config| config.job_name == job)?;
        let rules = Rules::compile(&job.relabel_configs).ok()?;
        Some(rules.steps(&mut labels.to_builder()))
    }

    /// Says which discovered endpoints (ids of [`Board::discovered`]) are to be collected.
    pub fn accept(&self, ids: impl IntoIterator<Item = String>) {
        let ids = Arc::new(ids.into_iter().collect());
        *self.inner.accepted.write().unwrap_or_else(PoisonError::into_inner) = ids;
        self.inner.changed.notify_one();
    }

    /// Checks a monitor once, now, without storing anything.
    pub async fn test_monitor(&self, spec: &MonitorSpec) -> crate::board::Beat {
        crate::probe::check_once(spec, &self.inner.context).await
    }

    /// Collects until cancelled, then lets runs that are under way finish.
    pub async fn run(self, cancel: CancellationToken) {
        let inputs = self.inputs();
        let limit = inputs.config.limits.concurrent_runs;
        let shared = Arc::new(Shared {
            context: Arc::clone(&self.inner.context),
            outlet: self.inner.outlet.clone(),
            permits: Semaphore::new(limit),
            shutdown: cancel.clone(),
        });
        let mut crew = Crew { shared, tracker: TaskTracker::new(), running: Map::default() };
        let mut sources: Vec<(&'static str, Box<dyn Source>)> =
            COLLECTORS.iter().map(|kind| (kind.about.name, (kind.source)())).collect();
        let mut monitors = self.inner.monitors.clone();
        let mut monitors_open = true;
        while !cancel.is_cancelled() {
            let inputs = self.inputs();
            for (kind, source) in &mut sources {
                if let Some(specs) = source.plan(&inputs) {
                    crew.replace(kind, specs);
                }
            }
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.inner.changed.notified() => {}
                changed = monitors.changed(), if monitors_open => monitors_open = changed.is_ok(),
                () = self.inner.context.world.sleep(REFRESH) => {}
            }
        }
        crew.stop().await;
    }

    fn inputs(&self) -> Inputs {
        Inputs {
            config: Arc::clone(&self.inner.config.read().unwrap_or_else(PoisonError::into_inner)),
            accepted: Arc::clone(&self.inner.accepted.read().unwrap_or_else(PoisonError::into_inner)),
            monitors: Arc::clone(&self.inner.monitors.borrow()),
            context: Arc::clone(&self.inner.context),
        }
    }
}

/// The collectors that run, by kind and id.
struct Crew {
    shared: Arc<Shared>,
    tracker: TaskTracker,
    running: Map<(&'static str, String), (u64, CancellationToken)>,
}

impl Crew {
    /// Waits for runs that are under way.
    async fn stop(self) {
        self.tracker.close();
        tokio::select! {
            () = self.tracker.wait() => {}
            () = self.shared.context.world.sleep(STOP_PATIENCE) => {
                tracing::warn!(tasks = self.tracker.len(), "collectors did not stop in time and are abandoned");
            }
        }
    }

    fn replace(&mut self, kind: &'static str, specs: Vec<Spec>) {
        let wanted: Set<&str> = specs.iter().map(|spec| spec.id.as_str()).collect();
        self.running.retain(|(running_kind, id), (_, retire)| {
            let keep = *running_kind != kind || wanted.contains(id.as_str());
            if !keep {
                retire.cancel();
            }
            keep
        });
        for spec in specs {
            let key = (kind, spec.id.clone());
            match self.running.get(&key) {
                Some((fingerprint, _)) if *fingerprint == spec.fingerprint => continue,
                Some((_, retire)) => retire.cancel(),
                None => {}
            }
            let retire = CancellationToken::new();
            self.running.insert(key, (spec.fingerprint, retire.clone()));
            let runner = Runner::new(kind, spec, Arc::clone(&self.shared), retire);
            self.tracker.spawn(runner.run());
        }
    }
}
