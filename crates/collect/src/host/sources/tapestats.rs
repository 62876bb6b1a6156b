//! `tapestats`: tape drives.

use regex::Regex;

use super::HostSource;
use crate::host::config::HostConfig;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const FOLDER: &str = "class/scsi_tape";
const NANOSECONDS: f64 = 1e9;
/// File below `stats`, family, divisor.
const COUNTERS: [(&str, &str, f64); 10] = [
    ("in_flight", "node_tape_io_now", 1.0),
    ("io_ns", "node_tape_io_time_seconds_total", NANOSECONDS),
    ("other_cnt", "node_tape_io_others_total", 1.0),
    ("read_byte_cnt", "node_tape_read_bytes_total", 1.0),
    ("read_cnt", "node_tape_reads_completed_total", 1.0),
    ("read_ns", "node_tape_read_time_seconds_total", NANOSECONDS),
    ("resid_cnt", "node_tape_residual_total", 1.0),
    ("write_byte_cnt", "node_tape_written_bytes_total", 1.0),
    ("write_cnt", "node_tape_writes_completed_total", 1.0),
    ("write_ns", "node_tape_write_time_seconds_total", NANOSECONDS),
];

struct TapeStats {
    ignored: Regex,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(TapeStats { ignored: config.pattern("tapestats.ignored-devices")? }))
}

impl HostSource for TapeStats {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for device in system.sys.names(format_args!("{FOLDER}")).map_err(Failure::or_no_data)?.iter() {
            // Each drive has several names, for modes and for not rewinding; `st0` is the drive itself.
            let is_drive = device.strip_prefix("st").is_some_and(|number| number.parse::<u32>().is_ok());
            if !is_drive || self.ignored.is_match(device) {
                continue;
            }
            for (file, family, divisor) in COUNTERS {
                let value = system.sys.number(format_args!("{FOLDER}/{device}/stats/{file}"))?;
                out.put(family, &[("device", device)], value / divisor);
            }
        }
        Ok(())
    }
}
