//! `bench cgroups`: what a thousand control groups of this machine's kernel cost the personality `cadvisor`. Needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use gw_testkit::http;

use super::product::{mebibytes, processor_time, resident_bytes};
use crate::environment::{clock, pause};
use crate::terminal::say;

const GROUPS: usize = 1_000;
/// Hierarchies of version 1 whose files the page is made of; where there are none, the unified one takes the groups.
const CONTROLLERS: [&str; 6] = ["cpu", "cpuacct", "memory", "blkio", "pids", "systemd"];
const MOUNT: &str = "/sys/fs/cgroup";
const FOLDER: &str = "gatewatch-bench";
const PORT: u16 = 28_008;
/// Longer than figures are kept, so that each page has a round of its own.
const BETWEEN_PAGES: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks for so many pages.
pub(super) fn run(binary: &Path, pages: u64) -> Result<()> {
    let exporter = Exporter::start(binary)?;
    exporter.settle()?;
    let before = resident_bytes(exporter.0.id())?;
    let groups = Groups::make()?;
    exporter.until(|page| named(page) >= GROUPS)?;
    exporter.settle()?;
    let used = processor_time(exporter.0.id())?;
    for _ in 0..pages {
        exporter.page()?;
        pause(BETWEEN_PAGES);
    }
    let used = processor_time(exporter.0.id())?.saturating_sub(used) / u32::try_from(pages.max(1))?;
    let (page, resident) = (exporter.page()?, resident_bytes(exporter.0.id())?);
    say(&format!(
        "{GROUPS} groups in {} hierarchies: {:.1} ms of processor a round and page, {pages} of them, {} each",
        groups.0.len(),
        used.as_secs_f64() * 1e3,
        mebibytes(page.len() as u64),
    ));
    let each = resident.saturating_sub(before) / GROUPS as u64;
    say(&format!("resident: {}, {each} bytes a group", mebibytes(resident)));
    Ok(())
}

/// Groups of ours that a page names by their memory.
fn named(page: &str) -> usize {
    let ours = format!("id=\"/{FOLDER}/");
    page.lines().filter(|line| line.starts_with("container_memory_usage_bytes{") && line.contains(&ours)).count()
}

/// The folders that hold the groups, one a hierarchy.
struct Groups(Vec<PathBuf>);

impl Groups {
    fn make() -> Result<Self> {
        let of_version_1 = CONTROLLERS.iter().map(|controller| Path::new(MOUNT).join(controller));
        let mut hierarchies: Vec<PathBuf> = of_version_1.filter(|path| path.join("cgroup.procs").exists()).collect();
        if hierarchies.is_empty() {
            hierarchies.push(PathBuf::from(MOUNT));
        }
        let groups = Self(hierarchies.into_iter().map(|path| path.join(FOLDER)).collect());
        for folder in &groups.0 {
            for number in 0..GROUPS {
                let path = folder.join(number.to_string());
                fs::create_dir_all(&path).with_context(|| format!("cannot make {}; are you root?", path.display()))?;
            }
        }
        Ok(groups)
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // What is not there any more need not be removed.
        for folder in &self.0 {
            (0..GROUPS).for_each(|number| drop(fs::remove_dir(folder.join(number.to_string()))));
            drop(fs::remove_dir(folder));
        }
    }
}

/// The personality, ended with the measurement.
struct Exporter(Child);

impl Exporter {
    fn start(binary: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["cadvisor", "--port", &PORT.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn();
        let exporter = Self(child.with_context(|| format!("cannot start {}", binary.display()))?);
        exporter.until(|_| true)?;
        Ok(exporter)
    }

    fn page(&self) -> Result<String> {
        Ok(http::request(PORT, "GET", "/metrics", &[], b"")?.success()?.text())
    }

    /// Waits for a page like this.
    fn until(&self, is_good: impl Fn(&str) -> bool) -> Result<()> {
        let begun = clock();
        while !self.page().is_ok_and(|page| is_good(&page)) {
            ensure!(begun.elapsed() < PATIENCE, "no such page within {} s", PATIENCE.as_secs());
            pause(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Asks for some pages, after which its buffers have their sizes.
    fn settle(&self) -> Result<()> {
        (0..3).try_for_each(|_| {
            pause(BETWEEN_PAGES);
            self.page().map(drop)
        })
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // The measurement is over; a process that is gone already is what is wanted.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
