//! `slabinfo`: the kernel's caches of objects.

use super::HostSource;
use crate::host::config::{Devices, HostConfig};
use crate::host::parse::field;
use crate::host::section::Section;
use crate::host::system::{Failure, System};

const COLUMNS: [&str; 5] = [
    "node_slabinfo_active_objects",
    "node_slabinfo_objects",
    "node_slabinfo_object_size_bytes",
    "node_slabinfo_objects_per_slab",
    "node_slabinfo_pages_per_slab",
];

struct SlabInfo {
    slabs: Devices,
}

pub(super) fn make(config: &HostConfig) -> Result<Box<dyn HostSource>, String> {
    Ok(Box::new(SlabInfo { slabs: config.both("slabinfo.slabs")? }))
}

impl HostSource for SlabInfo {
    fn read(&mut self, system: &System, out: &mut Section) -> Result<(), Failure> {
        for line in system.proc.read(format_args!("slabinfo"))?.lines().skip(2) {
            let mut fields = line.split_ascii_whitespace();
            let Some(slab) = fields.next().filter(|slab| self.slabs.wants(slab)) else { continue };
            for family in COLUMNS {
                out.put(family, &[("slab", slab)], field(&mut fields)?);
            }
        }
        Ok(())
    }
}
