//! `zfs`: the counters of ZFS, its pools and their datasets.

use crate::host::config::Compat;
use crate::host::parse::{flag, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "spl/kstat/zfs";
/// Family and file.
const FILES: [(&str, &str); 11] = [
    ("abd", "abdstats"),
    ("arc", "arcstats"),
    ("dbuf", "dbufstats"),
    ("dmu_tx", "dmu_tx"),
    ("dnode", "dnodestats"),
    ("fm", "fm"),
    ("vdev_cache", "vdev_cache_stats"),
    ("vdev_mirror", "vdev_mirror_stats"),
    ("xuio", "xuio_stats"),
    ("zfetch", "zfetchstats"),
    ("zil", "zil"),
];
const STATES: [&str; 7] = ["online", "degraded", "faulted", "offline", "removed", "unavail", "suspended"];
/// The kernel's words for the types of its counters.
const SIGNED: &str = "3";
const UNSIGNED: &str = "4";

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let pools = system.proc.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?;
    for (family, file) in FILES {
        // Each version of ZFS has files of its own.
        let Ok(text) = system.proc.read(format_args!("{FOLDER}/{file}")) else { continue };
        for (name, kind, value) in counters(&text) {
            // Wire: 1.6 told signed counters of this file only as long as they were not negative.
            let wanted =
                kind == UNSIGNED || (kind == SIGNED && (system.compat > Compat::V1_6 || !value.starts_with('-')));
            if wanted {
                let clean = Clean(name);
                let help = format_args!("kstat.zfs.misc.{file}.{name}");
                out.untyped(format_args!("node_zfs_{family}_{clean}"), help, &[], number(value)?);
            }
        }
    }
    for pool in pools.iter().filter(|pool| FILES.iter().all(|(_, file)| file != pool)) {
        if system.proc.is_folder(format_args!("{FOLDER}/{pool}")) {
            read_pool(system, pool, out)?;
        }
    }
    Ok(())
}

fn read_pool(system: &System, pool: &str, out: &mut Section) -> Result<(), Failure> {
    let labels = [("zpool", pool)];
    if let Ok(text) = system.proc.read(format_args!("{FOLDER}/{pool}/io")) {
        let mut lines = text.lines().skip_while(|line| !line.starts_with("nread"));
        let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        for (name, value) in names.split_ascii_whitespace().zip(values.split_ascii_whitespace()) {
            let help = format_args!("kstat.zfs.misc.io.{name}");
            out.untyped(format_args!("node_zfs_zpool_{}", Clean(name)), help, &labels, number(value)?);
        }
    }
    for file in system.proc.names(format_args!("{FOLDER}/{pool}"))?.iter().filter(|file| file.starts_with("objset-")) {
        let Ok(text) = system.proc.read(format_args!("{FOLDER}/{pool}/{file}")) else { continue };
        let mut dataset = "";
        for (name, kind, value) in counters(&text) {
            if name == "dataset_name" {
                dataset = value;
            } else if kind == UNSIGNED {
                let labels = [("dataset", dataset), ("zpool", pool)];
                let help = format_args!("kstat.zfs.misc.objset.{name}");
                out.untyped(format_args!("node_zfs_zpool_dataset_{}", Clean(name)), help, &labels, number(value)?);
            }
        }
    }
    if let Ok(state) = system.proc.value(format_args!("{FOLDER}/{pool}/state")) {
        for known in STATES {
            let labels = [("state", known), ("zpool", pool)];
            out.put("node_zfs_zpool_state", &labels, flag(state.eq_ignore_ascii_case(known)));
        }
    }
    Ok(())
}

/// Name, type and value of each counter below the header; a value may hold blanks.
fn counters(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let is_header = |line: &&str| line.split_ascii_whitespace().eq(["name", "type", "data"]);
    text.lines().skip_while(move |line| !is_header(line)).skip(1).filter_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        let (kind, value) = rest.trim_start().split_once(' ')?;
        Some((name, kind, value.trim()))
    })
}

/// A counter's name as part of a metric's.
struct Clean<'a>(&'a str);

impl std::fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| std::fmt::Write::write_char(f, if c == '-' { '_' } else { c }))
    }
}
