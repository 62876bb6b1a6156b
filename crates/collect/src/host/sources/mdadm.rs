//! `mdadm`: software RAID.

use crate::host::config::Compat;
use crate::host::parse::{flag, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const STATES: [&str; 5] = ["active", "inactive", "recovering", "resync", "check"];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("mdstat")).map_err(Failure::or_no_data)?;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_device = line.starts_with(|c: char| !c.is_ascii_whitespace())
            && !line.starts_with("Personalities")
            && !line.starts_with("unused");
        if !is_device {
            continue;
        }
        let status = lines.next().ok_or_else(|| Failure::told("mdstat ends within a device"))?;
        let mut sync = lines.next_if(|line| line.starts_with(' ')).unwrap_or_default();
        if sync.contains("bitmap") {
            sync = lines.next_if(|line| line.starts_with(' ')).unwrap_or_default();
        }
        tell(out, [line, status, sync])?;
    }
    if system.compat >= Compat::V1_12 {
        arrays(system, out);
    }
    Ok(())
}

/// An array from its line, the line of its size and, if there is one, the line of its progress.
fn tell(out: &mut Section, [line, status, sync]: [&str; 3]) -> Result<(), Failure> {
    let mut fields = line.split_ascii_whitespace();
    let (Some(name), Some(activity)) = (fields.next(), fields.nth(1)) else {
        return Err(Failure::told("not enough fields in mdstat"));
    };
    let device = ("device", name);
    let blocks = number(status.split_ascii_whitespace().next().unwrap_or_default())?;
    let (active, required) = disks(line, status, activity)?;
    let state = match () {
        () if sync.contains("recovery") => "recovering",
        () if sync.contains("check") => "check",
        () if sync.contains("resync") => "resync",
        () => activity,
    };
    let synced = match () {
        () if state == activity => blocks,
        () if sync.contains("PENDING") || sync.contains("DELAYED") => 0.0,
        () => {
            let inner = sync.split_once('(').and_then(|(_, rest)| rest.split_once('/')).map(|(done, _)| done);
            number(inner.ok_or_else(|| Failure::told("no progress in mdstat's sync line"))?)?
        }
    };
    let count = |mark: &str| line.matches(mark).count() as f64;
    out.put("node_md_disks_required", &[device], required);
    for (disk, number) in [("active", active), ("failed", count("(F)")), ("spare", count("(S)"))] {
        out.put("node_md_disks", &[device, ("state", disk)], number);
    }
    out.put("node_md_blocks", &[device], blocks);
    out.put("node_md_blocks_synced", &[device], synced);
    for known in STATES {
        out.put("node_md_state", &[device, ("state", known)], flag(known == state));
    }
    Ok(())
}

/// Disks that take part, and disks that the array wants.
fn disks(line: &str, status: &str, activity: &str) -> Result<(f64, f64), Failure> {
    if line.contains("raid0") || line.contains("linear") {
        let all = line.matches('[').count() as f64;
        return Ok((all, all));
    }
    if activity == "inactive" {
        return Ok((0.0, 0.0));
    }
    // `... [8/7] [UUUU_UUU]`
    let pair = status
        .split('[')
        .filter_map(|part| part.split_once(']'))
        .find_map(|(inner, _)| inner.split_once('/').filter(|(wanted, _)| wanted.parse::<u32>().is_ok()));
    let (wanted, active) = pair.ok_or_else(|| Failure::told("no count of disks in mdstat"))?;
    Ok((number(active)?, number(wanted)?))
}

/// What sysfs knows of arrays beyond.
fn arrays(system: &System, out: &mut Section) {
    for name in system.sys.names_if_any(format_args!("block")).iter().filter(|name| name.starts_with("md")) {
        let disks = system.sys.value(format_args!("block/{name}/md/raid_disks"));
        // Wire: a reshaping array shows both numbers, `6 (4)`.
        let disks = disks.ok().and_then(|text| number(text.split(' ').next().unwrap_or_default()).ok());
        let Some(disks) = disks else { continue };
        out.put("node_md_raid_disks", &[("device", name)], disks);
        // An array without redundancy has no such file.
        let degraded = system.sys.some(format_args!("block/{name}/md/degraded")).unwrap_or_default();
        out.put("node_md_degraded", &[("device", name)], degraded);
    }
}
