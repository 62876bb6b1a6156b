//! The parts of a machine: board, processors, memory, kernel, disks and network cards, out of procfs and sysfs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{Roots, Things};

/// Block devices that stand for no hardware.
const NO_DISKS: [&str; 6] = ["loop", "ram", "zram", "dm-", "md", "nbd"];
const SECTOR_BYTES: f64 = 512.0;
const GIBI: f64 = (1u64 << 30) as f64;
/// Most parts of one sort.
const MAX_PARTS: usize = 1000;

/// Everything that can be read; what cannot is left out.
pub(super) fn read(roots: &Roots) -> Things {
    let (procfs, sysfs) = (Path::new(&roots.procfs), Path::new(&roots.sysfs));
    let mut things = Things::new();
    let mut add = |sort, name: &str, parts: &[String]| {
        let description: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        if !description.is_empty() {
            things.insert((sort, name.to_owned()), description.join(", "));
        }
    };
    let board = sysfs.join("class/dmi/id");
    add("machine", "board", &["sys_vendor", "product_name", "bios_version"].map(|file| text(&board.join(file))));
    add("machine", "kernel", &[text(&procfs.join("sys/kernel/osrelease"))]);
    add("machine", "memory", &[memory(&text(&procfs.join("meminfo")))]);
    for (model, count) in processors(&text(&procfs.join("cpuinfo"))) {
        add("cpu", &model, &[format!("{count} threads")]);
    }
    for name in names(&sysfs.join("block")) {
        if NO_DISKS.iter().all(|prefix| !name.starts_with(prefix)) {
            let disk = sysfs.join("block").join(&name);
            add("disk", &name, &[size(&text(&disk.join("size"))), text(&disk.join("device/model"))]);
        }
    }
    for name in names(&sysfs.join("class/net")) {
        let card = sysfs.join("class/net").join(&name);
        // Only what a device stands behind is hardware.
        if card.join("device").exists() {
            let driver = fs::read_link(card.join("device/driver")).unwrap_or_default();
            let driver = driver.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            add("nic", &name, &[text(&card.join("address")), driver.to_owned()]);
        }
    }
    things
}

fn text(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).unwrap_or_default()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names.truncate(MAX_PARTS);
    names
}

/// Whole gibibytes: the kernel keeps some for itself, more or less from start to start.
fn memory(meminfo: &str) -> String {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_ascii_whitespace().next());
    let kibi: Option<f64> = total.and_then(|total| total.parse().ok());
    kibi.map(|kibi| format!("{:.0} GiB", (kibi * 1024.0 / GIBI).max(1.0))).unwrap_or_default()
}

fn size(sectors: &str) -> String {
    let bytes = sectors.parse::<f64>().unwrap_or_default() * SECTOR_BYTES;
    if bytes > 0.0 { format!("{:.1} GiB", bytes / GIBI) } else { String::new() }
}

/// Models with the number of threads of each.
fn processors(cpuinfo: &str) -> BTreeMap<String, usize> {
    let mut models = BTreeMap::new();
    for line in cpuinfo.lines() {
        let Some((name, model)) = line.split_once(':') else { continue };
        if matches!(name.trim(), "model name" | "CPU part") {
            *models.entry(model.trim().to_owned()).or_default() += 1;
        }
    }
    models
}
