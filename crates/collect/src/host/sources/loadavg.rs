//! `loadavg`: load over one, five and fifteen minutes.

use crate::host::parse::field;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    let text = system.proc.read(format_args!("loadavg"))?;
    let mut fields = text.split_ascii_whitespace();
    for family in ["node_load1", "node_load5", "node_load15"] {
        out.put(family, &[], field(&mut fields)?);
    }
    Ok(())
}
