//! `btrfs`: how Btrfs filesystems use their devices, from sysfs.
//!
//! The original asks mounted filesystems through an ioctl too (error counts and unused bytes by device); that needs
//! privileges and an open handle of the mount, and is not done here.

use crate::host::config::Compat;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const SECTOR_BYTES: f64 = 512.0;

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for uuid in system.sys.names_if_any(format_args!("fs/btrfs")).iter().filter(|name| name.contains('-')) {
        let folder = format_args!("fs/btrfs/{uuid}/devices");
        let devices = system.sys.names_if_any(folder);
        let label = system.sys.value(format_args!("fs/btrfs/{uuid}/label"))?;
        out.put("node_btrfs_info", &[("label", &*label), ("uuid", uuid)], 1.0);
        let reserve = system.sys.number(format_args!("fs/btrfs/{uuid}/allocation/global_rsv_size"))?;
        out.put("node_btrfs_global_rsv_size_bytes", &[("uuid", uuid)], reserve);
        for device in devices.iter() {
            if let Some(sectors) = system.sys.some(format_args!("fs/btrfs/{uuid}/devices/{device}/size")) {
                let labels = [("device", device), ("uuid", uuid)];
                out.put("node_btrfs_device_size_bytes", &labels, sectors * SECTOR_BYTES);
            }
        }
        if system.compat >= Compat::V1_8 {
            commits(system, out, uuid)?;
        }
        for kind in ["data", "metadata", "system"] {
            allocation(system, out, (uuid, kind), devices.len())?;
        }
    }
    Ok(())
}

fn commits(system: &System, out: &mut Section, uuid: &str) -> Result<(), Failure> {
    let text = system.sys.read(format_args!("fs/btrfs/{uuid}/commit_stats"));
    let text = text.as_deref().unwrap_or_default();
    let value = |key: &str| {
        let field = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        field.map_or(Ok(0.0), |field| number(field.trim()))
    };
    let labels = [("uuid", uuid)];
    out.put("node_btrfs_commits_total", &labels, value("commits")?);
    out.put("node_btrfs_last_commit_seconds", &labels, value("last_commit_ms")? / 1000.0);
    out.put("node_btrfs_max_commit_seconds", &labels, value("max_commit_ms")? / 1000.0);
    out.put("node_btrfs_commit_seconds_total", &labels, value("total_commit_ms")? / 1000.0);
    Ok(())
}

fn allocation(system: &System, out: &mut Section, (uuid, kind): (&str, &str), devices: usize) -> Result<(), Failure> {
    let labels = [("block_group_type", kind), ("uuid", uuid)];
    let reserved = system.sys.number(format_args!("fs/btrfs/{uuid}/allocation/{kind}/bytes_reserved"))?;
    out.put("node_btrfs_reserved_bytes", &labels, reserved);
    for mode in system.sys.names(format_args!("fs/btrfs/{uuid}/allocation/{kind}"))?.iter() {
        let number = |file: &str| system.sys.some(format_args!("fs/btrfs/{uuid}/allocation/{kind}/{mode}/{file}"));
        let (Some(used), Some(size)) = (number("used_bytes"), number("total_bytes")) else { continue };
        let labels = [("block_group_type", kind), ("mode", mode), ("uuid", uuid)];
        out.put("node_btrfs_used_bytes", &labels, used);
        out.put("node_btrfs_size_bytes", &labels, size);
        out.put("node_btrfs_allocation_ratio", &labels, ratio(mode, devices as f64));
    }
    Ok(())
}

/// Bytes on disks for each byte of data.
fn ratio(mode: &str, devices: f64) -> f64 {
    match mode {
        "dup" | "raid1" | "raid10" => 2.0,
        "raid1c3" => 3.0,
        "raid1c4" => 4.0,
        "raid5" => devices / (devices - 1.0),
        "raid6" => devices / (devices - 2.0),
        _ => 1.0,
    }
}
