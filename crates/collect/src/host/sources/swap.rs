//! `swap`: places that memory is swapped to.

use crate::host::parse::{field, unescape};
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for line in system.proc.read(format_args!("swaps"))?.lines().skip(1) {
        let mut fields = line.split_ascii_whitespace();
        let (Some(device), Some(kind)) = (fields.next(), fields.next()) else { continue };
        let device = unescape(device);
        let labels = [("device", &*device), ("swap_type", kind)];
        out.put("node_swap_size_bytes", &labels, field(&mut fields)? * 1024.0);
        out.put("node_swap_used_bytes", &labels, field(&mut fields)? * 1024.0);
        out.put("node_swap_priority", &labels, field(&mut fields)?);
    }
    Ok(())
}
