//! What reading many control groups costs: CPU time of a round with its page, and memory a group.
//!
//!   cargo run --release -p gw-collect --example containers -- [GROUPS [KIND]]
//!
//! KIND is `unified` or `old` for a tree of files in the temporary folder (default `unified`), or `kernel` for real groups in
//! `/sys/fs/cgroup`, which takes root; they are removed again. Prints one line a number.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program prints, and reads the real clock"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use gw_base::{SystemWorld, World};
use gw_collect::Containers;
use gw_collect::config::ContainerConfig;

/// Rounds that are measured, after one that is not.
const ROUNDS: u32 = 10;

/// Files of a group of the unified interface.
const UNIFIED: &[(&str, &str)] = &[
    (
        "cpu.stat",
        "usage_usec 3500000\nuser_usec 2100000\nsystem_usec 1400000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
    ),
    ("cpu.max", "max 100000\n"),
    ("cpu.weight", "100\n"),
    (
        "cpu.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=20\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=10\n",
    ),
    ("memory.current", "123456789\n"),
    ("memory.peak", "223456789\n"),
    ("memory.swap.current", "0\n"),
    ("memory.max", "max\n"),
    ("memory.high", "max\n"),
    ("memory.swap.max", "max\n"),
    ("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"),
    (
        "memory.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=4\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n",
    ),
    ("io.stat", "8:0 rbytes=4096 wbytes=512 rios=8 wios=1 dbytes=0 dios=0\n"),
    ("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=6\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n"),
    ("pids.current", "5\n"),
    ("pids.max", "max\n"),
];

/// A line of `memory.stat` for each of the kernel's names that matter, and thirty that do not.
fn memory_stat(prefix: &str) -> String {
    let names = ["anon", "file", "kernel", "file_mapped", "inactive_file", "active_file", "pgfault", "pgmajfault"];
    let others = (0..30).map(|number| format!("other_{number} 123456\n"));
    names.iter().map(|name| format!("{prefix}{name} 12345678\n")).chain(others).collect()
}

/// Files of version 1 by controller.
const OLD: &[(&str, &[(&str, &str)])] = &[
    (
        "cpu",
        &[
            ("cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n"),
            ("cpu.shares", "1024\n"),
            ("cpu.cfs_quota_us", "-1\n"),
            ("cpu.cfs_period_us", "100000\n"),
        ],
    ),
    (
        "cpuacct",
        &[
            ("cpuacct.usage", "3500000000\n"),
            ("cpuacct.usage_percpu", "1000000000 2500000000 \n"),
            ("cpuacct.stat", "user 210\nsystem 140\n"),
        ],
    ),
    (
        "memory",
        &[
            ("memory.usage_in_bytes", "123456789\n"),
            ("memory.max_usage_in_bytes", "223456789\n"),
            ("memory.failcnt", "0\n"),
            ("memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"),
        ],
    ),
    (
        "blkio",
        &[
            ("blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\n8:0 Write 512\n8:0 Total 4608\nTotal 4608\n"),
            ("blkio.throttle.io_serviced_recursive", "8:0 Read 8\n8:0 Write 1\n8:0 Total 9\nTotal 9\n"),
        ],
    ),
    ("pids", &[("pids.current", "5\n"), ("pids.max", "max\n")]),
];

/// Groups that are removed at the end.
struct Tree {
    root: PathBuf,
    made: Vec<PathBuf>,
    is_kernel: bool,
}

impl Tree {
    fn make(kind: &str, groups: usize) -> Result<Self> {
        let root = match kind {
            "kernel" => PathBuf::from("/sys/fs/cgroup"),
            _ => std::env::temp_dir().join(format!("gw-containers-{}", std::process::id())),
        };
        let mut tree = Self { root: root.clone(), made: Vec::new(), is_kernel: kind == "kernel" };
        match kind {
            "kernel" => tree.kernel(groups)?,
            "unified" => {
                fs::create_dir_all(&root)?;
                fs::write(root.join("cgroup.controllers"), "cpuset cpu io memory pids\n")?;
                for number in 0..groups {
                    let folder = root.join(format!("docker/{number:064x}"));
                    write(&folder, UNIFIED)?;
                    fs::write(folder.join("memory.stat"), memory_stat(""))?;
                }
            }
            "old" => {
                for number in 0..groups {
                    for (controller, files) in OLD {
                        write(&root.join(controller).join(format!("docker/{number:064x}")), files)?;
                    }
                    let folder = root.join("memory").join(format!("docker/{number:064x}"));
                    fs::write(folder.join("memory.stat"), memory_stat("total_"))?;
                }
            }
            other => bail!("unknown kind {other:?}, use unified, old or kernel"),
        }
        Ok(tree)
    }

    /// Groups in every hierarchy that is mounted.
    fn kernel(&mut self, groups: usize) -> Result<()> {
        let mut roots: Vec<PathBuf> = vec![self.root.clone()];
        if !self.root.join("cgroup.controllers").exists() {
            roots = fs::read_dir(&self.root)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
        }
        for root in roots {
            let parent = root.join("gw-measure");
            if fs::create_dir(&parent).is_err() {
                continue;
            }
            for number in 0..groups {
                let folder = parent.join(format!("{number:064x}"));
                fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
                self.made.push(folder);
            }
            self.made.push(parent);
        }
        Ok(())
    }
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text)).context("writing the tree")
}

impl Drop for Tree {
    fn drop(&mut self) {
        if self.is_kernel {
            self.made.iter().for_each(|folder| fs::remove_dir(folder).unwrap_or_default());
        } else {
            fs::remove_dir_all(&self.root).unwrap_or_default();
        }
    }
}

/// CPU nanoseconds of this thread.
fn cpu_ns() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

/// Resident bytes of this process.
fn resident() -> Result<u64> {
    let text = fs::read_to_string("/proc/self/statm")?;
    Ok(text.split(' ').nth(1).unwrap_or_default().parse::<u64>()? * 4096)
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let groups: usize = words.next().map_or(Ok(1_000), |word| word.parse())?;
    let kind = words.next().unwrap_or_else(|| "unified".to_owned());
    let tree = Tree::make(&kind, groups)?;
    let mut config = ContainerConfig::default();
    config.paths.cgroup = tree.root.display().to_string();
    // Names are not what is measured, and asking for them would be a thread of its own.
    (config.paths.docker, config.paths.podman) = (String::new(), String::new());
    let world: Arc<dyn World> = Arc::new(SystemWorld::new(|_| Box::pin(std::future::ready(()))));
    let before = resident()?;
    let containers = Containers::of(&config)?;
    let first = cpu_ns()?;
    drop(containers.snapshot(&world, Duration::ZERO));
    println!("groups {groups} of kind {kind}");
    println!("finding and reading them first: {:.1} ms of CPU", (cpu_ns()? - first) as f64 / 1e6);
    for _ in 0..ROUNDS {
        drop(containers.snapshot(&world, Duration::ZERO));
    }
    let bytes = resident()?.saturating_sub(before);
    println!("memory: {} bytes a group", bytes / groups as u64);
    let mut page = String::new();
    let (mut reading, mut rendering) = (0, 0);
    for _ in 0..ROUNDS {
        let begun = cpu_ns()?;
        let snapshot = containers.snapshot(&world, Duration::ZERO);
        let read = cpu_ns()?;
        drop(snapshot);
        let rendered = cpu_ns()?;
        page = containers.page(&world);
        reading += read - begun;
        rendering += cpu_ns()? - rendered;
    }
    let each = |sum: u64| sum as f64 / 1e6 / f64::from(ROUNDS);
    println!("a round: {:.1} ms of CPU, its page: {:.1} ms", each(reading), each(rendering));
    let samples = page.lines().filter(|line| !line.starts_with('#')).count();
    println!("page: {samples} samples, {} bytes", page.len());
    Ok(())
}
