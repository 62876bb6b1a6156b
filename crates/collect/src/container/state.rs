//! What is known at one moment, and how it gets newer: events are followed, groups are read, machine and names are kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gw_base::{Timestamp, World};

use super::config::{Compat, ContainerConfig};
use super::disk::{self, Layers};
use super::event::{Event, EventKind};
use super::files::Files;
use super::identity::Runtime;
use super::layout::Layout;
use super::machine;
use super::metadata::Metadata;
use super::model::{Container, Machine, Stats};
use super::names::Devices;
use super::oom::{KernelLog, Kill};
use super::page::Read;
use super::read::{self, Round};
use super::sets::{MetricSet, MetricSets};
use super::tree::{Group, Tree};

/// Readings that are kept of each group.
const KEPT_READINGS: usize = 8;
/// Distance of looks at every folder, which find groups in hierarchies that are not watched.
const WALK_EVERY: Duration = Duration::from_secs(60);
/// The same where folders cannot be watched.
const BLIND_WALK_EVERY: Duration = Duration::from_secs(1);
/// Distance of looks at the machine.
const MACHINE_EVERY: Duration = Duration::from_secs(300);

/// A container that somebody is to be asked about.
pub(super) type Question = (String, Runtime, String);

/// Everything that is known.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: ContainerConfig,
    pub(super) sets: MetricSets,
    tree: Tree,
    log: Option<KernelLog>,
    layers: Arc<Layers>,
    devices: Devices,
    pub(super) machine: Arc<Machine>,
    walked: Option<Duration>,
    looked: Option<Duration>,
    read: Option<Duration>,
    /// When to ask again, by path.
    ask_at: BTreeMap<String, (Duration, u32)>,
}

impl State {
    pub(super) fn new(config: &ContainerConfig) -> Result<Self, String> {
        config.check()?;
        let paths = &config.paths;
        let layout = Layout::of(Path::new(&paths.cgroup));
        let tree = Tree::new(layout, Files::new(config.open_files), &paths.procfs, config.max_groups);
        Ok(Self {
            sets: config.sets()?,
            log: config.sets()?.has(MetricSet::OomEvent).then(|| KernelLog::open(&paths.kmsg)).flatten(),
            tree,
            layers: Arc::default(),
            devices: Devices::default(),
            machine: Arc::default(),
            walked: None,
            looked: None,
            read: None,
            ask_at: BTreeMap::new(),
            config: config.clone(),
        })
    }

    /// The release whose families are told.
    pub(super) fn compat(&self) -> Compat {
        Compat::parse(&self.config.compat).unwrap_or_default()
    }

    /// Follows what happened to groups and processes since the last time.
    pub(super) fn follow(&mut self, world: &dyn World) {
        let (now, elapsed) = (world.now(), world.elapsed());
        let lost = self.tree.follow(now);
        let every = if self.tree.is_blind() { BLIND_WALK_EVERY } else { WALK_EVERY };
        if lost || self.walked.is_none_or(|walked| elapsed.saturating_sub(walked) >= every) {
            self.tree.walk(now);
            self.walked = Some(elapsed);
        }
        let kills = self.log.as_mut().map(KernelLog::kills).unwrap_or_default();
        let uptime = uptime(&self.config.paths.procfs, &mut self.tree.files);
        kills.iter().for_each(|kill| self.take_kill(kill, now, uptime));
        for path in std::mem::take(&mut self.tree.unnamed) {
            self.ask_at.insert(path, (elapsed, 0));
        }
    }

    fn take_kill(&mut self, kill: &Kill, now: Timestamp, uptime: Option<Duration>) {
        // The log's clock is that of the uptime; without it the kill is dated to when it was seen.
        let ago = uptime.map(|uptime| uptime.saturating_sub(Duration::from_micros(kill.at_us)));
        let at = ago.map_or(now, |ago| now - ago);
        let name = |group: Option<&Group>| {
            group.and_then(|group| group.container.aliases.first().cloned()).unwrap_or_default()
        };
        if let Some(group) = self.tree.groups.get_mut(&kill.limited)
            && group.container.spec.created.is_none_or(|created| at >= created)
        {
            group.kills += 1;
        }
        let limited = (kill.limited.clone(), name(self.tree.groups.get(&kill.limited)));
        let victim = (kill.victim.clone(), name(self.tree.groups.get(&kill.victim)));
        self.tree.events.push(at, (&limited.0, &limited.1), EventKind::OutOfMemory);
        let killed = EventKind::Killed { pid: kill.pid, process: kill.process.clone() };
        self.tree.events.push(at, (&victim.0, &victim.1), killed);
    }

    /// Whether the last readings are older than that.
    pub(super) fn is_older(&self, world: &dyn World, age: Duration) -> bool {
        self.read.is_none_or(|read| world.elapsed().saturating_sub(read) >= age)
    }

    /// Takes a reading of every group that is wanted.
    pub(super) fn read(&mut self, world: &Arc<dyn World>) {
        let elapsed = world.elapsed();
        let at = world.now();
        self.read = Some(elapsed);
        if self.looked.is_none_or(|looked| elapsed.saturating_sub(looked) >= MACHINE_EVERY) {
            self.look(at, elapsed);
        }
        let round = Round {
            at,
            sets: self.sets,
            with_tasks: self.config.enable_load_reader,
            procfs: &self.config.paths.procfs,
            devices: &self.devices,
        };
        let mut layers = Vec::new();
        for (path, group) in &mut self.tree.groups {
            if !is_wanted(&self.config, path, group) {
                continue;
            }
            let mut stats = recycled(group);
            read::group(group, &self.tree.layout, &mut self.tree.files, &round, &mut stats);
            if self.sets.has(MetricSet::Disk) {
                let container = group.runtime.and(group.process).map(|(pid, _)| pid);
                layers.extend(container.map(|pid| (path.clone(), pid)));
                stats.filesystems.clear();
                stats.filesystems.extend(self.layers.get(path));
                if path == "/" {
                    stats.filesystems = disk::of_the_machine(&self.config.paths, &mut self.tree.files);
                }
                group.container.spec.has_filesystem = !stats.filesystems.is_empty();
            }
            group.readings.push_back(Arc::new(stats));
        }
        self.layers.refresh(layers, &self.config.paths, world);
    }

    fn look(&mut self, at: Timestamp, elapsed: Duration) {
        let paths = &self.config.paths;
        let partitions = self.tree.files.read_path(&format!("{}/partitions", paths.procfs));
        self.devices = Devices::of(partitions.unwrap_or_default());
        let docker = (self.machine.docker.clone(), self.machine.docker_api.clone());
        let mut machine = machine::look(paths, at);
        (machine.docker, machine.docker_api) = docker;
        self.machine = Arc::new(machine);
        self.looked = Some(elapsed);
    }

    /// Containers with their last readings, by path.
    pub(super) fn readings(&self) -> Vec<Read<'_>> {
        let groups = self.tree.groups.iter().filter(|(path, group)| is_wanted(&self.config, path, group));
        groups.filter_map(|(_, group)| Some((&group.container, group.readings.back()?.as_ref()))).collect()
    }

    /// Containers with all readings that are kept, by path.
    pub(super) fn containers(&self) -> Vec<Container> {
        let groups = self.tree.groups.iter().filter(|(path, group)| is_wanted(&self.config, path, group));
        groups
            .map(|(_, group)| Container { stats: group.readings.iter().cloned().collect(), ..group.container.clone() })
            .collect()
    }

    /// Numbers of the processes of a group.
    pub(super) fn processes(&mut self, path: &str) -> Option<Vec<u32>> {
        let group = self.tree.groups.get(path)?;
        Some(read::pids(group, &self.tree.layout, &mut self.tree.files))
    }

    /// Events from a number on.
    pub(super) fn events(&self, since: u64) -> (Vec<Event>, u64) {
        (self.tree.events.since(since).cloned().collect(), self.tree.events.next())
    }

    /// Containers whose time has come to be asked about, with a note whether one of them is new.
    pub(super) fn questions(&mut self, elapsed: Duration) -> (Vec<Question>, bool) {
        let groups = &self.tree.groups;
        self.ask_at.retain(|path, _| groups.contains_key(path));
        let due = self.ask_at.iter().filter(|(_, (at, _))| *at <= elapsed);
        let mut is_new = false;
        let questions: Vec<Question> = due
            .filter_map(|(path, (_, asked))| {
                is_new |= *asked == 0;
                let group = groups.get(path)?;
                Some((path.clone(), group.runtime?, group.container.id.clone()))
            })
            .collect();
        for (path, ..) in &questions {
            if let Some((at, asked)) = self.ask_at.get_mut(path) {
                *asked += 1;
                // A runtime that does not know it yet is asked again soon, then ever more rarely.
                *at = elapsed + Duration::from_secs(1 << (*asked).min(6));
            }
        }
        (questions, is_new)
    }

    /// Takes over an answer.
    pub(super) fn answer(&mut self, path: &str, found: Metadata, elapsed: Duration) {
        let Some(group) = self.tree.groups.get_mut(path) else { return };
        if !found.is_certain && group.container.aliases.len() > 1 {
            return;
        }
        if found.is_certain
            && let Some(ask) = self.ask_at.get_mut(path)
        {
            // A health check has news every few seconds; a name hardly ever.
            ask.0 = elapsed + Duration::from_secs(if found.health.is_some() { 15 } else { 300 });
        }
        group.shares_network = found.shares_network;
        let container = &mut group.container;
        container.aliases = found.aliases;
        container.namespace = found.namespace;
        container.spec.image = found.image;
        container.spec.labels = found.labels;
        container.spec.envs = found.envs;
        container.spec.health = found.health;
        container.spec.created = found.created.or(container.spec.created);
        container.spec.started = found.started.or(container.spec.started);
    }

    /// Takes over Docker's version.
    pub(super) fn docker(&mut self, (version, api): (String, String)) {
        let machine = Arc::make_mut(&mut self.machine);
        (machine.docker, machine.docker_api) = (version, api);
    }
}

/// The memory of the oldest reading, if nobody holds it any more, or new memory.
fn recycled(group: &mut Group) -> Stats {
    if group.readings.len() < KEPT_READINGS {
        return Stats::default();
    }
    group.readings.pop_front().and_then(Arc::into_inner).unwrap_or_default()
}

fn is_wanted(config: &ContainerConfig, path: &str, group: &Group) -> bool {
    if path == "/" {
        return !config.disable_root_cgroup_stats;
    }
    let listed = || {
        let prefixes = config.raw_cgroup_prefix_whitelist.iter().filter(|prefix| !prefix.is_empty());
        prefixes.into_iter().any(|prefix| path.starts_with(prefix.as_str()))
    };
    group.runtime.is_some() || !config.docker_only || listed()
}

fn uptime(procfs: &str, files: &mut Files) -> Option<Duration> {
    let text = files.read_path(&format!("{procfs}/uptime"))?;
    let seconds: f64 = std::str::from_utf8(text).ok()?.split(' ').next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
