//! `diskstats`: counters of block devices, and what udev knows of them.

use super::HostSource;
use crate::host::config::{Compat, Devices, HostConfig};
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// The kernel counts in sectors of this size whatever the device's own is.
const SECTOR_BYTES: f64 = 512.0;
const MILLISECOND: f64 = 0.001;

/// Family and factor of each column after the device name.
const COLUMNS: [(&str, f64); 17] = [
    ("node_disk_reads_completed_total", 1.0),
    ("node_disk_reads_merged_total", 1.0),
    ("node_disk_read_bytes_total", SECTOR_BYTES),
    ("node_disk_read_time_seconds_total", MILLISECOND),
    ("node_disk_writes_completed_total", 1.0),
    ("node_disk_writes_merged_total", 1.0),
    ("node_disk_written_bytes_total", SECTOR_BYTES),
    ("node_disk_write_time_seconds_total", MILLISECOND),
    ("node_disk_io_now", 1.0),
    ("node_disk_io_time_seconds_total", MILLISECOND),
    ("node_disk_io_time_weighted_seconds_total", MILLISECOND),
    ("node_disk_discards_completed_total", 1.0),
    ("node_disk_discards_merged_total", 1.0),
    ("node_disk_discarded_sectors_total", 1.0),
    ("node_disk_discard_time_seconds_total", MILLISECOND),
    ("node_disk_flush_requests_total", 1.0),
    ("node_disk_flush_requests_time_seconds_total", MILLISECOND),
];

const ATA: [(&str, &str); 3] = [
    ("ID_ATA_WRITE_CACHE", "node_disk_ata_write_cache"),
    ("ID_ATA_WRITE_CACHE_ENABLED", "node_disk_ata_write_cache_enabled"),
    ("ID_ATA_ROTATION_RATE_RPM", "node_disk_ata_rotation_rate_rpm"),
];

struct DiskStats {
    devices: Devices,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(DiskStats { devices: config.devices("diskstats.device")? }))
}

impl HostSource for DiskStats {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for line in system.proc.read(format_args!("diskstats"))?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let (Some(major), Some(minor), Some(device)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            if !self.devices.wants(device) {
                continue;
            }
            for ((family, factor), field) in COLUMNS.iter().zip(fields) {
                // Wire: times are multiplied, as upstream does: dividing would give other last digits.
                out.put(family, &[("device", device)], number(field)? * factor);
            }
            describe(system, out, device, (major, minor));
        }
        Ok(())
    }
}

fn describe(system: &System, out: &mut Section, device: &str, (major, minor): (&str, &str)) {
    let text = system.udev.read(format_args!("b{major}:{minor}"));
    let properties = text.as_deref().unwrap_or_default();
    let get = |key: &str| {
        let value = |line| str::strip_prefix(line, "E:")?.strip_prefix(key)?.strip_prefix('=');
        properties.lines().find_map(value).unwrap_or_default()
    };
    info(system, out, (device, major, minor), &get);
    if !get("ID_FS_TYPE").is_empty() {
        let labels = [
            ("device", device),
            ("type", get("ID_FS_TYPE")),
            ("usage", get("ID_FS_USAGE")),
            ("uuid", get("ID_FS_UUID")),
            ("version", get("ID_FS_VERSION")),
        ];
        out.put("node_disk_filesystem_info", &labels, 1.0);
    }
    if !get("DM_NAME").is_empty() {
        let labels = [
            ("device", device),
            ("lv_layer", get("DM_LV_LAYER")),
            ("lv_name", get("DM_LV_NAME")),
            ("name", get("DM_NAME")),
            ("uuid", get("DM_UUID")),
            ("vg_name", get("DM_VG_NAME")),
        ];
        out.put("node_disk_device_mapper_info", &labels, 1.0);
    }
    if !get("ID_ATA").is_empty() {
        for (key, family) in ATA {
            if let Ok(value) = number(get(key)) {
                out.put(family, &[("device", device)], value);
            }
        }
    }
}

fn info<'a>(
    system: &System,
    out: &mut Section,
    (device, major, minor): (&str, &str, &str),
    get: &dyn Fn(&str) -> &'a str,
) {
    let is_new = system.compat >= Compat::V1_12;
    let serials = [get("SCSI_IDENT_SERIAL"), get("ID_SERIAL_SHORT"), if is_new { get("ID_SERIAL") } else { "" }];
    let rotates = is_new && system.sys.some(format_args!("block/{device}/queue/rotational")) == Some(1.0);
    let labels = [
        ("device", device),
        ("major", major),
        ("minor", minor),
        ("model", get("ID_MODEL")),
        ("path", get("ID_PATH")),
        ("revision", get("ID_REVISION")),
        ("rotational", if rotates { "1" } else { "0" }),
        ("serial", serials.into_iter().find(|serial| !serial.is_empty()).unwrap_or_default()),
        ("wwn", get("ID_WWN")),
    ];
    if is_new {
        out.put("node_disk_info", &labels, 1.0);
    } else {
        let [a, b, c, d, e, f, _, g, h] = labels;
        out.put("node_disk_info", &[a, b, c, d, e, f, g, h], 1.0);
    }
}
