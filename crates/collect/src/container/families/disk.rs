//! Filesystems and block devices.

use super::{Emit, Family, Reading, counter, gauge, seconds};
use crate::container::model::{DeviceCounts, DiskCounts, DiskIo, FsStats, IoCost, Operation};
use crate::container::sets::MetricSet::{Disk, DiskIo as Io};

pub(super) static FAMILIES: [Family; 22] = [
    counter(Io, ("container_blkio_device_usage_total", "Blkio Device bytes usage"), device_usage),
    gauge(Disk, ("container_fs_inodes_free", "Number of available Inodes"), |reading, emit| {
        filesystems(reading, emit, |fs| fs.inodes.map(|(_, free)| free));
    }),
    gauge(Disk, ("container_fs_inodes_total", "Number of Inodes"), |reading, emit| {
        filesystems(reading, emit, |fs| fs.inodes.map(|(all, _)| all));
    }),
    cost(("container_fs_io_cost_indebt_seconds_total", "Cumulative IOCost debt in seconds"), |reading, emit| {
        costs(reading, emit, |cost| cost.indebt_us);
    }),
    cost(("container_fs_io_cost_indelay_seconds_total", "Cumulative IOCost delay in seconds"), |reading, emit| {
        costs(reading, emit, |cost| cost.indelay_us);
    }),
    cost(("container_fs_io_cost_usage_seconds_total", "Cumulative IOCost usage in seconds"), |reading, emit| {
        costs(reading, emit, |cost| cost.usage_us);
    }),
    cost(("container_fs_io_cost_wait_seconds_total", "Cumulative IOCost wait in seconds"), |reading, emit| {
        costs(reading, emit, |cost| cost.wait_us);
    }),
    gauge(Io, ("container_fs_io_current", "Number of I/Os currently in progress"), |reading, emit| {
        devices(reading, emit, &Column::count(|io| &io.queued, Operation::Total, |disk| disk.in_progress));
    }),
    counter(
        Io,
        ("container_fs_io_time_seconds_total", "Cumulative count of seconds spent doing I/Os"),
        |reading, emit| {
            devices(reading, emit, &Column::time(|io| &io.service_time, Operation::Total, |disk| disk.io_ms));
        },
    ),
    counter(
        Io,
        ("container_fs_io_time_weighted_seconds_total", "Cumulative weighted I/O time in seconds"),
        |reading, emit| {
            for fs in &reading.stats.filesystems {
                emit(&[("device", &fs.device)], seconds(fs.disk.weighted_io_ms));
            }
        },
    ),
    gauge(
        Disk,
        ("container_fs_limit_bytes", "Number of bytes that can be consumed by the container on this filesystem."),
        |reading, emit| filesystems(reading, emit, |fs| Some(fs.limit)),
    ),
    counter(Io, ("container_fs_read_seconds_total", "Cumulative count of seconds spent reading"), |reading, emit| {
        devices(reading, emit, &Column::time(|io| &io.service_time, Operation::Read, |disk| disk.read_ms));
    }),
    counter(Io, ("container_fs_reads_bytes_total", "Cumulative count of bytes read"), |reading, emit| {
        bytes(reading, emit, Operation::Read);
    }),
    counter(Io, ("container_fs_reads_merged_total", "Cumulative count of reads merged"), |reading, emit| {
        devices(reading, emit, &Column::count(|io| &io.merged, Operation::Read, |disk| disk.reads_merged));
    }),
    counter(Io, ("container_fs_reads_total", "Cumulative count of reads completed"), |reading, emit| {
        devices(reading, emit, &Column::count(|io| &io.serviced, Operation::Read, |disk| disk.reads));
    }),
    counter(Io, ("container_fs_sector_reads_total", "Cumulative count of sector reads completed"), |reading, emit| {
        devices(reading, emit, &Column::count(|io| &io.sectors, Operation::Read, |disk| disk.sectors_read));
    }),
    counter(
        Io,
        ("container_fs_sector_writes_total", "Cumulative count of sector writes completed"),
        |reading, emit| {
            devices(reading, emit, &Column::count(|io| &io.sectors, Operation::Write, |disk| disk.sectors_written));
        },
    ),
    gauge(
        Disk,
        ("container_fs_usage_bytes", "Number of bytes that are consumed by the container on this filesystem."),
        |reading, emit| filesystems(reading, emit, |fs| Some(fs.usage)),
    ),
    counter(Io, ("container_fs_write_seconds_total", "Cumulative count of seconds spent writing"), |reading, emit| {
        devices(reading, emit, &Column::time(|io| &io.service_time, Operation::Write, |disk| disk.write_ms));
    }),
    counter(Io, ("container_fs_writes_bytes_total", "Cumulative count of bytes written"), |reading, emit| {
        bytes(reading, emit, Operation::Write);
    }),
    counter(Io, ("container_fs_writes_merged_total", "Cumulative count of writes merged"), |reading, emit| {
        devices(reading, emit, &Column::count(|io| &io.merged, Operation::Write, |disk| disk.writes_merged));
    }),
    counter(Io, ("container_fs_writes_total", "Cumulative count of writes completed"), |reading, emit| {
        devices(reading, emit, &Column::count(|io| &io.serviced, Operation::Write, |disk| disk.writes));
    }),
];

const fn cost(words: (&'static str, &'static str), values: fn(Reading<'_>, &mut Emit<'_>)) -> Family {
    counter(Io, words, values).new_in_0_60()
}

/// A number of which the group's own devices tell one part and the machine's disks the other.
struct Column {
    list: fn(&DiskIo) -> &Vec<DeviceCounts>,
    operation: Operation,
    disk: fn(&DiskCounts) -> u64,
    is_time: bool,
}

impl Column {
    const fn count(
        list: fn(&DiskIo) -> &Vec<DeviceCounts>,
        operation: Operation,
        disk: fn(&DiskCounts) -> u64,
    ) -> Self {
        Self { list, operation, disk, is_time: false }
    }

    /// Wire: milliseconds of disks are divided as if they were nanoseconds (`metrics/prometheus.go`, `time.Second`), and
    /// dashboards multiply accordingly.
    const fn time(list: fn(&DiskIo) -> &Vec<DeviceCounts>, operation: Operation, disk: fn(&DiskCounts) -> u64) -> Self {
        Self { list, operation, disk, is_time: true }
    }
}

/// Wire: devices of the group first, then filesystems under their devices. A device that is in both is told once: two equal
/// series make a page that no scraper takes.
fn devices(reading: Reading<'_>, emit: &mut Emit<'_>, column: &Column) {
    let unit = |value: u64| if column.is_time { seconds(value) } else { value as f64 };
    let list = (column.list)(&reading.stats.disk_io);
    for counts in list {
        emit(&[("device", &counts.device)], unit(counts.get(column.operation).unwrap_or(0)));
    }
    for fs in &reading.stats.filesystems {
        if list.iter().all(|counts| *counts.device != *fs.device) {
            emit(&[("device", &fs.device)], unit((column.disk)(&fs.disk)));
        }
    }
}

fn bytes(reading: Reading<'_>, emit: &mut Emit<'_>, operation: Operation) {
    for counts in &reading.stats.disk_io.service_bytes {
        emit(&[("device", &counts.device)], counts.get(operation).unwrap_or(0) as f64);
    }
}

fn device_usage(reading: Reading<'_>, emit: &mut Emit<'_>) {
    for counts in &reading.stats.disk_io.service_bytes {
        let (major, minor) = (counts.major.to_string(), counts.minor.to_string());
        for (operation, count) in counts.iter() {
            let labels =
                [("device", &*counts.device), ("major", &major), ("minor", &minor), ("operation", operation.as_str())];
            emit(&labels, count as f64);
        }
    }
}

fn costs(reading: Reading<'_>, emit: &mut Emit<'_>, value: fn(&IoCost) -> u64) {
    for cost in &reading.stats.disk_io.cost {
        emit(&[("device", &cost.device)], value(cost) as f64 / 1e6);
    }
}

fn filesystems(reading: Reading<'_>, emit: &mut Emit<'_>, value: fn(&FsStats) -> Option<u64>) {
    for fs in &reading.stats.filesystems {
        if let Some(value) = value(fs) {
            emit(&[("device", &fs.device)], value as f64);
        }
    }
}
