//! `lnstat`: counters of the network's caches, by CPU.

use crate::host::parse::{Decimal, hexadecimal};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for cache in system.proc.names(format_args!("net/stat")).map_err(Failure::or_no_data)?.iter() {
        let text = system.proc.read(format_args!("net/stat/{cache}"))?;
        let header = text.lines().next().unwrap_or_default();
        for (cpu, line) in text.lines().skip(1).enumerate() {
            let cpu = Decimal::of(cpu as u64);
            for (column, field) in header.split_ascii_whitespace().zip(line.split_ascii_whitespace()) {
                let labels = [("cpu", cpu.as_str()), ("subsystem", cache)];
                let help = format_args!("linux network cache stats");
                out.counter(format_args!("node_lnstat_{column}_total"), help, &labels, hexadecimal(field)?);
            }
        }
    }
    Ok(())
}
