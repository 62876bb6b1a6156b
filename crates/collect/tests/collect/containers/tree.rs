//! A machine in a folder: cgroup mounts, `/proc` and whatever else a test writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gw_base::{FakeWorld, Timestamp, World};
use gw_collect::Containers;
use gw_collect::config::{ContainerConfig, ContainerPaths};

/// A container's id.
pub(super) const ID: &str = "4f1c2a9e0b7d4f1c2a9e0b7d4f1c2a9e0b7d4f1c2a9e0b7d4f1c2a9e0b7dabcd";

/// The folder, and the clock of whoever looks at it.
pub(super) struct Tree {
    pub(super) root: PathBuf,
    pub(super) world: FakeWorld,
}

impl Tree {
    pub(super) fn new() -> Self {
        let tree =
            Self { root: crate::harness::folder(), world: FakeWorld::new(Timestamp::from_secs(1_700_000_000), 1) };
        tree.write(
            "proc/partitions",
            "major minor  #blocks  name\n\n   8        0  488386584 sda\n   8        1  488386584 sda1\n",
        );
        tree.write(
            "proc/meminfo",
            "MemTotal:       16384 kB\nMemFree:         4096 kB\nSwapTotal:          0 kB\nSwapFree:           0 kB\n",
        );
        tree.write("proc/uptime", "1000.00 3000.00\n");
        tree.write("etc/machine-id", "0123\n");
        std::fs::create_dir_all(tree.root.join("cgroup")).unwrap();
        tree
    }

    /// Writes a file and the folders above it.
    pub(super) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or_else(|| Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Writes files of one folder.
    pub(super) fn files(&self, folder: &str, files: &[(&str, &str)]) -> &Self {
        for (name, text) in files {
            self.write(&format!("{folder}/{name}"), text);
        }
        self
    }

    /// Removes a folder and what is in it.
    pub(super) fn remove(&self, folder: &str) {
        std::fs::remove_dir_all(self.root.join(folder)).unwrap();
    }

    /// Settings for this machine, every set on.
    pub(super) fn config(&self) -> ContainerConfig {
        let path = |part: &str| self.root.join(part).display().to_string();
        ContainerConfig {
            disable_metrics: Some(Vec::new()),
            paths: ContainerPaths {
                cgroup: path("cgroup"),
                procfs: path("proc"),
                sysfs: path("sys"),
                rootfs: self.root.display().to_string(),
                kmsg: path("kmsg"),
                docker: path("docker.sock"),
                podman: path("podman.sock"),
                docker_root: path("var/lib/docker"),
                containers_storage: path("var/lib/containers/storage"),
                containerd_state: path("run/containerd"),
                containers_run: path("run/containers/storage"),
            },
            ..ContainerConfig::default()
        }
    }

    pub(super) fn watch(&self) -> Watched {
        self.watch_with(&self.config())
    }

    pub(super) fn watch_with(&self, config: &ContainerConfig) -> Watched {
        let world: Arc<dyn World> = Arc::new(self.world.clone());
        Watched { containers: Containers::of(config).unwrap(), world, clock: self.world.clone() }
    }
}

/// Containers of a tree under watch.
pub(super) struct Watched {
    pub(super) containers: Containers,
    pub(super) world: Arc<dyn World>,
    clock: FakeWorld,
}

impl Watched {
    /// A page of a moment later.
    pub(super) fn page(&self) -> String {
        self.clock.advance(Duration::from_secs(2));
        self.containers.page(&self.world)
    }

    /// The values of a page under names and those labels that tell series of one container apart.
    pub(super) fn values(&self, id: &str) -> Vec<String> {
        values(&self.page(), id)
    }
}

/// Samples of one group as `name{own labels} value`, without times and without the container's own labels.
pub(super) fn values(page: &str, id: &str) -> Vec<String> {
    let wanted = format!("id=\"{id}\"");
    let of_the_container = ["id", "image", "name"];
    let sample = |line: &str| {
        let (series, rest) = line.split_once("} ")?;
        let (name, labels) = series.split_once('{')?;
        let own: Vec<&str> = labels
            .split(',')
            .filter(|label| {
                let name = label.split('=').next().unwrap_or_default();
                !of_the_container.contains(&name) && !name.starts_with("container_")
            })
            .collect();
        labels.split(',').any(|label| label == wanted).then(|| {
            let value = rest.split(' ').next().unwrap_or_default();
            if own.is_empty() { format!("{name} {value}") } else { format!("{name}{{{}}} {value}", own.join(",")) }
        })
    };
    page.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect()
}

/// Asserts that each of these samples is there.
pub(super) fn assert_has(values: &[String], expected: &[&str]) {
    for sample in expected {
        assert!(values.iter().any(|value| value == sample), "no {sample} in {values:#?}");
    }
}
