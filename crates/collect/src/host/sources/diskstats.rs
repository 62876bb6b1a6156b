//! `diskstats`: counters of block devices, and what udev knows of them.

use gw_base::Timestamp;
use gw_batch::MetricType::{self, Counter, Gauge};

use super::HostSource;
use crate::host::config::{Devices, HostConfig};
use crate::host::page::Page;
use crate::host::roots::{Roots, number};

/// The kernel counts in sectors of this size whatever the device's own is.
const SECTOR_BYTES: f64 = 512.0;
const MILLISECOND: f64 = 0.001;

/// Metric, type, factor and help of each column after the device name.
const COLUMNS: [(&str, MetricType, f64, &str); 17] = [
    ("reads_completed_total", Counter, 1.0, "The total number of reads completed successfully."),
    ("reads_merged_total", Counter, 1.0, "The total number of reads merged."),
    ("read_bytes_total", Counter, SECTOR_BYTES, "The total number of bytes read successfully."),
    ("read_time_seconds_total", Counter, MILLISECOND, "The total number of seconds spent by all reads."),
    ("writes_completed_total", Counter, 1.0, "The total number of writes completed successfully."),
    ("writes_merged_total", Counter, 1.0, "The number of writes merged."),
    ("written_bytes_total", Counter, SECTOR_BYTES, "The total number of bytes written successfully."),
    ("write_time_seconds_total", Counter, MILLISECOND, "This is the total number of seconds spent by all writes."),
    ("io_now", Gauge, 1.0, "The number of I/Os currently in progress."),
    ("io_time_seconds_total", Counter, MILLISECOND, "Total seconds spent doing I/Os."),
    ("io_time_weighted_seconds_total", Counter, MILLISECOND, "The weighted # of seconds spent doing I/Os."),
    ("discards_completed_total", Counter, 1.0, "The total number of discards completed successfully."),
    ("discards_merged_total", Counter, 1.0, "The total number of discards merged."),
    ("discarded_sectors_total", Counter, 1.0, "The total number of sectors discarded successfully."),
    ("discard_time_seconds_total", Counter, MILLISECOND, "This is the total number of seconds spent by all discards."),
    ("flush_requests_total", Counter, 1.0, "The total number of flush requests completed successfully"),
    (
        "flush_requests_time_seconds_total",
        Counter,
        MILLISECOND,
        "This is the total number of seconds spent by all flush requests.",
    ),
];

const ATA: [(&str, &str, &str); 3] = [
    ("ID_ATA_WRITE_CACHE", "write_cache", "ATA disk has a write cache."),
    ("ID_ATA_WRITE_CACHE_ENABLED", "write_cache_enabled", "ATA disk has its write cache enabled."),
    ("ID_ATA_ROTATION_RATE_RPM", "rotation_rate_rpm", "ATA disk rotation rate in RPMs (0 for SSDs)."),
];

struct DiskStats {
    devices: Devices,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(DiskStats { devices: config.diskstats.compile()? }))
}

impl HostSource for DiskStats {
    fn read(&mut self, roots: &Roots, _: Timestamp, page: &mut Page) -> Result<(), String> {
        for line in roots.proc("diskstats")?.lines() {
            let mut fields = line.split_ascii_whitespace();
            let (Some(major), Some(minor), Some(device)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            if !self.devices.wants(device) {
                continue;
            }
            for ((name, kind, factor, help), field) in COLUMNS.iter().zip(fields) {
                // Wire: times are multiplied, as upstream does: dividing would give other last digits.
                let value = number(field)? * factor;
                page.family(&format!("node_disk_{name}"), *kind, help).add(&[("device", device)], value);
            }
            describe(roots, page, device, (major, minor));
        }
        Ok(())
    }
}

fn describe(roots: &Roots, page: &mut Page, device: &str, (major, minor): (&str, &str)) {
    let properties = roots.udev(major, minor);
    let get = |key: &str| properties.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value.as_str());
    let serial = match get("SCSI_IDENT_SERIAL") {
        "" => get("ID_SERIAL_SHORT"),
        serial => serial,
    };
    page.gauge("node_disk_info", "Info of /sys/block/<block_device>.").add(
        &[
            ("device", device),
            ("major", major),
            ("minor", minor),
            ("model", get("ID_MODEL")),
            ("path", get("ID_PATH")),
            ("revision", get("ID_REVISION")),
            ("serial", serial),
            ("wwn", get("ID_WWN")),
        ],
        1.0,
    );
    if !get("ID_FS_TYPE").is_empty() {
        page.gauge("node_disk_filesystem_info", "Info about disk filesystem.").add(
            &[
                ("device", device),
                ("type", get("ID_FS_TYPE")),
                ("usage", get("ID_FS_USAGE")),
                ("uuid", get("ID_FS_UUID")),
                ("version", get("ID_FS_VERSION")),
            ],
            1.0,
        );
    }
    if !get("DM_NAME").is_empty() {
        page.gauge("node_disk_device_mapper_info", "Info about disk device mapper.").add(
            &[
                ("device", device),
                ("lv_layer", get("DM_LV_LAYER")),
                ("lv_name", get("DM_LV_NAME")),
                ("name", get("DM_NAME")),
                ("uuid", get("DM_UUID")),
                ("vg_name", get("DM_VG_NAME")),
            ],
            1.0,
        );
    }
    if get("ID_ATA").is_empty() {
        return;
    }
    for (key, name, help) in ATA {
        if let Ok(value) = get(key).parse() {
            page.gauge(&format!("node_disk_ata_{name}"), help).add(&[("device", device)], value);
        }
    }
}
