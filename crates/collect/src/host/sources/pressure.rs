//! `pressure`: time that work waited for CPU, memory, disks and interrupts.

use crate::host::config::Compat;
use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Resource, line, family.
const LINES: [(&str, &str, &str); 6] = [
    ("cpu", "some", "node_pressure_cpu_waiting_seconds_total"),
    ("io", "some", "node_pressure_io_waiting_seconds_total"),
    ("io", "full", "node_pressure_io_stalled_seconds_total"),
    ("memory", "some", "node_pressure_memory_waiting_seconds_total"),
    ("memory", "full", "node_pressure_memory_stalled_seconds_total"),
    ("irq", "full", "node_pressure_irq_stalled_seconds_total"),
];

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let mut seen = false;
    for resource in ["cpu", "io", "memory", "irq"] {
        if resource == "irq" && system.compat < Compat::V1_8 {
            continue;
        }
        let text = match system.proc.read(format_args!("pressure/{resource}")) {
            Ok(text) => text,
            // Interrupts are counted by newer kernels only.
            Err(_) if resource == "irq" => continue,
            // A kernel that counts, but was told not to, refuses to be read.
            Err(Failure::Io(rustix::io::Errno::OPNOTSUPP)) => return Err(Failure::NoData),
            Err(failure) => return Err(failure.or_no_data()),
        };
        seen = true;
        for line in text.lines() {
            let kind = line.split(' ').next().unwrap_or_default();
            let total = line.rsplit_once("total=").map_or("", |(_, total)| total);
            if let Some((.., family)) = LINES.iter().find(|(of, line, _)| *of == resource && *line == kind) {
                // Wire: microseconds, divided twice.
                out.put(family, &[], number(total)? / 1000.0 / 1000.0);
            }
        }
    }
    if seen { Ok(()) } else { Err(Failure::NoData) }
}
