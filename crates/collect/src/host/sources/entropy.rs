//! `entropy`: what the kernel's random source holds.

use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let number = |file: &str| system.proc.number(format_args!("sys/kernel/random/{file}"));
    out.put("node_entropy_available_bits", &[], number("entropy_avail")?);
    out.put("node_entropy_pool_size_bits", &[], number("poolsize")?);
    Ok(())
}
