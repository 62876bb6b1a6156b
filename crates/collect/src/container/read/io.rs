//! Block devices: lines of `major:minor operation count` in version 1, of assignments in the unified interface.

use super::Source;
use crate::container::files::KernelFile;
use crate::container::model::{DeviceCounts, DiskCounts, DiskIo, IoCost, Operation};
use crate::container::names::Devices;
use crate::container::parse::{assignments, device_numbers, lines, number, words};

/// Most devices of one group.
const MAX_DEVICES: usize = 512;

pub(super) fn read(source: &mut Source<'_>, io: &mut DiskIo, devices: &Devices) {
    let pressure = io.pressure;
    *io = DiskIo { pressure, ..DiskIo::default() };
    if let Some(text) = source.bytes(KernelFile::IoStat) {
        unified(text, io, devices);
        return;
    }
    let lists: [(&mut Vec<DeviceCounts>, &[KernelFile]); 8] = [
        (&mut io.service_bytes, &[KernelFile::BfqBytes, KernelFile::BlkioBytes, KernelFile::ThrottleBytes]),
        (&mut io.serviced, &[KernelFile::BfqRequests, KernelFile::BlkioRequests, KernelFile::ThrottleRequests]),
        (&mut io.queued, &[KernelFile::BlkioQueued]),
        (&mut io.sectors, &[KernelFile::BlkioSectors]),
        (&mut io.service_time, &[KernelFile::BlkioServiceTime]),
        (&mut io.wait_time, &[KernelFile::BlkioWaitTime]),
        (&mut io.merged, &[KernelFile::BlkioMerged]),
        (&mut io.time, &[KernelFile::BlkioTime]),
    ];
    for (list, files) in lists {
        // Which file counts depends on the scheduler of the devices; the others are there and empty, and are left alone for
        // a while.
        for file in files {
            if let Some(text) = source.bytes(*file) {
                old(text, list, devices);
            }
            if !list.is_empty() {
                break;
            }
            source.skip(*file);
        }
    }
}

fn old(text: &[u8], list: &mut Vec<DeviceCounts>, devices: &Devices) {
    for line in lines(text) {
        let mut columns = words(line);
        let numbers = columns.next().and_then(device_numbers);
        let (Some((major, minor)), Some(second)) = (numbers, columns.next()) else { continue };
        let (operation, count) = match number(second) {
            // Files that tell one number for all operations.
            Some(count) => (Operation::Total, Some(count)),
            None => match Operation::ALL.into_iter().find(|operation| operation.as_str().as_bytes() == second) {
                Some(operation) => (operation, columns.next().and_then(number)),
                None => continue,
            },
        };
        if let (Some(count), Some(counts)) = (count, entry(list, (major, minor), devices)) {
            counts.set(operation, count);
        }
    }
}

fn unified(text: &[u8], io: &mut DiskIo, devices: &Devices) {
    for line in lines(text) {
        let Some(numbers) = words(line).next().and_then(device_numbers) else { continue };
        let mut cost = IoCost::default();
        let mut has_cost = false;
        for (name, value) in assignments(line) {
            // Wire: what version 1 has no word for is passed over, as in the original.
            let (list, operation) = match name {
                b"rbytes" => (&mut io.service_bytes, Operation::Read),
                b"wbytes" => (&mut io.service_bytes, Operation::Write),
                b"rios" => (&mut io.serviced, Operation::Read),
                b"wios" => (&mut io.serviced, Operation::Write),
                _ => {
                    let field = match name {
                        b"cost.usage" => &mut cost.usage_us,
                        b"cost.wait" => &mut cost.wait_us,
                        b"cost.indebt" => &mut cost.indebt_us,
                        b"cost.indelay" => &mut cost.indelay_us,
                        _ => continue,
                    };
                    *field = value;
                    has_cost = true;
                    continue;
                }
            };
            if let Some(counts) = entry(list, numbers, devices) {
                counts.set(operation, value);
            }
        }
        if has_cost && io.cost.len() < MAX_DEVICES {
            cost.device = devices.path(numbers);
            io.cost.push(cost);
        }
    }
}

fn entry<'a>(
    list: &'a mut Vec<DeviceCounts>,
    (major, minor): (u32, u32),
    devices: &Devices,
) -> Option<&'a mut DeviceCounts> {
    let at = list.iter().position(|counts| (counts.major, counts.minor) == (major, minor));
    match at {
        Some(at) => list.get_mut(at),
        None if list.len() < MAX_DEVICES => {
            list.push(DeviceCounts::new(devices.path((major, minor)), major, minor));
            list.last_mut()
        }
        None => None,
    }
}

/// The counts of a line of `/proc/diskstats`, behind numbers and name.
pub(in crate::container) fn disk_counts(line: &[u8]) -> Option<((u32, u32), DiskCounts)> {
    let mut columns = words(line);
    let major = u32::try_from(columns.next().and_then(number)?).ok()?;
    let minor = u32::try_from(columns.next().and_then(number)?).ok()?;
    let mut values = columns.skip(1).map_while(number);
    let mut next = || values.next().unwrap_or(0);
    let counts = DiskCounts {
        reads: next(),
        reads_merged: next(),
        sectors_read: next(),
        read_ms: next(),
        writes: next(),
        writes_merged: next(),
        sectors_written: next(),
        write_ms: next(),
        in_progress: next(),
        io_ms: next(),
        weighted_io_ms: next(),
    };
    Some(((major, minor), counts))
}
