//! Containers under cAdvisor's names: a batch for the store, the page that its scrapers expect, and the model behind its API.
//!
//! Groups are found by their folders in every cgroup hierarchy and followed by inotify; names come from the runtimes. Readings
//! are taken when somebody asks, at most once a second, so that watching costs nothing while nobody looks.
//!
//! Deliberately absent: an HTTP face (the cAdvisor room has it), and anything that runs on its own, but for short threads that
//! ask runtimes for names and walk layers, because both may take long.

pub mod config;
mod disk;
mod event;
mod families;
mod files;
mod identity;
mod labels;
mod layout;
mod machine;
mod machine_page;
mod metadata;
pub mod model;
mod mounts;
mod names;
mod oom;
mod page;
mod parse;
mod plan;
pub(crate) mod processes;
mod read;
mod sets;
mod state;
mod tcp;
mod tree;
mod unix_http;
mod watch;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gw_base::{Timestamp, World};
use gw_batch::MetricsBuilder;

use crate::CollectError;

use config::ContainerConfig;
use metadata::Metadata;
use model::{Container, Machine};
use state::{Question, State};

pub use config::Compat;
pub use event::{Event, EventKind};
pub use labels::LabelPolicy;
pub use page::{PageOptions, render};
pub(crate) use plan::KIND;
pub use processes::Process;
pub use sets::{MetricSet, MetricSets};
pub use tcp::TCP_COUNTERS;

/// The `job` label of containers' series in the store.
pub const JOB: &str = "cadvisor";
/// Readings that are younger are told again instead of being taken anew.
const FRESH: Duration = Duration::from_secs(1);
/// Longest wait for the names of containers that are new.
const NAME_PATIENCE: Duration = Duration::from_millis(500);

/// Everything at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Groups by path, with the readings that are kept.
    pub containers: Vec<Container>,
    /// The machine.
    pub machine: Arc<Machine>,
}

/// Watches containers, for the room, the UI and the store alike. Cloning gives another handle to the same.
#[derive(Debug, Clone, Default)]
pub struct Containers {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<Option<State>>,
    names: Mutex<Names>,
    answered: Condvar,
}

/// Answers of runtimes on their way.
#[derive(Debug, Default)]
struct Names {
    is_asking: bool,
    answers: Vec<(String, Metadata)>,
    docker: Option<(String, String)>,
}

impl Containers {
    /// Watches containers outside of any runtime (cAdvisor's own way of running).
    ///
    /// # Errors
    /// When a setting is wrong.
    pub fn of(config: &ContainerConfig) -> Result<Self, CollectError> {
        let containers = Self::default();
        containers.set_up(config)?;
        Ok(containers)
    }

    pub(crate) fn set_up(&self, config: &ContainerConfig) -> Result<(), CollectError> {
        let state = State::new(config).map_err(|message| CollectError::config("collect.containers", message))?;
        *self.lock() = Some(state);
        Ok(())
    }

    pub(crate) fn switch_off(&self) {
        *self.lock() = None;
    }

    /// Whether containers are watched.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.inner.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metrics page, of readings that are at most a second old. Blocks; call it on a thread for blocking work.
    #[must_use]
    pub fn page(&self, world: &Arc<dyn World>) -> String {
        self.refresh(world, FRESH);
        let state = self.lock();
        let Some(state) = state.as_ref() else { return render(None, None, &fallback_options()) };
        page::render_read(Some(&state.readings()), Some(&state.machine), &options(state))
    }

    /// Everything, of readings that are at most so old. Blocks.
    #[must_use]
    pub fn snapshot(&self, world: &Arc<dyn World>, max_age: Duration) -> Snapshot {
        self.refresh(world, max_age);
        let state = self.lock();
        let Some(state) = state.as_ref() else { return Snapshot::default() };
        Snapshot { containers: state.containers(), machine: Arc::clone(&state.machine) }
    }

    /// What happened from an event's number on, oldest first, and the number of the next event. Blocks.
    #[must_use]
    pub fn events(&self, world: &Arc<dyn World>, since: u64) -> (Vec<Event>, u64) {
        let mut state = self.lock();
        let Some(state) = state.as_mut() else { return (Vec::new(), 0) };
        state.follow(world.as_ref());
        state.events(since)
    }

    /// Processes of a group; `None` where there is no such group. Blocks.
    #[must_use]
    pub fn processes(&self, world: &Arc<dyn World>, path: &str) -> Option<Vec<Process>> {
        let mut state = self.lock();
        let state = state.as_mut()?;
        state.follow(world.as_ref());
        let pids = state.processes(path)?;
        Some(processes::describe(&state.config.paths, &pids, (path, state.machine.memory_bytes)))
    }

    /// Rows for the store, and events since a number.
    fn rows(&self, world: &Arc<dyn World>, (at, instance): (Timestamp, &str), with_metadata: bool) -> MetricsBuilder {
        self.refresh(world, FRESH);
        let state = self.lock();
        let Some(state) = state.as_ref() else { return MetricsBuilder::default() };
        page::rows(&state.readings(), Some(&state.machine), &options(state), (at, JOB, instance), with_metadata)
    }

    /// Makes readings at most so old, and asks for names of containers that are new.
    fn refresh(&self, world: &Arc<dyn World>, max_age: Duration) {
        let (questions, is_new, config) = {
            let mut state = self.lock();
            let Some(state) = state.as_mut() else { return };
            state.follow(world.as_ref());
            self.take_answers(state, world.elapsed());
            let (questions, is_new) =
                if self.names().is_asking { (Vec::new(), false) } else { state.questions(world.elapsed()) };
            (questions, is_new, state.config.clone())
        };
        if !questions.is_empty() {
            self.ask(questions, config);
        }
        if is_new {
            self.await_answers();
        }
        let mut state = self.lock();
        let Some(state) = state.as_mut() else { return };
        self.take_answers(state, world.elapsed());
        if state.is_older(world.as_ref(), max_age) {
            state.read(world);
        }
    }

    fn take_answers(&self, state: &mut State, elapsed: Duration) {
        let (answers, docker) = {
            let mut names = self.names();
            (std::mem::take(&mut names.answers), names.docker.take())
        };
        answers.into_iter().for_each(|(path, found)| state.answer(&path, found, elapsed));
        if let Some(version) = docker {
            state.docker(version);
        }
    }

    /// Asks runtimes on a thread of its own: a socket that does not answer must not hold up a page.
    fn ask(&self, questions: Vec<Question>, config: ContainerConfig) {
        let mut names = self.names();
        if names.is_asking {
            return;
        }
        names.is_asking = true;
        let inner = Arc::clone(&self.inner);
        let work = move || {
            let lock = || inner.names.lock().unwrap_or_else(PoisonError::into_inner);
            let docker = metadata::docker_version(&config.paths.docker);
            lock().docker = docker;
            for (path, runtime, id) in questions {
                let found = metadata::find(&config.paths, &config.env_metadata_whitelist, (runtime, &id));
                lock().answers.push((path, found));
            }
            lock().is_asking = false;
            inner.answered.notify_all();
        };
        names.is_asking = std::thread::Builder::new().name("container-names".to_owned()).spawn(work).is_ok();
    }

    fn await_answers(&self) {
        let names = self.names();
        let waited = self.inner.answered.wait_timeout_while(names, NAME_PATIENCE, |names| names.is_asking);
        drop(waited);
    }
}

fn options(state: &State) -> PageOptions {
    PageOptions { sets: state.sets, compat: state.compat(), labels: LabelPolicy::of(&state.config) }
}

fn fallback_options() -> PageOptions {
    let config = ContainerConfig::default();
    PageOptions { sets: MetricSets::default(), compat: Compat::default(), labels: LabelPolicy::of(&config) }
}
