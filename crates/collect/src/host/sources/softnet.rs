//! `softnet`: packets that CPUs took from the network, and what hindered them.

use crate::host::parse::{Decimal, hexadecimal};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

/// Column and family; the length of the backlog and the CPU's number stand in newer kernels only.
const COLUMNS: [(usize, &str); 7] = [
    (0, "node_softnet_processed_total"),
    (1, "node_softnet_dropped_total"),
    (2, "node_softnet_times_squeezed_total"),
    (8, "node_softnet_cpu_collision_total"),
    (9, "node_softnet_received_rps_total"),
    (10, "node_softnet_flow_limit_count_total"),
    (11, "node_softnet_backlog_len"),
];
const CPU_COLUMN: usize = 12;

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("net/softnet_stat"))?;
    for (line_at, line) in text.lines().enumerate() {
        let fields = || line.split_ascii_whitespace();
        if fields().count() < 9 {
            return Err(Failure::told("softnet_stat has too few columns"));
        }
        let cpu = fields().nth(CPU_COLUMN).and_then(|field| u64::from_str_radix(field, 16).ok());
        let cpu = Decimal::of(cpu.unwrap_or(line_at as u64));
        for (column, family) in COLUMNS {
            let value = fields().nth(column).map_or(Ok(0.0), hexadecimal)?;
            out.put(family, &[("cpu", cpu.as_str())], value);
        }
    }
    Ok(())
}
