//! `schedstat`: time that CPUs ran work and let it wait.

use crate::host::parse::number;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const NANOSECONDS: f64 = 1e9;

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("schedstat")).map_err(Failure::or_no_data)?;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("cpu") else { continue };
        let mut fields = rest.split_ascii_whitespace();
        let Some(cpu) = fields.next() else { continue };
        let labels = [("cpu", cpu)];
        let mut next = |skip: usize| number(fields.nth(skip).unwrap_or_default());
        let (running, waiting, slices) = (next(6)?, next(0)?, next(0)?);
        out.put("node_schedstat_running_seconds_total", &labels, running / NANOSECONDS);
        out.put("node_schedstat_waiting_seconds_total", &labels, waiting / NANOSECONDS);
        out.put("node_schedstat_timeslices_total", &labels, slices);
    }
    Ok(())
}
