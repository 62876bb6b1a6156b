//! `cgroups`: control groups by subsystem.

use crate::host::parse::field;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

pub(super) fn read(system: &System, out: &mut Section) -> Result<(), Failure> {
    for line in system.proc.read(format_args!("cgroups"))?.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split_ascii_whitespace();
        let (Some(name), Some(_hierarchy)) = (fields.next(), fields.next()) else { continue };
        let labels = [("subsys_name", name)];
        out.put("node_cgroups_cgroups", &labels, field(&mut fields)?);
        out.put("node_cgroups_enabled", &labels, field(&mut fields)?);
    }
    Ok(())
}
