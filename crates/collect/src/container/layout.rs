//! How control groups are mounted: the version 1 hierarchies with their controllers, alone or together, and the unified one.
//!
//! A machine may have both kinds (hybrid): each controller is then where it is mounted, and its paths are its own. Nothing
//! here assumes that a group has the same path everywhere.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

/// What groups are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Controller {
    Cpu,
    CpuAcct,
    CpuSet,
    Memory,
    Io,
    Pids,
    HugeTlb,
}

/// The controllers by name: of version 1, and unified.
const CONTROLLERS: [(Controller, &str, &str); 7] = [
    (Controller::Cpu, "cpu", "cpu"),
    (Controller::CpuAcct, "cpuacct", "cpu"),
    (Controller::CpuSet, "cpuset", "cpuset"),
    (Controller::Memory, "memory", "memory"),
    (Controller::Io, "blkio", "io"),
    (Controller::Pids, "pids", "pids"),
    (Controller::HugeTlb, "hugetlb", "hugetlb"),
];

/// Most hierarchies of one machine.
pub(super) const MAX_HIERARCHIES: usize = 16;

/// One mount.
#[derive(Debug)]
pub(super) struct Hierarchy {
    pub(super) root: PathBuf,
    /// Its root directory, from which files are opened.
    pub(super) dir: OwnedFd,
    /// As named in `/proc/PID/cgroup`; empty for the unified one.
    pub(super) name: String,
    pub(super) unified: bool,
}

/// Every mount, and where each controller is.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) hierarchies: Vec<Hierarchy>,
    places: [Option<u8>; CONTROLLERS.len()],
}

impl Layout {
    /// Looks below the folder of mounts: a folder that is itself unified, or one folder for each hierarchy.
    pub(super) fn of(cgroup: &Path) -> Self {
        let mut layout = Self::default();
        if cgroup.join("cgroup.controllers").exists() {
            layout.add(cgroup, "");
        } else {
            let entries = std::fs::read_dir(cgroup).into_iter().flatten().filter_map(Result::ok);
            // Links such as `cpu` to `cpu,cpuacct` lead to what is there already.
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
            folders.sort();
            for folder in folders {
                let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                let unified = folder.join("cgroup.controllers").exists();
                layout.add(&folder, if unified { "" } else { &name });
            }
        }
        layout.locate();
        layout
    }

    fn add(&mut self, root: &Path, name: &str) {
        if self.hierarchies.len() == MAX_HIERARCHIES {
            return;
        }
        let flags = OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC;
        match openat(CWD, root, flags, Mode::empty()) {
            Ok(dir) => self.hierarchies.push(Hierarchy {
                root: root.to_owned(),
                dir,
                name: name.to_owned(),
                unified: name.is_empty(),
            }),
            Err(error) => tracing::debug!(root = %root.display(), %error, "a cgroup mount is passed over"),
        }
    }

    fn locate(&mut self) {
        let unified = self.hierarchies.iter().position(|hierarchy| hierarchy.unified);
        let listed = unified.map(|at| std::fs::read_to_string(self.hierarchies[at].root.join("cgroup.controllers")));
        let listed = listed.and_then(Result::ok).unwrap_or_default();
        for (controller, old, new) in CONTROLLERS {
            let has = |hierarchy: &Hierarchy| !hierarchy.unified && hierarchy.name.split(',').any(|name| name == old);
            let legacy = self.hierarchies.iter().position(has);
            // The unified hierarchy counts CPU time with or without the controller.
            let there = listed.split_ascii_whitespace().any(|name| name == new) || controller == Controller::CpuAcct;
            let place = legacy.or(unified.filter(|_| there));
            self.places[controller as usize] = place.and_then(|at| u8::try_from(at).ok());
        }
    }

    /// Where a controller is, and whether that hierarchy is the unified one.
    pub(super) fn place(&self, controller: Controller) -> Option<(usize, bool)> {
        let at = usize::from(self.places[controller as usize]?);
        Some((at, self.hierarchies[at].unified))
    }

    /// The unified hierarchy, where there is one.
    pub(super) fn unified(&self) -> Option<usize> {
        self.hierarchies.iter().position(|hierarchy| hierarchy.unified)
    }

    /// Hierarchies by how much a group's path there is the group's name: CPU time, memory, the unified one, all others.
    pub(super) fn by_weight(&self) -> Vec<usize> {
        let first = [Controller::CpuAcct, Controller::Cpu, Controller::Memory];
        let mut order: Vec<usize> = first.into_iter().filter_map(|c| self.place(c)).map(|(at, _)| at).collect();
        order.extend(self.unified());
        order.extend(0..self.hierarchies.len());
        let mut seen = [false; MAX_HIERARCHIES];
        order.retain(|at| !std::mem::replace(&mut seen[*at], true));
        order
    }

    /// Hierarchies whose folders are watched for groups that come and go: those that say what groups use.
    pub(super) fn watched(&self) -> Vec<usize> {
        let mut watched: Vec<usize> = [Controller::CpuAcct, Controller::Memory]
            .into_iter()
            .filter_map(|c| self.place(c))
            .map(|(at, _)| at)
            .collect();
        watched.dedup();
        watched
    }

    /// The hierarchy that a line of `/proc/PID/cgroup` is about: `4:memory:/path`, `0::/path`, `9:name=systemd:/path`.
    pub(super) fn of_line<'a>(&self, line: &'a str) -> Option<(usize, &'a str)> {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let at = if controllers.is_empty() {
            self.unified()?
        } else {
            let first = controllers.trim_start_matches("name=").split(',').next()?;
            let has = |hierarchy: &Hierarchy| !hierarchy.unified && hierarchy.name.split(',').any(|name| name == first);
            self.hierarchies.iter().position(has)?
        };
        Some((at, path))
    }
}
