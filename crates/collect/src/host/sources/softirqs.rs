//! `softirqs`: soft interrupts by CPU and kind.

use crate::host::parse::{Decimal, number};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for line in system.proc.read(format_args!("softirqs"))?.lines().skip(1) {
        let Some((kind, counts)) = line.split_once(':') else { continue };
        for (cpu, count) in counts.split_ascii_whitespace().enumerate() {
            let cpu = Decimal::of(cpu as u64);
            let labels = [("cpu", cpu.as_str()), ("type", kind.trim())];
            out.put("node_softirqs_functions_total", &labels, number(count)?);
        }
    }
    Ok(())
}
