//! The groups that are there: found by looking once, then kept by what happens to their folders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use gw_base::{Map, Timestamp};
use rustix::fs::{AtFlags, Mode, OFlags, openat, statat};

use super::event::{EventKind, Events};
use super::files::{Files, GroupFiles, Places};
use super::identity::{self, Runtime};
use super::layout::Layout;
use super::model::{Container, Stats};
use super::parse;
use super::watch::{Happening, Watcher};

/// Longest path of a group.
const MAX_PATH: usize = 3_000;
/// Deepest nesting of groups.
const MAX_DEPTH: usize = 32;

/// A group.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) places: Places,
    pub(super) files: GroupFiles,
    /// What is told of it, without readings.
    pub(super) container: Container,
    pub(super) runtime: Option<Runtime>,
    /// Readings, oldest first.
    pub(super) readings: VecDeque<Arc<Stats>>,
    /// A process of it, and whether that has a network of its own.
    pub(super) process: Option<(u32, bool)>,
    /// Network devices belong to another container of its pod.
    pub(super) shares_network: bool,
    /// Kills that the kernel's log told of.
    pub(super) kills: u64,
    /// Rounds since its limits were read.
    pub(super) spec_age: u32,
    /// CPU waits of processes that have ended, and of those that run.
    pub(super) schedule: super::read::Schedule,
}

/// All groups.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) layout: Layout,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) files: Files,
    pub(super) events: Events,
    /// Containers that nobody has been asked about yet.
    pub(super) unnamed: BTreeSet<String>,
    /// Paths that belong to a group of another name, because hierarchies differ.
    aliases: BTreeMap<String, String>,
    ids: Map<String, String>,
    watcher: Option<Watcher>,
    max_groups: usize,
    /// `/proc`, to learn where else a process is.
    procfs: String,
}

impl Tree {
    pub(super) fn new(layout: Layout, files: Files, procfs: &str, max_groups: usize) -> Self {
        Self {
            layout,
            groups: BTreeMap::new(),
            files,
            events: Events::default(),
            unnamed: BTreeSet::new(),
            aliases: BTreeMap::new(),
            ids: Map::default(),
            watcher: Watcher::new(),
            max_groups,
            procfs: procfs.to_owned(),
        }
    }

    /// Whether only looking around tells of groups that come and go.
    pub(super) fn is_blind(&self) -> bool {
        self.watcher.as_ref().is_none_or(|watcher| watcher.is_blind)
    }

    /// Takes over what happened since the last time; `true` when everything must be looked at.
    pub(super) fn follow(&mut self, now: Timestamp) -> bool {
        let mut lost = false;
        for happening in self.watcher.as_mut().map(Watcher::fetch).unwrap_or_default() {
            match happening {
                Happening::Appeared { hierarchy, path } => self.descend(hierarchy, path, now),
                Happening::Vanished { path } => self.recheck(&path, now),
                Happening::Lost => lost = true,
            }
        }
        lost
    }

    /// Looks at every folder of every hierarchy. The first time, nothing that is found is news.
    pub(super) fn walk(&mut self, now: Timestamp) {
        let is_first = self.groups.is_empty();
        for hierarchy in self.layout.by_weight() {
            self.descend(hierarchy, "/".to_owned(), now);
        }
        let known: Vec<String> = self.groups.keys().chain(self.aliases.keys()).cloned().collect();
        for path in known {
            self.recheck(&path, now);
        }
        if is_first {
            self.events = Events::default();
        }
    }

    /// Takes a folder and all below it.
    fn descend(&mut self, hierarchy: usize, path: String, now: Timestamp) {
        let mut pending = vec![(path, 0)];
        while let Some((path, depth)) = pending.pop() {
            if path.len() > MAX_PATH || depth > MAX_DEPTH || identity::is_mount(&path) {
                continue;
            }
            // Watched before it is listed: what appears in between is then seen at least once.
            if self.layout.watched().contains(&hierarchy)
                && let Some(watcher) = &mut self.watcher
            {
                watcher.add(&self.layout.hierarchies[hierarchy].root, hierarchy, &path);
            }
            self.appear(&path, now);
            pending.extend(self.children(hierarchy, &path).into_iter().map(|child| (child, depth + 1)));
        }
    }

    fn children(&self, hierarchy: usize, path: &str) -> Vec<String> {
        let relative = relative(path);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(folder) = openat(&self.layout.hierarchies[hierarchy].dir, relative, flags, Mode::empty()) else {
            return Vec::new();
        };
        let Ok(entries) = rustix::fs::Dir::new(folder) else { return Vec::new() };
        let folders =
            entries.filter_map(Result::ok).filter(|entry| entry.file_type() == rustix::fs::FileType::Directory);
        let names = folders.filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
        let names = names.filter(|name| name != "." && name != "..");
        names.map(|name| format!("{}/{name}", path.trim_end_matches('/'))).collect()
    }

    /// Hierarchies that have this path.
    fn present(&self, path: &str) -> u16 {
        let is_there = |at: &usize| {
            let dir = &self.layout.hierarchies[*at].dir;
            statat(dir, relative(path), AtFlags::empty()).is_ok_and(|stat| stat.st_mode & 0o170_000 == 0o040_000)
        };
        (0..self.layout.hierarchies.len()).filter(is_there).fold(0, |bits, at| bits | 1 << at)
    }

    fn appear(&mut self, path: &str, now: Timestamp) {
        let present = self.present(path);
        if let Some(group) = self.groups.get_mut(path) {
            group.places.present |= present;
            return;
        }
        if present == 0 || self.aliases.contains_key(path) {
            return;
        }
        let identity = identity::container(path).map(|(runtime, id)| (runtime, id.to_owned()));
        let same = match &identity {
            Some((_, id)) => self.ids.get(id).cloned(),
            None => self.same_elsewhere(path, present),
        };
        match same.filter(|known| self.groups.contains_key(known)) {
            Some(known) => self.join(&known, path, present),
            None => self.insert(path, present, identity, now),
        }
    }

    fn insert(&mut self, path: &str, present: u16, identity: Option<(Runtime, String)>, now: Timestamp) {
        if self.groups.len() >= self.max_groups {
            tracing::debug!(path, "too many cgroups, raise collect.containers.max_groups");
            return;
        }
        let mut group = Group { spec_age: u32::MAX, ..Group::default() };
        group.places.present = present;
        path.clone_into(&mut group.container.path);
        if let Some((runtime, id)) = identity {
            group.runtime = Some(runtime);
            group.container.id.clone_from(&id);
            group.container.aliases = vec![identity::short(&id).to_owned()];
            runtime.namespace().clone_into(&mut group.container.namespace);
            self.ids.insert(id, path.to_owned());
            self.unnamed.insert(path.to_owned());
        }
        self.events.push(now, (path, ""), EventKind::Created);
        self.groups.insert(path.to_owned(), group);
    }

    /// Makes one group of two paths. The heavier hierarchy's path is its name.
    fn join(&mut self, known: &str, path: &str, present: u16) {
        let order = self.layout.by_weight();
        let weight = |present: u16| order.iter().position(|at| present & (1 << at) != 0);
        let Some(mut group) = self.groups.remove(known) else { return };
        let takes_over = weight(present) < weight(group.places.present);
        let (name, other) = if takes_over { (path, known) } else { (known, path) };
        let (own, foreign) = if takes_over { (present, group.places.present) } else { (group.places.present, present) };
        // Paths that were foreign before stay so.
        let settled: u16 = group.places.others.iter().fold(0, |bits, (at, _)| bits | 1 << at);
        for at in (0..self.layout.hierarchies.len()).filter(|at| foreign & !own & !settled & (1 << at) != 0) {
            group.places.others.push((u8::try_from(at).unwrap_or(u8::MAX), other.into()));
        }
        group.places.present |= present;
        group.files.forget_absent();
        name.clone_into(&mut group.container.path);
        if !group.container.id.is_empty() {
            self.ids.insert(group.container.id.clone(), name.to_owned());
        }
        if self.unnamed.remove(known) {
            self.unnamed.insert(name.to_owned());
        }
        for target in self.aliases.values_mut().filter(|target| *target == known) {
            name.clone_into(target);
        }
        self.aliases.remove(name);
        self.aliases.insert(other.to_owned(), name.to_owned());
        self.groups.insert(name.to_owned(), group);
    }

    /// The group that the same processes form under another path: hierarchies of version 1 need not agree.
    fn same_elsewhere(&mut self, path: &str, present: u16) -> Option<String> {
        let leaf = path.rsplit_once('/').map(|(_, leaf)| leaf).filter(|leaf| !leaf.is_empty())?;
        let here = (0..self.layout.hierarchies.len()).find(|at| present & (1 << at) != 0)?;
        if present.count_ones() as usize == self.layout.hierarchies.len() {
            return None;
        }
        let places = Places { present, others: Vec::new() };
        let processes = self.files.read_named(&self.layout, here, (path, &places), "cgroup.procs")?;
        let process = parse::lines(processes).next().and_then(parse::number)?;
        let lines = self.files.read_path(&format!("{}/{process}/cgroup", self.procfs))?;
        let lines = String::from_utf8_lossy(lines).into_owned();
        let elsewhere = lines.lines().filter_map(|line| self.layout.of_line(line));
        elsewhere.map(|(_, other)| other).find_map(|other| {
            let is_same = other != path && other.rsplit_once('/').is_some_and(|(_, name)| name == leaf);
            let group = self.groups.get(other).filter(|_| is_same)?;
            // Two groups of one name in one hierarchy are two groups.
            (group.places.present & present == 0).then(|| other.to_owned())
        })
    }

    /// Looks whether a path is still there.
    fn recheck(&mut self, path: &str, now: Timestamp) {
        if let Some(name) = self.aliases.get(path).cloned() {
            if self.present(path) == 0 {
                self.aliases.remove(path);
                self.lose(&name, path);
            }
            self.recheck_group(&name, now);
            return;
        }
        self.recheck_group(path, now);
    }

    /// A group is no longer where it had this other path.
    fn lose(&mut self, name: &str, path: &str) {
        let Some(group) = self.groups.get_mut(name) else { return };
        let lost = group.places.others.iter().filter(|(_, other)| **other == *path);
        let lost: u16 = lost.fold(0, |bits, (at, _)| bits | 1 << at);
        group.places.present &= !lost;
        group.places.others.retain(|(_, other)| **other != *path);
        self.files.release(&std::mem::take(&mut group.files));
    }

    fn recheck_group(&mut self, path: &str, now: Timestamp) {
        let own = self.present(path);
        let Some(group) = self.groups.get_mut(path) else { return };
        let foreign: u16 = group.places.others.iter().fold(0, |bits, (at, _)| bits | 1 << at);
        group.places.present = own | (group.places.present & foreign);
        if group.places.present != 0 {
            return;
        }
        let Some(group) = self.groups.remove(path) else { return };
        self.files.release(&group.files);
        self.unnamed.remove(path);
        self.aliases.retain(|_, target| target != path);
        if self.ids.get(&group.container.id).is_some_and(|known| known == path) {
            self.ids.remove(&group.container.id);
        }
        let name = group.container.aliases.first().map_or("", String::as_str);
        self.events.push(now, (path, name), EventKind::Deleted);
    }
}

/// A path as openat(2) wants it.
fn relative(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" => ".",
        relative => relative,
    }
}
